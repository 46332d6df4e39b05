//! What the API says when it has no answer.

use crate::facts::{get, instance, problem, showing, working};
use crate::house::{House, locked};

const ADDRESSES: [&str; 6] = [
    "/api/v1/instances",
    "/api/v1/cards",
    "/api/v1/cards/acme/1",
    "/api/v1/incidents",
    "/api/v1/sweeps",
    "/api/v1/openapi.json",
];

async fn house() -> House {
    showing([instance("acme", [working()]), instance("globex", [])]).await
}

#[tokio::test]
async fn a_parameter_that_is_not_what_it_may_be_is_told_with_what_it_may_be() {
    let house = house().await;
    for (query, wanted) in [
        ("limit=0", "the parameter 'limit' is a number from 1 to 500, not '0'"),
        ("limit=501", "the parameter 'limit' is a number from 1 to 500, not '501'"),
        ("limit=-1", "the parameter 'limit' is a number from 1 to 500, not '-1'"),
        ("limit=ten", "the parameter 'limit' is a number from 1 to 500, not 'ten'"),
        ("page=Sales", "the parameter 'page' is the id of a page, a whole number, not 'Sales'"),
        (
            "state=red",
            "the parameter 'state' is one of broken, unchecked, working, unsupported, muted, flapping, slow, no_data, \
             not 'red'",
        ),
        (
            "instance=ACME",
            "the parameter 'instance' is the name of an instance, 1 to 63 of a-z, 0-9, '_' and '-', not 'ACME'",
        ),
        ("state=broken&state=working", "the parameter 'state' is there twice; send it once"),
    ] {
        let said = problem(&house, "GET", &format!("/api/v1/cards?{query}")).await;
        assert_eq!(said, (400, wanted.to_owned()), "{query}");
    }
}

#[tokio::test]
async fn a_parameter_that_nobody_knows_is_not_left_out_in_silence() {
    let house = house().await;
    for (address, wanted) in [
        (
            "/api/v1/cards?stat=broken",
            "there is no parameter 'stat' (did you mean 'state'?); there are: instance, page, state, q, limit, cursor",
        ),
        ("/api/v1/sweeps?page=1", "there is no parameter 'page'; there are: instance, limit, cursor"),
        ("/api/v1/instances?instance=acme", "this address takes no parameters, also not 'instance'; leave it out"),
        ("/api/v1/cards/acme/1?full=1", "this address takes no parameters, also not 'full'; leave it out"),
    ] {
        assert_eq!(problem(&house, "GET", address).await, (400, wanted.to_owned()), "{address}");
    }
}

#[tokio::test]
async fn what_was_sent_is_repeated_short_and_fit_to_be_read() {
    let house = house().await;
    let (_, detail) = problem(&house, "GET", &format!("/api/v1/cards?page=%1b%5b2J{}", "x".repeat(5_000))).await;
    assert!(detail.len() < 200 && !detail.contains('\u{1b}'), "{detail}");
}

#[tokio::test]
async fn an_instance_a_page_or_a_card_that_is_not_there_is_told_with_what_is() {
    let house = house().await;
    let instances = "no instance is called 'nope'; there are: acme, globex";
    for (address, wanted) in [
        ("/api/v1/cards?instance=nope", instances),
        ("/api/v1/incidents?instance=nope", instances),
        ("/api/v1/sweeps?instance=nope", instances),
        ("/api/v1/cards/nope/1", instances),
        (
            "/api/v1/cards?page=99",
            "no page 99 is monitored here; the number at the end of its address in Domo is its id",
        ),
        (
            "/api/v1/cards/acme/99",
            "no card 99 is monitored in 'acme'; /api/v1/cards?instance=acme lists those that are, and the command \
             'cardwatch history 99' tells the past of one that no listing holds any more",
        ),
        ("/api/v2/cards", "there is nothing at '/api/v2/cards'; /api/v1/openapi.json describes every address"),
        ("/api", "there is nothing at '/api'; /api/v1/openapi.json describes every address"),
        ("/api/", "there is nothing at '/api/'; /api/v1/openapi.json describes every address"),
        ("/api/v1/cards/", "there is nothing at '/api/v1/cards/'; /api/v1/openapi.json describes every address"),
        (
            "/api/v1/cards/acme",
            "there is nothing at '/api/v1/cards/acme'; /api/v1/openapi.json describes every address",
        ),
    ] {
        assert_eq!(problem(&house, "GET", address).await, (404, wanted.to_owned()), "{address}");
    }
}

#[tokio::test]
async fn a_card_s_id_is_a_number() {
    let house = house().await;
    let said = problem(&house, "GET", "/api/v1/cards/acme/Revenue").await;
    assert_eq!(said, (400, "the id of a card is a whole number, not 'Revenue'".to_owned()));
    assert_eq!(problem(&house, "GET", "/api/v1/cards/acme/%ff").await.0, 400);
}

#[tokio::test]
async fn no_method_changes_anything_and_those_that_ask_are_named() {
    let house = house().await;
    for address in ADDRESSES {
        for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "QUERY"] {
            let answer = house.ask(method, address, &[]).await;
            assert_eq!(answer.header("allow"), Some("get,head"), "{method} {address}");
            let wanted = format!("the API is read-only: '{method}' is not answered, ask with GET or HEAD");
            assert_eq!(problem(&house, method, address).await, (405, wanted));
        }
    }
}

#[tokio::test]
async fn the_api_needs_the_login_as_everything_does() {
    let house = House::with(locked("admin", "s3cret")).await;
    for address in ADDRESSES.into_iter().chain(["/api", "/api/nowhere", "/badge/acme.svg"]) {
        assert_eq!(get(&house, address).await.status, 401, "{address}");
    }
}

#[tokio::test]
async fn a_database_that_cannot_be_read_is_told_without_what_it_said() {
    let house = house().await;
    house.store.close().await;
    let wanted = "the database cannot be read now; the log of cardwatch says why";
    for address in ["/api/v1/sweeps", "/api/v1/cards/acme/1"] {
        assert_eq!(problem(&house, "GET", address).await, (500, wanted.to_owned()), "{address}");
    }
    assert_eq!(get(&house, "/api/v1/cards").await.status, 200, "which needs no database");
}
