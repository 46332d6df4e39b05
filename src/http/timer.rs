//! The clock as hyper wants it. Owns the translation alone: hyper reckons in instants, the clock in lengths of
//! time.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};

use crate::clock::{self, SharedClock};

/// Gives hyper the time of a clock.
#[derive(Debug, Clone)]
pub(super) struct ClockTimer {
    clock: SharedClock,
    /// What stands for the clock's zero.
    zero: Instant,
}

impl ClockTimer {
    #[expect(clippy::disallowed_methods, reason = "any instant will do: only its distance to others counts")]
    pub(super) fn new(clock: SharedClock) -> Self {
        Self { clock, zero: Instant::now() }
    }
}

impl Timer for ClockTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        Box::pin(Nap(Mutex::new(self.clock.sleep(duration))))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        self.sleep(deadline.saturating_duration_since(self.now()))
    }

    fn now(&self) -> Instant {
        self.zero + self.clock.elapsed()
    }
}

/// A pause of the clock's. hyper wants to share it between threads, which only the lock makes it fit for; since
/// it is polled through the one owner, nobody ever waits for the lock.
struct Nap(Mutex<clock::Sleep>);

impl Future for Nap {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).as_mut().poll(cx)
    }
}

impl Sleep for Nap {}
