//! What is known of a dataset that feeds a broken card. Owns how that reads, as data and as one line.

use serde::Serialize;

use super::table::{cell, minute, rfc3339};
use crate::domain::Timestamp;
use crate::domain::dataset::{Evidence, Run, RunOutcome, SchemaChange};
use crate::domain::ids::DatasetId;
use crate::domain::snapshot::{DatasetNow, InstanceSnapshot};

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
    /// A dataset of an incident that opened at `opened_at`: what was found out before explains an earlier breakage.
    pub(super) fn of(id: &DatasetId, snapshot: &InstanceSnapshot, opened_at: Timestamp) -> Self {
        let NamedDataset { id: as_text, name } = NamedDataset::of(id, snapshot);
        let mut known = snapshot.datasets.get(id).cloned();
        if let Some(known) = &mut known {
            known.evidence = known.evidence.take().filter(|found| found.looked_at >= opened_at);
        }
        let evidence = known.as_ref().and_then(|known| known.evidence.as_ref());
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
            found: known.as_ref().and_then(found),
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
fn latest(known: &DatasetNow) -> (Option<&str>, Option<Timestamp>) {
    let evidence = known.evidence.as_ref();
    let state = known.dataset.state.as_deref().or_else(|| evidence?.state.as_deref());
    (state, known.dataset.updated_at.or_else(|| evidence?.updated_at))
}

/// What was found out, from what explains most to what explains least; `None` where nothing is known.
fn found(known: &DatasetNow) -> Option<String> {
    let parts = match &known.evidence {
        Some(Evidence { gone: true, .. }) => {
            return Some("Domo has no such dataset, or does not show it to cardwatch's user".to_owned());
        }
        Some(evidence) => {
            let change = evidence.schema_change.as_ref().map(changed);
            change.into_iter().chain(evidence.last_run.as_ref().map(ran)).collect()
        }
        None => Vec::new(),
    };
    if !parts.is_empty() {
        return Some(parts.join("; "));
    }
    let (state, updated_at) = latest(known);
    let state = state.map(|state| format!("state {}", cell(state)));
    let updated = updated_at.map(|at| format!("last updated {}", minute(at)));
    let parts: Vec<String> = [state, updated].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn changed(change: &SchemaChange) -> String {
    let columns = |which: &str, names: &std::collections::BTreeSet<String>| {
        let plural = if names.len() == 1 { "" } else { "s" };
        let names = cell(&names.iter().map(String::as_str).collect::<Vec<_>>().join(", "));
        (!names.is_empty()).then(|| format!("{which} column{plural} {names}"))
    };
    let changes = [columns("lost", &change.lost), columns("gained", &change.gained)];
    let changes: Vec<String> = changes.into_iter().flatten().collect();
    format!("{} between {} and {}", changes.join(" and "), minute(change.after), minute(change.before))
}

fn ran(run: &Run) -> String {
    let at = run.at.map(|at| format!(" {}", minute(at))).unwrap_or_default();
    match &run.outcome {
        RunOutcome::Succeeded => format!("last run succeeded{at}"),
        RunOutcome::Failed(message) if message.trim().is_empty() => format!("last run failed{at}"),
        RunOutcome::Failed(message) => format!("last run failed{at}: {}", cell(message)),
        RunOutcome::Other(word) => format!("last run{at}: {}", cell(word)),
    }
}
