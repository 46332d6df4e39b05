//! A 429 slows the whole instance down, and the limits that are configured hold.

use std::time::Duration;

use cardwatch::config::valid::{Concurrency, Instance};
use cardwatch::domain::verdict::Finding;
use fake_domo::{Behaviour, Condition, FakeDomo};

use crate::desk::{Desk, fixed, instance, until};

const WORKING: Finding = Finding::Working { no_data: false };

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

async fn fake(cards: i64) -> fake_domo::Domo {
    (1..=cards).fold(FakeDomo::empty(), |fake, id| fake.card(id, "A card", &[])).start().await
}

fn throttled(retry_after: Option<u64>, times: u32) -> Behaviour {
    Behaviour::Throttled { retry_after, times: Some(times) }
}

#[tokio::test]
async fn the_time_that_domo_names_is_waited_for() {
    let fake = fake(1).await;
    fake.set(1, throttled(Some(17), 1));
    let desk = Desk::at(&fake);
    assert_eq!(desk.finding(1).await, WORKING);
    assert_eq!(desk.clock.slept(), [secs(17)]);
}

#[tokio::test]
async fn no_more_than_five_minutes_are_waited_for() {
    let fake = fake(1).await;
    fake.set(1, throttled(Some(86_400), 1));
    let desk = Desk::at(&fake);
    assert_eq!(desk.finding(1).await, WORKING);
    assert_eq!(desk.clock.slept(), [secs(300)]);
}

#[tokio::test]
async fn a_card_that_is_throttled_makes_the_others_wait() {
    let fake = fake(2).await;
    fake.set(1, Behaviour::Throttled { retry_after: Some(60), times: None });
    let desk = Desk::new(&Instance { attempts: 1, ..instance(&fake) });
    let finding = desk.finding(1).await;
    assert!(matches!(finding, Finding::Hindered(_)), "{finding:?}");
    assert!(desk.clock.slept().is_empty(), "the throttled card itself had no attempt left");
    assert_eq!(desk.finding(2).await, WORKING);
    assert_eq!(desk.clock.slept(), [secs(60)]);
}

#[tokio::test]
async fn a_429_within_a_200_slows_down_too() {
    let fake = fake(1).await;
    fake.set(1, Behaviour::Sequence(vec![Behaviour::BodyStatus(429), Behaviour::Renders]));
    let desk = Desk::at(&fake);
    assert_eq!(desk.finding(1).await, WORKING);
    assert_eq!(desk.clock.slept(), [secs(1)]);
}

#[tokio::test]
async fn listings_wait_as_renders_do() {
    let fake = fake(1).await;
    fake.add_page(10, "Sales");
    fake.set(1, throttled(Some(30), 1));
    let desk = Desk::new(&Instance { attempts: 1, ..instance(&fake) });
    desk.finding(1).await;
    desk.domo.list(&crate::desk::pages(&[10])).await.unwrap();
    assert_eq!(desk.clock.slept()[0], secs(30));
}

#[tokio::test]
async fn a_throttled_instance_is_asked_no_more_often_than_the_attempts_allow() {
    let fake = fake(4).await;
    let desk = Desk::at(&fake);
    desk.domo.sign_in().await.unwrap();
    fake.set_condition(Condition::Throttled { retry_after: Some(5) });
    let findings = desk.findings(&[1, 2, 3, 4]).await;
    assert!(findings.iter().all(|finding| matches!(finding, Finding::Hindered(_))), "{findings:?}");
    assert_eq!(fake.calls("render"), 12);
}

#[tokio::test]
async fn no_more_renders_are_in_flight_than_configured() {
    let fake = fake(40).await;
    for card in 1..=40 {
        fake.set(card, Behaviour::Hangs);
    }
    let desk = Desk::new(&Instance { concurrency: fixed(3), ..instance(&fake) });
    let domo = desk.domo.clone();
    let ids: Vec<i64> = (1..=40).collect();
    let renders = tokio::spawn(async move {
        let renders = ids.iter().map(|id| domo.render(cardwatch::domain::ids::CardId(*id)));
        futures::future::join_all(renders).await
    });
    until(|| fake.renders_in_flight() == 3).await;
    // A fourth would have had every chance to come.
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(fake.calls("render"), 3);
    renders.abort();
}

#[tokio::test]
async fn as_many_renders_are_in_flight_as_configured() {
    let fake = fake(40).await;
    fake.set_latency(Duration::from_millis(5), Duration::ZERO);
    let desk = Desk::new(&Instance { concurrency: fixed(5), ..instance(&fake) });
    let ids: Vec<i64> = (1..=40).collect();
    desk.findings(&ids).await;
    assert_eq!(fake.peak_renders_in_flight(), 5);
}

fn left_to_cardwatch(fake: &fake_domo::Domo) -> Instance {
    Instance { concurrency: Concurrency::Auto, ..instance(fake) }
}

#[tokio::test]
async fn where_no_number_is_set_eight_are_in_flight_at_first() {
    let fake = fake(40).await;
    for card in 1..=40 {
        fake.set(card, Behaviour::Hangs);
    }
    let desk = Desk::new(&left_to_cardwatch(&fake));
    let domo = desk.domo.clone();
    let ids: Vec<i64> = (1..=40).collect();
    let renders = tokio::spawn(async move {
        let renders = ids.iter().map(|id| domo.render(cardwatch::domain::ids::CardId(*id)));
        futures::future::join_all(renders).await
    });
    until(|| fake.renders_in_flight() == 8).await;
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(fake.calls("render"), 8);
    renders.abort();
}

