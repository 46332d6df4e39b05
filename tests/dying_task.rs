//! A task that dies takes the daemon with it, so that whoever supervises the process starts it again.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cardwatch::clock::{Clock, SharedClock, Sleep};
use cardwatch::config::{Config, Environment, LoadRequest, load_text};
use cardwatch::daemon::clock::SystemClock;
use cardwatch::daemon::run;
use cardwatch::domain::Timestamp;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// The machine's clock, on which whoever begins to wait for that long panics.
#[derive(Debug)]
struct Deadly {
    clock: SystemClock,
    pause: Duration,
}

impl Clock for Deadly {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        assert_ne!(duration, self.pause, "an injected fault");
        self.clock.sleep(duration)
    }
}

/// A daemon that has nobody to talk to, and nothing to do today.
fn configuration(folder: &TempDir) -> Config {
    // A port where nobody listens: what cannot be reached is no reason to die.
    let text = format!(
        "[storage]\npath = \"{}\"\n[instances.acme]\nurl = \"http://127.0.0.1:9\"\naccess_token = \"t\"
         schedule = \"0 0 29 2 *\"\npages = \"all\"\nattempts = 1\nsweep_timeout = \"2h\"
         heartbeat_url = \"http://127.0.0.1:9/x\"\n",
        folder.path().join("cardwatch.db").display()
    );
    load_text(&LoadRequest::new(Environment::default()), Path::new("config.toml"), &text).unwrap().config
}

async fn run_until_death(pause: Duration) -> String {
    let folder = TempDir::new().unwrap();
    let clock: SharedClock = Arc::new(Deadly { clock: SystemClock::start(), pause });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stop = CancellationToken::new();
    let daemon = run::start(configuration(&folder), listener, clock, stop.clone()).await.unwrap();
    let error = daemon.wait().await.unwrap_err();
    assert!(stop.is_cancelled(), "the other tasks were asked to end");
    format!("{error:#}")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_death_of_the_housekeeping_is_the_daemons_and_is_named() {
    let error = run_until_death(Duration::from_hours(1)).await;
    assert!(error.starts_with("housekeeping died: ") && error.contains("an injected fault"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_death_of_a_schedule_is_the_daemons_and_is_named() {
    let error = run_until_death(Duration::from_secs(20)).await;
    assert!(error.starts_with("the schedule of acme died: ") && error.contains("an injected fault"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_death_of_a_sweeper_is_the_daemons_and_is_named() {
    let error = run_until_death(Duration::from_secs(5)).await;
    assert!(error.starts_with("the sweeper of acme died: ") && error.contains("an injected fault"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_death_of_a_heart_is_the_daemons_and_is_named() {
    let error = run_until_death(Duration::from_secs(30)).await;
    assert!(error.starts_with("the heart of acme died: ") && error.contains("an injected fault"), "{error}");
}
