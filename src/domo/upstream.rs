//! What Domo knows beside cards and renders: datasets and their runs, users, the count of invalid beast modes. Owns
//! these calls. Each is made once, without a second attempt, since a report goes out without them; what their answers
//! say is read in [`learnt`].

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Domo;
use super::body::{Content, Shape};
use super::call::{Call, Endpoint};
use super::client::{Attempt, Ended, Reply};
use super::learnt::{self, DatasetRow, Functions, RUNS, RunRow, SchemaRow, StreamRow, UserRow};
use super::loose::Rows;
use super::wire::CardRow;
use super::words;
use crate::domain::dataset::{Dataset, Evidence, Feeding, Run};
use crate::domain::ids::{CardId, DatasetId, UserId};
use crate::domain::owners::Address;

/// A call beside the renders is worth no more than this, and no more than the timeout of a request.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest id of a dataset that is asked for, in bytes: a UUID has 36.
const LONGEST_ID: usize = 100;

/// Why a call beside the renders told nothing, for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Untold(pub String);

/// The datasets of cards, and what is said of each dataset.
pub type CardDatasets = (BTreeMap<CardId, Feeding>, BTreeMap<DatasetId, Dataset>);

/// So many cards are asked about in one call.
pub const CARDS_A_CALL: usize = 50;

/// What a call came to.
enum Asked<T> {
    /// What it hoped for.
    Told(T),
    /// Domo says that there is no such thing.
    NotFound,
    /// Nothing, and why.
    Untold(String),
}

impl<T> Asked<T> {
    /// What it hoped for, or why it did not get it.
    fn told(self) -> Result<T, String> {
        match self {
            Self::Told(told) => Ok(told),
            Self::NotFound => Err("not found (404)".to_owned()),
            Self::Untold(why) => Err(why),
        }
    }
}

impl Domo {
    /// What Domo says of a dataset: its state, its latest run, its columns. Four calls at most: the dataset, its
    /// stream and its schema, and the list of runs where the stream names none.
    ///
    /// A call that fails leaves its part out. Fails where nothing at all was learnt.
    pub async fn evidence(&self, dataset: &DatasetId) -> Result<Evidence, Untold> {
        let id = in_a_path(dataset)?;
        let path = format!("/api/data/v3/datasources/{id}");
        let asked = self.ask_once::<DatasetRow>(Call::get(Endpoint::Dataset, path)).await;
        let looked_at = self.client.clock().now();
        let nothing = Evidence::nothing(looked_at);
        let (row, why) = match asked {
            Asked::NotFound => return Ok(Evidence { gone: true, ..nothing }),
            Asked::Told(row) => (row, "an answer that says nothing of it".to_owned()),
            Asked::Untold(why) => (DatasetRow::default(), why),
        };
        let (last_run, columns) = tokio::join!(self.last_run(row.stream()), self.columns(id));
        let (state, updated_at) = row.described();
        let evidence = Evidence { state, updated_at, last_run, columns, ..nothing.clone() };
        if evidence == nothing { Err(Untold(format!("dataset {id}: {why}"))) } else { Ok(evidence) }
    }

    /// The datasets that feed these cards, of which there are [`CARDS_A_CALL`] at most; more are not asked about.
    /// A card that Domo does not describe is not in the answer.
    pub async fn card_datasets(&self, cards: &BTreeSet<CardId>) -> Result<CardDatasets, Untold> {
        let asked: BTreeSet<CardId> = cards.iter().copied().take(CARDS_A_CALL).collect();
        if asked.is_empty() {
            return Ok(CardDatasets::default());
        }
        let urns: Vec<String> = asked.iter().map(ToString::to_string).collect();
        let target = format!("/api/content/v1/cards?urns={}&parts=metadata,owners,datasources", urns.join(","));
        let call = Call::get(Endpoint::CardDetails, target);
        let told = self.ask_once::<Rows<CardRow>>(call).await.told();
        let rows = told.map_err(|why| Untold(format!("the datasets of cards: {why}")))?;
        let (mut cards, mut datasets) = learnt::card_datasets(rows);
        cards.retain(|card, _| asked.contains(card));
        let of_cards: BTreeSet<&DatasetId> = cards.values().flat_map(|feeding| feeding.iter()).collect();
        datasets.retain(|dataset, _| of_cards.contains(dataset));
        Ok((cards, datasets))
    }

