//! What the operator writes. Owns reading the sources (defaults < file < environment < flags), secrets,
//! and the parsing into [`Config`], which the rest may rely on without a further check. Every mistake
//! is a [`problems::Problem`] that names file, key and remedy, and all of them are told at once. It does not own what a
//! value is for, and asks nobody over a network whether it is right: that is what `check-config --online` does.
//!
//! A new key is a field in [`valid`], a line in the table of `keys.rs`, its reading beside the others of its
//! section, a line in `config.toml.example`, and a bad value among the tests.

mod address;
mod credential;
mod cron;
mod email;
pub mod environment;
mod heartbeat;
mod house;
mod instance;
mod keys;
mod layers;
mod load;
mod maintenance;
mod owners;
pub mod problems;
mod reading;
pub mod secret;
mod secret_source;
mod section;
pub mod valid;

pub use environment::Environment;
pub use keys::{Key, known_keys};
pub use load::{LoadRequest, Loaded, load, load_text};
pub use problems::{Problem, Problems};
pub use valid::Config;
