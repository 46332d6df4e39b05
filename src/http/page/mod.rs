//! The status page and the pages below it, for people in a browser. Owns what they show and how; they work without
//! script, bring nothing from elsewhere, and change nothing. What is true comes from the snapshot, what was from the
//! database.
//!
//! A new page is a handler in a file of its own, made of [`scene::Scene`] and [`shell::page`], and a line in
//! `router`.

mod answer;
pub(super) mod card;
mod cards;
mod chart;
pub(super) mod dashboard;
mod find;
mod graphs;
pub(super) mod home;
mod incident;
pub(super) mod instance;
pub(super) mod missing;
mod parts;
mod past;
mod removed;
pub(super) mod runbook;
mod scene;
pub(super) mod shell;
mod sweeps;
mod tile;
mod timeline;
