//! `cargo run --example demo`: a fake Domo instance, a fake mail server and the real daemon on this
//! machine, and a script that breaks and heals cards, so that a newcomer sees within seconds what cardwatch
//! makes of it. Owns the start and the end of the process; `stage` builds what is played on, the fake `instance`
//! with it, `script` is what happens, `audience` waits for what cardwatch makes of it and `news` reads its mails, `desk`
//! types its commands, `truth` tells whether they say what is so, and `narrator` prints.

mod audience;
mod desk;
mod instance;
mod narrator;
mod news;
mod script;
mod stage;
mod truth;

use std::io;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use stage::Stage;

/// Watch cardwatch watch a fake Domo instance. Ctrl-C ends it and removes what it made.
#[derive(Debug, Parser)]
#[command(name = "demo", max_term_width = 100)]
struct Options {
    /// Play the script once without pauses; exits with 0 if cardwatch did all that was promised, else with 1
    #[arg(long)]
    once: bool,
}

fn main() -> ExitCode {
    if std::env::args_os().next().is_some_and(|name| name == desk::CARDWATCH) {
        return cardwatch::cli::main();
    }
    let options = Options::parse();
    match demo(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn demo(options: &Options) -> anyhow::Result<()> {
    // TLS needs one provider for the whole process; this is the first and only call.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime")?;
    runtime.block_on(play(options))
}

async fn play(options: &Options) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone())?;
    let mut stage = Stage::set(stop.clone()).await?;
    let played = tokio::select! {
        biased;
        () = stop.cancelled() => Ok(()),
        played = script::play(&mut stage, options.once) => played,
    };
    // Whoever read along has seen enough.
    let played = played.or_else(|error| if is_broken_pipe(&error) { Ok(()) } else { Err(error) });
    stop.cancel();
    stage.strike(played).await
}

/// Cancels `stop` on Ctrl-C, on SIGTERM, and when the terminal goes away.
fn stop_on_signal(stop: CancellationToken) -> io::Result<()> {
    let mut int = signal(SignalKind::interrupt())?;
    let mut term = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = int.recv() => {}
            _ = term.recv() => {}
            _ = hangup.recv() => {}
        }
        stop.cancel();
    });
    Ok(())
}
