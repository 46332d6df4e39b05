//! One card's past as its page and the API show it. Owns these reads, each of which is bounded and finds its rows by an
//! index; the past that the command line tells is [`history`]'s.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sqlx::{FromRow, SqliteConnection};

use super::history::{self, PastResult, PastTransition, ResultRow};
use super::rows::{duration, instant, millis, owners, result_instant};
use super::sweeps::json;
use super::{MuteRecord, PastIncident, Store, StoreError, Work, incidents, mutes};
use crate::domain::Timestamp;
use crate::domain::ids::{CardId, InstanceName, UserId};
use crate::domain::owner_mail;

/// A mail, as far as it is told beside what it was about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterNote {
    /// Its subject.
    pub subject: String,
    /// Who got it, or is to get it.
    pub to: Vec<String>,
    /// When the mail server took it; `None` = not yet, or never.
    pub sent_at: Option<Timestamp>,
}

/// A transition and the mails that the same sweep made due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldTransition {
    /// What changed.
    pub transition: PastTransition,
    /// The mails of the sweep that saw it, to the admins and to those who answer for the card now; at most 20.
    pub letters: Vec<LetterNote>,
}

/// What is shown of a card's past, each the latest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CardPast {
    /// Its transitions, at most [`CardPast::MOST_TRANSITIONS`].
    pub transitions: Vec<ToldTransition>,
    /// How long its working renders took, at most 160 of them, spread evenly over the time.
    pub renders: Vec<(Timestamp, Duration)>,
    /// Its results in the latest 400 sweeps, at most 50.
    pub results: Vec<PastResult>,
    /// The incidents that it is or was in, at most 50.
    pub incidents: Vec<PastIncident>,
    /// Its mutes, at most 50.
    pub mutes: Vec<MuteRecord>,
}

impl CardPast {
    /// So many transitions are told; where there are as many, there may be more.
    pub const MOST_TRANSITIONS: usize = 200;
}

const MOST_LETTERS: usize = 20;
const MOST_RENDERS: u32 = 160;
const MOST_RESULTS: u32 = 50;
const MOST_INCIDENTS: u32 = 50;
const MOST_MUTES: u32 = 50;

/// A card is looked up in so many sweeps for when it was first decided.
const SWEEPS_PROBED: u32 = 180;

/// A card that is never rendered would else be looked for in every sweep that there was.
const SWEEPS_LOOKED_INTO: u32 = 400;

impl Store {
    /// What is shown of a card's past: of its renders those since an instant, the rest however long ago it was.
    /// `None` where the instance never had it, or is not known.
    pub async fn card_past(
        &self,
        instance: &InstanceName,
        card: CardId,
        since: Timestamp,
    ) -> Result<Option<CardPast>, StoreError> {
        let work = async {
            let mut tx = self.begin_read().await?;
            let Some(found) = found(&mut tx, instance, card).await? else { return Ok(None) };
            Ok(Some(CardPast {
                transitions: transitions(&mut tx, &found).await?,
                renders: renders(&mut tx, &found, since).await?,
                results: results(&mut tx, &found).await?,
                incidents: incidents::of_card(&mut tx, found.card_key, MOST_INCIDENTS).await?,
                mutes: mutes::of_card(&mut tx, found.card_key, MOST_MUTES).await?,
            }))
        };
        self.named(work.await)
    }

    /// When a card was first decided, working or broken, since an instant, as closely as 180 sweeps tell that are spread
    /// evenly over the time: not earlier than it was. `None` where none of them decided it, or nothing that old is kept.
    pub async fn first_decided(
        &self,
        instance: &InstanceName,
        card: CardId,
        since: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let work = async {
            let first: Option<(i64, i64)> = sqlx::query_as(FIRST_DECIDED)
                .bind(instance.as_str())
                .bind(card.0)
                .bind(millis(since))
                .bind(SWEEPS_PROBED)
                .fetch_optional(&self.read)
                .await?;
            Ok(first.map(|(sweep, at)| instant("sweep", sweep, "started_at", at)).transpose()?)
        };
        self.named(work.await)
    }
}

pub(super) const CARD: &str = "
    SELECT c.card_key, c.instance_id, c.owners, c.owner_users
      FROM instance i CROSS JOIN card c USING (instance_id) WHERE i.name = ?1 AND c.card_id = ?2";

#[derive(FromRow)]
struct CardRow {
    card_key: i64,
    instance_id: i64,
    owners: String,
    owner_users: String,
}

