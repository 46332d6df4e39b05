//! What the API says when it has no answer: problem details in JSON (RFC 9457). Owns that each says in plain words what
//! is wrong and what to do.

use axum::Json;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::foreign::one_line;
use crate::store::StoreError;

/// The media type of a problem.
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// What 404 says, for the description of the API.
pub(super) const MISSING: &str = "What is asked for is not there; the detail says what is.";

/// What was asked for is repeated in so many characters at most.
const QUOTED: usize = 80;

/// Why there is no answer (RFC 9457).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Problem {
    /// `about:blank`: the status says what kind of problem it is.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What is wrong, and what to do about it.
    detail: String,
}

impl Problem {
    /// The request itself is wrong.
    pub(super) fn asked(detail: String) -> Self {
        Self::of(StatusCode::BAD_REQUEST, detail)
    }

    /// What was asked for is not there.
    pub(super) fn missing(detail: String) -> Self {
        Self::of(StatusCode::NOT_FOUND, detail)
    }

    /// The database gave no answer; what it said is for the log alone.
    pub(super) fn of_store(error: &StoreError) -> Self {
        tracing::error!("the API cannot read the database: {error}");
        Self::of_us("the database cannot be read now; the log of cardwatch says why")
    }

    /// The request is right, and cannot be answered all the same.
    pub(super) fn of_us(detail: &str) -> Self {
        Self::of(StatusCode::INTERNAL_SERVER_ERROR, detail.to_owned())
    }

    fn of(status: StatusCode, detail: String) -> Self {
        let title = status.canonical_reason().unwrap_or("Problem");
        Self { kind: "about:blank", title, status: status.as_u16(), detail }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, [(header::CONTENT_TYPE, MEDIA_TYPE)], Json(self)).into_response()
    }
}

/// What somebody sent, fit to be repeated.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", one_line(text, QUOTED))
}

/// For what no route leads to.
pub(super) async fn nowhere(uri: Uri) -> Problem {
    let path = quoted(uri.path());
    Problem::missing(format!("there is nothing at {path}; /api/v1/openapi.json describes every address"))
}

/// For methods that would change something; the router adds those that are allowed.
pub(super) async fn read_only(method: Method) -> Problem {
    let method = quoted(method.as_str());
    let detail = format!("the API is read-only: {method} is not answered, ask with GET or HEAD");
    Problem::of(StatusCode::METHOD_NOT_ALLOWED, detail)
}
