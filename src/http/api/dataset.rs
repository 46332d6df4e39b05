//! A dataset that an incident is about, with what was found out about it. Owns which of it belongs to the incident.

use serde::Serialize;
use utoipa::ToSchema;

use super::data::{NamedDataset, Time, one_of};
use crate::domain::Timestamp;
use crate::domain::dataset::{Run, RunOutcome, SchemaChange};
use crate::domain::ids::DatasetId;
use crate::domain::snapshot::InstanceSnapshot;

/// A dataset and what was found out about it when a card that it feeds broke.
#[derive(Serialize, ToSchema)]
pub(super) struct Dataset {
    /// Its id, as Domo gives it.
    id: String,
    /// Its name; its id where no list told the name.
    name: String,
    /// Its state in Domo's word.
    state: Option<String>,
    /// When its data was last updated.
    updated_at: Option<Time>,
    /// When Domo was asked about it since the incident opened; null = not yet.
    looked_at: Option<Time>,
    /// Domo has no such dataset, or does not show it to cardwatch; null = Domo was not asked yet.
    gone: Option<bool>,
    /// Its latest run.
    last_run: Option<LastRun>,
    /// How its columns changed between two looks.
    schema_change: Option<ColumnChange>,
}

/// One run that fills a dataset.
#[derive(Serialize, ToSchema)]
struct LastRun {
    /// When it ended, or began where it has not ended.
    at: Option<Time>,
    /// How it ended.
    #[schema(schema_with = run_outcomes)]
    outcome: &'static str,
    /// What Domo says of a run that failed, or its word for one that ended otherwise.
    message: Option<String>,
}

/// How the columns of a dataset changed between two looks.
#[derive(Serialize, ToSchema)]
struct ColumnChange {
    /// The earlier look.
    after: Time,
    /// The later look.
    before: Time,
    /// Columns that were gone.
    lost: Vec<String>,
    /// Columns that were new.
    gained: Vec<String>,
}

const SUCCEEDED: &str = "succeeded";
const FAILED: &str = "failed";
const OTHER: &str = "other";

impl Dataset {
    /// A dataset of an incident that opened at `opened_at`, with what can explain it.
    pub(super) fn of(id: &DatasetId, instance: &InstanceSnapshot, opened_at: Timestamp) -> Self {
        let NamedDataset { id: as_text, name } = NamedDataset::of(id, instance);
        let known = instance.datasets.get(id);
        let listed = known.map(|known| &known.dataset);
        let found = known.and_then(|known| known.evidence.as_ref()?.explaining(opened_at));
        let found = found.as_ref();
        let state = listed.and_then(|listed| listed.state.as_ref());
        let updated_at = listed.and_then(|listed| listed.updated_at);
        Self {
            id: as_text,
            name,
            state: state.or_else(|| found?.state.as_ref()).cloned(),
            updated_at: updated_at.or_else(|| found?.updated_at).map(Time),
            looked_at: found.map(|found| Time(found.looked_at)),
            gone: found.map(|found| found.gone),
            last_run: found.and_then(|found| found.last_run.as_ref()).map(LastRun::of),
            schema_change: found.and_then(|found| found.schema_change.as_ref()).map(ColumnChange::of),
        }
    }
}

impl LastRun {
    fn of(run: &Run) -> Self {
        let (outcome, message) = match &run.outcome {
            RunOutcome::Succeeded => (SUCCEEDED, None),
            RunOutcome::Failed(message) => (FAILED, Some(message).filter(|message| !message.is_empty())),
            RunOutcome::Other(word) => (OTHER, Some(word)),
        };
        Self { at: run.at.map(Time), outcome, message: message.cloned() }
    }
}

impl ColumnChange {
    fn of(change: &SchemaChange) -> Self {
        Self {
            after: Time(change.after),
            before: Time(change.before),
            lost: change.lost.iter().cloned().collect(),
            gained: change.gained.iter().cloned().collect(),
        }
    }
}

fn run_outcomes() -> utoipa::openapi::schema::Object {
    one_of("How the run ended.", [SUCCEEDED, FAILED, OTHER], false)
}
