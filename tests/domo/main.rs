//! What the Domo client promises, one module a promise; one binary, since linking is what tests wait for.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod any_bytes;
mod bodies;
mod canned;
#[path = "../support/clock.rs"]
mod clock;
mod desk;
mod evidence;
mod feeding;
mod fields;
mod gate;
mod large;
mod limited;
mod listing;
mod network;
mod odd_evidence;
mod owners;
mod pace;
mod packed;
mod render;
mod retries;
mod secrecy;
mod session;
mod sign_in;
mod slow_down;
mod unlisted;
mod window;
