//! Datasets, as far as they explain why a card is broken. Owns what was found out about a dataset and how its
//! schema changed between two looks; asking Domo is `domo`'s, and how it reads is
//! [`findings`](super::findings)'s.

use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::Arc;

use super::Timestamp;
use super::ids::DatasetId;

/// The datasets that feed a card, ascending, each once. Small and cheap to clone: each card has one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Feeding(Arc<[DatasetId]>);

impl Deref for Feeding {
    type Target = [DatasetId];

    fn deref(&self) -> &[DatasetId] {
        &self.0
    }
}

impl FromIterator<DatasetId> for Feeding {
    fn from_iter<I: IntoIterator<Item = DatasetId>>(datasets: I) -> Self {
        let mut datasets: Vec<DatasetId> = datasets.into_iter().collect();
        datasets.sort_unstable();
        datasets.dedup();
        Self(datasets.into())
    }
}

impl<const N: usize> From<[DatasetId; N]> for Feeding {
    fn from(datasets: [DatasetId; N]) -> Self {
        datasets.into_iter().collect()
    }
}

impl<'a> IntoIterator for &'a Feeding {
    type Item = &'a DatasetId;
    type IntoIter = std::slice::Iter<'a, DatasetId>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// A dataset as Domo's list of a page's cards describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// Its name: foreign text.
    pub name: String,
    /// Its state in Domo's word, such as `SUCCESS`.
    pub state: Option<String>,
    /// When its data was last updated.
    pub updated_at: Option<Timestamp>,
}

/// What is known of a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownDataset {
    /// What the latest list said of it.
    pub dataset: Dataset,
    /// What was found out when a card that it feeds last broke.
    pub evidence: Option<Evidence>,
}

/// What Domo says of a dataset, asked when a card that it feeds newly broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// When it was asked.
    pub looked_at: Timestamp,
    /// Domo has no such dataset, or does not show it to the service user.
    pub gone: bool,
    /// Its state in Domo's word.
    pub state: Option<String>,
    /// When its data was last updated.
    pub updated_at: Option<Timestamp>,
    /// Its latest run.
    pub last_run: Option<Run>,
    /// The names of its columns, where Domo told them.
    pub columns: Option<BTreeSet<String>>,
    /// How its columns changed between two looks, the latest such change.
    pub schema_change: Option<SchemaChange>,
}

impl Evidence {
    /// It is there, and nothing was told of it.
    pub fn nothing(looked_at: Timestamp) -> Self {
        Self {
            looked_at,
            gone: false,
            state: None,
            updated_at: None,
            last_run: None,
            columns: None,
            schema_change: None,
        }
    }
}

/// One run that fills a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// When it ended, or began where it has not ended.
    pub at: Option<Timestamp>,
    /// How it ended.
    pub outcome: RunOutcome,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunOutcome {
    /// Well.
    Succeeded,
    /// It did not; what Domo says of it, which may be nothing.
    Failed(String),
    /// Something else, such as still running, in Domo's word.
    Other(String),
}

/// How the columns of a dataset changed between two looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaChange {
    /// The earlier look.
    pub after: Timestamp,
    /// The later look.
    pub before: Timestamp,
    /// Columns that were gone.
    pub lost: BTreeSet<String>,
    /// Columns that were new.
    pub gained: BTreeSet<String>,
}

impl Evidence {
    /// What of it can explain an incident that opened at `opened_at`; `None` where nothing can.
    ///
    /// What was found out before explains an earlier breakage. A change of columns whose earlier look was already after
    /// the opening came too late to be the cause; a run is told all the same, since it says how the dataset fares now.
    #[must_use]
    pub fn explaining(&self, opened_at: Timestamp) -> Option<Self> {
        let change = self.schema_change.as_ref().filter(|change| change.after < opened_at);
        (self.looked_at >= opened_at).then(|| Self { schema_change: change.cloned(), ..self.clone() })
    }

    /// The evidence, held against what an earlier look had found: a change of columns is noted, an older one kept.
    #[must_use]
    pub fn compared_with(mut self, earlier: Option<&Self>) -> Self {
        let Some(earlier) = earlier else { return self };
        let change = match (&earlier.columns, &self.columns) {
            (Some(before), Some(now)) if before != now => Some(SchemaChange {
                after: earlier.looked_at,
                before: self.looked_at,
                lost: before.difference(now).cloned().collect(),
                gained: now.difference(before).cloned().collect(),
            }),
            _ => None,
        };
        self.schema_change = change.or_else(|| earlier.schema_change.clone());
        if self.columns.is_none() {
            self.columns.clone_from(&earlier.columns);
        }
        self
    }
}
