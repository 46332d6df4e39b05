//! The datasets of an instance as things of their own, and what happens to them: columns that are dropped, runs that
//! fail, a dataset that is deleted. Owns what that does to the cards that a dataset feeds; how it looks on the wire
//! is [`crate::upstream`]'s.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    Behaviour,
    instance::{Card, Instance},
};

/// When a dataset was last updated that nobody has touched, in milliseconds since 1970.
pub(crate) const LAST_UPDATED: i64 = 1_624_448_913_807;

/// The stream of the first dataset; the others count from there.
const FIRST_STREAM: i64 = 371;

/// How long a run takes, in milliseconds.
const RUN_MILLIS: i64 = 25_000;

/// A dataset that feeds cards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Dataset {
    /// Its uuid.
    pub id: String,
    /// Its name, such as `Orders (Snowflake)`.
    pub name: String,
    /// Its provider, such as `snowflake`.
    pub provider: String,
}

impl Dataset {
    /// A dataset of no particular provider.
    pub fn new(id: &str, name: &str) -> Self {
        Self { id: id.to_owned(), name: name.to_owned(), provider: "snowflake".to_owned() }
    }
}

/// One run that fills a dataset. Times are in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Run {
    /// Its number within the stream, from 1.
    pub execution: i64,
    /// When it began.
    pub started: i64,
    /// When it ended; none for one that has not.
    pub ended: Option<i64>,
    /// `SUCCESS`, `ERROR`, `ACTIVE`, or any other word.
    pub state: String,
    /// What went wrong, one message an error.
    pub errors: Vec<String>,
}

/// A dataset as a test sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DatasetInfo {
    /// Its uuid.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its provider.
    pub provider: String,
    /// `SUCCESS` or `ERROR`, or what a test has set.
    pub state: String,
    /// When its data was last updated, in milliseconds since 1970.
    pub last_updated: i64,
    /// The stream that fills it; none for a dataflow.
    pub stream: Option<i64>,
    /// The columns that it has.
    pub columns: Vec<String>,
    /// The columns that were dropped.
    pub dropped: Vec<String>,
    /// It was deleted.
    pub deleted: bool,
    /// Its runs, oldest first.
    pub runs: Vec<Run>,
    /// The cards that it feeds, by id.
    pub cards: Vec<i64>,
}

/// How the times of runs are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunTimes {
    /// Seconds with a fraction: `1734458216.0`.
    #[default]
    Seconds,
    /// Whole milliseconds.
    Millis,
}

/// In which order runs are listed. Which one Domo has is not documented.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOrder {
    /// The oldest first.
    #[default]
    OldestFirst,
    /// The newest first.
    NewestFirst,
}

/// A dataset and what became of it.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) dataset: Dataset,
    pub(crate) state: String,
    pub(crate) last_updated: i64,
    pub(crate) stream: Option<i64>,
    pub(crate) columns: Vec<String>,
    pub(crate) dropped: BTreeSet<String>,
    pub(crate) deleted: bool,
    pub(crate) runs: Vec<Run>,
}

impl Source {
    /// The columns that are there.
    pub(crate) fn present(&self) -> impl Iterator<Item = &String> {
        self.columns.iter().filter(|column| !self.dropped.contains(*column))
    }

    pub(crate) fn fail(&mut self, message: &str, when: i64) {
        self.run("ERROR", Some(when), when - RUN_MILLIS, vec![message.to_owned()]);
        "ERROR".clone_into(&mut self.state);
    }

    pub(crate) fn succeed(&mut self, when: i64) {
        self.run("SUCCESS", Some(when), when - RUN_MILLIS, Vec::new());
        "SUCCESS".clone_into(&mut self.state);
        self.last_updated = when;
    }

    pub(crate) fn begin(&mut self, when: i64) {
        self.run("ACTIVE", None, when, Vec::new());
    }

