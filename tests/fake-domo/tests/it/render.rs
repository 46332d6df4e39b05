//! What a render looks like on the wire, for each behaviour.
use crate::client::{client, render, render_request, with_token};
use fake_domo::{Behaviour, Domo, Ending, FakeDomo, nasty_text};
use reqwest::{Method, Response};
use serde_json::{Value, json};

const CARD: i64 = 1_548_948_000;

async fn domo_with(behaviour: Behaviour) -> Domo {
    let fake = FakeDomo::empty().page(1, "Sales").card(CARD, "Revenue", &[1]);
    fake.behaviour(CARD, behaviour).start().await
}

/// The contract's rule for the reason of a broken card.
async fn reason_of(response: Response) -> String {
    let http_reason = response.status().canonical_reason().unwrap();
    let body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default();
    let columns: Vec<&str> = body["details"]["columns"]
        .as_array()
        .map(|columns| columns.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let columns = Value::from(columns.join(", "));
    let texts = [&body["details"]["error"], &columns, &body["message"], &body["statusReason"]];
    let mut texts = texts.into_iter().filter_map(Value::as_str);
    let text = texts.find(|text| !text.trim().is_empty());
    text.unwrap_or(http_reason).to_owned()
}

#[tokio::test]
async fn a_healthy_card_renders_with_the_parts_asked_for() {
    let domo = domo_with(Behaviour::Renders).await;
    let body: Value = render(&domo, CARD).await.json().await.unwrap();
    assert_eq!(body["summary"]["status"], "success");
    assert!(body["dynamic"].is_object());
    assert_eq!(body["limited"], false);
}

#[tokio::test]
async fn a_part_that_is_not_asked_for_is_not_in_the_answer() {
    let domo = domo_with(Behaviour::Renders).await;
    let path = format!("/api/content/v1/cards/kpi/{CARD}/render?parts=dynamic");
    let request = with_token(&domo, Method::PUT, &path).json(&json!({}));
    let body = crate::client::json_of(request).await;
    assert!(body.get("summary").is_none());
}

#[tokio::test]
async fn every_broken_shape_carries_its_reason() {
    let domo = domo_with(Behaviour::Renders).await;
    // The one that gives no reason has a test of its own.
    let shapes = Behaviour::every_broken_shape().into_iter().filter(|(shape, _)| *shape != Behaviour::SummaryError);
    for (behaviour, reason) in shapes {
        domo.set(CARD, behaviour.clone());
        let response = render(&domo, CARD).await;
        assert_eq!(reason_of(response).await, reason, "{behaviour:?}");
    }
}

#[tokio::test]
async fn every_broken_shape_is_a_400_a_422_or_a_200_that_says_so() {
    let domo = domo_with(Behaviour::Renders).await;
    for (behaviour, _) in Behaviour::every_broken_shape() {
        domo.set(CARD, behaviour.clone());
        let response = render(&domo, CARD).await;
        let status = response.status().as_u16();
        if status == 200 {
            let body: Value = response.json().await.unwrap();
            let says_so = body["status"].as_u64() >= Some(400) || body["summary"]["status"] == json!("error");
            assert!(says_so, "{behaviour:?}");
        } else {
            assert!([400, 422].contains(&status), "{behaviour:?}: {status}");
        }
    }
}

#[test]
fn the_nasty_text_has_4000_characters_and_all_that_breaks_a_reader() {
    let text = nasty_text();
    assert_eq!(text.chars().count(), 4_000);
    assert!(text.starts_with('='));
    for part in ["\"", "<script>", "\r\n", "größe"] {
        assert!(text.contains(part), "{part}");
    }
}

#[tokio::test]
async fn a_failed_render_has_the_whole_envelope() {
    let domo = domo_with(Behaviour::broken("No indexed schema found")).await;
    let body: Value = render(&domo, CARD).await.json().await.unwrap();
    assert_eq!(body["status"], 400);
    assert_eq!(body["statusReason"], "Bad Request");
    assert_eq!(body["path"], format!("/api/content/v1/cards/kpi/{CARD}/render"));
    assert_eq!(body["details"]["error"], "No indexed schema found");
    assert_eq!(body["toe"].as_str().unwrap().len(), 22);
}

#[tokio::test]
async fn a_card_without_data_is_a_200_that_was_not_run() {
    let domo = domo_with(Behaviour::NoData).await;
    let body: Value = render(&domo, CARD).await.json().await.unwrap();
    assert_eq!(body["summary"]["status"], "not_ran");
}

#[tokio::test]
async fn a_bare_summary_error_says_nothing_of_why() {
    let domo = domo_with(Behaviour::SummaryError).await;
    let response = render(&domo, CARD).await;
    assert_eq!(reason_of(response).await, "OK");
}

#[tokio::test]
async fn a_status_comes_with_the_envelope() {
    let domo = domo_with(Behaviour::Renders).await;
    for status in [403, 404, 409, 500, 502, 503, 504] {
        domo.set(CARD, Behaviour::Status(status));
        let response = render(&domo, CARD).await;
        assert_eq!(response.status(), status);
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["status"], status);
    }
}

#[tokio::test]
async fn a_server_error_that_is_counted_ends_with_a_render() {
    let domo = domo_with(Behaviour::ServerErrorTimes(2)).await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(render(&domo, CARD).await.status().as_u16());
    }
    assert_eq!(statuses, [500, 500, 200, 200]);
}

#[tokio::test]
async fn a_sequence_is_used_up_and_its_last_behaviour_stays() {
    let sequence = vec![Behaviour::ServerError, Behaviour::Renders, Behaviour::broken("x")];
    let domo = domo_with(Behaviour::Sequence(sequence)).await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(render(&domo, CARD).await.status().as_u16());
    }
    assert_eq!(statuses, [500, 200, 400, 400]);
}

