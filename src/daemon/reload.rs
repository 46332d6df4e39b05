//! From one configuration to the next. Owns which tasks a configuration asks for, and the way from those
//! that run to those: what did not change goes on untouched, a running sweep is never cut, and nothing is
//! begun before everything that can fail has succeeded.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use super::duty::{self, Turn};
use super::heart::Heart;
use super::housekeeping;
use super::mailroom::Mailroom;
use super::run::{Daemon, Shared, Task};
use super::schedule::{self, Timekeeper};
use super::sweeper::{LetterHead, Sweeper};
use crate::config::Config;
use crate::config::valid::Instance;
use crate::domain::ids::InstanceName;
use crate::domain::snapshot::InstanceSnapshot;
use crate::domo::Domo;
use crate::heartbeat::{Beat, Heartbeat};
use crate::http::Settings;
use crate::mail::mailer::Mailer;

/// A task that keeps time must move within this.
const SCHEDULE_LIMIT: Duration = Duration::from_mins(2);

/// A sweeper must move within this: its renders beat, and what it does between them is short.
const SWEEPER_LIMIT: Duration = Duration::from_mins(5);

/// The mailroom must move within this: one letter takes at most five minutes.
const MAILROOM_LIMIT: Duration = Duration::from_mins(10);

/// A heart must move within this: one heartbeat with its repeats takes at most 40 seconds.
const HEART_LIMIT: Duration = Duration::from_mins(2);

/// Where one instance is looked after.
#[derive(Debug)]
pub(super) struct Desk {
    /// Ends its tasks; the sweeper finishes the sweep that runs.
    leave: CancellationToken,
    /// There is one of it for each instance, also across configurations.
    turn: Turn,
}

/// What was made ready for a configuration.
struct Prepared {
    mailer: Option<Mailer>,
    instances: Vec<Newcomer>,
}

/// An instance whose tasks are about to begin.
struct Newcomer {
    sweeper: Sweeper,
    heartbeat: Option<Heartbeat>,
    snapshot: Arc<InstanceSnapshot>,
}

impl Daemon {
    /// Does what `config` asks for from now on; on an error everything goes on as before.
    pub(super) async fn apply(&mut self, mut config: Config) -> anyhow::Result<()> {
        let (listen, path) = (config.http.listen, config.storage.path.clone());
        self.keep_what_needs_a_restart(&mut config);
        let changed = self.changed(&config);
        let prepared = self.prepare(&config, &changed).await?;
        self.dismiss(&config, &changed);
        self.settings.send_replace(Settings::of(&config));
        let fresh: Vec<_> = prepared.instances.iter().map(|newcomer| Arc::clone(&newcomer.snapshot)).collect();
        self.show(&config, &fresh);
        self.keep_house(&config, prepared.mailer);
        for newcomer in prepared.instances {
            self.look_after(newcomer);
        }
        if config.http.listen != listen {
            tracing::warn!("http.listen is taken up at the next start only");
        }
        if config.storage.path != path {
            tracing::warn!("storage.path is taken up at the next start only");
        }
        self.config = Some(config);
        Ok(())
    }

    fn keep_what_needs_a_restart(&self, config: &mut Config) {
        config.http.listen = self.http.listen;
        if let Some(old) = &self.config {
            config.storage.path.clone_from(&old.storage.path);
        }
    }

    /// The instances whose tasks have to begin anew.
    fn changed(&self, config: &Config) -> BTreeSet<InstanceName> {
        let same = |instance: &&Instance| {
            self.config.as_ref().is_some_and(|old| {
                old.alerts == config.alerts
                    && old.instances.contains(instance)
                    && LetterHead::of(old, instance) == LetterHead::of(config, instance)
            })
        };
        config.instances.iter().filter(|instance| !same(instance)).map(|instance| instance.name.clone()).collect()
    }

    async fn prepare(&self, config: &Config, changed: &BTreeSet<InstanceName>) -> anyhow::Result<Prepared> {
        let shared = &self.shared;
        let mailer = config.email.as_ref();
        let mailer = mailer.map(|email| Mailer::new(email, shared.clock.clone(), shared.mail_metrics.clone()));
        let mut instances = Vec::new();
        for instance in config.instances.iter().filter(|instance| changed.contains(&instance.name)) {
            let sweeper = shared.sweeper(config, instance)?;
            shared.store.know_instance(&instance.name, &instance.url, config.alerts.policy.stale_after).await?;
            let heartbeat = Heartbeat::of(instance, shared.clock.clone(), &shared.heartbeat_metrics)?;
            let snapshot = Arc::new(shared.store.snapshot(&instance.name).await?);
            instances.push(Newcomer { sweeper, heartbeat, snapshot });
        }
        Ok(Prepared { mailer: mailer.transpose()?, instances })
    }

    /// Ends the tasks of instances that are gone or changed, of the mailroom and the housekeeping.
    fn dismiss(&mut self, config: &Config, changed: &BTreeSet<InstanceName>) {
        for (name, desk) in &self.desks {
            let gone = config.instances.iter().all(|instance| instance.name != *name);
            if gone {
                self.shared.heartbeat_metrics.forget(name);
            }
            if gone || changed.contains(name) {
                desk.leave.cancel();
            }
        }
        self.house.cancel();
        self.house = self.shared.stop.child_token();
    }

    /// Shows the configured instances and no others, in their order.
    fn show(&self, config: &Config, fresh: &[Arc<InstanceSnapshot>]) {
        self.shared.snapshots.send_modify(|shown| {
            let known =
                |name: &InstanceName| fresh.iter().chain(shown.iter()).find(|known| known.name == *name).cloned();
            *shown = config.instances.iter().filter_map(|instance| known(&instance.name)).collect();
        });
    }

