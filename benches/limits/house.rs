//! A fake Domo in this process, a folder with a configuration, and a sweep as a process of its own. Owns how what the
//! fake bears is read off.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::ensure;
use fake_domo::{Condition, Domo, FakeDomo, Spec};
use tempfile::TempDir;

use super::servers::Server;

/// Until the first render.
const PATIENCE: Duration = Duration::from_mins(2);

/// The fake Domo and the folder.
pub(crate) struct House {
    domo: Domo,
    folder: TempDir,
}

/// What was reached in a time.
pub(crate) struct Reached {
    /// Renders in a second that were answered, and not refused.
    pub(crate) answered: f64,
    /// The part of all renders that was refused.
    pub(crate) refused: f64,
    /// Renders in flight at the end.
    pub(crate) in_flight: usize,
}

/// A process that is killed in the end.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already, which is as well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl House {
    /// A fake with more cards than can be rendered in the time.
    pub(crate) async fn build(server: &Server, time: Duration) -> anyhow::Result<Self> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of cards")]
        let cards = (server.capacity() * time.as_secs_f64() * 1.1) as usize;
        let domo = FakeDomo::new(Spec::new(7).pages(20).cards(cards)).start().await;
        server.cards.give(&domo);
        domo.set_condition(server.condition);
        Ok(Self { domo, folder: tempfile::tempdir()? })
    }

    /// Sweeps with this concurrency: what was reached while the limit was looked for, and after that.
    pub(crate) async fn sweep(
        &self,
        concurrency: &str,
        find: Duration,
        time: Duration,
    ) -> anyhow::Result<(Reached, Reached)> {
        let config = self.folder.path().join("config.toml");
        let (url, token) = (self.domo.url(), self.domo.token());
        let database = self.folder.path().join(format!("{}.db", concurrency.trim_matches('"')));
        let text = format!(
            "[storage]\npath = \"{}\"\n[instances.acme]\nurl = \"{url}\"\naccess_token = \"{token}\"\npages = \"all\"\n\
             concurrency = {concurrency}\n",
            database.display()
        );
        let log = self.folder.path().join("log");
        let command = command(&config, &text, &log, &["sweep", "--format", "csv", "--no-progress"]);
        let before = self.domo.calls("render");
        let _sweep = Running(command?.spawn()?);
        let began = Instant::now();
        while self.domo.calls("render") == before {
            ensure!(began.elapsed() < PATIENCE, "nothing is rendered: {}", fs::read_to_string(&log)?);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let first = self.reached(find).await;
        Ok((first, self.reached(time).await))
    }

    async fn reached(&self, time: Duration) -> Reached {
        let counts = || (self.domo.answers("render", 200), self.domo.answers("render", 429));
        let (began, before) = (Instant::now(), counts());
        tokio::time::sleep(time).await;
        let (after, time) = (counts(), began.elapsed());
        #[expect(clippy::cast_precision_loss, reason = "for people to read")]
        let (answered, refused) = ((after.0 - before.0) as f64, (after.1 - before.1) as f64);
        Reached {
            answered: answered / time.as_secs_f64(),
            refused: refused / (answered + refused).max(1.0),
            in_flight: self.domo.renders_in_flight(),
        }
    }
}

/// cardwatch with this configuration.
pub(crate) fn command(config: &Path, text: &str, log: &Path, arguments: &[&str]) -> anyhow::Result<Command> {
    fs::write(config, text)?;
    fs::set_permissions(config, Permissions::from_mode(0o600))?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_cardwatch"));
    command.arg("--config").arg(config).args(arguments).env_clear();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(log)?);
    Ok(command)
}

/// A fake that bears whatever comes.
pub(crate) async fn unlimited(seed: u64, cards: usize, latency: Duration) -> Domo {
    let domo = FakeDomo::new(Spec::new(seed).pages(10).cards(cards).latency(latency, latency / 2)).start().await;
    domo.set_condition(Condition::Healthy);
    domo
}
