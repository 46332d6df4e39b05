//! Incidents: which are open, which cards are in them, and which cards were. Owns reading that, and writing down inside
//! the closing transaction what became of them; grouping cards is the core's.

use std::collections::BTreeMap;

use sqlx::SqliteConnection;

use super::rows::{ImpossibleRow, class, instant, millis};
use super::sweeps::{json, reason_id};
use super::{OpenSweep, Work, WorkError};
use crate::domain::Timestamp;
use crate::domain::ids::{DatasetId, IncidentId};
use crate::domain::incident::{Incidents, Known, KnownIncident};
use crate::domain::snapshot::IncidentNow;
use crate::domain::verdict::{Reason, Verdict};

pub(super) const OPEN: &str =
    "SELECT incident_id, opened_at, title FROM incident WHERE instance_id = ?1 AND closed_at IS NULL";

/// SQLite's own memory of the highest id that was ever given, which outlives the row.
pub(super) const LATEST_ID: &str = "SELECT max(seq) FROM sqlite_sequence WHERE name = 'incident'";

/// The incidents of an instance that are open, and the next id that none ever had.
pub(super) async fn known(connection: &mut SqliteConnection, instance_id: i64) -> Work<Known> {
    let rows: Vec<(i64, i64, String)> = sqlx::query_as(OPEN).bind(instance_id).fetch_all(&mut *connection).await?;
    let mut open = BTreeMap::new();
    for (id, at, title) in rows {
        let opened_at = instant("incident", id, "opened_at", at)?;
        open.insert(IncidentId(id), KnownIncident { opened_at, title });
    }
    let latest: Option<i64> = sqlx::query_scalar(LATEST_ID).fetch_one(connection).await?;
    Ok(Known { open, next: IncidentId(latest.unwrap_or_default() + 1) })
}

pub(super) const NOW: &str = "
    SELECT incident_id, opened_at, title, class, text, datasets FROM incident JOIN reason USING (reason_id)
     WHERE instance_id = ?1 AND closed_at IS NULL";

/// The open incidents of an instance as they stand.
pub(super) async fn now(
    connection: &mut SqliteConnection,
    instance_id: i64,
) -> Work<BTreeMap<IncidentId, IncidentNow>> {
    let rows: Vec<(i64, i64, String, String, String, String)> =
        sqlx::query_as(NOW).bind(instance_id).fetch_all(connection).await?;
    let mut incidents = BTreeMap::new();
    for (id, opened_at, title, class, text, datasets) in rows {
        let incident = IncidentNow {
            opened_at: instant("incident", id, "opened_at", opened_at)?,
            title,
            reason: Reason { class: self::class(id, &class)?, text },
            datasets: self::datasets(id, &datasets)?,
        };
        incidents.insert(IncidentId(id), incident);
    }
    Ok(incidents)
}

fn datasets(row: i64, ids: &str) -> Work<Vec<DatasetId>> {
    let ids: Vec<String> = serde_json::from_str(ids)?;
    let empty = || ImpossibleRow { table: "incident", row, column: "datasets", value: "an empty id".to_owned() };
    let ids: Result<Vec<_>, _> = ids.iter().map(|id| DatasetId::new(id).ok_or_else(empty)).collect();
    Ok(ids?)
}

/// Writes down what became of the incidents of the whole instance: of cards that this sweep did not look at, too.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    sweep: &mut OpenSweep,
    incidents: &Incidents,
    now: Timestamp,
) -> Work<()> {
    write_open(connection, sweep, incidents, now).await?;
    let members =
        incidents.open.values().flat_map(|incident| incident.cards.iter().map(|card| (incident.id.0, card.0)));
    let members = json(&members.collect::<Vec<_>>())?;
    let (instance_id, at) = (sweep.instance_id, millis(now));
    sqlx::query(LEFT).bind(instance_id).bind(&members).bind(at).execute(&mut *connection).await?;
    sqlx::query(JOINED).bind(instance_id).bind(&members).bind(at).execute(&mut *connection).await?;
    sqlx::query(NOTED).bind(instance_id).bind(&members).execute(&mut *connection).await?;
    close(connection, instance_id, incidents, now).await
}

