//! The daemon as a whole: starts it, waits for its end, and takes the death of any task for its own. Owns
//! who gets what; which tasks a configuration asks for is [`reload`](super::reload)'s.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use prometheus::{IntGauge, Registry};
use sd_notify::NotifyState;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::lifecycle::{self, Pulses};
use super::metrics::SweepMetrics;
use super::reload::Desk;
use super::schedule::Clockwork;
use crate::clock::{SharedClock, within};
use crate::config::valid::Http;
use crate::config::{Config, Problems};
use crate::domain::ids::InstanceName;
use crate::domain::snapshot::Snapshot;
use crate::domo::DomoMetrics;
use crate::heartbeat::HeartbeatMetrics;
use crate::http::live::LiveBoard;
use crate::http::{self, Board, Kept, Settings};
use crate::mail::mailer::MailMetrics;
use crate::store::{Claim, Store};

/// Tasks that are asked to end get this long.
const SOFT_STOP: Duration = Duration::from_secs(7);

/// The database is given this long to be folded up: what is committed is safe without it.
const FOLD_UP: Duration = Duration::from_secs(1);

/// Starts the daemon on `listener`: when this returns, the database is open and HTTP answers. There is one
/// daemon to a database.
pub async fn start(
    config: Config,
    listener: TcpListener,
    clock: SharedClock,
    stop: CancellationToken,
) -> anyhow::Result<Daemon> {
    // Before anything is opened: a newer cardwatch would bring the schema up to date under one that runs.
    let claim = Claim::of_daemon(&config.storage.path)?;
    let store = Store::open(&config.storage.path).await?;
    for instance in store.mark_interrupted(lifecycle::is_other_cardwatch, clock.now()).await? {
        tracing::warn!(domo_instance = instance, "a sweep was interrupted; the next one decides");
    }
    let mut daemon = Daemon::new(&config, claim, Shared::new(store, clock, stop).await?);
    // The first scrape finds what the database holds already.
    daemon.take_up(config).await?;
    daemon.serve(listener)?;
    let shared = &daemon.shared;
    let watchdog = lifecycle::feed_watchdog(shared.pulses.clone(), shared.clock.clone(), shared.stop.clone());
    daemon.spawn(Task::new("the watchdog", &daemon.shared.stop), async {
        watchdog.await;
        Ok(())
    });
    lifecycle::notify(&[NotifyState::Ready]);
    Ok(daemon)
}

/// What tasks are given.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) store: Store,
    pub(super) clock: SharedClock,
    pub(super) stop: CancellationToken,
    pub(super) registry: Registry,
    pub(super) pulses: Pulses,
    pub(super) live: LiveBoard,
    pub(super) snapshots: watch::Sender<Snapshot>,
    pub(super) wake: Arc<Notify>,
    pub(super) clockwork: Clockwork,
    pub(super) sweep_metrics: SweepMetrics,
    pub(super) domo_metrics: DomoMetrics,
    pub(super) mail_metrics: MailMetrics,
    pub(super) heartbeat_metrics: HeartbeatMetrics,
    config_read: IntGauge,
    config_read_at: IntGauge,
}

impl Shared {
    async fn new(store: Store, clock: SharedClock, stop: CancellationToken) -> anyhow::Result<Self> {
        let registry = Registry::new();
        registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
        let gauge = |name: &str, help: &str| -> anyhow::Result<IntGauge> {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok(gauge)
        };
        Ok(Self {
            config_read: gauge(
                "cardwatch_config_last_reload_successful",
                "1 when the configuration was last read without a mistake, at start or on SIGHUP.",
            )?,
            config_read_at: gauge(
                "cardwatch_config_last_reload_success_timestamp_seconds",
                "When the configuration that runs was read.",
            )?,
            sweep_metrics: SweepMetrics::new(&registry)?,
            domo_metrics: DomoMetrics::new(&registry)?,
            mail_metrics: MailMetrics::new(&registry)?,
            heartbeat_metrics: HeartbeatMetrics::new(&registry)?,
            clockwork: Clockwork::start().await?,
            pulses: Pulses::default(),
            live: LiveBoard::default(),
            snapshots: watch::Sender::default(),
            wake: Arc::default(),
            registry,
            store,
            clock,
            stop,
        })
    }
}

/// A daemon that runs.
#[derive(Debug)]
pub struct Daemon {
    pub(super) shared: Shared,
    /// What it was last told to do; `None` before that.
    pub(super) config: Option<Config>,
    pub(super) desks: BTreeMap<InstanceName, Desk>,
    /// Ends the tasks that are no instance's: the mailroom and the housekeeping.
    pub(super) house: CancellationToken,
    pub(super) settings: watch::Sender<Settings>,
    /// Where it listens, for good.
    pub(super) http: Http,
    running: JoinSet<anyhow::Result<()>>,
    tasks: HashMap<tokio::task::Id, Task>,
    /// Held to the end.
    _claim: Claim,
}

/// What is known of a task that runs.
#[derive(Debug)]
pub(super) struct Task {
    /// What it is called.
    name: String,
    /// Asks it to end.
    leave: CancellationToken,
    /// The instance that it sweeps.
    sweeps: Option<InstanceName>,
}

impl Task {
    /// A task that ends once `leave` is cancelled.
    pub(super) fn new(name: impl Into<String>, leave: &CancellationToken) -> Self {
        Self { name: name.into(), leave: leave.clone(), sweeps: None }
    }

