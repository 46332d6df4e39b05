//! Closing a sweep: one immediate transaction that reads what is remembered, lets the core decide what
//! follows, and writes states, transitions, the mail that is due and the sweep itself, or nothing.

use sqlx::SqliteConnection;

use super::rows::{millis, page_kind_columns};
use super::sweeps::{json, reason_id};
use super::{OpenSweep, Store, StoreError, Work, WorkError, memory, outbox};
use crate::domain::Timestamp;
use crate::domain::card::{CardMemory, CardState, Change, Told};
use crate::domain::closing::{Closing, Failed, FailedClosing, Memory, Swept};
use crate::domain::ids::SweepId;
use crate::domain::report::Letter;
use crate::domain::sweep::{Outcome, Plan};
use crate::domain::verdict::Verdict;

impl Store {
    /// Closes a sweep. `decide` is given what is remembered, the cards' changes since `changes_since` among it,
    /// and its result is saved whole or not at all.
    pub async fn finish_sweep(
        &self,
        mut sweep: OpenSweep,
        swept: &Swept,
        changes_since: Timestamp,
        decide: impl FnOnce(&Memory) -> (Closing, Vec<Letter>) + Send,
    ) -> Result<Closing, StoreError> {
        let work = async {
            let mut tx = self.begin().await?;
            let memory = memory::read(&mut tx, sweep.instance_id, changes_since).await?;
            let (closing, letters) = decide(&memory);
            write_plan(&mut tx, &sweep, &swept.plan, swept.finished_at).await?;
            write_states(&mut tx, &mut sweep, swept, &closing).await?;
            write_transitions(&mut tx, &mut sweep, &closing).await?;
            for letter in &letters {
                outbox::insert(&mut tx, sweep.instance_id, letter, swept.finished_at).await?;
            }
            close_row(&mut tx, &sweep, &closing, swept.finished_at).await?;
            tx.commit().await?;
            Ok(closing)
        };
        self.named(work.await)
    }

    /// Closes a sweep that could not even list cards: no card's state changes.
    pub async fn finish_failed_sweep(
        &self,
        sweep: OpenSweep,
        failed: &Failed,
        decide: impl FnOnce(&Memory) -> (FailedClosing, Option<Letter>) + Send,
    ) -> Result<(), StoreError> {
        let work = async {
            let mut tx = self.begin().await?;
            let memory = memory::read(&mut tx, sweep.instance_id, failed.finished_at).await?;
            let (closing, letter) = decide(&memory);
            if let Some(letter) = &letter {
                outbox::insert(&mut tx, sweep.instance_id, letter, failed.finished_at).await?;
            }
            memory::write(&mut tx, sweep.instance_id, memory.last_digest, &closing.sight).await?;
            end(&mut tx, sweep.id, Outcome::Failed, &failed.why.full, failed.finished_at).await?;
            tx.commit().await?;
            Ok(())
        };
        self.named(work.await)
    }

    /// Ends a sweep that was cut short, and changes nothing but its row.
    pub async fn interrupt_sweep(&self, sweep: OpenSweep, why: &str, now: Timestamp) -> Result<(), StoreError> {
        let work = async {
            let mut tx = self.begin().await?;
            end(&mut tx, sweep.id, Outcome::Interrupted, why, now).await?;
            tx.commit().await?;
            Ok(())
        };
        self.named(work.await)
    }
}

/// Ends a sweep's row without counts.
async fn end(
    connection: &mut SqliteConnection,
    sweep: SweepId,
    outcome: Outcome,
    trouble: &str,
    now: Timestamp,
) -> Work<()> {
    let ended = sqlx::query(
        "UPDATE sweep SET finished_at = ?2, outcome = ?3, trouble = ?4 WHERE sweep_id = ?1 AND finished_at IS NULL",
    )
    .bind(sweep.0)
    .bind(millis(now))
    .bind(outcome.name())
    .bind(trouble)
    .execute(connection)
    .await?;
    if ended.rows_affected() == 1 { Ok(()) } else { Err(WorkError::SweepClosed(sweep.0)) }
}

/// What is monitored from now on: pages, cards and which holds which.
async fn write_plan(connection: &mut SqliteConnection, sweep: &OpenSweep, plan: &Plan, now: Timestamp) -> Work<()> {
    write_pages(connection, sweep, plan).await?;
    write_cards(connection, sweep, plan).await?;
    write_holdings(connection, sweep, plan).await?;
    if plan.is_complete() {
        remove_the_rest(connection, sweep, plan, now).await?;
    }
    Ok(())
}