#[tokio::test]
async fn a_throttled_card_names_the_wait_and_renders_when_it_has_been_refused_enough() {
    let domo = domo_with(Behaviour::Throttled { retry_after: Some(3), times: Some(1) }).await;
    let response = render(&domo, CARD).await;
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "3");
    assert_eq!(render(&domo, CARD).await.status(), 200);
}

#[tokio::test]
async fn a_throttled_card_need_not_name_a_wait() {
    let domo = domo_with(Behaviour::Throttled { retry_after: None, times: None }).await;
    let response = render(&domo, CARD).await;
    assert_eq!(response.status(), 429);
    assert!(response.headers().get("retry-after").is_none());
}

#[tokio::test]
async fn what_is_not_an_answer_of_domos_has_status_200() {
    let domo = domo_with(Behaviour::Html).await;
    let response = render(&domo, CARD).await;
    assert_eq!(response.status(), 200);
    assert!(response.text().await.unwrap().starts_with("<!DOCTYPE html>"));

    domo.set(CARD, Behaviour::CutJson);
    let text = render(&domo, CARD).await.text().await.unwrap();
    assert!(serde_json::from_str::<Value>(&text).is_err());

    domo.set(CARD, Behaviour::NotAnObject);
    let body: Value = render(&domo, CARD).await.json().await.unwrap();
    assert!(body.is_array());
}

#[tokio::test]
async fn a_redirect_leads_to_a_page_that_looks_like_a_success() {
    let domo = domo_with(Behaviour::Redirect).await;
    let response = render(&domo, CARD).await;
    assert_eq!(response.status(), 303);
    let to = response.headers()["location"].to_str().unwrap().to_owned();
    assert!(to.contains("whitelist/blocked"));
    let followed = client().get(format!("{}{to}", domo.url())).send().await.unwrap();
    assert_eq!(followed.status(), 200);
    assert_eq!(domo.calls("blocked_page"), 1);
}

#[tokio::test]
async fn a_card_that_disconnects_gives_no_answer() {
    let domo = domo_with(Behaviour::Disconnects).await;
    let error = render_request(&domo, CARD).send().await.unwrap_err();
    assert!(error.is_request(), "{error:?}");
    assert_eq!(domo.answers("render", 0), 1);
}

#[tokio::test]
async fn an_answer_that_breaks_off_has_a_status_and_no_end() {
    let domo = domo_with(Behaviour::BreaksOff).await;
    // Whether the head comes through before the end is up to the network.
    if let Ok(response) = render_request(&domo, CARD).send().await {
        assert!(response.bytes().await.is_err());
    }
}

#[tokio::test]
async fn a_card_that_hangs_is_in_flight_until_the_client_goes_away() {
    let domo = domo_with(Behaviour::Hangs).await;
    let waiting = tokio::spawn(render_request(&domo, CARD).send());
    while domo.renders_in_flight() == 0 {
        tokio::task::yield_now().await;
    }
    waiting.abort();
    while domo.renders_in_flight() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(domo.renders_of(CARD), 1);
}

#[tokio::test]
async fn a_slow_card_renders_in_the_end() {
    let domo = domo_with(Behaviour::Slow { millis: 5 }).await;
    assert_eq!(render(&domo, CARD).await.status(), 200);
}

#[tokio::test]
async fn a_large_answer_is_valid_json_with_its_verdict_at_the_end() {
    let domo = domo_with(Behaviour::Large { megabytes: 3, ends: Ending::Success }).await;
    let bytes = render(&domo, CARD).await.bytes().await.unwrap();
    assert!(bytes.len() > 3 * 1024 * 1024);
    let end = String::from_utf8_lossy(&bytes[bytes.len() - 200..]).into_owned();
    assert!(end.contains("\"summary\""), "{end}");
    let body: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(body["summary"]["status"], "success");
}

#[tokio::test]
async fn a_large_failure_is_a_failure() {
    let domo = domo_with(Behaviour::Large { megabytes: 1, ends: Ending::BadRequest }).await;
    assert_eq!(render(&domo, CARD).await.status(), 400);
}

#[tokio::test]
async fn a_picture_of_a_healthy_table_is_a_400() {
    let domo = FakeDomo::new(fake_domo::Spec::new(7).pages(10).cards(100)).start().await;
    let mut statuses = std::collections::BTreeSet::new();
    for card in domo.kpi_cards() {
        let path = format!("/api/content/v1/cards/kpi/{card}/render?parts=image");
        let request = with_token(&domo, Method::PUT, &path).json(&json!({}));
        statuses.insert(request.send().await.unwrap().status().as_u16());
    }
    assert_eq!(statuses.into_iter().collect::<Vec<_>>(), [200, 400]);
}

#[tokio::test]
async fn a_missing_card_is_a_404_and_a_document_a_400() {
    let fake = FakeDomo::empty().card_of_type(5, "Handbook", "document", &[]);
    let domo = fake.start().await;
    assert_eq!(render(&domo, 4).await.status(), 404);
    assert_eq!(render(&domo, 5).await.status(), 400);
}

#[tokio::test]
async fn a_behaviour_can_be_written_as_json() {
    let json = json!({"bad_request": {"columns": ["region"]}});
    let behaviour: Behaviour = serde_json::from_value(json).unwrap();
    let wanted = Behaviour::BadRequest(fake_domo::Shape::Columns(vec!["region".into()]));
    assert_eq!(behaviour, wanted);
}
