//! The fake's own addresses under `/_fake/`, for people with curl. Owns nothing that a test could
//! not do with the handle; Domo has no such addresses.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    body::{Body, to_bytes},
    http::{Method, StatusCode},
    response::Response,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{Behaviour, Condition, Domo, Login, Trouble, answer, server, state::Shared};

type Done = Result<Value, (StatusCode, String)>;

/// What happens to a dataset. A time is in milliseconds since 1970, and now where none is given.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Event {
    DropColumn(String),
    RestoreColumn(String),
    Delete,
    Restore,
    FailRun {
        message: String,
        #[serde(default)]
        at: Option<i64>,
    },
    SucceedRun {
        #[serde(default)]
        at: Option<i64>,
    },
}

/// A dataset to add, or one to feed more cards from.
#[derive(Debug, Deserialize)]
struct NewDataset {
    id: String,
    name: String,
    #[serde(default)]
    columns: Vec<String>,
    #[serde(default)]
    cards: Vec<i64>,
}

#[derive(Debug, Deserialize)]
struct Latency {
    millis: u64,
}

#[derive(Debug, Deserialize)]
struct Email {
    email: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Invalid {
    invalid: u64,
}

/// Answers a request below `/_fake/`.
pub(crate) async fn answer(shared: &Arc<Shared>, method: &Method, path: &str, body: Body) -> Response {
    let domo = Domo::of(shared);
    let body = to_bytes(body, server::MAX_BODY).await.unwrap_or_default();
    let segments: Vec<&str> = path.split('/').collect();
    let done = match (method.as_str(), segments.as_slice()) {
        ("GET", ["cards"]) => Ok(json!(domo.cards())),
        ("GET", ["pages"]) => Ok(json!(domo.pages())),
        ("GET", ["counts"]) => Ok(counts(&domo)),
        ("GET", ["datasets"]) => Ok(json!(domo.datasets())),
        ("POST", ["cards", id]) => parse::<Behaviour>(&body).and_then(|to| set(&domo, id, to)),
        ("POST", ["cards", id, "latency"]) => parse(&body).and_then(|to| slow_down(&domo, id, &to)),
        ("POST", ["datasets"]) => parse(&body).map(|new| add_dataset(&domo, &new)),
        ("POST", ["datasets", id]) => parse(&body).and_then(|event| happens(&domo, id, event)),
        ("POST", ["users", id]) => parse(&body).and_then(|to| set_email(&domo, id, &to)),
        ("POST", ["functions"]) => parse::<Invalid>(&body).map(|to| {
            domo.set_invalid_functions(to.invalid);
            json!(to.invalid)
        }),
        ("POST", ["trouble", endpoint]) => parse(&body).and_then(|to| set_trouble(&domo, endpoint, to)),
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

fn unknown(what: &str, id: &str) -> (StatusCode, String) {
    (StatusCode::NOT_FOUND, format!("no {what} {id}"))
}

fn card(domo: &Domo, id: &str) -> Result<i64, (StatusCode, String)> {
    id.parse().ok().filter(|id| domo.has_card(*id)).ok_or_else(|| unknown("card", id))
}

fn slow_down(domo: &Domo, id: &str, to: &Latency) -> Done {
    domo.set_card_latency(card(domo, id)?, Duration::from_millis(to.millis));
    Ok(json!(to.millis))
}

fn add_dataset(domo: &Domo, new: &NewDataset) -> Value {
    let columns: Vec<&str> = new.columns.iter().map(String::as_str).collect();
    domo.add_dataset(&new.id, &new.name, &columns);
    domo.feed(&new.id, &new.cards);
    json!(new.id)
}

/// Lets something happen to a dataset; tells the cards that it touches.
fn happens(domo: &Domo, id: &str, event: Event) -> Done {
    let dataset = domo.datasets().into_iter().find(|dataset| dataset.id == id);
    let dataset = dataset.ok_or_else(|| unknown("dataset", id))?;
    let cards = match event {
        Event::DropColumn(column) if !dataset.columns.contains(&column) => return Err(unknown("column", &column)),
        Event::DropColumn(column) => domo.drop_column(id, &column),
        Event::RestoreColumn(column) => {
            domo.restore_column(id, &column);
            dataset.cards
        }
        Event::Delete => domo.delete_dataset(id),
        Event::Restore => {
            domo.restore_dataset(id);
            dataset.cards
        }
        Event::FailRun { message, at } => {
            domo.fail_run(id, &message, at.unwrap_or_else(now));
            dataset.cards
        }
        Event::SucceedRun { at } => {
            domo.succeed_run(id, at.unwrap_or_else(now));
            dataset.cards
        }
    };
    Ok(json!({"cards": cards}))
}

fn set_email(domo: &Domo, id: &str, to: &Email) -> Done {
    let user = id.parse().map_err(|_| unknown("user", id))?;
    domo.set_email(user, to.email.as_deref());
    Ok(json!(to.email))
}

fn set_trouble(domo: &Domo, endpoint: &str, to: Option<Trouble>) -> Done {
    if server::endpoint_name(endpoint).is_none() {
        return Err(unknown("endpoint", endpoint));
    }
    let value = json!(to);
    domo.set_trouble(endpoint, to);
    Ok(value)
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(0)
}

fn set(domo: &Domo, id: &str, to: Behaviour) -> Done {
    let card = card(domo, id)?;
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
