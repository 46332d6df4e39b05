//! `cargo bench --bench limits`: how close `concurrency = "auto"` comes to what a Domo bears whose limit is known, and
//! whether twenty instances in one daemon starve one another. Owns the arguments, the order of things and the verdict;
//! [`servers`] are the limits, [`house`] is a fake Domo with a cardwatch beside it, [`twenty`] is twenty of them.
//!
//! It measures, and so it waits and reads the clock in real time; what it says of a machine holds for that machine.
#![expect(clippy::disallowed_methods, reason = "a bench measures real time, beside a process of its own")]

mod house;
#[path = "../support/run.rs"]
mod run;
mod servers;
mod twenty;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tokio::runtime::Builder;

use house::{House, Reached};
use servers::Server;

/// So much of what the server bears is to be reached.
const LEAST: f64 = 0.9;

/// So many of the calls are to be refused, and no more.
const MOST_REFUSED: f64 = 0.01;

/// The slowest of equal instances may take so much longer than the fastest.
const MOST_UNEVEN: f64 = 2.0;

/// Let cardwatch find out what servers bear, and compare with eight renders at a time.
#[derive(Debug, Parser)]
#[command(name = "limits", max_term_width = 100)]
struct Options {
    /// How long each limit is looked for before it counts
    #[arg(long, default_value_t = 90)]
    find_seconds: u64,
    /// How long each server is measured: what was refused is tried again every 40 seconds
    #[arg(long, default_value_t = 80)]
    seconds: u64,
    /// How long twenty instances are swept
    #[arg(long, default_value_t = 30)]
    twenty_seconds: u64,
    /// Only the servers whose name contains this, or "twenty"
    #[arg(long)]
    only: Option<String>,
    /// What `cargo bench` says; without it nothing is done, so that no run of the tests measures
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    run::bench("limits", options.bench, || run::runtime(&mut Builder::new_multi_thread())?.block_on(bench(&options)))
}

/// Whether every limit was found, and nobody starved.
async fn bench(options: &Options) -> anyhow::Result<bool> {
    let wanted = |name: &str| options.only.as_ref().is_none_or(|only| name.contains(only.as_str()));
    let mut well = true;
    println!(
        "| {:44} | {:>9} | {:>6} | {:>9} | {:>9} | {:>9} | {:>7} | {:>9} |",
        "server", "renders/s", "auto %", "refused %", "at first %", "in flight", "8: %", "refused %"
    );
    println!(
        "| {:-<44} | {:->8}: | {:->5}: | {:->8}: | {:->9}: | {:->8}: | {:->6}: | {:->8}: |",
        "", "", "", "", "", "", "", ""
    );
    for server in servers::all().iter().filter(|server| wanted(&server.name)) {
        well &= measure(options, server).await?;
    }
    if wanted("twenty") {
        well &= twenty::measure(Duration::from_secs(options.twenty_seconds)).await? <= MOST_UNEVEN;
    }
    Ok(well)
}

/// Prints a line; whether it says what was promised.
async fn measure(options: &Options, server: &Server) -> anyhow::Result<bool> {
    let (find, time) = (Duration::from_secs(options.find_seconds), Duration::from_secs(options.seconds));
    let house = House::build(server, find + time).await?;
    let (first, auto) = house.sweep("\"auto\"", find, time).await?;
    // Nothing is to be found out with a number that is set.
    let (_, eight) = house.sweep("8", time / 12, time / 4).await?;
    let share = |reached: &Reached| reached.answered / server.capacity() * 100.0;
    println!(
        "| {:44} | {:9.0} | {:6.1} | {:9.2} | {:10.1} | {:9} | {:7.1} | {:9.2} |",
        server.name,
        server.capacity(),
        share(&auto),
        auto.refused * 100.0,
        share(&first),
        auto.in_flight,
        share(&eight),
        eight.refused * 100.0,
    );
    Ok(share(&auto) >= LEAST * 100.0 && auto.refused < MOST_REFUSED)
}
