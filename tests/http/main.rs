//! What the listener promises to those who read, and what it withstands from those who do not mean to.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod api;
mod api_document;
mod api_fresh;
mod api_lists;
mod api_problems;
mod badge;
mod card_page;
mod charts;
#[expect(dead_code, reason = "it remembers pauses that were over at once, and here none is")]
#[path = "../support/clock.rs"]
mod clock;
mod coalescing;
mod dashboard_page;
mod ending;
mod facts;
mod find;
mod gauges;
mod headers;
mod home;
mod house;
mod incidents;
mod instance_page;
mod lately;
mod limits;
mod past;
mod rooms;
mod runbook;
mod safety;
mod scenes;
mod schema;
mod unknown;
