//! The long-running part. Owns the tasks and their wiring: the clockwork that rings, the sweeper that
//! looks, the mailroom that sends, the heart that shows life, the housekeeping, and the life of the
//! process. What is decided is decided in `domain`.
//!
//! [`run`] wires it once, [`reload`] for each configuration; [`schedule`] rings, [`sweeper`] looks, [`mailroom`] sends,
//! [`housekeeping`] forgets, and [`lifecycle`] sees that each of them lives.
//!
//! A new task is a file here with an `async fn` that takes its stop token, is spawned in [`reload`], and
//! beats a [`lifecycle::Pulse`] so that the watchdog notices when it hangs.

mod asking;
pub mod clock;
mod duty;
mod heart;
pub mod housekeeping;
mod lasting;
pub mod lifecycle;
pub mod mailroom;
pub mod metrics;
pub mod reload;
mod renderers;
mod rounds;
pub mod run;
pub mod schedule;
pub mod sweeper;
