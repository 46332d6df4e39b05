//! A sweep while it runs: its row, the cards that it looks at, and each result as it comes. Owns these
//! writes; how a sweep is closed is [`closing`](super::closing)'s.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use litemap::LiteMap;
use sqlx::SqliteConnection;

use super::bulk::{Bulk, Values};
use super::instances::instance_id;
use super::packed::{self, packed};
use super::rows::{SharedOwners, duration_millis, millis, owner_columns, verdict_code};
use super::snapshot::ListedRow;
use super::{Store, StoreError, Work};
use crate::domain::Timestamp;
use crate::domain::ids::{CardId, InstanceName, SweepId};
use crate::domain::sweep::{ListedCard, Plan, PlannedCard, Scope};
use crate::domain::verdict::Verdict;

/// A sweep that has begun and is not closed.
#[derive(Debug)]
pub struct OpenSweep {
    /// Its id.
    pub id: SweepId,
    /// The instance that it looks at.
    pub instance: InstanceName,
    /// When it began.
    pub started_at: Timestamp,
    pub(super) instance_id: i64,
    pub(super) keys: LiteMap<CardId, i64>,
    /// The planned cards that are listed otherwise than they stand in the database.
    pub(super) relisted: BTreeSet<CardId>,
    reasons: HashMap<(&'static str, String), i64>,
}

/// One render's result, to be saved.
#[derive(Debug, Clone)]
pub struct SavedResult {
    /// The card.
    pub card: CardId,
    /// 0 for the first render of the sweep, 1 and up for those that confirm it.
    pub round: u32,
    /// What it said.
    pub verdict: Verdict,
    /// When it ended.
    pub at: Timestamp,
    /// How long the deciding attempt took.
    pub latency: Duration,
}

impl Store {
    /// Begins a sweep: from now on it is one, and a process that dies leaves it to be marked `interrupted`.
    pub async fn begin_sweep(
        &self,
        instance: &InstanceName,
        pid: u32,
        now: Timestamp,
    ) -> Result<OpenSweep, StoreError> {
        let work = async {
            let mut tx = self.begin().await?;
            let instance_id = instance_id(&mut tx, instance).await?;
            give_up_own(&mut tx, instance_id, pid, now).await?;
            let id = insert_sweep(&mut tx, instance_id, pid, now).await?;
            tx.commit().await?;
            Ok(OpenSweep {
                id: SweepId(id),
                instance: instance.clone(),
                started_at: now,
                instance_id,
                keys: LiteMap::new(),
                relisted: BTreeSet::new(),
                reasons: HashMap::new(),
            })
        };
        self.named(work.await)
    }

    /// Gives each planned card a key, so that its results can be saved. What is monitored does not change
    /// before the sweep is closed: a card that is new stands as removed until then.
    pub async fn add_planned_cards(&self, sweep: &mut OpenSweep, plan: &Plan) -> Result<(), StoreError> {
        let work = async {
            let mut tx = self.begin().await?;
            let (mut keys, relisted) = known_cards(&mut tx, sweep.instance_id, plan).await?;
            let new: Vec<&ListedCard> =
                plan.cards.values().map(|planned| &planned.card).filter(|card| !keys.contains_key(&card.id)).collect();
            if !new.is_empty() {
                insert_cards(&mut tx, sweep, &new).await?;
                keys = card_keys(&mut tx, sweep.instance_id).await?;
            }
            note_scope(&mut tx, sweep.id, plan.scope).await?;
            tx.commit().await?;
            Ok((keys, relisted))
        };
        (sweep.keys, sweep.relisted) = self.named(work.await)?;
        Ok(())
    }

    /// Saves results in one transaction; a result is a row soon after it exists.
    pub async fn append_results(&self, sweep: &mut OpenSweep, results: &[SavedResult]) -> Result<(), StoreError> {
        let work = async {
            let mut tx = self.begin().await?;
            insert_results(&mut tx, sweep, results).await?;
            tx.commit().await?;
            Ok(())
        };
        let saved = work.await;
        if saved.is_err() {
            // Keys of reasons that were rolled back must not be used again.
            sweep.reasons.clear();
        }
        self.named(saved)
    }

