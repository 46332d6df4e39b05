//! Time that passes quicker than it does. Owns a clock for tests of a whole daemon, whose waits would take minutes.

use std::time::{Duration, Instant};

use cardwatch::clock::{Clock, Sleep};
use cardwatch::domain::Timestamp;

/// A clock on which a minute is over in a second; the wall shows the machine's time.
#[derive(Debug)]
pub(crate) struct Quick {
    began: Instant,
}

const TIMES: u32 = 60;

impl Quick {
    #[expect(clippy::disallowed_methods, reason = "it is the machine's clock, only quicker")]
    pub(crate) fn start() -> Self {
        Self { began: Instant::now() }
    }
}

impl Clock for Quick {
    #[expect(clippy::disallowed_methods, reason = "it is the machine's clock, only quicker")]
    fn now(&self) -> Timestamp {
        chrono::Utc::now()
    }

    fn elapsed(&self) -> Duration {
        self.began.elapsed() * TIMES
    }

    #[expect(clippy::disallowed_methods, reason = "it is the machine's clock, only quicker")]
    fn sleep(&self, duration: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(duration / TIMES))
    }
}
