//! Mutes: made, ended and listed by hand, and ended by a closing whose core says so. Owns the table of them, which
//! keeps who muted what, when and why; whether a mute holds is the core's to say.

use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row, SqliteConnection};

use super::rows::{ImpossibleRow, MuteRow, instant, millis};
use super::{OpenSweep, Store, StoreError, Work};
use crate::domain::Timestamp;
use crate::domain::ids::{CardId, InstanceName};
use crate::domain::mute::{Mute, MuteEnd};
use crate::domain::shown::Shown;

/// A mute of the past or the present, and the card that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MuteRecord {
    /// The instance's name.
    pub instance: String,
    /// The instance's address.
    pub instance_url: String,
    /// The card.
    pub card: CardId,
    /// The card's title: foreign text.
    pub title: String,
    /// The mute.
    pub mute: Mute,
    /// How it ended, when, and by whom where somebody ended it; `None` = it was not ended yet, though its time may be
    /// up.
    pub ended: Option<Ended>,
}

/// The end of a mute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// How.
    pub how: MuteEnd,
    /// When.
    pub at: Timestamp,
    /// Who ended it; `None` where nobody had to.
    pub by: Option<String>,
}

/// Why a card cannot be muted or unmuted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MuteRefused {
    /// No card of this id is monitored.
    NoSuchCard,
    /// Several instances have a card of this id: their names.
    Ambiguous(Vec<String>),
    /// It is not broken, so that there is nothing to acknowledge: its state instead.
    NotBroken(Shown),
    /// It is not muted, so that there is nothing to end.
    NotMuted,
}

impl Store {
    /// Mutes a card that is broken by what was last decided, however long ago. A mute that holds already is ended by
    /// the same hand, and this one takes its place.
    pub async fn mute(
        &self,
        card: CardId,
        instance: Option<&InstanceName>,
        mute: &Mute,
    ) -> Result<Result<MuteRecord, MuteRefused>, StoreError> {
        let work = async {
            let mut tx = self.begin().await?;
            let found = match one(&mut tx, card, instance).await? {
                Ok(found) => found,
                Err(refused) => return Ok(Err(refused)),
            };
            let shown = found.shown()?;
            if shown != Shown::Broken {
                return Ok(Err(MuteRefused::NotBroken(shown)));
            }
            if let Some(before) = latest(&mut tx, found.card_key).await?.filter(|mute| mute.ended.is_none()) {
                give_way(&mut tx, found.card_key, &before.mute, mute).await?;
            }
            insert(&mut tx, found.card_key, mute).await?;
            let made = record(&sqlx::query(OF_CARD).bind(found.card_key).bind(1).fetch_one(&mut *tx).await?)?;
            changed(&mut tx, found.instance_id).await?;
            tx.commit().await?;
            Ok(Ok(made))
        };
        self.named(work.await)
    }

    /// Ends the mute that holds of a card, by the hand of `by`. Returns what was ended.
    pub async fn unmute(
        &self,
        card: CardId,
        instance: Option<&InstanceName>,
        by: &str,
        now: Timestamp,
    ) -> Result<Result<MuteRecord, MuteRefused>, StoreError> {
        let work = async {
            let mut tx = self.begin().await?;
            let found = match one(&mut tx, card, instance).await? {
                Ok(found) => found,
                Err(refused) => return Ok(Err(refused)),
            };
            let before = latest(&mut tx, found.card_key).await?;
            if !before.is_some_and(|before| before.ended.is_none() && before.mute.holds(now)) {
                return Ok(Err(MuteRefused::NotMuted));
            }
            end_by(&mut tx, found.card_key, MuteEnd::Unmuted, now, Some(by)).await?;
            let ended = record(&sqlx::query(OF_CARD).bind(found.card_key).bind(1).fetch_one(&mut *tx).await?)?;
            changed(&mut tx, found.instance_id).await?;
            tx.commit().await?;
            Ok(Ok(ended))
        };
        self.named(work.await)
    }

    /// The mutes that hold at `now`, or with `all` every one that is remembered, the latest first.
    pub async fn mutes(&self, all: bool, now: Timestamp) -> Result<Vec<MuteRecord>, StoreError> {
        let work = async {
            let mut tx = self.begin_read().await?;
            if all {
                return records(&sqlx::query(ALL).fetch_all(&mut *tx).await?);
            }
            let mut records = records(&sqlx::query(NOW).fetch_all(&mut *tx).await?)?;
            records.retain(|record| record.mute.holds(now));
            Ok(records)
        };
        self.named(work.await)
    }
}

/// What a mute row says, with the card that it is about.
macro_rules! record {
    () => {
        "SELECT i.name AS instance, i.url, c.card_id, c.title, m.mute_id, m.reason AS mute_reason, m.muted_by,
                m.muted_at, m.until, m.ended_at, m.ended_how, m.ended_by
           FROM mute m CROSS JOIN card c USING (card_key) CROSS JOIN instance i USING (instance_id) "
    };
}

pub(super) const ALL: &str = concat!(record!(), "ORDER BY m.mute_id DESC");

/// A mute of a card that is removed holds nothing, and is there again with the card.
pub(super) const NOW: &str = concat!(
    record!(),
    "CROSS JOIN card_state s USING (card_key)
      WHERE m.ended_at IS NULL AND s.state = 'broken' AND c.removed_at IS NULL ORDER BY m.mute_id DESC"
);

pub(super) const OF_CARD: &str = concat!(record!(), "WHERE m.card_key = ?1 ORDER BY m.mute_id DESC LIMIT ?2");

