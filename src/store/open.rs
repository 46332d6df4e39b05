//! Opening the database: pools, pragmas, migrations. Owns what can be wrong with the file, in words.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::future::BoxFuture;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::pool::PoolConnectionMetadata;
use sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

use super::{Store, Trouble};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// How long a connection waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// How soon a database is tried again that is locked just now.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// So many rows may lie ready between SQLite's thread and who reads them, so that the two do not wait for each other at
/// every few.
const ROWS_AHEAD: usize = 1024;

/// Read-only connections: pages and scrapes that are answered at the same time.
const READERS: u32 = 4;

/// Why the database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder is not there.
    #[error("storage.path: the folder {0} is not there; create it, or name another file")]
    NoFolder(PathBuf),
    /// Whether there is a database is not for this user to know.
    #[error(
        "storage.path: this user may not look into {0}; run the command as the user that runs cardwatch, or as root"
    )]
    NoEntry(PathBuf),
    /// A newer cardwatch has been here.
    #[error("storage.path: {0} was written by a newer cardwatch; run that one, or restore a backup from before it")]
    Newer(PathBuf),
    /// There is no database yet, and the caller only reads.
    #[error(
        "storage.path: there is no database at {0} yet; set storage.path to where the daemon keeps it, or start 'cardwatch run' first"
    )]
    Missing(PathBuf),
    /// It holds tables, and none of ours.
    #[error("storage.path: {0} is the database of another program; name another file")]
    Foreign(PathBuf),
    /// A daemon works on it.
    #[error("storage.path: cardwatch runs on {path} already{}; stop that one, or name another file", as_process(*.by))]
    Taken {
        /// The file.
        path: PathBuf,
        /// The daemon's process id, unless it is about to write it down.
        by: Option<u32>,
    },
    /// It could not be opened, locked or migrated.
    #[error("storage.path: cannot use {path} as the database: {}", .trouble.about(.path))]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why, and what helps.
        trouble: Trouble,
    },
}

fn as_process(id: Option<u32>) -> String {
    id.map(|id| format!(", as process {id}")).unwrap_or_default()
}

impl Store {
    /// Opens the database, makes it where it is missing, and brings its schema up to date.
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        refuse_others(path).await?;
        let unusable = |trouble| OpenError::Unusable { path: path.to_owned(), trouble };
        let write = writer(path).await.map_err(|error| unusable(Trouble::of(&error)))?;
        if let Err(error) = migrate(&write).await {
            // What SQLite made beside a file that is not ours goes with the last connection to it.
            write.close().await;
            return Err(match error {
                Unmigrated::Newer => OpenError::Newer(path.to_owned()),
                Unmigrated::Foreign => OpenError::Foreign(path.to_owned()),
                Unmigrated::Trouble(trouble) => unusable(trouble),
            });
        }
        let read = readers(path).await.map_err(|error| unusable(Trouble::of(&error)))?;
        Ok(Self { write, read, path: path.to_owned() })
    }

    /// Opens a database that must be there, for a command that only reads.
    pub async fn open_existing(path: &Path) -> Result<Self, OpenError> {
        match find(path)? {
            Some(_) => Self::open(path).await,
            None => Err(OpenError::Missing(path.to_owned())),
        }
    }
}

/// What stands at a path; `None` where nothing does. Only what is surely missing is nothing: a folder that keeps this
/// user out may well hold it.
pub(super) fn find(path: &Path) -> Result<Option<Metadata>, OpenError> {
    match path.metadata() {
        Ok(found) => Ok(Some(found)),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(None),
            io::ErrorKind::PermissionDenied => Err(OpenError::NoEntry(closed_folder(path).to_owned())),
            _ => Err(OpenError::Unusable { path: path.to_owned(), trouble: Trouble::of_file(&error) }),
        },
    }
}

/// The folder on the way to a path that lets nobody look into it: the innermost that is seen from outside.
fn closed_folder(path: &Path) -> &Path {
    path.ancestors().skip(1).find(|folder| folder.metadata().is_ok()).unwrap_or(path)
}

/// Refuses what is no database of ours, before anything of it is changed: to open a database for writing turns its
/// write-ahead log on, and makes files beside it.
///
/// # Errors
/// When its folder is missing or closed to this user, or another program or a newer cardwatch has made it.
pub async fn refuse_others(path: &Path) -> Result<(), OpenError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder
        && !find(folder)?.is_some_and(|found| found.is_dir())
    {
        return Err(OpenError::NoFolder(folder.to_owned()));
    }
    // One that logs ahead already is changed by nothing that opening does; it may be at work, and is left in peace.
    if !find(path)?.is_some_and(|found| found.is_file()) || !rolls_back(path) {
        return Ok(());
    }
    // What cannot be read now is told by whoever opens it for good.
    let Ok((connection, holds)) = look(path).await else { return Ok(()) };
    let _closed = connection.close().await;
    match holds {
        Holds::Nothing | Holds::Ours => Ok(()),
        Holds::Newer => Err(OpenError::Newer(path.to_owned())),
        Holds::Foreign => Err(OpenError::Foreign(path.to_owned())),
    }
}

/// Whether the file is a database without a write-ahead log, as databases are from the beginning: the header says so in
/// its byte 18 (<https://sqlite.org/fileformat.html#file_format_version_numbers>).
fn rolls_back(path: &Path) -> bool {
    let mut header = [0; 19];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut header));
    read.is_ok() && header.starts_with(b"SQLite format 3\0") && header[18] == 1
}

