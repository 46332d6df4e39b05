//! What is counted over all cards of an instance. Owns doing it once for everybody who shows a part of it; how long the
//! counts stay true is [`InstanceSnapshot::holds_until`]'s.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Timestamp;
use super::ids::{CardId, IncidentId, PageId};
use super::search::Which;
use super::shown::Counts;
use super::snapshot::InstanceSnapshot;

/// The cards of an instance, counted as of one instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// By state.
    pub counts: Counts,
    /// How many are in each set, in the order of [`Which::ALL`].
    sets: [usize; Which::ALL.len()],
    /// Those of each page, by state.
    pub pages: BTreeMap<PageId, Counts>,
    /// The broken cards of each open incident, by id; none is empty.
    pub incidents: BTreeMap<IncidentId, Vec<CardId>>,
    /// The working cards that are slow by their own history, by id.
    pub slow: Vec<CardId>,
    /// The working cards that render without data, by id.
    pub no_data: Vec<CardId>,
}

impl Counted {
    /// Counts them as they are to be shown at `now`.
    pub fn of(instance: &InstanceSnapshot, now: Timestamp, stale_after: Duration) -> Self {
        let pages = instance.pages.iter().map(|(id, page)| (*id, instance.page_counts(page, now, stale_after)));
        let incidents = instance.incidents(now, stale_after).into_iter();
        Self {
            counts: instance.counts(now, stale_after),
            sets: Which::ALL.map(|which| which.count(instance.cards.values(), now, stale_after)),
            pages: pages.collect(),
            incidents: incidents.map(|(id, (_, cards))| (id, cards)).collect(),
            slow: instance.slow_cards(now, stale_after).map(|(id, _)| id).collect(),
            no_data: instance.no_data_cards(now, stale_after).map(|(id, _)| id).collect(),
        }
    }

    /// How many cards are in a set.
    pub fn in_set(&self, which: Which) -> usize {
        let place = Which::ALL.iter().position(|one| *one == which);
        place.and_then(|place| self.sets.get(place)).copied().unwrap_or_default()
    }
}
