//! Whether answers wait in a queue, and how many renders may be in flight so that few do. Owns the floor, which is what
//! the quick answers take where none waits, and its doubts about it; it knows of slowness alone, and of no refusal.

use std::time::Duration;

use super::round::Reading;
use super::window::FIRST;

/// A wait that takes no longer than this is none: timers and tasks are no more exact.
const SLACK: Duration = Duration::from_millis(3);

/// What the server does at once is to be so much in flight, and two more: lest it ever be idle, and lest it go
/// unnoticed that it could do more.
const ENOUGH: f64 = 1.1;

/// A first growth that doubles ends where this part of the time is waiting.
const ENDS_THE_START: f64 = 0.15;

/// A round makes the window smaller by a quarter at most, whatever it says.
const SMALLEST_SHARE: f64 = 0.75;

/// After so many full rounds the floor is measured anew …
const ROUNDS_TO_DRAIN: u32 = 25;

/// … with a window so much smaller that nothing waits.
const DRAINED: f64 = 0.8;

/// A window that was made so much smaller has to have made the answers quicker.
const DOUBTED: f64 = 0.85;

/// What is known of the server's queue.
#[derive(Debug, Clone, Default)]
pub(super) struct Queue {
    floor: Option<Duration>,
    /// Full rounds since the floor was measured.
    rounds: u32,
    /// The window to come back to when it has been measured.
    draining: Option<f64>,
    /// The window is being made smaller: from this, where a round said so.
    shrunk: Option<(f64, Reading)>,
}

impl Queue {
    /// The window for the next round, after a full one with this window. `None` while the first growth goes on.
    pub(super) fn follow(&mut self, window: f64, reading: Reading, starting: bool) -> Option<f64> {
        if let Some(before) = self.draining.take() {
            (self.floor, self.rounds) = (Some(reading.quick), 0);
            return Some(before);
        }
        if let Some(before) = self.vain(window, reading) {
            self.floor = Some(reading.quick);
            return Some(before);
        }
        let waiting = self.waiting(reading);
        if starting {
            let wanted = window * (1.0 - waiting).max(0.5) * ENOUGH + 2.0;
            return (waiting >= ENDS_THE_START).then(|| wanted.min(window));
        }
        let wanted = window * (1.0 - waiting).clamp(SMALLEST_SHARE, 1.0) * ENOUGH + 2.0;
        if wanted < window {
            self.shrunk.get_or_insert((window, reading));
        } else {
            self.shrunk = None;
        }
        self.rounds += 1;
        if self.rounds < ROUNDS_TO_DRAIN || wanted <= f64::from(FIRST) {
            return Some(wanted);
        }
        self.draining = Some(wanted);
        Some(wanted * DRAINED)
    }

    /// Forgets what it was about to find out: a refusal has changed the window.
    pub(super) fn disturb(&mut self) {
        (self.draining, self.shrunk) = (None, None);
    }

    /// The part of its time that an answer waited.
    fn waiting(&mut self, reading: Reading) -> f64 {
        let floor = self.floor.map_or(reading.quick, |floor| floor.min(reading.quick));
        self.floor = Some(floor);
        let waited = reading.quick.saturating_sub(floor + SLACK).as_secs_f64();
        if reading.mean.is_zero() { 0.0 } else { waited / reading.mean.as_secs_f64() }
    }

    /// The window as it was, where it was made smaller and the answers are no quicker for it. Then there was no queue:
    /// the cards take longer than those before.
    fn vain(&mut self, window: f64, reading: Reading) -> Option<f64> {
        let (from, before) = self.shrunk.filter(|(from, _)| window < from * DOUBTED)?;
        self.shrunk = None;
        let hoped = before.mean.mul_f64(1.0 - window / from);
        (reading.quick + hoped / 2 > before.quick).then_some(from)
    }
}