async fn found(connection: &mut SqliteConnection, instance: &InstanceName, card: CardId) -> Work<Option<CardRow>> {
    Ok(sqlx::query_as(CARD).bind(instance.as_str()).bind(card.0).fetch_optional(connection).await?)
}

/// Steps from the earliest sweep on, none of those between two steps being looked at, and looks the card up in each by
/// primary key until one decided it.
pub(super) const FIRST_DECIDED: &str = "
    WITH RECURSIVE looked (card_key, instance_id, at, step) AS (
        SELECT card_key, instance_id, earliest, (latest - earliest) / (?4 - 1) + 1
          FROM (SELECT c.card_key, c.instance_id,
                       (SELECT min(started_at) FROM sweep s WHERE s.instance_id = c.instance_id
                                                              AND outcome IN ('completed', 'partial')
                                                              AND started_at >= ?3) AS earliest,
                       (SELECT max(started_at) FROM sweep s WHERE s.instance_id = c.instance_id
                                                              AND outcome IN ('completed', 'partial')
                                                              AND started_at >= ?3) AS latest
                  FROM instance i CROSS JOIN card c USING (instance_id) WHERE i.name = ?1 AND c.card_id = ?2)
         UNION ALL
        SELECT card_key, instance_id,
               (SELECT min(started_at) FROM sweep s
                 WHERE s.instance_id = looked.instance_id AND outcome IN ('completed', 'partial')
                   AND started_at >= looked.at + looked.step),
               step
          FROM looked WHERE at IS NOT NULL
    )
    SELECT s.sweep_id, s.started_at
      FROM looked
           CROSS JOIN sweep s ON s.instance_id = looked.instance_id AND s.outcome IN ('completed', 'partial')
                             AND s.started_at = looked.at
           CROSS JOIN render_result r ON r.sweep_id = s.sweep_id AND r.card_key = looked.card_key AND r.verdict <> 2
     LIMIT 1";

async fn transitions(connection: &mut SqliteConnection, card: &CardRow) -> Work<Vec<ToldTransition>> {
    let most = u32::try_from(CardPast::MOST_TRANSITIONS).unwrap_or(u32::MAX);
    let past = history::transitions(connection, card.card_key, most).await?;
    let sweeps: BTreeSet<i64> = past.iter().map(|(sweep, _)| *sweep).collect();
    let letters = letters(connection, card, &sweeps).await?;
    let told = |(sweep, transition)| {
        let letters = letters.get(&sweep).cloned().unwrap_or_default();
        ToldTransition { transition, letters }
    };
    Ok(past.into_iter().map(told).collect())
}

pub(super) const LETTERS: &str = "
    SELECT o.outbox_id, o.sweep_id, o.message_id, o.subject, o.recipients, o.sent_at
      FROM json_each(?1) wanted CROSS JOIN outbox o ON o.sweep_id = wanted.value
     ORDER BY o.outbox_id";

/// The mails that each of the sweeps made due, those to owners of other cards aside.
async fn letters(
    connection: &mut SqliteConnection,
    card: &CardRow,
    sweeps: &BTreeSet<i64>,
) -> Work<BTreeMap<i64, Vec<LetterNote>>> {
    let rows: Vec<(i64, i64, String, String, String, Option<i64>)> =
        sqlx::query_as(LETTERS).bind(json(sweeps)?).fetch_all(&mut *connection).await?;
    let answerable = answerable(connection, card).await?;
    let mut letters: BTreeMap<i64, Vec<LetterNote>> = BTreeMap::new();
    for (id, sweep, message_id, subject, to, sent_at) in rows {
        let noted = letters.entry(sweep).or_default();
        let concerns = owner_mail::reader(&message_id).is_none_or(|owner| answerable.contains(&owner));
        if concerns && noted.len() < MOST_LETTERS {
            noted.push(note(id, subject, &to, sent_at)?);
        }
    }
    Ok(letters)
}

/// A mail out of its columns.
pub(super) fn note(id: i64, subject: String, to: &str, sent_at: Option<i64>) -> Work<LetterNote> {
    let sent_at = sent_at.map(|at| instant("outbox", id, "sent_at", at)).transpose()?;
    Ok(LetterNote { subject, to: serde_json::from_str(to)?, sent_at })
}

pub(super) const PAGE_OWNERS: &str = "
    SELECT p.page_id, p.owners, p.owner_users
      FROM page_card pc CROSS JOIN page p USING (instance_id, page_id) WHERE pc.card_key = ?1";

