//! What the gauges say of incidents, mutes, slow and empty cards, and maintenance windows.

use std::time::Duration;

use cardwatch::domain::Timestamp;
use cardwatch::domain::card::CardState;
use cardwatch::domain::ids::{CardId, IncidentId, PageId};
use cardwatch::domain::maintenance::Window;
use cardwatch::domain::mute::Mute;
use cardwatch::domain::schedule::Schedule;
use cardwatch::domain::snapshot::{CardNow, IncidentNow, InstanceSnapshot, PageNow};
use cardwatch::domain::sweep::PageKind;
use cardwatch::domain::verdict::{Class, Reason};

use crate::clock::TestClock;
use crate::facts::{self, set_for};
use crate::house::{House, open};

const HOUR: Duration = Duration::from_hours(1);

fn now() -> Timestamp {
    TestClock::start()
}

fn acme() -> InstanceSnapshot {
    InstanceSnapshot::empty("acme".parse().unwrap())
}

fn card(state: CardState) -> CardNow {
    CardNow { owners: [].into(), ..facts::card(state) }
}

fn working() -> CardNow {
    card(CardState::Working { since: now(), decided_at: now() })
}

fn reason(class: Class) -> Reason {
    Reason { class, text: "No indexed schema found".to_owned() }
}

fn broken(class: Class) -> CardNow {
    card(CardState::Broken { since: now(), decided_at: now(), reason: reason(class), first_seen: false })
}

fn slow(mut card: CardNow) -> CardNow {
    card.rendering.slow_against = Some(Duration::from_secs(1));
    card
}

fn empty(mut card: CardNow) -> CardNow {
    card.rendering.no_data_since = Some(now());
    card
}

fn muted(mut card: CardNow, until: Option<Timestamp>) -> CardNow {
    card.mute = Some(Box::new(Mute { reason: "owner on leave".to_owned(), by: "ann".to_owned(), at: now(), until }));
    card
}

/// Whose cards are these, numbered.
fn with(cards: impl IntoIterator<Item = CardNow>) -> InstanceSnapshot {
    InstanceSnapshot { cards: (1..).map(CardId).zip(cards).collect(), ..acme() }
}

/// In which these incidents are open, each with so many cards.
fn broken_by(incidents: &[(Class, usize)]) -> InstanceSnapshot {
    let ids = || (1..).map(IncidentId).zip(incidents);
    let cards = ids().flat_map(|(id, (class, cards))| {
        let broken = CardNow { incident: Some(id), ..broken(*class) };
        std::iter::repeat_n(broken, *cards)
    });
    let open = ids().map(|(id, (class, _))| {
        let title = "Dataset Orders is gone".to_owned();
        (id, IncidentNow { opened_at: now(), title, reason: reason(*class), datasets: Vec::new() })
    });
    InstanceSnapshot { incidents: open.collect(), ..with(cards) }
}

/// A house that shows this.
async fn showing(instance: InstanceSnapshot) -> House {
    let house = House::with(open()).await;
    house.show(instance);
    house
}

async fn open_incidents(house: &House) -> [Option<i64>; 3] {
    let mut open = [None; 3];
    for (place, class) in Class::ALL.into_iter().enumerate() {
        let name = class.name();
        let series = format!("cardwatch_incidents_open{{class=\"{name}\",domo_instance=\"acme\"}}");
        open[place] = house.series(&series).await;
    }
    open
}

async fn of_acme(house: &House, gauge: &str) -> Option<i64> {
    house.series(&format!("{gauge}{{domo_instance=\"acme\"}}")).await
}

#[tokio::test]
async fn each_class_of_incident_has_a_series_from_the_start() {
    let house = showing(acme()).await;
    assert_eq!(open_incidents(&house).await, [Some(0); 3]);
}

#[tokio::test]
async fn open_incidents_are_counted_by_class_and_not_by_card() {
    let house = showing(broken_by(&[(Class::Misconfigured, 3), (Class::Misconfigured, 1), (Class::Other, 2)])).await;
    assert_eq!(open_incidents(&house).await, [Some(2), Some(0), Some(1)]);
}

