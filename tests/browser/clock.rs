//! A clock that runs as the machine's does, but shows another day. Owns how far back it is set; it is what a past of
//! weeks is lived on in seconds.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use cardwatch::clock::{Clock, Sleep};
use cardwatch::daemon::clock::SystemClock;
use cardwatch::domain::Timestamp;
use chrono::TimeDelta;

#[derive(Debug)]
pub(crate) struct PastClock {
    real: SystemClock,
    /// In milliseconds.
    back: AtomicI64,
}

impl PastClock {
    pub(crate) fn start() -> Arc<Self> {
        Arc::new(Self { real: SystemClock::start(), back: AtomicI64::new(0) })
    }

    /// Shows this long ago from now on.
    pub(crate) fn set_back(&self, by: TimeDelta) {
        self.back.store(by.num_milliseconds(), Ordering::Relaxed);
    }
}

impl Clock for PastClock {
    fn now(&self) -> Timestamp {
        self.real.now() - TimeDelta::milliseconds(self.back.load(Ordering::Relaxed))
    }

    fn elapsed(&self) -> Duration {
        self.real.elapsed()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        self.real.sleep(duration)
    }
}
