//! `cardwatch sweep`: what it finds, how often it asks, what it prints and how it ends.

use std::collections::{BTreeMap, BTreeSet};

use fake_domo::{Behaviour, Condition, FakeDomo, Spec};
use serde_json::Value;

use crate::house::House;

/// 500 cards on 40 pages.
fn large_instance() -> FakeDomo {
    FakeDomo::new(Spec::new(11).pages(40).cards(500))
}

/// Breaks 30 cards in every shape of the verdict table; returns each with the reason that it must get.
fn break_thirty(house: &House) -> BTreeMap<i64, String> {
    let mut shapes: Vec<(Behaviour, String)> =
        Behaviour::every_broken_shape().into_iter().map(|(shape, reason)| (shape, reason.to_owned())).collect();
    shapes.push((Behaviour::ServerError, "500".to_owned()));
    shapes.push((Behaviour::Hangs, "no answer within 3 s".to_owned()));
    let kpi = house.domo.kpi_cards();
    assert!(shapes.len() <= 30 && kpi.len() > 400);
    let more = 30 - shapes.len();
    shapes.extend(shapes.clone().into_iter().take(more));
    // Spread over all pages.
    let spread = kpi.iter().step_by(kpi.len() / 30);
    let broken = spread.zip(shapes).map(|(card, (shape, reason))| {
        house.domo.set(*card, shape);
        (*card, reason)
    });
    broken.collect()
}

