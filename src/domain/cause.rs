//! What is wrong with a broken card, and which cards it is wrong with alike. Owns reading a reason for its cause and
//! the grouping by cause; how a group lives on as an incident is [`incident`](super::incident)'s.
//!
//! A group is what hangs together by links between two cards each. A link is there or not by what the two say alone:
//! so a further card may join groups and never splits one, and the order of cards does not matter. There is a link
//! between two cards with the same [`Kind`] of trouble (one wording where it is of no known kind) that
//!
//! - share a dataset and name the same thing that is wrong, however far apart in time, or
//! - share a dataset, and the kind of trouble is the dataset's own ([`Kind::lasts`]): however far apart, where the
//!   dataset is the only one of either card, else near in time, or
//! - share a dataset and broke near in time ([`NEAR`]), or
//! - name the same thing and broke near in time, where the datasets of either are not known, or
//! - name nothing and broke near in time, where the datasets of neither are known, or
//! - are refused by Domo itself near in time, whatever their datasets are;
//!
//! and, since one change of a dataset breaks cards in several ways, between two cards with a shared dataset that
//! broke near in time where one lost a column that the formula of the other speaks of, or one was refused without a
//! word and the other lost a column or has a bad formula. Cards that were in one incident stay linked as long as
//! their troubles could be one.
//!
//! A dataset that the reason names is the one to blame; the others of that card are not looked at. Domo's class of a
//! cause follows from what the reason says, and else from the status that it came with.
//!
//! A new way in which Domo puts a known trouble is a line in `Kind::of`, and a card in `tests/domain/labelled/`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Timestamp;
use super::columns;
use super::forest::{Forest, Member};
use super::ids::{CardId, DatasetId, IncidentId};
use super::verdict::{Class, Reason};
use super::wording::{self, Wording};

/// Cards that broke within this time of each other may have broken of one event: a sweep takes an hour at most unless
/// its limit was raised, and what breaks late in one is seen to.
pub const NEAR: Duration = Duration::from_hours(1);

/// What a reason is about, whatever it names; from what tells the most to what tells the least.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A column that the card refers to is not there.
    MissingColumn,
    /// The dataset is gone, or holds nothing that can be queried.
    MissingDataset,
    /// The service user may not read the data.
    NoAccess,
    /// A beast mode or the query made of it cannot be read.
    Formula,
    /// The query takes too long.
    Slow,
    /// Anything else, by its wording.
    Said(String),
    /// Domo failed and did not say more than that.
    ServerError,
    /// Domo refused and did not say why.
    Unexplained,
}

/// What is wrong with one card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Domo's class of it.
    pub class: Class,
    /// What it is about.
    pub kind: Kind,
    /// What is wrong, by name: columns, beast modes, or what else the reason quotes. Foreign text.
    pub names: BTreeSet<String>,
    /// What the reason speaks of beside, such as the columns of a query. Foreign text.
    pub mentions: BTreeSet<String>,
    /// The datasets that the reason names, by their ids in lower case.
    pub datasets: BTreeSet<DatasetId>,
}

impl Cause {
    /// Reads a reason.
    pub fn of(reason: &Reason) -> Self {
        let text = wording::read(&reason.text);
        let Wording { template, names, mut datasets, ids, is_bare, is_list } = Wording::of(text);
        let kind = Kind::of(reason.class, &template, is_bare, is_list);
        if kind.blames_datasets() && datasets.is_empty() {
            datasets = ids.iter().filter_map(|id| DatasetId::new(id)).collect();
        }
        let mentions = names.clone();
        let names = match kind {
            Kind::MissingColumn => Some(columns::named(text)).filter(|named| !named.is_empty()).unwrap_or(names),
            Kind::Formula => beast_modes(text, names),
            Kind::MissingDataset
            | Kind::NoAccess
            | Kind::Slow
            | Kind::Said(_)
            | Kind::ServerError
            | Kind::Unexplained => names.into_iter().chain(ids).collect(),
        };
        Self { class: kind.class(reason.class), kind, names, mentions, datasets }
    }

    /// The datasets to blame, of those that feed the card and those that the reason names: these alone, if any.
    pub fn blamed(&self, feeding: &[DatasetId]) -> BTreeSet<DatasetId> {
        let is_named = |id: &str| self.names.contains(id) || self.datasets.iter().any(|named| named.as_str() == id);
        let named: BTreeSet<_> = feeding.iter().filter(|id| is_named(&id.as_str().to_lowercase())).cloned().collect();
        let spelt = |id: &&DatasetId| named.iter().any(|own| own.as_str().eq_ignore_ascii_case(id.as_str()));
        let others: Vec<_> = self.datasets.iter().filter(|id| !spelt(id)).cloned().collect();
        let blamed: BTreeSet<_> = named.into_iter().chain(others).collect();
        if blamed.is_empty() { feeding.iter().cloned().collect() } else { blamed }
    }

