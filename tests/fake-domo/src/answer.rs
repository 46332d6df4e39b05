//! The answers that any call may get: JSON, Domo's error envelope, HTML. Owns their looks, not the
//! choice between them.

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use serde_json::{Value, json};

const JSON: HeaderValue = HeaderValue::from_static("application/json;charset=utf-8");
const HTML: HeaderValue = HeaderValue::from_static("text/html;charset=utf-8");

const LOGIN_PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Domo - Login</title></head>\
    <body><form action=\"/auth/index\" method=\"post\"><input name=\"username\"></form></body></html>\n";
const BLOCKED_PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Domo - Blocked</title></head>\
    <body><h1>Access blocked</h1><p>Your network does not allow this instance.</p></body></html>\n";
const NOT_ALLOWED_PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Domo</title></head>\
    <body><p>Your IP address is not on the allow list of this instance.</p></body></html>\n";

/// Domo's error envelope, open for more keys.
pub(crate) struct Envelope<'a> {
    pub(crate) status: StatusCode,
    pub(crate) path: &'a str,
    pub(crate) toe: String,
}

impl Envelope<'_> {
    /// The envelope with this message.
    pub(crate) fn value(&self, message: &str) -> Value {
        json!({
            "status": self.status.as_u16(),
            "statusReason": reason_of(self.status),
            "path": self.path,
            "message": message,
            "toe": self.toe,
        })
    }
}

/// The usual words for a status.
pub(crate) fn reason_of(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("Error")
}

/// A status that a test chose; one that HTTP does not know becomes 500.
pub(crate) fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// JSON with this status.
pub(crate) fn json(status: StatusCode, value: &Value) -> Response {
    json_bytes(status, value.to_string())
}

/// JSON that is already text, or is meant to be none.
pub(crate) fn json_bytes(status: StatusCode, body: impl Into<Bytes>) -> Response {
    with_type(status, JSON, Body::from(body.into()))
}

/// JSON that comes piece by piece.
pub(crate) fn json_body(status: StatusCode, body: Body) -> Response {
    with_type(status, JSON, body)
}

/// The page to sign in at.
pub(crate) fn login_page(status: StatusCode) -> Response {
    with_type(status, HTML, Body::from(LOGIN_PAGE))
}

/// The page of a network block.
pub(crate) fn blocked_page(status: StatusCode) -> Response {
    with_type(status, HTML, Body::from(BLOCKED_PAGE))
}

/// The page at the end of [`not_allowed`]'s redirect.
pub(crate) fn not_allowed_page() -> Response {
    with_type(StatusCode::OK, HTML, Body::from(NOT_ALLOWED_PAGE))
}

/// The redirect of an address that is not on the allow list.
pub(crate) fn not_allowed() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let to = HeaderValue::from_static("/whitelist/blocked?reason=ip");
    response.headers_mut().insert(header::LOCATION, to);
    response
}

/// Adds `Retry-After`, in seconds, where there is one.
pub(crate) fn retry_after(mut response: Response, seconds: Option<u64>) -> Response {
    if let Some(seconds) = seconds {
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn with_type(status: StatusCode, kind: HeaderValue, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
