//! The table. Owns how what was measured is put, beside the bound that it is to keep, and whether all of them were kept.

use std::fs;
use std::process::Command;

use anyhow::Context as _;

use super::Options;
use super::house::CARDWATCH;

/// The rows so far.
pub(crate) struct Report {
    kept: bool,
}

impl Report {
    /// What stands above the table: the machine, the binary and its allocator.
    pub(crate) fn begin(options: &Options) -> anyhow::Result<Self> {
        println!("{}, {}", processor_name(), system_name());
        println!("core {} is measured, the fake Domo has core {}", options.core, options.fake_core);
        println!("allocator: {}\n", allocator()?);
        println!("| {:<72} | {:>10} | {:>10} | {:>8} |", "what", "figure", "bound", "of bound");
        println!("| {:-<72} | {:->9}: | {:->9}: | {:->7}: |", "", "", "", "");
        Ok(Self { kept: true })
    }

    /// Whether no figure is beyond its bound.
    pub(crate) fn holds(&self) -> bool {
        self.kept
    }

    /// A figure that has to be at most `bound`.
    pub(crate) fn bounded(&mut self, what: &str, figure: f64, bound: f64) {
        self.row(what, figure, Some(bound));
    }

    /// A figure of which nothing is promised.
    pub(crate) fn told(&mut self, what: &str, figure: f64) {
        self.row(what, figure, None);
    }

    fn row(&mut self, what: &str, figure: f64, bound: Option<f64>) {
        let share = bound.map(|bound| figure / bound);
        let kept = share.is_none_or(|share| share <= 1.0);
        self.kept &= kept;
        let (bound, share) = (bound.map(put).unwrap_or_default(), share.map(put).unwrap_or_default());
        println!(
            "| {what:<72} | {:>10} | {bound:>10} | {share:>8} |{}",
            put(figure),
            if kept { "" } else { " NOT KEPT" }
        );
    }
}

/// With four digits that say something, or all of a large one.
fn put(figure: f64) -> String {
    let decimals = match figure.abs() {
        1000.0.. => 0,
        100.0.. => 1,
        10.0.. => 2,
        1.0.. => 3,
        _ => 4,
    };
    format!("{figure:.decimals$}")
}

fn processor_name() -> String {
    let told = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let named = told.lines().find_map(|line| line.strip_prefix("model name"));
    let name = named.map_or("a processor", |name| name.trim_start_matches([' ', '\t', ':']));
    format!("{} cores of {name}", std::thread::available_parallelism().map_or(0, std::num::NonZero::get))
}

fn system_name() -> String {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let pretty = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")).unwrap_or("Linux");
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{}, Linux {}", pretty.trim_matches('"'), kernel.trim())
}

/// The allocator of the binary, by the words that it has for its troubles; without any it is the C library's.
fn allocator() -> anyhow::Result<String> {
    let binary = fs::read(CARDWATCH)?;
    let has = |words: &str| binary.windows(words.len()).any(|window| window == words.as_bytes());
    if has("mimalloc: ") {
        return Ok("mimalloc".to_owned());
    }
    if has("<jemalloc>") {
        return Ok("jemalloc".to_owned());
    }
    let said = Command::new("ldd").arg("--version").output()?;
    let said = String::from_utf8(said.stdout)?;
    Ok(format!("malloc of the C library ({})", said.lines().next().unwrap_or("unknown")))
}

/// '10,000 cards …'.
pub(crate) fn label(cards: usize, what: &str) -> String {
    format!("{} cards {what}", grouped(&cards))
}

/// '10,000'.
pub(crate) fn grouped(count: &impl ToString) -> String {
    let digits = count.to_string();
    digits.char_indices().fold(String::new(), |mut text, (place, digit)| {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
        text
    })
}

/// The middle one of so many measurements.
pub(crate) fn median(times: usize, mut measure: impl FnMut() -> anyhow::Result<f64>) -> anyhow::Result<f64> {
    let mut measured = (0..times.max(1)).map(|_| measure()).collect::<anyhow::Result<Vec<f64>>>()?;
    measured.sort_by(f64::total_cmp);
    measured.get(measured.len() / 2).copied().context("a measurement")
}
