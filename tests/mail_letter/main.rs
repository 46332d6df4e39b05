//! A report reads as a letter: the answer first, the same facts in both parts, foreign text harmless.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod digest;
mod incidents;
mod list;
mod news;
mod owner;
mod paper;
mod reading;
mod recoveries;