    fn run(&mut self, state: &str, ended: Option<i64>, started: i64, errors: Vec<String>) {
        let execution = i64::try_from(self.runs.len()).unwrap_or(0) + 1;
        self.runs.push(Run { execution, started, ended, state: state.to_owned(), errors });
    }

    /// The columns of it that a card uses: those that a test named, else one that goes by the card's id.
    fn used_by(&self, id: i64, card: &Card) -> Vec<&String> {
        if let Some(named) = &card.columns {
            return self.columns.iter().filter(|column| named.contains(*column)).collect();
        }
        let place = usize::try_from(id.unsigned_abs()).unwrap_or(0).checked_rem(self.columns.len());
        place.and_then(|place| self.columns.get(place)).into_iter().collect()
    }
}

impl Instance {
    /// Adds a dataset that nobody has touched, or renames the one of that id.
    pub(crate) fn add_dataset(&mut self, dataset: Dataset, columns: &[&str]) {
        if let Some(known) = self.datasets.get_mut(&dataset.id) {
            known.dataset = dataset;
            return;
        }
        let stream = FIRST_STREAM + i64::try_from(self.datasets.len()).unwrap_or(0);
        let source = Source {
            state: "SUCCESS".to_owned(),
            last_updated: LAST_UPDATED,
            stream: Some(stream),
            columns: columns.iter().map(|&column| column.to_owned()).collect(),
            dropped: BTreeSet::new(),
            deleted: false,
            runs: Vec::new(),
            dataset,
        };
        self.datasets.insert(source.dataset.id.clone(), source);
    }

    /// The dataset of this id.
    ///
    /// # Panics
    /// When there is none: the test is wrong.
    pub(crate) fn dataset(&mut self, id: &str) -> &mut Source {
        self.datasets.get_mut(id).unwrap_or_else(|| panic!("the fake has no dataset {id}"))
    }

    /// The kpi cards that a dataset feeds.
    pub(crate) fn fed_by(&self, dataset: &str) -> Vec<i64> {
        let fed = |(id, card): (&i64, &Card)| {
            (card.kind == "kpi" && card.datasets.iter().any(|of_card| of_card == dataset)).then_some(*id)
        };
        self.cards.iter().filter_map(fed).collect()
    }

    /// The columns that a card uses, of all its datasets.
    pub(crate) fn columns_of(&self, id: i64, card: &Card) -> Vec<String> {
        let sources = card.datasets.iter().filter_map(|dataset| self.datasets.get(dataset));
        sources.flat_map(|source| source.used_by(id, card)).cloned().collect()
    }

    /// What the state of its datasets makes of a card that would render; none where they are whole.
    pub(crate) fn upstream_trouble(&self, id: i64, card: &Card) -> Option<Behaviour> {
        let sources: Vec<&Source> = card.datasets.iter().filter_map(|dataset| self.datasets.get(dataset)).collect();
        if let Some(gone) = sources.iter().find(|source| source.deleted) {
            return Some(Behaviour::broken(&format!("Dataset {} is not indexed", gone.dataset.id)));
        }
        let missing: Vec<&str> = sources
            .iter()
            .flat_map(|source| source.used_by(id, card).into_iter().filter(|column| source.dropped.contains(*column)))
            .map(String::as_str)
            .collect();
        (!missing.is_empty())
            .then(|| Behaviour::broken(&format!("Invalid column(s) referenced: {}", missing.join(", "))))
    }

    pub(crate) fn dataset_infos(&self) -> Vec<DatasetInfo> {
        self.datasets.values().map(|source| self.dataset_info(source)).collect()
    }

    fn dataset_info(&self, source: &Source) -> DatasetInfo {
        let Dataset { id, name, provider } = source.dataset.clone();
        DatasetInfo {
            cards: self.fed_by(&id),
            id,
            name,
            provider,
            state: source.state.clone(),
            last_updated: source.last_updated,
            stream: source.stream,
            columns: source.present().cloned().collect(),
            dropped: source.dropped.iter().cloned().collect(),
            deleted: source.deleted,
            runs: source.runs.clone(),
        }
    }
}
