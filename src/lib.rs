//! cardwatch tells the admins of Domo instances which cards stopped rendering.
//!
//! It asks Domo to render each card on a schedule and keeps each answer; it mails what broke and what works again, and
//! shows what is true now as gauges, pages and JSON. This library is that one program in rooms, so that tests, benches
//! and the demo can use each by itself. It promises nothing to other crates: what the program reads, prints and serves
//! is promised, by `README.md`.
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
//! Rooms in braces never see each other, and of them `http` sees the store alone. `clock` sees nobody; it is given to all
//! but `domain`, `config` and `store`. `tests/architecture.rs` holds each path that begins with `crate::` against this.
//!
//! # An order to read in
//!
//! 1. [`domain::verdict`] and [`domain::card`]: what one render says, and what that makes of a card.
//! 2. [`daemon::sweeper::sweep_once`]: a sweep on one screen. It lists, plans, renders, confirms, asks why, and closes in
//!    one transaction, out of which the gauges and the mails follow.
//! 3. [`domain::closing`] and [`domain::alerts`]: what that transaction decides, and what is due to be told.
//! 4. [`store::Store`]: the units of work; [`begin_sweep`](store::Store::begin_sweep) and
//!    [`finish_sweep`](store::Store::finish_sweep) first.
//! 5. [`daemon::mailroom`], [`mail::message`] and [`mail::mailer`]: from the outbox to the SMTP server.
//! 6. [`domain::snapshot`] and [`http`]: what readers see, and where it comes from.
//! 7. [`daemon::run`], [`daemon::reload`] and [`daemon::lifecycle`]: how the tasks are wired, changed, watched and ended.

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
