//! `cardwatch completions` and `cardwatch man`: what packages install beside the binary. Owns printing it, made from the
//! grammar in [`args`](super::args) so that it cannot differ from it.

use anyhow::Context as _;
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

pub(super) fn man(of: Option<&str>) -> Outcome {
    let mut grammar = Args::command();
    grammar.build();
    let described = match of {
        None => &grammar,
        Some(name) => grammar
            .find_subcommand(name)
            .with_context(|| format!("there is no command '{name}'; 'cardwatch --help' lists the commands"))?,
    };
    // A date that is empty is left out, and what follows it would be taken for it.
    let page = clap_mangen::Man::new(described.clone())
        .date(" ")
        .source(concat!("cardwatch ", env!("CARGO_PKG_VERSION")))
        .manual("User Commands");
    forgive_closed_pipe(page.render(&mut std::io::stdout().lock()))?;
    Ok(Exit::Well)
}
