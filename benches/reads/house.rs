//! The house that is measured: a fake Domo in this process, a folder with a database and a configuration, and the
//! daemon as a process of its own. Owns what the instance looks like; the same numbers give the same instance, so that
//! a database that was filled once can be used again.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use fake_domo::{Behaviour, CardInfo, Dataset, Domo, FakeDomo, Spec};
use tempfile::TempDir;

use super::process;

/// A full database takes a quarter of it.
const LEAST_FREE: u64 = 3_000_000_000;

/// Nothing that is waited for takes as long.
const PATIENCE: Duration = Duration::from_mins(5);

/// How long a render takes, and how much longer at most.
const LATENCY: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(30));

/// Datasets that feed the cards.
const DATASETS: usize = 200;

/// Causes of what is broken: a column that each of the datasets lost, and a time-out on every other one.
const CAUSES: usize = 300;

/// The fake Domo and the folder.
pub(crate) struct House {
    domo: Domo,
    folder: PathBuf,
    database: PathBuf,
    _goes_away: Option<TempDir>,
}

impl House {
    /// The house in this folder, or in one that goes away.
    pub(crate) async fn build(folder: Option<&Path>, cards: usize, sweeps: u32) -> anyhow::Result<Self> {
        let domo = instance(cards).start().await;
        furnish(&domo, cards);
        let goes_away = if folder.is_none() { Some(tempfile::tempdir()?) } else { None };
        let folder = folder.or(goes_away.as_ref().map(TempDir::path)).context("a folder")?.to_owned();
        fs::create_dir_all(&folder)?;
        let database = folder.join(format!("cards-{cards}-sweeps-{sweeps}.db"));
        let free = free_bytes(&folder)?;
        ensure!(database.exists() || free >= LEAST_FREE, "{}: only {free} bytes are free there", folder.display());
        Ok(Self { domo, folder, database, _goes_away: goes_away })
    }

    pub(crate) fn domo(&self) -> &Domo {
        &self.domo
    }

    pub(crate) fn database(&self) -> &Path {
        &self.database
    }

    /// Whether nobody has filled the database yet.
    pub(crate) fn is_empty(&self) -> bool {
        !self.database.exists()
    }

    /// The present: what one sweep finds out.
    pub(crate) fn first_sweep(&self) -> anyhow::Result<()> {
        let began = Instant::now();
        let swept = self.command(&["sweep", "--format", "csv", "--no-progress"])?.stdout(Stdio::null()).status()?;
        // 1: some cards are broken, as they should be.
        ensure!(swept.code() == Some(1), "the first sweep ended with {swept}: see {}", self.log().display());
        eprintln!("the first sweep, with no latency, took {:.1} s", began.elapsed().as_secs_f64());
        Ok(())
    }

