//! How a bench begins and ends. Owns doing nothing where nobody asked for figures, the runtime, and the exit code; what is
//! measured, and whether it is good enough, is the bench's.

use std::process::ExitCode;

use anyhow::Context as _;
use tokio::runtime::{Builder, Runtime};

/// Measures if `cargo bench` asks for it, and not where a run of the tests comes by. 0 where every bound was kept, 1 where
/// one was not, 2 where nothing could be measured.
pub(crate) fn bench(name: &str, wanted: bool, measure: impl FnOnce() -> anyhow::Result<bool>) -> ExitCode {
    if !wanted {
        eprintln!("{name}: nothing to test here; 'cargo bench --bench {name}' measures");
        return ExitCode::SUCCESS;
    }
    match measure() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{name}: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// A runtime for what is measured and what measures it.
pub(crate) fn runtime(builder: &mut Builder) -> anyhow::Result<Runtime> {
    // TLS needs one provider for the whole process, also where nothing is asked for over TLS.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    builder.enable_all().build().context("the runtime")
}