async fn write_pages(connection: &mut SqliteConnection, sweep: &OpenSweep, plan: &Plan) -> Work<()> {
    let pages: Vec<_> = plan
        .pages
        .values()
        .map(|held| {
            let (kind, app) = page_kind_columns(held.page.kind);
            (held.page.id.0, &held.page.title, kind, app, i64::from(held.doubted))
        })
        .collect();
    sqlx::query(
        "INSERT INTO page (instance_id, page_id, title, kind, app_id, doubted, removed_at)
         SELECT ?1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, NULL FROM json_each(?2) WHERE true
         ON CONFLICT (instance_id, page_id) DO UPDATE
            SET title = excluded.title, kind = excluded.kind, app_id = excluded.app_id, doubted = excluded.doubted,
                removed_at = NULL",
    )
    .bind(sweep.instance_id)
    .bind(json(&pages)?)
    .execute(connection)
    .await?;
    Ok(())
}

async fn write_cards(connection: &mut SqliteConnection, sweep: &OpenSweep, plan: &Plan) -> Work<()> {
    let cards: Vec<_> = plan
        .cards
        .values()
        .map(|planned| {
            let owners: Vec<&String> = planned.card.owners.iter().map(|owner| &owner.name).collect();
            (planned.card.id.0, &planned.card.title, &planned.card.kind.0, owners)
        })
        .collect();
    sqlx::query(
        "INSERT INTO card (instance_id, card_id, title, kind, owners, removed_at)
         SELECT ?1, value ->> 0, value ->> 1, value ->> 2, value -> 3, NULL FROM json_each(?2) WHERE true
         ON CONFLICT (instance_id, card_id) DO UPDATE
            SET title = excluded.title, kind = excluded.kind, owners = excluded.owners, removed_at = NULL
          WHERE (title, kind, owners) IS NOT (excluded.title, excluded.kind, excluded.owners)
             OR removed_at IS NOT NULL",
    )
    .bind(sweep.instance_id)
    .bind(json(&cards)?)
    .execute(connection)
    .await?;
    Ok(())
}

async fn write_holdings(connection: &mut SqliteConnection, sweep: &OpenSweep, plan: &Plan) -> Work<()> {
    let holdings: Vec<(i64, i64)> = plan
        .cards
        .values()
        .filter_map(|planned| Some((sweep.keys.get(&planned.card.id)?, planned)))
        .flat_map(|(key, planned)| planned.pages.iter().map(|page| (page.0, *key)))
        .collect();
    let holdings = json(&holdings)?;
    let pages: Vec<i64> = plan.pages.keys().map(|page| page.0).collect();
    sqlx::query(
        "DELETE FROM page_card
          WHERE instance_id = ?1
            AND (?4 OR page_id IN (SELECT value FROM json_each(?3)))
            AND (page_id, card_key) NOT IN (SELECT value ->> 0, value ->> 1 FROM json_each(?2))",
    )
    .bind(sweep.instance_id)
    .bind(&holdings)
    .bind(json(&pages)?)
    .bind(plan.is_complete())
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "INSERT INTO page_card (instance_id, page_id, card_key)
         SELECT ?1, value ->> 0, value ->> 1 FROM json_each(?2) WHERE true ON CONFLICT DO NOTHING",
    )
    .bind(sweep.instance_id)
    .bind(&holdings)
    .execute(connection)
    .await?;
    Ok(())
}

async fn remove_the_rest(
    connection: &mut SqliteConnection,
    sweep: &OpenSweep,
    plan: &Plan,
    now: Timestamp,
) -> Work<()> {
    let pages: Vec<i64> = plan.pages.keys().map(|page| page.0).collect();
    let cards: Vec<i64> = plan.cards.keys().map(|card| card.0).collect();
    sqlx::query(
        "UPDATE page SET removed_at = ?3
          WHERE instance_id = ?1 AND removed_at IS NULL AND page_id NOT IN (SELECT value FROM json_each(?2))",
    )
    .bind(sweep.instance_id)
    .bind(json(&pages)?)
    .bind(millis(now))
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "UPDATE card SET removed_at = ?3
          WHERE instance_id = ?1 AND removed_at IS NULL AND card_id NOT IN (SELECT value FROM json_each(?2))",
    )
    .bind(sweep.instance_id)
    .bind(json(&cards)?)
    .bind(millis(now))
    .execute(connection)
    .await?;
    Ok(())
}

/// One row of `card_state` on its way into `json_each`.
#[derive(Default, serde::Serialize)]
struct StateColumns<'a> {
    key: i64,
    state: &'static str,
    since: Option<i64>,
    decided_at: Option<i64>,
    reason: Option<i64>,
    first_seen: i64,
    told: &'static str,
    told_at: Option<i64>,
    told_message_id: Option<&'a str>,
    unchecked: Option<i64>,
}

