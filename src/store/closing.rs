//! Closing a sweep. Owns the one immediate transaction that reads what is remembered, lets the core decide what follows,
//! and writes states, transitions, the mail that is due and the sweep itself, or nothing; each table's rows are written by
//! a file of their own.

use sqlx::SqliteConnection;

use super::rows::millis;
use super::sweeps::{note_scope, reason_id};
use super::{OpenSweep, Store, StoreError, Work, WorkError};
use super::{asked, datasets, incidents, memory, monitored, mutes, outbox, states};
use crate::domain::Timestamp;
use crate::domain::card::Change;
use crate::domain::closing::{Closing, Failed, FailedClosing, Memory, Swept};
use crate::domain::ids::SweepId;
use crate::domain::report::Letter;
use crate::domain::sweep::Outcome;
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
            monitored::write(&mut tx, &sweep, &swept.plan, &memory, swept.finished_at).await?;
            states::write(&mut tx, &mut sweep, swept, &closing, &memory).await?;
            write_transitions(&mut tx, &mut sweep, &closing).await?;
            datasets::write(&mut tx, &sweep, swept, &closing, &memory).await?;
            incidents::write(&mut tx, &mut sweep, &closing.incidents, swept.finished_at).await?;
            mutes::end(&mut tx, &sweep, &closing.mutes_ended).await?;
            asked::write(&mut tx, sweep.instance_id, &swept.asked, swept.finished_at).await?;
            for letter in &letters {
                outbox::insert(&mut tx, &sweep, letter, swept.finished_at).await?;
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
                outbox::insert(&mut tx, &sweep, letter, failed.finished_at).await?;
            }
            memory::write(&mut tx, sweep.instance_id, memory.last_digest, &closing.sight).await?;
            note_scope(&mut tx, sweep.id, failed.scope).await?;
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
    .bind(count(closing.counts.working))
    .bind(count(closing.counts.broken))
    .bind(count(closing.counts.unchecked))
    .bind(count(closing.counts.unsupported))
    .execute(&mut *connection)
    .await?;
    if closed.rows_affected() != 1 {
        return Err(WorkError::SweepClosed(sweep.id.0));
    }
    memory::write(connection, sweep.instance_id, closing.last_digest, &closing.sight).await?;
    Ok(())
}
