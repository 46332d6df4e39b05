//! Bodies of answers in one piece, for those who look at an answer before it is sent. Owns how large one may be.

use axum::body::{self, Body, Bytes};
use axum::http::response::Parts;
use axum::http::{HeaderValue, Response, StatusCode, header};

/// No answer is larger, in bytes: each list is bounded, and its texts are.
const LARGEST: usize = 64 * 1024 * 1024;

/// An answer with all of its body; one that is too large becomes an error.
pub(super) async fn whole(answer: Response<Body>) -> (Parts, Bytes) {
    let (mut parts, body) = answer.into_parts();
    let body = body::to_bytes(body, LARGEST).await.unwrap_or_else(|error| {
        tracing::error!("an answer is too large to be sent: {error}");
        parts.status = StatusCode::INTERNAL_SERVER_ERROR;
        parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        Bytes::from_static(b"this answer is too large\n")
    });
    (parts, body)
}
