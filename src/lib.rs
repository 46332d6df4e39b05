//! cardwatch tells the admins of Domo instances which cards stopped rendering.
//!
//! # The rooms
//!
//! | room | owns |
//! | --- | --- |
//! | [`domain`] | what is decided: verdicts, states, transitions, what is due to be told. Pure |
//! | [`config`] | what an operator writes, parsed into what the daemon may rely on |
//! | [`clock`] | the one door to time, so that tests can hold it still |
//! | [`domo`] | Domo's API: sign-in, listings, renders, pacing |
//! | [`store`] | SQLite: one method a unit of work, one transaction each |
//! | [`mail`] | a report as a letter, and the SMTP server that takes it |
//! | [`heartbeat`] | the dead man's switch that notices from outside when sweeps stop |
//! | [`http`] | the listener: status page, API, badges, metrics and health |
//! | [`daemon`] | the long-running tasks: schedule, sweeper, mailroom, housekeeping, lifecycle |
//! | [`cli`] | one file a verb |
//!
//! # The import law
//!
//! Imports go one way: `domain ← config ← { domo | store | mail | heartbeat } ← http ← daemon ← cli`.
//! Rooms in braces never see each other; `clock` sees nobody and is seen by the adapters.
//! `tests/architecture.rs` reads each `use crate::` and holds it against this line.
//!
//! # From tick to mail
//!
//! [`daemon::sweeper::sweep_once`] is the function to read first: it lists, plans, renders,
//! confirms, and closes a sweep in one transaction, out of which the gauges and the mails follow.

pub mod cli;
pub mod clock;
pub mod config;
pub mod daemon;
pub mod domain;
pub mod domo;
pub mod heartbeat;
pub mod http;
pub mod mail;
pub mod store;
