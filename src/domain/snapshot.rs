//! What is true now, by instance, page and card: the one source of gauges, page and `status`. Owns the
//! counting; it does not own where the rows come from.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;

use super::Timestamp;
use super::card::{CardState, stale_at};
use super::dataset::{Feeding, KnownDataset};
use super::ids::{CardId, DatasetId, IncidentId, InstanceName, PageId};
use super::mute::{self, Mute};
use super::owners::Owner;
use super::rendering::Rendering;
use super::schedule::Schedule;
use super::shown::{Counts, Shown};
use super::sight::Blind;
use super::strip::Strip;
use super::sweep::{Outcome, PageKind};
use super::verdict::Reason;

/// One instance as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceSnapshot {
    /// Its name.
    pub name: InstanceName,
    /// The pages that are monitored, by id.
    pub pages: BTreeMap<PageId, PageNow>,
    /// The cards that are monitored, each once, by id.
    pub cards: BTreeMap<CardId, CardNow>,
    /// The latest sweep that ended as `completed`.
    pub last_completed: Option<Timestamp>,
    /// The latest sweep that ran to an end.
    pub last_sweep: Option<LastSweep>,
    /// The latest sweeps of the whole instance, where they decided nothing.
    pub blind: Option<Blind>,
    /// The open incidents.
    pub incidents: BTreeMap<IncidentId, IncidentNow>,
    /// The datasets that feed the cards, as far as they are known, with what was found out about them.
    pub datasets: BTreeMap<DatasetId, KnownDataset>,
    /// How many beast modes are invalid, as Domo counted them lately.
    pub invalid_functions: Option<u64>,
}

/// An open incident as it stands; its cards are those that name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentNow {
    /// When its first card broke.
    pub opened_at: Timestamp,
    /// The cause in words: it holds foreign text.
    pub title: String,
    /// The reason of the card that broke first.
    pub reason: Reason,
    /// The datasets that it is about.
    pub datasets: Vec<DatasetId>,
}

/// The latest sweep that ran to an end, skipped and interrupted ones aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastSweep {
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// What ended it early, or kept it from its whole view; where nothing was decided, why.
    pub trouble: Option<String>,
}

/// A page as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageNow {
    /// Its title.
    pub title: String,
    /// Its kind.
    pub kind: PageKind,
    /// Its owners, where they were listed.
    pub owners: Arc<[Owner]>,
    /// The cards on it.
    pub cards: Vec<CardId>,
}

/// A card as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardNow {
    /// Its title.
    pub title: String,
    /// Its owners.
    pub owners: Arc<[Owner]>,
    /// The pages that it is on, ascending.
    pub pages: Vec<PageId>,
    /// What was last decided about it.
    pub state: CardState,
    /// Whether the admins were told that it is flapping, and it has not settled since.
    pub flapping: bool,
    /// How it rendered when it was last decided.
    pub rendering: Rendering,
    /// The mute that holds, or whose end has not been written down yet.
    pub mute: Option<Box<Mute>>,
    /// The open incident that it is in.
    pub incident: Option<IncidentId>,
    /// The datasets that feed it.
    pub datasets: Feeding,
    /// The verdicts of the latest sweeps.
    pub recent: Strip,
    /// Why the latest sweep could not check it, where it could not.
    pub unchecked_because: Option<String>,
}

impl CardNow {
    /// The mute that holds at `now`.
    pub fn mute_at(&self, now: Timestamp) -> Option<&Mute> {
        mute::that_holds(self.mute.as_deref(), &self.state, now)
    }
}

impl InstanceSnapshot {
    /// How many due times passed, but for the latest, since the latest sweep that decided something began, or since
    /// `kept_since`, from which on this process keeps the schedule. While all goes well it is 0: a sweep may last until
    /// the next is due. At 2 two whole intervals have passed in which nothing was decided. 100 stands for more.
    ///
    /// An instant that lies ahead of `now` was written down by a clock that was wrong, and vouches for nothing.
    pub fn overdue(&self, schedule: &Schedule, kept_since: Timestamp, now: Timestamp) -> usize {
        const MOST: usize = 100;
        let blind = self.blind.as_ref().map(|blind| blind.since);
        let decided = blind.or_else(|| self.last_sweep.as_ref().map(|sweep| sweep.started_at));
        let begun = [decided, Some(kept_since)].into_iter().flatten().filter(|at| *at <= now).max();
        let Some(begun) = begun else { return 0 };
        // The time for which the first of the sweeps in vain began lies before, and is the one that is let off.
        let let_off = usize::from(blind != Some(begun));
        schedule.times_due(begun, now, MOST + 1).saturating_sub(let_off)
    }

