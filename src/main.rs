//! The `cardwatch` command: arguments in, exit code out.

use std::process::ExitCode;

/// The system's allocator keeps a pool for each thread, and what a sweep frees in one of them is held for no other.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cardwatch::cli::main()
}
