//! The status page and the pages below it, for people in a browser. Owns what they show and how; they work without
//! script, bring nothing from elsewhere, and change nothing. What is true comes from the snapshot, what was from the
//! database.
//!
//! A new page is a handler in a file of its own, made of [`scene::Scene`] and [`shell::page`], and a line in
//! `super::router`.

mod answer;
mod cards;
mod find;
pub(super) mod home;
mod incident;
mod parts;
mod scene;
pub(super) mod shell;
mod tile;
