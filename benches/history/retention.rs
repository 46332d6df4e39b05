//! How long forgetting a day holds up anybody: a sweep that saves what it finds, a scrape, and the steps themselves. It
//! is done in this process with the daemon's own parts, each of which is timed where it is called; the month's database
//! is copied for it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use cardwatch::daemon::clock::SystemClock;
use cardwatch::daemon::housekeeping::BETWEEN_STEPS;
use cardwatch::domain::Timestamp;
use cardwatch::http::live::LiveBoard;
use cardwatch::http::{self, Board, Kept, Settings};
use cardwatch::store::{ExportFilter, Store};
use chrono::{TimeDelta, Utc};
use futures::stream::TryStreamExt as _;
use prometheus::Registry;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::addresses::Address;
use super::bounds::Bounds;
use super::house::House;
use super::load::{self, Taken};
use super::millis;
use super::writer::{CHUNK, Writer};

/// Milliseconds that nobody may be held up for longer.
const MOST: f64 = 50.0;

/// How long it is measured what is usual, and how long somebody reads who keeps the log from being folded up.
const A_WHILE: Duration = Duration::from_secs(10);

/// Between two parts of a sweep: some 2,000 results a second, ten times what a sweep brings.
const PAUSE: Duration = Duration::from_millis(250);

pub(crate) async fn measure(house: &House, scratch: &TempDir, bounds: &mut Bounds) -> anyhow::Result<()> {
    let database = copy(house.database(), scratch.path()).await?;
    let oldest = oldest(&database).await?;
    let store = Store::open(&database).await?;
    let scraped = serve(&store).await?;
    let usual = meanwhile(&store, &scraped, tokio::time::sleep(A_WHILE)).await?;
    let steps = meanwhile(&store, &scraped, forget(store.clone(), oldest + TimeDelta::days(1))).await?;
    let read = meanwhile(&store, &scraped, read_long(store.clone(), oldest + TimeDelta::days(2))).await?;
    let log = fs::metadata(database.with_extension("db-wal"))?.len();
    let after = meanwhile(&store, &scraped, tokio::time::sleep(A_WHILE)).await?;
    store.close().await;
    let forgot = steps.done?;
    Bounds::note("steps that forgot a day of the month", float(forgot.steps));
    Bounds::note("results that went, in thousands", float(forgot.rows) / 1e3);
    Bounds::note("ms that saving 512 results takes at most where nothing is forgotten", millis(usual.longest_append));
    Bounds::note("ms that the disk takes at most to keep 4 KiB where nothing is forgotten", millis(usual.longest_sync));
    Bounds::note("ms that a scrape takes at most where nothing is forgotten", millis(usual.longest_scrape));
    Bounds::note("ms that the disk takes at most to keep 4 KiB while a day is forgotten", millis(steps.longest_sync));
    bounds.promise("ms that one step of forgetting takes at most", millis(forgot.longest), MOST);
    bounds.promise("ms that saving 512 results takes at most meanwhile", millis(steps.longest_append), MOST);
    bounds.promise("ms that a scrape takes at most meanwhile", millis(steps.longest_scrape), MOST);
    Bounds::note("MB of the log behind a reader of 10 s, while results come and go", float(log) / 1e6);
    read.done?;
    let sync = read.longest_sync.max(after.longest_sync);
    Bounds::note("ms that the disk takes at most to keep 4 KiB, then and after it", millis(sync));
    let append = read.longest_append.max(after.longest_append);
    bounds.promise("ms that saving 512 results takes at most, then and after it", millis(append), MOST);
    let scrape = read.longest_scrape.max(after.longest_scrape);
    bounds.promise("ms that a scrape takes at most, then and after it", millis(scrape), MOST);
    Ok(())
}

/// The database, folded up, for this alone.
async fn copy(database: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    Store::open(database).await?.close().await;
    let copy = folder.join("forgetting.db");
    fs::copy(database, &copy)?;
    // Else the first who waits for the disk waits for all of it.
    fs::File::open(&copy)?.sync_all()?;
    Ok(copy)
}

/// When the oldest sweep with results began.
async fn oldest(database: &Path) -> anyhow::Result<Timestamp> {
    let mut connection = SqliteConnectOptions::new().filename(database).connect().await?;
    let oldest = "SELECT started_at FROM sweep WHERE sweep_id = (SELECT min(sweep_id) FROM render_result)";
    let oldest: i64 = sqlx::query_scalar(oldest).fetch_one(&mut connection).await?;
    connection.close().await?;
    Timestamp::from_timestamp_millis(oldest).context("an instant")
}

