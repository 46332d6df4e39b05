//! What Domo knows beside cards and renders: datasets and their runs, users, the count of invalid beast modes. Owns
//! these calls. Each is made once, without a second attempt, since a report goes out without them.

use std::collections::{BTreeMap, BTreeSet};

use super::Domo;
use crate::domain::dataset::{Dataset, Evidence};
use crate::domain::ids::{CardId, DatasetId, UserId};
use crate::domain::owners::Address;

/// Why a call beside the renders told nothing, for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Untold(pub String);

/// The datasets of cards, and what is said of each dataset.
pub type CardDatasets = (BTreeMap<CardId, BTreeSet<DatasetId>>, BTreeMap<DatasetId, Dataset>);

/// So many cards are asked about in one call.
pub const CARDS_A_CALL: usize = 50;

impl Domo {
    /// What Domo says of a dataset: its state, its latest run, its columns. Three calls at most.
    pub async fn evidence(&self, dataset: &DatasetId) -> Result<Evidence, Untold> {
        let _ = dataset;
        Err(Untold("not asked".to_owned()))
    }

    /// The datasets that feed these cards, of which there are [`CARDS_A_CALL`] at most.
    pub async fn card_datasets(&self, cards: &BTreeSet<CardId>) -> Result<CardDatasets, Untold> {
        let _ = cards;
        Err(Untold("not asked".to_owned()))
    }

    /// The mail address of a user; `None` where Domo knows the user and gives no address.
    pub async fn address(&self, user: UserId) -> Result<Option<Address>, Untold> {
        let _ = user;
        Err(Untold("not asked".to_owned()))
    }

    /// How many beast modes of the instance Domo counts as invalid.
    pub async fn invalid_functions(&self) -> Result<u64, Untold> {
        Err(Untold("not asked".to_owned()))
    }
}
