//! The fake, asked over HTTP as cardwatch asks Domo: one behaviour a test.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod client;
mod counts;
mod instance;
mod listing;
mod login;
mod program;
mod render;
mod upstream;
