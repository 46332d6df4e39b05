//! Whatever bytes an answer holds, they are taken calmly, and what is made of them keeps its promises.

use std::time::Duration;

use cardwatch::domain::dataset::{Run, RunOutcome};
use cardwatch::domain::verdict::{Answer, Body, Envelope, Finding, REASON_LIMIT, Rendered, judge};
use cardwatch::domo::body::of_render;
use cardwatch::domo::retry::{RETRY_AFTER_CAP, retry_after};
use cardwatch::domo::{SignInProblem, learnt_from, listed_by, login_answered};
use chrono::{DateTime, Datelike, Utc};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Bytes that are anything, or nearly JSON, or JSON in the shape of some answer with values that no answer has.
fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..80),
        "[\\[\\]{},:\"\\\\ua-f0-9 .eE+<-]{0,60}".prop_map(String::into_bytes),
        shaped().prop_map(|value| value.to_string().into_bytes()),
        (shaped(), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(value, place, byte)| {
            let mut bytes = value.to_string().into_bytes();
            let place = place.index(bytes.len());
            bytes[place] = byte;
            bytes
        }),
    ]
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (0_i64..700).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        "\\PC{0,10}|[0-9]{1,20}|kpi|error| ".prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
        Just(json!([[1], {"id": 2}])),
    ]
}

/// An object that has fields of every answer.
fn shaped() -> impl Strategy<Value = Value> {
    let card = (leaf(), leaf(), leaf(), leaf(), leaf()).prop_map(|(id, kind, title, name, page)| {
        json!({"id": id, "type": kind, "title": title, "owners": [{"displayName": name}, name,
            {"id": id, "type": "USER", "displayName": name}], "pageHierarchy": [{"pageId": page, "title": title}, page],
            "datasources": [{"dataSourceId": title, "dataSourceName": name, "state": kind, "lastUpdated": page}, page]})
    });
    let rows = vec(prop_oneof![card, leaf()], 0..5);
    (rows, vec(leaf(), 8)).prop_map(|(rows, leaves)| {
        let [status, reason, message, error, column, summary, token, id] = &leaves[..] else { unreachable!() };
        json!({
            "status": status, "statusReason": reason, "message": message, "toe": id,
            "details": {"error": error, "columns": [column, error]}, "summary": {"status": summary},
            "sessionToken": token, "reason": reason, "twoFactorInfo": {"status": summary},
            "cards": rows, "cardAdminSummaries": rows,
            "pageAdminSummaries": [{"pageId": id, "pageTitle": reason, "parentPageId": status}, {"pageId": 1}],
        })
    })
}

/// An answer about a dataset, its runs, its columns, a user or beast modes; or a list of such.
fn behind_the_cards() -> impl Strategy<Value = Vec<u8>> {
    let time = prop_oneof![leaf(), (0_i64..4_000_000_000_000).prop_map(Value::from), (0.0..4e9).prop_map(Value::from)];
    let state = prop_oneof![leaf(), Just(json!("SUCCESS")), Just(json!("ERROR")), Just(json!("ACTIVE"))];
    let values = (time, state, vec(leaf(), 4), shaped());
    let object = values.prop_map(|(time, state, leaves, card)| {
        let [id, text, name, other] = &leaves[..] else { unreachable!() };
        let run = json!({"executionId": id, "startedAt": time, "endedAt": other, "currentState": state,
            "errors": [{"message": text, "code": name}, other]});
        json!({
            "id": id, "state": state, "lastUpdated": time, "streamId": id, "lastExecution": run, "currentState": state,
            "endedAt": time, "errors": [{"message": text}, {"code": other}], "emailAddress": name, "invalid": other,
            "tables": [{"columns": [{"name": text, "id": name}, other]}, other],
            "datasources": card["cards"][0]["datasources"],
        })
    })
    .boxed();
    let list = vec(prop_oneof![object.clone(), leaf()], 0..4).prop_map(Value::from);
    prop_oneof![body(), prop_oneof![object, list].prop_map(|value| value.to_string().into_bytes())]
}

/// A time that a report can name.
fn is_a_date(at: Option<DateTime<Utc>>) -> bool {
    at.is_none_or(|at| (1970..=9999).contains(&at.year()))
}

fn is_short(text: &str, most: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= most
}

fn texts(envelope: &Envelope) -> impl Iterator<Item = &String> {
    [&envelope.status_reason, &envelope.message, &envelope.error, &envelope.trace]
        .into_iter()
        .flatten()
        .chain(&envelope.columns)
}

