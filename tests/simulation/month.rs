//! One month from one seed: what happens between two sweeps, the sweep itself, alive or killed, and the checks
//! after it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cardwatch::config::valid::Alerts;
use cardwatch::domain::alerts::Policy;
use chrono::{DateTime, TimeDelta, TimeZone as _, Utc};
use fastrand::Rng;
use sqlx::SqliteConnection;

use crate::checks;
use crate::clock::SimClock;
use crate::model::{Met, Model, Nightly};
use crate::process::{Plan, Process};
use crate::world::{Weather, World};

/// Two sweeps a day, one of them in the hour that summer time skips and repeats.
const SWEEPS: u32 = 62;

/// What a month was made of.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Lived {
    pub(crate) sweeps: usize,
    pub(crate) kills: usize,
    pub(crate) mails: usize,
    /// Mails that came again, under the Message-ID that they had.
    pub(crate) repeats: usize,
}

/// Runs the month of a seed; `loud` tells on stderr what happens.
pub(crate) fn run(seed: u64, loud: bool) -> Lived {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    // Sockets are asked after every task, so that quiet is quiet.
    let runtime = builder.enable_all().event_interval(1).build().unwrap();
    let shm = std::path::Path::new("/dev/shm");
    let folder = if shm.is_dir() { tempfile::tempdir_in(shm) } else { tempfile::tempdir() }.unwrap();
    let database = folder.path().join("cardwatch.db");
    let month = || runtime.block_on(async { Month::begin(seed, loud, database.clone()).await.live().await });
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(month)).unwrap_or_else(|panic| {
        let kept = folder.keep();
        eprintln!("seed {seed} failed; replay it with SIMULATION_SEED={seed}; its database is in {}", kept.display());
        std::panic::resume_unwind(panic);
    })
}

struct Month {
    rng: Rng,
    loud: bool,
    seed: u64,
    database: PathBuf,
    clock: Arc<SimClock>,
    world: World,
    model: Model,
    plan: Plan,
    process: Option<Process>,
    /// The latest sweep that the model knows of.
    known_sweep: i64,
    lived: Lived,
}

fn some_alerts(rng: &mut Rng) -> Alerts {
    Alerts {
        confirm_delay: Duration::from_secs(30),
        confirmations: rng.u32(0..3),
        policy: Policy {
            recoveries: rng.u8(..4) > 0,
            remind_every: (rng.u8(..3) > 0).then_some(Duration::from_hours(20)),
            report_first_seen: rng.u8(..4) > 0,
            stale_after: Duration::from_hours(20),
            flap_transitions: rng.usize(3..5),
            flap_window: Duration::from_hours(40),
            blind_after: rng.u32(1..4),
        },
        owners: None,
    }
}

/// Most months know no maintenance; in the others it takes in the sweep of the night, on each day or once a week.
fn some_window(rng: &mut Rng) -> Option<Nightly> {
    match rng.u8(..5) {
        0 => Some(Nightly { hour: 1, saturdays: false, hours: rng.i64(1..5) }),
        1 => Some(Nightly { hour: 22, saturdays: true, hours: rng.i64(3..30) }),
        _ => None,
    }
}

/// In a month with a change to or from summer time, or in none.
fn some_start(rng: &mut Rng) -> DateTime<Utc> {
    let month = rng.choice([3, 7, 10]).unwrap();
    Utc.with_ymd_and_hms(2026, month, rng.u32(1..20), 12, 0, 0).unwrap()
}

impl Month {
    async fn begin(seed: u64, loud: bool, database: PathBuf) -> Self {
        let mut rng = Rng::with_seed(seed);
        let clock = SimClock::starting_at(some_start(&mut rng));
        let plan = Plan { alerts: some_alerts(&mut rng), window: some_window(&mut rng) };
        let world = World::new(&mut rng).await;
        let process = Process::start(&database, &world, &clock, &plan, seed).await;
        let model = Model::with_window(plan.window);
        Self {
            rng,
            loud,
            seed,
            database,
            clock,
            world,
            model,
            plan,
            process: Some(process),
            known_sweep: 0,
            lived: Lived::default(),
        }
    }

    async fn live(mut self) -> Lived {
        for sweep in 0..SWEEPS {
            self.between_sweeps(sweep).await;
            self.sweep().await;
        }
        self.end_well().await;
        self.lived
    }

    fn say(&self, what: impl AsRef<str>) {
        if self.loud {
            eprintln!("{} {}", self.clock.wall().format("%d.%m. %H:%M:%S"), what.as_ref());
        }
    }

    fn process(&self) -> &Process {
        self.process.as_ref().unwrap()
    }

    /// Runs something of the process while time passes whenever nothing else can happen.
    async fn while_time_passes<T>(&self, patience: Duration, work: impl Future<Output = T>) -> T {
        let store = self.process().store.clone();
        tokio::select! {
            biased;
            done = work => done,
            () = self.clock.pass(patience, || store.is_idle()) => unreachable!("time never ends"),
        }
    }

    async fn mail(&self) {
        self.while_time_passes(Duration::from_millis(20), self.process().mail()).await;
    }

    async fn tick(&self) {
        self.while_time_passes(Duration::ZERO, self.process().sweep()).await;
        self.mail().await;
    }

