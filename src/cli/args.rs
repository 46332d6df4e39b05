//! The command line's grammar. Owns verbs, options and their help; what they do is in the verbs' files.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use crate::domain::Timestamp;
use crate::domain::foreign;
use crate::domain::ids::InstanceName;

/// What `--help` calls the options that every command takes.
const GLOBAL: &str = "Options of every command";

/// As text: in a doc comment the name of the variable would need signs that `--help` shows.
const CONFIG_HELP: &str = "The configuration [default: $CARDWATCH_CONFIG, ./config.toml, /etc/cardwatch/config.toml]";

/// Watches Domo cards and tells you when they stop rendering.
#[derive(Debug, Parser)]
#[command(name = "cardwatch", version, max_term_width = 100)]
pub struct Args {
    /// The configuration.
    #[arg(long, global = true, value_name = "FILE", help_heading = GLOBAL, help = CONFIG_HELP)]
    pub config: Option<PathBuf>,
    /// How log lines look [default: journal under systemd, text elsewhere]
    #[arg(long, global = true, value_name = "FORMAT", help_heading = GLOBAL)]
    pub log_format: Option<LogFormat>,
    /// The least urgent log lines that are written [default: info for 'run', warn elsewhere]
    #[arg(long, global = true, value_name = "LEVEL", help_heading = GLOBAL)]
    pub log_level: Option<LogLevel>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One object a line.
    Json,
    /// systemd's journal, with fields.
    Journal,
}

/// How urgent a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// A person must act.
    Error,
    /// Nothing is lost and cardwatch recovers.
    Warn,
    /// A line a sweep and a mail.
    Info,
    /// Each retry.
    Debug,
    /// Everything.
    Trace,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The daemon: schedule, sweeps, mail, HTTP
    ///
    /// Exits with 0 after a clean stop by SIGTERM or SIGINT, 1 when a part of it died, 2 when it cannot start.
    Run,
    /// Sweep once, now, and print each broken or unchecked card
    ///
    /// Exits with 0 when every card renders, 1 when some card is broken, 2 when nothing could be decided, 3
    /// when some cards could not be checked and none is broken.
    Sweep(SweepOptions),
    /// Validate the configuration; exits with 0 or 2
    CheckConfig {
        /// Also sign in to each instance, list its pages, and open an SMTP session
        #[arg(long)]
        online: bool,
    },
    /// What is broken now, since when and why; from the database, also while the daemon runs
    ///
    /// Exits with 0 when nothing is broken, 1 when something is, 2 on an error.
    Status(StatusOptions),
    /// One card's changes, incidents, mutes and latest results
    History(HistoryOptions),
    /// Every saved render result, streamed to stdout
    Export(ExportOptions),
    /// Acknowledge a broken card: it stays broken on gauges and in 'status', and no mail speaks of it
    ///
    /// It is muted until the time is up or it works again, whichever comes first. A mute that holds already is
    /// replaced.
    Mute(MuteOptions),
    /// End a mute: what is due is mailed after the next sweep
    Unmute(UnmuteOptions),
    /// The mutes that hold: of which card, until when, by whom and why
    Mutes(MutesOptions),
    /// Copy the database to a file, also while the daemon runs; prints its size, how much it holds and up to when
    ///
    /// The file must not be there yet, and is there only once it is whole and checked. To restore it, stop the daemon and
    /// put it in the place of the database, without the -wal and -shm beside that. Exits with 0 or 2.
    Backup {
        /// The copy, in a folder that is there; nobody but its user may read it
        #[arg(value_name = "FILE", value_parser = backup_file)]
        file: PathBuf,
    },
    /// Send one real message through the configured SMTP server
    SendTestEmail {
        /// Who gets it [default: email.to]
        #[arg(long, value_name = "ADDR")]
        to: Option<String>,
    },
    /// Print a shell's completions
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print a man page: that of cardwatch, or that of one of its commands
    Man {
        /// The command, such as 'sweep' [default: cardwatch itself]
        #[arg(value_name = "COMMAND")]
        of: Option<String>,
    },
}

/// A database is no stream: SQLite writes it here and there.
fn backup_file(text: &str) -> Result<PathBuf, &'static str> {
    match text {
        "" => Err("name the file"),
        "-" => Err("a backup cannot go to stdout; name a file"),
        name => Ok(PathBuf::from(name)),
    }
}

/// Options of `sweep`.
#[derive(Debug, ClapArgs)]
pub struct SweepOptions {
    /// Only this instance; may be repeated [default: all]
    #[arg(long, value_name = "NAME")]
    pub instance: Vec<InstanceName>,
    /// Only this page; may be repeated [default: the configured ones]
    #[arg(long, value_name = "ID", value_parser = id, allow_negative_numbers = true)]
    pub page: Vec<i64>,
    /// What is printed
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: SweepFormat,
    /// Mail what is due, as the daemon would
    #[arg(long)]
    pub alert: bool,
    /// No progress bar, also on a terminal
    #[arg(long)]
    pub no_progress: bool,
}

