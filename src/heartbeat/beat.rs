//! What a sweep tells the dead man's switch. Owns which sweep is a sign of life, and its words: counts alone, since
//! they go to a service outside.

use std::fmt::Write as _;

use crate::domain::sweep::{Outcome, Tally};

/// A sign of life: one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beat(String);

impl Beat {
    /// The sign of life of a sweep that ended so; `None` where it decided nothing.
    pub fn of(outcome: Outcome, tally: &Tally) -> Option<Self> {
        match outcome {
            Outcome::Completed | Outcome::Partial if tally.decided() > 0 => Some(Self(words(tally))),
            Outcome::Completed | Outcome::Partial | Outcome::Failed | Outcome::Interrupted | Outcome::Skipped => None,
        }
    }

    /// The line.
    pub fn words(&self) -> &str {
        &self.0
    }
}

fn words(tally: &Tally) -> String {
    let cards = tally.cards();
    let noun = if cards == 1 { "card" } else { "cards" };
    let mut words = format!("{cards} {noun}: {} working, {} broken", tally.working, tally.broken);
    for (count, what) in [(tally.unchecked, "unchecked"), (tally.unsupported, "of other types")] {
        if count > 0 {
            // A text grows without ever failing.
            let _ = write!(words, ", {count} {what}");
        }
    }
    words
}
