//! Whatever a card does when it is rendered, the verdict table says the right thing of it.

use std::time::Duration;

use cardwatch::config::valid::Instance;
use cardwatch::domain::ids::CardId;
use cardwatch::domain::verdict::{Finding, judge};
use fake_domo::{Behaviour, Ending, FakeDomo, LARGE_REASON};
use serde_json::json;

use crate::canned::{self, Canned};
use crate::desk::{Desk, TIMEOUT, instance, instance_at, token, until};

const WORKING: Finding = Finding::Working { no_data: false };

async fn found(behaviour: Behaviour) -> Finding {
    let fake = FakeDomo::empty().card(1, "A card", &[]).behaviour(1, behaviour).start().await;
    Desk::at(&fake).finding(1).await
}

fn reason(finding: &Finding) -> &str {
    match finding {
        Finding::Broken(reason) => &reason.text,
        other => panic!("not broken: {other:?}"),
    }
}

#[tokio::test]
async fn a_card_that_renders_works() {
    assert_eq!(found(Behaviour::Renders).await, WORKING);
}

#[tokio::test]
async fn a_card_without_data_works() {
    assert_eq!(found(Behaviour::NoData).await, Finding::Working { no_data: true });
}

#[tokio::test]
async fn every_broken_shape_is_broken_for_its_reason() {
    for (behaviour, expected) in Behaviour::every_broken_shape() {
        let finding = found(behaviour.clone()).await;
        let text = reason(&finding);
        // A card whose summary alone says 'error' has the words of a 200, which explain nothing.
        let expected = if expected == "OK" { "the card's summary has the status 'error'" } else { expected };
        assert_eq!(text, expected.trim(), "{behaviour:?}");
    }
}

#[tokio::test]
async fn what_is_not_domo_s_answer_is_named() {
    let table = [
        (Behaviour::Html, "a page of HTML titled 'Domo - Login'"),
        (Behaviour::CutJson, "JSON that ends early"),
        (Behaviour::NotAnObject, "JSON, but no object"),
        (Behaviour::Redirect, "a redirect to /whitelist/blocked"),
    ];
    for (behaviour, what) in table {
        let expected = Finding::Foreign(format!("not an answer of Domo's: {what}"));
        assert_eq!(found(behaviour.clone()).await, expected, "{behaviour:?}");
    }
}

#[tokio::test]
async fn a_redirect_of_a_render_is_not_followed() {
    let fake = FakeDomo::empty().card(1, "A card", &[]).behaviour(1, Behaviour::Redirect).start().await;
    Desk::at(&fake).finding(1).await;
    assert_eq!((fake.calls("render"), fake.calls("blocked_page")), (1, 0));
}

#[tokio::test]
async fn what_hinders_a_check_is_named() {
    let table = [
        (Behaviour::Status(403), "no access (403): Forbidden"),
        (Behaviour::Status(404), "no such card (404): Not Found"),
        (Behaviour::Status(409), "conflict (409): Conflict"),
        (Behaviour::Throttled { retry_after: None, times: None }, "Domo asked to slow down (429): Too Many Requests"),
        (Behaviour::Status(502), "Domo is unavailable (502): Bad Gateway"),
        (Behaviour::HtmlStatus(504), "Domo is unavailable (504)"),
    ];
    for (behaviour, why) in table {
        assert_eq!(found(behaviour.clone()).await, Finding::Hindered(why.to_owned()), "{behaviour:?}");
    }
}

#[tokio::test]
async fn thirty_megabytes_are_judged_by_what_comes_at_their_end() {
    let large = Behaviour::Large { megabytes: 30, ends: Ending::SummaryError };
    assert_eq!(reason(&found(large).await), LARGE_REASON);
}

#[tokio::test]
async fn a_large_answer_that_ends_well_is_a_card_that_works() {
    assert_eq!(found(Behaviour::Large { megabytes: 2, ends: Ending::Success }).await, WORKING);
}

