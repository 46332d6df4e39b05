//! Between columns and types. Owns the words and numbers that stand for states in the tables, and the
//! refusal of a row that cannot be true.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row};

use super::Work;
use crate::domain::Timestamp;
use crate::domain::card::{CardMemory, CardState, Told};
use crate::domain::ids::{AppId, IncidentId, UserId};
use crate::domain::mute::Mute;
use crate::domain::owners::Owner;
use crate::domain::rendering::Rendering;
use crate::domain::shown::Shown;
use crate::domain::strip::Strip;
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

/// When a render ended, to the second: so long after its sweep began.
pub(super) fn result_instant(sweep: i64, started_at: i64, at_s: i64) -> Result<Timestamp, ImpossibleRow> {
    instant("render_result", sweep, "at_s", (started_at.div_euclid(1000) + at_s) * 1000)
}

/// A span of time as the tables hold it, in milliseconds; one beyond all measure is the longest that they can hold.
pub(super) fn duration_millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// A span of time out of a table.
pub(super) fn duration(
    table: &'static str,
    row: i64,
    column: &'static str,
    value: i64,
) -> Result<Duration, ImpossibleRow> {
    let millis = u64::try_from(value).map_err(|_| ImpossibleRow { table, row, column, value: value.to_string() })?;
    Ok(Duration::from_millis(millis))
}

/// The two columns of owners: their names, and beside each the id of the user where there is one, both as JSON.
pub(super) fn owner_columns(owners: &[Owner]) -> Work<(String, String)> {
    let (names, users): (Vec<&str>, Vec<Option<i64>>) =
        owners.iter().map(|owner| (owner.name.as_str(), owner.user.map(|user| user.0))).unzip();
    Ok((serde_json::to_string(&names)?, serde_json::to_string(&users)?))
}

/// Owners as they were read: what many rows have in common is parsed and held once.
#[derive(Default)]
pub(super) struct SharedOwners(HashMap<String, Arc<[Owner]>>);

impl SharedOwners {
    /// See [`owners`].
    pub(super) fn of(&mut self, table: &'static str, row: i64, names: &str, users: &str) -> Work<Arc<[Owner]>> {
        let columns = [names, users].concat();
        if let Some(known) = self.0.get(&columns) {
            return Ok(Arc::clone(known));
        }
        let owners: Arc<[Owner]> = owners(table, row, names, users)?.into();
        self.0.insert(columns, Arc::clone(&owners));
        Ok(owners)
    }
}

