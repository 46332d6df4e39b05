//! Incidents: broken cards with one root cause, followed from the first to the last of them. Owns how an incident
//! opens, grows, shrinks and closes, and keeps its id meanwhile; which cards have one cause is
//! [`cause`]'s, and how a cause reads is `title`'s.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::Timestamp;
use super::cause::{self, Broken, Cause};
use super::dataset::Evidence;
use super::ids::{CardId, DatasetId, IncidentId};
use super::title::{self, Upstream};
use super::verdict::{Class, Reason};

/// An open incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Its id, for as long as it is open.
    pub id: IncidentId,
    /// When its first card broke.
    pub opened_at: Timestamp,
    /// The cause in words, such as 'Dataset Orders lost column region': one printable line of at most 160
    /// characters. It holds foreign text.
    pub title: String,
    /// The most telling reason of its cards, of several the one that came first, which stands for all of them. Its
    /// class is the one that follows from what it says, which is the same for all.
    pub reason: Reason,
    /// Its cards, at least one.
    pub cards: BTreeSet<CardId>,
    /// The datasets that all of its cards share of which any are known; where they share none, those of any of them.
    pub datasets: BTreeSet<DatasetId>,
}

impl Incident {
    /// Domo's class of its reason.
    pub fn class(&self) -> Class {
        self.reason.class
    }

    /// What has to be remembered of it until the next sweep.
    pub fn known(&self) -> KnownIncident {
        KnownIncident { opened_at: self.opened_at, title: self.title.clone() }
    }
}

/// An incident that is open no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// Its id.
    pub id: IncidentId,
    /// The title that it had. It holds foreign text.
    pub title: String,
    /// The older incident that turned out to have the same cause; `None` = its last card is broken no more.
    pub merged_into: Option<IncidentId>,
}

/// The incidents after a sweep. Each broken card is in exactly one open incident.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Incidents {
    /// Those that are open, by id.
    pub open: BTreeMap<IncidentId, Incident>,
    /// Those that closed just now.
    pub closed: Vec<Closed>,
}

/// What is remembered of an open incident; which cards are in it, each card remembers itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownIncident {
    /// When its first card broke.
    pub opened_at: Timestamp,
    /// The cause in words. It holds foreign text.
    pub title: String,
}

/// The incidents before a sweep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Those that are open.
    pub open: BTreeMap<IncidentId, KnownIncident>,
    /// The id that the next new one gets; those after it get the ids that follow.
    pub next: IncidentId,
}

impl Default for Known {
    fn default() -> Self {
        Self { open: BTreeMap::new(), next: IncidentId(1) }
    }
}

/// What is known of a dataset that may be to blame.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Suspect<'a> {
    /// Its name, where it is known: foreign text.
    pub name: Option<&'a str>,
    /// What was found out about it.
    pub evidence: Option<&'a Evidence>,
}

impl Suspect<'_> {
    /// Whether Domo had it no more when it was looked at for an incident that opened at `opened_at`; `None` where
    /// nobody looked since.
    fn is_gone(&self, opened_at: Timestamp) -> Option<bool> {
        Some(self.evidence?.explaining(opened_at)?.gone)
    }
}

/// Follows the incidents through a sweep: `broken` are all cards that are broken after it, each once, `suspect` gives
/// what is known of a dataset.
///
/// Where the cards of one incident come to have different causes, the larger part keeps the id; where incidents turn
/// out to have one cause, the oldest id stays. What is known of an incident's opening stays as well.
pub fn follow<'n>(known: &Known, broken: &[Broken<'_>], suspect: impl Fn(&DatasetId) -> Suspect<'n>) -> Incidents {
    let cards: BTreeMap<CardId, &Broken<'_>> = broken.iter().map(|card| (card.card, card)).collect();
    let groups = cause::groups(broken);
    let mut inherited = inherited(known, &groups, &cards);
    let mut incidents = Incidents::default();
    let mut next = known.open.keys().next_back().map_or(known.next, |last| known.next.max(after(*last)));
    for (place, group) in groups.into_iter().enumerate() {
        let mut ids = inherited.remove(&Some(place)).unwrap_or_default().into_iter();
        let id = ids.next().unwrap_or(next);
        if id == next {
            next = after(next);
        }
        incidents.closed.extend(ids.filter_map(|merged| closed(known, merged, Some(id))));
        let members: Vec<&Broken<'_>> = group.iter().filter_map(|card| cards.get(card).copied()).collect();
        if let Some(incident) = incident(id, known.open.get(&id).map(|known| known.opened_at), &members, &suspect) {
            incidents.open.insert(id, incident);
        }
    }
    let over = inherited.remove(&None).unwrap_or_default();
    incidents.closed.extend(over.into_iter().filter_map(|id| closed(known, id, None)));
    incidents.closed.sort_by_key(|closed| closed.id);
    incidents
}

