//! The table. Owns how what was measured is put, and the limit that it is held against.

use std::time::Duration;

use super::house::Daemon;
use super::load::Taken;

/// Within this every address is to answer, at the 99th percentile.
const LIMIT: Duration = Duration::from_millis(50);

/// One kind of address in the table.
pub(crate) struct Row {
    name: String,
    taken: Taken,
    /// Processor time of the daemon for all answers, in seconds.
    spent: f64,
}

/// What stands above the table.
pub(crate) fn begin(daemon: &Daemon, idle: f64, connections: usize) {
    println!("listening {:.0} ms after the start, with the database open", millis(daemon.started_in));
    println!("the sweep alone keeps the daemon busy for {:.0} % of one core", idle * 100.0);
    println!("{connections} connections, each of which asks again as soon as it has its answer\n");
    println!(
        "| {:24} | {:>8} | {:>8} | {:>8} | {:>8} | {:>6} | {:>8} | {:>7} |",
        "address", "p50 ms", "p99 ms", "max ms", "p99 / 50", "req/s", "CPU ms", "KiB"
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
    pub(crate) fn of(name: &str, taken: Taken, spent: f64) -> Self {
        Self { name: name.to_owned(), taken, spent }
    }

    /// Whether it answered, and in time.
    pub(crate) fn holds(&self) -> bool {
        self.taken.refused.is_none() && self.at(0.99) <= LIMIT
    }

    /// So long took all answers but the slowest: exact, out of every single time.
    fn at(&self, share: f64) -> Duration {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a place in a list"
        )]
        let place = (self.taken.times.len() as f64 * share).ceil() as usize;
        self.taken.times.get(place.saturating_sub(1)).copied().unwrap_or_default()
    }

    pub(crate) fn print(&self) {
        #[expect(clippy::cast_precision_loss, reason = "for people to read")]
        let (count, bytes) = (self.taken.times.len().max(1) as f64, self.taken.bytes as f64);
        println!(
            "| {:24} | {:8.1} | {:8.1} | {:8.1} | {:8.2} | {:6.0} | {:8.2} | {:7.1} |{}",
            self.name,
            millis(self.at(0.5)),
            millis(self.at(0.99)),
            millis(self.at(1.0)),
            millis(self.at(0.99)) / millis(LIMIT),
            count / self.taken.lasted.as_secs_f64(),
            self.spent * 1_000.0 / count,
            bytes / count / 1_024.0,
            self.taken.refused.map(|(times, status)| format!(" HTTP {status}, {times} times")).unwrap_or_default(),
        );
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
