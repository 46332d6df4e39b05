//! Asking by wrk. Owns the script that asks for many addresses in turn and tells the figures, and reading them; wrk reckons
//! in microseconds.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};

use super::addresses::Address;
use super::report::Figures;

/// wrk's threads, each of which goes through the addresses from another one on.
const THREADS: usize = 2;

/// What wrk is given beside the list of addresses. A thread knows nothing of the others: it is told where to begin.
const SCRIPT: &str = r#"
local threads = 0
function setup(thread)
  thread:set("turn", threads * 7919)
  threads = threads + 1
end
function request()
  turn = turn + 1
  return wrk.format("GET", paths[turn % #paths + 1])
end
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format("figures %d %d %d %d %d %d %d\n", latency:percentile(50), latency:percentile(99), latency.max,
    summary.requests, summary.bytes, errors.status + errors.timeout, summary.duration))
end
"#;

/// Asks for `time`, on so many connections at once.
pub(crate) async fn ask(host: &str, address: &Address, connections: usize, time: Duration) -> anyhow::Result<Figures> {
    let folder = tempfile::tempdir()?;
    let script = folder.path().join("in_turn.lua");
    let paths: Vec<String> = address.paths.iter().map(|path| format!("{path:?}")).collect();
    std::fs::write(&script, format!("paths = {{ {} }}\n{SCRIPT}", paths.join(",\n")))?;
    let mut wrk = Command::new("wrk");
    wrk.args(["-t", &THREADS.to_string(), "-c", &connections.to_string(), "-d", &format!("{}s", time.as_secs())])
        .arg("-s")
        .arg(&script)
        .arg(format!("http://{host}"))
        .stdin(Stdio::null());
    // The fake Domo answers the sweep meanwhile.
    let run = tokio::task::spawn_blocking(move || wrk.output()).await?.context("wrk, which has to be installed")?;
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    ensure!(run.status.success(), "wrk ended with {}: {}", run.status, String::from_utf8_lossy(&run.stderr));
    figures(&said).with_context(|| format!("wrk said {said}"))
}

/// How to ask for one address of each kind.
pub(crate) fn say_how(host: &str, addresses: &[Address], connections: usize) {
    for Address { name, paths } in addresses {
        let path = paths.first().map(String::as_str).unwrap_or_default();
        println!("wrk -t {THREADS} -c {connections} -d 10s --latency 'http://{host}{path}'  # {name}");
    }
}

fn figures(said: &str) -> Option<Figures> {
    let line = said.lines().find_map(|line| line.strip_prefix("figures "))?;
    let numbers: Vec<u64> = line.split(' ').filter_map(|number| number.parse().ok()).collect();
    let &[p50, p99, longest, answers, bytes, refused, lasted] = numbers.as_slice() else { return None };
    Some(Figures {
        times: [p50, p99, longest].map(Duration::from_micros),
        answers: usize::try_from(answers).ok()?,
        bytes: usize::try_from(bytes).ok()?,
        refused: (refused > 0).then(|| format!("{refused} times another status, or no answer")),
        lasted: Duration::from_micros(lasted),
    })
}
