//! Whether an instance can be checked at all. Owns counting the sweeps that decided nothing, and when to say
//! so, to repeat it and to say that it is over; why nothing could be decided is the caller's to tell.

use super::Timestamp;
use super::alerts::{self, Policy};

/// How long nothing was decided, and what was told of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sight {
    /// Sweeps in a row that decided nothing; 0 = the latest one decided something.
    pub blind_sweeps: u32,
    /// When the first of them began.
    pub blind_since: Option<Timestamp>,
    /// What was told of it, and is not over for the reader yet.
    pub told: Option<BlindTold>,
}

/// A mail that said that cards cannot be checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlindTold {
    /// When it was told, or last repeated.
    pub at: Timestamp,
    /// The Message-ID of the first mail that said so.
    pub message_id: String,
    /// Since when, as that mail said.
    pub since: Timestamp,
}

/// What is to be said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SightNews {
    /// Cards cannot be checked.
    Lost {
        /// Since when.
        since: Timestamp,
        /// In how many sweeps in a row.
        sweeps: u32,
        /// It was said before.
        again: bool,
        /// Why, in two or three words.
        brief: String,
        /// Why, and what to do about it.
        why: String,
    },
    /// They can be checked again.
    Regained {
        /// Since when they could not.
        since: Timestamp,
    },
}

impl Sight {
    /// After one more sweep, which began at `began` and decided something or nothing.
    #[must_use]
    pub fn after(self, decided: bool, began: Timestamp) -> Self {
        match (decided, self.blind_since) {
            (true, _) => Self { blind_sweeps: 0, blind_since: None, told: self.told },
            (false, since) => Self {
                blind_sweeps: self.blind_sweeps.saturating_add(1),
                blind_since: since.or(Some(began)),
                told: self.told,
            },
        }
    }

    /// Takes what is due to be said out of it, to be sent under `message_id`; `why` is asked only then.
    pub fn tell(
        &mut self,
        policy: &Policy,
        now: Timestamp,
        message_id: &str,
        why: impl FnOnce() -> Why,
    ) -> Option<SightNews> {
        match (self.blind_since, &mut self.told) {
            (None, told) => told.take().map(|told| SightNews::Regained { since: told.since }),
            (Some(since), None) if self.blind_sweeps >= policy.blind_after => {
                self.told = Some(BlindTold { at: now, message_id: message_id.to_owned(), since });
                Some(lost(since, self.blind_sweeps, false, why()))
            }
            (Some(_), None) => None,
            (Some(_), Some(told)) => {
                let due = alerts::reminder_due(told.at, policy, now);
                due.then(|| {
                    told.at = now;
                    lost(told.since, self.blind_sweeps, true, why())
                })
            }
        }
    }
}

/// Why nothing could be decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// In two or three words.
    pub brief: String,
    /// In full, with the remedy.
    pub full: String,
}

fn lost(since: Timestamp, sweeps: u32, again: bool, why: Why) -> SightNews {
    SightNews::Lost { since, sweeps, again, brief: why.brief, why: why.full }
}
