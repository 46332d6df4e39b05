//! How a card renders, beyond whether it does: how long it takes, and whether it shows data. Owns when a card counts
//! as slow by its own history. A slow or empty card works; nobody is mailed that it broke.

use std::time::Duration;

use super::Timestamp;
use super::verdict::Verdict;

/// A card's history has to hold so many render times before it tells what is usual.
pub const LEAST_SAMPLES: usize = 8;

/// A slow card takes at least so many times as long as usual …
const TIMES: u32 = 3;

/// … and at least so much longer.
const LONGER: Duration = Duration::from_secs(5);

/// Scales a median absolute deviation to the standard deviation of normal noise, times three: what lies within is
/// the card's own unrest. In thousandths.
const NOISE: u32 = 4_448;

/// What a card's render time usually is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usual {
    /// The median.
    pub median: Duration,
    /// The median absolute deviation from it.
    pub spread: Duration,
}

impl Usual {
    /// What is usual after these render times; `None` for fewer than [`LEAST_SAMPLES`].
    pub fn of(mut latencies: Vec<Duration>) -> Option<Self> {
        if latencies.len() < LEAST_SAMPLES {
            return None;
        }
        let median = median(&mut latencies);
        let mut deviations: Vec<Duration> = latencies.into_iter().map(|latency| latency.abs_diff(median)).collect();
        Some(Self { median, spread: self::median(&mut deviations) })
    }

    /// Whether a render time leaves the card's own history.
    pub fn is_left_by(&self, latency: Duration) -> bool {
        // What was kept is not trusted to be small.
        let noise = self.spread.saturating_mul(NOISE) / 1_000;
        let least = self.median.saturating_mul(TIMES).max(self.median.saturating_add(LONGER));
        latency >= least && latency > self.median.saturating_add(noise)
    }

    /// A render that takes less is not slow, whatever is usual: history need not be read for it.
    pub const LEAST_SLOW: Duration = LONGER;
}

/// The middle one, or the lower of the two in the middle.
fn median(durations: &mut [Duration]) -> Duration {
    durations.sort_unstable();
    durations.get(durations.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}

/// How a card rendered when it was last decided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rendering {
    /// How long it took when it last worked.
    pub latency: Option<Duration>,
    /// What was usual before it became slow; `None` = it is not slow.
    pub slow_against: Option<Duration>,
    /// Since when it renders without data.
    pub no_data_since: Option<Timestamp>,
}

impl Rendering {
    /// After one more verdict, given at `at` by a render that took `latency`, with what is usual for the card.
    ///
    /// A render that decides nothing changes nothing. A broken card is neither slow nor empty.
    #[must_use]
    pub fn after(self, verdict: &Verdict, at: Timestamp, latency: Duration, usual: Option<&Usual>) -> Self {
        match verdict {
            Verdict::Working { no_data } => Self {
                latency: Some(latency),
                slow_against: usual.filter(|usual| usual.is_left_by(latency)).map(|usual| usual.median),
                no_data_since: no_data.then(|| self.no_data_since.unwrap_or(at)),
            },
            Verdict::Broken(_) | Verdict::Unsupported => Self::default(),
            Verdict::Unchecked(_) => self,
        }
    }
}
