//! What an operator writes is read as they mean it, or refused in words that help.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod any_input;
mod finding;
mod house;
mod mistakes;
mod precedence;
mod secrecy;
mod secrets;
mod values;
