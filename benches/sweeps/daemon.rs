//! A daemon, or another process, that runs beside the bench. Owns waiting for its sweeps, and reading what it costs while
//! it runs; it is killed in the end.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

use super::house::House;
use super::process;

/// No sweep takes as long.
const PATIENCE: Duration = Duration::from_mins(10);

/// A process that ends with this.
pub(crate) struct Companion(Child);

impl Companion {
    pub(crate) fn start(mut command: Command) -> anyhow::Result<Self> {
        let name = command.get_program().display().to_string();
        Ok(Self(command.spawn().context(name)?))
    }

    /// Fails where it has ended by itself.
    pub(crate) fn ensure_alive(&mut self) -> anyhow::Result<()> {
        match self.0.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("it ended by itself, with {status}"),
        }
    }

    /// Processor time so far, in seconds.
    pub(crate) fn processor_time(&self) -> anyhow::Result<f64> {
        process::processor_time(self.0.id())
    }

    /// The most memory that was resident, in bytes.
    pub(crate) fn peak(&self) -> anyhow::Result<f64> {
        Ok(f64::from(process::memory_kib(self.0.id(), "VmHWM")?) * 1024.0)
    }

    /// The memory that is resident, in bytes.
    pub(crate) fn resident(&self) -> anyhow::Result<f64> {
        Ok(f64::from(process::memory_kib(self.0.id(), "VmRSS")?) * 1024.0)
    }
}

impl Drop for Companion {
    fn drop(&mut self) {
        // It may have ended already, which is as well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A daemon that sweeps.
pub(crate) struct Daemon {
    pub(crate) process: Companion,
    log: PathBuf,
    began: Instant,
}

impl Daemon {
    pub(crate) fn start(house: &House) -> anyhow::Result<Self> {
        house.empty();
        let process = Companion::start(house.daemon()?)?;
        Ok(Self { process, log: house.log(), began: Instant::now() })
    }

    /// Waits a little; gives how many sweeps have ended since the start, each of which decided every card.
    pub(crate) async fn sweeps(&mut self) -> anyhow::Result<usize> {
        tokio::time::sleep(Duration::from_millis(100)).await;
        self.process.ensure_alive().with_context(|| format!("see {}", self.log.display()))?;
        let log = fs::read_to_string(&self.log)?;
        if let Some(line) = log.lines().find(|line| line.contains("sweep partial") || line.contains("sweep failed")) {
            bail!("a sweep went wrong: {line}");
        }
        Ok(log.matches("sweep completed in").count())
    }

    /// Waits for the first sweep.
    pub(crate) async fn first_sweep(&mut self) -> anyhow::Result<()> {
        while self.sweeps().await? < 1 {
            ensure!(self.began.elapsed() < PATIENCE, "no sweep ends: see {}", self.log.display());
        }
        Ok(())
    }
}
