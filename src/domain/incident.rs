//! Incidents: broken cards with one root cause, followed from the first to the last of them. Owns how an incident
//! opens, grows, shrinks and closes, and keeps its id meanwhile; which cards have one cause is [`super::cause`]'s.

use std::collections::{BTreeMap, BTreeSet};

use super::Timestamp;
use super::cause::{self, Broken, Cause, Kind};
use super::ids::{CardId, DatasetId, IncidentId};
use super::verdict::{Class, Reason};

/// An open incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Its id, for as long as it is open.
    pub id: IncidentId,
    /// When its first card broke.
    pub opened_at: Timestamp,
    /// The cause in words, such as 'dataset Orders lost column region_name'. It holds foreign text.
    pub title: String,
    /// The reason of the card that broke first, which stands for all of them.
    pub reason: Reason,
    /// Its cards, at least one.
    pub cards: BTreeSet<CardId>,
    /// The datasets that all of its cards share; where they share none, those of any of them.
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

/// Follows the incidents through a sweep: `broken` are all cards that are broken after it, `name` gives a dataset's
/// name where it is known.
///
/// Where the cards of one incident come to have different causes, the larger part keeps the id; where incidents turn
/// out to have one cause, the oldest id stays.
pub fn follow<'n>(known: &Known, broken: &[Broken<'_>], name: impl Fn(&DatasetId) -> Option<&'n str>) -> Incidents {
    let cards: BTreeMap<CardId, &Broken<'_>> = broken.iter().map(|card| (card.card, card)).collect();
    let groups = cause::groups(broken);
    let heirs = heirs(known, &groups, &cards);
    let mut incidents = Incidents::default();
    let mut next = known.next;
    for (place, group) in groups.into_iter().enumerate() {
        let mut inherited = heirs.iter().filter(|(_, heir)| **heir == Some(place)).map(|(id, _)| *id);
        let id = inherited.next().unwrap_or(next);
        if id == next {
            next = IncidentId(next.0 + 1);
        }
        incidents.closed.extend(inherited.filter_map(|merged| closed(known, merged, Some(id))));
        let members: Vec<&Broken<'_>> = group.iter().filter_map(|card| cards.get(card).copied()).collect();
        if let Some(incident) = incident(id, known.open.get(&id).map(|known| known.opened_at), &members, &name) {
            incidents.open.insert(id, incident);
        }
    }
    let over = heirs.iter().filter(|(_, heir)| heir.is_none());
    incidents.closed.extend(over.filter_map(|(id, _)| closed(known, *id, None)));
    incidents
}

fn closed(known: &Known, id: IncidentId, merged_into: Option<IncidentId>) -> Option<Closed> {
    let title = known.open.get(&id)?.title.clone();
    Some(Closed { id, title, merged_into })
}

/// The group that goes on with each known incident: the one with the most of its cards, of several the first. `None`
/// where none of its cards is broken any more.
fn heirs(
    known: &Known,
    groups: &[BTreeSet<CardId>],
    cards: &BTreeMap<CardId, &Broken<'_>>,
) -> BTreeMap<IncidentId, Option<usize>> {
    let mut shares: BTreeMap<IncidentId, BTreeMap<usize, usize>> =
        known.open.keys().map(|id| (*id, BTreeMap::new())).collect();
    for (place, group) in groups.iter().enumerate() {
        for incident in group.iter().filter_map(|card| cards.get(card)?.incident) {
            if let Some(share) = shares.get_mut(&incident) {
                *share.entry(place).or_default() += 1;
            }
        }
    }
    let heir = |share: BTreeMap<usize, usize>| {
        share.into_iter().max_by_key(|(place, cards)| (*cards, std::cmp::Reverse(*place))).map(|(place, _)| place)
    };
    shares.into_iter().map(|(id, share)| (id, heir(share))).collect()
}

/// The incident of these cards; `None` without any.
fn incident<'n>(
    id: IncidentId,
    opened_at: Option<Timestamp>,
    members: &[&Broken<'_>],
    name: impl Fn(&DatasetId) -> Option<&'n str>,
) -> Option<Incident> {
    let first = members.iter().min_by_key(|card| (card.since, card.card))?;
    let causes: Vec<Cause> = members.iter().map(|card| Cause::of(card.reason)).collect();
    let datasets = shared(members, &causes);
    let named = match Vec::from_iter(&datasets)[..] {
        [only] => name(only),
        _ => None,
    };
    Some(Incident {
        id,
        opened_at: opened_at.unwrap_or(first.since),
        title: title(&Cause::of(first.reason), &causes, named),
        reason: first.reason.clone(),
        cards: members.iter().map(|card| card.card).collect(),
        datasets,
    })
}

/// The datasets that all cards share; where they share none, those of any of them.
fn shared(members: &[&Broken<'_>], causes: &[Cause]) -> BTreeSet<DatasetId> {
    let mut each = members.iter().zip(causes).map(|(card, cause)| -> BTreeSet<DatasetId> {
        // A dataset that the reason itself names is the one to blame.
        if cause.datasets.is_empty() { card.datasets.clone() } else { cause.datasets.clone() }
    });
    let first = each.next().unwrap_or_default();
    let (mut all, mut any) = (first.clone(), first);
    for datasets in each {
        all.retain(|dataset| datasets.contains(dataset));
        any.extend(datasets);
    }
    if all.is_empty() { any } else { all }
}

/// The cause in words.
fn title(cause: &Cause, causes: &[Cause], dataset: Option<&str>) -> String {
    let names: BTreeSet<&String> = causes.iter().flat_map(|cause| &cause.names).collect();
    let columns = match Vec::from_iter(&names)[..] {
        [only] => format!("column {only}"),
        [] => "a column".to_owned(),
        ref several => format!("{} columns", several.len()),
    };
    let on = dataset.map(|dataset| format!(" on dataset {dataset}")).unwrap_or_default();
    match (&cause.kind, dataset) {
        (Kind::MissingColumn, Some(dataset)) => format!("Dataset {dataset} lost {columns}"),
        (Kind::MissingColumn, None) if names.len() > 1 => format!("{columns} are missing"),
        (Kind::MissingColumn, None) => capitalised(&format!("{columns} is missing")),
        (Kind::MissingDataset, Some(dataset)) => format!("Dataset {dataset} is gone or not indexed"),
        (Kind::MissingDataset, None) => "A dataset is gone or not indexed".to_owned(),
        (Kind::Formula, _) => format!("A beast mode or query{on} cannot be read"),
        (Kind::Slow, Some(dataset)) => format!("Dataset {dataset} is too slow"),
        (Kind::Slow, None) => "The query takes too long".to_owned(),
        (Kind::ServerError, _) => "Domo answers with a server error".to_owned(),
        (Kind::Unexplained, _) => format!("Domo refuses without a reason{on}"),
        (Kind::Said(_), _) => format!("{}{on}", cause.class.name()),
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
