//! What is kept of what was asked beside the renders: addresses of owners, how long cards usually take, and how many
//! beast modes are invalid. Owns these reads and writes; what was asked about datasets is
//! [`datasets`](super::datasets)'s.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sqlx::SqliteConnection;

use super::instances::instance_id;
use super::rows::{duration, instant, millis};
use super::sweeps::json;
use super::{Store, StoreError, Work};
use crate::domain::Timestamp;
use crate::domain::closing::Asked;
use crate::domain::ids::{CardId, InstanceName, UserId};
use crate::domain::owners::{Address, Addresses};

/// A mark of what an instance holds that changes whenever a sweep ended or a mute was made or ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangeMark(i64);

/// At most so many sweeps are looked into for how long cards took.
const MOST_SWEEPS: usize = 200;

/// For however many cards, so many sweeps are looked into: enough to tell what is usual.
const LEAST_SWEEPS: usize = 20;

/// So many results are looked up at most, which is done in well under a second.
const MOST_LOOKUPS: usize = 200_000;

impl Store {
    /// The render times of these cards' working renders since an instant, by the first render of each sweep that ran
    /// to its end: of all of up to 200 sweeps, else of so many that are spread evenly. The more cards are asked for,
    /// the fewer sweeps are looked into, but at least 20; beyond the first 10,000 cards none is looked up.
    pub async fn latencies(
        &self,
        instance: &InstanceName,
        cards: &BTreeSet<CardId>,
        since: Timestamp,
    ) -> Result<BTreeMap<CardId, Vec<Duration>>, StoreError> {
        let work = async {
            let mut tx = self.begin_read().await?;
            let instance_id = instance_id(&mut tx, instance).await?;
            let sweeps = sweeps_since(&mut tx, instance_id, since).await?;
            let cards: Vec<i64> = cards.iter().take(MOST_LOOKUPS / LEAST_SWEEPS).map(|card| card.0).collect();
            let sweeps = spread(&sweeps, (MOST_LOOKUPS / cards.len().max(1)).clamp(LEAST_SWEEPS, MOST_SWEEPS));
            let rows: Vec<(i64, i64, i64)> = sqlx::query_as(LATENCIES)
                .bind(instance_id)
                .bind(json(&sweeps)?)
                .bind(json(&cards)?)
                .fetch_all(&mut *tx)
                .await?;
            let mut latencies: BTreeMap<CardId, Vec<Duration>> = BTreeMap::new();
            for (card, sweep, millis) in rows {
                let latency = duration("render_result", sweep, "latency_ms", millis)?;
                latencies.entry(CardId(card)).or_default().push(latency);
            }
            Ok(latencies)
        };
        self.named(work.await)
    }

    /// The addresses that were looked up since an instant.
    pub async fn addresses(&self, instance: &InstanceName, since: Timestamp) -> Result<Addresses, StoreError> {
        let work = async {
            let mut tx = self.begin_read().await?;
            let instance_id = instance_id(&mut tx, instance).await?;
            let rows: Vec<(i64, Option<String>)> =
                sqlx::query_as(ADDRESSES).bind(instance_id).bind(millis(since)).fetch_all(&mut *tx).await?;
            Ok(rows
                .into_iter()
                .map(|(user, address)| (UserId(user), address.as_deref().and_then(Address::new)))
                .collect())
        };
        self.named(work.await)
    }

    /// Keeps addresses that were looked up at `now`.
    pub async fn keep_addresses(
        &self,
        instance: &InstanceName,
        addresses: &Addresses,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let rows: Vec<_> =
            addresses.iter().map(|(user, address)| (user.0, address.as_ref().map(Address::as_str))).collect();
        let work = async {
            let mut tx = self.begin().await?;
            let instance_id = instance_id(&mut tx, instance).await?;
            sqlx::query(
                "INSERT INTO domo_user (instance_id, user_id, address, looked_up_at)
                 SELECT ?1, value ->> 0, value ->> 1, ?3 FROM json_each(?2) WHERE true
                 ON CONFLICT (instance_id, user_id) DO UPDATE
                    SET address = excluded.address, looked_up_at = excluded.looked_up_at",
            )
            .bind(instance_id)
            .bind(json(&rows)?)
            .bind(millis(now))
            .execute(&mut *tx)
            .await?;
            tx.commit().await?;
            Ok(())
        };
        self.named(work.await)
    }

    /// When Domo last told how many beast modes are invalid.
    pub async fn functions_counted_at(&self, instance: &InstanceName) -> Result<Option<Timestamp>, StoreError> {
        let work = async {
            let row: (i64, Option<i64>) =
                sqlx::query_as("SELECT instance_id, functions_counted_at FROM instance WHERE name = ?1")
                    .bind(instance.as_str())
                    .fetch_one(&self.read)
                    .await?;
            let (id, counted_at) = row;
            Ok(counted_at.map(|at| instant("instance", id, "functions_counted_at", at)).transpose()?)
        };
        self.named(work.await)
    }

    /// A mark that changes with what [`Store::snapshot`] would tell.
    pub async fn change_mark(&self, instance: &InstanceName) -> Result<ChangeMark, StoreError> {
        let revision = sqlx::query_scalar("SELECT revision FROM instance WHERE name = ?1").bind(instance.as_str());
        self.named(revision.fetch_one(&self.read).await.map(ChangeMark).map_err(Into::into))
    }
}

/// One row, since each that is handed from SQLite's thread to this one costs more than finding it.
pub(super) const SWEEPS_SINCE: &str = "
    SELECT json_group_array(sweep_id ORDER BY started_at) FROM sweep
     WHERE instance_id = ?1 AND outcome IN ('completed', 'partial') AND started_at >= ?2";

/// The sweeps since an instant that ran to an end, the earliest first.
async fn sweeps_since(connection: &mut SqliteConnection, instance_id: i64, since: Timestamp) -> Work<Vec<i64>> {
    let sweeps = sqlx::query_scalar(SWEEPS_SINCE).bind(instance_id).bind(millis(since));
    let sweeps: String = sweeps.fetch_one(connection).await?;
    Ok(serde_json::from_str(&sweeps)?)
}

/// At most so many of the sweeps, evenly spread.
pub(super) fn spread(sweeps: &[i64], most: usize) -> Vec<i64> {
    sweeps.iter().step_by(sweeps.len().div_ceil(most).max(1)).copied().collect()
}

/// Looks each card up in each of the sweeps, by primary key.
pub(super) const LATENCIES: &str = "
    SELECT c.card_id, r.sweep_id, r.latency_ms
      FROM json_each(?3) wanted
           CROSS JOIN card c ON c.instance_id = ?1 AND c.card_id = wanted.value
           CROSS JOIN json_each(?2) looked
           CROSS JOIN render_result r ON r.sweep_id = looked.value AND r.card_key = c.card_key AND r.round = 0
     WHERE r.verdict = 0";

pub(super) const ADDRESSES: &str = "
    SELECT user_id, address FROM domo_user WHERE instance_id = ?1 AND looked_up_at >= ?2";

/// Writes down the number of invalid beast modes, where Domo told it just now.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    instance_id: i64,
    asked: &Asked,
    now: Timestamp,
) -> Work<()> {
    let Some(count) = asked.invalid_functions else { return Ok(()) };
    sqlx::query("UPDATE instance SET invalid_functions = ?2, functions_counted_at = ?3 WHERE instance_id = ?1")
        .bind(instance_id)
        .bind(i64::try_from(count).unwrap_or(i64::MAX))
        .bind(millis(now))
        .execute(connection)
        .await?;
    Ok(())
}
