//! Whether cardwatch itself is well. Owns `/healthz` and `/readyz`; how Domo fares is a matter
//! of the status page and of metrics.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::Board;

pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

pub(super) async fn readyz(State(board): State<Board>) -> Response {
    let mut causes = Vec::new();
    if let Err(error) = board.store.ping().await {
        causes.push(error.to_string());
    }
    if let Err(cause) = (board.readiness)() {
        causes.push(cause);
    }
    if causes.is_empty() {
        return "ready\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {}\n", causes.join("; "))).into_response()
}
