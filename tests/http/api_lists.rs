//! Which rows a list holds, and how it goes on.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cardwatch::domain::card::CardState;
use cardwatch::domain::ids::CardId;
use cardwatch::domain::snapshot::{CardNow, InstanceSnapshot};
use cardwatch::domain::verdict::Verdict;
use serde_json::Value;

use crate::facts::{
    before, broken, card, empty, found, get, instance, muted, numbers, paged, problem, save_sweep, showing, slow,
    undecided, with_incident, working,
};
use crate::house::House;

/// The ids of the cards that an address lists.
async fn cards(house: &House, query: &str) -> Vec<i64> {
    numbers(&found(house, &format!("/api/v1/cards?{query}")).await["cards"], "card_id")
}

/// Every part of a list, from the first to the last.
async fn parts(house: &House, path: &str) -> Vec<Value> {
    let mut parts = vec![found(house, path).await];
    while let Some(next) = parts.last().unwrap()["next"].as_str() {
        let join = if path.contains('?') { '&' } else { '?' };
        parts.push(found(house, &format!("{path}{join}cursor={next}")).await);
    }
    parts
}

fn many(name: &str, count: usize) -> InstanceSnapshot {
    instance(name, std::iter::repeat_n(working(), count))
}

fn titled(title: &str) -> CardNow {
    CardNow { title: title.to_owned(), ..working() }
}

#[tokio::test]
async fn cards_are_found_by_state_and_by_what_cuts_across_states() {
    let flapping = CardNow { flapping: true, ..working() };
    let all = [working(), broken(), muted(None), undecided(), card(CardState::Unsupported), slow(), empty(), flapping];
    let house = showing([instance("acme", all)]).await;
    for (state, wanted) in [
        ("working", vec![1, 6, 7, 8]),
        ("broken", vec![2, 3]),
        ("unchecked", vec![4]),
        ("unsupported", vec![5]),
        ("muted", vec![3]),
        ("flapping", vec![8]),
        ("slow", vec![6]),
        ("no_data", vec![7]),
    ] {
        assert_eq!(cards(&house, &format!("state={state}")).await, wanted, "{state}");
    }
}

#[tokio::test]
async fn cards_are_found_by_instance_page_and_words() {
    let acme = paged(instance("acme", [titled("Größe"), titled("Revenue & cost"), titled("Revenue")]), 10, &[2, 3]);
    let house = showing([acme, instance("globex", [titled("Revenue")])]).await;
    assert_eq!(cards(&house, "instance=acme").await, [1, 2, 3]);
    assert_eq!(cards(&house, "page=10").await, [2, 3]);
    assert_eq!(cards(&house, "q=revenue").await, [2, 3, 1]);
    assert_eq!(cards(&house, "q=revenue+%26").await, [2]);
    assert_eq!(cards(&house, "q=GR%C3%96SSE").await, [0; 0], "letters are folded, not spellings");
    assert_eq!(cards(&house, "q=GR%C3%96%C3%9FE").await, [1]);
    assert_eq!(cards(&house, "q=revenue&page=10&instance=acme&state=working").await, [2, 3]);
}

#[tokio::test]
async fn a_parameter_without_a_value_counts_as_not_sent() {
    let house = showing([many("acme", 2)]).await;
    assert_eq!(cards(&house, "instance=&page=&state=&q=&limit=&cursor=").await, [1, 2]);
}

#[tokio::test]
async fn a_list_holds_a_hundred_rows_where_nobody_says_how_many() {
    let house = showing([many("acme", 101)]).await;
    assert_eq!((cards(&house, "").await.len(), cards(&house, "limit=500").await.len()), (100, 101));
}

#[tokio::test]
async fn the_parts_of_a_list_hold_each_row_once() {
    let house = showing([many("acme", 5), many("globex", 4)]).await;
    for limit in [1, 2, 4, 5, 8] {
        let parts = parts(&house, &format!("/api/v1/cards?limit={limit}")).await;
        let rows: Vec<(String, i64)> = parts
            .iter()
            .flat_map(|part| part["cards"].as_array().unwrap())
            .map(|card| (card["instance"].as_str().unwrap().to_owned(), card["card_id"].as_i64().unwrap()))
            .collect();
        let of =
            |name: &str, ids: std::ops::RangeInclusive<i64>| ids.map(|id| (name.to_owned(), id)).collect::<Vec<_>>();
        assert_eq!(rows, [of("acme", 1..=5), of("globex", 1..=4)].concat(), "{limit} at a time");
        assert_eq!(parts.len(), 9_usize.div_ceil(limit), "{limit} at a time");
    }
}

#[tokio::test]
async fn the_parts_of_incidents_hold_each_once() {
    let mut acme = with_incident(instance("acme", [broken(), broken(), broken()]), 7, before(1));
    let one = acme.incidents.values().next().unwrap().clone();
    for (card, incident) in [(1, 7), (2, 8), (3, 9)] {
        let incident = cardwatch::domain::ids::IncidentId(incident);
        acme.incidents.insert(incident, one.clone());
        acme.cards.get_mut(&CardId(card)).unwrap().incident = Some(incident);
    }
    let house = showing([acme]).await;
    let parts = parts(&house, "/api/v1/incidents?limit=2&instance=acme").await;
    let ids: Vec<Vec<i64>> = parts.iter().map(|part| numbers(&part["incidents"], "id")).collect();
    assert_eq!(ids, [vec![7, 8], vec![9]]);
}

