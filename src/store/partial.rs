//! The file that a backup grows in, `FILE.partial` beside the one that it becomes. Owns that nobody else may read it,
//! that two backups never write the same one, that it takes its name only when it is whole and never takes another's,
//! and that nothing of it stays when it fails. One that a killed process left behind gives way to the next.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::{BackupError, Trouble};

/// Where SQLite notes what it would take to give up what it writes.
const JOURNAL: &str = "-journal";

/// A file that is removed again unless it is published.
#[derive(Debug)]
pub(super) struct Partial {
    path: PathBuf,
    /// What it becomes.
    file: PathBuf,
    /// Held to the end: its lock shows that somebody is about it.
    held: File,
    published: bool,
}

impl Partial {
    /// Makes it, empty, readable by this user alone.
    pub(super) fn begin(file: &Path) -> Result<Self, BackupError> {
        let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else {
            return Err(BackupError::Exists(file.to_owned()));
        };
        match folder.metadata() {
            Ok(found) if found.is_dir() => {}
            Err(error) if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Err(unwritten(file, &error));
            }
            Ok(_) | Err(_) => return Err(BackupError::NoFolder(folder.to_owned())),
        }
        if fs::symlink_metadata(file).is_ok() {
            return Err(BackupError::Exists(file.to_owned()));
        }
        let path = with_suffix(&folder.join(name), ".partial");
        clear_away(&path, file)?;
        // A new one is never opened through a link that somebody has laid.
        let held = match File::options().write(true).create_new(true).mode(0o600).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(BackupError::Busy(file.to_owned()));
            }
            opened => opened.map_err(|error| unwritten(file, &error))?,
        };
        if held.try_lock().is_err() || !is_at(&held, &path) {
            return Err(BackupError::Busy(file.to_owned()));
        }
        // What SQLite would roll back, were it there, is another file's. There is hardly ever one.
        let _gone = fs::remove_file(with_suffix(&path, JOURNAL));
        Ok(Self { path, file: file.to_owned(), held, published: false })
    }

    /// Where it is now.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where it is now, as SQLite may be told.
    pub(super) fn name(&self) -> Result<&str, BackupError> {
        self.path.to_str().ok_or_else(|| BackupError::Unnameable(self.file.clone()))
    }

    /// How large it is by now.
    pub(super) fn size(&self) -> Result<u64, BackupError> {
        Ok(self.held.metadata().map_err(|error| unwritten(&self.file, &error))?.len())
    }

    /// Gives it its name, once all of it is on the disk.
    pub(super) fn publish(mut self) -> Result<(), BackupError> {
        self.held.sync_all().map_err(|error| unwritten(&self.file, &error))?;
        match renameat_with(CWD, &self.path, CWD, &self.file, RenameFlags::NOREPLACE) {
            Ok(()) => {}
            // Some file systems know no rename that spares what is there.
            Err(Errno::INVAL | Errno::NOSYS) if fs::symlink_metadata(&self.file).is_err() => {
                fs::rename(&self.path, &self.file).map_err(|error| unwritten(&self.file, &error))?;
            }
            Err(Errno::EXIST | Errno::INVAL | Errno::NOSYS) => return Err(BackupError::Exists(self.file.clone())),
            Err(error) => return Err(unwritten(&self.file, &error.into())),
        }
        self.published = true;
        let folder = self.file.parent().map(File::open);
        folder.map_or(Ok(()), |folder| folder?.sync_all()).map_err(|error| unwritten(&self.file, &error))
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.published {
            // What cannot be removed gives way to the next backup.
            for path in [&self.path, &with_suffix(&self.path, JOURNAL)] {
                let _gone = fs::remove_file(path);
            }
        }
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.to_owned().into_os_string();
    path.push(suffix);
    path.into()
}

/// Removes what a process left behind that was killed.
fn clear_away(path: &Path, file: &Path) -> Result<(), BackupError> {
    match fs::symlink_metadata(path) {
        Err(_) => return Ok(()),
        Ok(there) if !there.is_file() => {
            let trouble = Trouble::Other(format!("{} is in the way; remove it", path.display()));
            return Err(BackupError::Unwritten { file: file.to_owned(), trouble });
        }
        Ok(_) => {}
    }
    let left = File::open(path).map_err(|error| unwritten(file, &error))?;
    if left.try_lock().is_err() || !is_at(&left, path) {
        return Err(BackupError::Busy(file.to_owned()));
    }
    fs::remove_file(path).map_err(|error| unwritten(file, &error))
}

/// Whether that path still leads to this file: whoever had it locked may have moved it away.
fn is_at(open: &File, path: &Path) -> bool {
    let identity = |file: &fs::Metadata| (file.dev(), file.ino());
    match (open.metadata(), fs::symlink_metadata(path)) {
        (Ok(open), Ok(there)) => identity(&open) == identity(&there),
        _ => false,
    }
}

fn unwritten(file: &Path, error: &io::Error) -> BackupError {
    BackupError::Unwritten { file: file.to_owned(), trouble: Trouble::of_file(error) }
}
