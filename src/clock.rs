//! The one door to time. Owns the trait that every waiting or time-reading adapter is given;
//! the real clock lives in `daemon`, tests bring one that stands still until told.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

/// A boxed future that ends when its time has come.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where an adapter gets its time from.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The wall clock, in UTC. It may jump in either direction.
    fn now(&self) -> DateTime<Utc>;

    /// Time since some fixed instant, which never goes back: for measuring how long a thing took.
    fn elapsed(&self) -> Duration;

    /// Ends after `duration`.
    fn sleep(&self, duration: Duration) -> Sleep;
}

/// A clock that tasks share.
pub type SharedClock = Arc<dyn Clock>;

/// Waits for `future`, but no longer than `limit`; `None` when the limit came first.
pub async fn within<F: Future>(clock: &dyn Clock, limit: Duration, future: F) -> Option<F::Output> {
    tokio::select! {
        biased;
        output = future => Some(output),
        () = clock.sleep(limit) => None,
    }
}
