//! A copy of the database that is whole, made while others work on it. Owns how it is made and checked, and what can
//! be wrong, in words; the file that it grows in is [`super::partial`]'s.
//!
//! `VACUUM INTO` makes it, which SQLite names as the other way beside its backup interface
//! (<https://sqlite.org/lang_vacuum.html#vacuuminto>). It reads one snapshot from beginning to end: no writer waits for it
//! and it waits for none, each row is visited, and what comes of it is one file without free pages, in need of neither
//! `-wal` nor `-shm`. The backup interface begins anew whenever another process has written between two of its steps,
//! beside a daemon that sweeps perhaps for ever; in a single step it holds its snapshot just as long; and it would bring
//! a second binding to SQLite into the program. The price of both: as long as a snapshot is read, the write-ahead log
//! of the database cannot begin anew, and grows by what is written meanwhile.
//!
//! The database is opened for reading alone and its schema left as it is, so that a newer program makes a copy of what
//! an older one left before it brings that up to date.

use std::path::{Path, PathBuf};

use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio_util::sync::CancellationToken;

use super::open::{Holds, find, look, reader};
use super::partial::Partial;
use super::{OpenError, Trouble};
use crate::domain::Timestamp;

/// A copy that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Its size.
    pub bytes: u64,
    /// The render results in it.
    pub results: u64,
    /// When the latest sweep in it ended; `None` where it holds none.
    pub until: Option<Timestamp>,
}

/// Why there is no copy. Nothing of it was left behind.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database cannot be read.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// It was asked to stop.
    #[error("stopped before the backup was whole; there is no {0}")]
    Stopped(PathBuf),
    /// Something bears that name.
    #[error("{0} is there already, and a backup overwrites nothing; name another file, or move that one away")]
    Exists(PathBuf),
    /// The folder is not there.
    #[error("the folder {0} is not there; create it, or name another file")]
    NoFolder(PathBuf),
    /// It is no name that SQLite can be given.
    #[error("{0} is not the name of a file in UTF-8; name another file")]
    Unnameable(PathBuf),
    /// Another process is about it.
    #[error("another backup to {0} is being made; wait for it, or name another file")]
    Busy(PathBuf),
    /// It could not be written.
    #[error("cannot write the backup {file}: {}", .trouble.about(.file))]
    Unwritten {
        /// The file.
        file: PathBuf,
        /// Why, and what helps.
        trouble: Trouble,
    },
    /// It was written and does not hold what it should.
    #[error(
        "the copy is not sound ({found}), so no backup was made; check the disk, and the database by 'sqlite3 {database} \"PRAGMA integrity_check\"'"
    )]
    Unsound {
        /// The database.
        database: PathBuf,
        /// What is wrong with the copy.
        found: String,
    },
}

/// Copies the database at `database` to `file`, which must not be there yet, in a folder that is. The file has that
/// name only once it is whole, checked, and safe from a power cut. A database of whatever earlier schema is copied
/// as it is. Once `stop` is cancelled it ends within moments, and nothing of it stays.
pub async fn back_up(database: &Path, file: &Path, stop: &CancellationToken) -> Result<Backup, BackupError> {
    let stopped = || BackupError::Stopped(file.to_owned());
    let mut source = tokio::select! {
        biased;
        () = stop.cancelled() => return Err(stopped()),
        source = open_as_it_is(database) => source?,
    };
    let made = make(&mut source, database, file, stop).await;
    // It only reads: what its end could say concerns nobody.
    let _closed = source.close().await;
    match made {
        // What was interrupted failed for that.
        _ if stop.is_cancelled() => Err(stopped()),
        Ok((partial, backup)) => partial.publish().map(|()| backup),
        Err(error) => Err(error),
    }
}

/// Writes the copy and checks it. A stop ends SQLite's work, and is not told before that: SQLite works in a thread of its
/// own, which would make a file anew that is removed while it goes on.
async fn make(
    source: &mut SqliteConnection,
    database: &Path,
    file: &Path,
    stop: &CancellationToken,
) -> Result<(Partial, Backup), BackupError> {
    let file = std::path::absolute(file).map_err(|_| BackupError::Unnameable(file.to_owned()))?;
    let partial = Partial::begin(&file)?;
    let name = partial.name()?;
    let copied = async {
        end_on(stop, source).await?;
        sqlx::query("VACUUM INTO ?1").bind(name).execute(source).await
    };
    copied.await.map_err(|error| blame(&error, database, &file))?;
    let backup = check(&partial, database, stop).await?;
    Ok((partial, backup))
}

/// Whatever a connection does ends as interrupted once it is asked to stop.
async fn end_on(stop: &CancellationToken, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let stop = stop.clone();
    connection.lock_handle().await?.set_progress_handler(STEPS, move || !stop.is_cancelled());
    Ok(())
}

/// So many instructions of SQLite's machine, about a millisecond, pass between two looks at whether to stop.
const STEPS: i32 = 10_000;

/// Opens a database for reading, whichever schema of ours it has up to this program's own.
async fn open_as_it_is(database: &Path) -> Result<SqliteConnection, OpenError> {
    let found = find(database)?.ok_or_else(|| OpenError::Missing(database.to_owned()))?;
    if !found.is_file() {
        return Err(OpenError::Unusable { path: database.to_owned(), trouble: Trouble::Closed });
    }
    let (connection, holds) = look(database).await.map_err(|error| unusable(&error, database))?;
    match holds {
        Holds::Nothing => Err(OpenError::Missing(database.to_owned())),
        Holds::Foreign => Err(OpenError::Foreign(database.to_owned())),
        Holds::Newer => Err(OpenError::Newer(database.to_owned())),
        Holds::Ours => Ok(connection),
    }
}

pub(super) const RESULTS: &str = "SELECT count(*) FROM render_result";

pub(super) const UNTIL: &str = "SELECT max(finished_at) FROM sweep";

fn unusable(error: &sqlx::Error, database: &Path) -> OpenError {
    OpenError::Unusable { path: database.to_owned(), trouble: Trouble::of(error) }
}

/// Whether it is the database that cannot be read, or the copy that cannot be written.
fn blame(error: &sqlx::Error, database: &Path, file: &Path) -> BackupError {
    match Trouble::of(error) {
        Trouble::Locked | Trouble::NoDatabase | Trouble::Damaged => unusable(error, database).into(),
        trouble @ (Trouble::Full | Trouble::ReadOnly | Trouble::Closed | Trouble::Disk(_) | Trouble::Other(_)) => {
            BackupError::Unwritten { file: file.to_owned(), trouble }
        }
    }
}

/// Reads the copy as whoever restores it would.
async fn check(partial: &Partial, database: &Path, stop: &CancellationToken) -> Result<Backup, BackupError> {
    let unsound = |found: String| BackupError::Unsound { database: database.to_owned(), found };
    let read = async {
        let mut copy = reader(partial.path()).connect().await?;
        end_on(stop, &mut copy).await?;
        let found: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&mut copy).await?;
        let results: i64 = sqlx::query_scalar(RESULTS).fetch_one(&mut copy).await?;
        let until: Option<i64> = sqlx::query_scalar(UNTIL).fetch_one(&mut copy).await?;
        copy.close().await?;
        Ok((found, results, until))
    };
    let (found, results, until) = read.await.map_err(|error: sqlx::Error| unsound(Trouble::of(&error).to_string()))?;
    if found != "ok" {
        return Err(unsound(found));
    }
    let until = until.and_then(Timestamp::from_timestamp_millis);
    Ok(Backup { bytes: partial.size()?, results: results.unsigned_abs(), until })
}
