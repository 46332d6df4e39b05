//! The fake's own addresses under `/_fake/`, for people with curl. Owns nothing that a test could
//! not do with the handle; Domo has no such addresses.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    http::{Method, StatusCode},
    response::Response,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{Behaviour, Condition, Domo, Login, answer, server, state::Shared};

/// Answers a request below `/_fake/`.
pub(crate) async fn answer(
    shared: &Arc<Shared>,
    method: &Method,
    path: &str,
    body: Body,
) -> Response {
    let domo = Domo::of(shared);
    let body = to_bytes(body, server::MAX_BODY).await.unwrap_or_default();
    let segments: Vec<&str> = path.split('/').collect();
    let done = match (method.as_str(), segments.as_slice()) {
        ("GET", ["cards"]) => Ok(json!(domo.cards())),
        ("GET", ["pages"]) => Ok(json!(domo.pages())),
        ("GET", ["counts"]) => Ok(counts(&domo)),
        ("POST", ["cards", id]) => parse::<Behaviour>(&body).and_then(|to| set(&domo, id, to)),
        ("POST", ["condition"]) => parse::<Condition>(&body).map(|to| {
            domo.set_condition(to);
            json!(to)
        }),
        ("POST", ["login"]) => parse::<Login>(&body).map(|to| {
            domo.set_login(to.clone());
            json!(to)
        }),
        ("POST", ["reset-counts"]) => {
            domo.reset_counts();
            Ok(counts(&domo))
        }
        _ => Err((StatusCode::NOT_FOUND, "see fake-domo --help".to_owned())),
    };
    match done {
        Ok(value) => answer::json(StatusCode::OK, &value),
        Err((status, error)) => answer::json(status, &json!({"error": error})),
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, (StatusCode, String)> {
    serde_json::from_slice(body).map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))
}

fn set(domo: &Domo, id: &str, to: Behaviour) -> Result<Value, (StatusCode, String)> {
    let card = id.parse().ok().filter(|id| domo.has_card(*id));
    let card = card.ok_or_else(|| (StatusCode::NOT_FOUND, format!("no card {id}")))?;
    let value = json!(to);
    domo.set(card, to);
    Ok(value)
}

fn counts(domo: &Domo) -> Value {
    json!({
        "calls": domo.counts(),
        "renders_in_flight": domo.renders_in_flight(),
        "peak_renders_in_flight": domo.peak_renders_in_flight(),
    })
}
