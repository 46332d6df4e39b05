//! What the fake counts, and the conditions of the whole instance.

use std::time::Duration;

use fake_domo::{Behaviour, Condition, Domo, FakeDomo};
use reqwest::Method;
use serde_json::json;

use crate::client::{bare, client, get, login, render, render_request};

async fn domo_with_cards(cards: i64) -> Domo {
    let ids = 1..=cards;
    let fake = ids.fold(FakeDomo::empty(), |fake, id| fake.card(id, "Revenue", &[]));
    fake.start().await
}

#[tokio::test]
async fn every_call_is_counted_and_listed_in_order() {
    let domo = domo_with_cards(2).await;
    login(&domo).await;
    get(&domo, "/api/content/v2/users/me").await;
    render(&domo, 2).await;
    render(&domo, 2).await;
    assert_eq!(domo.calls("login"), 1);
    assert_eq!(domo.calls("render"), 2);
    assert_eq!(domo.calls("pages"), 0);
    assert_eq!((domo.renders_of(1), domo.renders_of(2)), (0, 2));
    assert_eq!(domo.answers("render", 200), 2);
    let log = domo.call_log();
    let names: Vec<_> = log.iter().map(|call| (call.endpoint, call.id)).collect();
    let wanted = [("login", None), ("me", None), ("render", Some(2)), ("render", Some(2))];
    assert_eq!(names, wanted);
    assert!(log.is_sorted_by_key(|call| call.at));
}

#[tokio::test]
async fn the_counts_can_begin_anew() {
    let domo = domo_with_cards(1).await;
    render(&domo, 1).await;
    domo.reset_counts();
    assert_eq!(domo.calls("render"), 0);
    assert_eq!(domo.renders_of(1), 0);
    assert_eq!(domo.peak_renders_in_flight(), 0);
    assert!(domo.call_log().is_empty());
}

#[tokio::test]
async fn a_call_that_is_refused_counts_as_a_call_but_not_as_a_render_of_the_card() {
    let domo = domo_with_cards(1).await;
    let path = "/api/content/v1/cards/kpi/1/render?parts=summary";
    let request = bare(&domo, Method::PUT, path).json(&json!({}));
    assert_eq!(request.send().await.unwrap().status(), 401);
    assert_eq!(domo.calls("render"), 1);
    assert_eq!(domo.renders_of(1), 0);
}

#[tokio::test]
async fn renders_in_flight_are_counted_at_their_peak() {
    let domo = domo_with_cards(5).await;
    let waiting: Vec<_> = (1..=5)
        .map(|card| {
            domo.set(card, Behaviour::Hangs);
            tokio::spawn(render_request(&domo, card).send())
        })
        .collect();
    while domo.renders_in_flight() < 5 {
        tokio::task::yield_now().await;
    }
    for one in &waiting {
        one.abort();
    }
    while domo.renders_in_flight() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(domo.peak_renders_in_flight(), 5);
}

#[tokio::test]
async fn a_throttled_instance_refuses_every_call_and_names_the_wait() {
    let domo = domo_with_cards(1).await;
    domo.set_condition(Condition::Throttled { retry_after: Some(5) });
    for response in [login(&domo).await, render(&domo, 1).await] {
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()["retry-after"], "5");
    }
    domo.set_condition(Condition::Healthy);
    assert_eq!(render(&domo, 1).await.status(), 200);
}

#[tokio::test]
async fn a_failing_instance_fails_every_call() {
    let domo = domo_with_cards(1).await;
    for status in [500, 503] {
        domo.set_condition(Condition::Failing(status));
        assert_eq!(login(&domo).await.status(), status);
        assert_eq!(render(&domo, 1).await.status(), status);
    }
}

#[tokio::test]
async fn an_instance_can_answer_everything_with_its_login_page() {
    let domo = domo_with_cards(1).await;
    domo.set_condition(Condition::LoginPage);
    let text = render(&domo, 1).await.text().await.unwrap();
    assert!(text.contains("<title>Domo - Login</title>"));
}

#[tokio::test]
async fn renders_beyond_the_capacity_are_refused_and_other_calls_are_not() {
    let domo = domo_with_cards(1).await;
    // None at all, so that no clock decides this test.
    domo.set_condition(Condition::Capacity { renders_per_second: 0, retry_after: Some(1) });
    let response = render(&domo, 1).await;
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(login(&domo).await.status(), 200);
    domo.set_condition(Condition::Capacity { renders_per_second: 1_000, retry_after: None });
    assert_eq!(render(&domo, 1).await.status(), 200);
}

