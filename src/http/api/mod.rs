//! The API: what is true and what was, as JSON for other programs. Owns its addresses and its shapes; nothing can be
//! changed through it, each list is bounded and goes on by cursors, and an answer that says the same as before is the
//! same to the byte, so that it can be asked for by its tag.
//!
//! A new address is a module with a `PATH` and a handler that `#[utoipa::path]` describes, and a line in
//! [`document`]'s table, from which router and description are both made.

mod answer;
mod asked;
mod card;
mod cards;
mod cursor;
mod data;
mod dataset;
mod document;
mod incidents;
mod instances;
mod past;
mod problem;
mod seen;
mod sweeps;

use axum::routing::any;
use axum::{Router, middleware};

use super::coalescing::{self, Coalescer};
use super::{Board, fresh};

/// Every address below `/api`.
pub(super) fn router(coalescer: Coalescer) -> Router<Board> {
    let described = document::routes().method_not_allowed_fallback(problem::read_only);
    let nowhere = ["/api", "/api/", "/api/{*rest}"];
    let all = nowhere.into_iter().fold(described, |router, path| router.route(path, any(problem::nowhere)));
    // The tag is each reader's own matter, and so it stands around what they share.
    all.layer(middleware::from_fn_with_state(coalescer, coalescing::share)).layer(middleware::from_fn(fresh::tag))
}
