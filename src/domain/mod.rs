//! What cardwatch decides. Owns verdicts, card states, transitions, the plan and the outcome of a
//! sweep, what is due to be told and what a report says. Everything here is a plain function over
//! plain types: no clock, no network, no database, no foreign wire shape, no logging.
//!
//! Begin with [`verdict`] and [`card`], go on to [`sweep`], [`closing`] and [`alerts`], which decide what is told, and
//! to [`cause`] and [`incident`], which say what broken cards have in common. The rest is what these speak of.
//!
//! A new state or verdict is a variant; every `match` names all of them, so that the compiler leads to what follows.
//! A new rule belongs here when it can be stated as "given this, that follows"; where it has to ask
//! somebody first, the asking belongs to an adapter and the answer comes in as an argument.

pub mod alerts;
pub mod card;
pub mod cause;
pub mod closing;
mod columns;
pub mod counted;
pub mod dataset;
mod digest;
pub mod extent;
pub mod findings;
pub mod foreign;
mod forest;
pub mod ids;
pub mod incident;
mod lines;
pub mod link;
pub mod maintenance;
pub mod memories;
pub mod mute;
pub mod obstacle;
pub mod owner_mail;
pub mod owners;
pub mod rendering;
pub mod report;
pub mod schedule;
pub mod search;
pub mod shown;
pub mod sight;
pub mod snapshot;
pub mod strip;
pub mod sweep;
mod telling;
mod title;
pub mod verdict;
mod wording;

/// An instant in UTC, the only form in which time is kept.
pub type Timestamp = chrono::DateTime<chrono::Utc>;

/// An instant as programs read it: RFC 3339 in UTC, to the second.
pub fn rfc3339(at: Timestamp) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}
