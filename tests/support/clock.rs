//! Time as a test wants it. Owns a clock that never waits for real: short pauses are over at once and
//! move it on, long ones last until the test moves it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cardwatch::clock::{Clock, Sleep};
use chrono::{DateTime, TimeZone, Utc};
use tokio::sync::watch;

/// A clock that stands still until somebody sleeps or the test moves it.
#[derive(Debug)]
pub(crate) struct TestClock {
    /// Time since the start.
    elapsed: Arc<watch::Sender<Duration>>,
    /// Pauses from this length on last until the clock is moved: those are timeouts.
    patience: Duration,
    slept: Arc<Mutex<Vec<Duration>>>,
}

impl TestClock {
    /// A clock on which pauses shorter than `patience` are over at once.
    pub(crate) fn new(patience: Duration) -> Arc<Self> {
        Arc::new(Self { elapsed: Arc::new(watch::Sender::new(Duration::ZERO)), patience, slept: Arc::default() })
    }

    /// Moves the clock on, and with it ends what is due.
    pub(crate) fn advance(&self, by: Duration) {
        self.elapsed.send_modify(|elapsed| *elapsed += by);
    }

    /// The pauses that were over at once, in their order.
    pub(crate) fn slept(&self) -> Vec<Duration> {
        self.slept.lock().unwrap().clone()
    }

    /// When the clock began.
    pub(crate) fn start() -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 11, 2, 8, 0, 0).unwrap()
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        Self::start() + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        *self.elapsed.borrow()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        let elapsed = Arc::clone(&self.elapsed);
        let until = self.elapsed() + duration;
        if duration >= self.patience {
            return Box::pin(async move {
                let _ = elapsed.subscribe().wait_for(|now| *now >= until).await;
            });
        }
        let slept = Arc::clone(&self.slept);
        Box::pin(async move {
            slept.lock().unwrap().push(duration);
            // Two who sleep at the same time do not sleep twice as long.
            elapsed.send_modify(|now| *now = (*now).max(until));
            tokio::task::yield_now().await;
        })
    }
}
