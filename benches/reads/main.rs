//! `cargo bench --bench reads`: how fast a daemon answers that sweeps, on a database with a long past. Owns the
//! arguments, the order of things and the verdict; [`house`] is the fake Domo and the daemon beside it, [`past`] fills
//! the database, [`addresses`] is what is asked for, [`load`] asks and takes the time, or has
//! [`wrk`] do so, [`report`] prints.
//!
//! It measures, and so it waits and reads the clock in real time; what it says of a machine holds for that machine.
#![expect(clippy::disallowed_methods, reason = "a bench measures real time, beside a process of its own")]

mod addresses;
mod house;
mod load;
mod past;
#[path = "../support/process.rs"]
mod process;
mod report;
#[path = "../support/run.rs"]
mod run;
mod wrk;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tokio::runtime::Builder;

use addresses::Address;
use house::House;
use report::{Figures, Row};

/// Fill a database with a long past, let the daemon sweep, and measure how long its addresses take to answer.
#[derive(Debug, Parser)]
#[command(name = "reads", max_term_width = 100)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line, each for itself")]
struct Options {
    /// Cards that render or do not; one page for every five of them, eight in a hundred are broken
    #[arg(long, default_value_t = 10_000)]
    cards: usize,
    /// Sweeps of the past, one every 15 minutes
    #[arg(long, default_value_t = 2_976)]
    sweeps: u32,
    /// Where the database is made, or is found if it was made with the same numbers before; else in a folder that
    /// goes away
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Connections that ask at the same time
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// How long each address is asked
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// How long all addresses are asked in turn, at the end; several sweeps end meanwhile
    #[arg(long, default_value_t = 120)]
    mixed_seconds: u64,
    /// Ask only the addresses whose name contains this
    #[arg(long)]
    only: Option<String>,
    /// Have wrk ask, which has to be installed, instead of the client that is built in
    #[arg(long)]
    wrk: bool,
    /// Measure nothing: say how to ask by hand, and let the daemon sweep until Ctrl-C
    #[arg(long)]
    by_hand: bool,
    /// Fill the database and measure nothing
    #[arg(long)]
    fill_only: bool,
    /// What `cargo bench` says; without it nothing is done, so that no run of the tests measures
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    run::bench("reads", options.bench, || run::runtime(&mut Builder::new_multi_thread())?.block_on(bench(&options)))
}

/// Whether every address answered in time.
async fn bench(options: &Options) -> anyhow::Result<bool> {
    let house = House::build(options.folder.as_deref(), options.cards, options.sweeps).await?;
    if house.is_empty() {
        house.first_sweep()?;
        past::fill(house.database(), options.sweeps).await?;
    }
    if options.fill_only {
        return Ok(true);
    }
    let daemon = house.daemon().await?;
    daemon.sweep_once(&house).await?;
    let addresses = addresses::of(house.domo(), options.only.as_deref());
    if options.by_hand {
        wrk::say_how(daemon.address(), &addresses, options.connections);
        tokio::signal::ctrl_c().await?;
        return Ok(true);
    }
    let idle = daemon.load_of_sweep(Duration::from_secs(5)).await?;
    report::begin(&daemon, idle, options.connections);
    let mut rows = Vec::new();
    for address in &addresses {
        rows.push(measure(options, &daemon, address, options.seconds, idle).await?);
    }
    rows.push(measure(options, &daemon, &addresses::all_in_turn(&addresses), options.mixed_seconds, idle).await?);
    report::end(&daemon).await?;
    Ok(rows.iter().all(Row::holds))
}

async fn measure(
    options: &Options,
    daemon: &house::Daemon,
    address: &Address,
    seconds: u64,
    idle: f64,
) -> anyhow::Result<Row> {
    let (time, before) = (Duration::from_secs(seconds), daemon.processor_time()?);
    let taken = if options.wrk {
        wrk::ask(daemon.address(), address, options.connections, time).await?
    } else {
        Figures::of(load::ask(daemon.address(), address, options.connections, time).await?)
    };
    let spent = (daemon.processor_time()? - before) - idle * taken.lasted.as_secs_f64();
    let row = Row::of(&address.name, taken, spent);
    row.print();
    Ok(row)
}