#[tokio::test]
async fn where_no_number_is_set_the_time_that_domo_names_is_waited_for_too() {
    let fake = fake(9).await;
    fake.set(1, throttled(Some(17), 1));
    let desk = Desk::new(&left_to_cardwatch(&fake));
    let ids: Vec<i64> = (1..=9).collect();
    assert!(desk.findings(&ids).await.iter().all(|finding| *finding == WORKING));
    assert!(desk.clock.slept().contains(&secs(17)), "{:?}", desk.clock.slept());
    assert_eq!(fake.answers("render", 429), 1);
}

#[tokio::test]
async fn a_server_that_refuses_more_than_a_few_at_a_time_is_asked_for_no_more() {
    let fake = fake(300).await;
    fake.set_latency(Duration::from_millis(5), Duration::ZERO);
    fake.set_condition(Condition::InFlight { renders: 5, retry_after: Some(1) });
    let desk = Desk::new(&left_to_cardwatch(&fake));
    let ids: Vec<i64> = (1..=300).collect();
    let findings = desk.findings(&ids).await;
    assert!(findings.iter().all(|finding| *finding == WORKING), "{findings:?}");
    assert!(fake.answers("render", 429) < 20, "{} were refused", fake.answers("render", 429));
    let now = desk.domo.concurrency();
    assert!(now <= 8, "{now}");
    let line = format!("cardwatch_render_concurrency{{domo_instance=\"acme\"}} {now}\n");
    assert!(desk.scrape().contains(&line), "no {line} in\n{}", desk.scrape());
}

#[tokio::test]
async fn requests_are_spaced_as_configured() {
    let fake = fake(9).await;
    let desk = Desk::new(&Instance { requests_per_second: Some(2.0), ..instance(&fake) });
    desk.domo.sign_in().await.unwrap();
    let ids: Vec<i64> = (1..=9).collect();
    desk.findings(&ids).await;
    assert_eq!(desk.clock.slept(), vec![Duration::from_millis(500); 9]);
}

#[tokio::test]
async fn requests_are_spaced_as_configured_where_no_number_is_set() {
    let fake = fake(9).await;
    let desk = Desk::new(&Instance { requests_per_second: Some(2.0), ..left_to_cardwatch(&fake) });
    desk.domo.sign_in().await.unwrap();
    let ids: Vec<i64> = (1..=9).collect();
    desk.findings(&ids).await;
    assert_eq!(desk.clock.slept(), vec![Duration::from_millis(500); 9]);
}

#[tokio::test]
async fn every_request_is_counted_by_endpoint_and_status() {
    let fake = fake(2).await;
    fake.add_page(10, "Sales");
    fake.set(1, Behaviour::Sequence(vec![Behaviour::Disconnects, Behaviour::Status(503), Behaviour::BodyStatus(400)]));
    let desk = Desk::with_password(&fake);
    desk.domo.list(&crate::desk::pages(&[10])).await.unwrap();
    desk.findings(&[1, 2]).await;
    let scrape = desk.scrape();
    let expected = [
        (r#"endpoint="login",status="200""#, 1),
        (r#"endpoint="pages",status="200""#, 1),
        (r#"endpoint="page_cards",status="200""#, 1),
        (r#"endpoint="render",status="200""#, 2),
        (r#"endpoint="render",status="503""#, 1),
        (r#"endpoint="render",status="error""#, 1),
    ];
    for (labels, count) in expected {
        let line = format!("cardwatch_domo_requests_total{{domo_instance=\"acme\",{labels}}} {count}\n");
        assert!(scrape.contains(&line), "no {line} in\n{scrape}");
    }
    assert!(scrape.contains("cardwatch_render_duration_seconds_count{domo_instance=\"acme\"} 4\n"), "{scrape}");
}

#[test]
fn the_histogram_exists_from_the_start() {
    let desk = Desk::new(&crate::desk::instance_at("https://acme.domo.com", crate::desk::token("t")));
    let scrape = desk.scrape();
    for line in [
        "cardwatch_render_duration_seconds_count{domo_instance=\"acme\"} 0\n",
        "cardwatch_render_duration_seconds_bucket{domo_instance=\"acme\",le=\"0.05\"} 0\n",
        "cardwatch_render_duration_seconds_bucket{domo_instance=\"acme\",le=\"90\"} 0\n",
    ] {
        assert!(scrape.contains(line), "no {line} in\n{scrape}");
    }
}

#[tokio::test]
async fn the_series_of_an_instance_that_is_gone_vanish() {
    let fake = fake(1).await;
    let registry = prometheus::Registry::new();
    let metrics = cardwatch::domo::DomoMetrics::new(&registry).unwrap();
    let clock = crate::clock::TestClock::new(crate::desk::TIMEOUT);
    for name in ["acme", "other"] {
        let instance = Instance { name: name.parse().unwrap(), ..instance(&fake) };
        let domo = cardwatch::domo::Domo::new(&instance, clock.clone(), &metrics, 1).unwrap();
        domo.render(cardwatch::domain::ids::CardId(1)).await;
    }
    metrics.forget(&"acme".parse().unwrap());
    let scrape = prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
    assert!(!scrape.contains("acme") && scrape.contains("other"), "{scrape}");
}