    /// Writes down a sweep that was due while the one before still ran.
    pub async fn record_skipped(&self, instance: &InstanceName, pid: u32, now: Timestamp) -> Result<(), StoreError> {
        let work = async {
            let mut tx = self.begin().await?;
            let instance_id = instance_id(&mut tx, instance).await?;
            sqlx::query(
                "INSERT INTO sweep (instance_id, pid, started_at, finished_at, outcome) VALUES (?1, ?2, ?3, ?3, 'skipped')",
            )
            .bind(instance_id)
            .bind(i64::from(pid))
            .bind(millis(now))
            .execute(&mut *tx)
            .await?;
            tx.commit().await?;
            Ok(())
        };
        self.named(work.await)
    }

    /// Marks as `interrupted` what no living process will close. Returns the instances concerned.
    pub async fn mark_interrupted(
        &self,
        is_alive: impl Fn(u32) -> bool + Send,
        now: Timestamp,
    ) -> Result<Vec<String>, StoreError> {
        let work = async {
            let mut tx = self.begin().await?;
            let open: Vec<(i64, i64, String)> = sqlx::query_as(
                "SELECT sweep_id, pid, name FROM sweep JOIN instance USING (instance_id) WHERE finished_at IS NULL",
            )
            .fetch_all(&mut *tx)
            .await?;
            let mut marked = Vec::new();
            for (id, pid, name) in open {
                if u32::try_from(pid).is_ok_and(&is_alive) {
                    continue;
                }
                sqlx::query("UPDATE sweep SET finished_at = ?2, outcome = 'interrupted' WHERE sweep_id = ?1")
                    .bind(id)
                    .bind(millis(now))
                    .execute(&mut *tx)
                    .await?;
                marked.push(name);
            }
            tx.commit().await?;
            Ok(marked)
        };
        self.named(work.await)
    }
}

/// A process sweeps an instance once at a time: an open sweep of its own is one that it could not close.
async fn give_up_own(connection: &mut SqliteConnection, instance_id: i64, pid: u32, now: Timestamp) -> Work<()> {
    sqlx::query(
        "UPDATE sweep SET finished_at = ?3, outcome = 'interrupted'
          WHERE instance_id = ?1 AND pid = ?2 AND finished_at IS NULL",
    )
    .bind(instance_id)
    .bind(i64::from(pid))
    .bind(millis(now))
    .execute(connection)
    .await?;
    Ok(())
}

async fn insert_sweep(connection: &mut SqliteConnection, instance_id: i64, pid: u32, now: Timestamp) -> Work<i64> {
    let inserted = sqlx::query("INSERT INTO sweep (instance_id, pid, started_at) VALUES (?1, ?2, ?3)")
        .bind(instance_id)
        .bind(i64::from(pid))
        .bind(millis(now))
        .execute(connection)
        .await?;
    Ok(inserted.last_insert_rowid())
}

/// Notes that a sweep looks at a part of its instance alone, where it does.
pub(super) async fn note_scope(connection: &mut SqliteConnection, sweep: SweepId, scope: Scope) -> Work<()> {
    match scope {
        Scope::Pages | Scope::Instance => {}
        Scope::Part => {
            let noted = sqlx::query("UPDATE sweep SET part = 1 WHERE sweep_id = ?1").bind(sweep.0);
            noted.execute(connection).await?;
        }
    }
    Ok(())
}

pub(super) const KNOWN_CARDS: &str = packed!(
    "card_key, card_id, title, kind, owners, owner_users",
    "card_id",
    "SELECT * FROM card WHERE instance_id = ?1 AND card_id > ?2 ORDER BY card_id"
);

/// The key of every card that was ever listed, and which of them are listed otherwise now. Owners that cannot be read are
/// others.
async fn known_cards(
    connection: &mut SqliteConnection,
    instance_id: i64,
    plan: &Plan,
) -> Work<(LiteMap<CardId, i64>, BTreeSet<CardId>)> {
    let (mut keys, mut relisted) = (LiteMap::new(), BTreeSet::new());
    let mut shared = SharedOwners::default();
    packed::read(connection, KNOWN_CARDS, instance_id, |(key, id, title, kind, names, users): ListedRow| {
        let id = CardId(id);
        keys.insert(id, key);
        if let Some(PlannedCard { card, .. }) = plan.cards.get(&id)
            && ((&card.title, &*card.kind.0) != (&title, &kind)
                || !shared.of("card", key, &names, &users).is_ok_and(|owners| owners == card.owners))
        {
            relisted.insert(id);
        }
        Ok(())
    })
    .await?;
    Ok((keys, relisted))
}

/// The key of every card that was ever listed.
async fn card_keys(connection: &mut SqliteConnection, instance_id: i64) -> Work<LiteMap<CardId, i64>> {
    let mut keys = LiteMap::new();
    packed::read(connection, CARD_KEYS, instance_id, |(card, key): (i64, i64)| {
        keys.insert(CardId(card), key);
        Ok(())
    })
    .await?;
    Ok(keys)
}

pub(super) const CARD_KEYS: &str = packed!(
    "card_id, card_key",
    "card_id",
    "SELECT card_id, card_key FROM card WHERE instance_id = ?1 AND card_id > ?2 ORDER BY card_id"
);

async fn insert_cards(connection: &mut SqliteConnection, sweep: &OpenSweep, cards: &[&ListedCard]) -> Work<()> {
    let (instance, removed_at) = (sweep.instance_id, millis(sweep.started_at));
    let bind = |values: &mut Values, card: &&ListedCard| {
        values.push(instance)?.push(card.id.0)?.push(card.title.as_str())?.push(&*card.kind.0)?;
        let (owners, users) = owner_columns(&card.owners)?;
        values.push(owners)?.push(users)?.push(removed_at)?;
        Ok(())
    };
    NEW_CARDS.write(connection, cards, bind).await
}

const NEW_CARDS: Bulk = Bulk {
    head: "INSERT INTO card (instance_id, card_id, title, kind, owners, owner_users, removed_at)",
    columns: 7,
    tail: "ON CONFLICT (instance_id, card_id) DO NOTHING",
};

async fn insert_results(connection: &mut SqliteConnection, sweep: &mut OpenSweep, results: &[SavedResult]) -> Work<()> {
    let mut rows = Vec::with_capacity(results.len());
    for result in results {
        let (Some(code), Some(key)) = (verdict_code(&result.verdict), sweep.keys.get(&result.card).copied()) else {
            continue;
        };
        let reason = reason_id(connection, sweep, &result.verdict, result.at).await?;
        let at_s = result.at.timestamp() - sweep.started_at.timestamp();
        let latency_ms = duration_millis(result.latency);
        rows.push((key, i64::from(result.round), code, reason, at_s, latency_ms));
    }
    // In key order the rows land side by side, which keeps the table's pages full.
    rows.sort_unstable();
    let sweep = sweep.id.0;
    let bind = |values: &mut Values, (key, round, code, reason, at_s, latency_ms): ResultColumns| {
        values.push(sweep)?.push(key)?.push(round)?.push(code)?.push(reason)?.push(at_s)?.push(latency_ms)?;
        Ok(())
    };
    RESULTS.write(connection, rows, bind).await
}

/// Card key, round, verdict, reason, seconds since the sweep began, latency.
type ResultColumns = (i64, i64, i64, Option<i64>, i64, i64);

const RESULTS: Bulk = Bulk {
    head: "INSERT INTO render_result (sweep_id, card_key, round, verdict, reason_id, at_s, latency_ms)",
    columns: 7,
    tail: "",
};

/// The key of a verdict's reason, which is stored once.
pub(super) async fn reason_id(
    connection: &mut SqliteConnection,
    sweep: &mut OpenSweep,
    verdict: &Verdict,
    at: Timestamp,
) -> Work<Option<i64>> {
    let class = match verdict {
        Verdict::Broken(reason) => reason.class.name(),
        Verdict::Working { .. } | Verdict::Unchecked(_) | Verdict::Unsupported => "",
    };
    let Some(text) = verdict.reason().filter(|text| !text.is_empty()) else { return Ok(None) };
    if let Some(id) = sweep.reasons.get(&(class, text.to_owned())) {
        return Ok(Some(*id));
    }
    let id = sqlx::query_scalar(
        "INSERT INTO reason (class, text, last_used_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (class, text) DO UPDATE SET last_used_at = max(last_used_at, excluded.last_used_at)
         RETURNING reason_id",
    )
    .bind(class)
    .bind(text)
    // As young as the sweep at least, so that it is kept as long as the sweep's results, whatever the clock did.
    .bind(millis(at.max(sweep.started_at)))
    .fetch_one(connection)
    .await?;
    sweep.reasons.insert((class, text.to_owned()), id);
    Ok(Some(id))
}

/// Rows for `json_each`.
pub(super) fn json<T: serde::Serialize>(rows: &T) -> Work<String> {
    Ok(serde_json::to_string(rows)?)
}