#[tokio::test]
async fn the_parts_of_sweeps_hold_each_once_the_latest_first() {
    let house = showing([instance("acme", []), instance("globex", [])]).await;
    for (hours, name) in [(9, "acme"), (8, "globex"), (7, "acme"), (6, "acme"), (5, "globex")] {
        save_sweep(&house, name, hours, &[(1, Verdict::Working { no_data: false })]).await;
    }
    for (query, wanted) in [("limit=2", 5), ("limit=2&instance=acme", 3), ("limit=1", 5)] {
        let parts = parts(&house, &format!("/api/v1/sweeps?{query}")).await;
        let ids: Vec<i64> = parts.iter().flat_map(|part| numbers(&part["sweeps"], "sweep_id")).collect();
        assert!(ids.is_sorted_by(|one, other| one > other), "{query}: {ids:?}");
        assert_eq!(ids.len(), wanted, "{query}");
    }
}

#[tokio::test]
async fn rows_that_come_and_go_before_the_cursor_change_nothing_after_it() {
    let house = showing([many("acme", 6)]).await;
    let next = found(&house, "/api/v1/cards?limit=3").await["next"].as_str().unwrap().to_owned();
    let mut acme = many("acme", 7);
    for gone in [1, 3, 5] {
        acme.cards.remove(&CardId(gone));
    }
    house.show(acme);
    assert_eq!(cards(&house, &format!("limit=3&cursor={next}")).await, [4, 6, 7]);
}

#[tokio::test]
async fn a_link_leads_to_the_part_that_follows_with_what_was_asked_beside_it() {
    let house = showing([many("acme", 3)]).await;
    let answer = get(&house, "/api/v1/cards?q=revenue+by&state=working&limit=2").await;
    let said: Value = serde_json::from_str(&answer.body).unwrap();
    let query = format!("limit=2&q=revenue+by&state=working&cursor={}", said["next"].as_str().unwrap());
    let wanted = format!("</api/v1/cards?{query}>; rel=\"next\"").to_lowercase();
    assert_eq!(answer.header("link"), Some(wanted.as_str()));
    assert_eq!(get(&house, &format!("/api/v1/cards?{query}")).await.header("link"), None, "that was the last");
}

#[tokio::test]
async fn a_cursor_that_was_changed_is_refused_wherever_it_was() {
    let house = showing([many("acme", 3)]).await;
    let cursor = found(&house, "/api/v1/cards?limit=1").await["next"].as_str().unwrap().to_owned();
    let mut changed: Vec<String> = (0..cursor.len())
        .map(|at| {
            let other = if cursor.as_bytes()[at] == b'A' { "B" } else { "A" };
            format!("{}{other}{}", &cursor[..at], &cursor[at + 1..])
        })
        .collect();
    changed.extend((1..cursor.len()).map(|end| cursor[..end].to_owned()));
    changed.extend(["x".to_owned(), "%00".to_owned(), "1".repeat(9_000), format!("{cursor}{cursor}")]);
    for changed in changed {
        let (status, detail) = problem(&house, "GET", &format!("/api/v1/cards?cursor={changed}")).await;
        assert_eq!(status, 400, "{changed}");
        let wanted = "the parameter 'cursor' was cut or changed on its way: take it unchanged from 'next' of the answer \
                      before, or leave it out to begin anew";
        assert_eq!(detail, wanted);
    }
}

/// A cursor that says this, and is whole.
fn cursor(said: &str) -> String {
    let sum = said.bytes().fold(0x811c_9dc5_u32, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let mut text = String::new();
    write!(text, "{sum:08x} {said}").unwrap();
    URL_SAFE_NO_PAD.encode(text)
}

#[tokio::test]
async fn a_cursor_that_names_no_place_is_refused() {
    let house = showing([many("acme", 3)]).await;
    for said in
        ["cards", "cards acme", "cards acme x", "cards ACME 1", "cards acme 1 2", "cards acme 99999999999999999999"]
    {
        let (status, detail) = problem(&house, "GET", &format!("/api/v1/cards?cursor={}", cursor(said))).await;
        assert_eq!(status, 400, "{said}");
        assert!(detail.starts_with("the parameter 'cursor' names no place"), "{said}: {detail}");
    }
    assert_eq!(cards(&house, &format!("cursor={}", cursor("cards acme 1"))).await, [2, 3], "this one does");
}

#[tokio::test]
async fn a_cursor_of_another_list_is_refused() {
    let house = showing([many("acme", 3)]).await;
    let next = found(&house, "/api/v1/cards?limit=1").await["next"].as_str().unwrap().to_owned();
    let (status, detail) = problem(&house, "GET", &format!("/api/v1/sweeps?cursor={next}")).await;
    assert_eq!(status, 400);
    assert!(detail.starts_with("the parameter 'cursor' is one of cards, and this is the list of sweeps"), "{detail}");
}

#[tokio::test]
async fn a_cursor_of_an_instance_that_is_not_asked_for_is_refused() {
    let house = showing([many("acme", 3), many("globex", 3)]).await;
    let next = found(&house, "/api/v1/cards?limit=1").await["next"].as_str().unwrap().to_owned();
    let (status, detail) = problem(&house, "GET", &format!("/api/v1/cards?instance=globex&cursor={next}")).await;
    assert_eq!(status, 400);
    assert!(detail.contains("the instance 'acme', which is not asked for here"), "{detail}");
    house.show(many("globex", 3));
    assert_eq!(problem(&house, "GET", &format!("/api/v1/cards?cursor={next}")).await.0, 400, "acme is gone");
}
