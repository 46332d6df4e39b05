//! `cardwatch backup`: a copy of the database, also while the daemon runs and sweeps. Owns what it says, and which
//! signals stop it.

use std::path::Path;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::output::print;
use super::table::minute;
use super::{Exit, Outcome, Session, privacy};
use crate::daemon::lifecycle::Signals;
use crate::domain::foreign::escaped;
use crate::store::{Backup, back_up};

pub(super) async fn execute(session: &Session, file: &Path) -> Outcome {
    let config = session.load()?.config;
    privacy::keep_files_private();
    let stop = CancellationToken::new();
    let (ignored, _requests) = mpsc::channel(1);
    let signals = tokio::spawn(Signals::take()?.heed(stop.clone(), ignored));
    let backup = back_up(&config.storage.path, file, &stop).await?;
    signals.abort();
    print(&told(file, &backup))?;
    Ok(Exit::Well)
}

fn told(file: &Path, backup: &Backup) -> String {
    let name = file.display().to_string();
    let until = backup.until.map_or_else(|| "no sweep yet".to_owned(), |until| format!("up to {}", minute(until)));
    format!("{}: {}, {} results, {until}\n", escaped(&name), size(backup.bytes), backup.results)
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}
