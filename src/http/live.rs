//! What is going on now and is in no database: the next tick and the cards that a running sweep still has
//! to decide. Owns these few numbers; daemon tasks write them, handlers read them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::Timestamp;
use crate::domain::ids::InstanceName;

/// The live numbers of every instance.
#[derive(Debug, Clone, Default)]
pub struct LiveBoard(Arc<Mutex<BTreeMap<InstanceName, Arc<Live>>>>);

/// The live numbers of one instance.
#[derive(Debug, Default)]
pub struct Live {
    /// In milliseconds since 1970; 0 = none is known.
    next_sweep: AtomicI64,
    /// In milliseconds since 1970.
    kept_since: AtomicI64,
    remaining: AtomicUsize,
    planned: AtomicUsize,
}

impl LiveBoard {
    /// The numbers of one instance.
    pub fn of_instance(&self, name: &InstanceName) -> Arc<Live> {
        // A panic elsewhere leaves the map whole: nothing but this happens under the lock.
        let mut instances = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(instances.entry(name.clone()).or_default())
    }
}

impl Live {
    /// When the next sweep is due.
    pub fn next_sweep(&self) -> Option<Timestamp> {
        match self.next_sweep.load(Ordering::Relaxed) {
            0 => None,
            at => Timestamp::from_timestamp_millis(at),
        }
    }

    /// Notes when the next sweep is due.
    pub fn set_next_sweep(&self, at: Option<Timestamp>) {
        self.next_sweep.store(at.map_or(0, |at| at.timestamp_millis()), Ordering::Relaxed);
    }

    /// Since when this process keeps the schedule that is configured now.
    pub fn kept_since(&self) -> Timestamp {
        Timestamp::from_timestamp_millis(self.kept_since.load(Ordering::Relaxed)).unwrap_or_default()
    }

    /// Notes since when this process keeps the schedule.
    pub fn set_kept_since(&self, at: Timestamp) {
        self.kept_since.store(at.timestamp_millis(), Ordering::Relaxed);
    }

    /// How many cards the running sweep still has to decide; 0 between sweeps.
    pub fn remaining(&self) -> usize {
        self.remaining.load(Ordering::Relaxed)
    }

    /// How many cards the running sweep still has to decide, and of how many; both 0 between sweeps.
    pub fn progress(&self) -> (usize, usize) {
        let remaining = self.remaining();
        (remaining, self.planned.load(Ordering::Relaxed).max(remaining))
    }

    /// Notes that a sweep begins to render so many cards.
    pub fn begin(&self, cards: usize) {
        self.planned.store(cards, Ordering::Relaxed);
        self.set_remaining(cards);
    }

    /// Notes how many of them it still has to decide.
    pub fn set_remaining(&self, cards: usize) {
        self.remaining.store(cards, Ordering::Relaxed);
    }

    /// Notes that the sweep is over.
    pub fn end(&self) {
        self.begin(0);
    }
}
