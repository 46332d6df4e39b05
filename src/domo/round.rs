//! One round of answers: as many as are in flight at a time. Owns what a round tells of the server: how long its
//! quicker answers took, how long all took, and whether the window was used. What follows from it is decided in
//! [`window`](super::window).

use std::time::Duration;

/// A round has so many answers at least: fewer say too little.
const LEAST: usize = 16;

/// The answers that arrived since the round began.
#[derive(Debug, Clone)]
pub(super) struct Round {
    began: Duration,
    /// Of those that were also sent in it: only they saw the window as it is.
    within: Vec<Duration>,
    sum: Duration,
    answers: u32,
    full: u32,
}

/// What a round told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    /// The tenth part of its answers took no longer. Cards differ a hundredfold in their own time, but a queue makes
    /// all of them wait: it shows first, and most, in the quick ones.
    pub(super) quick: Duration,
    /// What an answer took on average.
    pub(super) mean: Duration,
    /// The window was used to the full nearly all the time.
    pub(super) full: bool,
}

impl Round {
    pub(super) fn new(now: Duration) -> Self {
        Self { began: now, within: Vec::new(), sum: Duration::ZERO, answers: 0, full: 0 }
    }

    /// Takes an answer; `full` tells whether the window was when it came.
    pub(super) fn take(&mut self, sent: Duration, latency: Duration, full: bool) {
        self.answers += 1;
        self.full += u32::from(full);
        self.sum += latency;
        if sent >= self.began {
            self.within.push(latency);
        }
    }

    /// Whether so many renders at a time have gone round once.
    pub(super) fn is_over(&self, window: usize) -> bool {
        self.within.len() >= window.max(LEAST)
    }

    /// What it told, where there was an answer.
    pub(super) fn read(mut self) -> Option<Reading> {
        let place = self.within.len() / 10;
        let (_, quick, _) = (place < self.within.len()).then(|| self.within.select_nth_unstable(place))?;
        let quick = *quick;
        let mean = self.sum.checked_div(self.answers)?;
        Some(Reading { quick, mean, full: self.full * 10 >= self.answers * 9 })
    }
}
