//! Answers in JSON. Owns how a value is written, and how a list says where it goes on (RFC 8288).

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::asked::Asked;
use super::problem::Problem;
use crate::http::json;

const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/json");

/// A value as an answer.
pub(super) fn json(value: &impl Serialize) -> Result<Response, Problem> {
    let mut body = Vec::with_capacity(4 * 1024);
    match json::write(&mut body, value) {
        Ok(()) => Ok(([(header::CONTENT_TYPE, MEDIA_TYPE)], body).into_response()),
        Err(error) => {
            tracing::error!("an answer of the API cannot be written as JSON: {error}");
            Err(Problem::of_us("this answer cannot be written; the log of cardwatch says why"))
        }
    }
}

/// A part of a list as an answer, with the address of the next part where there is one.
pub(super) fn list(value: &impl Serialize, path: &str, asked: &Asked, next: Option<&str>) -> Result<Response, Problem> {
    let mut response = json(value)?;
    let link = next.map(|cursor| format!("<{path}?{}>; rel=\"next\"", asked.after(cursor)));
    if let Some(Ok(link)) = link.as_deref().map(HeaderValue::from_str) {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

/// Takes the first `limit` rows; where there are more, the last of them is where the list goes on.
pub(super) fn part<T>(rows: impl Iterator<Item = T>, limit: usize) -> (Vec<T>, bool) {
    let mut part: Vec<T> = rows.take(limit.saturating_add(1)).collect();
    let more = part.len() > limit;
    part.truncate(limit);
    (part, more)
}
