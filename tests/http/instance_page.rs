//! An instance's page: how it stands, why, which of its pages are hit, and how its sweeps went.

use std::time::Duration;

use cardwatch::domain::maintenance::Window;
use cardwatch::domain::schedule::Schedule;
use cardwatch::domain::sight::Blind;
use cardwatch::domain::snapshot::{InstanceSnapshot, LastSweep};
use cardwatch::domain::sweep::Outcome;
use cardwatch::domain::verdict::Class;

use crate::house::{Answer, House};
use crate::past::Past;
use crate::rooms::{showing, showing_with, words};
use crate::scenes::{ago, broken, of, paged, swept, undecided, with_incident, working};

async fn ask(house: &House, query: &str) -> Answer {
    house.ask("GET", &format!("/instances/acme{query}"), &[]).await
}

/// The page of an instance as one reads it.
async fn page_of(instance: InstanceSnapshot) -> String {
    words(&ask(&showing(instance).await, "").await.body)
}

fn empty() -> InstanceSnapshot {
    InstanceSnapshot::empty("acme".parse().unwrap())
}

fn last(minutes: i64, outcome: Outcome, trouble: Option<&str>) -> LastSweep {
    let trouble = trouble.map(str::to_owned);
    LastSweep { started_at: ago(minutes + 1), finished_at: ago(minutes), outcome, trouble }
}

#[tokio::test]
async fn where_every_card_renders_it_says_so() {
    let page = page_of(swept("acme", [working("a"), working("b")])).await;
    assert!(page.contains("Every card of acme renders 2 cards on 0 pages: 2 working"), "{page}");
    assert!(page.contains("last sweep 07:55 UTC, completed, took 41 s"), "{page}");
}

#[tokio::test]
async fn broken_cards_are_counted_before_anything_else() {
    let page = page_of(swept("acme", [working("a"), broken("b", "gone", 15)])).await;
    assert!(page.contains("1 card of acme does not render 2 cards on 0 pages: 1 working, 1 broken"), "{page}");
    let page = page_of(swept("acme", [broken("a", "gone", 15), broken("b", "gone", 15)])).await;
    assert!(page.contains("2 cards of acme do not render"), "{page}");
}

#[tokio::test]
async fn before_the_first_sweep_it_does_not_say_that_all_is_well() {
    let page = page_of(empty()).await;
    assert!(page.contains("acme was not checked yet"), "{page}");
    for told in ["no sweep has ended yet", "No page is known yet.", "There was none yet."] {
        assert!(page.contains(told), "{told} in {page}");
    }
    assert!(!page.contains("Every card"), "{page}");
}

#[tokio::test]
async fn an_instance_that_cannot_be_checked_says_so_first_and_why() {
    let mut instance = swept("acme", [working("a")]);
    instance.last_sweep = Some(last(5, Outcome::Failed, Some("Domo refused the access token: make a new one")));
    instance.blind = Some(Blind { since: ago(95), sweeps: 6 });
    let page = page_of(instance).await;
    assert!(page.contains("cardwatch cannot check acme"), "{page}");
    assert!(page.contains("Cannot check since 06:25 UTC."), "{page}");
    assert!(page.contains("Domo refused the access token: make a new one"), "{page}");
}

#[tokio::test]
async fn a_card_that_nobody_could_check_keeps_it_from_saying_that_all_render() {
    let page = page_of(swept("acme", [working("a"), undecided("b", "403")])).await;
    assert!(page.contains("No card of acme is known to be broken"), "{page}");
}

#[tokio::test]
async fn an_open_maintenance_window_is_told() {
    let start = Schedule::parse("0 7 * * *", chrono_tz::UTC).unwrap();
    let window = Window { start, duration: Duration::from_hours(3) };
    let house = showing_with(swept("acme", [working("a")]), vec![window]).await;
    let page = words(&ask(&house, "").await.body);
    assert!(page.contains("Maintenance window until 10:00 UTC."), "{page}");
}

#[tokio::test]
async fn the_next_sweep_and_the_progress_of_one_that_runs_are_told() {
    let house = showing(swept("acme", [working("a")])).await;
    let live = house.live.of_instance(&"acme".parse().unwrap());
    live.set_next_sweep(Some(ago(-9)));
    assert!(words(&ask(&house, "").await.body).contains("next sweep 08:09 UTC, in 9 min"));
    live.begin(900);
    live.set_remaining(600);
    assert!(words(&ask(&house, "").await.body).contains("a sweep runs: 300 of 900 cards"));
}

