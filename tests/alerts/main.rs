//! What the alerts take for granted of the programs around them: that Alertmanager does with them what
//! `deploy/prometheus/README.md` says, and that the daemon's series carry the labels that rules and dashboard ask for.
//! What the rules decide is tested by promtool, in `deploy/prometheus/tests/`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "other processes run in real time")]

mod alertmanager;
#[path = "../acceptance/house.rs"]
#[expect(dead_code, reason = "other tests do more in a house")]
mod house;
mod labels;
#[path = "../support/port.rs"]
mod port;
mod routing;
mod selectors;
