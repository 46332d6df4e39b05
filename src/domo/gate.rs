//! A bounded number of places, which may change while they are taken. Owns that nobody gets a place beyond the bound
//! and that those who wait get theirs in the order in which they came; how many places there are is decided elsewhere.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

/// The gate.
#[derive(Debug)]
pub struct Gate {
    places: Semaphore,
    bound: Mutex<Bound>,
}

/// How many places there are to be, and how many more there still are, since somebody is in them.
#[derive(Debug)]
struct Bound {
    size: usize,
    owed: usize,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub struct Place<'a> {
    gate: &'a Gate,
    /// None only where the gate was closed, which it never is.
    permit: Option<SemaphorePermit<'a>>,
}

impl Gate {
    /// A gate with so many places.
    pub fn new(size: usize) -> Self {
        Self { places: Semaphore::new(size), bound: Mutex::new(Bound { size, owed: 0 }) }
    }

    /// How many places there are.
    pub fn size(&self) -> usize {
        self.bound().size
    }

    /// Makes it so many places. Those that are too many go as soon as they are left.
    pub fn resize(&self, size: usize) {
        let mut bound = self.bound();
        if size > bound.size {
            let more = size - bound.size;
            let kept = more.min(bound.owed);
            bound.owed -= kept;
            self.places.add_permits(more - kept);
        } else {
            let fewer = bound.size - size;
            bound.owed += fewer - self.places.forget_permits(fewer);
        }
        bound.size = size;
    }

    /// Waits for a place.
    pub async fn enter(&self) -> Place<'_> {
        // The semaphore is never closed; were it, an unlimited render is better than none.
        Place { gate: self, permit: self.places.acquire().await.ok() }
    }

    fn bound(&self) -> MutexGuard<'_, Bound> {
        // Each change is whole, so that a panic elsewhere leaves it usable.
        self.bound.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place<'_> {
    /// Whether it is one too many, since the gate was made smaller after it was taken.
    pub fn is_owed(&self) -> bool {
        self.gate.bound().owed > 0
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut bound = self.gate.bound();
        if bound.owed > 0
            && let Some(permit) = self.permit.take()
        {
            bound.owed -= 1;
            permit.forget();
        }
    }
}