#[tokio::test]
async fn an_incident_of_which_no_card_was_decided_for_too_long_does_not_count_as_open() {
    let house = showing(broken_by(&[(Class::QueryTimeout, 2)])).await;
    assert_eq!(open_incidents(&house).await, [Some(0), Some(1), Some(0)]);
    house.clock.advance(24 * HOUR);
    assert_eq!(open_incidents(&house).await, [Some(0); 3]);
}

#[tokio::test]
async fn muted_cards_are_broken_ones_whose_mute_holds() {
    let cards = [
        broken(Class::Other),
        muted(broken(Class::Other), None),
        muted(broken(Class::Other), Some(now() + HOUR)),
        muted(working(), None),
    ];
    let house = showing(with(cards)).await;
    assert_eq!(of_acme(&house, "cardwatch_muted_cards").await, Some(2));
    house.clock.advance(HOUR);
    assert_eq!(of_acme(&house, "cardwatch_muted_cards").await, Some(1), "the time of one is up");
}

#[tokio::test]
async fn a_muted_card_is_still_counted_as_broken() {
    let house = showing(with([muted(broken(Class::Other), None)])).await;
    let series = "cardwatch_cards{domo_instance=\"acme\",state=\"broken\"}";
    assert_eq!(house.series(series).await, Some(1));
}

#[tokio::test]
async fn slow_and_empty_cards_are_counted_where_they_work() {
    let cards = [slow(working()), slow(empty(working())), working(), slow(broken(Class::QueryTimeout))];
    let house = showing(with(cards)).await;
    assert_eq!(of_acme(&house, "cardwatch_slow_cards").await, Some(2));
    assert_eq!(of_acme(&house, "cardwatch_no_data_cards").await, Some(1));
    house.clock.advance(24 * HOUR);
    assert_eq!(of_acme(&house, "cardwatch_slow_cards").await, Some(0), "nobody knows any more");
    assert_eq!(of_acme(&house, "cardwatch_no_data_cards").await, Some(0));
}

#[tokio::test]
async fn invalid_beast_modes_have_a_series_where_domo_counted_them() {
    let house = showing(acme()).await;
    assert_eq!(of_acme(&house, "cardwatch_invalid_functions").await, None);
    house.show(InstanceSnapshot { invalid_functions: Some(7), ..acme() });
    assert_eq!(of_acme(&house, "cardwatch_invalid_functions").await, Some(7));
}

#[tokio::test]
async fn an_instance_is_in_maintenance_while_a_window_is_open() {
    let house = showing(acme()).await;
    assert_eq!(of_acme(&house, "cardwatch_maintenance").await, Some(0));
    let start = Schedule::parse("0 9 * * *", chrono_tz::UTC).unwrap();
    let window = Window { start, duration: 2 * HOUR };
    let windows = [("acme".parse().unwrap(), set_for("acme", vec![window]))];
    house.settings.send_modify(|settings| settings.instances = windows.into());
    let mut seen = Vec::new();
    for _ in 8..=11 {
        seen.push(of_acme(&house, "cardwatch_maintenance").await.unwrap());
        house.clock.advance(HOUR);
    }
    assert_eq!(seen, [0, 1, 1, 0], "at 8, 9, 10 and 11 o'clock");
}

#[tokio::test]
async fn the_windows_of_one_instance_are_not_those_of_another() {
    let house = showing(acme()).await;
    let start = Schedule::parse("0 8 * * *", chrono_tz::UTC).unwrap();
    let windows = [("globex".parse().unwrap(), set_for("acme", vec![Window { start, duration: HOUR }]))];
    house.settings.send_modify(|settings| settings.instances = windows.into());
    assert_eq!(of_acme(&house, "cardwatch_maintenance").await, Some(0));
}

