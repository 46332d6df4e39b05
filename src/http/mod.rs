//! The listener: status page, API, badges, metrics and health. Owns what is answered over HTTP and who may read it;
//! everything it shows is read from the snapshot, the database and [`live`], and nothing can be changed through it.
//!
//! [`serve`] takes a listener and a [`Board`], which is all that handlers read; `page` has the pages, `api` the JSON,
//! `gauges` the metrics, and each request passes `connections`, `headers` and `auth` first.
//!
//! A new address is a handler in a file of its own and a line in [`router`].

mod api;
mod auth;
mod badge;
mod body;
mod coalescing;
mod connections;
mod fresh;
mod gauges;
mod headers;
mod health;
pub mod json;
mod kept;
pub mod live;
mod page;
mod series;
mod timer;
mod told;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::routing::get;
use axum::{Router, middleware};
use prometheus::Registry;
use tokio::net::TcpListener;
use tokio::sync::watch;
use url::Url;

use crate::clock::SharedClock;
use crate::config::Config;
use crate::config::valid::{Instance, Login};
use crate::domain::ids::InstanceName;
use crate::domain::maintenance::Maintenance;
use crate::domain::schedule::Schedule;
use crate::domain::snapshot::Snapshot;
use crate::store::Store;
use auth::Door;
use coalescing::Coalescer;
use live::LiveBoard;

pub use auth::Reach;
pub use kept::Kept;

/// Says why the daemon is not ready, if it is not.
pub type Readiness = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// What the handlers read.
#[derive(Clone)]
pub struct Board {
    /// The counters and histograms of every room.
    pub registry: Registry,
    /// What is true now.
    pub snapshot: watch::Receiver<Snapshot>,
    /// What was counted of it; empty to begin with.
    pub kept: Kept,
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
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Cards that were not decided for so long are unchecked.
    pub stale_after: Duration,
    /// At most so many cards have a series of their own.
    pub max_broken_card_series: usize,
    /// The login that readers need.
    pub basic_auth: Option<Login>,
    /// Whether everybody in the network may read where no login is needed.
    pub public_without_auth: bool,
    /// What was set for each instance.
    pub instances: BTreeMap<InstanceName, InstanceSettings>,
}

/// What the operator set for one instance, as far as readers see it.
#[derive(Debug, Clone, PartialEq)]
pub struct InstanceSettings {
    /// Its address, for links into Domo.
    pub url: Url,
    /// When it is swept.
    pub schedule: Schedule,
    /// When mails wait.
    pub maintenance: Maintenance,
}

impl Settings {
    /// The settings of a configuration.
    pub fn of(config: &Config) -> Self {
        Self {
            stale_after: config.alerts.policy.stale_after,
            max_broken_card_series: config.metrics.max_broken_card_series,
            basic_auth: config.http.basic_auth.clone(),
            public_without_auth: config.http.public_without_auth,
            instances: config.instances.iter().map(|of| (of.name.clone(), InstanceSettings::of(of))).collect(),
        }
    }
}

impl InstanceSettings {
    fn of(instance: &Instance) -> Self {
        let Instance { url, schedule, maintenance, .. } = instance;
        Self { url: url.clone(), schedule: schedule.clone(), maintenance: maintenance.clone() }
    }
}

impl std::fmt::Debug for Board {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Board").finish_non_exhaustive()
    }
}

/// Every address, for readers who reach it from `reach`; any method but GET (and HEAD, which goes with it) gets
/// 405. Where a login is configured, everything but `/healthz` needs it.
pub fn router(board: Board, reach: Reach) -> Router {
    let door = Door { settings: board.settings.clone(), reach };
    let coalescer = Coalescer::default();
    let shown = Router::new()
        .route("/", get(page::home::index))
        .route("/instances/{name}", get(page::instance::index))
        .route("/instances/{name}/pages/{page_id}", get(page::dashboard::dashboard))
        .route("/instances/{name}/cards/{card_id}", get(page::card::card))
        .route("/metrics", get(gauges::metrics))
        .layer(middleware::from_fn_with_state(coalescer.clone(), coalescing::share));
    let guarded = Router::new()
        .route("/assets/{name}", get(page::shell::asset))
        .route("/runbook", get(page::runbook::runbook).layer(middleware::from_fn(fresh::tag)))
        .route("/readyz", get(health::readyz))
        .route("/badge/{file}", get(badge::badge).layer(middleware::from_fn(fresh::tag)))
        .merge(shown)
        .merge(api::router(coalescer))
        .fallback(page::missing::nowhere);
    let guarded = guarded.layer(middleware::from_fn_with_state(door, auth::require));
    let all = guarded.route("/healthz", get(health::healthz)).with_state(board);
    all.layer(middleware::map_response(headers::secure))
}

/// Serves until `shutdown` ends. The caller binds, so that it knows the address, and decides the end.
pub async fn serve(
    listener: TcpListener,
    board: Board,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let clock = Arc::clone(&board.clock);
    let router = router(board, Reach::of(listener.local_addr()?));
    connections::serve(listener, router, clock, shutdown).await;
    Ok(())
}
