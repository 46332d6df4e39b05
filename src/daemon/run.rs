//! Wiring of the daemon: makes the rooms, starts a task for each duty, and waits for the end. Owns who
//! gets what, and that the death of any task ends the process.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use prometheus::{IntGauge, Registry};
use sd_notify::NotifyState;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::lifecycle::{self, Pulses};
use super::mailroom::Mailroom;
use super::metrics::SweepMetrics;
use super::schedule::{self, Clockwork, Timekeeper};
use super::sweeper::{LetterHead, Sweeper};
use super::{duty, housekeeping};
use crate::clock::{SharedClock, within};
use crate::config::Config;
use crate::config::valid::Instance;
use crate::domain::snapshot::{InstanceSnapshot, Snapshot};
use crate::domo::{Domo, DomoMetrics};
use crate::http::live::LiveBoard;
use crate::http::{self, Board};
use crate::mail::mailer::{MailMetrics, Mailer};
use crate::store::Store;

/// A task that keeps time must move within this.
const SCHEDULE_LIMIT: Duration = Duration::from_mins(2);

/// A sweeper must move within this: its renders beat, and what it does between them is short.
const SWEEPER_LIMIT: Duration = Duration::from_mins(5);

/// The mailroom must move within this: one letter takes at most five minutes.
const MAILROOM_LIMIT: Duration = Duration::from_mins(10);

/// Tasks that are asked to end get this long.
const SOFT_STOP: Duration = Duration::from_secs(8);

/// Starts the daemon on `listener`: when this returns, the database is open and HTTP answers.
pub async fn start(
    config: Config,
    listener: TcpListener,
    clock: SharedClock,
    stop: CancellationToken,
) -> anyhow::Result<Daemon> {
    let store = Store::open(&config.storage.path).await?;
    let mut daemon = Daemon::assemble(config, store, clock.clone(), stop.clone()).await?;
    daemon.serve(listener)?;
    let watchdog = lifecycle::feed_watchdog(daemon.pulses.clone(), clock, stop);
    daemon.spawn_endless("the watchdog", watchdog);
    lifecycle::notify(NotifyState::Ready);
    Ok(daemon)
}

/// A daemon that runs.
#[derive(Debug)]
pub struct Daemon {
    config: Arc<Config>,
    store: Store,
    clock: SharedClock,
    stop: CancellationToken,
    registry: Registry,
    pulses: Pulses,
    live: LiveBoard,
    snapshots: watch::Sender<Snapshot>,
    tasks: JoinSet<(&'static str, anyhow::Result<()>)>,
}

impl Daemon {
    async fn assemble(
        config: Config,
        store: Store,
        clock: SharedClock,
        stop: CancellationToken,
    ) -> anyhow::Result<Self> {
        for instance in &config.instances {
            store.know_instance(&instance.name, &instance.url, config.alerts.policy.stale_after).await?;
        }
        for instance in store.mark_interrupted(lifecycle::is_other_cardwatch, clock.now()).await? {
            tracing::warn!(instance, "a sweep was interrupted; the next one decides");
        }
        let mut snapshot = Vec::new();
        for instance in &config.instances {
            snapshot.push(Arc::new(store.snapshot(&instance.name).await?));
        }
        let mut daemon = Self {
            live: LiveBoard::of(config.instances.iter().map(|instance| instance.name.clone())),
            config: Arc::new(config),
            registry: registry(&clock)?,
            pulses: Pulses::default(),
            snapshots: watch::Sender::new(snapshot),
            tasks: JoinSet::new(),
            store,
            clock,
            stop,
        };
        daemon.start_tasks().await?;
        Ok(daemon)
    }

    async fn start_tasks(&mut self) -> anyhow::Result<()> {
        let wake = Arc::new(Notify::new());
        self.start_mailroom(&wake)?;
        let clockwork = Clockwork::start().await?;
        let names = self.config.instances.iter().map(|instance| &instance.name);
        let sweep_metrics = SweepMetrics::new(&self.registry, names)?;
        let domo_metrics = DomoMetrics::new(&self.registry)?;
        for instance in self.config.instances.clone() {
            self.start_instance(instance, &clockwork, &sweep_metrics, &domo_metrics, &wake)?;
        }
        let (store, storage) = (self.store.clone(), self.config.storage.clone());
        self.spawn_endless(
            "housekeeping",
            housekeeping::keep_house(store, storage, self.clock.clone(), self.stop.clone()),
        );
        Ok(())
    }

    fn start_mailroom(&mut self, wake: &Arc<Notify>) -> anyhow::Result<()> {
        let metrics = MailMetrics::new(&self.registry)?;
        let Some(email) = &self.config.email else {
            return Ok(());
        };
        let mailer = Mailer::new(email, self.clock.clone(), metrics)?;
        let pulse = self.pulses.add("the mailroom", MAILROOM_LIMIT, self.clock.elapsed());
        let mailroom = Mailroom::new(mailer, self.store.clone(), self.clock.clone(), pulse);
        self.spawn_endless("the mailroom", mailroom.work(Arc::clone(wake), self.stop.clone()));
        Ok(())
    }

