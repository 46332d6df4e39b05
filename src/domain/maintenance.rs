//! Maintenance windows: times in which sweeps go on and mails wait. Owns when a window is open; that nothing is told
//! in one is the daemon's, and what was due in it stays due by [`super::alerts`].

use std::time::Duration;

use chrono::TimeDelta;

use super::Timestamp;
use super::schedule::Schedule;

/// One recurring window. It opens by a cron expression in the instance's zone and stays open for so much time on a
/// stop watch, so that a change of clocks neither shortens nor stretches the work that it was made for.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// When it opens.
    pub start: Schedule,
    /// How long it stays open; more than zero.
    pub duration: Duration,
}

/// A time in which mails wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// When it opened.
    pub from: Timestamp,
    /// The first instant after it.
    pub until: Timestamp,
}

/// Windows that follow each other without a gap are followed this far.
const MOST_IN_A_ROW: usize = 1_000;

impl Window {
    /// The span of this window that holds `at`, by its earliest start.
    fn span_at(&self, at: Timestamp) -> Option<Span> {
        let duration = TimeDelta::from_std(self.duration).ok()?;
        let from = self.start.next_after(at.checked_sub_signed(duration)?).filter(|from| *from <= at)?;
        Some(Span { from, until: from.checked_add_signed(duration)? })
    }

    /// The end of the latest start at or before `at` that still holds it.
    fn end_at(&self, at: Timestamp) -> Option<Timestamp> {
        let mut span = self.span_at(at)?;
        let duration = TimeDelta::from_std(self.duration).ok()?;
        for _ in 0..MOST_IN_A_ROW {
            match self.start.next_after(span.from).filter(|next| *next <= at) {
                Some(from) => span = Span { from, until: from.checked_add_signed(duration)? },
                None => break,
            }
        }
        Some(span.until)
    }
}

/// All windows of an instance.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Maintenance {
    /// The windows, in the order of the configuration.
    pub windows: Vec<Window>,
}

impl Maintenance {
    /// The time around `at` in which mails wait: windows that overlap or touch are one.
    pub fn span_at(&self, at: Timestamp) -> Option<Span> {
        let from = self.windows.iter().filter_map(|window| window.span_at(at)).map(|span| span.from).min()?;
        let mut until = self.end_at(at)?;
        for _ in 0..MOST_IN_A_ROW {
            match self.end_at(until).filter(|later| *later > until) {
                Some(later) => until = later,
                None => break,
            }
        }
        Some(Span { from, until })
    }

    fn end_at(&self, at: Timestamp) -> Option<Timestamp> {
        self.windows.iter().filter_map(|window| window.end_at(at)).max()
    }
}

/// When the next sweep is due after `after`: when the schedule says so, or when mails need wait no longer, so that what
/// was found meanwhile is told at once.
pub fn next_sweep(schedule: &Schedule, maintenance: &Maintenance, after: Timestamp) -> Option<Timestamp> {
    schedule.next_after(after).into_iter().chain(maintenance.next_end(after)).min()
}

impl Maintenance {
    /// The first instant after `after` at which mails wait no longer.
    pub fn next_end(&self, after: Timestamp) -> Option<Timestamp> {
        let opening = self.windows.iter().filter_map(|window| window.start.next_after(after)).min();
        let span = self.span_at(after).or_else(|| self.span_at(opening?))?;
        Some(span.until)
    }
}
