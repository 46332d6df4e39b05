//! What `deploy/prometheus/` and `deploy/grafana/` promise, before the programs that it is for: Debian's promtool, Prometheus and
//! Alertmanager, and the built daemon beside a fake Domo.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "other processes run in real time")]

mod alerting;
mod dashboard;
#[path = "../acceptance/house.rs"]
#[expect(dead_code, reason = "other tests do more in a house")]
mod house;
#[path = "../support/port.rs"]
mod port;
mod rules;
mod watchers;
