//! What the listener promises to those who read, and what it withstands from those who do not mean to.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod api;
mod api_document;
mod api_fresh;
mod api_lists;
mod api_problems;
mod badge;
#[expect(dead_code, reason = "it remembers pauses that were over at once, and here none is")]
#[path = "../support/clock.rs"]
mod clock;
mod ending;
mod facts;
mod gauges;
mod headers;
mod house;
mod limits;
mod schema;
