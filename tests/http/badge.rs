//! What a badge says, and that it is green only while every card is known to render.

use cardwatch::domain::card::CardState;
use cardwatch::domain::sight::Blind;
use cardwatch::domain::snapshot::InstanceSnapshot;
use cardwatch::domain::sweep::Outcome;

use crate::facts::{HOUR, before, broken, card, get, instance, muted, named, showing, undecided, working};
use crate::house::House;

const RED: &str = "#c62828";
const AMBER: &str = "#946200";
const GREEN: &str = "#2e7d32";

/// What the badge of acme says, and in which colour.
async fn badge(house: &House) -> (String, &'static str) {
    let picture = get(house, "/badge/acme.svg").await.body;
    let (_, title) = picture.split_once("<title>acme cards: ").unwrap();
    let colours: Vec<&str> = [RED, AMBER, GREEN].into_iter().filter(|colour| picture.contains(colour)).collect();
    assert_eq!(colours.len(), 1, "{picture}");
    (title.split_once("</title>").unwrap().0.to_owned(), colours[0])
}

async fn badge_of(acme: InstanceSnapshot) -> (String, &'static str) {
    badge(&showing([acme]).await).await
}

fn said(words: &str, colour: &'static str) -> (String, &'static str) {
    (words.to_owned(), colour)
}

#[tokio::test]
async fn a_badge_is_green_while_every_card_renders() {
    let acme = instance("acme", [working(), working(), card(CardState::Unsupported)]);
    assert_eq!(badge_of(acme).await, said("all render", GREEN));
}

#[tokio::test]
async fn a_badge_is_red_while_a_card_is_broken_though_it_is_muted() {
    assert_eq!(badge_of(instance("acme", [working(), broken(), muted(None)])).await, said("2 broken", RED));
    let mut blind = instance("acme", [working(), broken()]);
    blind.blind = Some(Blind { since: before(2), sweeps: 2 });
    assert_eq!(badge_of(blind).await, said("1 broken", RED), "nobody has seen that it renders again");
}

#[tokio::test]
async fn a_badge_is_never_green_while_nobody_can_tell() {
    let not_checked = said("not checked", AMBER);
    assert_eq!(badge_of(InstanceSnapshot::empty(named("acme"))).await, not_checked, "before the first sweep");
    let unswept = InstanceSnapshot { last_sweep: None, ..instance("acme", [working()]) };
    assert_eq!(badge_of(unswept).await, not_checked, "before the first sweep ended");
    assert_eq!(badge_of(instance("acme", [])).await, not_checked, "without a card");
    assert_eq!(badge_of(instance("acme", [undecided(), undecided()])).await, not_checked);
    assert_eq!(badge_of(instance("acme", [card(CardState::Unsupported)])).await, not_checked);
    let mut failed = instance("acme", [working()]);
    failed.last_sweep.as_mut().unwrap().outcome = Outcome::Failed;
    assert_eq!(badge_of(failed).await, not_checked, "the latest sweep could not list cards");
    let mut blind = instance("acme", [working()]);
    blind.blind = Some(Blind { since: before(2), sweeps: 1 });
    assert_eq!(badge_of(blind).await, not_checked, "the latest sweep decided nothing");
    assert_eq!(badge_of(instance("acme", [working(), undecided()])).await, said("1 unchecked", AMBER));
}

#[tokio::test]
async fn a_badge_of_what_was_not_checked_for_too_long_is_green_no_more() {
    let house = showing([instance("acme", [working()])]).await;
    assert_eq!(badge(&house).await, said("all render", GREEN));
    house.clock.advance(24 * HOUR);
    assert_eq!(badge(&house).await, said("not checked", AMBER));
}

#[tokio::test]
async fn a_badge_is_a_picture_that_stands_alone_and_says_in_words_what_it_shows() {
    let answer = get(&showing([instance("acme", [working()])]).await, "/badge/acme.svg").await;
    assert_eq!(answer.header("content-type"), Some("image/svg+xml; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("no-cache"));
    assert!(answer.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
    assert!(answer.body.contains("role=\"img\" aria-label=\"acme cards: all render\""), "{}", answer.body);
    assert!(!answer.body.contains("style") && !answer.body.contains("href") && !answer.body.contains("script"));
    let (opened, closed) = (answer.body.matches('<').count(), answer.body.matches("</").count());
    assert_eq!(opened, 2 * closed, "each element is closed, as XML wants it: {}", answer.body);
}

#[tokio::test]
async fn a_badge_is_as_wide_as_what_it_says() {
    let house = showing([instance("acme", [working()])]).await;
    let picture = get(&house, "/badge/acme.svg").await.body;
    assert!(picture.contains("width=\"141\" height=\"20\" viewBox=\"0 0 141 20\""), "{picture}");
    house.show(instance("a-much-longer-name", [working()]));
    let picture = get(&house, "/badge/a-much-longer-name.svg").await.body;
    let width: u32 = picture.split("width=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
    assert!(width > 200, "{picture}");
}

#[tokio::test]
async fn an_instance_that_is_not_there_has_no_badge() {
    let house = showing([instance("acme", [working()])]).await;
    for address in ["/badge/nope.svg", "/badge/acme", "/badge/acme.png", "/badge/.svg", "/badge/%3Cb%3E.svg"] {
        let answer = get(&house, address).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (404, Some("text/plain; charset=utf-8")),
            "{address}"
        );
        assert!(!answer.body.contains("<b>"), "{}", answer.body);
    }
    assert_eq!(house.ask("POST", "/badge/acme.svg", &[]).await.status, 405);
}
