//! What refusals (429) say of the server. Owns the number in flight beyond which it refuses, whether that number is what
//! it counts at all, and when more may be asked for again; the search for a rate is in [`rate`](super::rate).

use std::time::Duration;

/// More is asked for again when so many times the pauses that the refusals brought have gone by: soon at first, while
/// little is known, and twice as late each time, up to this.
const PATIENCE: (u32, u32) = (3, 40);

/// Of the pauses of one search no more are counted: the next try will be over with one.
const MOST_PAUSES: u32 = 4;

/// So many requests go by as well for each that was refused, once patience has grown.
const REQUESTS: u32 = 150;

/// So much below a number that was refused is safe. Where that is refused too, it is twice as much.
const MARGIN: f64 = 0.02;

/// A refusal below a number that was refused before speaks against its being the number that the server counts: a little
/// below is one point, far below two. So many are put down to chance, and to a limit that was lowered …
const MOST_POINTS: u32 = 3;

/// … and as many more as refusals have agreed on a number, up to this.
const MOST_AGREED: u32 = 2;

/// Below this one more or less in flight makes a great difference.
const COARSE: f64 = 16.0;

/// With fewer others in flight than this it is not their number.
const FEW: u32 = 2;

/// What was refused, since when.
#[derive(Debug, Clone)]
pub(super) struct Refusals {
    /// So many others were in flight when a request was refused.
    ceiling: Option<f64>,
    /// The ceiling is tried, in steps that double: the next.
    trying: Option<f64>,
    /// The window of the latest round in which none was refused.
    sustained: u32,
    points: u32,
    agreed: u32,
    patience: u32,
    /// The latest few, until more is asked for: how many, what pauses they brought, and the window before them.
    count: u32,
    cost: Duration,
    before: f64,
    /// When the latest came, how many requests went well since, and in how much time, pauses left out.
    at: Duration,
    answers: u32,
    busy: Duration,
    /// Until when that time is counted.
    counted: Duration,
}

impl Refusals {
    /// None, so far.
    pub(super) fn none(now: Duration) -> Self {
        Self {
            ceiling: None,
            trying: None,
            sustained: 0,
            points: 0,
            agreed: 0,
            patience: PATIENCE.0,
            count: 0,
            cost: Duration::ZERO,
            before: 0.0,
            at: now,
            answers: 0,
            busy: Duration::ZERO,
            counted: now,
        }
    }

    /// Whether there was one ever.
    pub(super) fn were_any(&self) -> bool {
        self.count > 0
    }

    /// When the latest came.
    pub(super) fn at(&self) -> Duration {
        self.at
    }

    /// The window before the latest few.
    pub(super) fn before(&self) -> f64 {
        self.before
    }

    /// Nothing was in flight until now.
    pub(super) fn resume(&mut self, now: Duration) {
        self.counted = now;
    }

    /// A request was answered. `true` when more may be asked for.
    pub(super) fn went_well(&mut self, now: Duration) -> bool {
        self.answers += 1;
        self.busy += now.saturating_sub(self.counted);
        self.counted = now;
        self.are_over()
    }

    /// Answers in a second since the latest came, pauses counted in.
    pub(super) fn borne(&self, now: Duration) -> f64 {
        let time = now.saturating_sub(self.at).as_secs_f64();
        if time > 0.0 { f64::from(self.answers) / time } else { 0.0 }
    }

    /// Takes note of one that brought a pause of `wait`, with a window of `size`.
    pub(super) fn begin(&mut self, now: Duration, wait: Duration, size: f64) {
        if self.are_over() {
            (self.count, self.cost, self.before) = (0, Duration::ZERO, size);
            self.patience = (self.patience * 2).min(PATIENCE.1);
        }
        self.count += 1;
        self.cost = (self.cost + wait).min(wait * MOST_PAUSES);
        (self.at, self.answers, self.busy, self.counted) = (now, 0, Duration::ZERO, now);
    }

    /// Takes note of one of a burst of which the first is known.
    pub(super) fn add(&mut self) {
        self.count += 1;
    }

    /// Whether the number of `others` in flight may be what the server counts.
    pub(super) fn is_by_number(&mut self, others: u32) -> bool {
        let number = f64::from(others);
        match self.ceiling {
            Some(ceiling) if number < ceiling * 0.9 - 1.0 => self.points += 2,
            Some(ceiling) if number < ceiling => self.points += 1,
            Some(ceiling) if number < ceiling * 1.1 + 1.0 => {
                self.points = self.points.saturating_sub(2);
                self.agreed = (self.agreed + 1).min(MOST_AGREED);
            }
            Some(_) | None => {}
        }
        others >= FEW && self.points <= MOST_POINTS + self.agreed
    }

    /// A whole round went well with so many in flight.
    pub(super) fn sustain(&mut self, size: usize) {
        self.sustained = u32::try_from(size).unwrap_or(u32::MAX);
    }

    /// So many others in flight are too many. The window that is not.
    pub(super) fn stay_below(&mut self, others: u32) -> f64 {
        // Of two that are sent at once the first may arrive last, and is refused beside one fewer than there may be.
        let others = if others < self.sustained { others + 1 } else { others };
        let ceiling = f64::from(others.max(1));
        (self.ceiling, self.trying) = (Some(ceiling), None);
        self.safe(ceiling)
    }

    /// The number in flight that was refused, where it is so small that it is a coarse measure.
    pub(super) fn coarse(&self) -> Option<u32> {
        let ceiling = self.ceiling.filter(|ceiling| *ceiling < COARSE)?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number")]
        Some(ceiling as u32)
    }

    /// Answers in a second since the latest came, pauses left out.
    pub(super) fn throughput(&self) -> f64 {
        let time = self.busy.as_secs_f64();
        if time > 0.0 { f64::from(self.answers) / time } else { 0.0 }
    }

    /// The number in flight is tried as the limit again: a little that speaks against it will do.
    pub(super) fn doubt(&mut self) {
        (self.points, self.agreed) = (MOST_POINTS, 0);
    }

    /// Whether a number below the known one was refused.
    pub(super) fn is_lower(&self, others: u32) -> bool {
        self.ceiling.is_some_and(|ceiling| f64::from(others) < ceiling)
    }

    /// The number in flight is not what the server counts, or what is known of it is of no use any more.
    pub(super) fn forget(&mut self) {
        (self.ceiling, self.trying) = (None, None);
        (self.sustained, self.points, self.agreed) = (0, 0, 0);
    }

    /// Whether the window grows beyond what was refused.
    pub(super) fn is_trying(&self) -> bool {
        self.ceiling.is_none() || self.trying.is_some()
    }

    /// Lets the window grow beyond what was refused, in small steps at first.
    pub(super) fn try_more(&mut self) {
        if self.ceiling.is_some() && self.trying.is_none() {
            self.trying = Some(1.0);
        }
    }

    /// How far a window of `size` may grow now; `None` where nothing is known to be refused.
    pub(super) fn most(&mut self, size: f64) -> Option<f64> {
        let ceiling = self.ceiling?;
        Some(match &mut self.trying {
            None => self.safe(ceiling),
            Some(step) => {
                let most = size + *step;
                *step *= 2.0;
                most
            }
        })
    }

    fn safe(&self, ceiling: f64) -> f64 {
        (ceiling * (1.0 - MARGIN * f64::from(1 << self.points.min(3)))).round()
    }

    fn are_over(&self) -> bool {
        self.busy >= self.cost * self.patience && self.answers >= self.count * (10 * self.patience).min(REQUESTS)
    }
}
