//! What Domo's answers about datasets, runs and users look like, and what they come to in the domain's types. Owns
//! these shapes and the choice of the run that counts; asking is [`upstream`](super::upstream)'s.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::body::{self, Content, Shape};
use super::conceal::Secrets;
use super::loose::{Loose, Many, Rows, Top};
use super::rows::datasets_of;
use super::upstream::CardDatasets;
use super::when::When;
use super::wire::CardRow;
use crate::domain::Timestamp;
use crate::domain::dataset::{Evidence, Run, RunOutcome};
use crate::domain::foreign::clipped;
use crate::domain::ids::{CardId, UserId};
use crate::domain::owners::Address;

/// So many runs are asked for at once.
pub(super) const RUNS: usize = 100;

/// A word of Domo's for a state is no longer than this, in characters.
const WORD: usize = 100;

/// The longest message of a run, in characters.
const MESSAGE: usize = 1_000;

/// More errors of one run than these tell a reader nothing.
const ERRORS: usize = 10;

/// More tables and columns than these are no dataset's.
const TABLES: usize = 100;
const COLUMNS: usize = 20_000;

/// One dataset. Its `status` is a word like its `state`, unless the answer is a refusal.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DatasetRow {
    state: Loose,
    status: Loose,
    last_updated: When,
    stream_id: Loose,
}

impl DatasetRow {
    /// The stream that fills it; a dataflow's dataset has none.
    pub(super) fn stream(&self) -> Option<i64> {
        self.stream_id.whole().filter(|id| *id > 0)
    }

    /// Its state, and when its data was last updated.
    pub(super) fn described(self) -> (Option<String>, Option<Timestamp>) {
        (word(self.state).or_else(|| word(self.status)), self.last_updated.at())
    }
}

/// The stream that fills a dataset.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct StreamRow {
    status: Loose,
    last_execution: Top<RunRow>,
    current_execution: Top<RunRow>,
}

impl StreamRow {
    /// The run that ended last, or the one under way where none has.
    pub(super) fn latest(self) -> Option<Run> {
        let run = |row: Top<RunRow>| row.object().and_then(RunRow::run);
        run(self.last_execution).or_else(|| run(self.current_execution))
    }
}

/// One run of a stream.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RunRow {
    execution_id: Loose,
    started_at: When,
    ended_at: When,
    current_state: Loose,
    errors: Many<Top<RunError>, ERRORS>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RunError {
    message: Loose,
    code: Loose,
}

impl RunRow {
    /// What sorts runs by time; one that has not ended comes before all that have.
    fn age(&self) -> (bool, Option<Timestamp>, Option<i64>) {
        let ended = self.ended_at.at();
        (ended.is_some(), ended.or_else(|| self.started_at.at()), self.execution_id.whole())
    }

    /// The run; none where its state is not told.
    fn run(self) -> Option<Run> {
        let at = self.ended_at.at().or_else(|| self.started_at.at());
        let state = word(self.current_state)?;
        let outcome = match state.to_ascii_uppercase().as_str() {
            "SUCCESS" => RunOutcome::Succeeded,
            "ERROR" | "FAILED" | "INVALID" => RunOutcome::Failed(message(self.errors)),
            _ => RunOutcome::Other(state),
        };
        Some(Run { at, outcome })
    }

    fn conceal(&mut self, secrets: Secrets<'_>) {
        self.current_state.conceal(secrets);
        for error in self.errors.iter_mut() {
            if let Top::Object(error) = error {
                error.message.conceal(secrets);
                error.code.conceal(secrets);
            }
        }
    }
}

/// The run that ended last. None where the list is full and begins with the oldest, so that later ones are not in it.
pub(super) fn latest(rows: Rows<RunRow>) -> Option<Run> {
    let rows: Vec<RunRow> = rows.known().collect();
    let ascending = rows.first().map(RunRow::age) < rows.last().map(RunRow::age);
    if rows.len() >= RUNS && ascending {
        return None;
    }
    rows.into_iter().max_by_key(RunRow::age).and_then(RunRow::run)
}

/// What the errors of a run say, each thing once.
fn message(errors: Many<Top<RunError>, ERRORS>) -> String {
    let mut said: Vec<String> = Vec::new();
    for error in errors.or_none().into_iter().filter_map(Top::object) {
        let text = error.message.text().or_else(|| error.code.written());
        if let Some(text) = text.map(|text| text.trim().to_owned()).filter(|text| !said.contains(text)) {
            said.push(text);
        }
    }
    clipped(&said.join("; "), MESSAGE)
}

