//! The pure core keeps its promises: tables where the contract has tables, properties where it has rules.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod alerts;
mod answers;
mod cards;
mod cause;
mod foreign;
mod ids;
mod nouns;
mod plan;
mod schedule;
mod settling;
mod subjects;
mod summer_time;
