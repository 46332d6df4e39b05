//! Whether an instance can be checked at all. Owns counting the sweeps that decided nothing, and when to say
//! so, to repeat it and to say that it is over; why nothing could be decided is `obstacle`'s, or the
//! adapter's that could not even list cards.
//!
//! Only sweeps of the whole instance count. A sweep that found no card to decide counts as one that decided
//! nothing, even where there never was one: a monitor that watches nothing must say so.

use super::Timestamp;
use super::alerts::{self, Policy};

/// Whether nothing is being decided, and what was told of that.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sight {
    /// The sweeps that decide nothing; `None` = the latest one decided something.
    pub blind: Option<Blind>,
    /// What was told of it, and is not over for the reader yet.
    pub told: Option<BlindTold>,
}

/// Sweeps in a row that decided nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blind {
    /// When the first of them began.
    pub since: Timestamp,
    /// How many there were; at least 1.
    pub sweeps: u32,
}

/// A mail that said that cards cannot be checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlindTold {
    /// When it was told, or last repeated.
    pub at: Timestamp,
    /// The Message-ID of the first mail that said so.
    pub message_id: String,
    /// Since when, as the latest of these mails said.
    pub since: Timestamp,
}

/// Why nothing could be decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// In two or three words, for a subject: never foreign text.
    pub brief: &'static str,
    /// In full, with the remedy.
    pub full: String,
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
        /// Why the latest of them could not.
        why: Why,
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
        let blind = match self.blind {
            _ if decided => None,
            None => Some(Blind { since: began, sweeps: 1 }),
            Some(Blind { since, sweeps }) => Some(Blind { since, sweeps: sweeps.saturating_add(1) }),
        };
        Self { blind, told: self.told }
    }

    /// Takes what is due to be said out of it, to be sent under `message_id`. `why` is why the latest sweep
    /// decided nothing; without it nobody is told that it could not.
    ///
    /// An instant that lies ahead of `now` was written down by a clock that was wrong, and is not told.
    pub fn tell(&mut self, policy: &Policy, now: Timestamp, message_id: &str, why: Option<&Why>) -> Option<SightNews> {
        let Some(Blind { since, sweeps }) = self.blind else {
            return self.told.take().map(|told| SightNews::Regained { since: told.since.min(now) });
        };
        let since = since.min(now);
        let why = why.filter(|_| sweeps >= policy.blind_after)?;
        let again = self.told.is_some();
        match &mut self.told {
            None => self.told = Some(BlindTold { at: now, message_id: message_id.to_owned(), since }),
            Some(told) if alerts::reminder_due(told.at, policy, now) => (told.at, told.since) = (now, since),
            Some(_) => return None,
        }
        Some(SightNews::Lost { since, sweeps, again, why: why.clone() })
    }
}
