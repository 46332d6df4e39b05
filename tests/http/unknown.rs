//! An instance that is configured and that the database does not know yet: every address of it says so calmly.

use cardwatch::domain::snapshot::InstanceSnapshot;
use serde_json::{Value, json};

use crate::house::House;
use crate::rooms::words;
use crate::scenes::{ready, swept, working};

/// A house with a fresh database, where nothing was ever swept.
async fn fresh() -> House {
    let house = ready().await;
    house.show(InstanceSnapshot::empty("acme".parse().unwrap()));
    house
}

async fn said(house: &House, path: &str) -> (u16, String) {
    let answer = house.ask("GET", path, &[]).await;
    (answer.status, answer.body)
}

#[tokio::test]
async fn its_pages_say_that_nothing_is_known_yet() {
    let house = fresh().await;
    for (path, told) in [
        ("/", "Nothing was checked yet"),
        ("/", "Lately Nothing yet."),
        ("/?instance=acme&q=revenue", "No card"),
        ("/instances/acme", "No sweep ended in the last 14 days that decided anything."),
        ("/instances/acme", "There was none yet."),
        ("/instances/acme?before=5", "No earlier sweep is kept."),
    ] {
        let (status, body) = said(&house, path).await;
        let text = words(&body);
        assert!(status == 200 && text.contains(told), "{path}: {status} {text}");
    }
}

#[tokio::test]
async fn its_cards_pages_and_incidents_are_not_found() {
    let house = fresh().await;
    for path in ["/instances/acme/cards/1", "/instances/acme/pages/1", "/?incident=1"] {
        let (status, body) = said(&house, path).await;
        assert_eq!(status, 404, "{path}: {}", words(&body));
    }
    let answer = house.ask("GET", "/api/v1/cards/acme/1", &[]).await;
    assert_eq!((answer.status, answer.header("content-type")), (404, Some("application/problem+json")));
}

#[tokio::test]
async fn its_lists_are_empty() {
    let house = fresh().await;
    for list in ["cards", "incidents", "sweeps"] {
        for query in ["", "?instance=acme"] {
            let (status, body) = said(&house, &format!("/api/v1/{list}{query}")).await;
            let answer: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(
                (status, &answer[list], &answer["next"]),
                (200, &Value::Array(Vec::new()), &Value::Null),
                "{body}"
            );
        }
    }
    let (status, body) = said(&house, "/api/v1/instances").await;
    assert!(status == 200 && body.contains("acme"), "{status} {body}");
}

#[tokio::test]
async fn a_card_that_is_shown_before_the_database_knows_it_has_no_past() {
    let house = ready().await;
    house.show(swept("acme", [working("Revenue")]));
    let (status, body) = said(&house, "/instances/acme/cards/1").await;
    let text = words(&body);
    assert!(status == 200 && text.contains("Its state never changed."), "{status} {text}");
    let (status, body) = said(&house, "/api/v1/cards/acme/1").await;
    let answer: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &answer["transitions"], &answer["results"]), (200, &json!([]), &json!([])));
}

#[tokio::test]
async fn what_watches_cardwatch_is_answered() {
    let house = fresh().await;
    for path in ["/metrics", "/readyz", "/badge/acme.svg"] {
        let (status, body) = said(&house, path).await;
        assert_eq!(status, 200, "{path}: {body}");
    }
}
