//! `cargo bench --bench history`: a month of history in one file: how large it is, how long forgetting a part of it holds
//! anybody up, whether it stops growing, and how soon the daemon has it open. Owns the arguments, the order of things and
//! the verdict; [`size`], [`retention`], [`growth`] and [`start`] measure one promise each, [`writer`] sweeps for them,
//! [`bounds`] prints. The month's database is that of the bench `reads`, which is shared.
//!
//! It measures, and so it waits and reads the clock in real time; what it says of a machine holds for that machine.
#![expect(clippy::disallowed_methods, reason = "a bench measures real time, beside a process of its own")]

#[path = "../reads/addresses.rs"]
#[expect(dead_code, reason = "only scrapes are asked for here")]
mod addresses;
mod bounds;
mod growth;
#[path = "../reads/house.rs"]
#[expect(dead_code, reason = "the daemon is started here, and measured by the other bench")]
mod house;
#[path = "../reads/load.rs"]
mod load;
#[path = "../reads/past.rs"]
mod past;
#[path = "../support/process.rs"]
mod process;
mod retention;
#[path = "../support/run.rs"]
mod run;
mod size;
mod start;
mod writer;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use tempfile::TempDir;
use tokio::runtime::Builder;

use bounds::Bounds;
use house::House;

/// Fill a database with a month of history, and measure its size, its retention and its start.
#[derive(Debug, Parser)]
#[command(name = "history", max_term_width = 100)]
struct Options {
    /// Cards that render or do not, of the month's database
    #[arg(long, default_value_t = 10_000)]
    cards: usize,
    /// Sweeps of the past, one every 15 minutes, of the month's database
    #[arg(long, default_value_t = 2_976)]
    sweeps: u32,
    /// Where the month's database is made, or is found if `reads` or this made it with the same numbers before; else in
    /// a folder that goes away
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Measure this alone; may be given several times
    #[arg(long, value_enum)]
    only: Vec<Part>,
    /// What `cargo bench` says; without it nothing is done, so that no run of the tests measures
    #[arg(long, hide = true)]
    bench: bool,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// How many bytes a result takes.
    Size,
    /// How long forgetting holds up a sweep and a scrape.
    Retention,
    /// Whether the file stops growing.
    Growth,
    /// How soon the daemon listens.
    Start,
}

impl Options {
    fn measures(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    /// A folder that goes away, on the disk where the month's database is.
    fn scratch(&self) -> anyhow::Result<TempDir> {
        Ok(self.folder.as_ref().map_or_else(tempfile::tempdir, tempfile::tempdir_in)?)
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    run::bench("history", options.bench, || run::runtime(&mut Builder::new_multi_thread())?.block_on(bench(&options)))
}

/// Whether every bound holds.
async fn bench(options: &Options) -> anyhow::Result<bool> {
    let mut bounds = Bounds::begin();
    if options.measures(Part::Size) || options.measures(Part::Retention) || options.measures(Part::Start) {
        let house = House::build(options.folder.as_deref(), options.cards, options.sweeps).await?;
        if house.is_empty() {
            house.first_sweep()?;
            past::fill(house.database(), options.sweeps).await?;
        }
        if options.measures(Part::Size) {
            size::of_the_month(house.database(), &mut bounds).await?;
            size::as_swept(&options.scratch()?, options.cards, &mut bounds).await?;
        }
        if options.measures(Part::Start) {
            start::measure(&house, &mut bounds).await?;
        }
        if options.measures(Part::Retention) {
            retention::measure(&house, &options.scratch()?, &mut bounds).await?;
        }
    }
    if options.measures(Part::Growth) {
        growth::measure(&options.scratch()?, &mut bounds).await?;
    }
    Ok(bounds.hold())
}

fn millis(time: std::time::Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
