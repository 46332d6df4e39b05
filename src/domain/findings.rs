//! What is known of a dataset, in words that page, API, command line and mail share. Owns which facts are told, in
//! which order and how they read; how an instant reads is each reader's own.

use std::collections::BTreeSet;

use super::Timestamp;
use super::dataset::{Dataset, Evidence, Run, RunOutcome, SchemaChange};
use super::foreign::one_line;

/// The longest message of a run, in characters.
const MESSAGE_LIMIT: usize = 200;

/// The longest word of Domo's for a state, in characters.
const STATE_LIMIT: usize = 40;

/// The longest name of a column, in characters, and so many are named; the rest is a number.
const COLUMN_LIMIT: usize = 40;
const COLUMNS_SHOWN: usize = 5;

/// A piece of a sentence: words as they are, or an instant that the reader puts into words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Words, printable.
    Words(String),
    /// An instant.
    At(Timestamp),
}

/// What is known of one dataset, such as 'last run failed 13:58: connection refused; lost column region between 13:50
/// and 14:05'. Foreign text in it is printable and cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings(Vec<Piece>);

impl Findings {
    /// What is known of a dataset of an incident that opened at `opened_at`, the likeliest trouble first; `None` where
    /// nothing is. What cannot explain the incident is left out, see [`Evidence::explaining`].
    ///
    /// `listed` is what the latest list of cards said; `None` where none named the dataset.
    pub fn of(listed: Option<&Dataset>, evidence: Option<&Evidence>, opened_at: Timestamp) -> Option<Self> {
        let evidence = evidence.and_then(|found| found.explaining(opened_at));
        let told = evidence.as_ref().map(found).unwrap_or_default();
        let facts = if told.is_empty() { latest(listed, evidence.as_ref()).into_iter().collect() } else { told };
        (!facts.is_empty()).then(|| Self(facts.join(&words("; "))))
    }

    /// The pieces in their order.
    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// The sentence, with each instant as `time` writes it.
    pub fn written(&self, time: impl Fn(Timestamp) -> String) -> String {
        self.0
            .iter()
            .map(|piece| match piece {
                Piece::Words(words) => words.clone(),
                Piece::At(at) => time(*at),
            })
            .collect()
    }
}

fn words(text: impl Into<String>) -> Piece {
    Piece::Words(text.into())
}

/// What was found out when a card broke.
fn found(evidence: &Evidence) -> Vec<Vec<Piece>> {
    if evidence.gone {
        return vec![vec![words("gone, or not shown to the service user")]];
    }
    let run = evidence.last_run.as_ref();
    let change = evidence.schema_change.as_ref().and_then(change);
    let run_explains = run.is_some_and(|run| matches!(run.outcome, RunOutcome::Failed(_)));
    let run = run.map(last_run);
    let both = if run_explains { [run, change] } else { [change, run] };
    both.into_iter().flatten().collect()
}

fn last_run(run: &Run) -> Vec<Piece> {
    let (ended, said) = match &run.outcome {
        RunOutcome::Succeeded => ("last run succeeded", String::new()),
        RunOutcome::Failed(said) => ("last run failed", one_line(said, MESSAGE_LIMIT)),
        RunOutcome::Other(word) => ("last run", one_line(word, STATE_LIMIT)),
    };
    let at = run.at.map(|at| [words(" "), Piece::At(at)]).into_iter().flatten();
    let said = (!said.is_empty()).then(|| words(format!(": {said}")));
    std::iter::once(words(ended)).chain(at).chain(said).collect()
}

/// 'lost column region and gained columns a, b between 13:50 and 14:05'; where both looks fall into one minute, which is
/// as finely as instants are written, 'at 14:05'.
fn change(change: &SchemaChange) -> Option<Vec<Piece>> {
    let named = [columns("lost", &change.lost), columns("gained", &change.gained)];
    let named: Vec<String> = named.into_iter().flatten().collect();
    (!named.is_empty()).then(|| {
        let what = named.join(" and ");
        if minute(change.after) == minute(change.before) {
            return vec![words(format!("{what} at ")), Piece::At(change.before)];
        }
        vec![words(format!("{what} between ")), Piece::At(change.after), words(" and "), Piece::At(change.before)]
    })
}

fn minute(at: Timestamp) -> i64 {
    at.timestamp().div_euclid(60)
}

fn columns(which: &str, names: &BTreeSet<String>) -> Option<String> {
    let shown: Vec<String> = names.iter().take(COLUMNS_SHOWN).map(|name| one_line(name, COLUMN_LIMIT)).collect();
    let more = names.len() - shown.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let plural = if names.len() == 1 { "" } else { "s" };
    (!shown.is_empty()).then(|| format!("{which} column{plural} {}{more}", shown.join(", ")))
}

/// State and latest update as they were last told: a list of cards is read with each sweep, evidence when a card
/// breaks.
fn latest(listed: Option<&Dataset>, evidence: Option<&Evidence>) -> Option<Vec<Piece>> {
    let state = listed.and_then(|listed| listed.state.as_deref()).or_else(|| evidence?.state.as_deref());
    let updated_at = listed.and_then(|listed| listed.updated_at).or_else(|| evidence?.updated_at);
    let state = state.map(|state| one_line(state, STATE_LIMIT)).filter(|state| !state.is_empty());
    match (state, updated_at) {
        (Some(state), Some(at)) => Some(vec![words(format!("state {state}, updated ")), Piece::At(at)]),
        (Some(state), None) => Some(vec![words(format!("state {state}"))]),
        (None, Some(at)) => Some(vec![words("updated "), Piece::At(at)]),
        (None, None) => None,
    }
}
