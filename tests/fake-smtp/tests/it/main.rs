//! The fake, spoken to as a mail client speaks: one behaviour a test.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod client;
mod faults;
mod reading;
mod sending;
