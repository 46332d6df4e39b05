//! Whether the file stops growing once retention has set in: days of sweeps and of forgetting, of an instance that is
//! small enough to live through them in a minute.

use anyhow::Context as _;
use cardwatch::domain::Timestamp;
use cardwatch::store::Store;
use chrono::{TimeDelta, TimeZone as _, Utc};
use tempfile::TempDir;

use super::bounds::Bounds;
use super::writer::Writer;

const CARDS: usize = 300;

/// Sweeps of an hour, after which what is old is forgotten.
const SWEEPS_AN_HOUR: i64 = 4;

/// So many days everything is kept, results and changes alike.
const KEPT: i64 = 3;

/// So many days are lived through once something was forgotten for a day.
const FURTHER: i64 = 10;

/// How large the file may be in the end, of what it was when retention had set in.
const MOST: f64 = 1.02;

pub(crate) async fn measure(scratch: &TempDir, bounds: &mut Bounds) -> anyhow::Result<()> {
    let database = scratch.path().join("days.db");
    let store = Store::open(&database).await?;
    let mut writer = Writer::of_new(store.clone(), CARDS).await?;
    let began = Utc.with_ymd_and_hms(2026, 11, 2, 7, 0, 0).single().context("an instant")?;
    let mut sizes = Vec::new();
    // On the day after those that are kept something was forgotten in each hour.
    let first = KEPT + 1;
    for day in 0..=first + FURTHER {
        let mut largest = 0;
        for hour in 0..24 {
            let at = began + TimeDelta::days(day) + TimeDelta::hours(hour);
            for quarter in 0..SWEEPS_AN_HOUR {
                writer.sweep(at + TimeDelta::minutes(15 * quarter)).await?;
            }
            largest = largest.max(std::fs::metadata(&database)?.len());
            forget(&store, at - TimeDelta::days(KEPT)).await?;
        }
        if day >= first {
            #[expect(clippy::cast_precision_loss, reason = "for people to read")]
            let megabytes = largest as f64 / 1e6;
            Bounds::note(&format!("MB of the file, day {day} of {} (kept: {KEPT} days)", first + FURTHER), megabytes);
            sizes.push(megabytes);
        }
    }
    let ratio = sizes.last().zip(sizes.first()).map_or(f64::INFINITY, |(last, first)| last / first);
    bounds.promise("the file after 10 further days, as a share of what it was", ratio, MOST);
    store.close().await;
    Ok(())
}

/// All that housekeeping forgets.
async fn forget(store: &Store, before: Timestamp) -> anyhow::Result<()> {
    while store.prune_step(before, before, before).await?.more {}
    Ok(())
}