fn after(id: IncidentId) -> IncidentId {
    IncidentId(id.0.saturating_add(1))
}

fn closed(known: &Known, id: IncidentId, merged_into: Option<IncidentId>) -> Option<Closed> {
    let title = known.open.get(&id)?.title.clone();
    Some(Closed { id, title, merged_into })
}

/// The known incidents by the group that goes on with them, ascending: the one with the most of its cards, of several
/// the first. `None` are those of which no card is broken any more.
fn inherited(
    known: &Known,
    groups: &[BTreeSet<CardId>],
    cards: &BTreeMap<CardId, &Broken<'_>>,
) -> BTreeMap<Option<usize>, Vec<IncidentId>> {
    let mut shares: BTreeMap<IncidentId, BTreeMap<usize, usize>> =
        known.open.keys().map(|id| (*id, BTreeMap::new())).collect();
    for (place, group) in groups.iter().enumerate() {
        for incident in group.iter().filter_map(|card| cards.get(card)?.incident) {
            if let Some(share) = shares.get_mut(&incident) {
                *share.entry(place).or_default() += 1;
            }
        }
    }
    let mut inherited: BTreeMap<Option<usize>, Vec<IncidentId>> = BTreeMap::new();
    for (id, share) in shares {
        let heir = share.into_iter().max_by_key(|(place, cards)| (*cards, Reverse(*place))).map(|(place, _)| place);
        inherited.entry(heir).or_default().push(id);
    }
    inherited
}

/// The incident of these cards; `None` without any.
fn incident<'n>(
    id: IncidentId,
    opened_at: Option<Timestamp>,
    members: &[&Broken<'_>],
    suspect: impl Fn(&DatasetId) -> Suspect<'n>,
) -> Option<Incident> {
    let broke_first = members.iter().map(|card| card.since).min()?;
    let opened_at = opened_at.unwrap_or(broke_first);
    let causes: Vec<Cause> = members.iter().map(|card| Cause::of(card.reason)).collect();
    let (speaker, cause) =
        members.iter().zip(&causes).min_by_key(|(card, cause)| (&cause.kind, card.since, card.card))?;
    let (datasets, shared) = datasets(members, &causes);
    let suspects: Vec<Suspect<'n>> = datasets.iter().map(suspect).collect();
    let to_blame = if shared && suspects.len() <= title::MOST_DATASETS { suspects } else { Vec::new() };
    let names: Option<Vec<&str>> = to_blame.iter().map(|suspect| suspect.name).collect();
    let gone: Vec<Option<bool>> = to_blame.iter().map(|suspect| suspect.is_gone(opened_at)).collect();
    let upstream = Upstream { names: &names.unwrap_or_default(), gone: &gone };
    Some(Incident {
        id,
        opened_at,
        title: title::of(&speaker.reason.text, &cause.kind, &causes, &upstream),
        reason: Reason { class: cause.class, text: speaker.reason.text.clone() },
        cards: members.iter().map(|card| card.card).collect(),
        datasets,
    })
}

/// The datasets that all cards share of which any are known; where they share none, those of any of them. Whether
/// they share them comes with it.
fn datasets(members: &[&Broken<'_>], causes: &[Cause]) -> (BTreeSet<DatasetId>, bool) {
    let each = members.iter().zip(causes).map(|(card, cause)| cause.blamed(card.datasets));
    let mut known = each.filter(|datasets| !datasets.is_empty());
    let first = known.next().unwrap_or_default();
    let (mut all, mut any) = (first.clone(), first);
    for datasets in known {
        all.retain(|dataset| datasets.contains(dataset));
        any.extend(datasets);
    }
    if all.is_empty() { (any, false) } else { (all, true) }
}
