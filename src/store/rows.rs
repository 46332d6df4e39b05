//! Between columns and types. Owns the words and numbers that stand for states in the tables, and the
//! refusal of a row that cannot be true.

use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row};

use crate::domain::Timestamp;
use crate::domain::card::{CardMemory, CardState, Told};
use crate::domain::ids::AppId;
use crate::domain::sweep::PageKind;
use crate::domain::verdict::{Class, Reason, Verdict};

/// A row that cannot be true: which one, and why.
#[derive(Debug, thiserror::Error)]
#[error("table {table}, row {row}, column {column}: {value}")]
pub struct ImpossibleRow {
    pub(super) table: &'static str,
    pub(super) row: i64,
    pub(super) column: &'static str,
    pub(super) value: String,
}

/// An instant as the tables hold it, in milliseconds since 1970.
pub(super) fn millis(at: Timestamp) -> i64 {
    at.timestamp_millis()
}

/// An instant out of a table.
pub(super) fn instant(
    table: &'static str,
    row: i64,
    column: &'static str,
    value: i64,
) -> Result<Timestamp, ImpossibleRow> {
    Timestamp::from_timestamp_millis(value).ok_or_else(|| ImpossibleRow {
        table,
        row,
        column,
        value: value.to_string(),
    })
}

/// The class of a reason; an empty one belongs to what kept a card from being checked.
pub(super) fn class(row: i64, name: &str) -> Result<Class, ImpossibleRow> {
    Class::ALL.into_iter().find(|class| class.name() == name).ok_or_else(|| ImpossibleRow {
        table: "reason",
        row,
        column: "class",
        value: name.to_owned(),
    })
}

/// The kind of a page out of its two columns.
pub(super) fn page_kind(kind: &str, app: Option<i64>) -> PageKind {
    match kind {
        "view" => PageKind::View { app: app.map(AppId) },
        _ => PageKind::Page,
    }
}

/// The two columns of a page's kind.
pub(super) fn page_kind_columns(kind: PageKind) -> (&'static str, Option<i64>) {
    match kind {
        PageKind::Page => ("page", None),
        PageKind::View { app } => ("view", app.map(|app| app.0)),
    }
}

/// The number that stands for a verdict; `None` for one that no render gives.
pub(super) fn verdict_code(verdict: &Verdict) -> Option<i64> {
    match verdict {
        Verdict::Working { .. } => Some(0),
        Verdict::Broken(_) => Some(1),
        Verdict::Unchecked(_) => Some(2),
        Verdict::Unsupported => None,
    }
}

/// The word for a verdict's number.
pub(super) fn verdict_word(sweep: i64, code: i64) -> Result<&'static str, ImpossibleRow> {
    match code {
        0 => Ok("working"),
        1 => Ok("broken"),
        2 => Ok("unchecked"),
        other => Err(ImpossibleRow { table: "render_result", row: sweep, column: "verdict", value: other.to_string() }),
    }
}

/// A row of `card_state` joined with its reason; every column is null for a card without one.
#[derive(Debug)]
pub(super) struct StateRow {
    card_key: i64,
    state: Option<String>,
    since: Option<i64>,
    decided_at: Option<i64>,
    class: Option<String>,
    text: Option<String>,
    first_seen: Option<bool>,
    told: Option<String>,
    told_at: Option<i64>,
    told_message_id: Option<String>,
}

impl FromRow<'_, SqliteRow> for StateRow {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self {
            card_key: row.try_get("card_key")?,
            state: row.try_get("state")?,
            since: row.try_get("since")?,
            decided_at: row.try_get("decided_at")?,
            class: row.try_get("class")?,
            text: row.try_get("text")?,
            first_seen: row.try_get("first_seen")?,
            told: row.try_get("told")?,
            told_at: row.try_get("told_at")?,
            told_message_id: row.try_get("told_message_id")?,
        })
    }
}

impl StateRow {
    fn impossible(&self, column: &'static str, value: &str) -> ImpossibleRow {
        ImpossibleRow { table: "card_state", row: self.card_key, column, value: value.to_owned() }
    }

    fn at(&self, column: &'static str, value: Option<i64>) -> Result<Timestamp, ImpossibleRow> {
        let value = value.ok_or_else(|| self.impossible(column, "missing"))?;
        instant("card_state", self.card_key, column, value)
    }

    /// What the row says, or why it cannot be true.
    pub(super) fn memory(&self) -> Result<CardMemory, ImpossibleRow> {
        Ok(CardMemory::of(self.state()?, self.told()?))
    }

    fn state(&self) -> Result<CardState, ImpossibleRow> {
        match self.state.as_deref() {
            None | Some("undecided") => Ok(CardState::Undecided),
            Some("unsupported") => Ok(CardState::Unsupported),
            Some("working") => Ok(CardState::Working {
                since: self.at("since", self.since)?,
                decided_at: self.at("decided_at", self.decided_at)?,
            }),
            Some("broken") => Ok(CardState::Broken {
                since: self.at("since", self.since)?,
                decided_at: self.at("decided_at", self.decided_at)?,
                reason: self.reason()?,
                first_seen: self.first_seen.unwrap_or_default(),
            }),
            Some(other) => Err(self.impossible("state", other)),
        }
    }

    fn reason(&self) -> Result<Reason, ImpossibleRow> {
        match (&self.class, &self.text) {
            (Some(name), Some(text)) => Ok(Reason { class: class(self.card_key, name)?, text: text.clone() }),
            _ => Err(self.impossible("reason_id", "no such reason")),
        }
    }

    fn told(&self) -> Result<Told, ImpossibleRow> {
        match (self.told.as_deref(), &self.told_message_id) {
            (None | Some("nothing"), _) => Ok(Told::Nothing),
            (Some("withheld"), _) => Ok(Told::Withheld),
            (Some("broken"), Some(message_id)) => {
                Ok(Told::Broken { at: self.at("told_at", self.told_at)?, message_id: message_id.clone() })
            }
            (Some("flapping"), Some(message_id)) => {
                Ok(Told::Flapping { at: self.at("told_at", self.told_at)?, message_id: message_id.clone() })
            }
            (Some(other), _) => Err(self.impossible("told", other)),
        }
    }
}
