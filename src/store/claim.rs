//! Locks on files beside the database: who is its daemon, and who sends its mail. Owns these files; the
//! kernel lets go of a lock when its holder ends, however it ends, so that none is ever left behind.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, fchown};
use std::path::{Path, PathBuf};

use super::{OpenError, Trouble};

/// A lock that is held until this is dropped.
#[derive(Debug)]
pub struct Claim {
    _held: File,
}

/// Held by the one daemon of a database; its process id stands in the file.
const DAEMON: &str = ".lock";

/// Held by whoever sends from the outbox: a daemon, or a `sweep --alert` without one.
const MAILROOM: &str = ".mailroom.lock";

impl Claim {
    /// The right to be the daemon of this database.
    ///
    /// # Errors
    /// When another process has it, or the file cannot be locked.
    pub fn of_daemon(database: &Path) -> Result<Self, OpenError> {
        let mut file = open(database, DAEMON)?;
        if !lock(database, &file)? {
            return Err(OpenError::Taken { path: database.to_owned(), by: process_in(database) });
        }
        let id = format!("{}\n", std::process::id());
        let written = file.set_len(0).and_then(|()| file.write_all(id.as_bytes()));
        written.map_err(|error| unusable(database, &error))?;
        Ok(Self { _held: file })
    }

    /// The right to send mail out of this database; `None` while another process has it.
    ///
    /// # Errors
    /// When the file cannot be locked.
    pub fn of_mailroom(database: &Path) -> Result<Option<Self>, OpenError> {
        let file = open(database, MAILROOM)?;
        Ok(lock(database, &file)?.then_some(Self { _held: file }))
    }

    /// The process that is the daemon of this database; `None` where there is none.
    pub fn daemon_of(database: &Path) -> Option<u32> {
        let file = File::open(beside(database, DAEMON)).ok()?;
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)).then(|| process_in(database)).flatten()
    }
}

fn open(database: &Path, suffix: &str) -> Result<File, OpenError> {
    let opened = File::options().create(true).truncate(false).write(true).open(beside(database, suffix));
    let file = opened.map_err(|error| match (error.kind(), database.parent()) {
        (io::ErrorKind::NotFound, Some(folder)) => OpenError::NoFolder(folder.to_owned()),
        _ => unusable(database, &error),
    })?;
    hand_to_the_owner(database, &file);
    Ok(file)
}

/// As SQLite does with the files that it makes: a command that root runs once must not lock out the daemon.
/// Nobody but root may, and nobody else needs to.
fn hand_to_the_owner(database: &Path, file: &File) {
    if let Ok(owner) = fs::metadata(database) {
        let _only_root_may = fchown(file, Some(owner.uid()), Some(owner.gid()));
    }
}

/// Whether the lock was free.
fn lock(database: &Path, file: &File) -> Result<bool, OpenError> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(unusable(database, &error)),
    }
}

fn unusable(database: &Path, error: &io::Error) -> OpenError {
    OpenError::Unusable { path: database.to_owned(), trouble: Trouble::of_file(error) }
}

/// The process id that the daemon wrote down; `None` while it is about to.
fn process_in(database: &Path) -> Option<u32> {
    fs::read_to_string(beside(database, DAEMON)).ok()?.trim().parse().ok()
}

/// Beside the file itself, by whichever link it was named.
fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut path = fs::canonicalize(database).unwrap_or_else(|_| database.to_owned()).into_os_string();
    path.push(suffix);
    path.into()
}