    /// Starts the daemon and waits until it listens.
    pub(crate) async fn daemon(&self) -> anyhow::Result<Daemon> {
        let (began, process) = (Instant::now(), self.command(&["run"])?.spawn()?);
        let mut daemon = Daemon { process, address: String::new(), started_in: Duration::ZERO };
        loop {
            let log = fs::read_to_string(self.log())?;
            if let Some((_, address)) = log.split_once("listening address=") {
                address.split_whitespace().next().unwrap_or_default().clone_into(&mut daemon.address);
                daemon.started_in = began.elapsed();
                return Ok(daemon);
            }
            ensure!(
                daemon.process.try_wait()?.is_none() && began.elapsed() < PATIENCE,
                "the daemon does not start: {log}"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    fn command(&self, arguments: &[&str]) -> anyhow::Result<Command> {
        let config = self.folder.join("config.toml");
        let (url, token, database) = (self.domo.url(), self.domo.token(), self.database.display());
        let text = format!(
            "[storage]\npath = \"{database}\"\n[http]\nlisten = \"127.0.0.1:0\"\n[alerts]\nconfirm_delay = \"1s\"\n\
             [instances.acme]\nurl = \"{url}\"\naccess_token = \"{token}\"\nschedule = \"*/5 * * * * *\"\npages = \"all\"\n\
             concurrency = 8\n"
        );
        fs::write(&config, text)?;
        fs::set_permissions(&config, Permissions::from_mode(0o600))?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_cardwatch"));
        command.arg("--config").arg(config).args(arguments).env_clear();
        command.stdin(Stdio::null()).stderr(File::create(self.log())?);
        Ok(command)
    }
}

/// One page for every five cards, and a card in 25 that is of another type beside those that are asked for.
fn instance(cards: usize) -> FakeDomo {
    FakeDomo::new(Spec::new(7).pages((cards / 5).max(1)).cards(cards * 25 / 24))
}

/// Gives the cards datasets, and breaks eight in a hundred of them for some three hundred causes.
fn furnish(domo: &Domo, cards: usize) {
    let datasets: Vec<Dataset> =
        (0..DATASETS).map(|n| Dataset::new(&format!("{n:08x}-0000-4000-a000-00000000d0a0"), &name(n))).collect();
    let kpi: Vec<CardInfo> = domo.cards().into_iter().filter(|card| card.kind == "kpi").collect();
    for (place, card) in kpi.iter().enumerate() {
        let cause = (place % 25 == 3 || place % 25 == 14).then(|| place / 25 * 2 + usize::from(place % 25 == 14));
        let of_cause = cause.map(|cause| cause % CAUSES.min(cards / 20 + 1));
        let dataset = |n: usize| datasets[n % DATASETS].clone();
        match of_cause {
            Some(cause) => {
                domo.describe_card(card.id, &card.owners, &[dataset(cause)]);
                domo.set(card.id, Behaviour::broken(&reason(cause)));
            }
            None if place % 3 == 0 => {
                domo.describe_card(card.id, &card.owners, &[dataset(place), dataset(place * 7 + 1)]);
            }
            None => domo.describe_card(card.id, &card.owners, &[dataset(place)]),
        }
        if of_cause.is_none() && place % 50 == 20 {
            domo.set(card.id, Behaviour::NoData);
        }
    }
}

fn name(dataset: usize) -> String {
    const NAMES: [&str; 8] =
        ["Orders", "Customers", "Opportunities", "GL entries", "Sessions", "Tickets", "Headcount", "Shipments"];
    format!("{} {} (Snowflake)", NAMES[dataset % NAMES.len()], dataset / NAMES.len() + 1)
}

fn reason(cause: usize) -> String {
    if cause < DATASETS {
        format!("Invalid column(s) referenced: amount_{cause}")
    } else {
        "Query timed out after 60 seconds".to_owned()
    }
}

/// What coreutils' df says.
fn free_bytes(folder: &Path) -> anyhow::Result<u64> {
    let said = Command::new("df").args(["--output=avail", "-B1"]).arg(folder).output().context("df")?;
    let said = String::from_utf8(said.stdout)?;
    said.lines().last().and_then(|free| free.trim().parse().ok()).context("what df says")
}

/// The daemon, which is killed in the end.
pub(crate) struct Daemon {
    process: Child,
    address: String,
    /// From the start of the process until it listened.
    pub(crate) started_in: Duration,
}

impl Daemon {
    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Waits until it has swept once, without latency, and renders again, with latency: from then on it sweeps all the
    /// time.
    pub(crate) async fn sweep_once(&self, house: &House) -> anyhow::Result<()> {
        let began = Instant::now();
        house.domo().set_latency(Duration::ZERO, Duration::ZERO);
        while self.sweeps_ended().await? < 1 {
            ensure!(began.elapsed() < PATIENCE, "no sweep ends");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        house.domo().set_latency(LATENCY.0, LATENCY.1);
        while self.series("cardwatch_sweep_cards_remaining").await? < 1.0 {
            ensure!(began.elapsed() < PATIENCE, "no sweep begins");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// Sweeps that came to their end since the start.
    pub(crate) async fn sweeps_ended(&self) -> anyhow::Result<u32> {
        let of = |outcome| format!("cardwatch_sweeps_total{{domo_instance=\"acme\",outcome=\"{outcome}\"}}");
        let ended = self.series(&of("completed")).await? + self.series(&of("partial")).await?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small whole number")]
        Ok(ended as u32)
    }

    /// The first series whose name begins so.
    async fn series(&self, name: &str) -> anyhow::Result<f64> {
        let url = format!("http://{}/metrics", self.address);
        let scrape = reqwest::get(url).await?.error_for_status()?.text().await?;
        let line = scrape.lines().find(|line| line.starts_with(name)).with_context(|| format!("no series {name}"))?;
        line.rsplit(' ').next().and_then(|value| value.parse().ok()).context("a value")
    }

    /// How much of one core the daemon takes for its sweep, while nobody asks it.
    pub(crate) async fn load_of_sweep(&self, time: Duration) -> anyhow::Result<f64> {
        let (began, before) = (Instant::now(), self.processor_time()?);
        tokio::time::sleep(time).await;
        Ok((self.processor_time()? - before) / began.elapsed().as_secs_f64())
    }

    /// Processor time so far, in seconds.
    pub(crate) fn processor_time(&self) -> anyhow::Result<f64> {
        process::processor_time(self.process.id())
    }

    /// The most memory that it held.
    pub(crate) fn peak_memory_kib(&self) -> anyhow::Result<u32> {
        process::memory_kib(self.process.id(), "VmHWM")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already, which is as well.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