/// Titles and reasons are foreign text; only white space at the ends may be cut from a reason.
fn found(swept: &Value, verdict: &str) -> BTreeMap<i64, String> {
    let results = swept["instances"][0]["results"].as_array().unwrap();
    let found = results.iter().filter(|result| result["verdict"] == verdict);
    found
        .map(|result| (result["card_id"].as_i64().unwrap(), result["reason"].as_str().unwrap_or("").to_owned()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn names_just_the_thirty_broken_of_500_cards_with_the_right_reasons() {
    let house = House::beside(large_instance()).await;
    let broken = break_thirty(&house);
    let swept = house.run(&["sweep", "--format", "json"]);
    assert_eq!(swept.code(), 1, "{}", swept.stderr());
    let swept = swept.json();
    let found = found(&swept, "broken");
    assert_eq!(found.keys().collect::<Vec<_>>(), broken.keys().collect::<Vec<_>>());
    for (card, reason) in &broken {
        let said = &found[card];
        assert!(said.starts_with(reason.trim()) && !reason.trim().is_empty(), "card {card}: '{said}', not '{reason}'");
    }
    let instance = &swept["instances"][0];
    assert_eq!(instance["outcome"], "completed");
    assert_eq!(instance["error"], Value::Null);
    assert_eq!(instance["cards"], 500);
    assert_eq!(instance["broken"], 30);
    assert_eq!(instance["unchecked"], 0);
    assert_eq!(instance["working"], house.domo.kpi_cards().len() - 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn renders_each_card_once_and_the_newly_broken_twice() {
    let house = House::beside(large_instance()).await;
    let broken = break_thirty(&house);
    house.run(&["sweep"]);
    let cards = house.domo.cards();
    let mut controls = 0;
    for card in &cards {
        let expected = match (card.kind.as_str(), broken.contains_key(&card.id)) {
            ("kpi", true) => 2,
            ("kpi", false) => 1,
            (_, _) => 0,
        };
        let beyond = card.renders - expected;
        assert!(beyond <= u64::from(expected == 1), "card {} was rendered {} times", card.id, card.renders);
        controls += beyond;
    }
    assert_eq!(controls, 5, "a doubtful card is confirmed beside five that just worked");
    let in_flight = house.domo.peak_renders_in_flight();
    assert!((2..=8).contains(&in_flight), "{in_flight} at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_broken_for_longer_is_rendered_once() {
    let house = House::beside(large_instance()).await;
    let card = house.domo.kpi_cards()[7];
    house.domo.set(card, Behaviour::broken("No indexed schema found"));
    house.run(&["sweep"]);
    house.domo.reset_counts();
    assert_eq!(house.run(&["sweep"]).code(), 1);
    assert_eq!(house.domo.renders_of(card), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_fails_once_and_then_renders_is_not_believed_to_be_broken() {
    let house = House::beside(large_instance()).await;
    let card = house.domo.kpi_cards()[7];
    house.domo.set(card, Behaviour::Sequence(vec![Behaviour::broken("a passing fault"), Behaviour::Renders]));
    let swept = house.run(&["sweep", "--format", "json"]);
    assert_eq!(swept.code(), 0, "{}", swept.stdout());
    assert_eq!(house.domo.renders_of(card), 2);
    assert_eq!(house.ask::<i64>("SELECT count(*) FROM transition").await, 0);
    assert_eq!(
        house.ask::<i64>("SELECT count(*) FROM results WHERE verdict = 'broken'").await,
        1,
        "the render is kept"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ends_with_0_when_every_card_renders() {
    let house = House::beside(FakeDomo::new(Spec::new(3).pages(4).cards(30))).await;
    let swept = house.run(&["sweep"]);
    assert_eq!((swept.code(), swept.stderr().as_str()), (0, ""));
    assert!(swept.stdout().starts_with("acme: 30 cards in all, "), "{}", swept.stdout());
}

#[tokio::test(flavor = "multi_thread")]
async fn ends_with_3_when_some_cards_could_not_be_checked_and_none_is_broken() {
    let house = House::beside(FakeDomo::new(Spec::new(3).pages(4).cards(30))).await;
    house.domo.set(house.domo.kpi_cards()[0], Behaviour::Status(403));
    let swept = house.run(&["sweep"]);
    assert_eq!(swept.code(), 3);
    assert!(swept.stdout().contains("no access (403)"), "{}", swept.stdout());
}

#[tokio::test(flavor = "multi_thread")]
async fn ends_with_2_when_domo_refuses_the_login_and_says_why() {
    let house = House::beside(FakeDomo::new(Spec::new(3).pages(4).cards(30))).await;
    house.domo.expire_token();
    let swept = house.run(&["sweep"]);
    assert_eq!(swept.code(), 2);
    assert!(
        swept.stdout().contains("make a new one under Admin > Authentication > Access tokens"),
        "{}",
        swept.stdout()
    );
    assert_eq!(house.ask::<String>("SELECT outcome FROM sweep").await, "failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn ends_with_2_when_every_render_is_refused() {
    let house = House::beside(FakeDomo::new(Spec::new(3).pages(4).cards(30))).await;
    for card in house.domo.kpi_cards() {
        house.domo.set(card, Behaviour::ServerError);
    }
    let swept = house.run(&["sweep", "--format", "json"]);
    assert_eq!(swept.code(), 2, "500 everywhere is Domo's trouble, not that of any card");
    assert_eq!(swept.json()["instances"][0]["broken"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn domo_in_trouble_breaks_no_card_and_heals_none() {
    let house = House::beside(FakeDomo::new(Spec::new(3).pages(4).cards(30))).await;
    house.domo.set(house.domo.kpi_cards()[0], Behaviour::broken("No indexed schema found"));
    assert_eq!(house.run(&["sweep"]).code(), 1);
    for condition in [Condition::Failing(503), Condition::LoginPage, Condition::Down] {
        house.domo.set_condition(condition);
        assert_eq!(house.run(&["sweep"]).code(), 2, "{condition:?}");
        assert_eq!(house.ask::<i64>("SELECT count(*) FROM broken_now").await, 1, "{condition:?}");
    }
    house.domo.set_condition(Condition::Healthy);
    assert_eq!(house.run(&["sweep"]).code(), 1);
    assert_eq!(house.ask::<i64>("SELECT count(*) FROM transition").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_page_alone_can_be_swept_and_nothing_else_is_taken_for_gone() {
    let house = House::beside(FakeDomo::new(Spec::new(3).pages(4).cards(40))).await;
    house.run(&["sweep"]);
    let page = house.domo.pages().into_iter().find(|page| page.cards.len() > 2 && page.id > 0).unwrap();
    house.domo.reset_counts();
    let swept = house.run(&["sweep", "--page", &page.id.to_string(), "--format", "json"]);
    let listed: BTreeSet<i64> = found(&swept.json(), "working").into_keys().collect();
    let kpi: BTreeSet<i64> = house.domo.kpi_cards().into_iter().collect();
    let expected: BTreeSet<i64> = page.cards.iter().copied().filter(|card| kpi.contains(card)).collect();
    assert_eq!(listed, expected);
    assert_eq!(house.domo.calls("render"), expected.len() as u64);
    assert_eq!(house.ask::<i64>("SELECT count(*) FROM card WHERE removed_at IS NOT NULL").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_has_one_row_for_every_card_and_is_harmless_to_a_spreadsheet() {
    let house = House::beside(FakeDomo::new(Spec::new(3).pages(4).cards(30))).await;
    let card = house.domo.kpi_cards()[0];
    house.domo.rename_card(card, "=cmd|'/C calc'!A0, \"quoted\"\r\nand more");
    let swept = house.run(&["sweep", "--format", "csv"]);
    let mut rows = csv::Reader::from_reader(swept.stdout().as_bytes().to_vec().leak() as &[u8]);
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 30);
    let row = rows.iter().find(|row| row[1] == card.to_string()).unwrap();
    assert_eq!(&row[2], "'=cmd|'/C calc'!A0, \"quoted\" and more");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_instance_is_one_clear_error() {
    let house = House::beside(FakeDomo::new(Spec::new(3).pages(1).cards(1))).await;
    let swept = house.run(&["sweep", "--instance", "acmee"]);
    assert_eq!(swept.code(), 2);
    assert_eq!(swept.stderr(), "error: --instance: there is no instance 'acmee'; configured are: acme\n");
}
