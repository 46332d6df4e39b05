//! What is true now, by instance, page and card: the one source of gauges, page and `status`. Owns the
//! counting; it does not own where the rows come from.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::Timestamp;
use super::card::{CardState, Shown};
use super::ids::{CardId, InstanceName, PageId};
use super::sight::Blind;
use super::sweep::{Outcome, PageKind};

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
    /// The cards on it.
    pub cards: Vec<CardId>,
}

/// A card as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardNow {
    /// Its title.
    pub title: String,
    /// The display names of its owners.
    pub owners: Vec<String>,
    /// What was last decided about it.
    pub state: CardState,
    /// Why the latest sweep could not check it, where it could not.
    pub unchecked_because: Option<String>,
}

/// How many cards are in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Cards that render.
    pub working: usize,
    /// Cards that do not.
    pub broken: usize,
    /// Cards that nobody could decide, or not for too long.
    pub unchecked: usize,
    /// Cards of types that are not rendered.
    pub unsupported: usize,
}

impl Counts {
    /// The count of one state.
    pub fn of(&self, shown: Shown) -> usize {
        match shown {
            Shown::Working => self.working,
            Shown::Broken => self.broken,
            Shown::Unchecked => self.unchecked,
            Shown::Unsupported => self.unsupported,
        }
    }

    fn add(&mut self, shown: Shown) {
        match shown {
            Shown::Working => self.working += 1,
            Shown::Broken => self.broken += 1,
            Shown::Unchecked => self.unchecked += 1,
            Shown::Unsupported => self.unsupported += 1,
        }
    }

    /// All cards.
    pub fn all(&self) -> usize {
        self.working + self.broken + self.unchecked + self.unsupported
    }
}

impl InstanceSnapshot {
    /// An instance of which nothing is known yet.
    pub fn empty(name: InstanceName) -> Self {
        Self {
            name,
            pages: BTreeMap::new(),
            cards: BTreeMap::new(),
            last_completed: None,
            last_sweep: None,
            blind: None,
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
        self.cards
            .iter()
            .filter(move |(_, card)| card.state.shown(now, stale_after) == Shown::Broken)
            .map(|(id, card)| (*id, card))
    }

    /// When the latest sweep ended that ran to an end.
    pub fn last_finished(&self) -> Option<Timestamp> {
        self.last_sweep.as_ref().map(|sweep| sweep.finished_at)
    }

    /// Whether the latest sweep could log in and list cards, and Domo let it decide one at least; before the
    /// first sweep nobody knows, which is no.
    pub fn domo_up(&self) -> bool {
        let listed = self.last_sweep.as_ref().is_some_and(|sweep| sweep.outcome != Outcome::Failed);
        listed && self.blind.is_none()
    }
}

fn count<'a>(cards: impl Iterator<Item = &'a CardNow>, now: Timestamp, stale_after: Duration) -> Counts {
    cards.fold(Counts::default(), |mut counts, card| {
        counts.add(card.state.shown(now, stale_after));
        counts
    })
}

/// Every instance as it stands, in the order of the configuration.
pub type Snapshot = Vec<Arc<InstanceSnapshot>>;
