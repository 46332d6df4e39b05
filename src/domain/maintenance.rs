//! Maintenance windows: times in which sweeps go on and mails wait. Owns when a window is open; that nothing is told
//! in one is the daemon's, and what was due in it stays due by [`alerts`](super::alerts).

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

/// Windows that follow each other without a gap are followed so far in each direction. Only windows that leave no
/// time between them go beyond that; their span moves along.
const MOST_IN_A_ROW: usize = 1_000;

impl Window {
    /// The window as it is when it opens `from`.
    fn opening(&self, from: Timestamp) -> Option<Span> {
        let duration = TimeDelta::from_std(self.duration).ok()?;
        Some(Span { from, until: from.checked_add_signed(duration)? })
    }

    /// The earliest opening after which it is still open at `at`.
    fn holding(&self, at: Timestamp) -> Option<Span> {
        let duration = TimeDelta::from_std(self.duration).ok()?;
        let from = self.start.next_after(at.checked_sub_signed(duration)?)?;
        self.opening(from).filter(|span| span.from <= at)
    }

    /// The earliest opening before `at` that lasts until `at` or longer.
    fn reaching(&self, at: Timestamp) -> Option<Span> {
        let duration = TimeDelta::from_std(self.duration).ok()?;
        let just_before = at.checked_sub_signed(duration)?.checked_sub_signed(TimeDelta::nanoseconds(1))?;
        let from = self.start.next_after(just_before)?;
        self.opening(from).filter(|span| span.from < at)
    }

    /// The next opening after `at`.
    fn next(&self, at: Timestamp) -> Option<Span> {
        self.opening(self.start.next_after(at)?)
    }
}

/// All windows of an instance.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Maintenance {
    /// The windows, in the order of the configuration.
    pub windows: Vec<Window>,
}

impl Maintenance {
    /// The time around `at` in which mails wait; `None` where they do not. Windows that overlap or touch are one.
    pub fn span_at(&self, at: Timestamp) -> Option<Span> {
        let open = self.windows.iter().filter_map(|window| window.holding(at));
        let open =
            open.reduce(|one, other| Span { from: one.from.min(other.from), until: one.until.max(other.until) })?;
        Some(Span { from: self.back_from(open.from), until: self.on_from(open) })
    }

    /// When the windows began to follow each other that lead to `from`.
    fn back_from(&self, mut from: Timestamp) -> Timestamp {
        for _ in 0..MOST_IN_A_ROW {
            let earlier = self.windows.iter().filter_map(|window| window.reaching(from)).map(|span| span.from).min();
            match earlier {
                Some(earlier) => from = earlier,
                None => break,
            }
        }
        from
    }

    /// When the last of the windows ends that follow each other from `open`.
    fn on_from(&self, open: Span) -> Timestamp {
        let mut until = open.until;
        let mut ahead: Vec<_> =
            self.windows.iter().filter_map(|window| Some((window, window.next(open.from)?))).collect();
        for _ in 0..MOST_IN_A_ROW {
            let next = ahead.iter().enumerate().min_by_key(|(_, (_, span))| span.from);
            let Some((place, (window, span))) = next.filter(|(_, (_, span))| span.from <= until) else { break };
            until = until.max(span.until);
            match window.next(span.from) {
                Some(later) => ahead[place].1 = later,
                None => drop(ahead.swap_remove(place)),
            }
        }
        until
    }
}

/// When the next sweep is due after `after`: when the schedule says so, or when mails need wait no longer, so that what
/// was found meanwhile is told at once.
pub fn next_sweep(schedule: &Schedule, maintenance: &Maintenance, after: Timestamp) -> Option<Timestamp> {
    schedule.next_after(after).into_iter().chain(maintenance.next_end(after)).min()
}

impl Maintenance {
    /// The first instant after `after` at which mails wait no longer.
    fn next_end(&self, after: Timestamp) -> Option<Timestamp> {
        let opening = self.windows.iter().filter_map(|window| window.start.next_after(after)).min();
        let span = self.span_at(after).or_else(|| self.span_at(opening?))?;
        Some(span.until)
    }
}
