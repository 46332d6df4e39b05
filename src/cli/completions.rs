//! `cardwatch completions` and `cardwatch man`: what packages install beside the binary, made from the
//! grammar so that it cannot differ from it.

use clap::CommandFactory as _;

use super::args::Args;
use super::output::{forgive_closed_pipe, print};
use super::{Exit, Outcome};

pub(super) fn completions(shell: clap_complete::Shell) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "cardwatch", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Well)
}

pub(super) fn man() -> Outcome {
    let page = clap_mangen::Man::new(Args::command());
    forgive_closed_pipe(page.render(&mut std::io::stdout().lock()))?;
    Ok(Exit::Well)
}
