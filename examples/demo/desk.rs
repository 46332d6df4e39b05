//! An admin's desk: the commands that they type, the metrics and the API that they look at. Owns running the real
//! commands and reading the real endpoints; whether what comes back is right is `truth`'s to say.

use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, bail};
use cardwatch::config::Environment;
use cardwatch::domain::Timestamp;
use chrono::DateTime;
use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The demo's own program is cardwatch as well, when it is called by this name: whoever runs the demo may not have
/// built the other.
pub(crate) const CARDWATCH: &str = "cardwatch";

/// Speaks to the daemon of one configuration.
#[derive(Debug, Clone)]
pub(crate) struct Desk {
    /// The configuration's file.
    pub(crate) config: PathBuf,
    /// Where the daemon serves its metrics.
    pub(crate) listen: SocketAddr,
}

/// What `cardwatch status --format json` says of an instance, as far as the play is about it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Status {
    /// Broken cards.
    pub(crate) broken: usize,
    /// Muted ones among them.
    pub(crate) muted: usize,
    /// Why they are broken.
    pub(crate) incidents: Vec<IncidentStatus>,
    /// Each of them.
    pub(crate) broken_cards: Vec<BrokenCard>,
    /// Cards that render slower than they used to.
    pub(crate) slow_cards: Vec<SlowCard>,
}

/// One incident of a [`Status`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct IncidentStatus {
    /// What happened.
    pub(crate) title: String,
    /// Its cards.
    pub(crate) card_ids: Vec<i64>,
}

/// One broken card of a [`Status`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct BrokenCard {
    /// Which.
    pub(crate) card_id: i64,
    /// Who muted it and why, where somebody did.
    pub(crate) mute: Option<Mute>,
}

/// A mute of a [`Status`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Mute {
    /// Why.
    pub(crate) reason: String,
    /// Who.
    pub(crate) by: String,
}

/// One slow card of a [`Status`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct SlowCard {
    /// Which.
    pub(crate) card_id: i64,
}

/// What a command or the API says of every instance.
#[derive(Deserialize)]
struct Instances<T> {
    instances: Vec<T>,
}

/// What the API says of the sweeps of an instance.
#[derive(Deserialize)]
struct Sweeps {
    /// None while nobody keeps the schedule.
    next_sweep: Option<String>,
    running_sweep: Option<IgnoredAny>,
}

impl Desk {
    /// What a command prints.
    pub(crate) async fn run(&self, words: &[&str]) -> anyhow::Result<String> {
        let printed = self.finish(words, Stdio::piped()).await?;
        String::from_utf8(printed).context("a command prints no text")
    }

    /// Lets a command print to where the demo prints, as wide as that is.
    pub(crate) async fn show(&self, words: &[&str]) -> anyhow::Result<()> {
        self.finish(words, Stdio::inherit()).await.map(drop)
    }

    async fn finish(&self, words: &[&str], stdout: Stdio) -> anyhow::Result<Vec<u8>> {
        let mut command = Command::new(std::env::current_exe().context("the demo's own program")?);
        command.arg0(CARDWATCH).args(words).arg("--config").arg(&self.config).stdout(stdout);
        // Ctrl-C is for the demo, which waits for the command.
        command.process_group(0).stdin(Stdio::null()).stderr(Stdio::piped());
        // Of the environment only who runs it matters: the rest could change the configuration.
        command.env_clear();
        if let Some(user) = Environment::of_process().user() {
            command.env("USER", user);
        }
        let ended = tokio::task::spawn_blocking(move || command.spawn()?.wait_with_output()).await;
        let Output { status, stdout, stderr } = ended.context("a command")?.context("a command does not start")?;
        // 1 says that something is broken.
        if !matches!(status.code(), Some(0 | 1)) {
            bail!("'cardwatch {}': {}", words.join(" "), String::from_utf8_lossy(&stderr).trim());
        }
        Ok(stdout)
    }

    /// How it stands, by `cardwatch status`.
    pub(crate) async fn status(&self) -> anyhow::Result<Status> {
        let text = self.run(&["status", "--format", "json"]).await?;
        let status: Instances<Status> = serde_json::from_str(&text).context("cardwatch status --format json")?;
        status.instances.into_iter().next().context("cardwatch status names no instance")
    }

    /// What `/metrics` answers.
    pub(crate) async fn metrics(&self) -> anyhow::Result<Metrics> {
        self.get("/metrics").await.map(Metrics)
    }

    /// Whether no sweep runs nor is due by then, by the API. One that is late stays due.
    pub(crate) async fn is_quiet_until(&self, then: Timestamp) -> anyhow::Result<bool> {
        let answer: Instances<Sweeps> =
            serde_json::from_str(&self.get("/api/v1/instances").await?).context("the API")?;
        let sweeps = answer.instances.first().context("the API names no instance")?;
        let next = sweeps.next_sweep.as_deref().map(DateTime::parse_from_rfc3339).transpose().context("the API")?;
        Ok(sweeps.running_sweep.is_none() && next.is_some_and(|next| next > then))
    }

    async fn get(&self, path: &str) -> anyhow::Result<String> {
        let mut stream = TcpStream::connect(self.listen).await.with_context(|| path.to_owned())?;
        stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.with_context(|| path.to_owned())?;
        let (_head, body) = answer.split_once("\r\n\r\n").with_context(|| format!("{path} answers nothing"))?;
        Ok(body.to_owned())
    }
}

/// An answer of `/metrics`.
pub(crate) struct Metrics(String);

impl Metrics {
    /// The value of a series, written as it stands there.
    pub(crate) fn value(&self, series: &str) -> anyhow::Result<usize> {
        let value = self.0.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        value.and_then(|value| value.parse().ok()).with_context(|| format!("/metrics has no number for {series}"))
    }
}