proptest! {
    #[test]
    fn a_render_is_judged_and_its_reason_is_short_and_not_empty(body in body(), html in any::<bool>(), status in 0_u16..1000) {
        let body = of_render(&body, html);
        if let Body::Object(envelope) = &body {
            prop_assert!(texts(envelope).all(|text| text.chars().count() <= REASON_LIMIT && !text.trim().is_empty()));
        }
        let foreign = matches!(body, Body::Foreign(_));
        match judge(&Rendered::Answered(Answer { status, body })) {
            Finding::Broken(reason) | Finding::Doubtful(reason) => {
                prop_assert!(!reason.text.trim().is_empty() && reason.text.chars().count() <= REASON_LIMIT);
                prop_assert!(!foreign || status >= 400, "what is not Domo's is no verdict on a card");
            }
            Finding::Hindered(why) | Finding::Foreign(why) => prop_assert!(!why.trim().is_empty()),
            Finding::Working { .. } => prop_assert!(status < 400 && !foreign),
            Finding::SignedOut => {}
        }
    }

    #[test]
    fn nobody_is_signed_in_but_by_a_token(body in body(), html in any::<bool>(), status in prop_oneof![Just(200_u16), 100..600_u16]) {
        let text = String::from_utf8_lossy(&body);
        let token = serde_json::from_str::<Value>(&text).ok().and_then(|value| Some(value.get("sessionToken")?.as_str()?.to_owned()));
        match login_answered("acme.domo.com", status, &body, html) {
            Ok(()) => prop_assert!(status == 200 && token.is_some_and(|token| !token.trim().is_empty())),
            Err(problem) => prop_assert!(problem.to_string().contains("; "), "{} has no remedy", problem),
        }
    }

    #[test]
    fn a_list_gives_titles_and_only_cards_that_are_in_it(body in body()) {
        let (pages, cards) = listed_by(&body);
        for page in &pages {
            prop_assert!(!page.title.trim().is_empty());
            prop_assert!(page.cards.iter().all(|id| cards.iter().any(|card| card.id == *id)));
        }
        for card in &cards {
            prop_assert!(!card.title.trim().is_empty() && !card.kind.0.trim().is_empty());
            prop_assert!(card.owners.iter().all(|owner| !owner.name.trim().is_empty()));
            prop_assert!(card.datasets.iter().flatten().all(|dataset| !dataset.as_str().trim().is_empty()));
        }
    }

    #[test]
    fn what_lies_behind_the_cards_is_told_in_short_or_not_at_all(body in behind_the_cards(), now in any_instant()) {
        let learnt = learnt_from(&body, now);
        prop_assert!(learnt.evidence.looked_at == now && !learnt.evidence.gone && learnt.evidence.schema_change.is_none());
        prop_assert!(learnt.evidence.state.as_deref().is_none_or(|state| is_short(state, 100)));
        prop_assert!(is_a_date(learnt.evidence.updated_at));
        if let Some(Run { at, outcome }) = learnt.evidence.last_run {
            prop_assert!(is_a_date(at));
            let kept = match outcome {
                RunOutcome::Succeeded => true,
                RunOutcome::Failed(message) => message.chars().count() <= 1_000,
                RunOutcome::Other(word) => is_short(&word, 100) && word != "SUCCESS",
            };
            prop_assert!(kept);
        }
        prop_assert!(learnt.evidence.columns.is_none_or(|names| !names.is_empty() && !names.contains("")));
        prop_assert!(learnt.address.is_none_or(|address| !address.as_str().contains(char::is_whitespace)));
        let (cards, datasets) = learnt.cards;
        prop_assert!(cards.values().flatten().all(|dataset| datasets.contains_key(dataset)));
        prop_assert!(datasets.values().all(|dataset| is_short(&dataset.name, REASON_LIMIT) && is_a_date(dataset.updated_at)));
    }

    #[test]
    fn a_server_never_makes_us_wait_longer_than_the_cap(text in "\\PC{0,20}|[0-9]{0,30}|[A-Za-z]{3}, [0-9]{1,3} [A-Za-z]{3} [0-9]{1,9} [0-9:]{0,9} [A-Z+-]{0,3}[0-9]{0,5}", now in any_instant()) {
        prop_assert!(retry_after(&text, now).is_none_or(|wait| wait <= RETRY_AFTER_CAP));
    }

    #[test]
    fn seconds_and_dates_are_waited_for(seconds in 0_i64..300, now in any_instant()) {
        let wanted = Some(Duration::from_secs(seconds.unsigned_abs()));
        prop_assert_eq!(retry_after(&format!(" {seconds} "), now), wanted);
        let then = now + chrono::TimeDelta::seconds(seconds);
        prop_assert_eq!(retry_after(&then.format("%a, %d %b %Y %H:%M:%S GMT").to_string(), now), wanted);
    }
}

fn any_instant() -> impl Strategy<Value = DateTime<Utc>> {
    (0_i64..4_000_000_000).prop_map(|seconds| DateTime::from_timestamp(seconds, 0).unwrap())
}

#[test]
fn a_token_that_fits_in_no_header_is_none() {
    let answer = json!({"sessionToken": "a\nb"}).to_string();
    assert_eq!(login_answered("acme.domo.com", 200, answer.as_bytes(), false), Err(SignInProblem::EmptyAnswer));
}