/// Answers scrapes of what is true now; gives where.
async fn serve(store: &Store) -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    let snapshot = Arc::new(store.snapshot(&"acme".parse()?).await?);
    let settings = Settings {
        stale_after: Duration::from_hours(24 * 365),
        max_broken_card_series: 500,
        basic_auth: None,
        public_without_auth: false,
        instances: BTreeMap::new(),
    };
    let board = Board {
        registry: Registry::new(),
        snapshot: watch::channel(vec![snapshot]).1,
        kept: Kept::default(),
        live: LiveBoard::default(),
        store: store.clone(),
        clock: Arc::new(SystemClock::start()),
        settings: watch::channel(settings).1,
        readiness: Arc::new(|| Ok(())),
    };
    tokio::spawn(http::serve(listener, board, std::future::pending()));
    Ok(address)
}

/// What was done, and how long others were held up, the disk's own time among it.
struct Meanwhile<T> {
    done: T,
    longest_sync: Duration,
    longest_append: Duration,
    longest_scrape: Duration,
}

/// Does something while a sweep saves results and one client scrapes.
async fn meanwhile<T>(store: &Store, scraped: &str, doing: impl Future<Output = T>) -> anyhow::Result<Meanwhile<T>> {
    let over = Arc::new(AtomicBool::new(false));
    let syncing = tokio::spawn(sync(store.path().with_extension("sync"), Arc::clone(&over)));
    let sweeping = tokio::spawn(sweep(store.clone(), Arc::clone(&over)));
    let scraping = tokio::spawn(scrape(scraped.to_owned(), Arc::clone(&over)));
    let done = doing.await;
    over.store(true, Ordering::Relaxed);
    let (longest_append, longest_scrape) = (sweeping.await??, scraping.await??);
    Ok(Meanwhile { done, longest_sync: syncing.await??, longest_append, longest_scrape })
}

/// Sweeps until it is over; how long one saving took at most.
async fn sweep(store: Store, over: Arc<AtomicBool>) -> anyhow::Result<Duration> {
    let mut writer = Writer::of_remembered(store).await?;
    let mut longest = Duration::ZERO;
    while !over.load(Ordering::Relaxed) {
        let (mut sweep, _, found) = writer.begin(Utc::now()).await?;
        for chunk in found.chunks(CHUNK) {
            let began = Instant::now();
            writer.store.append_results(&mut sweep, chunk).await?;
            longest = longest.max(began.elapsed());
            tokio::time::sleep(PAUSE).await;
            if over.load(Ordering::Relaxed) {
                break;
            }
        }
        writer.store.interrupt_sweep(sweep, "measured", Utc::now()).await?;
    }
    Ok(longest)
}

/// Writes 4 KiB and has the disk keep them, until it is over; how long that took at most. Whoever saves waits for at
/// least that, whatever the database does.
async fn sync(path: PathBuf, over: Arc<AtomicBool>) -> anyhow::Result<Duration> {
    let mut longest = Duration::ZERO;
    while !over.load(Ordering::Relaxed) {
        let path = path.clone();
        let took = tokio::task::spawn_blocking(move || -> std::io::Result<Duration> {
            let began = Instant::now();
            let mut file = fs::File::create(path)?;
            file.write_all(&[0; 4096])?;
            file.sync_data()?;
            Ok(began.elapsed())
        });
        longest = longest.max(took.await??);
        tokio::time::sleep(PAUSE).await;
    }
    Ok(longest)
}

/// Scrapes until it is over; how long one took at most.
async fn scrape(host: String, over: Arc<AtomicBool>) -> anyhow::Result<Duration> {
    let address = Address { name: "/metrics".to_owned(), paths: vec!["/metrics".to_owned()] };
    let mut longest = Duration::ZERO;
    while !over.load(Ordering::Relaxed) {
        let Taken { times, refused, .. } = load::ask(&host, &address, 1, PAUSE).await?;
        anyhow::ensure!(refused.is_none(), "a scrape was refused: {refused:?}");
        longest = longest.max(times.last().copied().unwrap_or_default());
        tokio::time::sleep(PAUSE).await;
    }
    Ok(longest)
}

/// What forgetting came to.
#[derive(Default)]
struct Forgot {
    steps: u64,
    rows: u64,
    longest: Duration,
}

/// Forgets as housekeeping does, step by step.
async fn forget(store: Store, before: Timestamp) -> anyhow::Result<Forgot> {
    let mut forgot = Forgot::default();
    loop {
        let began = Instant::now();
        let pruned = store.prune_step(before, Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH).await?;
        forgot.longest = forgot.longest.max(began.elapsed());
        forgot.rows += pruned.rows;
        if !pruned.more {
            return Ok(forgot);
        }
        forgot.steps += 1;
        tokio::time::sleep(BETWEEN_STEPS).await;
    }
}

/// Reads for a while, slowly, as an export into a slow pipe does, while some is forgotten: the log cannot be folded up.
async fn read_long(store: Store, before: Timestamp) -> anyhow::Result<()> {
    let reader = store.clone();
    let mut export = std::pin::pin!(reader.export(&ExportFilter::default()));
    let _first = export.try_next().await?;
    // What is not done by then is not waited for.
    let _in_part = tokio::time::timeout(A_WHILE, forget(store, before)).await;
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "for people to read")]
fn float(number: u64) -> f64 {
    number as f64
}