/// Owners out of their two columns; no id at all where none was ever told.
pub(super) fn owners(table: &'static str, row: i64, names: &str, users: &str) -> Work<Vec<Owner>> {
    let names: Vec<String> = serde_json::from_str(names)?;
    let mut users: Vec<Option<i64>> = serde_json::from_str(users)?;
    if users.is_empty() {
        users.resize(names.len(), None);
    }
    if users.len() != names.len() {
        let value = format!("{} ids for {} names", users.len(), names.len());
        return Err(ImpossibleRow { table, row, column: "owner_users", value }.into());
    }
    Ok(names.into_iter().zip(users).map(|(name, user)| Owner { user: user.map(UserId), name }).collect())
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

/// What a card changed to.
pub(super) fn changed_to(transition: i64, name: &str) -> Result<Shown, ImpossibleRow> {
    [Shown::Working, Shown::Broken].into_iter().find(|to| to.name() == name).ok_or_else(|| ImpossibleRow {
        table: "transition",
        row: transition,
        column: "to_state",
        value: name.to_owned(),
    })
}

/// The verdict of a render, by its number.
pub(super) fn verdict(sweep: i64, code: i64) -> Result<Shown, ImpossibleRow> {
    match code {
        0 => Ok(Shown::Working),
        1 => Ok(Shown::Broken),
        2 => Ok(Shown::Unchecked),
        other => Err(ImpossibleRow { table: "render_result", row: sweep, column: "verdict", value: other.to_string() }),
    }
}

/// The columns of a [`StateRow`], out of [`state_joins`].
macro_rules! state_columns {
    () => {
        " c.card_key, s.state, s.since, s.decided_at, r.class, r.text, s.first_seen, s.told, s.told_at,
          s.told_message_id, s.latency_ms, s.slow_against_ms, s.no_data_since, s.recent, n.incident_id, m.mute_id,
          m.reason AS mute_reason, m.muted_by, m.muted_at, m.until "
    };
}

/// What is known of each card: of the incidents those that are open, of the mutes the one that was not ended. A card
/// that is removed is in no incident.
macro_rules! state_joins {
    () => {
        " card c LEFT JOIN card_state s USING (card_key)
          LEFT JOIN reason r ON r.reason_id = s.reason_id
          LEFT JOIN incident n ON n.incident_id = s.incident_id AND n.closed_at IS NULL AND c.removed_at IS NULL
          LEFT JOIN mute m ON m.card_key = c.card_key AND m.ended_at IS NULL "
    };
}

pub(super) use {state_columns, state_joins};

/// A row of `card_state` joined with its reason, incident and mute; every column is null for a card without one.
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
    latency_ms: Option<i64>,
    slow_against_ms: Option<i64>,
    no_data_since: Option<i64>,
    recent: Option<i64>,
    incident_id: Option<i64>,
    mute: Option<MuteRow>,
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
            latency_ms: row.try_get("latency_ms")?,
            slow_against_ms: row.try_get("slow_against_ms")?,
            no_data_since: row.try_get("no_data_since")?,
            recent: row.try_get("recent")?,
            incident_id: row.try_get("incident_id")?,
            mute: match row.try_get("mute_id")? {
                Some(mute_id) => Some(MuteRow::of(row, mute_id)?),
                None => None,
            },
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

    /// What the row says, or why it cannot be true. Changes and datasets stand in other tables.
    pub(super) fn memory(&self) -> Result<CardMemory, ImpossibleRow> {
        Ok(CardMemory {
            rendering: self.rendering()?,
            mute: self.mute.as_ref().map(MuteRow::mute).transpose()?.map(Box::new),
            incident: self.incident_id.map(IncidentId),
            recent: Strip::from_bits(self.recent.map_or(0, i64::unsigned_abs)),
            ..CardMemory::of(self.state()?, self.told()?)
        })
    }

    fn rendering(&self) -> Result<Rendering, ImpossibleRow> {
        let duration = |column, value: Option<i64>| {
            value.map(|value| duration("card_state", self.card_key, column, value)).transpose()
        };
        let no_data_since = self.no_data_since.map(|at| self.at("no_data_since", Some(at)));
        Ok(Rendering {
            latency: duration("latency_ms", self.latency_ms)?,
            slow_against: duration("slow_against_ms", self.slow_against_ms)?,
            no_data_since: no_data_since.transpose()?,
        })
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

/// What a row of `mute` says of the mute itself.
#[derive(Debug)]
pub(super) struct MuteRow {
    mute_id: i64,
    reason: String,
    by: String,
    at: i64,
    until: Option<i64>,
}

impl MuteRow {
    /// Out of a row with these columns, `mute_reason` for the reason.
    pub(super) fn of(row: &SqliteRow, mute_id: i64) -> sqlx::Result<Self> {
        Ok(Self {
            mute_id,
            reason: row.try_get("mute_reason")?,
            by: row.try_get("muted_by")?,
            at: row.try_get("muted_at")?,
            until: row.try_get("until")?,
        })
    }

    /// What the row says, or why it cannot be true.
    pub(super) fn mute(&self) -> Result<Mute, ImpossibleRow> {
        let at = |column, value| instant("mute", self.mute_id, column, value);
        Ok(Mute {
            reason: self.reason.clone(),
            by: self.by.clone(),
            at: at("muted_at", self.at)?,
            until: self.until.map(|until| at("until", until)).transpose()?,
        })
    }
}
