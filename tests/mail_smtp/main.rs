//! A letter reaches the SMTP server, or it is said why not: nothing that can be mended loses it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod checked;
mod composed;
mod desk;
#[path = "../support/scripted_smtp.rs"]
mod scripted_smtp;
mod secured;
mod taken;
