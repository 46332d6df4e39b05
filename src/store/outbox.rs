//! Mails between the transaction that made them due and the server that takes them. Owns the queue's
//! rows; when to try again is the mailroom's to decide.

use std::collections::BTreeSet;

use sqlx::SqliteConnection;

use super::rows::{instant, millis};
use super::sweeps::json;
use super::{OpenSweep, Store, StoreError, Work};
use crate::domain::Timestamp;
use crate::domain::report::Letter;

/// A mail that waits to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedLetter {
    /// Its place in the queue.
    pub id: i64,
    /// What to send.
    pub letter: Letter,
    /// When it was composed: its `Date`.
    pub created_at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// When to try next.
    pub next_attempt_at: Timestamp,
}

/// The queue in two numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueueState {
    /// Mails that wait.
    pub length: u64,
    /// When the oldest of them was composed.
    pub oldest: Option<Timestamp>,
}

type LetterRow = (i64, String, String, String, String, String, String, Option<String>, i64, i64, i64);

impl Store {
    /// The mail that is next in line: the oldest that waits, due or not, so that order is kept. Letters with these ids
    /// count as if they did not wait, and so does any to one of these recipients.
    pub async fn next_letter(
        &self,
        others: &BTreeSet<i64>,
        recipients: &BTreeSet<String>,
    ) -> Result<Option<QueuedLetter>, StoreError> {
        let work = async {
            let next = sqlx::query_as::<_, LetterRow>(NEXT_LETTER).bind(json(others)?).bind(json(recipients)?);
            next.fetch_optional(&self.read).await?.map(queued).transpose()
        };
        self.named(work.await)
    }

    /// The server took it.
    pub async fn mark_sent(&self, id: i64, now: Timestamp) -> Result<(), StoreError> {
        let statement =
            "UPDATE outbox SET sent_at = ?2, attempts = attempts + 1, last_error = NULL WHERE outbox_id = ?1";
        self.mark(sqlx::query(statement).bind(id).bind(millis(now))).await
    }

    /// The server took it for some recipients, and refused the others for good.
    pub async fn mark_sent_in_part(&self, id: i64, refused: &str, now: Timestamp) -> Result<(), StoreError> {
        let statement = "UPDATE outbox SET sent_at = ?2, attempts = attempts + 1, last_error = ?3 WHERE outbox_id = ?1";
        self.mark(sqlx::query(statement).bind(id).bind(millis(now)).bind(refused)).await
    }

    /// The server did not take it, and it is to be tried again.
    pub async fn mark_retry(&self, id: i64, error: &str, next_attempt_at: Timestamp) -> Result<(), StoreError> {
        let statement =
            "UPDATE outbox SET next_attempt_at = ?2, attempts = attempts + 1, last_error = ?3 WHERE outbox_id = ?1";
        self.mark(sqlx::query(statement).bind(id).bind(millis(next_attempt_at)).bind(error)).await
    }

    /// The server will never take it.
    pub async fn mark_rejected(&self, id: i64, error: &str, now: Timestamp) -> Result<(), StoreError> {
        let statement =
            "UPDATE outbox SET rejected_at = ?2, attempts = attempts + 1, last_error = ?3 WHERE outbox_id = ?1";
        self.mark(sqlx::query(statement).bind(id).bind(millis(now)).bind(error)).await
    }

    async fn mark(
        &self,
        update: sqlx::query::Query<'_, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>,
    ) -> Result<(), StoreError> {
        let work = async {
            let mut tx = self.begin().await?;
            update.execute(&mut *tx).await?;
            tx.commit().await?;
            Ok(())
        };
        self.named(work.await)
    }

    /// Makes every mail that waits due now.
    pub async fn make_letters_due(&self, now: Timestamp) -> Result<(), StoreError> {
        let statement = "UPDATE outbox SET next_attempt_at = min(next_attempt_at, ?1) WHERE sent_at IS NULL AND rejected_at IS NULL";
        self.mark(sqlx::query(statement).bind(millis(now))).await
    }

