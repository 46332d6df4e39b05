//! Time that a test moves by hand, while it sees who waits for it. Owns a clock whose wall may jump without
//! any time passing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cardwatch::clock::{Clock, Sleep};
use chrono::{DateTime, TimeDelta, TimeZone as _, Utc};
use tokio::sync::watch;

/// Nothing here takes as long; what does has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// A clock that stands still until the test moves it.
#[derive(Debug)]
pub(crate) struct Steps(Arc<watch::Sender<Time>>);

#[derive(Debug)]
struct Time {
    wall: DateTime<Utc>,
    elapsed: Duration,
    /// Until when somebody waits.
    waiting: BTreeMap<u64, Duration>,
    waited: u64,
}

impl Steps {
    pub(crate) fn new() -> Arc<Self> {
        let wall = Utc.with_ymd_and_hms(2026, 11, 2, 8, 0, 0).unwrap();
        let time = Time { wall, elapsed: Duration::ZERO, waiting: BTreeMap::new(), waited: 0 };
        Arc::new(Self(Arc::new(watch::Sender::new(time))))
    }

    /// Lets time pass.
    pub(crate) fn advance(&self, by: Duration) {
        self.0.send_modify(|time| {
            time.elapsed += by;
            time.wall += by;
        });
    }

    /// Sets the wall clock forward or back, while no time passes.
    pub(crate) fn jump(&self, by: TimeDelta) {
        self.0.send_modify(|time| time.wall += by);
    }

    /// Waits until as many wait as told, each for a time to come; returns when the first is due, from now.
    pub(crate) async fn when_waiting(&self, waiters: usize) -> Duration {
        self.when(|time| time.waiting.len() == waiters).await
    }

    /// Waits until just one waits, and no longer than a minute: whoever has work to do waits for more.
    pub(crate) async fn when_idle(&self) -> Duration {
        self.when(|time| time.waiting.len() == 1 && time.left().all(|left| left <= Duration::from_mins(1))).await
    }

    /// Lets time pass as it would, from one look of the only waiter to its next.
    pub(crate) async fn pass(&self, mut time: Duration) {
        while !time.is_zero() {
            let step = self.when_idle().await.min(time);
            self.advance(step);
            time -= step;
        }
        self.when_idle().await;
    }

    #[expect(clippy::disallowed_methods, reason = "a test that gets stuck must fail")]
    async fn when(&self, holds: impl Fn(&Time) -> bool) -> Duration {
        let mut watching = self.0.subscribe();
        let waiting = watching.wait_for(|time| time.left().all(|left| !left.is_zero()) && holds(time));
        let Ok(time) = tokio::time::timeout(PATIENCE, waiting).await else {
            panic!("it never came to that: {:?}", self.0.borrow().waiting);
        };
        time.unwrap().left().min().unwrap_or_default()
    }
}

impl Time {
    /// How long each waiter has still to wait.
    fn left(&self) -> impl Iterator<Item = Duration> {
        self.waiting.values().map(|until| until.saturating_sub(self.elapsed))
    }
}

impl Clock for Steps {
    fn now(&self) -> DateTime<Utc> {
        self.0.borrow().wall
    }

    fn elapsed(&self) -> Duration {
        self.0.borrow().elapsed
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        let mut waiter = Waiter { time: Arc::clone(&self.0), id: 0, until: Duration::ZERO };
        self.0.send_modify(|time| {
            time.waited += 1;
            (waiter.id, waiter.until) = (time.waited, time.elapsed + duration);
            time.waiting.insert(waiter.id, waiter.until);
        });
        Box::pin(async move {
            // The sender lives as long as the waiter.
            let _ = waiter.time.subscribe().wait_for(|time| time.elapsed >= waiter.until).await;
        })
    }
}

/// Somebody who waits, until it is dropped.
struct Waiter {
    time: Arc<watch::Sender<Time>>,
    id: u64,
    until: Duration,
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.time.send_modify(|time| {
            time.waiting.remove(&self.id);
        });
    }
}
