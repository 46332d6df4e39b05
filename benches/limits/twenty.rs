//! Twenty instances in one daemon: nineteen that are small and equal, and one that is large and slow and never done.
//! Owns what they are and how even their sweeps are.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use fake_domo::Domo;

use super::house::{Running, command, unlimited};

/// The equal ones.
const SMALL: u64 = 19;

/// Cards of each.
const CARDS: usize = 250;

/// How long a card takes, and up to half as much longer.
const LATENCY: Duration = Duration::from_millis(40);

/// Nothing that is waited for takes as long.
const PATIENCE: Duration = Duration::from_mins(2);

/// Prints how long the sweeps of the small ones took, alone and beside the others; how many times as long the slowest
/// of them took as the fastest.
pub(crate) async fn measure(time: Duration) -> anyhow::Result<f64> {
    let mut instances = Vec::new();
    for seed in 1..=SMALL {
        instances.push((format!("small{seed}"), unlimited(seed, CARDS, LATENCY).await));
    }
    let alone = sweeps(&instances[..1], time).await?;
    instances.push(("large".to_owned(), unlimited(99, 60_000, LATENCY * 5).await));
    let mut together = sweeps(&instances, time).await?;
    together.remove("large");
    let alone = alone.values().copied().fold(0.0, f64::max);
    let (fastest, slowest) = together
        .values()
        .fold((f64::INFINITY, 0.0_f64), |(fastest, slowest), took| (fastest.min(*took), slowest.max(*took)));
    println!("\ntwenty instances in one daemon, {SMALL} of them with {CARDS} cards, one with 60000 slow ones:");
    println!("a sweep of a small one takes {alone:.2} s alone");
    println!("beside the others {fastest:.2} s (the fastest of the small ones) to {slowest:.2} s (the slowest)");
    println!("the slowest takes {:.2} times as long as the fastest", slowest / fastest);
    ensure!(together.len() == instances.len() - 1, "not every instance was swept");
    Ok(slowest / fastest)
}

/// How long the sweeps of each took on average, in seconds, while all are swept again and again.
async fn sweeps(instances: &[(String, Domo)], time: Duration) -> anyhow::Result<BTreeMap<String, f64>> {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    let mut text = format!("[storage]\npath = \"{}\"\n[http]\nlisten = \"127.0.0.1:0\"\n", at("db").display());
    for (name, domo) in instances {
        let (url, token) = (domo.url(), domo.token());
        write!(
            text,
            "[instances.{name}]\nurl = \"{url}\"\naccess_token = \"{token}\"\npages = \"all\"\nconcurrency = \"auto\"\n\
             schedule = \"*/4 * * * * *\"\n"
        )?;
    }
    let _daemon = Running(command(&at("config.toml"), &text, &at("log"), &["run"])?.spawn()?);
    let began = Instant::now();
    let address = loop {
        let log = fs::read_to_string(at("log"))?;
        if let Some((_, address)) = log.split_once("listening address=") {
            break address.split_whitespace().next().unwrap_or_default().to_owned();
        }
        ensure!(began.elapsed() < PATIENCE, "the daemon does not start: {log}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    // The first sweeps find out how many renders there may be at a time.
    tokio::time::sleep(time / 2).await;
    let mut seen: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let began = Instant::now();
    while began.elapsed() < time {
        for (name, took) in durations(&address).await? {
            let seen = seen.entry(name).or_default();
            if seen.last() != Some(&took) {
                seen.push(took);
            }
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    #[expect(clippy::cast_precision_loss, reason = "for people to read")]
    let mean = |took: &Vec<f64>| took.iter().sum::<f64>() / took.len() as f64;
    Ok(seen.iter().map(|(name, took)| (name.clone(), mean(took))).collect())
}

/// How long the latest sweep of each instance took.
async fn durations(address: &str) -> anyhow::Result<Vec<(String, f64)>> {
    let scrape = reqwest::get(format!("http://{address}/metrics")).await?.error_for_status()?.text().await?;
    let lines = scrape.lines().filter_map(|line| line.strip_prefix("cardwatch_sweep_last_duration_seconds{"));
    let read = |line: &str| {
        let (name, took) = line.strip_prefix("domo_instance=\"")?.split_once("\"} ")?;
        Some((name.to_owned(), took.parse().ok()?))
    };
    lines.map(|line| read(line).with_context(|| format!("cannot read {line}"))).collect()
}
