//! The rate that a server bears which counts requests by time. Owns the search for it: between a rate that held and
//! one that was refused it halves the distance. When it is searched for, and when there is a limit by time at all, is
//! decided in [`window`](super::window).

use std::time::Duration;

/// Two rates no further apart than this are one.
const NEAR: f64 = 1.04;

/// A rate holds when so many requests went at it …
const PROOF_REQUESTS: u32 = 16;

/// … for so long: a server that saves up what was not used bears more for a while.
const PROOF_TIME: f64 = 2.0;

/// Where nothing is known to be refused the search goes up sooner, after so many requests and so many seconds.
const STEP_REQUESTS: u32 = 8;

/// See [`STEP_REQUESTS`].
const STEP_TIME: f64 = 1.0;

/// A try that fails is over with one refusal; but one in so many searches anew, lest what was found be too little.
const TRIES_TO_SEARCH: u32 = 4;

/// See [`Home::is_outgrown`].
const OUTGROWN: f64 = 1.25;

/// The largest step up.
const STEEPEST: f64 = 1.5;

/// Slower than this nobody is asked.
const SLOWEST: f64 = 0.2;

/// The search begins no lower.
const FIRST: f64 = 2.0;

/// So often in a row may a rate be refused that held before: then time is not what the server counts.
const MOST_CONTRADICTIONS: u32 = 5;

/// Requests a second, and what is known of the limit.
#[derive(Debug, Clone)]
pub(super) struct Rate {
    now: f64,
    /// It held.
    low: f64,
    /// It was refused.
    high: Option<f64>,
    /// The next step up where nothing is known to be refused.
    step: f64,
    contradictions: u32,
    /// The rate to come back to, while more is tried.
    home: Option<Home>,
    /// How often more was tried after it had been found.
    tries: u32,
    /// What the latest refusal cost, in seconds: the more, the more has to be proved before the next may be risked.
    pause: f64,
    /// Since this rate is asked at, and how many were answered since.
    since: Duration,
    answers: u32,
    /// Since the latest refusal, and how many were answered since.
    refused: Duration,
    accepted: u32,
}

/// The rate that was found, and what was answered since more is tried.
#[derive(Debug, Clone, Copy)]
struct Home {
    rate: f64,
    since: Duration,
    answers: u32,
}

impl Home {
    /// More was answered than a server can have saved up that bears no more than before.
    fn is_outgrown(&self, now: Duration) -> bool {
        let time = now.saturating_sub(self.since).as_secs_f64();
        f64::from(self.answers) > self.rate * time * OUTGROWN
    }
}

impl Rate {
    /// Begins the search at a rate that was measured.
    pub(super) fn new(now: Duration, measured: f64) -> Self {
        let now_rate = measured.max(FIRST);
        Self {
            now: now_rate,
            low: now_rate / 2.0,
            high: None,
            step: STEEPEST,
            contradictions: 0,
            home: None,
            tries: 0,
            pause: 0.0,
            since: now,
            answers: 0,
            refused: now,
            accepted: 0,
        }
    }

    /// Begins the search close above a rate that held.
    pub(super) fn above(now: Duration, held: f64) -> Self {
        let mut rate = Self::new(now, held);
        (rate.low, rate.step) = (rate.now, NEAR);
        rate.set(now, rate.low * NEAR);
        rate
    }

    /// Whether it is no more than this, as far as it is known.
    pub(super) fn is_at_most(&self, rate: f64) -> bool {
        self.low < rate && self.high.is_some_and(|high| high < rate || self.is_settled())
    }

    /// Goes on where it was left, with what held.
    pub(super) fn resume(&mut self, now: Duration) {
        (self.tries, self.refused, self.accepted) = (0, now, 0);
        self.home = None;
        self.high = Some(self.low * NEAR);
        self.set(now, self.low);
    }

    /// The space between requests.
    pub(super) fn gap(&self) -> Duration {
        Duration::from_secs_f64(self.now.recip())
    }

    /// How often more was tried after the rate had been found.
    pub(super) fn tries(&self) -> u32 {
        self.tries
    }

    /// Looks for more again, in steps that begin small, unless the search goes on.
    pub(super) fn try_more(&mut self, now: Duration) {
        if self.is_settled() {
            self.tries += 1;
            let home = Home { rate: self.low, since: now, answers: 0 };
            self.home = (!self.tries.is_multiple_of(TRIES_TO_SEARCH)).then_some(home);
            self.high = None;
            self.step = NEAR;
            self.set(now, self.low * NEAR);
        }
    }

    /// A request was answered.
    pub(super) fn answered(&mut self, now: Duration) {
        self.answers += 1;
        self.accepted += 1;
        if let Some(home) = &mut self.home {
            home.answers += 1;
        }
        let time = now.saturating_sub(self.since).as_secs_f64();
        let (requests, seconds) = match self.high {
            Some(_) => (PROOF_REQUESTS, self.pause.max(PROOF_TIME)),
            None => (STEP_REQUESTS, (self.pause * 0.3).max(STEP_TIME)),
        };
        if self.answers < requests || time < seconds {
            return;
        }
        // Where less is asked than may be, nothing is proved.
        if f64::from(self.answers) < time * self.now * 0.85 {
            self.set(now, self.now);
            return;
        }
        self.low = self.low.max(self.now);
        self.contradictions = 0;
        if let Some(high) = self.high {
            let next = if self.is_settled() { self.low } else { self.between(high) };
            self.set(now, next);
        } else {
            self.set(now, self.now * self.step);
            self.step = (self.step * self.step).min(STEEPEST);
        }
    }

    /// A request at this rate was refused. `false` when it cannot be the rate.
    pub(super) fn refused(&mut self, now: Duration, pause: Duration) -> bool {
        self.pause = pause.as_secs_f64();
        // From one refusal to the next a server that counts by time let through what it bears, or less.
        let time = now.saturating_sub(self.refused).as_secs_f64();
        let borne = if time > 0.0 { f64::from(self.accepted) / time } else { 0.0 };
        (self.refused, self.accepted) = (now, 0);
        if let Some(home) = self.home.take().filter(|home| !home.is_outgrown(now)) {
            (self.low, self.high) = (home.rate, Some(home.rate * NEAR));
            self.set(now, home.rate);
            return true;
        }
        let high = self.now;
        let next = if high <= self.low * 1.001 {
            self.contradictions += 1;
            self.low = (high * 0.7).max(borne.min(high * 0.96)).max(SLOWEST);
            self.low
        } else {
            self.low = self.low.max(borne.min(high));
            if high <= self.low * NEAR { self.low } else { self.between(high) }
        };
        self.high = Some(high);
        self.set(now, next);
        self.contradictions <= MOST_CONTRADICTIONS
    }

    fn is_settled(&self) -> bool {
        self.high.is_some_and(|high| high <= self.low * NEAR)
    }

    /// Nearer to what held: a refusal costs more than a step that is too small.
    fn between(&self, high: f64) -> f64 {
        self.low * (high / self.low).cbrt()
    }

    fn set(&mut self, now: Duration, rate: f64) {
        (self.now, self.since, self.answers) = (rate, now, 0);
    }
}