async fn write_states(
    connection: &mut SqliteConnection,
    sweep: &mut OpenSweep,
    swept: &Swept,
    closing: &Closing,
) -> Work<()> {
    let mut rows = Vec::with_capacity(closing.cards.len());
    for (card, memory) in &closing.cards {
        let Some(key) = sweep.keys.get(card).copied() else { continue };
        let mut row = columns(key, memory);
        if let CardState::Broken { reason, .. } = &memory.state {
            row.reason = reason_id(connection, sweep, &Verdict::Broken(reason.clone()), swept.finished_at).await?;
        }
        if let Some(verdict @ Verdict::Unchecked(_)) = swept.verdicts.get(card).map(|judged| &judged.verdict) {
            row.unchecked = reason_id(connection, sweep, verdict, swept.finished_at).await?;
        }
        rows.push(row);
    }
    sqlx::query(
        "INSERT INTO card_state (card_key, state, since, decided_at, reason_id, first_seen, told, told_at, told_message_id,
                                 unchecked_reason_id)
         SELECT value ->> 'key', value ->> 'state', value ->> 'since', value ->> 'decided_at', value ->> 'reason',
                value ->> 'first_seen', value ->> 'told', value ->> 'told_at', value ->> 'told_message_id',
                value ->> 'unchecked'
           FROM json_each(?1) WHERE true
         ON CONFLICT (card_key) DO UPDATE
            SET state = excluded.state, since = excluded.since, decided_at = excluded.decided_at,
                reason_id = excluded.reason_id, first_seen = excluded.first_seen, told = excluded.told,
                told_at = excluded.told_at, told_message_id = excluded.told_message_id,
                unchecked_reason_id = excluded.unchecked_reason_id",
    )
    .bind(json(&rows)?)
    .execute(connection)
    .await?;
    Ok(())
}

fn columns(key: i64, memory: &CardMemory) -> StateColumns<'_> {
    let mut row = StateColumns { key, ..StateColumns::default() };
    row.state = match &memory.state {
        CardState::Undecided => "undecided",
        CardState::Unsupported => "unsupported",
        CardState::Working { since, decided_at } => {
            (row.since, row.decided_at) = (Some(millis(*since)), Some(millis(*decided_at)));
            "working"
        }
        CardState::Broken { since, decided_at, first_seen, .. } => {
            (row.since, row.decided_at) = (Some(millis(*since)), Some(millis(*decided_at)));
            row.first_seen = i64::from(*first_seen);
            "broken"
        }
    };
    row.told = match &memory.told {
        Told::Nothing => "nothing",
        Told::Withheld => "withheld",
        Told::Broken { at, message_id } => {
            (row.told_at, row.told_message_id) = (Some(millis(*at)), Some(message_id.as_str()));
            "broken"
        }
        Told::Flapping { at, message_id } => {
            (row.told_at, row.told_message_id) = (Some(millis(*at)), Some(message_id.as_str()));
            "flapping"
        }
    };
    row
}

async fn write_transitions(connection: &mut SqliteConnection, sweep: &mut OpenSweep, closing: &Closing) -> Work<()> {
    for (card, transition) in &closing.transitions {
        let Some(key) = sweep.keys.get(card).copied() else { continue };
        let (reason, first_seen) = match &transition.change {
            Change::Broke { reason, first_seen } => {
                let verdict = Verdict::Broken(reason.clone());
                (reason_id(connection, sweep, &verdict, transition.at).await?, *first_seen)
            }
            Change::Recovered => (None, false),
        };
        sqlx::query(
            "INSERT INTO transition (card_key, sweep_id, at, to_state, first_seen, reason_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )
        .bind(key)
        .bind(sweep.id.0)
        .bind(millis(transition.at))
        .bind(transition.change.to())
        .bind(first_seen)
        .bind(reason)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

async fn close_row(
    connection: &mut SqliteConnection,
    sweep: &OpenSweep,
    closing: &Closing,
    now: Timestamp,
) -> Work<()> {
    let count = |cards: usize| i64::try_from(cards).unwrap_or(i64::MAX);
    let closed = sqlx::query(
        "UPDATE sweep SET finished_at = ?2, outcome = ?3, trouble = ?4, working = ?5, broken = ?6, unchecked = ?7,
                          unsupported = ?8
          WHERE sweep_id = ?1 AND finished_at IS NULL",
    )
    .bind(sweep.id.0)
    .bind(millis(now))
    .bind(closing.outcome.name())
    .bind(&closing.trouble)
    .bind(count(closing.tally.working))
    .bind(count(closing.tally.broken))
    .bind(count(closing.tally.unchecked))
    .bind(count(closing.tally.unsupported))
    .execute(&mut *connection)
    .await?;
    if closed.rows_affected() != 1 {
        return Err(WorkError::SweepClosed(sweep.id.0));
    }
    memory::write(connection, sweep.instance_id, closing.last_digest, &closing.sight).await?;
    Ok(())
}
