//! The dead man's switch: somebody outside who notices when sweeps stop. Owns what a sweep tells it, the request that
//! does, when that is repeated, and its count; it does not own when a sweep has ended, nor who waits for the answer.
//!
//! It is the plain ping that Healthchecks.io documents and its like take as well: one POST after each sweep that
//! decided something, with one line of text for their log. There is no ping at the start of a sweep and none for a
//! failure: both are addresses of one service alone, and silence says as much.
//!
//! Another fact is told by `beat`, in counts alone, since it leaves the house; another answer of a service is read in
//! `client`.

mod beat;
mod client;
mod metrics;

pub use beat::Beat;
pub use client::{Heartbeat, Missed, NoClient};
pub use metrics::HeartbeatMetrics;
