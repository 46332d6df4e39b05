//! Opening the database: pools, pragmas, migrations. Owns what can be wrong with the file, in words.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use super::Store;

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// How long a connection waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Read-only connections: pages and scrapes that are answered at the same time.
const READERS: u32 = 4;

/// Why the database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder is not there.
    #[error("storage.path: the folder {0} is not there; create it, or name another file")]
    NoFolder(PathBuf),
    /// A newer cardwatch has been here.
    #[error("storage.path: {0} was written by a newer cardwatch; run that one, or restore a backup from before it")]
    Newer(PathBuf),
    /// There is no database yet, and the caller only reads.
    #[error(
        "storage.path: there is no database at {0} yet; start 'cardwatch run' or 'cardwatch sweep' first, or name the right file"
    )]
    Missing(PathBuf),
    /// SQLite could not open or migrate it.
    #[error(
        "storage.path: cannot use {path} as the database ({cause}); check that the file is a cardwatch database that this user may write, and that the disk has room"
    )]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        cause: String,
    },
}

impl Store {
    /// Opens the database, makes it where it is missing, and brings its schema up to date.
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
                return Err(OpenError::NoFolder(folder.to_owned()));
            }
            _ => {}
        }
        let unusable = |cause: String| OpenError::Unusable { path: path.to_owned(), cause };
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options(path).create_if_missing(true))
            .await
            .map_err(|error| unusable(error.to_string()))?;
        migrate(&write).await.map_err(|error| match error {
            MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_) => OpenError::Newer(path.to_owned()),
            other => unusable(other.to_string()),
        })?;
        let read = readers(path).await.map_err(|error| unusable(error.to_string()))?;
        Ok(Self { write, read, path: path.to_owned() })
    }

    /// Opens a database that must be there, for a command that only reads.
    pub async fn open_existing(path: &Path) -> Result<Self, OpenError> {
        if path.exists() { Self::open(path).await } else { Err(OpenError::Missing(path.to_owned())) }
    }
}

/// Brings the schema up to date, under the write lock: of several processes that open a database for the first
/// time after an update, one migrates and the others wait.
async fn migrate(write: &SqlitePool) -> Result<(), MigrateError> {
    // `run_direct`, since the future of `run` is not `Send` on a connection that is borrowed.
    if is_current(write).await {
        // Nothing is to be written, so that nobody is waited for; a schema from the future is still refused.
        let mut connection = write.acquire().await?;
        return MIGRATIONS.run_direct(None, &mut *connection, false).await;
    }
    let mut tx = write.begin_with("BEGIN IMMEDIATE").await?;
    MIGRATIONS.run_direct(None, &mut *tx, false).await?;
    Ok(tx.commit().await?)
}

/// Whether as many migrations were made as there are; a database without any has no table of them.
async fn is_current(write: &SqlitePool) -> bool {
    let made = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM _sqlx_migrations").fetch_one(write).await;
    made.is_ok_and(|made| usize::try_from(made).is_ok_and(|made| made >= MIGRATIONS.iter().count()))
}

async fn readers(path: &Path) -> Result<SqlitePool, sqlx::Error> {
    // What shapes the file is set by the writer: a read-only connection may not even ask for it.
    let options = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging();
    SqlitePoolOptions::new().max_connections(READERS).connect_with(options).await
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .auto_vacuum(SqliteAutoVacuum::Incremental)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging()
}
