//! Memory. Owns the most that one sweep and the daemon hold, and whether a daemon's stays flat over many sweeps.

use std::time::Duration;

use anyhow::ensure;

use super::Bench;
use super::daemon::Daemon;
use super::fake::Fake;
use super::house::House;
use super::processor::{CONCURRENCY, per, start};
use super::report::{grouped, label};

/// The most memory of a sweep, in MB, by how many times the usual cards it has.
const MOST: [(usize, f64); 2] = [(1, 40.0), (10, 120.0)];

const MB: f64 = 1e6;

/// So many instances share one daemon, so that many sweeps take little time.
const INSTANCES: usize = 10;

/// Memory is flat where it is no more above what it was than this part of it …
const RISE: f64 = 0.05;

/// … or this, in bytes.
const LEAST_RISE: f64 = 2.0 * MB;

pub(crate) async fn peak(bench: &mut Bench<'_>) -> anyhow::Result<()> {
    let mut daemons = Vec::new();
    for (times, most) in MOST {
        let cards = bench.options.cards * times;
        let (fake, house) = start(bench, cards).await?;
        let swept = house.sweep()?;
        bench.report.bounded(&label(cards, "in 'cardwatch sweep': peak MB"), swept.peak / MB, most);
        let mut daemon = Daemon::start(&house)?;
        daemon.first_sweep().await?;
        let peak = daemon.process.peak()?;
        bench.report.bounded(&label(cards, "in 'cardwatch run', first sweep: peak MB"), peak / MB, most);
        daemons.push((fake.cards.len(), peak));
    }
    if let [(few, less), (many, more)] = daemons.as_slice() {
        let card = (more - less) * per(many - few);
        bench.costs.memory = Some((less - card / per(*few), card));
    }
    Ok(())
}

pub(crate) async fn many(bench: &mut Bench<'_>) -> anyhow::Result<()> {
    let (sweeps, cards) = (bench.options.sweeps, bench.options.cards / 20);
    let fake = Fake::start(bench.options.fake_core, bench.folder, cards, Duration::ZERO).await?;
    let house = House::build(bench.folder, bench.options.core, &fake, CONCURRENCY, (INSTANCES, "* * * * * *"))?;
    let mut daemon = Daemon::start(&house)?;
    // The mean of what was resident in each tenth of the sweeps.
    let mut tenths = [Mean::default(); 10];
    let mut ended = 0;
    while ended < sweeps {
        let now = daemon.sweeps().await?;
        if let Some(mean) = tenths.get_mut(ended * 10 / sweeps) {
            mean.add(daemon.process.resident()?);
        }
        if now / 100 > ended / 100 {
            eprintln!("{now} sweeps: {:.1} MB resident", daemon.process.resident()? / MB);
        }
        ended = now;
    }
    let means: Vec<f64> = tenths.iter().filter_map(Mean::value).collect();
    ensure!(means.len() == tenths.len(), "too few sweeps to compare");
    let [Some(first), Some(last)] = [means.get(1), means.last()].map(Option::<&f64>::copied) else { return Ok(()) };
    let bound = first + LEAST_RISE.max(first * RISE);
    bench
        .report
        .told(&format!("{} sweeps of {cards} cards in one daemon: MB after a tenth", grouped(&sweeps)), first / MB);
    bench.report.bounded("the same at the end: MB", last / MB, bound / MB);
    Ok(())
}

/// A mean in the making.
#[derive(Debug, Clone, Copy, Default)]
struct Mean {
    sum: f64,
    count: u32,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1;
    }

    fn value(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / f64::from(self.count))
    }
}
