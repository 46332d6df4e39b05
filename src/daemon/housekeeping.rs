//! Housekeeping: forgets what is older than the configuration keeps. Owns the rhythm; the steps are the
//! store's, each short enough that neither a sweep nor a scrape waits for it.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::clock::SharedClock;
use crate::config::valid::Storage;
use crate::store::{Store, StoreError};

/// At start and then so often.
const EVERY: Duration = Duration::from_hours(1);

/// The address of an owner that was not looked up for so long is not used any more, and forgotten.
const KEEP_ADDRESSES: Duration = Duration::from_hours(30 * 24);

/// Others write between two steps.
pub const BETWEEN_STEPS: Duration = Duration::from_millis(50);

/// Prunes until stopped.
pub async fn keep_house(
    store: Store,
    storage: Storage,
    clock: SharedClock,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    while !stop.is_cancelled() {
        match prune(&store, &storage, &clock, &stop).await {
            Ok(0) => {}
            Ok(rows) => tracing::debug!(rows, "forgot what is older than storage.keep_results and keep_transitions"),
            Err(error) => tracing::error!("cannot forget old results, which is tried again in an hour: {error}"),
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = clock.sleep(EVERY) => {}
        }
    }
    Ok(())
}

/// Forgets everything that is due; returns how many rows went.
pub async fn prune(
    store: &Store,
    storage: &Storage,
    clock: &SharedClock,
    stop: &CancellationToken,
) -> Result<u64, StoreError> {
    let now = clock.now();
    let (results, transitions) = (now - storage.keep_results, now - storage.keep_transitions);
    let mut rows = 0;
    while !stop.is_cancelled() {
        let pruned = store.prune_step(results, transitions, now - KEEP_ADDRESSES).await?;
        rows += pruned.rows;
        if !pruned.more {
            break;
        }
        clock.sleep(BETWEEN_STEPS).await;
    }
    Ok(rows)
}
