//! When a request is tried again, and which of its attempts decides. Owns the arithmetic alone: it
//! neither waits nor asks.

use std::time::Duration;

use super::client::{Attempt, Ended};
use crate::domain::Timestamp;

/// The longest wait before the second attempt; it doubles from there.
const BASE: Duration = Duration::from_millis(500);

/// The longest wait before any attempt, unless the server names its own.
const CAP: Duration = Duration::from_secs(30);

/// A server that asks for more patience than this is not obeyed.
pub const RETRY_AFTER_CAP: Duration = Duration::from_mins(5);

/// How long to wait after the attempt `made` (from 1), where `jitter` is drawn evenly from 0.0..1.0.
///
/// Full jitter: whatever failed at once for many requests must not be asked again at once for all of them.
pub fn backoff(made: u32, jitter: f64) -> Duration {
    let doublings = made.saturating_sub(1).min(16);
    BASE.saturating_mul(1 << doublings).min(CAP).mul_f64(jitter.clamp(0.0, 1.0))
}

/// Reads `Retry-After`: seconds, or an HTTP date (RFC 9110, 10.2.3). Never more than [`RETRY_AFTER_CAP`].
pub fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    let wait = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Duration::from_secs(text.parse().unwrap_or(u64::MAX))
    } else {
        let date = chrono::DateTime::parse_from_rfc2822(text).ok()?;
        (date.to_utc() - now).to_std().unwrap_or_default()
    };
    Some(wait.min(RETRY_AFTER_CAP))
}

/// What one attempt says about the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nature {
    /// Another attempt would say the same.
    Settled,
    /// 500, or no answer in time: a sign against the card, if it says so each time.
    Doubtful,
    /// The way to Domo, or Domo itself: no sign against the card.
    Hindered,
}

fn nature<T>(ended: &Ended<T>) -> Nature {
    match ended {
        Ended::TimedOut(_) => Nature::Doubtful,
        Ended::Disconnected(_) => Nature::Hindered,
        Ended::Answered(reply) => match reply.status {
            500 => Nature::Doubtful,
            429 | 501.. => Nature::Hindered,
            _ => Nature::Settled,
        },
    }
}

/// The attempts of one request.
#[derive(Debug)]
pub(super) struct Tries<T> {
    limit: u32,
    used: u32,
    timeouts: u32,
    /// An attempt that was hindered: with it in the record, nothing doubtful counts against a card.
    hindered: Option<Attempt<T>>,
}

/// What follows an attempt.
#[derive(Debug)]
pub(super) enum Next<T> {
    /// Nothing: this attempt decides.
    Done(Attempt<T>),
    /// Another attempt.
    Again {
        /// What this one came to.
        told: String,
        /// After this wait.
        wait: Duration,
    },
}

impl<T> Tries<T> {
    /// A request that may be tried so often.
    pub(super) fn new(limit: u32) -> Self {
        Self { limit, used: 0, timeouts: 0, hindered: None }
    }

    /// Takes note of an attempt.
    pub(super) fn after(&mut self, mut attempt: Attempt<T>, jitter: f64) -> Next<T> {
        self.used += 1;
        if let Ended::TimedOut(times) = &mut attempt.ended {
            self.timeouts += 1;
            *times = self.timeouts;
        }
        let nature = nature(&attempt.ended);
        if nature == Nature::Settled {
            return Next::Done(attempt);
        }
        if self.used >= self.limit {
            return Next::Done(match nature {
                Nature::Doubtful => self.hindered.take().unwrap_or(attempt),
                Nature::Hindered | Nature::Settled => attempt,
            });
        }
        let (told, wait) = (told(&attempt.ended), self.wait(&attempt.ended, jitter));
        if nature == Nature::Hindered {
            self.hindered = Some(attempt);
        }
        Next::Again { told, wait }
    }

    /// Does not count the latest attempt: it failed for want of a session.
    pub(super) fn forgive(&mut self) {
        self.used = self.used.saturating_sub(1);
    }

    fn wait(&self, ended: &Ended<T>, jitter: f64) -> Duration {
        match ended {
            // The pacer holds this request back with all the others of the instance.
            Ended::Answered(reply) if reply.status == 429 => Duration::ZERO,
            Ended::Answered(reply) => reply.retry_after.unwrap_or_else(|| backoff(self.used, jitter)),
            Ended::TimedOut(_) | Ended::Disconnected(_) => backoff(self.used, jitter),
        }
    }
}

/// What an attempt came to, in words.
fn told<T>(ended: &Ended<T>) -> String {
    match ended {
        Ended::Answered(reply) => format!("HTTP {}", reply.status),
        Ended::TimedOut(_) => "no answer in time".to_owned(),
        Ended::Disconnected(fault) => fault.text.clone(),
    }
}
