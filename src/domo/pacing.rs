//! How fast an instance is asked. Owns the spacing of requests and the slowing down after a 429, which
//! holds for the whole instance; [`Pace`] is the arithmetic, `Pacer` waits by it. How many renders are
//! in flight is not its matter.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::SharedClock;

/// The pause after the first 429 that names no time; it doubles with each further one.
pub const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause that is not the server's wish.
pub const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// The space between requests after the first 429; it doubles with each further one.
pub const FIRST_GAP: Duration = Duration::from_millis(50);

/// The widest space between requests that a 429 brings.
pub const WIDEST_GAP: Duration = Duration::from_secs(2);

/// The space below which it is none.
const NO_GAP: Duration = Duration::from_millis(1);

/// Timers ring late by up to so much on a busy machine. Who was waiting keeps its place, or every space would grow by it.
const LATE: Duration = Duration::from_millis(20);

/// The pace of one instance. All times are [`crate::clock::Clock::elapsed`].
///
/// A 429 holds every request back for a pause; what then follows is spaced, so that those who waited do
/// not all come at once and bring the next 429. Each success makes pause and space smaller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    /// The least space between requests, as configured.
    least: Duration,
    /// The space between requests now.
    gap: Duration,
    /// Somebody else says how wide the space is, so that a 429 brings a pause alone.
    steered: bool,
    /// The place in time of the latest request.
    place: Option<Duration>,
    /// Whether the next one is waiting for its place.
    awaited: bool,
    /// No request goes before this.
    held: Duration,
    /// The latest pause; zero when nothing is amiss.
    pause: Duration,
    /// How often it slowed down.
    slowdowns: u64,
}

/// Whether a request may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It may, and its place is taken.
    Go(Pass),
    /// Not before so long: ask again then.
    Wait(Duration),
}

/// What a request was let through with: it tells whether the pace has slowed down since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass(u64);

/// What a 429 did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slowed {
    /// All was well before: requests wait for so long.
    Began(Duration),
    /// It was slow already: requests wait for so long.
    Further(Duration),
    /// The request was on its way when the pace was slowed down, so that it says nothing new.
    Known,
}

impl Pace {
    /// A pace of at most so many requests a second; `None` = as many as come.
    pub fn new(requests_per_second: Option<f64>) -> Self {
        let gap = requests_per_second.and_then(|rate| Duration::try_from_secs_f64(rate.recip()).ok());
        let least = gap.unwrap_or_default();
        let (held, pause) = (Duration::ZERO, Duration::ZERO);
        Self { least, gap: least, steered: false, place: None, awaited: false, held, pause, slowdowns: 0 }
    }

    /// The same, but the space after a pause is the one of [`Pace::space`].
    pub fn steered(requests_per_second: Option<f64>) -> Self {
        Self { steered: true, ..Self::new(requests_per_second) }
    }

    /// Spaces requests like this from now on, though never closer than configured.
    pub fn space(&mut self, gap: Duration) {
        self.gap = gap.max(self.least);
    }

    /// Asks to send a request at `now`.
    pub fn admit(&mut self, now: Duration) -> Admission {
        let next = self.place.map_or(self.held, |place| self.held.max(place + self.gap));
        let wait = next.saturating_sub(now);
        if !wait.is_zero() {
            self.awaited = true;
            return Admission::Wait(wait);
        }
        let awaited = std::mem::take(&mut self.awaited);
        self.place = Some(if awaited && now <= next + LATE { next } else { now });
        Admission::Go(Pass(self.slowdowns))
    }

    /// A request that went with `pass` was answered with a 429 at `now`.
    pub fn slow_down(&mut self, now: Duration, pass: Pass, retry_after: Option<Duration>) -> Slowed {
        if pass.0 < self.slowdowns {
            self.hold(now, retry_after.unwrap_or_default());
            return Slowed::Known;
        }
        let calm = self.is_calm();
        self.pause = (self.pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
        if !self.steered {
            self.gap = (self.gap * 2).clamp(FIRST_GAP, WIDEST_GAP).max(self.least);
        }
        self.slowdowns += 1;
        let wait = retry_after.unwrap_or(self.pause);
        self.hold(now, wait);
        if calm { Slowed::Began(wait) } else { Slowed::Further(wait) }
    }

    fn hold(&mut self, now: Duration, wait: Duration) {
        self.held = self.held.max(now + wait);
    }

    /// A request was answered as usual. `true` when with it all is well again.
    pub fn ease(&mut self) -> bool {
        if self.is_calm() {
            return false;
        }
        self.pause /= 2;
        if self.pause < FIRST_PAUSE {
            self.pause = Duration::ZERO;
        }
        if !self.steered {
            let narrower = self.gap.saturating_sub(self.gap / 32);
            self.gap = if narrower < NO_GAP { self.least } else { narrower.max(self.least) };
        }
        self.is_calm()
    }

    fn is_calm(&self) -> bool {
        self.pause.is_zero() && (self.steered || self.gap == self.least)
    }
}

/// Lets the requests of one instance through, in the order in which they came.
#[derive(Debug)]
pub(super) struct Pacer {
    pace: Mutex<Pace>,
    turn: tokio::sync::Mutex<()>,
    clock: SharedClock,
}

impl Pacer {
    /// Lets requests through at this pace.
    pub(super) fn new(pace: Pace, clock: SharedClock) -> Self {
        Self { pace: Mutex::new(pace), turn: tokio::sync::Mutex::default(), clock }
    }

    /// Waits until a request may be sent.
    pub(super) async fn admit(&self) -> Pass {
        // Only who is first in the line waits for the time; a 429 meanwhile makes it wait longer.
        let _turn = self.turn.lock().await;
        loop {
            let admission = self.pace().admit(self.clock.elapsed());
            match admission {
                Admission::Go(pass) => return pass,
                Admission::Wait(wait) => self.clock.sleep(wait).await,
            }
        }
    }

    /// See [`Pace::slow_down`].
    pub(super) fn slow_down(&self, pass: Pass, retry_after: Option<Duration>) -> Slowed {
        self.pace().slow_down(self.clock.elapsed(), pass, retry_after)
    }

    /// See [`Pace::space`].
    pub(super) fn space(&self, gap: Duration) {
        self.pace().space(gap);
    }

    /// See [`Pace::ease`].
    pub(super) fn ease(&self) -> bool {
        self.pace().ease()
    }

    fn pace(&self) -> std::sync::MutexGuard<'_, Pace> {
        // Each change of the pace is whole, so that a panic elsewhere leaves it usable.
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
