//! What is wrong with the database, in an operator's words. Owns the way from SQLite's result codes to a
//! cause and its remedy; what a unit of work does about it is its own matter.

use std::path::Path;
use std::{fmt, io};

/// Why SQLite could not do it, and what helps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// There is no room.
    Full,
    /// The file or its folder may not be written.
    ReadOnly,
    /// Somebody else holds the lock for longer than anybody waits.
    Locked,
    /// It is another kind of file.
    NoDatabase,
    /// Its content is damaged.
    Damaged,
    /// It cannot even be opened.
    Closed,
    /// Reading or writing failed; the text is SQLite's.
    Disk(String),
    /// Anything else; the text says what.
    Other(String),
}

impl Trouble {
    /// What an error of sqlx's means.
    pub(super) fn of(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => {
                let code = error.code().and_then(|code| code.parse().ok()).unwrap_or_default();
                Self::coded(code, error.message())
            }
            // The one connection that writes waits for somebody else, and everybody else for it.
            sqlx::Error::PoolTimedOut => Self::Locked,
            other => Self::Other(other.to_string()),
        }
    }

    /// What an error of the file system's means.
    pub(super) fn of_file(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            _ => Self::Other(error.to_string()),
        }
    }

    /// By SQLite's extended result codes (<https://sqlite.org/rescode.html>), whose lowest byte is the class.
    fn coded(code: i32, said: &str) -> Self {
        match (code & 0xff, code) {
            // 4874: there is no room for the file that connections share (SQLITE_IOERR_SHMSIZE).
            (13, _) | (_, 4874) => Self::Full,
            (8, _) => Self::ReadOnly,
            (5 | 6, _) => Self::Locked,
            (26, _) => Self::NoDatabase,
            (11, _) => Self::Damaged,
            (14, _) => Self::Closed,
            (10, _) => Self::Disk(format!("{said}, code {code}")),
            _ => Self::Other(said.to_owned()),
        }
    }
}

impl Trouble {
    /// In words, where it is known which file is meant.
    pub(super) fn about<'a>(&'a self, file: &'a Path) -> Told<'a> {
        Told { trouble: self, file }
    }
}

/// Stands in a remedy where nobody has said which file is meant.
const SOME_FILE: &str = "FILE";

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.about(Path::new(SOME_FILE)).fmt(f)
    }
}

/// A trouble with a file, to be displayed.
pub(super) struct Told<'a> {
    trouble: &'a Trouble,
    file: &'a Path,
}

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        match self.trouble {
            Trouble::Full => f.write_str("the disk is full; free some space; nothing was lost"),
            Trouble::ReadOnly => f.write_str(
                "it may not be written; give the user that runs cardwatch the right to write the file and its folder",
            ),
            Trouble::Locked => write!(
                f,
                "another program has kept it locked for too long; let that program finish, or end it ('fuser {file}' names it)"
            ),
            Trouble::NoDatabase => {
                f.write_str("the file is not a database; name another one, or move this one out of the way")
            }
            Trouble::Damaged => write!(
                f,
                "it is damaged; stop cardwatch, keep a copy, and restore a backup or try 'sqlite3 {file} .recover'"
            ),
            Trouble::Closed => f.write_str(
                "it cannot be opened; see that it is a file, and that the user that runs cardwatch may write it and its folder",
            ),
            Trouble::Disk(said) => write!(f, "the disk failed ({said}); see the system's log for its cause"),
            Trouble::Other(said) => f.write_str(said),
        }
    }
}
