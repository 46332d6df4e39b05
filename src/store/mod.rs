//! SQLite. Owns the schema and every statement: one method a unit of work, one transaction each, and
//! helpers take the connection, never the pool. It decides nothing: what a sweep changes is computed by
//! a function that it is given and runs inside the closing transaction.
//!
//! A sweep is [`Store::begin_sweep`], [`Store::append_results`] as results come, and [`Store::finish_sweep`], which asks
//! the domain what follows; readers take [`Store::snapshot`] for what is true, and the other reads for what was.
//!
//! A new unit of work is a file here with a method on [`Store`]; a new table or column is a new migration,
//! `migrations/NNNN_what.sql`, never a change of an old one. A statement that meets a large table is a `const` and a line
//! in `plans`, whose test holds it to an index; one whose rows are many is `packed`.

mod asked;
mod backup;
mod board;
mod bulk;
mod card_past;
mod claim;
mod closing;
mod datasets;
mod history;
mod incidents;
mod instances;
mod lately;
mod memory;
mod monitored;
mod mutes;
mod open;
mod outbox;
mod packed;
mod partial;
mod plain;
#[cfg(test)]
mod plans;
mod retention;
mod rows;
mod snapshot;
mod states;
mod sweeps;
mod trouble;

use std::path::PathBuf;

use sqlx::sqlite::{Sqlite, SqlitePool};
use sqlx::{Connection as _, Transaction};

pub use asked::ChangeMark;
pub use backup::{Backup, BackupError, back_up};
pub use board::{Level, PastSweep};
pub use card_past::{CardPast, LetterNote, ToldTransition};
pub use claim::Claim;
pub use history::{CardHistory, ExportFilter, ExportedResult, PastResult, PastTransition};
pub use incidents::PastIncident;
pub use lately::{Happening, What};
pub use mutes::{Ended, MuteRecord, MuteRefused};
pub use open::{OpenError, refuse_others};
pub use outbox::{QueueState, QueuedLetter};
pub use retention::Pruned;
pub use sweeps::{OpenSweep, SavedResult};
pub use trouble::Trouble;

/// The database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    /// One connection: SQLite has one writer, and waiting for it happens here.
    write: SqlitePool,
    /// Read-only connections.
    read: SqlitePool,
    path: PathBuf,
}

/// Why a unit of work failed. Nothing of it was saved. Each says all there is to say: it has no source.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite refused, or could not.
    #[error("the database {path}: {}", .trouble.about(.path))]
    Sqlite {
        /// The database file.
        path: PathBuf,
        /// Why, and what helps.
        trouble: Trouble,
    },
    /// A row that cannot be true.
    #[error("the database holds a row that cannot be true: {0}; mend it with sqlite3, or restore a backup")]
    Corrupt(rows::ImpossibleRow),
    /// A column that should hold JSON does not.
    #[error("the database holds JSON that cannot be read: {0}; mend it with sqlite3, or restore a backup")]
    Json(String),
    /// The sweep was closed by somebody else.
    #[error("sweep {0} is closed already: another process marked it as interrupted; the next sweep decides")]
    SweepClosed(i64),
}

/// What a unit of work inside an open transaction may fail with, before the file's name is known.
#[derive(Debug, thiserror::Error)]
enum WorkError {
    #[error(transparent)]
    Sqlite(#[from] sqlx::Error),
    #[error(transparent)]
    Corrupt(#[from] rows::ImpossibleRow),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error("sweep {0} is closed")]
    SweepClosed(i64),
}

type Work<T> = Result<T, WorkError>;

impl Store {
    /// The database file.
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// A write transaction takes the write lock at once: one that reads first and locks later can fail
    /// whatever the busy timeout.
    async fn begin(&self) -> Work<Transaction<'static, Sqlite>> {
        Ok(self.write.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// A read transaction: everything read in it is of one instant.
    async fn begin_read(&self) -> Work<Transaction<'static, Sqlite>> {
        Ok(self.read.begin().await?)
    }

    fn named<T>(&self, work: Work<T>) -> Result<T, StoreError> {
        work.map_err(|error| self.name_error(error))
    }

    fn name_error(&self, error: WorkError) -> StoreError {
        match error {
            WorkError::Sqlite(error) => StoreError::Sqlite { path: self.path.clone(), trouble: Trouble::of(&error) },
            WorkError::Corrupt(row) => StoreError::Corrupt(row),
            WorkError::Json(error) => StoreError::Json(error.to_string()),
            WorkError::SweepClosed(sweep) => StoreError::SweepClosed(sweep),
        }
    }

    /// Whether the database answers, for readiness.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let ping = async {
            self.read.acquire().await?.ping().await?;
            sqlx::query("SELECT 1 FROM instance LIMIT 1").fetch_optional(&self.read).await?;
            Ok(())
        };
        self.named(ping.await)
    }

    /// The size of the database in bytes, without its write-ahead log.
    pub async fn size(&self) -> Result<u64, StoreError> {
        let pages =
            sqlx::query_scalar::<_, i64>("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()");
        let size = pages.fetch_one(&self.read).await.map_err(WorkError::from);
        self.named(size.map(i64::unsigned_abs))
    }

    /// Whether no connection is in use: nothing is being read or written. For simulations, which hold time still until
    /// then.
    pub fn is_idle(&self) -> bool {
        [&self.write, &self.read]
            .into_iter()
            .all(|pool| usize::try_from(pool.size()).is_ok_and(|size| pool.num_idle() == size))
    }

    /// Closes every connection, which folds the write-ahead log into the database.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}
