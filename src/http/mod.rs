//! The listener: metrics and health. Owns what is answered over HTTP and who may read it; everything it
//! shows is read from the snapshot, the database and [`live`], and nothing can be changed through it.
//!
//! A new address is a handler in a file of its own and a line in [`router`].

mod auth;
mod gauges;
mod health;
pub mod live;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{MethodRouter, get};
use prometheus::Registry;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::clock::SharedClock;
use crate::config::Config;
use crate::config::valid::Login;
use crate::domain::snapshot::Snapshot;
use crate::store::Store;
use live::LiveBoard;

/// Says why the daemon is not ready, if it is not.
pub type Readiness = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// What the handlers read.
#[derive(Clone)]
pub struct Board {
    /// The counters and histograms of every room.
    pub registry: Registry,
    /// What is true now.
    pub snapshot: watch::Receiver<Snapshot>,
    /// What is going on now.
    pub live: LiveBoard,
    /// The database, for the mail queue and its size.
    pub store: Store,
    /// The time.
    pub clock: SharedClock,
    /// What the operator set, as of now.
    pub settings: watch::Receiver<Settings>,
    /// Whether schedule, sweepers and mailroom run.
    pub readiness: Readiness,
}

/// What the operator set for readers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Cards that were not decided for so long are unchecked.
    pub stale_after: Duration,
    /// At most so many cards have a series of their own.
    pub max_broken_card_series: usize,
    /// The login that readers need.
    pub basic_auth: Option<Login>,
}

impl Settings {
    /// The settings of a configuration.
    pub fn of(config: &Config) -> Self {
        Self {
            stale_after: config.alerts.policy.stale_after,
            max_broken_card_series: config.metrics.max_broken_card_series,
            basic_auth: config.http.basic_auth.clone(),
        }
    }
}

impl std::fmt::Debug for Board {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Board").finish_non_exhaustive()
    }
}

/// Every address; any method but GET (and HEAD, which goes with it) gets 405. Where a login is configured,
/// everything but `/healthz` needs it.
pub fn router(board: Board) -> Router {
    let guarded = Router::new()
        .route("/", read(health::index))
        .route("/metrics", read(gauges::metrics))
        .route("/readyz", read(health::readyz));
    let guarded = guarded.layer(axum::middleware::from_fn_with_state(board.settings.clone(), auth::require));
    guarded.route("/healthz", read(health::healthz)).with_state(board)
}

fn read<H, T>(handler: H) -> MethodRouter<Board>
where
    H: axum::handler::Handler<T, Board>,
    T: 'static,
{
    get(handler)
}

/// Serves until `shutdown` ends. The caller binds, so that it knows the address, and decides the end.
pub async fn serve(
    listener: TcpListener,
    board: Board,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, router(board)).with_graceful_shutdown(shutdown).await
}