#[tokio::test]
async fn sweeps_are_overdue_while_due_times_pass_and_nothing_is_decided() {
    let house = showing(acme()).await;
    house
        .settings
        .send_modify(|settings| settings.instances = [("acme".parse().unwrap(), set_for("acme", vec![]))].into());
    house.live.of_instance(&"acme".parse().unwrap()).set_kept_since(now());
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(of_acme(&house, "cardwatch_sweeps_overdue").await.unwrap());
        house.clock.advance(HOUR / 4);
    }
    assert_eq!(seen, [0, 0, 1, 2], "every quarter of an hour");
}

fn page(title: &str, cards: &[i64]) -> PageNow {
    let cards = cards.iter().copied().map(CardId).collect();
    PageNow { title: title.to_owned(), kind: PageKind::Page, owners: [].into(), cards }
}

async fn scrape(house: &House) -> String {
    house.ask("GET", "/metrics", &[]).await.body
}

#[tokio::test]
async fn the_series_of_all_instances_stand_under_one_head() {
    let house = House::with(open()).await;
    let of = |name: &str| {
        let pages = [(PageId(7), page("Sales", &[1, 2]))].into();
        InstanceSnapshot { name: name.parse().unwrap(), pages, ..with([working(), broken(Class::Other)]) }
    };
    house.show_all([of("acme"), of("globex")]);
    let scrape = scrape(&house).await;
    let told: Vec<&str> = scrape.lines().filter(|line| line.contains("cardwatch_page_cards")).collect();
    assert_eq!(
        told,
        [
            "# HELP cardwatch_page_cards Cards on a page.",
            "# TYPE cardwatch_page_cards gauge",
            r#"cardwatch_page_cards{domo_instance="acme",page="Sales",page_id="7"} 2"#,
            r#"cardwatch_page_cards{domo_instance="globex",page="Sales",page_id="7"} 2"#,
        ]
    );
    let names = scrape.lines().filter_map(|line| line.strip_prefix("# HELP ")?.split(' ').next());
    assert!(names.is_sorted(), "{scrape}");
}

#[tokio::test]
async fn a_gauge_without_series_is_left_out() {
    let house = showing(with([working()])).await;
    assert!(!scrape(&house).await.contains("cardwatch_card_broken "));
    house.show(with([broken(Class::Other)]));
    assert!(scrape(&house).await.contains("# TYPE cardwatch_card_broken gauge"));
    house.show(with([working()]));
    assert!(!scrape(&house).await.contains("cardwatch_card_broken "));
}

#[tokio::test]
async fn titles_with_quotes_and_backslashes_are_escaped() {
    let mut odd = broken(Class::Other);
    odd.title = r#"Share "C:\sales""#.to_owned();
    let house = showing(with([odd])).await;
    let series = r#"cardwatch_card_broken{card="Share \"C:\\sales\"",card_id="1",domo_instance="acme"}"#;
    assert_eq!(house.series(series).await, Some(1));
}

#[tokio::test]
async fn a_broken_card_that_nobody_decided_for_too_long_loses_its_series() {
    let old = CardState::Broken {
        since: now() - HOUR,
        decided_at: now() - HOUR,
        reason: reason(Class::Other),
        first_seen: false,
    };
    let house = showing(with([broken(Class::Other), card(old)])).await;
    let mut seen = Vec::new();
    for hours in [0, 22, 1, 1] {
        house.clock.advance(hours * HOUR);
        let scrape = scrape(&house).await;
        seen.push(scrape.lines().filter(|line| line.starts_with("cardwatch_card_broken{")).count());
    }
    assert_eq!(seen, [2, 2, 1, 0], "now, and 22, 23 and 24 hours later");
}

#[tokio::test]
async fn a_cap_that_a_reload_changes_holds_at_the_next_scrape() {
    let house = showing(with([broken(Class::Other), broken(Class::Other)])).await;
    assert_eq!(of_acme(&house, "cardwatch_card_broken_series_dropped").await, Some(0));
    house.settings.send_modify(|settings| settings.max_broken_card_series = 1);
    assert_eq!(of_acme(&house, "cardwatch_card_broken_series_dropped").await, Some(1));
}
