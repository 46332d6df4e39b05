//! Wall time. Owns what a sweep takes where Domo's answers are what it waits for, beside the least that any client could
//! take, and what one slow render does to the others.

use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::Bench;
use super::fake::Fake;
use super::house::House;
use super::report::{label, median};

/// How long each render takes.
const LATENCY: Duration = Duration::from_millis(50);

/// How many are asked for at once.
const CONCURRENCY: usize = 100;

/// A sweep may take so many times what it takes at least: cards / concurrency × latency.
const OVERHEAD: f64 = 1.10;

/// Ten times the cards may take so many times as long.
const GROWTH: f64 = 10.5;

/// How much longer the one slow card takes.
const SLOW: Duration = Duration::from_secs(20);

/// The others lose the slow card's place among those that are asked for at once, and the clock is read now and then.
const LOSS: f64 = 100.0 / 99.0 * 1.02;

/// So often the fake is asked how far it is.
const LOOK: Duration = Duration::from_millis(20);

pub(crate) async fn latency(bench: &mut Bench<'_>) -> anyhow::Result<()> {
    let cards = bench.options.cards;
    let small = {
        let (_fake, house) = start(bench, cards).await?;
        median(bench.options.repeat, || fresh_sweep(&house))?
    };
    bench.report.bounded(&label(cards, "at 50 ms, 100 at once: s"), small, ideal(cards) * OVERHEAD);
    let (_fake, house) = start(bench, cards * 10).await?;
    let large = fresh_sweep(&house)?;
    bench.report.bounded(&label(cards * 10, "at 50 ms, 100 at once: s"), large, small * GROWTH);
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a count of cards")]
fn ideal(cards: usize) -> f64 {
    (cards as f64 / CONCURRENCY as f64).ceil() * LATENCY.as_secs_f64()
}

async fn start(bench: &Bench<'_>, cards: usize) -> anyhow::Result<(Fake, House)> {
    let (core, folder) = (bench.options.core, bench.folder);
    let fake = Fake::start(bench.options.fake_core, folder, cards, LATENCY).await?;
    let house = House::build(folder, core, &fake, CONCURRENCY, (1, "@yearly"))?;
    Ok((fake, house))
}

/// How long a sweep into an empty database takes, in seconds.
fn fresh_sweep(house: &House) -> anyhow::Result<f64> {
    house.empty();
    Ok(house.sweep()?.wall.as_secs_f64())
}

pub(crate) async fn slowest(bench: &mut Bench<'_>) -> anyhow::Result<()> {
    let cards = bench.options.cards;
    let (usual, usual_whole) = {
        let (fake, house) = start(bench, cards).await?;
        until_rendered(&fake, &house, 0).await?
    };
    let (fake, house) = start(bench, cards).await?;
    // It is begun when half of the others are done.
    let slow = *fake.cards.get(fake.cards.len() / 2).context("a card")?;
    fake.slow_down(slow, SLOW).await?;
    let (others, whole) = until_rendered(&fake, &house, 1).await?;
    bench.report.told(&label(cards, "rendered, none of them slow, after: s"), usual);
    bench.report.bounded("the same while one of them takes 20 s longer, the others, after: s", others, usual * LOSS);
    let beyond = whole - SLOW.as_secs_f64();
    bench.report.bounded("what that sweep takes beyond those 20 s: s", beyond, usual_whole);
    Ok(())
}

/// Sweeps; gives after how many seconds all renders but so many had ended, and how long all of it took.
async fn until_rendered(fake: &Fake, house: &House, but: u64) -> anyhow::Result<(f64, f64)> {
    let (began, cards) = (Instant::now(), u64::try_from(fake.cards.len())?);
    house.empty();
    let sweeping = {
        let house = house.clone();
        tokio::task::spawn_blocking(move || house.sweep())
    };
    let mut rendered = None;
    while !sweeping.is_finished() {
        let renders = fake.renders().await?;
        if rendered.is_none() && renders.begun == cards && renders.in_flight <= but {
            rendered = Some(began.elapsed().as_secs_f64());
        }
        tokio::time::sleep(LOOK).await;
    }
    let whole = sweeping.await.context("the sweep")??.wall.as_secs_f64();
    Ok((rendered.unwrap_or(whole), whole))
}
