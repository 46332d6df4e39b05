//! What the process leaves behind in the file system: no memory image, a database that is its user's alone, and copies
//! of it that are so too. Owns these three; who may read the folder is the operator's to say.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, setrlimit, umask};

/// Keeps the kernel from writing the memory, and with it tokens and passwords, into a file should the process crash.
pub(super) fn leave_no_core() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = setrlimit(Resource::Core, none) {
        tracing::warn!(
            "a crash may leave a memory image with secrets in it; start cardwatch with 'ulimit -c 0': {error}"
        );
    }
}

/// Makes the database file where it is missing, so that nobody else may read it whatever the umask: SQLite takes an
/// empty file for an empty database, and gives its companions the same mode. What is wrong with the path is told by
/// whoever opens it.
pub(super) fn create_database(path: &Path) {
    let _ = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
}

/// Keeps every file that the process makes from now on to its user, SQLite's own among them.
pub(super) fn keep_files_private() {
    let _before = umask(Mode::RWXG | Mode::RWXO);
}
