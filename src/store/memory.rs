//! What is remembered of an instance when a sweep is closed: each card as it was left, the latest digest, whether it
//! could be checked, and with the help of their own files incidents and datasets. Owns reading that inside the closing
//! transaction, and writing what concerns the instance itself.

use std::collections::BTreeSet;

use sqlx::{FromRow, SqliteConnection};

use super::instances::instance_id;
use super::packed::{self, packed};
use super::plain::{self, PlainState, plain_state};
use super::rows::{ImpossibleRow, instant, millis};
use super::{Store, StoreError, Work, datasets, incidents};
use crate::domain::Timestamp;
use crate::domain::card::CardMemory;
use crate::domain::closing::Memory;
use crate::domain::ids::{CardId, InstanceName};
use crate::domain::memories::Memories;
use crate::domain::sight::{Blind, BlindTold, Sight};

/// Every card of the instance, the removed ones among them.
pub(super) const CARDS: &str = packed!(
    concat!("card_id, removed_at IS NULL, ", plain_state!()),
    "card_id",
    "SELECT * FROM card LEFT JOIN card_state USING (card_key) WHERE instance_id = ?1 AND card_id > ?2 ORDER BY card_id"
);

/// How many they are, so that room is made for them once.
pub(super) const COUNT: &str = "SELECT count(*) FROM card WHERE instance_id = ?1";

/// How cards changed since an instant, first sights aside, by the index on time.
pub(super) const CHANGES: &str = "
    SELECT c.card_id, t.at FROM transition t JOIN card c USING (card_key)
     WHERE t.at > ?2 AND c.instance_id = ?1 AND NOT t.first_seen ORDER BY t.at";

/// The monitored cards that are broken, however long ago that was decided.
pub(super) const BROKEN: &str = "
    SELECT c.card_id FROM card c JOIN card_state s USING (card_key)
     WHERE c.instance_id = ?1 AND c.removed_at IS NULL AND s.state = 'broken'";

impl Store {
    /// The monitored cards of an instance that are known to be broken.
    pub async fn broken_cards(&self, name: &InstanceName) -> Result<BTreeSet<CardId>, StoreError> {
        let work = async {
            let mut tx = self.begin_read().await?;
            let instance_id = instance_id(&mut tx, name).await?;
            let cards: Vec<i64> = sqlx::query_scalar(BROKEN).bind(instance_id).fetch_all(&mut *tx).await?;
            Ok(cards.into_iter().map(CardId).collect())
        };
        self.named(work.await)
    }
}

/// Reads what is remembered, with the changes since an instant.
pub(super) async fn read(
    connection: &mut SqliteConnection,
    instance_id: i64,
    changes_since: Timestamp,
) -> Work<Memory> {
    let (mut cards, present) = read_cards(connection, instance_id).await?;
    let changes: Vec<(i64, i64)> =
        sqlx::query_as(CHANGES).bind(instance_id).bind(millis(changes_since)).fetch_all(&mut *connection).await?;
    for (card, at) in changes {
        let at = instant("transition", card, "at", at)?;
        cards.update(&CardId(card), |memory| memory.changes.push(at));
    }
    let InstanceMemory { last_digest, sight, invalid_functions } = read_instance(connection, instance_id).await?;
    let incidents = incidents::known(connection, instance_id).await?;
    let datasets = datasets::known(connection, instance_id).await?;
    Ok(Memory { cards, present, last_digest, sight, incidents, datasets, invalid_functions })
}

/// Every card of the instance with what is known of it, and which of them are monitored.
async fn read_cards(connection: &mut SqliteConnection, instance_id: i64) -> Work<(Memories, BTreeSet<CardId>)> {
    let mut feeding = datasets::feeding(connection, instance_id).await?;
    let mut present = BTreeSet::new();
    let mut others = plain::others(connection, instance_id).await?;
    let count: i64 = sqlx::query_scalar(COUNT).bind(instance_id).fetch_one(&mut *connection).await?;
    let mut cards = Memories::with_capacity(usize::try_from(count).unwrap_or_default());
    packed::read(connection, CARDS, instance_id, |(id, is_present, plain): (i64, u8, PlainState)| {
        let card = CardId(id);
        if is_present == 1 {
            present.insert(card);
        }
        let known = others.remove(&card).map_or_else(|| plain.memory(), Ok)?;
        cards.insert(card, CardMemory { datasets: feeding.remove(&card).unwrap_or_default(), ..known });
        Ok(())
    })
    .await?;
    Ok((cards, present))
}

/// What is remembered of the instance itself.
pub(super) struct InstanceMemory {
    last_digest: Option<Timestamp>,
    pub(super) sight: Sight,
    pub(super) invalid_functions: Option<u64>,
}

#[derive(FromRow)]
struct InstanceRow {
    last_digest_at: Option<i64>,
    blind_sweeps: u32,
    blind_since: Option<i64>,
    blind_told_at: Option<i64>,
    blind_told_since: Option<i64>,
    blind_told_message_id: Option<String>,
    invalid_functions: Option<i64>,
}

pub(super) async fn read_instance(connection: &mut SqliteConnection, id: i64) -> Work<InstanceMemory> {
    let row: InstanceRow = sqlx::query_as(
        "SELECT last_digest_at, blind_sweeps, blind_since, blind_told_at, blind_told_since, blind_told_message_id,
                invalid_functions
           FROM instance WHERE instance_id = ?1",
    )
    .bind(id)
    .fetch_one(connection)
    .await?;
    let at = |column, value: Option<i64>| value.map(|at| instant("instance", id, column, at)).transpose();
    // The table's own checks allow none of what belongs together, or all.
    let blind = at("blind_since", row.blind_since)?.map(|since| Blind { since, sweeps: row.blind_sweeps });
    let told_at = at("blind_told_at", row.blind_told_at)?.zip(at("blind_told_since", row.blind_told_since)?);
    let told = told_at.zip(row.blind_told_message_id);
    let told = told.map(|((at, since), message_id)| BlindTold { at, message_id, since });
    Ok(InstanceMemory {
        last_digest: at("last_digest_at", row.last_digest_at)?,
        sight: Sight { blind, told },
        invalid_functions: row.invalid_functions.map(|count| invalid_functions(id, count)).transpose()?,
    })
}

fn invalid_functions(row: i64, count: i64) -> Result<u64, ImpossibleRow> {
    let impossible =
        |_| ImpossibleRow { table: "instance", row, column: "invalid_functions", value: count.to_string() };
    u64::try_from(count).map_err(impossible)
}

/// Writes down that a sweep ended, when the latest digest was composed, and whether the instance can be checked.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    instance_id: i64,
    last_digest: Option<Timestamp>,
    sight: &Sight,
) -> Work<()> {
    let (blind, told) = (sight.blind.as_ref(), sight.told.as_ref());
    sqlx::query(
        "UPDATE instance
            SET last_digest_at = ?2, blind_sweeps = ?3, blind_since = ?4, blind_told_at = ?5, blind_told_since = ?6,
                blind_told_message_id = ?7, revision = revision + 1
          WHERE instance_id = ?1",
    )
    .bind(instance_id)
    .bind(last_digest.map(millis))
    .bind(blind.map_or(0, |blind| blind.sweeps))
    .bind(blind.map(|blind| millis(blind.since)))
    .bind(told.map(|told| millis(told.at)))
    .bind(told.map(|told| millis(told.since)))
    .bind(told.map(|told| told.message_id.as_str()))
    .execute(connection)
    .await?;
    Ok(())
}
