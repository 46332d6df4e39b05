//! How many renders may be in flight where nobody has set a number. Owns the rule: the window grows while the answers
//! come as quickly as before and none is refused, and settles close to where that ends. What a queue says is in `queue`,
//! what refusals say in `refusals` and `rate`. It does not own who waits for a place, nor the pause after a 429.

use std::time::Duration;

use super::pacing::Slowed;
use super::queue::Queue;
use super::rate::Rate;
use super::refusals::Refusals;
use super::round::Round;

/// So many to begin with; fewer only where the server refuses more, never because it is slow.
pub const FIRST: u32 = 8;

/// Never more than this.
pub const MOST: usize = 256;

/// The widest space between requests that come back after a pause, where their rate is not known.
const WIDEST_RAMP: Duration = Duration::from_millis(50);

/// The space between the very first requests: nobody knows yet what the server bears.
const FIRST_RAMP: Duration = Duration::from_millis(10);

/// An answer makes that space smaller by this part of it: soon at first, carefully after a refusal.
const FIRST_RAMP_STEPS: u32 = 4;

/// See [`FIRST_RAMP_STEPS`].
const RAMP_STEPS: u32 = 32;

/// A space below this is none.
const NO_RAMP: Duration = Duration::from_micros(500);

/// A number in flight that was lowered can look like a limit by time, and would be held for one for ever. So after so
/// many tries to go beyond the rate it is looked at anew whether there is one: twice as late each time, up to this.
const TRUST: (u32, u32) = (8, 64);

/// After so long without a request things may have changed.
const REST: Duration = Duration::from_secs(5);

/// It is looked at whether a small number in flight is a rate after two tries to go beyond it, then more rarely, but at
/// least after so many.
const TRIES_BETWEEN: u32 = 16;

/// A rate is the better limit where it lets so much more through.
const BETTER: f64 = 1.06;

/// The window of one instance. All times are [`crate::clock::Clock::elapsed`].
#[derive(Debug, Clone)]
pub struct Window {
    size: f64,
    in_flight: u32,
    /// When one ended last.
    latest: Duration,
    /// It doubles from round to round until something speaks against it.
    starting: bool,
    round: Round,
    queue: Queue,
    refusals: Refusals,
    /// The limit by time, where the server has one.
    rate: Option<Rate>,
    /// After so many tries of the rate it is doubted that there is such a limit; meanwhile it is kept.
    trust: u32,
    /// A rate was tried instead of so many others in flight, with which so many answers came in a second.
    tried: Option<(u32, f64)>,
    tries: u32,
    tries_to_doubt: u32,
    doubted: Option<Rate>,
    /// Beside so many a request was refused last.
    refused_beside: u32,
    ramp: Ramp,
}

/// The space between requests that begin after a pause, until the window is full: they come no faster than the answers
/// did before it, and a little faster with each.
#[derive(Debug, Clone)]
struct Ramp {
    gap: Duration,
    /// An answer makes the space smaller by this part of it.
    steps: u32,
    /// Answers in a second while there was no ramp.
    measured: Option<f64>,
    since: Duration,
    answers: u32,
}

/// What a request was sent with.
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    at: Duration,
    others: u32,
}

impl Window {
    /// A window as it is at first.
    pub fn new(now: Duration) -> Self {
        Self {
            size: f64::from(FIRST),
            in_flight: 0,
            latest: now,
            starting: true,
            round: Round::new(now),
            queue: Queue::default(),
            refusals: Refusals::none(now),
            rate: None,
            trust: TRUST.0,
            tried: None,
            tries: 0,
            tries_to_doubt: 2,
            doubted: None,
            refused_beside: 0,
            ramp: Ramp { gap: FIRST_RAMP, steps: FIRST_RAMP_STEPS, measured: None, since: now, answers: 0 },
        }
    }

