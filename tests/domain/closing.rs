//! What one closing tells: what broke, what recovered, what is withheld, what waits for a sweep that reports.

use std::time::Duration;

use cardwatch::domain::alerts::Policy;
use cardwatch::domain::card::{CardState, Told};
use cardwatch::domain::ids::CardId;
use cardwatch::domain::rendering::Usual;
use cardwatch::domain::report::LeftIncident;
use cardwatch::domain::shown::Counts;
use cardwatch::domain::shown::Shown;
use cardwatch::domain::sweep::{CardKind, Listing, Outcome, Scope};
use cardwatch::domain::verdict::{Class, Reason, Verdict};

use crate::nouns::{DAY, at, fails, listing, page, policy, reason, unchecked, works};
use crate::story::{Story, references, report, told};

const A_DAY: i64 = 24 * 60;

#[test]
fn cards_that_work_when_first_seen_are_no_news() {
    assert_eq!(told(&Story::new().sweep(0, &[(1, works())])), "nothing");
}

#[test]
fn cards_that_break_are_told_once() {
    let mut story = Story::of_working(&[1, 2, 3]);
    let now = [(1, fails("x")), (2, works()), (3, fails("x"))];
    assert_eq!(told(&story.sweep(15, &now)), "broke [1, 3]");
    assert_eq!(told(&story.sweep(30, &now)), "nothing");
}

#[test]
fn a_card_that_recovers_is_told_once_as_the_follow_up_of_its_breakage() {
    let mut story = Story::of_working(&[1]);
    story.sweep(15, &[(1, fails("x"))]);
    let first = story.message_id();
    let closing = story.sweep(30, &[(1, works())]);
    assert_eq!(told(&closing), "recovered [1]");
    assert_eq!(references(&closing), [first]);
    assert_eq!(told(&story.sweep(45, &[(1, works())])), "nothing");
}

#[test]
fn a_recovery_says_what_was_wrong() {
    let mut story = Story::of_working(&[1]);
    story.sweep(15, &[(1, fails("x"))]);
    let closing = story.sweep(30, &[(1, works())]);
    let line = &report(&closing).recovered[0];
    assert_eq!((line.reason.as_ref(), line.since), (Some(&reason("x")), at(30)));
}

#[test]
fn a_recovery_says_which_incident_the_card_was_in_and_whether_that_is_over() {
    let mut story = Story::of_working(&[1, 2]);
    let incident = report(&story.sweep(15, &[(1, fails("x")), (2, fails("x"))])).broke[0].incident.clone();
    let closing = story.sweep(30, &[(1, works()), (2, fails("x"))]);
    assert_eq!(report(&closing).recovered[0].incident, Some(incident.id));
    let left = |is_over| LeftIncident { id: incident.id, title: incident.title.clone(), is_over };
    assert_eq!(report(&closing).left, [left(false)]);
    let closing = story.sweep(45, &[(1, works()), (2, works())]);
    assert_eq!(report(&closing).left, [left(true)]);
}

#[test]
fn a_line_says_which_card_it_is_where_and_whose_and_since_when() {
    let mut story = Story::of_working(&[1]);
    let listing = listing(Scope::Pages, vec![page(10, &[1]), page(20, &[1])]);
    let closing = story.sweep_listing(15, listing, &[(1, fails("x"))]);
    let line = &report(&closing).broke[0].cards[0];
    assert_eq!((line.id, line.title.as_str()), (CardId(1), "Card 1"));
    let pages: Vec<&str> = line.pages.iter().map(|page| page.title.as_str()).collect();
    assert_eq!((&pages[..], &line.owners[..]), (&["Page 10", "Page 20"][..], &["Owner of 1".to_owned()][..]));
    assert_eq!((line.since, line.reason.as_ref()), (at(15), Some(&reason("x"))));
    assert_eq!(line.url, "https://acme.domo.com/kpis/details/1");
}