    /// The mail address of a user; `None` where Domo gives none, or has no such user any more.
    pub async fn address(&self, user: UserId) -> Result<Option<Address>, Untold> {
        let untold = |why: &str| Untold(format!("user {user}: {why}"));
        let call = Call::get(Endpoint::User, format!("/api/content/v2/users/{user}"));
        match self.ask_once::<UserRow>(call).await {
            // To mail somebody else would be worse than to mail nobody.
            Asked::Told(row) if !row.is(user) => Err(untold("an answer that is not about this user")),
            Asked::Told(row) => Ok(row.address()),
            Asked::NotFound => Ok(None),
            Asked::Untold(why) => Err(untold(&why)),
        }
    }

    /// How many beast modes of the instance Domo counts as invalid.
    pub async fn invalid_functions(&self) -> Result<u64, Untold> {
        let call = Call::get(Endpoint::Functions, "/api/query/v1/functions/statistics");
        let told = self.ask_once::<Functions>(call).await.told();
        let count = told.and_then(|told| told.invalid().ok_or_else(|| "an answer without the count".to_owned()));
        count.map_err(|why| Untold(format!("invalid beast modes: {why}")))
    }

    /// The latest run of a stream.
    ///
    /// The stream names it (documented by Domo: 'Stream (Connector) - Get'). The list of runs is the second best,
    /// since public clients page through it as if it began with the oldest.
    async fn last_run(&self, stream: Option<i64>) -> Option<Run> {
        let path = format!("/api/data/v1/streams/{}", stream?);
        let named = self.part(Call::get(Endpoint::Stream, path.clone())).await.and_then(StreamRow::latest);
        if named.is_some() {
            return named;
        }
        let call = Call::get(Endpoint::StreamRuns, format!("{path}/executions?limit={RUNS}&offset=0"));
        self.part::<Rows<RunRow>>(call).await.and_then(learnt::latest)
    }

    async fn columns(&self, id: &str) -> Option<BTreeSet<String>> {
        let target = format!("/api/query/v1/datasources/{id}/schema/indexed?includeHidden=false");
        self.part(Call::get(Endpoint::Schema, target)).await.and_then(SchemaRow::columns)
    }

    /// What a call tells that others can do without.
    async fn part<T: Shape>(&self, call: Call) -> Option<T> {
        let endpoint = call.endpoint.name();
        let told = self.ask_once::<T>(call).await.told();
        told.inspect_err(|why| {
            tracing::debug!(domo_instance = %self.client.name(), endpoint, why, "a part of the evidence is missing");
        })
        .ok()
    }

    async fn ask_once<T: Shape>(&self, call: Call) -> Asked<T> {
        let patience = PATIENCE.min(self.client.timeout());
        let Attempt { ended, .. } = match self.ask_so_often::<T>(&call.within(patience), 1).await {
            Ok(attempt) => attempt,
            Err(error) => return Asked::Untold(error.to_string()),
        };
        match ended {
            Ended::Answered(Reply { status: 200, content: Content::Wanted(wanted), .. }) => Asked::Told(wanted),
            Ended::Answered(Reply { status: 404, content, .. }) if content.foreign().is_none() => Asked::NotFound,
            Ended::Answered(Reply { status: 401, .. }) => Asked::Untold("the session is refused (401)".to_owned()),
            Ended::Answered(Reply { status: 200, content, .. }) if content.foreign().is_none() => {
                Asked::Untold("an answer of another shape".to_owned())
            }
            ended => Asked::Untold(words::failure(patience, ended).what),
        }
    }
}

/// The id of a dataset as a part of a path. It is foreign text, and must not lead to another path.
fn in_a_path(dataset: &DatasetId) -> Result<&str, Untold> {
    let id = dataset.as_str();
    let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if plain && id.len() <= LONGEST_ID {
        return Ok(id);
    }
    Err(Untold("a dataset whose id is none that Domo could be asked for".to_owned()))
}
