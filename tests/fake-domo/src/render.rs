//! Rendering a card: how each [`Behaviour`] looks on the wire. Owns the bodies of answers, the
//! large ones included; which behaviour is due is decided in `state` and `behaviour`.

use std::{future, io, iter, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::StatusCode,
    response::Response,
};
use futures::stream;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    BODY_STATUS_REASON, Behaviour, Ending, LARGE_REASON, Shape, answer, limits,
    server::Incoming,
    state::{InFlight, Render},
};

/// What nearly every render of nearly every test comes to, ready made.
const USUAL_PARTS: &str = "dynamic,summary";
const USUAL_BODY: &str = r#"{"dynamic":{},"summary":{"label":"Total","value":"1.2M","number":1204331.5,"data":[],"status":"success"},"limited":false,"notAllDataShown":false}"#;

/// A row of a large answer.
const ROW: &str = "[\"2026-01-31\",\"EMEA\",\"größe\",184467.25],";
const CHUNK: usize = 64 * 1024;

#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default)]
    parts: String,
}

/// `PUT /api/content/v1/cards/kpi/{id}/render`; none closes the connection.
pub(crate) async fn answer(request: &Incoming<'_>, id: i64) -> Option<Response> {
    let parts = request.query::<Asked>().parts;
    if parts.is_empty() {
        let message = "Required request parameter 'parts' is not present";
        return Some(request.refuse(StatusCode::BAD_REQUEST, message));
    }
    let in_flight = request.shared.render_begins();
    let due = request.shared.world().render(id, request.shared.renders_in_flight());
    match due {
        Render::NoSuchCard => Some(request.refuse(StatusCode::NOT_FOUND, "Not Found")),
        Render::NotKpi(kind) => {
            let error = format!("Cards of type {kind} have no render");
            Some(bad_request(request, &Shape::Error(error)))
        }
        Render::OverCapacity(retry_after) => Some(throttled(request, retry_after)),
        Render::Due { behaviour, chart_type, latency, workers } => {
            let _worker = limits::worker(workers).await;
            pause(latency).await;
            // A picture is the one part that healthy tables do not have.
            if chart_type == "badge_table" && parts.split(',').any(|part| part == "image") {
                return Some(request.refuse(StatusCode::BAD_REQUEST, "Bad Request"));
            }
            perform(request, &parts, behaviour, in_flight).await
        }
    }
}

async fn perform(request: &Incoming<'_>, parts: &str, behaviour: Behaviour, in_flight: InFlight) -> Option<Response> {
    let ok = StatusCode::OK;
    Some(match behaviour {
        // The counting ones have been resolved to what is due.
        Behaviour::Renders | Behaviour::ServerErrorTimes(_) | Behaviour::Sequence(_) => rendered(parts, "success"),
        Behaviour::NoData => rendered(parts, "not_ran"),
        Behaviour::SummaryError => rendered(parts, "error"),
        Behaviour::SummaryErrorWith(error) => {
            let mut body = success_body(parts, "error");
            body.insert("details".to_owned(), json!({"error": error}));
            answer::json(ok, &Value::Object(body))
        }
        Behaviour::BadRequest(shape) => bad_request(request, &shape),
        Behaviour::Unprocessable(error) => failed(request, StatusCode::UNPROCESSABLE_ENTITY, &error),
        Behaviour::BodyStatus(code) => {
            let body = failure_body(request, answer::status(code), BODY_STATUS_REASON);
            answer::json(ok, &body)
        }
        Behaviour::ServerError => with_status(request, 500),
        Behaviour::Status(code) => with_status(request, code),
        Behaviour::Hangs => future::pending().await,
        Behaviour::Slow { millis } => {
            pause(Duration::from_millis(millis)).await;
            rendered(parts, "success")
        }
        Behaviour::Html => answer::login_page(ok),
        Behaviour::HtmlStatus(code) => answer::login_page(answer::status(code)),
        Behaviour::CutJson => answer::json_bytes(ok, Bytes::from_static(&USUAL_BODY.as_bytes()[..60])),
        Behaviour::BreaksOff => breaks_off(),
        Behaviour::NotAnObject => answer::json_bytes(ok, "[{\"status\":\"success\"}]"),
        Behaviour::Redirect => answer::not_allowed(),
        Behaviour::Throttled { retry_after, .. } => throttled(request, retry_after),
        Behaviour::Large { megabytes, ends } => large(request, megabytes, ends, in_flight),
        Behaviour::Disconnects => return None,
    })
}

