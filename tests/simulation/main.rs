//! A simulated month from one seed: the real sweeper, store, policy and mailroom against a fake Domo and a
//! fake SMTP server, on a clock that stands still until nothing moves. The world breaks, heals, flaps, moves
//! and vanishes; networks, mail servers, clocks and the process itself fail. An independent model says what
//! is true and which mails are due, and both are compared after every sweep.
//!
//! `cargo test --test simulation` runs 100 seeds, `tests/run` 200. `SIMULATION_SEEDS=5000 cargo test --release --test
//! simulation` runs more of them, `SIMULATION_SEED=42` replays one, with what happened on stderr.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod checks;
mod clock;
mod model;
mod month;
mod process;
mod world;

use std::sync::atomic::{AtomicU64, Ordering};

/// As many seeds as a desk runs each time.
const SEEDS: u64 = 100;

#[expect(clippy::disallowed_methods, reason = "a test reads its own options")]
fn option(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// What came of many months.
#[derive(Default)]
struct Years {
    failed: Vec<u64>,
    lived: month::Lived,
}

impl Years {
    fn add(&mut self, lived: month::Lived) {
        self.lived.sweeps += lived.sweeps;
        self.lived.kills += lived.kills;
        self.lived.mails += lived.mails;
        self.lived.repeats += lived.repeats;
    }

    fn merge(mut self, other: Self) -> Self {
        self.failed.extend(other.failed);
        self.add(other.lived);
        self
    }
}

/// Lives one seed after the other until none is left.
fn work(next: &AtomicU64, seeds: u64) -> Years {
    let mut years = Years::default();
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= seeds {
            return years;
        }
        match std::panic::catch_unwind(|| month::run(seed, false)) {
            Ok(lived) => years.add(lived),
            Err(_told) => years.failed.push(seed),
        }
    }
}

#[test]
fn no_month_invents_a_breakage_or_loses_a_mail() {
    if let Some(seed) = option("SIMULATION_SEED") {
        month::run(seed, true);
        return;
    }
    let seeds = option("SIMULATION_SEEDS").unwrap_or(SEEDS);
    let next = AtomicU64::new(0);
    // A month waits for the kernel now and then: others go on meanwhile.
    let workers = 3 * std::thread::available_parallelism().map_or(2, usize::from);
    let years = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(|| work(&next, seeds))).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).fold(Years::default(), Years::merge)
    });
    eprintln!("{seeds} months: {:?}", years.lived);
    let failed = years.failed;
    assert!(failed.is_empty(), "seeds that failed: {failed:?}; replay one with SIMULATION_SEED={}", failed[0]);
}