#[tokio::test]
async fn pages_with_broken_cards_come_first_then_by_title() {
    let mut instance = swept("acme", [working("a"), broken("b", "gone", 15), broken("c", "gone", 15)]);
    for (id, title, cards) in
        [(40, "Zebra", &[1][..]), (41, "apple", &[1]), (42, "Middle", &[1, 2]), (43, "Worst", &[2, 3])]
    {
        instance = paged(instance, id, title, cards);
    }
    let page = ask(&showing(instance).await, "").await.body;
    let places = ["Worst</a>", "Middle</a>", "apple</a>", "Zebra</a>"].map(|title| page.find(title).unwrap());
    assert!(places.is_sorted(), "{places:?} {page}");
    assert!(page.contains(r#"<a href="/instances/acme/pages/43">Worst</a>"#), "{page}");
}

#[tokio::test]
async fn many_pages_are_shown_in_parts() {
    let instance = (0..230).fold(swept("acme", []), |instance, id| paged(instance, id, &format!("Page {id:03}"), &[]));
    let house = showing(instance).await;
    let first = ask(&house, "").await.body;
    assert_eq!(first.matches(r#"href="/instances/acme/pages/"#).count(), 100);
    assert!(first.contains(r#"href="/instances/acme?from=100#pages""#), "{first}");
    let last = words(&ask(&house, "?from=200").await.body);
    assert!(last.contains("Page 229") && last.contains("201 to 230 of 230"), "{last}");
}

#[tokio::test]
async fn reasons_are_listed_by_how_many_cards_they_break() {
    let mut cards = vec![of(1, broken("one", "slow", 90))];
    cards.extend((0..4).map(|number| of(2, broken(&format!("Card {number}"), "gone", 15))));
    let instance = with_incident(swept("acme", cards), 1, "Query timed out", "slow", &[]);
    let mut instance = with_incident(instance, 2, "Dataset Orders lost a column", "gone", &[]);
    instance.incidents.values_mut().next().unwrap().reason.class = Class::QueryTimeout;
    let page = ask(&showing(instance).await, "").await.body;
    assert!(
        words(&page).contains("Cards by Domo's class of the failure: misconfigured card 4, query timeout 1."),
        "{page}"
    );
    let links = [r#"href="/?incident=2""#, r#"href="/?incident=1""#].map(|link| page.find(link).unwrap());
    assert!(links.is_sorted(), "{page}");
}

#[tokio::test]
async fn slow_cards_and_those_without_data_are_bounded_and_lead_to_all() {
    let slow = (1..=12).map(|number| {
        let mut card = working(&format!("Slow {number:02}"));
        card.rendering.latency = Some(Duration::from_secs(20 + number));
        card.rendering.slow_against = Some(Duration::from_secs(2));
        card
    });
    let empty = (1..=2).map(|number| {
        let mut card = working(&format!("Empty {number}"));
        card.rendering.no_data_since = Some(ago(60));
        card
    });
    let page = ask(&showing(swept("acme", slow.chain(empty))).await, "").await.body;
    assert!(page.contains(r#"<a href="/?instance=acme&amp;state=slow">all 12 cards</a>"#), "{page}");
    let text = words(&page);
    assert!(text.contains("Slow 12 32 s, where 2.0 s was usual") && !text.contains("Slow 02"), "{text}");
    assert!(text.contains("Cards without data Card No data Empty 1 since 07:00 UTC"), "{text}");
    assert!(!page.contains(r#"state=no_data">all"#), "all of them are there: {page}");
}

#[tokio::test]
async fn invalid_beast_modes_are_told() {
    let mut instance = swept("acme", [working("a")]);
    instance.invalid_functions = Some(3);
    assert!(page_of(instance).await.contains("3 invalid beast modes"));
    assert!(!page_of(swept("acme", [working("a")])).await.contains("beast"));
}

#[tokio::test]
async fn sweeps_are_told_with_outcome_duration_counts_and_trouble() {
    let house = showing(swept("acme", [working("a")])).await;
    let mut past = Past::of(&house).await;
    past.sweep(60, 0, 0).await;
    past.sweep_that(45, "partial", Some("page 7 could not be listed"), 4, 2).await;
    past.sweep_that(30, "failed", Some("Domo refused the access token"), 0, 0).await;
    past.running_sweep(1).await;
    let page = words(&ask(&house, "").await.body);
    let sweeps = page.split("Trouble").last().unwrap();
    assert!(sweeps.contains("07:59 UTC … runs so far 60 s"), "{sweeps}");
    assert!(sweeps.contains("07:30 UTC ✕ failed 60 s 0 0 900 Domo refused the access token"), "{sweeps}");
    assert!(sweeps.contains("07:15 UTC ◐ partial 60 s 4 2 906 page 7 could not be listed"), "{sweeps}");
    assert!(sweeps.contains("07:00 UTC ● completed 60 s 0 0 900"), "{sweeps}");
}

#[tokio::test]
async fn a_trouble_is_told_in_full_once_while_it_lasts() {
    let house = showing(swept("acme", [working("a")])).await;
    let mut past = Past::of(&house).await;
    for (minutes, trouble) in [(60, "no answer"), (45, "see pages"), (30, "see pages"), (15, "no answer")] {
        past.sweep_that(minutes, "failed", Some(trouble), 0, 0).await;
    }
    let page = words(&ask(&house, "").await.body);
    let told =
        ["no answer", "see pages", "as above", "no answer"].map(|trouble| format!("failed 60 s 0 0 900 {trouble}"));
    let places: Vec<usize> = page.match_indices("failed 60 s").map(|(place, _)| place).collect();
    assert_eq!(places.len(), told.len(), "{page}");
    for (place, told) in places.into_iter().zip(told) {
        assert!(page[place..].starts_with(&told), "{told}: {page}");
    }
}

#[tokio::test]
async fn earlier_sweeps_are_reached_by_links() {
    let house = showing(swept("acme", [working("a")])).await;
    let mut past = Past::of(&house).await;
    for number in 0..70 {
        past.sweep(1_000 - number * 10, number, 0).await;
    }
    let latest = ask(&house, "").await.body;
    assert!(latest.contains(r#"href="/instances/acme?before=56#sweeps""#), "{latest}");
    let earlier = ask(&house, "?before=16").await.body;
    let text = words(&earlier);
    assert!(text.contains("14 0 914") && text.contains("← the latest") && !text.contains("earlier →"), "{text}");
}

#[tokio::test]
async fn what_cannot_be_answered_is_refused() {
    let house = showing(swept("acme", [])).await;
    for (path, status) in [
        ("/instances/globex", 404),
        ("/instances/ACME", 404),
        ("/instances/%FF", 400),
        ("/instances/acme?from=x", 400),
        ("/instances/acme?before=x", 400),
        ("/instances/acme?before=99", 200),
        ("/instances/acme?nonsense=x", 200),
    ] {
        assert_eq!(house.status(path, &[]).await, status, "{path}");
    }
}
