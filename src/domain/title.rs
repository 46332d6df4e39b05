//! The cause of an incident in words. Owns the one line that mail and command line show for it; what the cause is, is
//! [`cause`](super::cause)'s.

use std::collections::BTreeMap;

use super::cause::{Cause, Kind};
use super::foreign::{capitalised, one_line};

/// The longest title, in characters.
const LIMIT: usize = 160;

/// More datasets than this are not named: then none of them is likely to blame.
pub(super) const MOST_DATASETS: usize = 2;

/// More columns than this are counted; two of them stand for all.
const MOST_COLUMNS: usize = 3;

/// The datasets to blame: one, or two of which either may be.
pub(super) struct Upstream<'a> {
    /// Their names, where all are known.
    pub(super) names: &'a [&'a str],
    /// Of each, whether Domo has it no more, where somebody looked.
    pub(super) gone: &'a [Option<bool>],
}

/// The title of cards with these causes, of which one, given by its reason and kind, stands for all.
pub(super) fn of(reason: &str, kind: &Kind, causes: &[Cause], upstream: &Upstream<'_>) -> String {
    let dataset = dataset(upstream.names);
    let on = dataset.as_ref().map(|dataset| format!(" on {dataset}")).unwrap_or_default();
    let title = match (kind, dataset) {
        (Kind::MissingColumn, dataset) => missing_column(&lost(causes), dataset),
        (Kind::MissingDataset, dataset) => format!("{} {}", or(dataset, "a dataset"), upstream.is_what()),
        (Kind::NoAccess, dataset) => format!("no access to {}", or(dataset, "the data")),
        (Kind::Formula, _) => format!("{}{on} cannot be read", formula(causes)),
        (Kind::Slow, Some(dataset)) => format!("{dataset} is too slow"),
        (Kind::Slow, None) => "the query takes too long".to_owned(),
        (Kind::ServerError, _) => "Domo answers with a server error".to_owned(),
        (Kind::Unexplained, _) => format!("Domo refuses without a reason{on}"),
        (Kind::Said(_), _) => format!("Domo says '{}'{on}", one_line(reason, 60)),
    };
    one_line(&capitalised(&title), LIMIT)
}

impl Upstream<'_> {
    /// What is wrong with a dataset that a card cannot be drawn from, as far as it was seen.
    fn is_what(&self) -> &'static str {
        let all = |gone: bool| !self.gone.is_empty() && self.gone.iter().all(|found| *found == Some(gone));
        match (all(true), all(false)) {
            (true, _) => "is gone",
            (_, true) => "is not indexed",
            (false, false) => "is gone or not indexed",
        }
    }
}

fn or(dataset: Option<String>, otherwise: &str) -> String {
    dataset.unwrap_or_else(|| otherwise.to_owned())
}

fn dataset(names: &[&str]) -> Option<String> {
    match names {
        [one] => Some(format!("dataset {}", one_line(one, 50))),
        [one, other] => Some(format!("dataset {} or {}", one_line(one, 30), one_line(other, 30))),
        _ => None,
    }
}

fn missing_column(columns: &[&str], dataset: Option<String>) -> String {
    let cut = |place: usize, most: usize| columns.get(place).map(|name| one_line(name, most)).unwrap_or_default();
    let (what, is) = match columns.len() {
        0 => ("a column".to_owned(), "is"),
        1 => (format!("column {}", cut(0, 40)), "is"),
        2 => (format!("columns {} and {}", cut(0, 22), cut(1, 22)), "are"),
        MOST_COLUMNS => (format!("columns {}, {} and {}", cut(0, 22), cut(1, 22), cut(2, 22)), "are"),
        many => (format!("{many} columns such as {} and {}", cut(0, 22), cut(1, 22)), "are"),
    };
    match dataset {
        Some(dataset) => format!("{dataset} lost {what}"),
        None => format!("{what} {is} missing"),
    }
}

/// The columns that are missing, each once however it is spelt.
fn lost(causes: &[Cause]) -> Vec<&str> {
    let of_columns = causes.iter().filter(|cause| cause.kind == Kind::MissingColumn);
    let names: BTreeMap<String, &str> =
        of_columns.flat_map(|cause| &cause.names).map(|name| (name.to_lowercase(), name.as_str())).rev().collect();
    names.into_values().collect()
}

/// The one beast mode, where it is one.
fn formula(causes: &[Cause]) -> String {
    let of_formulas = causes.iter().filter(|cause| cause.kind == Kind::Formula);
    let mut names = of_formulas.flat_map(|cause| &cause.names);
    match names.next() {
        Some(first) if names.all(|name| name == first) => format!("beast mode {}", one_line(first, 40)),
        Some(_) | None => "a beast mode or query".to_owned(),
    }
}