    /// How many mails wait, and since when.
    pub async fn queue_state(&self) -> Result<QueueState, StoreError> {
        let row = sqlx::query_as::<_, (i64, Option<i64>)>(QUEUE_STATE).fetch_one(&self.read).await;
        self.named(row.map_err(Into::into).and_then(|(length, oldest)| {
            let oldest = oldest.map(|at| instant("outbox", 0, "created_at", at)).transpose()?;
            Ok(QueueState { length: length.unsigned_abs(), oldest })
        }))
    }

    /// Why the letter that is next in line waits, where a try has failed.
    pub async fn waiting_error(&self) -> Result<Option<String>, StoreError> {
        let row: Result<Option<Option<String>>, _> = sqlx::query_scalar(WAITING_ERROR).fetch_optional(&self.read).await;
        self.named(row.map(Option::flatten).map_err(Into::into))
    }

    /// The subjects and errors of mails that were refused for good, be it for all recipients or for some; the
    /// latest first, at most ten.
    pub async fn rejected_letters(&self) -> Result<Vec<(String, String)>, StoreError> {
        let rows = sqlx::query_as(REJECTED).fetch_all(&self.read).await;
        self.named(rows.map_err(Into::into))
    }
}

pub(super) const NEXT_LETTER: &str = "
    SELECT outbox_id, message_id, reference_ids, recipients, subject, body_text, body_html, csv, created_at,
           attempts, next_attempt_at
      FROM outbox
     WHERE sent_at IS NULL AND rejected_at IS NULL AND outbox_id NOT IN (SELECT value FROM json_each(?1))
       AND NOT EXISTS (SELECT 1 FROM json_each(outbox.recipients) r
                        WHERE r.value IN (SELECT value FROM json_each(?2)))
     ORDER BY outbox_id LIMIT 1";

pub(super) const QUEUE_STATE: &str = "
    SELECT count(*), min(created_at) FROM outbox WHERE sent_at IS NULL AND rejected_at IS NULL";

pub(super) const WAITING_ERROR: &str = "
    SELECT last_error FROM outbox WHERE sent_at IS NULL AND rejected_at IS NULL ORDER BY outbox_id LIMIT 1";

pub(super) const REJECTED: &str = "
    SELECT subject, last_error FROM outbox
     WHERE last_error IS NOT NULL AND coalesce(sent_at, rejected_at) IS NOT NULL
     ORDER BY outbox_id DESC LIMIT 10";

fn queued(row: LetterRow) -> Work<QueuedLetter> {
    let (id, message_id, references, to, subject, text, html, csv, created_at, attempts, next_attempt_at) = row;
    Ok(QueuedLetter {
        id,
        letter: Letter {
            message_id,
            references: serde_json::from_str(&references)?,
            to: serde_json::from_str(&to)?,
            subject,
            text,
            html,
            csv,
        },
        created_at: instant("outbox", id, "created_at", created_at)?,
        attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
        next_attempt_at: instant("outbox", id, "next_attempt_at", next_attempt_at)?,
    })
}

/// Puts a mail into the queue, within the transaction that closes the sweep that made it due.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    sweep: &OpenSweep,
    letter: &Letter,
    now: Timestamp,
) -> Work<()> {
    sqlx::query(
        "INSERT INTO outbox (instance_id, message_id, reference_ids, recipients, subject, body_text, body_html, csv,
                             created_at, next_attempt_at, sweep_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10)",
    )
    .bind(sweep.instance_id)
    .bind(&letter.message_id)
    .bind(json(&letter.references)?)
    .bind(json(&letter.to)?)
    .bind(&letter.subject)
    .bind(&letter.text)
    .bind(&letter.html)
    .bind(&letter.csv)
    .bind(millis(now))
    .bind(sweep.id.0)
    .execute(connection)
    .await?;
    Ok(())
}
