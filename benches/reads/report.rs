//! The table. Owns how what was measured is put, and the limit that it is held against.

use std::time::Duration;

use super::house::Daemon;
use super::load::Taken;

/// Within this every address is to answer, at the 99th percentile.
const LIMIT: Duration = Duration::from_millis(50);

/// A scrape is to take less: it comes every few seconds, for good.
const SCRAPE_LIMIT: Duration = Duration::from_millis(10);

/// One kind of address in the table.
pub(crate) struct Row {
    name: String,
    figures: Figures,
    /// Processor time of the daemon for all answers, in seconds.
    spent: f64,
}

/// What was measured of one kind of address.
#[derive(Debug)]
pub(crate) struct Figures {
    /// How long half of all answers took at most, all but one in a hundred, and the slowest.
    pub(crate) times: [Duration; 3],
    /// How many answers there were.
    pub(crate) answers: usize,
    /// The bytes of all of them.
    pub(crate) bytes: usize,
    /// What was answered with another status than 200, in words.
    pub(crate) refused: Option<String>,
    /// How long all of it took.
    pub(crate) lasted: Duration,
}

impl Figures {
    /// Exact, out of every single time.
    pub(crate) fn of(taken: Taken) -> Self {
        let Taken { times, refused, bytes, lasted } = taken;
        let at = |percent: usize| {
            let place = (times.len() * percent).div_ceil(100);
            times.get(place.saturating_sub(1)).copied().unwrap_or_default()
        };
        let refused = refused.map(|(times, status)| format!("HTTP {status}, {times} times"));
        Self { times: [at(50), at(99), at(100)], answers: times.len(), bytes, refused, lasted }
    }
}

/// What stands above the table.
pub(crate) fn begin(daemon: &Daemon, idle: f64, connections: usize) {
    println!("listening {:.0} ms after the start, with the database open", millis(daemon.started_in));
    println!("the sweep alone keeps the daemon busy for {:.0} % of one core", idle * 100.0);
    println!("{connections} connections, each of which asks again as soon as it has its answer\n");
    println!(
        "| {:24} | {:>8} | {:>8} | {:>8} | {:>8} | {:>6} | {:>8} | {:>7} |",
        "address", "p50 ms", "p99 ms", "max ms", "of limit", "req/s", "CPU ms", "KiB"
    );
    println!(
        "| {:-<24} | {:->7}: | {:->7}: | {:->7}: | {:->7}: | {:->5}: | {:->7}: | {:->6}: |",
        "", "", "", "", "", "", "", ""
    );
}

/// What stands below it.
pub(crate) async fn end(daemon: &Daemon) -> anyhow::Result<()> {
    println!("\nsweeps that ended meanwhile: {}", daemon.sweeps_ended().await?.saturating_sub(1));
    println!("peak memory of the daemon: {} MiB", daemon.peak_memory_kib()? / 1024);
    Ok(())
}

impl Row {
    pub(crate) fn of(name: &str, figures: Figures, spent: f64) -> Self {
        Self { name: name.to_owned(), figures, spent }
    }

    /// Whether it answered, and in time.
    pub(crate) fn holds(&self) -> bool {
        self.figures.refused.is_none() && self.figures.times[1] <= self.limit()
    }

    fn limit(&self) -> Duration {
        if self.name == "/metrics" { SCRAPE_LIMIT } else { LIMIT }
    }

    pub(crate) fn print(&self) {
        #[expect(clippy::cast_precision_loss, reason = "for people to read")]
        let (count, bytes) = (self.figures.answers.max(1) as f64, self.figures.bytes as f64);
        let [p50, p99, longest] = self.figures.times;
        println!(
            "| {:24} | {:8.1} | {:8.1} | {:8.1} | {:8.2} | {:6.0} | {:8.2} | {:7.1} |{}",
            self.name,
            millis(p50),
            millis(p99),
            millis(longest),
            millis(p99) / millis(self.limit()),
            count / self.figures.lasted.as_secs_f64(),
            self.spent * 1_000.0 / count,
            bytes / count / 1_024.0,
            self.figures.refused.as_deref().map(|refused| format!(" {refused}")).unwrap_or_default(),
        );
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