#[test]
fn a_line_says_how_long_a_card_usually_took_that_does_not_answer_in_time() {
    let mut story = Story::of_working(&[1, 2]);
    let usual = Usual { median: Duration::from_millis(2_100), spread: Duration::ZERO };
    story.asked.usual = [1, 2].map(|card| (CardId(card), usual)).into();
    let timeout = Reason { class: Class::QueryTimeout, text: "no answer within 90 s, 3 times".to_owned() };
    let closing = story.sweep(15, &[(1, Verdict::Broken(timeout)), (2, fails("x"))]);
    let lines: Vec<_> = report(&closing).broke.iter().flat_map(|group| &group.cards).collect();
    let usual: Vec<_> = lines.iter().map(|line| (line.id.0, line.usual)).collect();
    assert_eq!(usual, [(1, Some(Duration::from_millis(2_100))), (2, None)]);
    let closing = story.sweep(30, &[(1, works()), (2, works())]);
    assert!(report(&closing).recovered.iter().all(|line| line.usual.is_none()));
}

#[test]
fn one_report_tells_of_breakages_and_recoveries_together() {
    let mut story = Story::of_working(&[1, 2]);
    story.sweep(15, &[(1, fails("x")), (2, works())]);
    let closing = story.sweep(30, &[(1, works()), (2, fails("y"))]);
    assert_eq!(told(&closing), "broke [2], recovered [1]");
    assert_eq!(report(&closing).subject(), "[cardwatch] acme: 1 card broke, 1 recovered (1 broken now)");
}

#[test]
fn cards_that_are_broken_when_first_seen_are_told_as_such() {
    assert_eq!(told(&Story::new().sweep(0, &[(1, fails("x")), (2, works())])), "first seen [1]");
}

#[test]
fn cards_that_are_broken_when_first_seen_can_be_withheld_for_good() {
    let mut story = Story::with(Policy { report_first_seen: false, ..policy() });
    assert_eq!(told(&story.sweep(0, &[(1, fails("x"))])), "nothing");
    assert_eq!(story.card(1).told, Told::Withheld);
    assert_eq!(told(&story.sweep(3 * A_DAY, &[(1, fails("x"))])), "nothing");
    assert_eq!(told(&story.sweep(3 * A_DAY + 15, &[(1, works())])), "nothing");
    assert_eq!(told(&story.sweep(3 * A_DAY + 30, &[(1, fails("x"))])), "broke [1]");
}

#[test]
fn a_policy_without_recoveries_forgets_them_in_silence() {
    let mut story = Story::with(Policy { recoveries: false, ..policy() });
    story.sweep(0, &[(1, works())]);
    story.sweep(15, &[(1, fails("x"))]);
    assert_eq!(told(&story.sweep(30, &[(1, works())])), "nothing");
    assert_eq!(story.card(1).told, Told::Nothing);
    assert_eq!(told(&story.sweep(45, &[(1, fails("x"))])), "broke [1]");
}

#[test]
fn a_card_that_cannot_be_checked_is_no_news_and_changes_nothing_but_its_strip() {
    let mut story = Story::of_working(&[1, 2]);
    story.sweep(15, &[(1, fails("x")), (2, works())]);
    let mut expected = story.memory.cards.clone();
    for card in [1, 2] {
        expected.update(&CardId(card), |memory| memory.recent = memory.recent.after(&unchecked()));
    }
    assert_eq!(told(&story.sweep(30, &[(1, unchecked()), (2, unchecked())])), "nothing");
    assert_eq!(story.memory.cards, expected);
}

#[test]
fn a_card_that_was_not_reached_keeps_its_state_and_counts_as_unchecked() {
    let mut story = Story::of_working(&[1, 2]);
    let listing = listing(Scope::Pages, vec![page(10, &[1, 2])]);
    let closing = story.sweep_listing(15, listing, &[(1, works())]);
    assert_eq!(closing.counts, Counts { working: 1, unchecked: 1, ..Counts::default() });
    assert_eq!(closing.outcome, Outcome::Partial);
    assert_eq!(story.card(2).state, CardState::Working { since: at(0), decided_at: at(0) });
}

/// Page 10 with card 1 of type kpi and card 2, a document.
fn with_a_document() -> Listing {
    let mut listing = listing(Scope::Pages, vec![page(10, &[1, 2])]);
    listing.cards.get_mut(&CardId(2)).unwrap().kind = CardKind::named("document");
    listing
}

#[test]
fn a_card_whose_type_is_not_rendered_is_unsupported_and_keeps_no_sweep_from_completing() {
    let mut story = Story::new();
    let closing = story.sweep_listing(0, with_a_document(), &[(1, works())]);
    assert_eq!(story.card(2).state, CardState::Unsupported);
    assert_eq!(story.card(2).state.shown(at(99 * A_DAY), DAY), Shown::Unsupported);
    assert_eq!(closing.counts, Counts { working: 1, unsupported: 1, ..Counts::default() });
    assert_eq!(closing.outcome, Outcome::Completed);
}

