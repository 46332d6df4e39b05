//! The pure core keeps its promises: tables where the contract has tables, properties where it has rules.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod alerts;
mod answers;
mod any_schedule;
mod cards;
mod cause;
mod closing;
mod closing_rules;
mod digest_parts;
mod digests;
mod evidence;
mod flapping;
mod foreign;
mod ids;
mod incidents;
mod labelled;
mod maintenance;
mod mutes;
mod nouns;
mod obstacles;
mod owner_mails;
mod owners;
mod plan;
mod removal;
mod rendering;
mod schedule;
mod settling;
mod sight;
mod storms;
mod story;
mod subjects;
mod summer_time;
mod titles;
