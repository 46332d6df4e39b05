//! How many bytes a result takes on the disk, indexes included.

use std::path::Path;

use anyhow::Context as _;
use cardwatch::store::Store;
use chrono::{TimeDelta, TimeZone as _, Utc};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use tempfile::TempDir;

use super::bounds::Bounds;
use super::writer::Writer;

/// Bytes.
const MOST: f64 = 24.0;

/// A day of sweeps.
const SWEEPS: i64 = 96;

/// The whole file of the month's database, which was filled in the order of its keys.
pub(crate) async fn of_the_month(database: &Path, bounds: &mut Bounds) -> anyhow::Result<()> {
    let mut connection = SqliteConnectOptions::new().filename(database).connect().await?;
    let results: i64 = sqlx::query_scalar("SELECT count(*) FROM render_result").fetch_one(&mut connection).await?;
    let bytes: i64 = sqlx::query_scalar("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        .fetch_one(&mut connection)
        .await?;
    connection.close().await?;
    Bounds::note("results in the month's database, in millions", float(results) / 1e6);
    bounds.promise("bytes a result: the whole file of the month, in key order", float(bytes) / float(results), MOST);
    Ok(())
}

/// A day as the daemon writes it: sweep after sweep, answers in the order in which they come, with every closing.
pub(crate) async fn as_swept(scratch: &TempDir, cards: usize, bounds: &mut Bounds) -> anyhow::Result<()> {
    let store = Store::open(&scratch.path().join("swept.db")).await?;
    let mut writer = Writer::of_new(store.clone(), cards).await?;
    let began = Utc.with_ymd_and_hms(2026, 11, 2, 7, 0, 0).single().context("an instant")?;
    let (mut results, mut before) = (0, 0);
    for sweep in 0..=SWEEPS {
        let found = writer.sweep(began + TimeDelta::minutes(15 * sweep)).await?;
        if sweep == 0 {
            // What there is whatever the number of results: cards, pages, states.
            before = store.size().await?;
        } else {
            results += found;
        }
    }
    let grown = store.size().await?.saturating_sub(before);
    store.close().await;
    let (grown, results) = (float(i64::try_from(grown)?), float(i64::try_from(results)?));
    bounds.promise("bytes a result: a day as the daemon writes it, with its closings", grown / results, MOST);
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "for people to read")]
fn float(number: i64) -> f64 {
    number as f64
}
