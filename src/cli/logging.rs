//! Where log lines go and how they look. Owns that choice, and that what is logged is one line that steers no
//! terminal; what is logged belongs to whoever logs it.

use std::io::{self, Write};

use anyhow::{Context as _, anyhow};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, fmt};

use super::Session;
use super::args::{Command, LogFormat, LogLevel};
use crate::domain::foreign::escaped;

/// Starts logging to stderr or the journal. Foreign crates speak only from warnings on.
pub(super) fn start(session: &Session) -> anyhow::Result<()> {
    let filter = Targets::new().with_default(LevelFilter::WARN).with_target("cardwatch", level(session));
    let layer = match format(session) {
        LogFormat::Text => fmt::layer().with_writer(|| Lines).with_target(false).with_ansi(false).boxed(),
        LogFormat::Json => fmt::layer().json().flatten_event(true).with_writer(|| Lines).boxed(),
        LogFormat::Journal => {
            let journal = tracing_journald::layer().map_err(|error| {
                anyhow!("--log-format: systemd's journal cannot be reached: {error}; use --log-format text")
            });
            journal?.boxed()
        }
    };
    tracing_subscriber::registry().with(layer.with_filter(filter)).try_init().context("logging does not start")
}

fn level(session: &Session) -> LevelFilter {
    match (session.args.log_level, &session.args.command) {
        (Some(LogLevel::Error), _) => LevelFilter::ERROR,
        (Some(LogLevel::Info), _) | (None, Command::Run) => LevelFilter::INFO,
        (Some(LogLevel::Debug), _) => LevelFilter::DEBUG,
        (Some(LogLevel::Trace), _) => LevelFilter::TRACE,
        (Some(LogLevel::Warn) | None, _) => LevelFilter::WARN,
    }
}

fn format(session: &Session) -> LogFormat {
    let to_journal = session.environment.get("JOURNAL_STREAM").is_some_and(is_stderr);
    let usual = if to_journal { LogFormat::Journal } else { LogFormat::Text };
    session.args.log_format.unwrap_or(usual)
}

/// Whether stderr is the stream whose device and inode systemd names, `DEVICE:INODE` in decimal, to a service whose
/// output goes to the journal. What the service starts inherits the variable also where it writes elsewhere
/// (systemd.exec(5), `$JOURNAL_STREAM`).
fn is_stderr(stream: &str) -> bool {
    rustix::fs::fstat(io::stderr()).is_ok_and(|stderr| stream == format!("{}:{}", stderr.st_dev, stderr.st_ino))
}

/// Stderr, a line at a time: each write is one event, whatever the foreign text in it holds.
struct Lines;

impl Write for Lines {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let line = text.strip_suffix('\n').unwrap_or(&text);
        io::stderr().lock().write_all(format!("{}\n", escaped(line)).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
