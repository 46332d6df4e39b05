//! A sweep that runs into its `sweep_timeout` says what to raise: what is found out by itself cannot be.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "its clock is the machine's, only quicker")]

#[path = "support/quick.rs"]
mod quick;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cardwatch::config::{Environment, LoadRequest, load_text};
use cardwatch::daemon::run;
use fake_domo::{Domo, FakeDomo, Spec, Trouble};
use quick::Quick;
use sqlx::ConnectOptions as _;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What is in the way of the first sweep of a daemon, where a line of configuration is added.
async fn trouble(domo: &Domo, line: &str) -> String {
    // Another test of this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("cardwatch.db");
    let text = format!(
        "[storage]\npath = \"{}\"\n[instances.acme]\nurl = \"{}\"\naccess_token = \"{}\"\nschedule = \"0 0 29 2 *\"
         pages = \"all\"\nrequest_timeout = \"10m\"\nsweep_timeout = \"1m\"\n{line}\n",
        path.display(),
        domo.url(),
        domo.token()
    );
    let loaded = load_text(&LoadRequest::new(Environment::default()), Path::new("config.toml"), &text).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stop = CancellationToken::new();
    let daemon = run::start(loaded.config, listener, Arc::new(Quick::start()), stop.clone()).await.unwrap();
    let ending = tokio::spawn(daemon.wait());
    let mut database = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    let began = Instant::now();
    let found = loop {
        let ended = sqlx::query_scalar::<_, String>("SELECT trouble FROM sweep WHERE trouble IS NOT NULL LIMIT 1");
        if let Some(found) = ended.fetch_optional(&mut database).await.unwrap() {
            break found;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "no sweep ran out of time");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    stop.cancel();
    ending.await.unwrap().unwrap();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_takes_too_long_names_the_key_to_raise() {
    let domo = FakeDomo::new(Spec::new(3).pages(2).cards(6)).start().await;
    domo.set_trouble("cards", Some(Trouble::Hangs));
    assert_eq!(
        trouble(&domo, "").await,
        "the cards could not be listed within sweep_timeout (1m); raise instances.acme.sweep_timeout, or sweep fewer pages"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn renders_that_take_too_long_name_concurrency_where_it_is_a_number() {
    for (line, remedy) in [
        ("", "raise instances.acme.sweep_timeout, or sweep fewer pages"),
        ("concurrency = 1", "raise instances.acme.sweep_timeout or instances.acme.concurrency, or sweep fewer pages"),
    ] {
        let domo = FakeDomo::new(Spec::new(3).pages(2).cards(6)).start().await;
        domo.set_trouble("render", Some(Trouble::Hangs));
        assert_eq!(trouble(&domo, line).await, format!("the sweep ran longer than sweep_timeout (1m); {remedy}"));
    }
}