    /// The same, where it sweeps an instance.
    pub(super) fn that_sweeps(self, instance: &InstanceName) -> Self {
        Self { sweeps: Some(instance.clone()), ..self }
    }
}

impl Daemon {
    fn new(config: &Config, claim: Claim, shared: Shared) -> Self {
        Self {
            config: None,
            desks: BTreeMap::new(),
            house: shared.stop.child_token(),
            settings: watch::Sender::new(Settings::of(config)),
            http: config.http.clone(),
            running: JoinSet::new(),
            tasks: HashMap::new(),
            _claim: claim,
            shared,
        }
    }

    /// Does what the configuration asks for, and notes that it was read.
    async fn take_up(&mut self, config: Config) -> anyhow::Result<()> {
        self.apply(config).await?;
        self.shared.config_read.set(1);
        self.shared.config_read_at.set(self.shared.clock.now().timestamp());
        Ok(())
    }

    fn serve(&mut self, listener: TcpListener) -> anyhow::Result<()> {
        let shared = &self.shared;
        let (pulses, clock) = (shared.pulses.clone(), shared.clock.clone());
        let board = Board {
            registry: shared.registry.clone(),
            snapshot: shared.snapshots.subscribe(),
            kept: Kept::default(),
            live: shared.live.clone(),
            store: shared.store.clone(),
            clock: shared.clock.clone(),
            settings: self.settings.subscribe(),
            readiness: Arc::new(move || pulses.check(clock.elapsed())),
        };
        let address = listener.local_addr().context("the listener has no address")?;
        tracing::info!(%address, "listening");
        let stop = shared.stop.clone();
        self.spawn(Task::new("the HTTP listener", &stop), async move {
            http::serve(listener, board, stop.cancelled_owned()).await.context("the HTTP listener failed")
        });
        Ok(())
    }

    /// Runs a task; one that ends although nobody asked it to takes the daemon with it.
    pub(super) fn spawn(&mut self, task: Task, work: impl Future<Output = anyhow::Result<()>> + Send + 'static) {
        let id = self.running.spawn(work).id();
        self.tasks.insert(id, task);
    }

    /// Waits for the end, which comes when the daemon's `stop` is cancelled. A task that ends although nobody
    /// asked it to takes the daemon with it, which is an error.
    pub async fn wait(self) -> anyhow::Result<()> {
        let (_never, requests) = mpsc::channel(1);
        self.wait_and_reload(requests, || Err(Problems(Vec::new()))).await
    }

    /// As [`Daemon::wait`]; on each request the configuration is read anew by `load`, and taken up if it is right.
    pub async fn wait_and_reload(
        mut self,
        mut requests: mpsc::Receiver<()>,
        load: impl Fn() -> Result<Config, Problems>,
    ) -> anyhow::Result<()> {
        let stop = self.shared.stop.clone();
        let death = loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break None,
                Some(ended) = self.running.join_next_with_id() => {
                    if let Some(death) = self.take_leave(ended) {
                        break Some(death);
                    }
                }
                Some(()) = requests.recv() => tokio::select! {
                    biased;
                    // A database that somebody keeps locked holds up a reload, but no stop.
                    () = stop.cancelled() => break None,
                    () = self.reload(load()) => {}
                },
            }
        };
        stop.cancel();
        let clock = Arc::clone(&self.shared.clock);
        let drain = async { while self.running.join_next().await.is_some() {} };
        if within(&*clock, SOFT_STOP, drain).await.is_none() {
            tracing::warn!("some tasks did not end in time and are ended by force");
            self.running.abort_all();
        }
        if within(&*clock, FOLD_UP, self.shared.store.close()).await.is_none() {
            tracing::warn!("the database is still in use; the next start tidies it up");
        }
        death.map_or(Ok(()), Err)
    }

    /// Takes up a new configuration, or keeps the old one and says why.
    async fn reload(&mut self, loaded: Result<Config, Problems>) {
        lifecycle::notify_reloading();
        let taken_up = match loaded {
            Ok(config) => self.take_up(config).await,
            Err(problems) => Err(problems.into()),
        };
        match taken_up {
            Ok(()) => tracing::info!("the configuration was read again"),
            Err(error) => {
                self.shared.config_read.set(0);
                for line in format!("{error:#}").lines() {
                    tracing::error!("the configuration was refused, and the old one goes on: {line}");
                }
            }
        }
        lifecycle::notify(&[NotifyState::Ready]);
    }

    /// Follows the end of a task; the error of one that ended although nobody asked it to.
    fn take_leave(&mut self, ended: Result<(tokio::task::Id, anyhow::Result<()>), JoinError>) -> Option<anyhow::Error> {
        let id = ended.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        let Task { name, leave, sweeps } = self.tasks.remove(&id)?;
        if let Some(instance) = sweeps {
            self.forget_unless_configured(&instance);
        }
        match ended {
            Err(panicked) => Some(anyhow::Error::new(panicked).context(format!("{name} died"))),
            Ok((_, Err(error))) => Some(error.context(format!("{name} died"))),
            Ok((_, Ok(()))) if leave.is_cancelled() => None,
            Ok((_, Ok(()))) => Some(anyhow::anyhow!("{name} ended although nobody asked it to")),
        }
    }
}
