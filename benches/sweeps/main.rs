//! `cargo bench --bench sweeps`: what whole sweeps cost, in time, processor time and memory, beside what others spend on
//! the same renders. Owns the arguments, the order of things and the verdict. [`fake`] is the fake Domo, a process of its
//! own on a core of its own; [`house`] runs the real binary against it on another; [`time`], [`processor`], [`rivals`] and
//! [`memory`] are what is measured; [`report`] prints it beside the bound that it is to keep, and [`ends`] reckons from it
//! where one machine ends.
//!
//! A new measurement is a [`Section`], an arm in [`Bench::measure`], and a row in `docs/performance.md`.
//!
//! It measures, and so it waits and reads the clock in real time; what it says of a machine holds for that machine.
#![expect(clippy::disallowed_methods, reason = "a bench measures real time, beside a process of its own")]

mod daemon;
mod ends;
mod fake;
mod house;
mod memory;
#[path = "../support/process.rs"]
mod process;
mod processor;
mod report;
mod rivals;
#[path = "../support/run.rs"]
mod run;
mod time;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, ValueEnum};
use tempfile::TempDir;
use tokio::runtime::Builder;

use ends::Costs;
use report::Report;

/// Sweep a fake Domo with the real binary, and hold what that costs against its bounds.
#[derive(Debug, Parser)]
#[command(name = "sweeps", max_term_width = 100)]
struct Options {
    /// Measure only this; may be given several times
    #[arg(long, value_name = "WHAT")]
    only: Vec<Section>,
    /// Cards that render; what is measured at other sizes is measured at a multiple or a part of this. The bounds are
    /// those of 10,000
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    cards: usize,
    /// Processor time is the median of so many sweeps
    #[arg(long, default_value_t = 3, value_name = "N")]
    repeat: usize,
    /// Sweeps of one daemon, over which its memory is to stay flat
    #[arg(long, default_value_t = 1_000, value_name = "N")]
    sweeps: usize,
    /// The processor's core that is measured
    #[arg(long, default_value_t = 0, value_name = "N")]
    core: usize,
    /// The core of the fake Domo
    #[arg(long, default_value_t = 1, value_name = "N")]
    fake_core: usize,
    /// Where databases and other files are made; else in a folder that goes away
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Be the fake Domo, and tell in this file where it is
    #[arg(long, hide = true)]
    serve: Option<PathBuf>,
    /// How long a render of the fake Domo takes
    #[arg(long, hide = true, default_value_t = 0)]
    latency_ms: u64,
    /// What `cargo bench` says; without it nothing is done, so that no run of the tests measures
    #[arg(long, hide = true)]
    bench: bool,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Section {
    /// Wall time where Domo's answers are what is waited for
    Latency,
    /// One render that takes 20 s, and how the others fare
    Slowest,
    /// Processor time where Domo answers at once
    Processor,
    /// The same calls by a script of asyncio and aiohttp, which saves nothing
    Python,
    /// The same renders by Prometheus with its blackbox exporter
    Blackbox,
    /// Instructions, counted by callgrind
    Instructions,
    /// The most memory that a sweep and a daemon hold
    Memory,
    /// Memory of a daemon over many sweeps
    Many,
}

/// The bench as it goes on.
struct Bench<'o> {
    options: &'o Options,
    folder: &'o Path,
    report: Report,
    /// What a render costs, once it is known.
    own_cost: Option<processor::Own>,
    costs: Costs,
}

fn main() -> ExitCode {
    let options = Options::parse();
    run::bench("sweeps", options.bench || options.serve.is_some(), || match &options.serve {
        Some(place) => fake::serve(place, options.cards, options.latency_ms).map(|()| true),
        None => start(&options),
    })
}

/// Whether every bound was kept.
fn start(options: &Options) -> anyhow::Result<bool> {
    let goes_away = if options.folder.is_none() { Some(tempfile::tempdir()?) } else { None };
    let folder = options.folder.as_deref().or(goes_away.as_ref().map(TempDir::path)).context("a folder")?;
    std::fs::create_dir_all(folder)?;
    // Lest the bench itself be on the core that it measures.
    let runtime = run::runtime(&mut Builder::new_current_thread())?;
    let mut bench = Bench { options, folder, report: Report::begin(options)?, own_cost: None, costs: Costs::default() };
    let chosen = if options.only.is_empty() { Section::value_variants() } else { &options.only };
    for section in chosen {
        let measured = runtime.block_on(bench.measure(*section));
        measured.with_context(|| format!("{section:?}").to_lowercase())?;
    }
    bench.costs.print();
    Ok(bench.report.holds())
}

impl Bench<'_> {
    async fn measure(&mut self, section: Section) -> anyhow::Result<()> {
        match section {
            Section::Latency => time::latency(self).await,
            Section::Slowest => time::slowest(self).await,
            Section::Processor => processor::sweeps(self).await,
            Section::Python => rivals::python(self).await,
            Section::Blackbox => rivals::blackbox(self).await,
            Section::Instructions => processor::instructions(self).await,
            Section::Memory => memory::peak(self).await,
            Section::Many => memory::many(self).await,
        }
    }
}
