//! Domo may compress what it answers: it is read as if it had come as it is.

use std::io;

use async_compression::tokio::bufread::GzipEncoder;
use axum::body::Body;
use axum::response::Response;
use cardwatch::domain::verdict::Finding;
use futures::stream;
use tokio::io::AsyncReadExt as _;

use crate::canned::{Canned, Seen, json};
use crate::desk::{Desk, instance_at, token};

const WORKING: &str = r#"{"summary":{"status":"success"}}"#;

const BROKEN: &str = r#"{"status":400,"message":"Invalid column(s) referenced: a"}"#;

/// What gzip makes of it.
async fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    GzipEncoder::new(bytes).read_to_end(&mut packed).await.unwrap();
    packed
}

fn answer(status: u16, packed: impl Into<Body>) -> Response {
    let answer = Response::builder().status(status).header("content-type", "application/json");
    answer.header("content-encoding", "gzip").body(packed.into()).unwrap()
}

/// What is found of a card whose render is answered so.
async fn finding(render: impl Fn() -> Response + Send + Sync + 'static) -> Finding {
    let server =
        Canned::serve(
            move |seen: &Seen, _| {
                if seen.path.ends_with("/render") { render() } else { json(200, &serde_json::json!({"id": 1})) }
            },
        );
    Desk::new(&instance_at(&server.await.url, token("DDCI0"))).finding(1).await
}

/// What is found where it comes as it is.
async fn plainly(status: u16, body: &'static str) -> Finding {
    finding(move || Response::builder().status(status).body(body.into()).unwrap()).await
}

#[tokio::test]
async fn a_compressed_answer_is_read_as_if_it_were_not() {
    for (status, body) in [(200, WORKING), (400, BROKEN)] {
        let packed = gzip(body.as_bytes()).await;
        assert_eq!(finding(move || answer(status, packed.clone())).await, plainly(status, body).await);
    }
}

#[tokio::test]
async fn an_answer_may_be_compressed_in_parts_and_come_in_pieces() {
    let (head, tail) = WORKING.as_bytes().split_at(10);
    let packed = [gzip(head).await, gzip(tail).await].concat();
    let render = move || {
        let bytes: Vec<io::Result<Vec<u8>>> = packed.iter().map(|byte| Ok(vec![*byte])).collect();
        answer(200, Body::from_stream(stream::iter(bytes)))
    };
    assert_eq!(finding(render).await, plainly(200, WORKING).await);
}

#[tokio::test]
async fn a_large_answer_that_is_compressed_well_is_read_to_its_end() {
    let body = format!(r#"{{"dynamic":"{}","summary":{{"status":"success"}}}}"#, "x".repeat(5_000_000));
    let packed = gzip(body.as_bytes()).await;
    assert!(packed.len() < 20_000);
    assert_eq!(finding(move || answer(200, packed.clone())).await, plainly(200, WORKING).await);
}

#[tokio::test]
async fn an_answer_without_a_body_may_say_that_it_is_compressed() {
    assert_eq!(finding(|| answer(404, Body::empty())).await, plainly(404, "").await);
}

#[tokio::test]
async fn a_compressed_answer_that_ends_early_is_a_connection_that_broke() {
    let mut packed = gzip(WORKING.as_bytes()).await;
    packed.truncate(packed.len() / 2);
    let found = finding(move || answer(200, packed.clone())).await;
    assert!(matches!(&found, Finding::Hindered(why) if why.contains("unexpected end of file")), "{found:?}");
}

#[tokio::test]
async fn what_only_claims_to_be_compressed_is_a_connection_that_broke() {
    let found = finding(|| answer(200, WORKING)).await;
    assert!(matches!(&found, Finding::Hindered(why) if why.contains("gzip")), "{found:?}");
}
