//! `cardwatch run`: the daemon. Owns binding the listener and the signals; the work is `daemon`'s.

use std::io;
use std::sync::Arc;

use anyhow::anyhow;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Exit, Failure, Outcome, Session, privacy};
use crate::config::Config;
use crate::daemon::clock::SystemClock;
use crate::daemon::lifecycle::Signals;
use crate::daemon::run::{self, Daemon};
use crate::store::{Claim, OpenError, refuse_others};

pub(super) async fn execute(session: &Session) -> Outcome {
    let loaded = session.load()?;
    let (reload, requests) = mpsc::channel(1);
    let stop = CancellationToken::new();
    // Before anything that may wait.
    let signals = tokio::spawn(Signals::take()?.heed(stop.clone(), reload));
    let listener = listen(&loaded.config).await?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), config = %loaded.path.display(), "starting");
    let daemon = tokio::select! {
        daemon = start(loaded.config, listener, stop.clone()) => daemon?,
        // A database that somebody keeps locked holds up the start, but no stop.
        () = stop.cancelled() => return Ok(Exit::Well),
    };
    let ended = daemon.wait_and_reload(requests, || session.read()).await;
    signals.abort();
    ended.map_err(|error| Failure { code: 1, error })?;
    tracing::info!("stopped");
    Ok(Exit::Well)
}

async fn start(config: Config, listener: TcpListener, stop: CancellationToken) -> anyhow::Result<Daemon> {
    // Before the lock of the daemon is made beside it.
    refuse_others(&config.storage.path).await?;
    privacy::create_database(&config.storage.path);
    run::start(config, listener, Arc::new(SystemClock::start()), stop).await
}

/// Takes the port. Where a daemon runs on the same database, it is most likely the one that has it.
async fn listen(config: &Config) -> anyhow::Result<TcpListener> {
    let (address, database) = (config.http.listen, &config.storage.path);
    TcpListener::bind(address).await.map_err(|error| match Claim::daemon_of(database) {
        Some(id) => OpenError::Taken { path: database.clone(), by: Some(id) }.into(),
        None => anyhow!("http.listen: cannot listen on {address}: {}", why_not(&error)),
    })
}

/// Why a port cannot be had, and what helps.
fn why_not(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "the port is taken; end the program that has it ('ss -ltnp' names it), or set another one".to_owned()
        }
        io::ErrorKind::AddrNotAvailable => {
            "it is no address of this machine; set one that 'ip address' shows".to_owned()
        }
        io::ErrorKind::PermissionDenied => {
            "ports below 1024 need a right that this user has not; set a higher one".to_owned()
        }
        _ => format!("{error}; set another address"),
    }
}