/// Who answers for a card now: see [`crate::domain::sweep::Plan::owners_of`].
async fn answerable(connection: &mut SqliteConnection, card: &CardRow) -> Work<BTreeSet<UserId>> {
    let mut answerable = owners("card", card.card_key, &card.owners, &card.owner_users)?;
    if answerable.is_empty() {
        let pages: Vec<(i64, String, String)> =
            sqlx::query_as(PAGE_OWNERS).bind(card.card_key).fetch_all(connection).await?;
        for (page, names, users) in pages {
            answerable.extend(owners("page", page, &names, &users)?);
        }
    }
    Ok(answerable.into_iter().filter_map(|owner| owner.user).collect())
}

/// Steps from the latest sweep back, none of those between two steps being looked at, and looks the card up in each by
/// primary key. One row, since each that is handed from SQLite's thread to this one costs more than finding it.
pub(super) const RENDERS: &str = "
    WITH RECURSIVE looked (at, step) AS (
        SELECT latest, (latest - earliest) / (?4 - 1) + 1
          FROM (SELECT (SELECT min(started_at) FROM sweep
                         WHERE instance_id = ?1 AND outcome IN ('completed', 'partial') AND started_at >= ?3) AS earliest,
                       (SELECT max(started_at) FROM sweep
                         WHERE instance_id = ?1 AND outcome IN ('completed', 'partial') AND started_at >= ?3) AS latest)
         UNION ALL
        SELECT (SELECT max(started_at) FROM sweep
                 WHERE instance_id = ?1 AND outcome IN ('completed', 'partial')
                   AND started_at >= ?3 AND started_at <= looked.at - looked.step),
               step
          FROM looked WHERE at IS NOT NULL
    )
    SELECT json_group_array(json_array(s.sweep_id, s.started_at, r.at_s, r.latency_ms))
      FROM looked
           CROSS JOIN sweep s ON s.instance_id = ?1 AND s.outcome IN ('completed', 'partial') AND s.started_at = looked.at
           CROSS JOIN render_result r ON r.sweep_id = s.sweep_id AND r.card_key = ?2 AND r.round = 0
     WHERE r.verdict = 0";

/// The working renders since an instant, by the first render of each of the sweeps that ran to an end.
async fn renders(
    connection: &mut SqliteConnection,
    card: &CardRow,
    since: Timestamp,
) -> Work<Vec<(Timestamp, Duration)>> {
    let rows: String = sqlx::query_scalar(RENDERS)
        .bind(card.instance_id)
        .bind(card.card_key)
        .bind(millis(since))
        .bind(MOST_RENDERS)
        .fetch_one(connection)
        .await?;
    let rows: Vec<(i64, i64, i64, i64)> = serde_json::from_str(&rows)?;
    let render = |(sweep, started_at, at_s, latency): (i64, i64, i64, i64)| {
        let at = result_instant(sweep, started_at, at_s)?;
        Ok((at, duration("render_result", sweep, "latency_ms", latency)?))
    };
    rows.into_iter().map(render).collect()
}

/// Looks the card up in the latest sweeps, from the latest back, by primary key; one row, as above, of what a
/// [`ResultRow`] holds.
pub(super) const RESULTS: &str = "
    SELECT json_group_array(json_array(sweep_id, started_at, at_s, verdict, reason, latency_ms))
      FROM (SELECT s.sweep_id, s.started_at, r.at_s, r.verdict, t.text AS reason, r.latency_ms
              FROM sweep s
                   CROSS JOIN render_result r ON r.sweep_id = s.sweep_id AND r.card_key = ?2
                   LEFT JOIN reason t ON t.reason_id = r.reason_id
             WHERE s.instance_id = ?1
               AND s.sweep_id > coalesce((SELECT sweep_id FROM sweep WHERE instance_id = ?1
                                           ORDER BY sweep_id DESC LIMIT 1 OFFSET ?3), 0)
             ORDER BY s.sweep_id DESC, r.round DESC LIMIT ?4)";

async fn results(connection: &mut SqliteConnection, card: &CardRow) -> Work<Vec<PastResult>> {
    let rows: String = sqlx::query_scalar(RESULTS)
        .bind(card.instance_id)
        .bind(card.card_key)
        .bind(SWEEPS_LOOKED_INTO)
        .bind(MOST_RESULTS)
        .fetch_one(connection)
        .await?;
    let rows: Vec<ResultRow> = serde_json::from_str(&rows)?;
    rows.into_iter().map(ResultRow::past).collect()
}