#[test]
fn a_broken_card_that_becomes_a_document_is_neither_broken_nor_recovered() {
    let mut story = Story::of_working(&[1, 2]);
    story.sweep(15, &[(1, works()), (2, fails("x"))]);
    let closing = story.sweep_listing(30, with_a_document(), &[(1, works())]);
    assert_eq!(told(&closing), "nothing");
    assert!(closing.transitions.is_empty());
    assert_eq!((&story.card(2).state, &story.card(2).told), (&CardState::Unsupported, &Told::Nothing));
}

#[test]
fn without_reporting_nothing_is_told_and_what_is_due_is_told_by_the_next_that_reports() {
    let mut story = Story::of_working(&[1]);
    story.reporting = false;
    let closing = story.sweep(15, &[(1, fails("x"))]);
    assert_eq!((told(&closing).as_str(), closing.transitions.len()), ("nothing", 1));
    story.reporting = true;
    assert_eq!(told(&story.sweep(30, &[(1, fails("x"))])), "broke [1]");
}

#[test]
fn a_recovery_that_nobody_reported_is_told_by_the_next_that_reports() {
    let mut story = Story::of_working(&[1]);
    story.sweep(15, &[(1, fails("x"))]);
    let first = story.message_id();
    story.reporting = false;
    story.sweep(30, &[(1, works())]);
    story.reporting = true;
    let closing = story.sweep(45, &[(1, works())]);
    assert_eq!((told(&closing).as_str(), references(&closing)), ("recovered [1]", &[first][..]));
    assert_eq!(report(&closing).recovered[0].since, at(30));
}

#[test]
fn a_breakage_that_came_and_went_unreported_is_never_told() {
    let mut story = Story::of_working(&[1]);
    story.reporting = false;
    story.sweep(15, &[(1, fails("x"))]);
    story.sweep(30, &[(1, works())]);
    story.reporting = true;
    assert_eq!(told(&story.sweep(45, &[(1, works())])), "nothing");
}

#[test]
fn a_breakage_that_was_not_reported_before_it_went_stale_waits_until_it_is_decided_again() {
    let mut story = Story::of_working(&[1]);
    story.reporting = false;
    story.sweep(15, &[(1, fails("x"))]);
    story.reporting = true;
    assert_eq!(told(&story.sweep(15 + A_DAY, &[(1, unchecked())])), "nothing");
    assert_eq!(told(&story.sweep(30 + A_DAY, &[(1, fails("x"))])), "broke [1]");
}

#[test]
fn a_stale_card_that_is_still_broken_is_no_news() {
    let mut story = Story::of_working(&[1]);
    story.sweep(15, &[(1, fails("x"))]);
    story.policy.remind_every = None;
    story.sweep(15 + 9 * A_DAY, &[(1, unchecked())]);
    assert_eq!(told(&story.sweep(30 + 9 * A_DAY, &[(1, fails("y"))])), "nothing");
}

#[test]
fn a_recovery_refers_to_each_mail_that_told_of_its_cards_once() {
    let mut story = Story::of_working(&[1, 2, 3]);
    story.sweep(15, &[(1, works()), (2, fails("x")), (3, fails("x"))]);
    let first = story.message_id();
    story.sweep(30, &[(1, fails("x")), (2, fails("x")), (3, fails("x"))]);
    let second = story.message_id();
    let closing = story.sweep(45, &[(1, works()), (2, works()), (3, works())]);
    assert_eq!(references(&closing), [second, first]);
}

#[test]
fn a_breakage_refers_to_nothing() {
    let mut story = Story::of_working(&[1]);
    assert!(references(&story.sweep(15, &[(1, fails("x"))])).is_empty());
}

#[test]
fn a_recovery_refers_to_ten_mails_at_most() {
    let ids: Vec<i64> = (1..=12).collect();
    let mut story = Story::of_working(&ids);
    for broken in 1..=12 {
        let state = |card: &i64| (*card, if *card <= broken { fails("x") } else { works() });
        story.sweep(broken, &ids.iter().map(state).collect::<Vec<_>>());
    }
    let closing = story.sweep(60, &ids.iter().map(|card| (*card, works())).collect::<Vec<_>>());
    assert_eq!((report(&closing).recovered.len(), references(&closing).len()), (12, 10));
}
