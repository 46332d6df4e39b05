//! Answers that a reader may keep, and ask whether they still hold (RFC 9110, sections 8.8.3 and 13.1.2). Owns the tag
//! and the comparison; what is answered is each handler's, which has to leave out what changes with each look.

use std::hash::{DefaultHasher, Hasher};

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use axum::middleware::Next;

use super::body::whole;

/// Tags what was found, and answers 304 where the reader has it already.
pub(super) async fn tag(request: Request, next: Next) -> Response<Body> {
    let known = request.headers().clone();
    let (mut parts, bytes) = whole(next.run(request).await).await;
    if parts.status != StatusCode::OK {
        return Response::from_parts(parts, Body::from(bytes));
    }
    let tag = entity_tag(&bytes);
    let holds = matches(&known, &tag);
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        parts.headers.insert(header::ETAG, tag);
    }
    // It may be kept, and has to be asked about before it is shown again.
    parts.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if holds {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_TYPE);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(bytes))
}

/// A strong tag: 128 bits of the body, the same in each process of one version.
fn entity_tag(body: &Bytes) -> String {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        hasher.write_u8(salt);
        hasher.write(body);
        hasher.finish()
    };
    format!("\"{:016x}{:016x}\"", half(0), half(1))
}

/// Whether the reader's tags name this one. A proxy that compresses may have made it a weak one, which is the same here
/// (RFC 9110, section 13.1.2).
fn matches(headers: &HeaderMap, tag: &str) -> bool {
    let sent = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = sent.flat_map(|value| value.split(',')).map(str::trim);
    tags.any(|sent| sent == "*" || sent.strip_prefix("W/").unwrap_or(sent) == tag)
}
