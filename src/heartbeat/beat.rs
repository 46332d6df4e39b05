//! What a sweep tells the dead man's switch. Owns which sweep is a sign of life, and its words: counts alone, since
//! they go to a service outside.

use std::fmt::Write as _;

use crate::domain::report::cards;
use crate::domain::shown::Counts;
use crate::domain::sweep::Outcome;

/// A sign of life: one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beat(String);

impl Beat {
    /// The sign of life of a sweep that ended so; `None` where it decided nothing.
    pub fn of(outcome: Outcome, counts: &Counts) -> Option<Self> {
        match outcome {
            Outcome::Completed | Outcome::Partial if counts.decided() > 0 => Some(Self(words(counts))),
            Outcome::Completed | Outcome::Partial | Outcome::Failed | Outcome::Interrupted | Outcome::Skipped => None,
        }
    }

    /// The line.
    pub fn words(&self) -> &str {
        &self.0
    }
}

fn words(counts: &Counts) -> String {
    let mut words = format!("{}: {} working, {} broken", cards(counts.all()), counts.working, counts.broken);
    for (count, what) in [(counts.unchecked, "unchecked"), (counts.unsupported, "unsupported")] {
        if count > 0 {
            // A text grows without ever failing.
            let _ = write!(words, ", {count} {what}");
        }
    }
    words
}
