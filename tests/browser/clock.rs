//! A clock that runs as the machine's does, but shows another day. Owns how far back it is set; it is what a past of
//! weeks is lived on in seconds.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use cardwatch::clock::{Clock, Sleep};
use cardwatch::daemon::clock::SystemClock;
use cardwatch::domain::Timestamp;
use chrono::TimeDelta;

/// So long a card that newly fails is given, as configured: long enough to be told in a mail. In the past nobody waits
/// for it, nor for anything else of just that length.
pub(crate) const CONFIRM_DELAY: Duration = Duration::from_secs(45);

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
        self.real.sleep(if duration == CONFIRM_DELAY { Duration::ZERO } else { duration })
    }
}