    fn keep_house(&mut self, config: &Config, mailer: Option<Mailer>) {
        let leave = self.house.clone();
        let (store, clock) = (self.shared.store.clone(), self.shared.clock.clone());
        let storage = config.storage.clone();
        let keeping = housekeeping::keep_house(store.clone(), storage, clock.clone(), leave.clone());
        self.spawn(Task::new("housekeeping", &leave), keeping);
        if let Some(mailer) = mailer {
            let pulse = self.shared.pulses.add("the mailroom", MAILROOM_LIMIT, clock.elapsed());
            let mailroom = Mailroom::new(mailer, store, clock, pulse);
            let working = mailroom.work(Arc::clone(&self.shared.wake), leave.clone());
            self.spawn(Task::new("the mailroom", &leave), working);
        }
    }

    /// Starts the tasks of an instance.
    fn look_after(&mut self, newcomer: Newcomer) {
        let Newcomer { sweeper, heartbeat, snapshot } = newcomer;
        let shared = &self.shared;
        let name = sweeper.instance.name.clone();
        let timekeeper = shared.timekeeper(&sweeper);
        let latest = snapshot.last_sweep.as_ref().map(|sweep| sweep.started_at);
        let leave = shared.stop.child_token();
        let desk = Desk { leave: leave.clone(), turn: self.turn_of(&name) };
        // The sweep that runs is the one that was due.
        let idle = desk.turn.available_permits() > 0;
        let Instance { schedule, maintenance, .. } = &*sweeper.instance;
        let missed = idle && schedule::missed(schedule, maintenance, latest, shared.clock.now());
        sweeper.live.set_kept_since(shared.clock.now());
        let (snapshots, wake) = (shared.snapshots.clone(), Arc::clone(&shared.wake));
        let (beats, latest_beat) = watch::channel(None);
        let (ticker, post) = duty::of(sweeper, Arc::clone(&desk.turn), snapshots, wake, beats);
        let ticking = ticker.tick_on_time(timekeeper, missed, leave.clone());
        let sweeping = post.sweep_on_order(leave.clone(), shared.stop.clone());
        let beating = shared.heart(&name, heartbeat, latest_beat);
        let beating = beating.map(|heart| heart.work(leave.clone(), shared.stop.clone()));
        shared.sweep_metrics.begin(&name);
        self.spawn(Task::new(format!("the schedule of {name}"), &leave), ticking);
        self.spawn(Task::new(format!("the sweeper of {name}"), &leave).that_sweeps(&name), sweeping);
        if let Some(beating) = beating {
            self.spawn(Task::new(format!("the heart of {name}"), &leave), beating);
        }
        self.desks.insert(name, desk);
    }

    /// A sweeper of this instance has left. Where the instance is gone, its series go with the last one, not before: a
    /// sweep that runs still counts. It may be back by then.
    pub(super) fn forget_unless_configured(&self, name: &InstanceName) {
        let configured = |config: &Config| config.instances.iter().any(|instance| instance.name == *name);
        if !self.config.as_ref().is_some_and(configured) {
            self.shared.sweep_metrics.forget(name);
            self.shared.domo_metrics.forget(name);
        }
    }

    /// A sweep that still runs under the configuration before holds the turn.
    fn turn_of(&self, name: &InstanceName) -> Turn {
        self.desks.get(name).map_or_else(|| Arc::new(Semaphore::new(1)), |desk| Arc::clone(&desk.turn))
    }
}

impl Shared {
    fn sweeper(&self, config: &Config, instance: &Instance) -> anyhow::Result<Sweeper> {
        let name = &instance.name;
        Ok(Sweeper {
            instance: Arc::new(instance.clone()),
            alerts: Arc::new(config.alerts.clone()),
            letters: LetterHead::of(config, instance).map(Arc::new),
            domo: Arc::new(Domo::new(instance, self.clock.clone(), &self.domo_metrics, fastrand::u64(..))?),
            store: self.store.clone(),
            clock: self.clock.clone(),
            metrics: self.sweep_metrics.clone(),
            live: self.live.of_instance(name),
            pulse: self.pulses.add(format!("the sweeper of {name}"), SWEEPER_LIMIT, self.clock.elapsed()),
            pid: std::process::id(),
        })
    }

    fn timekeeper(&self, sweeper: &Sweeper) -> Timekeeper {
        let name = format!("the schedule of {}", sweeper.instance.name);
        Timekeeper {
            clockwork: self.clockwork.clone(),
            schedule: sweeper.instance.schedule.clone(),
            maintenance: sweeper.instance.maintenance.clone(),
            clock: self.clock.clone(),
            live: Arc::clone(&sweeper.live),
            pulse: self.pulses.add(name, SCHEDULE_LIMIT, self.clock.elapsed()),
        }
    }

    /// The heart of an instance; one without an address shows no series either.
    fn heart(
        &self,
        name: &InstanceName,
        heartbeat: Option<Heartbeat>,
        beats: watch::Receiver<Option<Beat>>,
    ) -> Option<Heart> {
        let Some(heartbeat) = heartbeat else {
            self.heartbeat_metrics.forget(name);
            return None;
        };
        let pulse = self.pulses.add(format!("the heart of {name}"), HEART_LIMIT, self.clock.elapsed());
        Some(Heart { name: name.clone(), heartbeat, beats, clock: self.clock.clone(), pulse })
    }
}
