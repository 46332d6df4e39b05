//! Time that stands still until nothing moves. Owns the sleepers and the decision that all is quiet: when,
//! however often every task is polled, nobody asks the clock for anything and the database is idle.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cardwatch::clock::{Clock, Sleep};
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Notify, oneshot};

#[derive(Debug)]
pub(crate) struct SimClock {
    state: Mutex<State>,
    /// Grows with each question that the clock is asked: a sign that something moves.
    steps: AtomicU64,
    kill_at: AtomicU64,
    pub(crate) kill: Notify,
}

#[derive(Debug)]
struct State {
    /// What the wall shows at elapsed zero; a jump of the wall clock moves it.
    epoch: DateTime<Utc>,
    elapsed: Duration,
    sleepers: BTreeMap<(Duration, u64), oneshot::Sender<()>>,
    next: u64,
}

impl SimClock {
    pub(crate) fn starting_at(epoch: DateTime<Utc>) -> Arc<Self> {
        let state = State { epoch, elapsed: Duration::ZERO, sleepers: BTreeMap::new(), next: 0 };
        Arc::new(Self {
            state: Mutex::new(state),
            steps: AtomicU64::new(0),
            kill_at: AtomicU64::new(u64::MAX),
            kill: Notify::new(),
        })
    }

    /// The process is killed when the clock was asked so often from now on.
    pub(crate) fn kill_after(&self, steps: u64) {
        self.kill_at.store(self.steps.load(Ordering::Relaxed) + steps, Ordering::Relaxed);
    }

    pub(crate) fn spare(&self) {
        self.kill_at.store(u64::MAX, Ordering::Relaxed);
    }

    /// Moves on; sleepers whose time has come wake.
    pub(crate) fn advance(&self, by: Duration) {
        let mut state = self.state.lock().unwrap();
        state.elapsed += by;
        let elapsed = state.elapsed;
        while let Some(first) = state.sleepers.first_entry() {
            if first.key().0 > elapsed {
                break;
            }
            // Whoever slept may have gone away.
            let _ = first.remove().send(());
        }
    }

    /// Moves on until the wall shows this.
    pub(crate) fn advance_to(&self, wall: DateTime<Utc>) {
        self.advance((wall - self.wall()).to_std().unwrap_or_default());
    }

    /// The wall clock is set forward or back; nobody's sleep is shorter or longer for it.
    pub(crate) fn jump(&self, by: TimeDelta) {
        self.state.lock().unwrap().epoch += by;
    }

    pub(crate) fn wall(&self) -> DateTime<Utc> {
        let state = self.state.lock().unwrap();
        state.epoch + state.elapsed
    }

    /// Moves on to the first sleeper.
    fn advance_to_next(&self) {
        let until = self.state.lock().unwrap().sleepers.first_key_value().map(|(key, _)| key.0);
        if let Some(until) = until {
            let elapsed = self.state.lock().unwrap().elapsed;
            self.advance(until.saturating_sub(elapsed));
        }
    }

    fn step(&self) {
        let step = self.steps.fetch_add(1, Ordering::Relaxed);
        if step >= self.kill_at.load(Ordering::Relaxed) {
            self.kill.notify_one();
        }
    }

    /// Lets time pass, for ever, whenever nothing else can happen. Nothing moves either while a kernel holds the end
    /// of a mail back until the packet before is acknowledged, at once on Linux if the machine is not busy:
    /// `patience` is real time that has to pass without a step.
    #[expect(clippy::disallowed_methods, reason = "sockets are real")]
    pub(crate) async fn pass(&self, patience: Duration, is_idle: impl Fn() -> bool) {
        let (mut calm, mut seen) = (0, 0);
        loop {
            tokio::task::yield_now().await;
            let steps = self.steps.load(Ordering::Relaxed);
            if steps != seen || !is_idle() {
                (calm, seen) = (0, steps);
                std::thread::yield_now();
                continue;
            }
            calm += 1;
            if calm >= CALM {
                let began = std::time::Instant::now();
                while began.elapsed() < patience && self.steps.load(Ordering::Relaxed) == steps {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                if self.steps.load(Ordering::Relaxed) == steps {
                    self.advance_to_next();
                }
                calm = 0;
            }
        }
    }
}

/// So many rounds over every task, each of which also asks the sockets, have to pass without a step.
const CALM: u32 = 60;

impl Clock for SimClock {
    fn now(&self) -> DateTime<Utc> {
        self.step();
        self.wall()
    }

    fn elapsed(&self) -> Duration {
        self.step();
        self.state.lock().unwrap().elapsed
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        self.step();
        let (wake, woken) = oneshot::channel();
        let mut state = self.state.lock().unwrap();
        let key = (state.elapsed.saturating_add(duration), state.next);
        state.next += 1;
        state.sleepers.insert(key, wake);
        Box::pin(async move {
            // The sender lives until the time has come.
            let _ = woken.await;
        })
    }
}