/// The number by which Domo knows a card or a page.
fn id(text: &str) -> Result<i64, &'static str> {
    text.trim().parse().map_err(|_| "write the number at the end of its address in Domo")
}

/// How a sweep is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SweepFormat {
    /// The broken and unchecked cards, and a summary.
    Table,
    /// One object with every card.
    Json,
    /// One row for every card.
    Csv,
}

/// How an answer is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// One object.
    Json,
}

/// Options of `status`.
#[derive(Debug, ClapArgs)]
pub struct StatusOptions {
    /// Only this instance [default: all]
    #[arg(long, value_name = "NAME")]
    pub instance: Option<InstanceName>,
    /// What is printed
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: Format,
}

/// Options of `history`.
#[derive(Debug, ClapArgs)]
pub struct HistoryOptions {
    /// The card's id, as in its address in Domo
    #[arg(value_name = "CARD_ID", value_parser = id)]
    pub card: i64,
    /// The instance, where several have a card of this id
    #[arg(long, value_name = "NAME")]
    pub instance: Option<InstanceName>,
    /// What is printed
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: Format,
}

/// Options of `mute`.
#[derive(Debug, ClapArgs)]
pub struct MuteOptions {
    /// The card's id, as in its address in Domo
    #[arg(value_name = "CARD_ID", value_parser = id)]
    pub card: i64,
    /// The instance, where several have a card of this id
    #[arg(long, value_name = "NAME")]
    pub instance: Option<InstanceName>,
    /// For how long at most, such as 3d or 12h [default: until it works again]
    #[arg(long = "for", value_name = "TIME", value_parser = lasting)]
    pub lasting: Option<Duration>,
    /// Why, for those who ask later
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub reason: String,
}

/// A mute lasts no longer than this: 10 years.
const LONGEST_MUTE: Duration = Duration::from_hours(10 * 8_766);

fn lasting(text: &str) -> Result<Duration, &'static str> {
    let fits = |time: &Duration| !time.is_zero() && *time <= LONGEST_MUTE;
    let time = humantime::parse_duration(text.trim()).ok().filter(fits);
    time.ok_or("write a time with its unit, such as 12h or 3d, of at most 10y")
}

/// A reason for a mute is no longer than this, in characters.
const LONGEST_REASON: usize = 500;

/// One line with content.
fn reason(text: &str) -> Result<String, &'static str> {
    let line = foreign::whole_line(text);
    match line.chars().count() {
        0 => Err("say why, for those who ask later"),
        1..=LONGEST_REASON => Ok(line),
        _ => Err("say it in 500 characters at most"),
    }
}

/// Options of `unmute`.
#[derive(Debug, ClapArgs)]
pub struct UnmuteOptions {
    /// The card's id, as in its address in Domo
    #[arg(value_name = "CARD_ID", value_parser = id)]
    pub card: i64,
    /// The instance, where several have a card of this id
    #[arg(long, value_name = "NAME")]
    pub instance: Option<InstanceName>,
}

/// Options of `mutes`.
#[derive(Debug, ClapArgs)]
pub struct MutesOptions {
    /// Those too that are over
    #[arg(long)]
    pub all: bool,
    /// What is printed
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: Format,
}

/// Options of `export`.
#[derive(Debug, ClapArgs)]
pub struct ExportOptions {
    /// From this instant on: RFC 3339, a date, or a duration back from now such as 7d
    #[arg(long, value_name = "WHEN")]
    pub since: Option<When>,
    /// Before this instant: RFC 3339, a date, or a duration back from now such as 12h
    #[arg(long, value_name = "WHEN")]
    pub until: Option<When>,
    /// Only this instance [default: all]
    #[arg(long, value_name = "NAME")]
    pub instance: Option<InstanceName>,
    /// What is printed
    #[arg(long, value_name = "FORMAT", default_value = "csv")]
    pub format: ExportFormat,
}

/// How results are exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// One row a result.
    Csv,
    /// One object a line.
    Jsonl,
}

/// An instant as people type it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// This instant.
    At(Timestamp),
    /// So long before now.
    Ago(Duration),
}

impl When {
    /// The instant, as seen from `now`; the beginning of all time where it would be before that.
    pub fn instant(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Ago(ago) => {
                let ago = chrono::TimeDelta::from_std(ago).unwrap_or(chrono::TimeDelta::MAX);
                now.checked_sub_signed(ago).unwrap_or(Timestamp::MIN_UTC)
            }
        }
    }
}

/// A text that is no instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write 2026-11-24T14:05:00Z, a date such as 2026-11-24, or a duration back from now such as 7d")]
pub struct NoInstant;

impl FromStr for When {
    type Err = NoInstant;

    fn from_str(text: &str) -> Result<Self, NoInstant> {
        if let Ok(at) = chrono::DateTime::parse_from_rfc3339(text) {
            return Ok(Self::At(at.with_timezone(&chrono::Utc)));
        }
        if let Ok(date) = text.parse::<chrono::NaiveDate>() {
            return Ok(Self::At(date.and_time(chrono::NaiveTime::MIN).and_utc()));
        }
        humantime::parse_duration(text).map(Self::Ago).map_err(|_| NoInstant)
    }
}