#[tokio::test]
async fn renders_within_the_capacity_are_answered_beside_those_that_are_not() {
    let domo = domo_with_cards(1).await;
    domo.set_condition(Condition::Capacity { renders_per_second: 1, retry_after: None });
    // Both come whatever the clock does, unless each of these takes a second.
    for _ in 0..30 {
        render(&domo, 1).await;
    }
    let (let_through, refused) = (domo.answers("render", 200), domo.answers("render", 429));
    assert!(let_through >= 1 && refused >= 1);
    assert_eq!(let_through + refused, 30);
    assert_eq!(domo.renders_of(1), let_through);
}

#[tokio::test]
async fn renders_beyond_those_that_may_be_in_flight_are_refused() {
    let domo = domo_with_cards(2).await;
    domo.set(1, Behaviour::Hangs);
    domo.set_condition(Condition::InFlight { renders: 2, retry_after: Some(3) });
    let waiting = [1, 1].map(|card| tokio::spawn(render_request(&domo, card).send()));
    while domo.renders_in_flight() < 2 {
        tokio::task::yield_now().await;
    }
    let response = render(&domo, 2).await;
    assert_eq!((response.status().as_u16(), &response.headers()["retry-after"] == "3"), (429, true));
    assert_eq!(login(&domo).await.status(), 200);
    for one in waiting {
        one.abort();
    }
    while domo.renders_in_flight() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(render(&domo, 2).await.status(), 200);
}

#[tokio::test]
async fn renders_that_find_an_empty_bucket_are_refused() {
    let domo = domo_with_cards(1).await;
    // No token ever comes, so that no clock decides this test.
    domo.set_condition(Condition::Bucket { renders_per_second: 0, burst: 2, retry_after: None });
    let statuses = [render(&domo, 1).await, render(&domo, 1).await, render(&domo, 1).await].map(|it| it.status());
    assert_eq!(statuses.map(|status| status.as_u16()), [200, 200, 429]);
}

#[tokio::test]
async fn renders_wait_for_a_worker() {
    let domo = domo_with_cards(2).await;
    domo.set(1, Behaviour::Hangs);
    domo.set_condition(Condition::Workers(1));
    let hanging = tokio::spawn(render_request(&domo, 1).send());
    while domo.renders_in_flight() == 0 {
        tokio::task::yield_now().await;
    }
    let waiting = tokio::spawn(render_request(&domo, 2).send());
    while domo.renders_in_flight() < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(domo.answers("render", 200), 0);
    hanging.abort();
    assert_eq!(waiting.await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn an_instance_that_is_down_closes_its_connections_and_can_come_back() {
    let domo = domo_with_cards(1).await;
    domo.set(1, Behaviour::Hangs);
    let waiting = tokio::spawn(render_request(&domo, 1).send());
    while domo.renders_in_flight() == 0 {
        tokio::task::yield_now().await;
    }
    domo.set_condition(Condition::Down);
    assert!(waiting.await.unwrap().is_err());
    assert!(render_request(&domo, 1).send().await.is_err());
    domo.heal(1);
    domo.set_condition(Condition::Healthy);
    assert_eq!(render(&domo, 1).await.status(), 200);
}

#[tokio::test]
async fn renders_can_take_time() {
    let domo = domo_with_cards(1).await;
    domo.set_latency(Duration::from_millis(2), Duration::from_millis(2));
    assert_eq!(render(&domo, 1).await.status(), 200);
}

#[tokio::test]
async fn after_the_shutdown_its_port_is_free_for_the_next_one() {
    // No other test is on this address, and none gets the port meanwhile.
    let domo = FakeDomo::empty().card(1, "Revenue", &[]).start_on("127.0.0.2:0".parse().unwrap()).await.unwrap();
    domo.set(1, Behaviour::Hangs);
    let waiting = tokio::spawn(render_request(&domo, 1).send());
    while domo.renders_in_flight() == 0 {
        tokio::task::yield_now().await;
    }
    let addr = domo.url().trim_start_matches("http://").parse().unwrap();
    domo.shutdown().await;
    assert!(waiting.await.unwrap().is_err());
    assert!(client().get(domo.url()).send().await.is_err());
    let next = FakeDomo::empty().start_on(addr).await.unwrap();
    assert_eq!(next.url(), domo.url());
}
