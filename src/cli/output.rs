//! Writing to the two streams. Owns how an error reads and what becomes of a reader that went away.

use std::io::{self, Write as _};

/// Writes text to stdout. A reader that went away (`cardwatch export | head`) is no error.
pub(super) fn print(text: &str) -> io::Result<()> {
    forgive_closed_pipe(io::stdout().lock().write_all(text.as_bytes()))
}

/// What a closed pipe means to a writer that was asked for data: enough.
pub(super) fn forgive_closed_pipe(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Tells an error on stderr: each mistake of several a line, causes after a colon.
pub(super) fn complain(error: &anyhow::Error) {
    let mut stderr = io::stderr().lock();
    for line in format!("{error:#}").lines() {
        // Nobody is left to tell where stderr is closed.
        let _told = writeln!(stderr, "error: {line}");
    }
}
