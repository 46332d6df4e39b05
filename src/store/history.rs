//! The past: one card's transitions and results, and every result as a stream. Owns these reads; how
//! they are printed is `cli`'s.

use futures::stream::{Stream, TryStreamExt};
use serde::Deserialize;
use sqlx::FromRow;

use super::incidents::PastIncident;
use super::mutes::MuteRecord;
use super::rows::{changed_to, instant, owners, result_instant, verdict};
use super::{Store, StoreError, Work, WorkError, incidents, mutes};
use crate::domain::Timestamp;
use crate::domain::ids::CardId;
use crate::domain::owners::Owner;
use crate::domain::shown::Shown;

/// One card's past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardHistory {
    /// The instance's name.
    pub instance: String,
    /// The instance's address.
    pub instance_url: String,
    /// The card's title.
    pub title: String,
    /// No listing holds it any more.
    pub removed: bool,
    /// The titles of its pages.
    pub pages: Vec<String>,
    /// Its owners.
    pub owners: Vec<Owner>,
    /// Its transitions, the latest first.
    pub transitions: Vec<PastTransition>,
    /// Its results, the latest first.
    pub results: Vec<PastResult>,
    /// Its mutes, the latest first, one that was not ended among them.
    pub mutes: Vec<MuteRecord>,
    /// The incidents that it is or was in, the latest first.
    pub incidents: Vec<PastIncident>,
}

/// A transition of the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastTransition {
    /// When.
    pub at: Timestamp,
    /// Broken or working.
    pub to: Shown,
    /// It was broken when it was first seen.
    pub first_seen: bool,
    /// Why it broke.
    pub reason: Option<String>,
}

/// A render result of the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastResult {
    /// When, to the second.
    pub checked_at: Timestamp,
    /// Working, broken or unchecked.
    pub verdict: Shown,
    /// Why.
    pub reason: Option<String>,
    /// How long the deciding attempt took, in milliseconds.
    pub latency_ms: i64,
}

/// Which results to export.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExportFilter {
    /// From this instant on.
    pub since: Option<Timestamp>,
    /// Before this instant.
    pub until: Option<Timestamp>,
    /// Of this instance alone.
    pub instance: Option<String>,
}

/// One exported result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedResult {
    /// The instance's name.
    pub instance: String,
    /// The card.
    pub card: CardId,
    /// Its title, as of now.
    pub title: String,
    /// What the render said.
    pub result: PastResult,
}

#[derive(FromRow, Deserialize)]
pub(super) struct ResultRow {
    sweep_id: i64,
    started_at: i64,
    at_s: i64,
    verdict: i64,
    reason: Option<String>,
    latency_ms: i64,
}

impl ResultRow {
    /// What the row says.
    pub(super) fn past(self) -> Work<PastResult> {
        Ok(PastResult {
            checked_at: result_instant(self.sweep_id, self.started_at, self.at_s)?,
            verdict: verdict(self.sweep_id, self.verdict)?,
            reason: self.reason,
            latency_ms: self.latency_ms,
        })
    }
}

impl Store {
    /// The past of a card in each instance that has one of that id, with at most `limit` of its transitions, results,
    /// mutes and incidents each.
    pub async fn card_histories(
        &self,
        card: CardId,
        instance: Option<&str>,
        limit: u32,
    ) -> Result<Vec<CardHistory>, StoreError> {
        let work = async {
            let mut tx = self.begin_read().await?;
            let found: Vec<FoundCard> =
                sqlx::query_as(CARDS_OF_ID).bind(card.0).bind(instance).fetch_all(&mut *tx).await?;
            let mut histories = Vec::new();
            for found in found {
                let key = found.card_key;
                histories.push(CardHistory {
                    owners: owners("card", key, &found.owners, &found.owner_users)?,
                    instance: found.instance,
                    instance_url: found.url,
                    title: found.title,
                    removed: found.removed,
                    pages: page_titles(&mut tx, key).await?,
                    transitions: transitions(&mut tx, key, limit).await?.into_iter().map(|(_, past)| past).collect(),
                    results: results(&mut tx, found.instance_id, key, limit).await?,
                    mutes: mutes::of_card(&mut tx, key, limit).await?,
                    incidents: incidents::of_card(&mut tx, key, limit).await?,
                });
            }
            Ok(histories)
        };
        self.named(work.await)
    }

    /// Every result that the filter lets through, oldest sweep first, in constant memory.
    pub fn export(&self, filter: &ExportFilter) -> impl Stream<Item = Result<ExportedResult, StoreError>> + '_ {
        let millis = |at: Option<Timestamp>| at.map(|at| at.timestamp_millis());
        let rows = sqlx::query_as::<_, ExportRow>(EXPORT)
            .bind(millis(filter.since))
            .bind(millis(filter.until))
            .bind(filter.instance.clone())
            .fetch(&self.read);
        rows.map_err(WorkError::from).and_then(|row| std::future::ready(row.exported())).map_err(|error| {
            match self.named::<()>(Err(error)) {
                Err(error) => error,
                Ok(()) => StoreError::SweepClosed(0),
            }
        })
    }
}

