//! What is wrong with a broken card, and which cards it is wrong with alike. Owns reading a reason for its cause and
//! the grouping by cause; how a group lives on as an incident is [`super::incident`]'s.
//!
//! Two cards have one cause where their reasons have the same class and say the same (ids, quoted names and numbers
//! set aside), and they share a dataset; reasons that tell little or name different things must also have come up
//! within [`NEAR`] of each other. Where no dataset is known, names and time have to agree. Each of these is a link
//! between two cards that no third one can undo, and a group is what hangs together by links: so a further card may
//! join groups, and never splits one.
//!
//! A new way in which Domo puts a known trouble is a line in [`Kind::of`], and in `tests/domain/labelled.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Timestamp;
use super::ids::{CardId, DatasetId, IncidentId};
use super::verdict::{Class, Reason};
use super::wording::{self, Wording};

/// Cards that broke within this time of each other may have broken of one event: a sweep takes an hour at most unless
/// its limit was raised, and what breaks late in one is seen to.
pub const NEAR: Duration = Duration::from_hours(1);

/// What a reason is about, whatever it names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A column that the card refers to is not there.
    MissingColumn,
    /// The dataset is gone, or holds nothing that can be queried.
    MissingDataset,
    /// A beast mode or the query made of it cannot be read.
    Formula,
    /// The query takes too long.
    Slow,
    /// Domo failed and did not say more than that.
    ServerError,
    /// Domo refused and did not say why.
    Unexplained,
    /// Anything else, by its wording.
    Said(String),
}

/// What is wrong with one card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Domo's class of it.
    pub class: Class,
    /// What it is about.
    pub kind: Kind,
    /// What it names: columns, beast modes, datasets. Foreign text.
    pub names: BTreeSet<String>,
    /// The datasets among them, by their ids.
    pub datasets: BTreeSet<DatasetId>,
}

impl Cause {
    /// Reads a reason.
    pub fn of(reason: &Reason) -> Self {
        let wording = Wording::of(&reason.text);
        let kind = Kind::of(reason.class, &wording);
        let listed = if kind == Kind::MissingColumn { wording::listed(&reason.text) } else { BTreeSet::new() };
        let names = if listed.is_empty() { wording.names } else { listed };
        Self { class: reason.class, kind, names, datasets: wording.ids }
    }

    /// Whether the reason alone, met on the same dataset, proves one cause, however far apart in time.
    fn is_telling(&self) -> bool {
        match self.kind {
            Kind::MissingDataset | Kind::Slow => true,
            Kind::Said(_) | Kind::MissingColumn | Kind::Formula => self.names.is_empty(),
            Kind::ServerError | Kind::Unexplained => false,
        }
    }
}

/// Any of these beside 'column' says that one is not there.
const NOT_THERE: [&str; 11] = [
    "invalid",
    "missing",
    "not found",
    "unknown",
    "not exist",
    "doesn't exist",
    "no such",
    "unrecognized",
    "cannot find",
    "could not find",
    "no longer",
];

impl Kind {
    fn of(class: Class, wording: &Wording) -> Self {
        let has = |words: &str| wording.template.contains(words);
        let not_there = || NOT_THERE.into_iter().any(has) || has("deleted");
        let dataset = || has("dataset") || has("datasource") || has("data source");
        match class {
            Class::QueryTimeout => Self::Slow,
            Class::Misconfigured | Class::Other if has("timed out") || has("timeout") => Self::Slow,
            Class::Other if has("internal server error") => Self::ServerError,
            Class::Misconfigured | Class::Other if wording.is_bare => Self::Unexplained,
            Class::Misconfigured | Class::Other if has("not indexed") || has("no indexed schema") => {
                Self::MissingDataset
            }
            Class::Misconfigured | Class::Other if has("column") && not_there() => Self::MissingColumn,
            Class::Misconfigured | Class::Other if wording.is_list => Self::MissingColumn,
            Class::Misconfigured | Class::Other if dataset() && not_there() => Self::MissingDataset,
            Class::Misconfigured | Class::Other if ["sql", "beast mode", "formula", "syntax"].into_iter().any(has) => {
                Self::Formula
            }
            Class::Misconfigured | Class::Other => Self::Said(wording.template.clone()),
        }
    }
}