    /// Two tasks an instance: one that keeps time and one that sweeps.
    fn start_instance(
        &mut self,
        instance: Instance,
        clockwork: &Clockwork,
        sweep_metrics: &SweepMetrics,
        domo_metrics: &DomoMetrics,
        wake: &Arc<Notify>,
    ) -> anyhow::Result<()> {
        let instance = Arc::new(instance);
        let name = &instance.name;
        let elapsed = self.clock.elapsed();
        let live = self.live.of_instance(name);
        let timekeeper = Timekeeper {
            clockwork: clockwork.clone(),
            schedule: instance.schedule.clone(),
            clock: self.clock.clone(),
            live: Arc::clone(&live),
            pulse: self.pulses.add(format!("the schedule of {name}"), SCHEDULE_LIMIT, elapsed),
        };
        let sweeper = Sweeper {
            alerts: Arc::new(self.config.alerts.clone()),
            letters: LetterHead::of(&self.config, &instance).map(Arc::new),
            domo: Arc::new(Domo::new(&instance, self.clock.clone(), domo_metrics, fastrand::u64(..))?),
            store: self.store.clone(),
            clock: self.clock.clone(),
            metrics: sweep_metrics.clone(),
            live,
            pulse: self.pulses.add(format!("the sweeper of {name}"), SWEEPER_LIMIT, elapsed),
            pid: std::process::id(),
            instance: Arc::clone(&instance),
        };
        let latest = self.snapshot_of(&instance).and_then(|shown| shown.last_sweep.clone());
        let missed = schedule::missed(&instance.schedule, latest.map(|sweep| sweep.started_at), self.clock.now());
        let (ticker, post) = duty::of(sweeper, self.snapshots.clone(), Arc::clone(wake));
        self.spawn("the schedule", ticker.tick_on_time(timekeeper, missed, self.stop.clone()));
        self.spawn("the sweeper", post.sweep_on_order(self.stop.clone()));
        Ok(())
    }

    fn snapshot_of(&self, instance: &Instance) -> Option<Arc<InstanceSnapshot>> {
        self.snapshots.borrow().iter().find(|snapshot| snapshot.name == instance.name).cloned()
    }

    fn serve(&mut self, listener: TcpListener) -> anyhow::Result<()> {
        let (pulses, clock) = (self.pulses.clone(), self.clock.clone());
        let board = Board {
            registry: self.registry.clone(),
            snapshot: self.snapshots.subscribe(),
            live: self.live.clone(),
            store: self.store.clone(),
            clock: self.clock.clone(),
            stale_after: self.config.alerts.policy.stale_after,
            max_broken_card_series: self.config.metrics.max_broken_card_series,
            readiness: Arc::new(move || pulses.check(clock.elapsed())),
            basic_auth: self.config.http.basic_auth.clone(),
        };
        let address = listener.local_addr().context("the listener has no address")?;
        tracing::info!(%address, "listening");
        let stop = self.stop.clone();
        self.spawn("the HTTP listener", async move {
            let ended = http::serve(listener, board, stop.cancelled_owned());
            ended.await.context("the HTTP listener failed")
        });
        Ok(())
    }

    /// Waits for the end, which comes when `stop` is cancelled. A task that ends although nobody asked it to
    /// takes the daemon with it, which is an error.
    pub async fn wait(mut self) -> anyhow::Result<()> {
        let died = tokio::select! {
            biased;
            () = self.stop.cancelled() => None,
            joined = self.tasks.join_next() => joined,
        };
        self.stop.cancel();
        let drain = async { while self.tasks.join_next().await.is_some() {} };
        if within(&*self.clock, SOFT_STOP, drain).await.is_none() {
            tracing::warn!("some tasks did not end in time and are ended by force");
        }
        self.store.close().await;
        match died {
            None => Ok(()),
            Some(Err(panicked)) => Err(panicked).context("a task died"),
            Some(Ok((name, Err(error)))) => Err(error.context(format!("{name} died"))),
            Some(Ok((name, Ok(())))) => anyhow::bail!("{name} ended although nobody asked it to"),
        }
    }

    fn spawn(&mut self, name: &'static str, task: impl Future<Output = anyhow::Result<()>> + Send + 'static) {
        self.tasks.spawn(async move { (name, task.await) });
    }

    fn spawn_endless(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(async move {
            task.await;
            (name, Ok(()))
        });
    }
}

/// The registry of every room, with the gauges that say how the configuration was read.
fn registry(clock: &SharedClock) -> anyhow::Result<Registry> {
    let registry = Registry::new();
    registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
    let successful = IntGauge::new(
        "cardwatch_config_last_reload_successful",
        "1 when the configuration was read without a mistake.",
    )?;
    successful.set(1);
    registry.register(Box::new(successful))?;
    let at = IntGauge::new(
        "cardwatch_config_last_reload_success_timestamp_seconds",
        "When the configuration that runs was read.",
    )?;
    at.set(clock.now().timestamp());
    registry.register(Box::new(at))?;
    Ok(registry)
}