    /// Domo's own trouble, which may strike cards of any dataset at once.
    fn is_domos_own(&self) -> bool {
        match self.kind {
            Kind::ServerError => true,
            Kind::Said(_) => self.class == Class::Other,
            Kind::MissingColumn
            | Kind::MissingDataset
            | Kind::NoAccess
            | Kind::Formula
            | Kind::Slow
            | Kind::Unexplained => false,
        }
    }
}

/// The beast modes that a reason names, by name or by id; what else a query quotes is right as often as wrong.
fn beast_modes(text: &str, names: BTreeSet<String>) -> BTreeSet<String> {
    let lower = text.to_ascii_lowercase();
    let places = ["beast mode", "formula"]
        .into_iter()
        .flat_map(|word| lower.match_indices(word).map(move |(place, _)| place + word.len()).collect::<Vec<_>>());
    let quoted = places.filter_map(|place| columns::quoted(text.get(place..)?.trim_start_matches([' ', ':'])));
    let by_name: BTreeSet<String> =
        quoted.map(columns::bare).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let by_id = names.into_iter().filter(|name| name.to_lowercase().starts_with("calculation_"));
    by_id.chain(by_name).collect()
}

/// Any of these beside 'column' or 'dataset' says that one is not there.
const NOT_THERE: [&str; 19] = [
    "invalid",
    "missing",
    "not found",
    "not be found",
    "unknown",
    "not exist",
    "doesn't exist",
    "no such",
    "unrecognized",
    "cannot find",
    "could not find",
    "no longer",
    "cannot resolve",
    "cannot be resolved",
    "deleted",
    "removed",
    "unable to find",
    "not available",
    "isn't available",
];

const NO_ACCESS: [&str; 11] = [
    "permission",
    "access denied",
    "not authorized",
    "not authorised",
    "unauthorized",
    "no access",
    "not have access",
    "don't have access",
    "privileges",
    "pdp",
    "forbidden",
];

const SLOW: [&str; 6] = ["timed out", "timeout", "time out", "too long", "execution time", "deadline"];

const FORMULA: [&str; 6] = ["sql", "beast mode", "formula", "syntax", "calculat", "expression"];

impl Kind {
    fn of(class: Class, template: &str, is_bare: bool, is_list: bool) -> Self {
        // A column with a number is a place in a query.
        let words = template.replace("column #", "");
        let has = |phrase: &&str| is_said(&words, phrase);
        let any = |phrases: &[&str]| phrases.iter().any(has);
        let not_there = any(&NOT_THERE);
        match class {
            Class::QueryTimeout => Self::Slow,
            Class::Other if is_bare || has(&"internal server error") => Self::ServerError,
            Class::Misconfigured if is_bare => Self::Unexplained,
            Class::Misconfigured if is_list => Self::MissingColumn,
            Class::Misconfigured | Class::Other if any(&["not indexed", "no indexed schema"]) => Self::MissingDataset,
            Class::Misconfigured | Class::Other
                if any(&["column", "field", "identifier"]) && not_there && !has(&"type") =>
            {
                Self::MissingColumn
            }
            Class::Misconfigured | Class::Other if any(&NO_ACCESS) => Self::NoAccess,
            Class::Misconfigured | Class::Other if any(&SLOW) => Self::Slow,
            Class::Misconfigured | Class::Other if not_there && any(&["dataset", "datasource", "data source"]) => {
                Self::MissingDataset
            }
            Class::Misconfigured | Class::Other if any(&FORMULA) => Self::Formula,
            Class::Misconfigured | Class::Other => Self::Said(template.to_owned()),
        }
    }

    fn class(&self, told: Class) -> Class {
        match self {
            Self::MissingColumn | Self::MissingDataset | Self::NoAccess | Self::Formula | Self::Unexplained => {
                Class::Misconfigured
            }
            Self::Slow => Class::QueryTimeout,
            Self::ServerError => Class::Other,
            Self::Said(_) => told,
        }
    }

    /// Whether an id in the reason can be no other than a dataset's.
    fn blames_datasets(&self) -> bool {
        matches!(self, Self::MissingDataset | Self::NoAccess)
    }

    /// Whether the trouble is a dataset's own, and lasts: cards that meet it later meet the same.
    pub fn lasts(&self) -> bool {
        match self {
            Self::MissingDataset | Self::NoAccess | Self::Slow => true,
            Self::MissingColumn | Self::Formula | Self::Said(_) | Self::ServerError | Self::Unexplained => false,
        }
    }

    /// Whether a change of a dataset's columns shows in this way.
    fn is_of_schema(&self) -> bool {
        match self {
            Self::MissingColumn | Self::Formula | Self::Unexplained => true,
            Self::MissingDataset | Self::NoAccess | Self::Slow | Self::Said(_) | Self::ServerError => false,
        }
    }
}

