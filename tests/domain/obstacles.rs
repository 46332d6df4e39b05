//! Why a sweep decided nothing: each obstacle has its own words and its own remedy.

use cardwatch::domain::sight::{SightNews, Why};
use cardwatch::domain::sweep::{CardKind, Listing, Scope, Unlisted};
use cardwatch::domain::verdict::{Answer, Body, Neighbours, Rendered, Verdict, judge, settle};

use crate::nouns::{DAY, fails, listing, page, unchecked, works};
use crate::story::{Story, report};

/// The verdict on an answer, or on none, that nobody vouches for.
fn verdict(rendered: &Rendered) -> Verdict {
    settle(judge(rendered), Neighbours { rendered: 1, decided: 0 })
}

fn status(status: u16) -> Verdict {
    verdict(&Rendered::Answered(Answer { status, body: Body::Empty }))
}

fn foreign(what: &str) -> Verdict {
    verdict(&Rendered::Answered(Answer { status: 200, body: Body::Foreign(what.to_owned()) }))
}

/// What is said of the instance after a sweep in which two cards came to this.
fn why(one: Verdict, other: Verdict) -> Why {
    let mut story = Story::new();
    story.policy.blind_after = 1;
    let closing = story.sweep(0, &[(1, one), (2, other)]);
    let Some(SightNews::Lost { why, .. }) = report(&closing).sight.clone() else { panic!("it is not blind") };
    assert_eq!(closing.trouble.as_ref(), Some(&why.full), "log and status say the same");
    why
}

/// Names an obstacle that both cards meet: in a few words, and in full.
macro_rules! obstacles {
    ($($name:ident: $verdict:expr => $brief:expr, $full:expr;)*) => {
        $(#[test]
        fn $name() {
            let why = why($verdict, $verdict);
            assert_eq!((why.brief, why.full.as_str()), ($brief, $full));
        })*
    };
}

obstacles! {
    throttled: status(429) => "too many requests",
        "Domo asked to slow down (429), said of 2 of 2 cards; sweep less often, or set requests_per_second";
    unavailable: status(503) => "Domo unavailable",
        "Domo is unavailable (503), said of 2 of 2 cards; the next sweep tries again; if it lasts, ask Domo's support";
    a_page_of_html: foreign("a page of HTML titled 'Sign in'") => "not an answer of Domo's",
        "not an answer of Domo's: a page of HTML titled 'Sign in', said of 2 of 2 cards; see whether a proxy or a \
         sign-in page stands between, and whether url is right";
    an_address_that_is_not_allowed: foreign("a redirect to https://x.domo.com/auth/whitelist/blocked?ip=1") =>
        "address not allowed",
        "not an answer of Domo's: a redirect to https://x.domo.com/auth/whitelist/blocked?ip=1, said of 2 of 2 cards; \
         this machine's address is not on Domo's allow list; add it under Admin > Security > IP allowlist";
    no_connection: verdict(&Rendered::Disconnected("connection reset".to_owned())) => "Domo not reachable",
        "no connection: connection reset, said of 2 of 2 cards; see to the network between; the next sweep tries again";
    no_access: status(403) => "no access to cards",
        "no access (403), said of 2 of 2 cards; share the cards with the service user, or give it back the rights \
         that it had";
    not_found: status(404) => "cards not found",
        "no such card (404), said of 2 of 2 cards; see whether url and pages are right, and whether the service \
         user may see the cards";
    every_render_fails: status(500) => "every render fails",
        "500 Internal Server Error (only 0 of 1 other cards could be decided, so it may be Domo), said of 2 of 2 cards; \
         open a card in a browser as the service user; the next sweep tries again";
    nobody_answers_in_time: verdict(&Rendered::TimedOut { after: DAY, attempts: 2 }) => "every render fails",
        "no answer within 86400 s, twice (only 0 of 1 other cards could be decided, so it may be Domo), said of 2 of 2 \
         cards; open a card in a browser as the service user; the next sweep tries again";
    something_else: status(418) => "no card could be decided",
        "an answer that is not known of Domo (418), said of 2 of 2 cards; 'cardwatch sweep' tells the reason of each card";
}

#[test]
fn of_several_obstacles_the_one_that_most_cards_met_is_told() {
    let mut story = Story::new();
    story.policy.blind_after = 1;
    let closing = story.sweep(0, &[(1, status(429)), (2, status(503)), (3, status(503))]);
    assert_eq!(report(&closing).subject(), "[cardwatch] acme: cannot check cards: Domo unavailable");
    assert!(closing.trouble.unwrap().starts_with("Domo is unavailable (503), said of 2 of 3 cards; "));
}

#[test]
fn of_obstacles_that_were_met_as_often_it_is_always_the_same_one() {
    assert_eq!(why(status(429), status(503)), why(status(503), status(429)));
}

#[test]
fn a_long_text_of_domos_does_not_cut_the_remedy() {
    let why = why(foreign(&"größe ".repeat(900)), unchecked());
    assert!(why.full.ends_with("and whether url is right") && why.full.chars().count() < 400, "{}", why.full);
}

#[test]
fn one_card_that_is_decided_is_sight_enough() {
    for decided in [works(), fails("x")] {
        let mut story = Story::new();
        story.policy.blind_after = 1;
        let closing = story.sweep(0, &[(1, decided), (2, status(429))]);
        assert_eq!((closing.sight.blind, closing.trouble), (None, None));
    }
}

/// What is told of pages with these cards, all of a type that does not render.
fn documents(cards: &[i64], unlisted: Vec<Unlisted>) -> (String, String) {
    let mut listing = Listing { unlisted, ..listing(Scope::Pages, vec![page(10, cards)]) };
    listing.cards.values_mut().for_each(|card| card.kind = CardKind::named("document"));
    let mut story = Story::new();
    story.policy.blind_after = 1;
    let closing = story.sweep_listing(0, listing, &[]);
    (report(&closing).subject(), closing.trouble.unwrap())
}

#[test]
fn pages_without_cards() {
    let (subject, trouble) = documents(&[], Vec::new());
    assert_eq!(subject, "[cardwatch] acme: cannot check cards: no cards to check");
    assert_eq!(
        trouble,
        "no page lists a card; see that pages names the right ones, and share them with the service user"
    );
}

#[test]
fn pages_whose_cards_have_no_render_call() {
    let (subject, trouble) = documents(&[1, 2, 3], Vec::new());
    assert_eq!(subject, "[cardwatch] acme: cannot check cards: no cards to check");
    assert_eq!(trouble, "of 3 cards none is of a type that Domo can render; set pages to others");
}

#[test]
fn what_could_not_be_listed_is_told_beside_it() {
    let missing =
        Unlisted { page: None, why: "page 20: not found (404); correct its id in pages or --page".to_owned() };
    let (_, trouble) = documents(&[], vec![missing]);
    assert!(
        trouble.ends_with("with the service user; page 20: not found (404); correct its id in pages or --page"),
        "{trouble}"
    );
}

#[test]
fn a_sweep_that_reached_no_card_tells_what_ended_it() {
    let mut story = Story::new();
    story.policy.blind_after = 1;
    let why_not = vec![Unlisted { page: None, why: "the sweep ran longer than sweep_timeout (1h)".to_owned() }];
    let listing = Listing { unlisted: why_not, ..listing(Scope::Pages, vec![page(10, &[1])]) };
    let closing = story.sweep_listing(0, listing, &[]);
    assert_eq!(report(&closing).subject(), "[cardwatch] acme: cannot check cards: sweep ended too early");
    assert_eq!(closing.trouble.as_deref(), Some("the sweep ran longer than sweep_timeout (1h)"));
}
