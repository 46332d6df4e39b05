//! How many renders the instance bears. Owns the accounts behind [`Condition::Capacity`], [`Condition::InFlight`] and
//! [`Condition::Bucket`], which refuse, and the workers behind [`Condition::Workers`], which let others wait.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use crate::Condition;

/// What was let through so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Limits {
    /// When the renders of the last second were, for `Condition::Capacity`.
    let_through: VecDeque<Instant>,
    /// What is left in the bucket, and since when; none while it is full.
    bucket: Option<(f64, Instant)>,
    /// The workers that there are.
    workers: Option<Arc<Semaphore>>,
}

/// A render is beyond what the instance takes; with the `Retry-After` header in seconds.
pub(crate) struct Refused(pub(crate) Option<u64>);

impl Limits {
    /// The accounts of a new condition.
    pub(crate) fn of(condition: Condition) -> Self {
        let workers = match condition {
            Condition::Workers(workers) => Some(Arc::new(Semaphore::new(workers as usize))),
            _ => None,
        };
        Self { workers, ..Self::default() }
    }

    /// Lets a render through that makes it so many in flight, or not.
    pub(crate) fn let_through(&mut self, condition: Condition, in_flight: usize) -> Result<(), Refused> {
        let now = Instant::now();
        let (fits, retry_after) = match condition {
            Condition::Capacity { renders_per_second, retry_after } => {
                (self.fits(renders_per_second, now), retry_after)
            }
            Condition::InFlight { renders, retry_after } => (in_flight <= renders as usize, retry_after),
            Condition::Bucket { renders_per_second, burst, retry_after } => {
                (self.take_token(f64::from(renders_per_second), f64::from(burst), now), retry_after)
            }
            _ => return Ok(()),
        };
        if fits { Ok(()) } else { Err(Refused(retry_after)) }
    }

    fn fits(&mut self, renders_per_second: u32, now: Instant) -> bool {
        while self.let_through.front().is_some_and(|first| now.duration_since(*first) >= Duration::from_secs(1)) {
            self.let_through.pop_front();
        }
        let fits = self.let_through.len() < renders_per_second as usize;
        if fits {
            self.let_through.push_back(now);
        }
        fits
    }

    fn take_token(&mut self, rate: f64, burst: f64, now: Instant) -> bool {
        let (left, since) = self.bucket.unwrap_or((burst, now));
        let left = (left + now.duration_since(since).as_secs_f64() * rate).min(burst);
        let fits = left >= 1.0;
        self.bucket = Some((if fits { left - 1.0 } else { left }, now));
        fits
    }

    /// The workers, where their number is known.
    pub(crate) fn workers(&self) -> Option<Arc<Semaphore>> {
        self.workers.clone()
    }
}

/// Waits for a worker, in the order in which renders came.
pub(crate) async fn worker(workers: Option<Arc<Semaphore>>) -> Option<OwnedSemaphorePermit> {
    match workers {
        // Nobody closes it.
        Some(workers) => workers.acquire_owned().await.ok(),
        None => None,
    }
}
