//! What happened lately, in whichever instance: cards that broke and recovered, sweeps that saw nothing, mails. Owns
//! these reads, each of which is bounded and finds its rows by an index.

use std::cmp::Reverse;

use chrono::TimeDelta;
use futures::stream::TryStreamExt as _;
use sqlx::SqliteConnection;

use super::card_past::{LetterNote, note};
use super::instances::instance_name;
use super::rows::{ImpossibleRow, instant, millis};
use super::{Store, StoreError, Work};
use crate::domain::Timestamp;
use crate::domain::ids::InstanceName;
use crate::domain::owner_mail;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// When; for sweeps, when they ended.
    pub at: Timestamp,
    /// Where.
    pub instance: InstanceName,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// So many cards broke in one sweep.
    Broke(usize),
    /// So many cards recovered in one sweep.
    Recovered(usize),
    /// A sweep failed, and why. Of several in a row that failed alike the latest.
    Failed(String),
    /// A sweep was skipped. Of several in a row the latest.
    Skipped,
    /// A mail was sent to the admins.
    Mailed(LetterNote),
}

/// So far back is lately, as seen from the latest sweep.
const LATELY: TimeDelta = TimeDelta::hours(48);

impl Store {
    /// What happened in the 48 hours before the latest sweep of any instance and since then, the latest first, at most
    /// `limit`. Instances that are not configured any more are among them. Mails to owners are told beside their
    /// cards alone: see [`Store::card_past`].
    pub async fn lately(&self, limit: u32) -> Result<Vec<Happening>, StoreError> {
        let work = async {
            let mut tx = self.begin_read().await?;
            let Some(since) = lately(&mut tx).await? else { return Ok(Vec::new()) };
            let mut happenings = mailed(&mut tx, since, limit).await?;
            happenings.extend(without_view(&mut tx, since, limit).await?);
            happenings.extend(changed(&mut tx, since, limit).await?);
            happenings.sort_by_key(|happening| Reverse(happening.at));
            happenings.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            Ok(happenings)
        };
        self.named(work.await)
    }
}

pub(super) const LATEST: &str = "SELECT sweep_id, started_at FROM sweep ORDER BY sweep_id DESC LIMIT 1";

/// Since when it is lately; `None` where nothing ever happened.
async fn lately(connection: &mut SqliteConnection) -> Work<Option<Timestamp>> {
    let latest: Option<(i64, i64)> = sqlx::query_as(LATEST).fetch_optional(connection).await?;
    let Some((sweep, began)) = latest else { return Ok(None) };
    let began = instant("sweep", sweep, "started_at", began)?;
    Ok(Some(began.checked_sub_signed(LATELY).unwrap_or(began)))
}

/// Steps from the latest sweep that saw a change to the one before, so that none of the sweeps between is looked at.
pub(super) const CHANGED: &str = "
    WITH RECURSIVE changed (sweep_id, place) AS (
        SELECT max(sweep_id), 1 FROM transition
         UNION ALL
        SELECT (SELECT max(sweep_id) FROM transition WHERE sweep_id < changed.sweep_id), place + 1
          FROM changed WHERE sweep_id IS NOT NULL AND place < ?2
    )
    SELECT s.sweep_id, s.finished_at, s.instance_id, i.name,
           (SELECT count(*) FROM transition t WHERE t.sweep_id = s.sweep_id AND t.to_state = 'broken'),
           (SELECT count(*) FROM transition t WHERE t.sweep_id = s.sweep_id AND t.to_state = 'working')
      FROM changed CROSS JOIN sweep s USING (sweep_id)
           CROSS JOIN instance i USING (instance_id)
     WHERE s.finished_at >= ?1";

/// How many cards broke and recovered in each sweep that saw any.
async fn changed(connection: &mut SqliteConnection, since: Timestamp, limit: u32) -> Work<Vec<Happening>> {
    let rows: Vec<(i64, i64, i64, String, i64, i64)> =
        sqlx::query_as(CHANGED).bind(millis(since)).bind(limit).fetch_all(connection).await?;
    let mut happenings = Vec::new();
    for (sweep, at, key, name, broke, recovered) in rows {
        let (at, instance) = (instant("sweep", sweep, "finished_at", at)?, instance_name(key, &name)?);
        let count = |cards: i64| usize::try_from(cards).ok().filter(|cards| *cards > 0);
        let what = [count(broke).map(What::Broke), count(recovered).map(What::Recovered)];
        happenings.extend(what.into_iter().flatten().map(|what| Happening { at, instance: instance.clone(), what }));
    }
    Ok(happenings)
}

/// A sweep counts where the next one of its instance did not end alike.
pub(super) const WITHOUT_VIEW: &str = "
    SELECT s.sweep_id, s.finished_at, s.instance_id, i.name, s.outcome, s.trouble
      FROM sweep s CROSS JOIN instance i USING (instance_id)
     WHERE s.outcome IN ('failed', 'skipped') AND s.started_at >= ?1
       AND (s.outcome, s.trouble) IS NOT (SELECT n.outcome, n.trouble FROM sweep n
                                           WHERE n.instance_id = s.instance_id AND n.sweep_id > s.sweep_id
                                           ORDER BY n.sweep_id LIMIT 1)
     ORDER BY s.started_at DESC LIMIT ?2";

/// The sweeps that failed or were skipped, of several in a row that ended alike the latest.
async fn without_view(connection: &mut SqliteConnection, since: Timestamp, limit: u32) -> Work<Vec<Happening>> {
    let rows: Vec<(i64, i64, i64, String, String, Option<String>)> =
        sqlx::query_as(WITHOUT_VIEW).bind(millis(since)).bind(limit).fetch_all(connection).await?;
    let happening = |(sweep, at, key, name, outcome, trouble): (i64, i64, i64, String, String, Option<String>)| {
        let what = match outcome.as_str() {
            "failed" => What::Failed(trouble.unwrap_or_default()),
            "skipped" => What::Skipped,
            _ => return Err(ImpossibleRow { table: "sweep", row: sweep, column: "outcome", value: outcome }.into()),
        };
        Ok(Happening { at: instant("sweep", sweep, "finished_at", at)?, instance: instance_name(key, &name)?, what })
    };
    rows.into_iter().map(happening).collect()
}

pub(super) const MAILED: &str = "
    SELECT o.outbox_id, o.message_id, o.subject, o.recipients, o.sent_at, o.instance_id, i.name
      FROM outbox o CROSS JOIN instance i USING (instance_id)
     WHERE o.sent_at >= ?1 ORDER BY o.sent_at DESC";

/// The mails that were sent, those to owners aside: one sweep may make many of them due.
async fn mailed(connection: &mut SqliteConnection, since: Timestamp, limit: u32) -> Work<Vec<Happening>> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut rows = sqlx::query_as(MAILED).bind(millis(since)).fetch(connection);
    let mut happenings = Vec::new();
    while happenings.len() < limit {
        let row: Option<(i64, String, String, String, i64, i64, String)> = rows.try_next().await?;
        let Some((id, message_id, subject, to, sent_at, key, name)) = row else { break };
        if owner_mail::reader(&message_id).is_none() {
            let (at, letter) = (instant("outbox", id, "sent_at", sent_at)?, note(id, subject, &to, Some(sent_at))?);
            happenings.push(Happening { at, instance: instance_name(key, &name)?, what: What::Mailed(letter) });
        }
    }
    Ok(happenings)
}
