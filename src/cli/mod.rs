//! The command line. Owns the verbs, one file each, their options, what they print and their exit codes:
//! data goes to stdout; progress, logs and errors to stderr.
//!
//! It does not own what a verb does to cards: that is the rooms' below.
//!
//! A new verb is a variant of [`args::Command`], a file with an `execute` that returns how it ended, and a line here that
//! leads to it.

pub mod args;
mod backup;
mod check_config;
mod completions;
mod dataset;
mod export;
mod history;
mod json;
mod logging;
mod mute;
mod mutes;
mod output;
mod privacy;
mod run;
mod send_test_email;
mod signs;
mod status;
mod status_output;
mod sweep;
mod sweep_output;
mod table;

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;

use crate::config::{self, Config, Environment, LoadRequest, Loaded, Problems};
use crate::domain::foreign;
use crate::domain::ids::InstanceName;
use crate::store::Store;
use args::{Args, Command};

/// How a command ended, where it could do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    /// 0: all is well.
    Well,
    /// 1: some card is broken.
    Broken,
    /// 2: nothing could be decided.
    Undecided,
    /// 3: some cards could not be checked, and none is broken.
    Unchecked,
}

impl Exit {
    fn code(self) -> u8 {
        match self {
            Self::Well => 0,
            Self::Broken => 1,
            Self::Undecided => 2,
            Self::Unchecked => 3,
        }
    }
}

/// A failure with the exit code that goes with it.
struct Failure {
    code: u8,
    error: anyhow::Error,
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { code: 2, error: error.into() }
    }
}

type Outcome = Result<Exit, Failure>;

/// Runs the command that the process was called with.
pub fn main() -> ExitCode {
    let args = Args::parse();
    match execute(args) {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(failure) => {
            output::complain(&failure.error);
            ExitCode::from(failure.code)
        }
    }
}

fn execute(args: Args) -> Outcome {
    match &args.command {
        Command::Completions { shell } => return completions::completions(*shell),
        Command::Man { of } => return completions::man(of.as_deref()),
        _ => {}
    }
    let session = Session { environment: Environment::of_process(), args };
    logging::start(&session)?;
    privacy::leave_no_core();
    // TLS needs one provider for the whole process; a second call finds it in place.
    let _in_place = rustls::crypto::ring::default_provider().install_default();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime does not start")?;
    // As a task among the tasks that it starts and waits for: from outside, each of them would wake another thread.
    let command = runtime.spawn(async move { dispatch(&session).await });
    let outcome = runtime.block_on(command).unwrap_or_else(|ended| match ended.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(cancelled) => Err(cancelled.into()),
    });
    // Everything is done by now; a name that is still being looked up holds up nobody's end.
    runtime.shutdown_background();
    outcome
}

async fn dispatch(session: &Session) -> Outcome {
    match &session.args.command {
        Command::Run => run::execute(session).await,
        Command::Sweep(options) => sweep::execute(session, options).await,
        Command::CheckConfig { online } => check_config::execute(session, *online).await,
        Command::Status(options) => status::execute(session, options).await,
        Command::History(options) => history::execute(session, options).await,
        Command::Export(options) => export::execute(session, options).await,
        Command::Mute(options) => mute::mute(session, options).await,
        Command::Unmute(options) => mute::unmute(session, options).await,
        Command::Mutes(options) => mutes::execute(session, options).await,
        Command::Backup { file } => backup::execute(session, file).await,
        Command::SendTestEmail { to } => send_test_email::execute(session, to.as_deref()).await,
        Command::Completions { .. } | Command::Man { .. } => Ok(Exit::Well),
    }
}

/// Refuses an instance that is not configured.
fn must_be_configured(config: &Config, instance: Option<&InstanceName>) -> anyhow::Result<()> {
    let known: Vec<&str> = config.instances.iter().map(|instance| instance.name.as_str()).collect();
    match instance.filter(|name| !known.contains(&name.as_str())) {
        Some(unknown) => {
            anyhow::bail!("--instance: there is no instance '{unknown}'; configured are: {}", known.join(", "))
        }
        None => Ok(()),
    }
}

/// Refuses an instance that is neither configured nor remembered: the past of one that was taken out of the
/// configuration is still there.
async fn must_know(config: &Config, store: &Store, instance: Option<&InstanceName>) -> anyhow::Result<()> {
    let Some(wanted) = instance else { return Ok(()) };
    let remembered = store.instances().await?;
    let known: BTreeSet<&InstanceName> =
        config.instances.iter().map(|instance| &instance.name).chain(&remembered).collect();
    if known.contains(wanted) {
        return Ok(());
    }
    let known: Vec<&str> = known.into_iter().map(InstanceName::as_str).collect();
    anyhow::bail!("--instance: there is no instance '{wanted}'; known are: {}", known.join(", "))
}

/// Why a command on one card has nothing to tell.
fn never_seen(card: i64) -> anyhow::Error {
    anyhow::anyhow!("no sweep has seen card {card}; its id is the number at the end of its address in Domo")
}

/// The name of a user is cut to so many characters.
const USER_LIMIT: usize = 100;

/// What every command starts from.
struct Session {
    args: Args,
    environment: Environment,
}

impl Session {
    /// The configuration. What is allowed in it and perhaps not meant is told where somebody looks at the
    /// configuration itself, not at each command.
    fn load(&self) -> Result<Loaded, Failure> {
        let loaded = config::load(&self.request())?;
        let looks_at_it = matches!(self.args.command, Command::Run | Command::CheckConfig { .. });
        for warning in loaded.warnings.iter().filter(|_| looks_at_it) {
            tracing::warn!("{warning}");
        }
        Ok(loaded)
    }

    /// Who runs the command, as far as the process knows.
    fn user(&self) -> String {
        let name = self.environment.user().map(|name| foreign::one_line(name, USER_LIMIT));
        let id = || format!("uid {}", rustix::process::getuid().as_raw());
        name.filter(|name| !name.is_empty()).unwrap_or_else(id)
    }

    /// The configuration as it stands in its file by now.
    fn read(&self) -> Result<Config, Problems> {
        config::load(&self.request()).map(|loaded| loaded.config)
    }

    fn request(&self) -> LoadRequest {
        let mut request = LoadRequest::new(self.environment.clone());
        request.file.clone_from(&self.args.config);
        request.fetch_secrets = match self.args.command {
            Command::Status(_)
            | Command::History(_)
            | Command::Export(_)
            | Command::Backup { .. }
            | Command::Mute(_)
            | Command::Unmute(_)
            | Command::Mutes(_) => false,
            Command::Run
            | Command::Sweep(_)
            | Command::CheckConfig { .. }
            | Command::SendTestEmail { .. }
            | Command::Completions { .. }
            | Command::Man { .. } => true,
        };
        request
    }
}
