//! What is known of a dataset that feeds a broken card. Owns its names as data, and the line about it; how that reads
//! is [`crate::domain::findings`]'.

use serde::Serialize;

use super::table::{cell, minute};
use crate::domain::dataset::{KnownDataset, Run, RunOutcome, SchemaChange};
use crate::domain::findings::Findings;
use crate::domain::ids::DatasetId;
use crate::domain::snapshot::InstanceSnapshot;
use crate::domain::{Timestamp, rfc3339};

/// A dataset and what was found out about it, as data.
#[derive(Serialize)]
pub(super) struct DatasetStatus {
    id: String,
    name: String,
    state: Option<String>,
    updated_at: Option<String>,
    looked_at: Option<String>,
    gone: Option<bool>,
    last_run: Option<PrintedRun>,
    schema_change: Option<PrintedChange>,
    #[serde(skip)]
    found: Option<String>,
}

#[derive(Serialize)]
struct PrintedRun {
    at: Option<String>,
    outcome: &'static str,
    message: Option<String>,
}

#[derive(Serialize)]
struct PrintedChange {
    after: String,
    before: String,
    lost: Vec<String>,
    gained: Vec<String>,
}

/// A dataset by id and name alone.
#[derive(Serialize)]
pub(super) struct NamedDataset {
    id: String,
    name: String,
}

impl NamedDataset {
    pub(super) fn of(id: &DatasetId, snapshot: &InstanceSnapshot) -> Self {
        // No list may have told its name.
        let name = snapshot.datasets.get(id).map(|known| known.dataset.name.clone());
        let name = name.filter(|name| !name.trim().is_empty());
        Self { id: id.to_string(), name: name.unwrap_or_else(|| id.to_string()) }
    }
}

impl DatasetStatus {
    /// A dataset of an incident that opened at `opened_at`, with what of the finds can explain it.
    pub(super) fn of(id: &DatasetId, snapshot: &InstanceSnapshot, opened_at: Timestamp) -> Self {
        let NamedDataset { id: as_text, name } = NamedDataset::of(id, snapshot);
        let mut known = snapshot.datasets.get(id).cloned();
        if let Some(known) = &mut known {
            known.evidence = known.evidence.take().and_then(|found| found.explaining(opened_at));
        }
        let evidence = known.as_ref().and_then(|known| known.evidence.as_ref());
        let found = Findings::of(known.as_ref().map(|known| &known.dataset), evidence, opened_at);
        let (state, updated_at) = known.as_ref().map_or((None, None), latest);
        Self {
            id: as_text,
            name,
            state: state.map(str::to_owned),
            updated_at: updated_at.map(rfc3339),
            looked_at: evidence.map(|evidence| rfc3339(evidence.looked_at)),
            gone: evidence.map(|evidence| evidence.gone),
            last_run: evidence.and_then(|evidence| evidence.last_run.as_ref()).map(PrintedRun::of),
            schema_change: evidence.and_then(|evidence| evidence.schema_change.as_ref()).map(PrintedChange::of),
            found: found.map(|found| found.written(minute)),
        }
    }

    /// 'dataset Orders: last run failed 2026-11-24 13:58 UTC: connection refused'.
    pub(super) fn line(&self) -> String {
        let found = self.found.as_ref().map(|found| format!(": {found}")).unwrap_or_default();
        format!("dataset {}{found}", cell(&self.name))
    }
}

impl PrintedRun {
    fn of(run: &Run) -> Self {
        let (outcome, message) = match &run.outcome {
            RunOutcome::Succeeded => ("succeeded", None),
            RunOutcome::Failed(message) => ("failed", Some(message).filter(|message| !message.is_empty())),
            RunOutcome::Other(word) => ("other", Some(word)),
        };
        Self { at: run.at.map(rfc3339), outcome, message: message.cloned() }
    }
}

impl PrintedChange {
    fn of(change: &SchemaChange) -> Self {
        Self {
            after: rfc3339(change.after),
            before: rfc3339(change.before),
            lost: change.lost.iter().cloned().collect(),
            gained: change.gained.iter().cloned().collect(),
        }
    }
}

/// State and latest update, as they were last told: a list of cards is read with each sweep, evidence when one breaks.
fn latest(known: &KnownDataset) -> (Option<&str>, Option<Timestamp>) {
    let evidence = known.evidence.as_ref();
    let state = known.dataset.state.as_deref().or_else(|| evidence?.state.as_deref());
    (state, known.dataset.updated_at.or_else(|| evidence?.updated_at))
}