/// Whether a phrase stands in a text, not within a word: its end may go on, as a plural does.
fn is_said(text: &str, phrase: &str) -> bool {
    let begins = |(place, _): (usize, &str)| !text[..place].ends_with(char::is_alphanumeric);
    text.match_indices(phrase).any(begins)
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
    pub datasets: &'a [DatasetId],
    /// The open incident that it was in so far.
    pub incident: Option<IncidentId>,
}

/// A trouble, apart from what it names: one of them is one key of a bond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Trouble<'a> {
    /// Any that a change of a dataset's columns may be.
    Schema,
    Of(Class, &'a Kind),
}

/// What cards have in common that may make their causes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Bond<'a> {
    Incident(Trouble<'a>, IncidentId),
    /// One dataset, and the same name of something that is wrong.
    Name(Trouble<'a>, &'a DatasetId, &'a str),
    /// One dataset, whose trouble it is.
    Lasting(Trouble<'a>, &'a DatasetId),
    Dataset(Trouble<'a>, &'a DatasetId),
    /// One dataset, and a column that one lost and the other speaks of.
    Mention(&'a DatasetId, &'a str),
    /// One dataset, whatever its columns have to do with it.
    Schema(&'a DatasetId),
    NameAlone(Trouble<'a>, &'a str),
    Nothing(Trouble<'a>),
}

impl Bond<'_> {
    /// Whether it holds only between cards that broke near in time.
    fn needs_nearness(&self) -> bool {
        match self {
            Self::Incident(..) | Self::Name(..) | Self::Lasting(..) => false,
            Self::Dataset(..) | Self::Mention(..) | Self::Schema(_) | Self::NameAlone(..) | Self::Nothing(_) => true,
        }
    }
}

/// One broken card with all that its bonds are made of. Names are in lower case, as queries do not heed it.
struct Case {
    cause: Cause,
    names: BTreeSet<String>,
    mentions: BTreeSet<String>,
    blamed: BTreeSet<DatasetId>,
    incident: Option<IncidentId>,
}

impl Case {
    fn of(card: &Broken<'_>) -> Self {
        let cause = Cause::of(card.reason);
        let lower = |names: &BTreeSet<String>| names.iter().map(|name| name.to_lowercase()).collect();
        let (names, mentions) = (lower(&cause.names), lower(&cause.mentions));
        Self { names, mentions, blamed: cause.blamed(card.datasets), incident: card.incident, cause }
    }

    /// The bonds of the card, each with whether the card vouches for it: of two cards one at least has to.
    fn bonds(&self) -> Vec<(Bond<'_>, bool)> {
        let Cause { class, kind, .. } = &self.cause;
        let trouble = Trouble::Of(*class, kind);
        let unknown = self.blamed.is_empty();
        let any = unknown || self.cause.is_domos_own();
        let mut bonds: Vec<(Bond<'_>, bool)> = Vec::new();
        let family = if kind.is_of_schema() { Trouble::Schema } else { trouble };
        bonds.extend(self.incident.map(|incident| (Bond::Incident(family, incident), true)));
        for dataset in &self.blamed {
            bonds.push((Bond::Dataset(trouble, dataset), true));
            bonds.extend(self.names.iter().map(|name| (Bond::Name(trouble, dataset, name), true)));
            if kind.lasts() {
                bonds.push((Bond::Lasting(trouble, dataset), self.blamed.len() == 1));
            }
            if kind.is_of_schema() {
                bonds.push((Bond::Schema(dataset), *kind == Kind::Unexplained));
                let (spoken, lost) =
                    if *kind == Kind::MissingColumn { (&self.names, true) } else { (&self.mentions, false) };
                bonds.extend(spoken.iter().map(|name| (Bond::Mention(dataset, name), lost)));
            }
        }
        bonds.extend(self.names.iter().map(|name| (Bond::NameAlone(trouble, name), any)));
        if any && self.names.is_empty() {
            bonds.push((Bond::Nothing(trouble), true));
        }
        bonds
    }
}

/// Groups broken cards by cause: each card, of which there is one of each id, is in exactly one group, whatever the
/// order of the cards. The groups and the cards in them are ascending.
pub fn groups(broken: &[Broken<'_>]) -> Vec<BTreeSet<CardId>> {
    let cases: Vec<Case> = broken.iter().map(Case::of).collect();
    let mut bonds: BTreeMap<Bond<'_>, Vec<Member>> = BTreeMap::new();
    for (place, (card, case)) in broken.iter().zip(&cases).enumerate() {
        for (bond, vouches) in case.bonds() {
            bonds.entry(bond).or_default().push(Member { place, since: card.since, vouches });
        }
    }
    let mut joined = Forest::new(broken.len());
    for (bond, mut members) in bonds {
        if bond.needs_nearness() {
            joined.join_near(&mut members, NEAR);
        } else {
            joined.join_all(&members);
        }
    }
    let mut groups: BTreeMap<usize, BTreeSet<CardId>> = BTreeMap::new();
    for (place, card) in broken.iter().enumerate() {
        groups.entry(joined.root(place)).or_default().insert(card.card);
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    groups.sort();
    groups
}
