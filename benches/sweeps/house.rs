//! The binary that is measured, with a folder for its configuration and database. Owns how it is configured, running a
//! sweep of it on its core, and what that sweep cost.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};

use super::fake::Fake;

/// Debian's, which has Debian's aiohttp.
pub(crate) const PYTHON: &str = "/usr/bin/python3";

/// The binary that is measured: the one of the profile with which this program was built.
pub(crate) const CARDWATCH: &str = env!("CARGO_BIN_EXE_cardwatch");

/// What a process cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// From its start to its end.
    pub(crate) wall: Duration,
    /// Processor time of user and system, in seconds.
    pub(crate) processor: f64,
    /// As much of it as the kernel took.
    pub(crate) system: f64,
    /// The most memory that was resident, in bytes.
    pub(crate) peak: f64,
    pub(crate) code: i64,
}

/// A folder with a configuration for some instances that are all the same fake.
#[derive(Debug, Clone)]
pub(crate) struct House {
    folder: PathBuf,
    core: usize,
}

impl House {
    /// `schedule` is when each of the instances is swept by a daemon.
    pub(crate) fn build(
        folder: &Path,
        core: usize,
        fake: &Fake,
        concurrency: usize,
        (instances, schedule): (usize, &str),
    ) -> anyhow::Result<Self> {
        let house = Self { folder: folder.to_owned(), core };
        house.empty();
        let common = format!(
            "[storage]\npath = \"{}\"\n[http]\nlisten = \"127.0.0.1:0\"\n[alerts]\nconfirm_delay = \"1s\"\n",
            house.database().display()
        );
        let instance = |number: usize| {
            format!(
                "[instances.acme-{number}]\nurl = \"{}\"\naccess_token = \"{}\"\nschedule = \"{schedule}\"\n\
                 pages = \"all\"\nconcurrency = {concurrency}\n",
                fake.url, fake.token
            )
        };
        let text: Vec<String> = std::iter::once(common).chain((0..instances).map(instance)).collect();
        fs::write(house.config(), text.concat())?;
        fs::set_permissions(house.config(), Permissions::from_mode(0o600))?;
        Ok(house)
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.join("cards.db")
    }

    fn config(&self) -> PathBuf {
        self.folder.join("config.toml")
    }

    /// Takes the database away.
    pub(crate) fn empty(&self) {
        for suffix in ["db", "db-wal", "db-shm"] {
            // What is not there need not be taken away.
            let _gone_already = fs::remove_file(self.database().with_extension(suffix));
        }
    }

    /// The arguments of a sweep, the binary first.
    pub(crate) fn sweep_arguments(&self) -> Vec<String> {
        let config = self.config().display().to_string();
        [CARDWATCH, "--config", &config, "sweep", "--no-progress"].map(str::to_owned).to_vec()
    }

    /// A daemon on its core, to be started.
    pub(crate) fn daemon(&self) -> anyhow::Result<Command> {
        let mut command = Command::new("taskset");
        command.arg("-c").arg(self.core.to_string()).arg(CARDWATCH).arg("--config").arg(self.config()).arg("run");
        command.env_clear().envs([("PATH", "/usr/bin:/bin")]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(self.log())?);
        Ok(command)
    }

    /// Sweeps once, from sign-in to saved results, each card of which has to work.
    pub(crate) fn sweep(&self) -> anyhow::Result<Cost> {
        let cost = self.run(&self.sweep_arguments())?;
        ensure!(cost.code == 0, "a sweep ended with {}: see {}", cost.code, self.log().display());
        Ok(cost)
    }

    /// Runs a command on the core, to its end.
    pub(crate) fn run(&self, arguments: &[String]) -> anyhow::Result<Cost> {
        let place = self.folder.join("cost");
        let mut command = Command::new(PYTHON);
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/sweeps/measured.py"));
        command.arg(self.core.to_string()).arg(&place).args(arguments).env_clear().envs([("PATH", "/usr/bin:/bin")]);
        command.stdout(File::create(self.folder.join("out"))?).stderr(File::create(self.log())?);
        let ran = command.status().with_context(|| format!("{PYTHON}, of Debian's python3"))?;
        ensure!(ran.success(), "{arguments:?} cannot be run: see {}", self.log().display());
        let told: serde_json::Value = serde_json::from_str(&fs::read_to_string(place)?)?;
        let number = |name: &str| told[name].as_f64().with_context(|| name.to_owned());
        Ok(Cost {
            wall: Duration::from_secs_f64(number("wall")?),
            processor: number("user")? + number("system")?,
            system: number("system")?,
            peak: number("peak_kib")? * 1024.0,
            code: told["code"].as_i64().context("code")?,
        })
    }

    /// What the command printed.
    pub(crate) fn printed(&self) -> anyhow::Result<String> {
        Ok(fs::read_to_string(self.folder.join("out"))?)
    }
}
