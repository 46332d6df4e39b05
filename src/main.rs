//! The `cardwatch` command: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    cardwatch::cli::main()
}