    /// How many renders may be in flight, 1..=256.
    pub fn size(&self) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number")]
        let size = self.size as usize;
        size.clamp(1, MOST)
    }

    /// The space that requests keep; zero = none.
    pub fn gap(&self) -> Duration {
        self.rate.as_ref().map(Rate::gap).unwrap_or_default().max(self.ramp.gap)
    }

    /// A request goes out.
    pub fn sent(&mut self, now: Duration) -> Sent {
        if self.in_flight == 0 {
            self.refusals.resume(now);
            if now.saturating_sub(self.latest) > REST {
                // What was measured before says nothing of what comes.
                self.round = Round::new(now);
                if self.refusals.were_any() {
                    self.ramp.begin(None);
                }
            }
        }
        let others = self.in_flight;
        self.in_flight += 1;
        Sent { at: now, others }
    }

    /// A request ended in a way that says nothing: nobody answered, or nobody waits for it any more.
    pub fn lost(&mut self, now: Duration, _sent: Sent) {
        self.ended(now);
    }

    fn ended(&mut self, now: Duration) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.latest = now;
    }

    /// A request was answered, and not refused. The time of a `render` tells whether it waited.
    pub fn answered(&mut self, now: Duration, sent: Sent, render: bool) {
        let full = f64::from(self.in_flight) + 1.0 > self.size * 0.9;
        self.ended(now);
        self.ramp.answered(now, full, sent.at >= self.refusals.at(), self.in_flight);
        if let Some(rate) = &mut self.rate {
            rate.answered(now);
        }
        self.conclude();
        if self.refusals.went_well(now) {
            self.try_more(now);
        }
        if render {
            self.rendered(now, sent, full);
        }
    }

    fn try_more(&mut self, now: Duration) {
        match &mut self.rate {
            None if self.refusals.is_trying() => {}
            None if self.doubted.is_some() => self.end_doubt(now),
            None => {
                self.tries += 1;
                match self.refusals.coarse().filter(|_| self.tries >= self.tries_to_doubt) {
                    Some(others) => self.try_rate(now, others),
                    None => self.refusals.try_more(),
                }
            }
            Some(rate) if rate.tries() < self.trust => rate.try_more(now),
            Some(_) => {
                self.trust = (self.trust * 2).min(TRUST.1);
                (self.doubted, self.tried) = (self.rate.take(), None);
                self.stay_below(self.refused_beside);
                self.refusals.doubt();
            }
        }
    }

    /// A small number in flight can be a limit by time that is far from used, since one more would be too many.
    fn try_rate(&mut self, now: Duration, others: u32) {
        self.tries_to_doubt = self.tries + (self.tries * 2).min(TRIES_BETWEEN);
        let throughput = self.refusals.throughput();
        self.tried = Some((others, throughput));
        self.refusals.forget();
        self.rate = Some(Rate::above(now, throughput));
        self.size = self.size.max(self.refusals.before()).max(f64::from(FIRST));
    }

    /// Goes back to the rate, where a number in flight lets no more through.
    fn end_doubt(&mut self, now: Duration) {
        let throughput = self.refusals.throughput();
        self.rate = self.doubted.take().filter(|rate| !rate.is_at_most(throughput));
        if let Some(rate) = &mut self.rate {
            rate.resume(now);
            self.refusals.forget();
            self.size = self.size.max(self.refusals.before()).max(f64::from(FIRST));
        }
    }

    /// Goes back to the number in flight, where a rate is no better.
    fn conclude(&mut self) {
        let Some((others, throughput)) = self.tried else { return };
        if self.rate.as_ref().is_some_and(|rate| rate.is_at_most(throughput * BETTER)) {
            (self.rate, self.tried) = (None, None);
            self.stay_below(others);
        }
    }

    fn rendered(&mut self, now: Duration, sent: Sent, full: bool) {
        if self.starting && full {
            self.grow_to(self.size + 1.0);
        }
        self.round.take(sent.at, now.saturating_sub(sent.at), full);
        if !self.round.is_over(self.size()) {
            return;
        }
        let round = std::mem::replace(&mut self.round, Round::new(now));
        // A window that was not used says nothing about its size.
        let Some(reading) = round.read().filter(|reading| reading.full) else { return };
        if self.rate.is_none() {
            self.refusals.sustain(self.size());
        }
        if let Some(wanted) = self.queue.follow(self.size, reading, self.starting) {
            self.starting = false;
            if wanted > self.size {
                self.grow_to(wanted);
            } else {
                self.size = wanted.max(f64::from(FIRST)).min(self.size);
            }
        }
    }

    /// A request was refused (429), and `slowed` is what that did to the pace. The refusals of one burst are one.
    pub fn refused(&mut self, now: Duration, sent: Sent, slowed: Slowed) {
        self.ended(now);
        let (Slowed::Began(wait) | Slowed::Further(wait)) = slowed else {
            self.refusals.add();
            if self.rate.is_none() && self.refusals.is_lower(sent.others) {
                self.stay_below(sent.others);
            }
            return;
        };
        self.starting = false;
        self.round = Round::new(now);
        self.queue.disturb();
        self.refused_beside = sent.others;
        let borne = self.refusals.borne(now);
        self.ramp.begin(Some(borne));
        self.refusals.begin(now, wait, self.size);
        if let Some(rate) = &mut self.rate {
            if !rate.refused(now, wait) {
                self.rate = None;
                self.stay_below(sent.others);
            }
            self.conclude();
        } else if self.refusals.is_by_number(sent.others) {
            self.stay_below(sent.others);
        } else {
            self.refusals.forget();
            let doubted = self.doubted.take().map(|mut rate| {
                rate.resume(now);
                rate
            });
            self.rate = Some(doubted.unwrap_or_else(|| Rate::new(now, borne)));
            self.size = self.refusals.before().max(f64::from(FIRST));
        }
    }

    fn stay_below(&mut self, others: u32) {
        self.size = self.refusals.stay_below(others).min(self.size).max(1.0);
    }

    fn grow_to(&mut self, size: f64) {
        let most = self.refusals.most(self.size).unwrap_or(f64::INFINITY);
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let most = most.min(MOST as f64);
        self.size = size.min(most).max(self.size);
    }
}

impl Ramp {
    /// Requests begin anew; `borne` is a rate to go by where none was measured.
    fn begin(&mut self, borne: Option<f64>) {
        let rate = self.measured.or(borne).filter(|rate| *rate > 0.0);
        self.steps = RAMP_STEPS;
        self.gap = rate.map_or(WIDEST_RAMP, |rate| Duration::from_secs_f64(rate.recip()).min(WIDEST_RAMP));
    }

    /// A request was answered, which was sent since the ramp began or not; so many others are still in flight.
    fn answered(&mut self, now: Duration, full: bool, within: bool, in_flight: u32) {
        if self.gap.is_zero() {
            self.answers += 1;
            let time = now.saturating_sub(self.since);
            if self.answers >= FIRST.max(in_flight) && !time.is_zero() {
                self.measured = Some(f64::from(self.answers) / time.as_secs_f64());
                (self.since, self.answers) = (now, 0);
            }
        } else if full || self.gap < NO_RAMP {
            (self.gap, self.since, self.answers) = (Duration::ZERO, now, 0);
        } else if within {
            self.gap -= self.gap / self.steps;
        }
    }
}