/// The mutes of a card, the latest first.
pub(super) async fn of_card(connection: &mut SqliteConnection, key: i64, limit: u32) -> Work<Vec<MuteRecord>> {
    records(&sqlx::query(OF_CARD).bind(key).bind(limit).fetch_all(connection).await?)
}

/// The latest mute of a card: the only one that may not be ended yet.
async fn latest(connection: &mut SqliteConnection, key: i64) -> Work<Option<MuteRecord>> {
    Ok(of_card(connection, key, 1).await?.pop())
}

fn records(rows: &[SqliteRow]) -> Work<Vec<MuteRecord>> {
    rows.iter().map(record).collect()
}

fn record(row: &SqliteRow) -> Work<MuteRecord> {
    let id: i64 = row.try_get("mute_id")?;
    Ok(MuteRecord {
        instance: row.try_get("instance")?,
        instance_url: row.try_get("url")?,
        card: CardId(row.try_get("card_id")?),
        title: row.try_get("title")?,
        mute: MuteRow::of(row, id)?.mute()?,
        ended: ended(row, id)?,
    })
}

fn ended(row: &SqliteRow, id: i64) -> Work<Option<Ended>> {
    let how: Option<String> = row.try_get("ended_how")?;
    let impossible = |column, value: &str| ImpossibleRow { table: "mute", row: id, column, value: value.to_owned() };
    let Some((at, how)) = row.try_get::<Option<i64>, _>("ended_at")?.zip(how) else { return Ok(None) };
    Ok(Some(Ended {
        how: MuteEnd::ALL.into_iter().find(|end| end.name() == how).ok_or_else(|| impossible("ended_how", &how))?,
        at: instant("mute", id, "ended_at", at)?,
        by: row.try_get("ended_by")?,
    }))
}

/// A monitored card.
#[derive(FromRow)]
struct Found {
    instance: String,
    instance_id: i64,
    card_key: i64,
    state: Option<String>,
}

impl Found {
    /// By what was last decided, however long ago.
    fn shown(&self) -> Result<Shown, ImpossibleRow> {
        match self.state.as_deref() {
            None | Some("undecided") => Ok(Shown::Unchecked),
            Some("unsupported") => Ok(Shown::Unsupported),
            Some("working") => Ok(Shown::Working),
            Some("broken") => Ok(Shown::Broken),
            Some(odd) => {
                Err(ImpossibleRow { table: "card_state", row: self.card_key, column: "state", value: odd.to_owned() })
            }
        }
    }
}

pub(super) const MONITORED: &str = "
    SELECT i.name AS instance, i.instance_id, c.card_key, s.state
      FROM instance i CROSS JOIN card c USING (instance_id) LEFT JOIN card_state s USING (card_key)
     WHERE c.card_id = ?1 AND c.removed_at IS NULL AND (?2 IS NULL OR i.name = ?2) ORDER BY i.name";

/// The one monitored card of that id.
async fn one(
    connection: &mut SqliteConnection,
    card: CardId,
    instance: Option<&InstanceName>,
) -> Work<Result<Found, MuteRefused>> {
    let name = instance.map(InstanceName::as_str);
    let mut found: Vec<Found> = sqlx::query_as(MONITORED).bind(card.0).bind(name).fetch_all(connection).await?;
    if found.len() > 1 {
        return Ok(Err(MuteRefused::Ambiguous(found.into_iter().map(|found| found.instance).collect())));
    }
    Ok(found.pop().ok_or(MuteRefused::NoSuchCard))
}

async fn insert(connection: &mut SqliteConnection, key: i64, mute: &Mute) -> Work<()> {
    sqlx::query("INSERT INTO mute (card_key, reason, muted_by, muted_at, until) VALUES (?1, ?2, ?3, ?4, ?5)")
        .bind(key)
        .bind(&mute.reason)
        .bind(&mute.by)
        .bind(millis(mute.at))
        .bind(mute.until.map(millis))
        .execute(connection)
        .await?;
    Ok(())
}

/// Ends a mute to which another one follows.
async fn give_way(connection: &mut SqliteConnection, key: i64, before: &Mute, next: &Mute) -> Work<()> {
    match before.until {
        Some(until) if !before.holds(next.at) => end_by(connection, key, MuteEnd::Expired, until, None).await,
        Some(_) | None => end_by(connection, key, MuteEnd::Unmuted, next.at, Some(&next.by)).await,
    }
}

pub(super) const END: &str = "
    UPDATE mute SET ended_at = ?2, ended_how = ?3, ended_by = ?4 WHERE card_key = ?1 AND ended_at IS NULL";

async fn end_by(
    connection: &mut SqliteConnection,
    key: i64,
    how: MuteEnd,
    at: Timestamp,
    by: Option<&str>,
) -> Work<()> {
    sqlx::query(END).bind(key).bind(millis(at)).bind(how.name()).bind(by).execute(connection).await?;
    Ok(())
}

/// Has [`super::ChangeMark`] say that something is not as it was.
async fn changed(connection: &mut SqliteConnection, instance_id: i64) -> Work<()> {
    let changed = sqlx::query("UPDATE instance SET revision = revision + 1 WHERE instance_id = ?1");
    changed.bind(instance_id).execute(connection).await?;
    Ok(())
}

/// Writes down that mutes ended as a sweep was closed.
pub(super) async fn end(
    connection: &mut SqliteConnection,
    sweep: &OpenSweep,
    ended: &[(CardId, MuteEnd, Timestamp)],
) -> Work<()> {
    for (card, how, at) in ended {
        if let Some(key) = sweep.keys.get(card) {
            end_by(connection, *key, *how, *at, None).await?;
        }
    }
    Ok(())
}