    /// An instance of which nothing is known yet.
    pub fn empty(name: InstanceName) -> Self {
        Self {
            name,
            pages: BTreeMap::new(),
            cards: BTreeMap::new(),
            last_completed: None,
            last_sweep: None,
            blind: None,
            incidents: BTreeMap::new(),
            datasets: BTreeMap::new(),
            invalid_functions: None,
        }
    }

    /// The cards counted by state, as they are to be shown at `now`.
    pub fn counts(&self, now: Timestamp, stale_after: Duration) -> Counts {
        count(self.cards.values(), now, stale_after)
    }

    /// The cards of one page counted.
    pub fn page_counts(&self, page: &PageNow, now: Timestamp, stale_after: Duration) -> Counts {
        count(page.cards.iter().filter_map(|id| self.cards.get(id)), now, stale_after)
    }

    /// The cards that are broken now, by id.
    pub fn broken(&self, now: Timestamp, stale_after: Duration) -> impl Iterator<Item = (CardId, &CardNow)> {
        self.that_are(Shown::Broken, now, stale_after)
    }

    fn that_are(
        &self,
        shown: Shown,
        now: Timestamp,
        stale_after: Duration,
    ) -> impl Iterator<Item = (CardId, &CardNow)> {
        let (stale_at, cards) = (stale_at(now, stale_after), self.cards.iter().map(|(id, card)| (*id, card)));
        cards.filter(move |(_, card)| card.state.shown_beyond(stale_at) == shown)
    }

    /// The working cards that are slow by their own history, by id.
    pub fn slow_cards(&self, now: Timestamp, stale_after: Duration) -> impl Iterator<Item = (CardId, &CardNow)> {
        self.that_are(Shown::Working, now, stale_after).filter(|(_, card)| card.rendering.slow_against.is_some())
    }

    /// The working cards that render without data, by id.
    pub fn no_data_cards(&self, now: Timestamp, stale_after: Duration) -> impl Iterator<Item = (CardId, &CardNow)> {
        self.that_are(Shown::Working, now, stale_after).filter(|(_, card)| card.rendering.no_data_since.is_some())
    }

    /// How many broken cards are muted.
    pub fn muted(&self, now: Timestamp, stale_after: Duration) -> usize {
        self.broken(now, stale_after).filter(|(_, card)| card.mute_at(now).is_some()).count()
    }

    /// The incidents that broken cards are in now, with those cards. Cards that nobody could check for too long do
    /// not count, as they do not count as broken.
    pub fn incidents(
        &self,
        now: Timestamp,
        stale_after: Duration,
    ) -> BTreeMap<IncidentId, (&IncidentNow, Vec<CardId>)> {
        let mut incidents: BTreeMap<IncidentId, (&IncidentNow, Vec<CardId>)> = BTreeMap::new();
        for (id, card) in self.broken(now, stale_after) {
            if let Some((incident, known)) = card.incident.and_then(|id| self.incidents.get_key_value(&id)) {
                incidents.entry(*incident).or_insert((known, Vec::new())).1.push(id);
            }
        }
        incidents
    }

    /// Until when what is shown of the cards stays as it is at `now` though time passes: then one of them was not decided
    /// for `stale_after`, or the time of a mute is up. `None` = for ever.
    pub fn holds_until(&self, now: Timestamp, stale_after: Duration) -> Option<Timestamp> {
        let stale_after = TimeDelta::from_std(stale_after).unwrap_or(TimeDelta::MAX);
        let ends = |card: &CardNow| {
            let stale = match card.state {
                CardState::Working { decided_at, .. } | CardState::Broken { decided_at, .. } => {
                    decided_at.checked_add_signed(stale_after)
                }
                CardState::Undecided | CardState::Unsupported => None,
            };
            [stale, card.mute.as_ref().and_then(|mute| mute.until)]
        };
        self.cards.values().flat_map(ends).flatten().filter(|end| *end > now).min()
    }

    /// When the latest sweep ended that ran to an end.
    pub fn last_finished(&self) -> Option<Timestamp> {
        self.last_sweep.as_ref().map(|sweep| sweep.finished_at)
    }

    /// Whether the latest sweep could sign in and list cards, and Domo let it decide one at least; before the
    /// first sweep nobody knows, which is no.
    pub fn domo_up(&self) -> bool {
        let listed = self.last_sweep.as_ref().is_some_and(|sweep| sweep.outcome != Outcome::Failed);
        listed && self.blind.is_none()
    }
}

fn count<'a>(cards: impl Iterator<Item = &'a CardNow>, now: Timestamp, stale_after: Duration) -> Counts {
    let stale_at = stale_at(now, stale_after);
    cards.map(|card| card.state.shown_beyond(stale_at)).collect()
}

/// Every instance as it stands, in the order of the configuration.
pub type Snapshot = Vec<Arc<InstanceSnapshot>>;
