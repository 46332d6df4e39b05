//! What the whole is for, on the built binary: a fake Domo, a real SMTP server, Debian's promtool, and
//! signals. Each test starts `cardwatch` as its user would.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "another process runs in real time")]

mod asking;
mod backup;
mod blindness;
mod commands;
mod database;
#[path = "../support/dead_mans_switch.rs"]
mod dead_mans_switch;
mod digesting;
mod disk;
mod dying;
mod evidence;
mod heartbeat;
mod hostile;
mod house;
mod incidents;
mod living;
mod logging;
mod mailing;
mod maintenance;
mod memory;
mod muting;
mod news;
mod orders;
mod owners;
#[path = "../support/port.rs"]
mod port;
mod refusing;
mod reloading;
mod search;
mod secrets;
mod starting;
mod sweeping;
mod systemd;
mod tls;
mod watching;