pub(super) const EXPORT: &str = "
    SELECT i.name AS instance, c.card_id, c.title, r.sweep_id, s.started_at, r.at_s, r.verdict,
           t.text AS reason, r.latency_ms
      FROM sweep s CROSS JOIN render_result r USING (sweep_id)
      JOIN card c USING (card_key)
      JOIN instance i ON i.instance_id = s.instance_id
      LEFT JOIN reason t ON t.reason_id = r.reason_id
     WHERE (?1 IS NULL OR s.finished_at IS NULL OR s.finished_at >= ?1)
       AND (?2 IS NULL OR s.started_at < ?2)
       AND (?1 IS NULL OR (s.started_at / 1000 + r.at_s) * 1000 >= ?1)
       AND (?2 IS NULL OR (s.started_at / 1000 + r.at_s) * 1000 < ?2)
       AND (?3 IS NULL OR i.name = ?3)
     ORDER BY s.sweep_id";

#[derive(FromRow)]
struct ExportRow {
    instance: String,
    card_id: i64,
    title: String,
    #[sqlx(flatten)]
    result: ResultRow,
}

impl ExportRow {
    fn exported(self) -> Work<ExportedResult> {
        Ok(ExportedResult {
            instance: self.instance,
            card: CardId(self.card_id),
            title: self.title,
            result: self.result.past()?,
        })
    }
}

pub(super) const CARDS_OF_ID: &str = "
    SELECT c.card_key, c.instance_id, i.name AS instance, i.url, c.title, c.owners, c.owner_users,
           c.removed_at IS NOT NULL AS removed
      FROM instance i CROSS JOIN card c USING (instance_id)
     WHERE c.card_id = ?1 AND (?2 IS NULL OR i.name = ?2) ORDER BY i.name";

#[derive(FromRow)]
struct FoundCard {
    card_key: i64,
    instance_id: i64,
    instance: String,
    url: String,
    title: String,
    owners: String,
    owner_users: String,
    removed: bool,
}

pub(super) const PAGE_TITLES: &str = "
    SELECT title FROM page_card JOIN page USING (instance_id, page_id) WHERE card_key = ?1 ORDER BY title";

async fn page_titles(connection: &mut sqlx::SqliteConnection, key: i64) -> Work<Vec<String>> {
    Ok(sqlx::query_scalar(PAGE_TITLES).bind(key).fetch_all(connection).await?)
}

pub(super) const TRANSITIONS: &str = "
    SELECT transition_id, sweep_id, at, to_state, first_seen, text FROM transition LEFT JOIN reason USING (reason_id)
     WHERE card_key = ?1 ORDER BY at DESC, transition_id DESC LIMIT ?2";

/// The latest transitions of a card, each with the sweep that saw it, the latest first.
pub(super) async fn transitions(
    connection: &mut sqlx::SqliteConnection,
    key: i64,
    limit: u32,
) -> Work<Vec<(i64, PastTransition)>> {
    let rows: Vec<(i64, i64, i64, String, bool, Option<String>)> =
        sqlx::query_as(TRANSITIONS).bind(key).bind(limit).fetch_all(connection).await?;
    let past = |(id, sweep, at, to, first_seen, reason): (_, _, _, String, _, _)| {
        let (at, to) = (instant("transition", id, "at", at)?, changed_to(id, &to)?);
        Ok((sweep, PastTransition { at, to, first_seen, reason }))
    };
    rows.into_iter().map(past).collect()
}

pub(super) const RESULTS: &str = "
    SELECT r.sweep_id, s.started_at, r.at_s, r.verdict, t.text AS reason, r.latency_ms
      FROM sweep s CROSS JOIN render_result r ON r.sweep_id = s.sweep_id AND r.card_key = ?2
      LEFT JOIN reason t ON t.reason_id = r.reason_id
     WHERE s.instance_id = ?1
     ORDER BY s.sweep_id DESC, r.round DESC LIMIT ?3";

/// Walks the instance's sweeps from the latest on and looks the card up in each, by primary key.
async fn results(
    connection: &mut sqlx::SqliteConnection,
    instance_id: i64,
    key: i64,
    limit: u32,
) -> Work<Vec<PastResult>> {
    let rows: Vec<ResultRow> =
        sqlx::query_as(RESULTS).bind(instance_id).bind(key).bind(limit).fetch_all(connection).await?;
    rows.into_iter().map(ResultRow::past).collect()
}
