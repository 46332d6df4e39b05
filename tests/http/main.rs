//! What the listener promises to those who read, and what it withstands from those who do not mean to.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod card_page;
mod charts;
#[expect(dead_code, reason = "it remembers pauses that were over at once, and here none is")]
#[path = "../support/clock.rs"]
mod clock;
mod dashboard_page;
mod ending;
mod find;
mod gauges;
mod headers;
mod home;
mod house;
mod instance_page;
mod limits;
mod past;
mod rooms;
mod scenes;