/// A body beyond what is read whole, with this at its end.
fn long(end: &str) -> String {
    format!(r#"{{"dynamic":{{"rows":[{}0]}},{end}"#, "[\"x\",1],".repeat(20_000))
}

/// What comes of a card whose render is answered with this.
async fn answered(kind: &'static str, body: Vec<u8>) -> Finding {
    let server = Canned::serve(move |seen, _| {
        if seen.path.ends_with("/me") { canned::json(200, &json!({})) } else { canned::text(200, kind, body.clone()) }
    })
    .await;
    Desk::new(&instance_at(&server.url, token("t"))).finding(1).await
}

#[tokio::test]
async fn a_large_answer_is_told_from_what_is_none_as_a_small_one_is() {
    let foreign = |what: &str| Finding::Foreign(format!("not an answer of Domo's: {what}"));
    let page = format!("<html><title>Sorry</title>{}", "<p>busy</p>".repeat(20_000));
    let table = [
        (long(r#""summary":{"status":"not_ran"}}"#), Finding::Working { no_data: true }),
        (long(""), foreign("JSON that ends early")),
        (long("oops}"), foreign("text that is not JSON")),
        (long(r#""limited":true} and more"#), foreign("text that is not JSON")),
        (format!("[{}]", long(r#""limited":true}"#)), foreign("JSON, but no object")),
        ("nonsense ".repeat(20_000), foreign("text that is not JSON")),
        (page, foreign("a page of HTML titled 'Sorry'")),
    ];
    for (body, expected) in table {
        let end = body[body.len() - 20..].to_owned();
        assert_eq!(answered("application/json", body.into_bytes()).await, expected, "…{end}");
    }
}

#[tokio::test]
async fn a_large_answer_whose_end_never_comes_is_given_up_after_the_timeout() {
    let server = Canned::serve(|seen, _| {
        if seen.path.ends_with("/me") {
            return canned::json(200, &json!({}));
        }
        let begun = futures::stream::iter([Ok::<_, std::io::Error>(long(""))]);
        let body = axum::body::Body::from_stream(futures::StreamExt::chain(begun, futures::stream::pending()));
        canned::text(200, "application/json", body)
    })
    .await;
    let desk = Desk::new(&Instance { attempts: 1, ..instance_at(&server.url, token("t")) });
    let domo = desk.domo.clone();
    let render = tokio::spawn(async move { judge(&domo.render(CardId(1)).await.rendered) });
    until(|| server.asked("render") == 1).await;
    desk.clock.advance(TIMEOUT);
    assert!(matches!(render.await.unwrap(), Finding::Doubtful(_)));
}

#[tokio::test]
async fn the_configured_parts_are_asked_for() {
    let server = Canned::serve(|_, _| canned::json(200, &json!({}))).await;
    let parts = vec!["summary".to_owned(), "chartType".to_owned()];
    Desk::new(&Instance { render_parts: parts, ..instance_at(&server.url, token("t")) }).finding(7).await;
    let seen = server.seen();
    let render = seen.last().unwrap();
    assert_eq!(
        (render.path.as_str(), render.query.as_str()),
        ("/api/content/v1/cards/kpi/7/render", "parts=summary,chartType")
    );
    assert_eq!(render.headers["content-type"], "application/json");
}

#[tokio::test]
async fn latency_is_measured_from_sending_to_the_last_byte() {
    let fake = FakeDomo::empty().card(1, "A card", &[]).behaviour(1, Behaviour::Hangs).start().await;
    let desk = Desk::new(&Instance { attempts: 1, ..instance(&fake) });
    let domo = desk.domo.clone();
    let render = tokio::spawn(async move { domo.render(CardId(1)).await });
    until(|| fake.renders_of(1) == 1).await;
    desk.clock.advance(TIMEOUT + Duration::from_secs(2));
    assert_eq!(render.await.unwrap().latency, TIMEOUT + Duration::from_secs(2));
}
