//! The store keeps what it is given, whole or not at all: on a real SQLite in a folder of its own.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod asked;
mod backup;
mod board;
mod card_past;
mod closing;
mod datasets;
mod economy;
mod export;
mod history;
mod house;
mod incidents;
mod lately;
mod life;
mod listings;
mod mutes;
#[path = "../domain/nouns.rs"]
mod nouns;
mod opening;
mod outbox;
mod removal;
mod retention;
mod rows;
mod sight;
mod size;
mod snapshot;
mod views;
