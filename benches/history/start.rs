//! How soon the daemon listens that finds a month of history: from the start of its process on. The file is in the
//! kernel's cache as far as it fits there, as after an update; nothing is dropped from it.

use std::time::Duration;

use super::bounds::Bounds;
use super::house::House;

/// So often it is started.
const STARTS: usize = 5;

/// Milliseconds.
const MOST: f64 = 500.0;

pub(crate) async fn measure(house: &House, bounds: &mut Bounds) -> anyhow::Result<()> {
    let mut slowest = Duration::ZERO;
    for _ in 0..STARTS {
        // It is killed in its first sweep, so that each start finds one to mark as interrupted, and a log to fold up.
        let daemon = house.daemon().await?;
        slowest = slowest.max(daemon.started_in);
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    bounds.promise("ms from the start of the process until it listens, the slowest of 5", super::millis(slowest), MOST);
    Ok(())
}