    async fn between_sweeps(&mut self, sweep: u32) {
        // What happens does not depend on how long anything took before.
        self.rng = Rng::with_seed(self.seed * 1_000 + u64::from(sweep));
        let due = self.plan.next_sweep(self.clock.wall());
        // The mailroom looks every now and then.
        while due - self.clock.wall() > TimeDelta::hours(3) {
            self.clock.advance(Duration::from_hours(2));
            if self.rng.u8(..3) == 0 {
                let fault = self.world.set_mail(&mut self.rng);
                self.say(format!("mail server: {fault:?}"));
            }
            self.mail().await;
        }
        self.clock.advance_to(due);
        if sweep > 0 {
            for _ in 0..self.rng.usize(..4) {
                let event = self.world.event(&mut self.rng);
                self.say(event);
            }
            self.world.flap(&mut self.rng);
            self.set_aside().await;
        }
        let weather = match self.rng.u8(..12) {
            0 => Weather::Foul,
            1 => Weather::LockedOut,
            _ => Weather::Fine,
        };
        self.world.set_weather(weather, &mut self.rng);
        if self.rng.u8(..25) == 0 {
            let hours = self.rng.i64(-3..4);
            self.clock.jump(TimeDelta::hours(hours));
            self.say(format!("the wall clock jumps by {hours} hours"));
        }
        if self.rng.u8(..15) == 0 {
            self.plan.alerts = some_alerts(&mut self.rng);
            self.say(format!("reloaded: {:?}", self.plan.alerts));
            self.restart().await;
        }
    }

    /// Now and then somebody mutes a card, or thinks better of it.
    async fn set_aside(&mut self) {
        let now = self.clock.wall();
        let Some(card) = self.rng.choice(self.model.present()) else { return };
        match self.rng.u8(..6) {
            0 | 1 => {
                let until = self.rng.bool().then(|| now + TimeDelta::hours(self.rng.i64(1..100)));
                let muted = self.process().mute(card, until, now).await;
                self.say(format!("mute {card} until {until:?}: {muted}"));
                assert_eq!(muted, self.model.mute(card, until), "muting card {card} (left: the store)");
            }
            2 => {
                let unmuted = self.process().unmute(card, now).await;
                self.say(format!("unmute {card}: {unmuted}"));
                assert_eq!(unmuted, self.model.unmute(card, now), "unmuting card {card} (left: the store)");
            }
            _ => {}
        }
    }

    async fn sweep(&mut self) {
        self.say(format!("a sweep; weather {:?}", self.world.weather));
        if self.rng.u8(..5) == 0 {
            self.clock.kill_after(self.rng.u64(..400));
        }
        let clock = Arc::clone(&self.clock);
        let killed = tokio::select! {
            biased;
            () = clock.kill.notified() => true,
            () = self.tick() => false,
        };
        self.clock.spare();
        self.lived.sweeps += 1;
        if killed {
            self.lived.kills += 1;
            self.say("killed");
            self.restart().await;
            self.mail().await;
        }
        let mut database = checks::look(&self.database).await;
        self.tell_the_model(&mut database).await;
        self.check(&mut database).await;
        self.world.settle(&mut self.rng);
    }

    /// What was committed is known from the database; what it must hold then, from the model.
    async fn tell_the_model(&mut self, database: &mut SqliteConnection) {
        let (id, outcome, trouble, ended) = checks::latest_sweep(database).await;
        if id == self.known_sweep {
            return;
        }
        self.known_sweep = id;
        self.say(format!("sweep {id} {outcome}: {trouble}"));
        match outcome.as_str() {
            "completed" | "partial" => {
                assert_eq!(self.world.weather, Weather::Fine, "a sweep that could list although Domo lists nothing");
                let met = Met {
                    listings: self.world.listings(),
                    health: &|card| self.world.health(card),
                    confirmations: self.plan.alerts.confirmations,
                    ended,
                };
                self.model.swept(&met, &self.plan.alerts.policy);
            }
            "failed" => {
                let nothing_listed = self.world.listings().values().all(Option::is_none);
                assert!(
                    self.world.weather != Weather::Fine || nothing_listed,
                    "a sweep failed in fine weather: {trouble}"
                );
                self.model.failed(&self.plan.alerts.policy, ended);
            }
            "interrupted" => {}
            other => panic!("a sweep ended as {other}"),
        }
    }

    async fn check(&self, database: &mut SqliteConnection) {
        checks::states_equal_the_models(database, &self.model, &self.world).await;
        checks::composed_mails_equal_the_models(database, &self.model).await;
        let now = self.clock.wall();
        checks::gauges_equal_the_models(&self.process().store, &self.model, &self.plan.alerts.policy, now).await;
        checks::incidents_hold_the_broken_cards(database).await;
        checks::the_database_is_whole(database).await;
    }

    /// Starts anew on the same file.
    async fn restart(&mut self) {
        if let Some(process) = self.process.take() {
            process.store.close().await;
        }
        let process = Process::start(&self.database, &self.world, &self.clock, &self.plan, self.seed).await;
        self.process = Some(process);
    }

    /// The mail server is well at last: nothing may be missing.
    async fn end_well(&mut self) {
        self.world.smtp.set_fault(fake_smtp::Fault::None);
        for _ in 0..30 {
            self.clock.advance(Duration::from_hours(1));
            self.mail().await;
        }
        let mut database = checks::look(&self.database).await;
        let repeats = checks::delivered_mails_equal_the_composed(&mut database, &self.world.smtp).await;
        (self.lived.mails, self.lived.repeats) = (self.model.mails.len(), repeats);
        self.say(format!("{:?}", self.lived));
    }
}
