//! What the operator writes. Owns reading the sources (defaults < file < environment < flags), secrets,
//! and the parsing into [`Config`], which the rest may rely on without a further check. Every mistake
//! is a [`problems::Problem`] that names file, key and remedy, and all of them are told at once.
//!
//! A new key is a field in [`valid`], its reading beside the others of its section, a line in
//! `config.toml.example`, and a bad value among the tests.

pub mod secret;
pub mod valid;

pub use valid::Config;