/// A broken card, as far as its cause is concerned.
#[derive(Debug, Clone, Copy)]
pub struct Broken<'a> {
    /// The card.
    pub card: CardId,
    /// Since when it is broken.
    pub since: Timestamp,
    /// Why.
    pub reason: &'a Reason,
    /// The datasets that feed it; empty where they are not known.
    pub datasets: &'a BTreeSet<DatasetId>,
    /// The open incident that it was in so far.
    pub incident: Option<IncidentId>,
}

/// What two cards have in common that makes their causes one.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Bond<'a> {
    /// They were in one incident already.
    Incident(IncidentId),
    /// One dataset, and the same name of something that is wrong.
    Name(&'a DatasetId, &'a str),
    /// One dataset.
    Dataset(&'a DatasetId),
    /// Every name, where no dataset is known or the trouble is Domo's own.
    Names(&'a BTreeSet<String>),
}

/// Groups broken cards by cause: each card is in exactly one group, whatever the order of the cards. The groups and
/// the cards in them are ascending.
pub fn groups(broken: &[Broken<'_>]) -> Vec<BTreeSet<CardId>> {
    let causes: Vec<Cause> = broken.iter().map(|card| Cause::of(card.reason)).collect();
    let datasets: Vec<BTreeSet<&DatasetId>> =
        broken.iter().zip(&causes).map(|(card, cause)| card.datasets.iter().chain(&cause.datasets).collect()).collect();
    let mut ever: BTreeMap<(Class, &Kind, Bond<'_>), Vec<usize>> = BTreeMap::new();
    let mut near: BTreeMap<(Class, &Kind, Bond<'_>), Vec<usize>> = BTreeMap::new();
    for (place, (card, cause)) in broken.iter().zip(&causes).enumerate() {
        let bind = |bonds: &mut BTreeMap<_, Vec<usize>>, bond| {
            bonds.entry((cause.class, &cause.kind, bond)).or_default().push(place);
        };
        if let Some(incident) = card.incident {
            bind(&mut ever, Bond::Incident(incident));
        }
        for dataset in &datasets[place] {
            for name in &cause.names {
                bind(&mut ever, Bond::Name(dataset, name));
            }
            bind(if cause.is_telling() { &mut ever } else { &mut near }, Bond::Dataset(dataset));
        }
        if datasets[place].is_empty() || cause.kind == Kind::ServerError {
            bind(&mut near, Bond::Names(&cause.names));
        }
    }
    let mut joined = Joined::new(broken.len());
    for places in ever.values() {
        places.windows(2).for_each(|pair| joined.join(pair[0], pair[1]));
    }
    for places in near.values_mut() {
        places.sort_by_key(|place| broken[*place].since);
        let close = |pair: &&[usize]| is_near(broken[pair[0]].since, broken[pair[1]].since);
        places.windows(2).filter(close).for_each(|pair| joined.join(pair[0], pair[1]));
    }
    joined.groups(broken)
}

fn is_near(earlier: Timestamp, later: Timestamp) -> bool {
    (later - earlier).to_std().unwrap_or_default() <= NEAR
}

/// Which places hang together (a union-find forest).
struct Joined(Vec<usize>);

impl Joined {
    fn new(places: usize) -> Self {
        Self((0..places).collect())
    }

    fn root(&mut self, mut place: usize) -> usize {
        while self.0[place] != place {
            self.0[place] = self.0[self.0[place]];
            place = self.0[place];
        }
        place
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        self.0[one.max(other)] = one.min(other);
    }

    fn groups(mut self, broken: &[Broken<'_>]) -> Vec<BTreeSet<CardId>> {
        let mut groups: BTreeMap<usize, BTreeSet<CardId>> = BTreeMap::new();
        for (place, card) in broken.iter().enumerate() {
            groups.entry(self.root(place)).or_default().insert(card.card);
        }
        let mut groups: Vec<_> = groups.into_values().collect();
        groups.sort();
        groups
    }
}