/// What a database holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// No table at all.
    Nothing,
    /// Tables of a schema that this program knows.
    Ours,
    /// Tables of a schema that only a newer program knows.
    Newer,
    /// Tables of another program.
    Foreign,
}

/// Opens a database for reading alone, and sees what it holds. Nothing of it is changed.
pub(super) async fn look(path: &Path) -> Result<(SqliteConnection, Holds), sqlx::Error> {
    let mut connection = reader(path).connect().await?;
    let (tables, ours): (i64, i64) = sqlx::query_as(TABLES).fetch_one(&mut connection).await?;
    let latest: Option<i64> =
        if ours == 0 { None } else { sqlx::query_scalar(LATEST).fetch_one(&mut connection).await? };
    let holds = match latest {
        None if tables == 0 => Holds::Nothing,
        None => Holds::Foreign,
        Some(latest) if MIGRATIONS.iter().any(|known| known.version == latest) => Holds::Ours,
        Some(_) => Holds::Newer,
    };
    Ok((connection, holds))
}

/// A connection that only reads.
pub(super) fn reader(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(BUSY_TIMEOUT).disable_statement_logging()
}

/// The latest migration that was made.
const LATEST: &str = "SELECT max(version) FROM _sqlx_migrations";

/// Why the schema is not the one that this program knows.
enum Unmigrated {
    Newer,
    Foreign,
    Trouble(Trouble),
}

impl From<sqlx::Error> for Unmigrated {
    fn from(error: sqlx::Error) -> Self {
        Self::Trouble(Trouble::of(&error))
    }
}

impl From<MigrateError> for Unmigrated {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_) => Self::Newer,
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            other => Self::Trouble(Trouble::Other(other.to_string())),
        }
    }
}

/// Brings the schema up to date, under the write lock: of several processes that open a database for the first
/// time after an update, one migrates and the others wait.
async fn migrate(write: &SqlitePool) -> Result<(), Unmigrated> {
    // `run_direct`, since the future of `run` is not `Send` on a connection that is borrowed.
    if is_current(write).await {
        // Nothing is to be written, so that nobody is waited for; a schema from the future is still refused.
        let mut connection = write.acquire().await?;
        return Ok(MIGRATIONS.run_direct(None, &mut *connection, false).await?);
    }
    let mut tx = write.begin_with("BEGIN IMMEDIATE").await?;
    let (tables, ours): (i64, i64) = sqlx::query_as(TABLES).fetch_one(&mut *tx).await?;
    if tables > 0 && ours == 0 {
        return Err(Unmigrated::Foreign);
    }
    MIGRATIONS.run_direct(None, &mut *tx, false).await?;
    Ok(tx.commit().await?)
}

/// How many tables and the like there are, and how many of these are the list of our migrations.
const TABLES: &str = "SELECT count(*), count(*) FILTER (WHERE name = '_sqlx_migrations') FROM sqlite_schema";

/// Whether as many migrations were made as there are; a database without any has no table of them.
async fn is_current(write: &SqlitePool) -> bool {
    let made = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM _sqlx_migrations").fetch_one(write).await;
    made.is_ok_and(|made| usize::try_from(made).is_ok_and(|made| made >= MIGRATIONS.iter().count()))
}

/// The first connection to a new database switches the write-ahead log on. SQLite waits for no other process
/// that does so at the same moment, whatever the busy timeout: it is tried until then.
#[expect(clippy::disallowed_methods, reason = "as SQLite's own busy timeout, it waits in real time")]
async fn writer(path: &Path) -> Result<SqlitePool, sqlx::Error> {
    let connecting = async {
        loop {
            match SqlitePoolOptions::new()
                .max_connections(1)
                .before_acquire(is_usable)
                .connect_with(options(path))
                .await
            {
                Err(error) if Trouble::of(&error) == Trouble::Locked => tokio::time::sleep(LOOK_AGAIN).await,
                connected => return connected,
            }
        }
    };
    tokio::time::timeout(BUSY_TIMEOUT, connecting).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

async fn readers(path: &Path) -> Result<SqlitePool, sqlx::Error> {
    // What shapes the file is set by the writer: a read-only connection may not even ask for it.
    let options = reader(path).row_buffer_size(ROWS_AHEAD);
    // A file does not hang up: asking each connection first whether it is there would cost more than many a read.
    SqlitePoolOptions::new().max_connections(READERS).test_before_acquire(false).connect_with(options).await
}

/// SQLite itself rolls a transaction back that meets a full disk. sqlx, which is told so only when it tries to,
/// takes the connection to be inside that transaction for ever: it makes way for a fresh one.
fn is_usable(connection: &mut SqliteConnection, _: PoolConnectionMetadata) -> BoxFuture<'_, Result<bool, sqlx::Error>> {
    Box::pin(std::future::ready(Ok(!connection.is_in_transaction())))
}

fn options(path: &Path) -> SqliteConnectOptions {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .row_buffer_size(ROWS_AHEAD / 4)
        .disable_statement_logging();
    // It shapes a new file alone, and on an old one it would wait for whoever writes.
    let is_new = path.metadata().map_or(true, |file| file.len() == 0);
    if is_new { options.auto_vacuum(SqliteAutoVacuum::Incremental) } else { options }
}