/// The columns of a dataset, as its index has them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SchemaRow {
    status: Loose,
    tables: Many<Top<TableRow>, TABLES>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TableRow {
    columns: Many<Top<ColumnRow>, COLUMNS>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ColumnRow {
    name: Loose,
    id: Loose,
}

impl SchemaRow {
    /// The names of the columns; none where there is not one, since no dataset is without.
    pub(super) fn columns(self) -> Option<BTreeSet<String>> {
        let tables = self.tables.or_none().into_iter().filter_map(Top::object);
        let rows = tables.flat_map(|table| table.columns.or_none()).filter_map(Top::object);
        let names: BTreeSet<String> = rows.filter_map(|row| row.name.text().or_else(|| row.id.text())).collect();
        (!names.is_empty()).then_some(names)
    }
}

/// One user.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct UserRow {
    status: Loose,
    id: Loose,
    email_address: Loose,
}

impl UserRow {
    /// Whether it is this user that is described.
    pub(super) fn is(&self, user: UserId) -> bool {
        self.id.whole() == Some(user.0)
    }

    /// The address, where it can be one.
    pub(super) fn address(self) -> Option<Address> {
        Address::new(self.email_address.text()?.trim())
    }
}

/// The counts of beast modes.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Functions {
    status: Loose,
    invalid: Loose,
}

impl Functions {
    /// How many are invalid.
    pub(super) fn invalid(&self) -> Option<u64> {
        self.invalid.whole().and_then(|count| u64::try_from(count).ok())
    }
}

/// The datasets of the cards that the list describes.
pub(super) fn card_datasets(rows: Rows<CardRow>) -> CardDatasets {
    let mut cards = BTreeMap::new();
    let mut datasets = BTreeMap::new();
    for row in rows.known() {
        if let (Some(card), Some(of_card)) = (row.id.whole().map(CardId), datasets_of(row.datasources)) {
            cards.insert(card, of_card.keys().cloned().collect());
            datasets.extend(of_card);
        }
    }
    (cards, datasets)
}

/// A word of Domo's, such as a state.
fn word(word: Loose) -> Option<String> {
    word.text().map(|word| clipped(word.trim(), WORD))
}

/// What one answer comes to, read as each of the answers here in turn.
#[derive(Debug)]
pub struct Learnt {
    /// Read as a dataset, a stream or its runs, and a schema.
    pub evidence: Evidence,
    /// Read as cards.
    pub cards: CardDatasets,
    /// Read as a user.
    pub address: Option<Address>,
    /// Read as the counts of beast modes.
    pub invalid: Option<u64>,
}

/// Reads one answer, looked at `looked_at`, as each of the answers here in turn.
pub fn learnt_from(body: &[u8], looked_at: Timestamp) -> Learnt {
    fn read<T: Shape>(body: &[u8]) -> Option<T> {
        match body::parse_whole::<T>(body, false, true) {
            Content::Wanted(wanted) => Some(wanted),
            _ => None,
        }
    }
    let (state, updated_at) = read::<DatasetRow>(body).unwrap_or_default().described();
    let of_stream = read::<StreamRow>(body).and_then(StreamRow::latest);
    Learnt {
        evidence: Evidence {
            looked_at,
            gone: false,
            state,
            updated_at,
            last_run: of_stream.or_else(|| read::<Rows<RunRow>>(body).and_then(latest)),
            columns: read::<SchemaRow>(body).and_then(SchemaRow::columns),
            schema_change: None,
        },
        cards: read::<Rows<CardRow>>(body).map(card_datasets).unwrap_or_default(),
        address: read::<UserRow>(body).and_then(UserRow::address),
        invalid: read::<Functions>(body).and_then(|functions| functions.invalid()),
    }
}

impl Shape for DatasetRow {
    fn status(&self) -> Option<u16> {
        self.status.status()
    }

    fn conceal(&mut self, secrets: Secrets<'_>) {
        self.state.conceal(secrets);
        self.status.conceal(secrets);
    }
}

impl Shape for StreamRow {
    fn status(&self) -> Option<u16> {
        self.status.status()
    }

    fn conceal(&mut self, secrets: Secrets<'_>) {
        for run in [&mut self.last_execution, &mut self.current_execution] {
            if let Top::Object(run) = run {
                run.conceal(secrets);
            }
        }
    }
}

impl Shape for Rows<RunRow> {
    const LIST: bool = true;

    fn conceal(&mut self, secrets: Secrets<'_>) {
        self.iter_mut().for_each(|run| run.conceal(secrets));
    }
}

impl Shape for SchemaRow {
    fn status(&self) -> Option<u16> {
        self.status.status()
    }
}

impl Shape for UserRow {
    fn status(&self) -> Option<u16> {
        self.status.status()
    }

    fn conceal(&mut self, secrets: Secrets<'_>) {
        self.email_address.conceal(secrets);
    }
}

impl Shape for Functions {
    fn status(&self) -> Option<u16> {
        self.status.status()
    }
}
