//! Mistakes of a configuration, in words for the person who made them. Owns their form: where, which key,
//! what is wrong, what to do. It does not own finding them. A secret never gets in here: who reports a
//! mistake of a secret says what is wrong without the value.

use std::fmt;

use crate::domain::foreign::clipped;

/// The longest given value that a problem repeats, in characters.
const SHOWN_LIMIT: usize = 80;

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file, or the environment variable, or `command line`.
    pub source: String,
    /// The key, as a dotted path; `None` where the whole source is meant.
    pub key: Option<String>,
    /// What is wrong, with the value given where it is no secret.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, key, what, remedy } = self;
        match key {
            Some(key) => write!(f, "{source}: {key}: {what}; {remedy}"),
            None => write!(f, "{source}: {what}; {remedy}"),
        }
    }
}

/// Every mistake of a configuration, at least one, in the order of the contract's keys; displayed a line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    pub(super) fn one(source: impl Into<String>, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self(vec![Problem { source: source.into(), key: None, what: what.into(), remedy: remedy.into() }])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// What is wrong with one value, before it is known whose value it is.
#[derive(Debug)]
pub(super) struct Mistake {
    /// See [`Problem::what`].
    pub(super) what: String,
    /// See [`Problem::remedy`].
    pub(super) remedy: String,
}

impl Mistake {
    pub(super) fn new(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), remedy: remedy.into() }
    }
}

/// A given text in quotes: control characters are escaped, and a long text is cut.
pub(super) fn quote(text: &str) -> String {
    let cut = if text.chars().nth(SHOWN_LIMIT).is_some() { "…" } else { "" };
    format!("'{}{cut}'", escape(&clipped(text, SHOWN_LIMIT)))
}

/// A given text with its control characters escaped, so that it cannot steer a terminal or forge a line.
pub(super) fn escape(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() }).collect()
}
