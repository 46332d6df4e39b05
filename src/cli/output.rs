//! Writing to the two streams. Owns how an error reads, that no foreign text in it steers a terminal, and what
//! becomes of a reader that went away.

use std::io::{self, Write as _};

use crate::domain::foreign::escaped;

/// What was asked for could not be handed over.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to stdout: {0}; free some space, or write elsewhere")]
pub(super) struct Unprinted(io::Error);

/// Writes text to stdout. A reader that went away (`cardwatch export | head`) is no error.
pub(super) fn print(text: &str) -> Result<(), Unprinted> {
    forgive_closed_pipe(io::stdout().lock().write_all(text.as_bytes()))
}

/// What a closed pipe means to a writer that was asked for data: enough.
pub(super) fn forgive_closed_pipe(written: io::Result<()>) -> Result<(), Unprinted> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(Unprinted),
    }
}

/// The error of the writer below one of CSV, so that a reader that went away is recognized.
pub(super) fn of_csv(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// Tells an error on stderr: each mistake of several a line, causes after a colon.
pub(super) fn complain(error: &anyhow::Error) {
    let mut stderr = io::stderr().lock();
    for line in format!("{error:#}").lines() {
        // Nobody is left to tell where stderr is closed.
        let _told = writeln!(stderr, "error: {}", escaped(line));
    }
}

/// Says a line on stderr that is no error of the command's own.
pub(super) fn mention(line: &str) {
    // Nobody is left to tell where stderr is closed.
    let _told = writeln!(io::stderr().lock(), "{}", escaped(line));
}
