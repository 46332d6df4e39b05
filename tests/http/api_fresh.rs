//! Answers that a reader has already are not sent again.

use tokio::io::AsyncReadExt as _;

use crate::facts::{HOUR, broken, get, instance, showing, working};
use crate::house::House;

const ADDRESSES: [&str; 6] = [
    "/api/v1/instances",
    "/api/v1/cards",
    "/api/v1/incidents",
    "/api/v1/sweeps",
    "/api/v1/openapi.json",
    "/badge/acme.svg",
];

async fn house() -> House {
    showing([instance("acme", [working(), broken()])]).await
}

async fn tag(house: &House, address: &str) -> String {
    get(house, address).await.header("etag").unwrap().to_owned()
}

#[tokio::test]
async fn an_answer_that_the_reader_has_is_not_sent_again() {
    let house = house().await;
    for address in ADDRESSES {
        let tag = tag(&house, address).await;
        for sent in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
            let answer = house.ask("GET", address, &[("If-None-Match", &sent)]).await;
            assert_eq!((answer.status, answer.body.as_str()), (304, ""), "{address}: {sent}");
            assert_eq!(answer.header("etag"), Some(tag.as_str()), "{address}: {sent}");
        }
        let answer = house.ask("GET", address, &[("If-None-Match", "\"other\"")]).await;
        assert_eq!(answer.status, 200, "{address}");
        assert_eq!(answer.header("cache-control"), Some("no-cache"), "{address}");
    }
}

#[tokio::test]
async fn time_alone_changes_no_answer() {
    let house = house().await;
    for address in ADDRESSES {
        let before = tag(&house, address).await;
        house.clock.advance(HOUR);
        assert_eq!(tag(&house, address).await, before, "{address}");
    }
}

#[tokio::test]
async fn another_answer_has_another_tag() {
    let house = house().await;
    for address in ["/api/v1/instances", "/api/v1/cards", "/badge/acme.svg"] {
        house.show(instance("acme", [working(), broken()]));
        let before = tag(&house, address).await;
        house.show(instance("acme", [working(), working()]));
        let answer = house.ask("GET", address, &[("If-None-Match", &before)]).await;
        assert_eq!(answer.status, 200, "{address}");
        assert_ne!(answer.header("etag"), Some(before.as_str()), "{address}");
    }
}

/// The head of an answer to HEAD, and what comes after it.
async fn head(house: &House, address: &str, headers: &[(&str, &str)]) -> (String, String) {
    let mut client = house.client().await;
    let headers: Vec<(&str, &str)> = headers.iter().copied().chain([("Connection", "close")]).collect();
    client.request("HEAD", address, &headers).await;
    let mut answer = String::new();
    client.0.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_lowercase(), body.to_owned())
}

#[tokio::test]
async fn whoever_asks_for_the_head_gets_the_same_tag_and_no_body() {
    let house = house().await;
    for address in ADDRESSES {
        let whole = get(&house, address).await;
        let tag = whole.header("etag").unwrap();
        let (answer, body) = head(&house, address, &[]).await;
        assert!(answer.starts_with("http/1.1 200"), "{address}: {answer}");
        assert!(answer.contains(&format!("\r\netag: {tag}")), "{address}: {answer}");
        assert!(answer.contains(&format!("\r\ncontent-length: {}", whole.body.len())), "{address}: {answer}");
        assert_eq!(body, "", "{address}");
        let (answer, _) = head(&house, address, &[("If-None-Match", tag)]).await;
        assert!(answer.starts_with("http/1.1 304"), "{address}: {answer}");
    }
}

#[tokio::test]
async fn a_problem_may_not_be_kept() {
    let house = house().await;
    let answer = house.ask("GET", "/api/v1/nowhere", &[("If-None-Match", "*")]).await;
    assert_eq!((answer.status, answer.header("etag")), (404, None));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}