/// Waits; not at all for no time, which a timer would round up to a millisecond.
async fn pause(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

fn rendered(parts: &str, summary: &str) -> Response {
    if parts == USUAL_PARTS && summary == "success" {
        return answer::json_bytes(StatusCode::OK, Bytes::from_static(USUAL_BODY.as_bytes()));
    }
    let body = success_body(parts, summary);
    answer::json(StatusCode::OK, &Value::Object(body))
}

/// A success has a key for each part asked for, and no other part.
fn success_body(parts: &str, summary: &str) -> Map<String, Value> {
    let mut body = Map::new();
    for part in parts.split(',') {
        let value = if part == "summary" { summary_body(summary) } else { json!({}) };
        body.insert(part.to_owned(), value);
    }
    body.insert("limited".to_owned(), false.into());
    body.insert("notAllDataShown".to_owned(), false.into());
    body
}

fn summary_body(status: &str) -> Value {
    if status == "success" {
        return json!({
            "label": "Total", "value": "1.2M", "number": 1_204_331.5, "data": [], "status": status,
        });
    }
    json!({"label": "", "value": "", "number": null, "data": null, "status": status})
}

fn with_status(request: &Incoming<'_>, code: u16) -> Response {
    let status = answer::status(code);
    request.refuse(status, answer::reason_of(status))
}

fn throttled(request: &Incoming<'_>, retry_after: Option<u64>) -> Response {
    let response = with_status(request, 429);
    answer::retry_after(response, retry_after)
}

fn failed(request: &Incoming<'_>, status: StatusCode, error: &str) -> Response {
    answer::json(status, &failure_body(request, status, error))
}

fn failure_body(request: &Incoming<'_>, status: StatusCode, error: &str) -> Value {
    let message = answer::reason_of(status);
    let mut body = request.envelope(status).value(message);
    body["details"] = json!({"error": error});
    body
}

fn bad_request(request: &Incoming<'_>, shape: &Shape) -> Response {
    let status = StatusCode::BAD_REQUEST;
    let envelope = |message: &str| request.envelope(status).value(message);
    let with_details = |message: &str, details: Value| {
        let mut body = envelope(message);
        body["details"] = details;
        body
    };
    let body = match shape {
        Shape::Error(error) => with_details("Bad Request", json!({"error": error})),
        Shape::Columns(columns) => {
            let mut body = with_details("Bad Request", json!({"columns": columns}));
            body["errorCode"] = "ib:4100".into();
            body
        }
        Shape::NoDetails(message) => envelope(message),
        Shape::NullError(message) => with_details(message, json!({"error": null})),
        Shape::ErrorNotText(message) => with_details(message, json!({"error": {"code": 4100, "causes": ["x"]}})),
        Shape::BlankError(message) => with_details(message, json!({"error": " \n", "columns": []})),
        Shape::MessageOnly(message) => json!({"message": message}),
        Shape::StatusReasonOnly(reason) => {
            json!({"status": status.as_u16(), "statusReason": reason})
        }
        Shape::EmptyBody => return answer::json_bytes(status, ""),
    };
    answer::json(status, &body)
}

/// Begins a body and then ends the connection instead of the body.
fn breaks_off() -> Response {
    let begun = Bytes::from_static(&USUAL_BODY.as_bytes()[..40]);
    let gone = io::Error::from(io::ErrorKind::ConnectionReset);
    let body = Body::from_stream(stream::iter([Ok(begun), Err(gone)]));
    answer::json_body(StatusCode::OK, body)
}

/// An answer that is made while it is sent, so that its size costs no memory.
fn large(request: &Incoming<'_>, megabytes: u32, ends: Ending, in_flight: InFlight) -> Response {
    let status = match ends {
        Ending::BadRequest => StatusCode::BAD_REQUEST,
        Ending::Success | Ending::SummaryError | Ending::BodyStatus => StatusCode::OK,
    };
    let end = large_end(request, ends).to_string();
    let rows = Bytes::from(ROW.repeat(CHUNK / ROW.len()));
    let wanted = u64::from(megabytes) * 1024 * 1024;
    let chunks = wanted.div_ceil(u64::try_from(rows.len()).unwrap_or(u64::MAX));
    let count = usize::try_from(chunks).unwrap_or(usize::MAX);
    let head = Bytes::from_static(b"{\"limited\":true,\"notAllDataShown\":false,\"dynamic\":{\"rows\":[");
    // The last row closes the list; the object of the end goes on in the one that is open.
    let tail = Bytes::from(format!("[]]}},{}", end.trim_start_matches('{')));
    let pieces = iter::once(head).chain(iter::repeat_n(rows, count)).chain(iter::once(tail)).map(move |piece| {
        // The render is in flight until its last byte is.
        let _held = &in_flight;
        Ok::<_, io::Error>(piece)
    });
    answer::json_body(status, Body::from_stream(stream::iter(pieces)))
}

/// The keys that come after the rows.
fn large_end(request: &Incoming<'_>, ends: Ending) -> Value {
    let bad = StatusCode::BAD_REQUEST;
    match ends {
        Ending::Success => json!({"summary": summary_body("success")}),
        Ending::SummaryError => json!({
            "details": {"error": LARGE_REASON},
            "summary": summary_body("error"),
        }),
        Ending::BodyStatus | Ending::BadRequest => failure_body(request, bad, LARGE_REASON),
    }
}
