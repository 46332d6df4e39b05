//! Processor time. Owns what a render costs where Domo answers at once, all of the sweep shared out among its renders:
//! start, sign-in, lists, renders, saving and the end.

use std::time::Duration;

use anyhow::{Context as _, ensure};

use super::Bench;
use super::fake::Fake;
use super::house::{Cost, House};
use super::report::{label, median};

/// How many are asked for at once, here and by those that are measured beside.
pub(crate) const CONCURRENCY: usize = 64;

/// Sweeps of as many cards are counted by instruction, as parts of what is swept elsewhere: the difference leaves out what
/// every sweep costs.
const COUNTED: [usize; 2] = [20, 4];

pub(crate) async fn sweeps(bench: &mut Bench<'_>) -> anyhow::Result<()> {
    let cards = bench.options.cards * 2;
    let (fake, house) = start(bench, cards).await?;
    let (mut first, mut later) = (Vec::new(), Vec::new());
    let before = fake.processor_time()?;
    for _ in 0..bench.options.repeat.max(1) {
        house.empty();
        first.push(house.sweep()?);
        later.push(house.sweep()?);
    }
    let each = per(fake.cards.len());
    let of_fake = (fake.processor_time()? - before) * each * 1e3 * per(first.len() + later.len());
    let costs = |of: &[Cost], what: fn(&Cost) -> f64| -> anyhow::Result<f64> {
        let mut of = of.iter();
        Ok(median(of.len(), || of.next().map(what).context("a sweep"))? * each)
    };
    let (own, again) = (costs(&first, |cost| cost.processor)? * 1e3, costs(&later, |cost| cost.processor)? * 1e3);
    bench.own_cost = Some(Own { first: own, further: again });
    bench.costs.render = Some(again);
    bench.report.told(&label(cards, "at no latency, 64 at once: CPU ms a render"), own);
    bench.report.told("of it in the kernel: CPU ms a render", costs(&first, |cost| cost.system)? * 1e3);
    bench.report.told("the same once more into the same database: CPU ms a render", again);
    bench.report.told("what the fake took meanwhile, on its own core: CPU ms a render", of_fake);
    bench.report.told("renders a second, start and end included", 1.0 / costs(&first, |cost| cost.wall.as_secs_f64())?);
    Ok(())
}

/// Processor time of a render, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Own {
    /// In a sweep that begins with an empty database, and writes down each card and page with its titles and owners.
    pub(crate) first: f64,
    /// In any other.
    pub(crate) further: f64,
}

/// What a render costs; it is measured where it was not yet.
pub(crate) async fn own_cost(bench: &mut Bench<'_>) -> anyhow::Result<Own> {
    if bench.own_cost.is_none() {
        sweeps(bench).await?;
    }
    bench.own_cost.context("what a render costs")
}

/// A fake that answers at once, and a house of one instance.
pub(crate) async fn start(bench: &Bench<'_>, cards: usize) -> anyhow::Result<(Fake, House)> {
    let fake = Fake::start(bench.options.fake_core, bench.folder, cards, Duration::ZERO).await?;
    let house = House::build(bench.folder, bench.options.core, &fake, CONCURRENCY, (1, "@yearly"))?;
    Ok((fake, house))
}

pub(crate) async fn instructions(bench: &mut Bench<'_>) -> anyhow::Result<()> {
    let mut counted = Vec::new();
    for part in COUNTED {
        let (fake, house) = start(bench, (bench.options.cards / part).max(1)).await?;
        counted.push((fake.cards.len(), count(bench, &house)?));
    }
    let [(few, less), (many, more)] = counted.as_slice() else { return Ok(()) };
    let each = (more - less) * per(many - few);
    bench.report.told("instructions in user space a render, by callgrind", each);
    bench.report.told(&label(*few, "and all else: instructions in user space, by callgrind"), *less);
    Ok(())
}

/// The instructions of a sweep into an empty database.
fn count(bench: &Bench<'_>, house: &House) -> anyhow::Result<f64> {
    let told = bench.folder.join("callgrind");
    let out = bench.folder.join("callgrind.out");
    let mut arguments = ["valgrind", "--tool=callgrind"].map(str::to_owned).to_vec();
    arguments.push(format!("--callgrind-out-file={}", out.display()));
    arguments.push(format!("--log-file={}", told.display()));
    arguments.extend(house.sweep_arguments());
    house.empty();
    let ended = house.run(&arguments)?;
    ensure!(ended.code == 0, "a sweep under valgrind ended with {}: see {}", ended.code, house.log().display());
    let told = std::fs::read_to_string(told)?;
    let line = told.lines().find_map(|line| line.split_once("Collected :")).context("what callgrind collected")?;
    line.1.trim().parse().context("a number of instructions")
}

/// The part that falls to each of so many.
#[expect(clippy::cast_precision_loss, reason = "a count of cards")]
pub(crate) fn per(count: usize) -> f64 {
    1.0 / count.max(1) as f64
}