async fn write_open(
    connection: &mut SqliteConnection,
    sweep: &mut OpenSweep,
    incidents: &Incidents,
    now: Timestamp,
) -> Work<()> {
    let mut rows = Vec::with_capacity(incidents.open.len());
    for incident in incidents.open.values() {
        let reason = reason_id(connection, sweep, &Verdict::Broken(incident.reason.clone()), now).await?;
        let datasets: Vec<&str> = incident.datasets.iter().map(DatasetId::as_str).collect();
        rows.push((incident.id.0, reason, &incident.title, datasets, millis(incident.opened_at)));
    }
    sqlx::query(
        "INSERT INTO incident (incident_id, instance_id, reason_id, title, datasets, opened_at)
         SELECT value ->> 0, ?1, value ->> 1, value ->> 2, value -> 3, value ->> 4 FROM json_each(?2) WHERE true
         ON CONFLICT (incident_id) DO UPDATE
            SET reason_id = excluded.reason_id, title = excluded.title, datasets = excluded.datasets
          WHERE (reason_id, title, datasets) IS NOT (excluded.reason_id, excluded.title, excluded.datasets)",
    )
    .bind(sweep.instance_id)
    .bind(json(&rows)?)
    .execute(connection)
    .await?;
    Ok(())
}

/// The members of the open incidents, by their keys.
macro_rules! members {
    () => {
        "(SELECT value ->> 0 AS incident_id, c.card_key
            FROM json_each(?2) CROSS JOIN card c ON c.instance_id = ?1 AND c.card_id = value ->> 1)"
    };
}

/// The incidents that were open before the sweep, and those that opened in it.
macro_rules! open {
    () => {
        "(SELECT incident_id FROM incident WHERE instance_id = ?1 AND closed_at IS NULL)"
    };
}

pub(super) const LEFT: &str = concat!(
    "UPDATE incident_card SET left_at = ?3
      WHERE left_at IS NULL AND incident_id IN ",
    open!(),
    " AND (incident_id, card_key) NOT IN ",
    members!()
);

/// A clock that went back may have a card come back to an incident at the instant at which it once joined it.
pub(super) const JOINED: &str = concat!(
    "INSERT INTO incident_card (incident_id, card_key, joined_at)
     SELECT m.incident_id, m.card_key, ?3 FROM ",
    members!(),
    " m WHERE NOT EXISTS (SELECT 1 FROM incident_card i
                           WHERE i.incident_id = m.incident_id AND i.card_key = m.card_key AND i.left_at IS NULL)
     ON CONFLICT (incident_id, card_key, joined_at) DO UPDATE SET left_at = NULL"
);

/// For the cards that are in one now, and for those that were.
pub(super) const NOTED: &str = concat!(
    "UPDATE card_state
        SET incident_id = (SELECT i.incident_id FROM incident_card i
                            WHERE i.card_key = card_state.card_key AND i.left_at IS NULL)
      WHERE card_key IN (SELECT card_key FROM ",
    members!(),
    ") OR incident_id IN ",
    open!()
);

async fn close(connection: &mut SqliteConnection, instance_id: i64, incidents: &Incidents, now: Timestamp) -> Work<()> {
    for closed in &incidents.closed {
        sqlx::query(
            "UPDATE incident SET closed_at = ?3, merged_into = ?4
              WHERE incident_id = ?1 AND instance_id = ?2 AND closed_at IS NULL",
        )
        .bind(closed.id.0)
        .bind(instance_id)
        .bind(millis(now))
        .bind(closed.merged_into.map(|into| into.0))
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// An incident that a card is or was in, as its history tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastIncident {
    /// Its id.
    pub id: IncidentId,
    /// Its cause in words, as of its end or of now: it holds foreign text.
    pub title: String,
    /// When the sweep ended that put the card into it.
    pub joined_at: Timestamp,
    /// When the sweep ended that took the card out of it; `None` = it still is in it.
    pub left_at: Option<Timestamp>,
}

pub(super) const OF_CARD: &str = "
    SELECT incident_id, title, joined_at, left_at FROM incident_card JOIN incident USING (incident_id)
     WHERE card_key = ?1 ORDER BY joined_at DESC, incident_id DESC LIMIT ?2";

/// The incidents that a card is or was in, the latest first.
pub(super) async fn of_card(connection: &mut SqliteConnection, key: i64, limit: u32) -> Work<Vec<PastIncident>> {
    let rows: Vec<(i64, String, i64, Option<i64>)> =
        sqlx::query_as(OF_CARD).bind(key).bind(limit).fetch_all(connection).await?;
    let past = |(id, title, joined_at, left_at): (i64, String, i64, Option<i64>)| {
        let at = |column, value| instant("incident_card", id, column, value);
        let left_at = left_at.map(|left_at| at("left_at", left_at)).transpose()?;
        Ok::<_, WorkError>(PastIncident { id: IncidentId(id), title, joined_at: at("joined_at", joined_at)?, left_at })
    };
    rows.into_iter().map(past).collect()
}
