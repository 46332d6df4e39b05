//! A sweep that could not be saved is made again soon, though the next one is due in years only.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "its clock is the machine's, only quicker")]

#[path = "support/quick.rs"]
mod quick;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cardwatch::clock::Clock as _;
use cardwatch::config::{Config, Environment, LoadRequest, load_text};
use cardwatch::daemon::run;
use cardwatch::store::Store;
use fake_domo::{Domo, FakeDomo, Spec};
use quick::Quick;
use sqlx::{AssertSqlSafe, ConnectOptions as _, SqliteConnection};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

fn configuration(folder: &TempDir, domo: &Domo) -> Config {
    let text = format!(
        "[storage]\npath = \"{}\"\n[instances.acme]\nurl = \"{}\"\naccess_token = \"{}\"\nschedule = \"0 0 29 2 *\"
         pages = \"all\"\nrequest_timeout = \"10m\"\nsweep_timeout = \"20m\"\n",
        folder.path().join("cardwatch.db").display(),
        domo.url(),
        domo.token()
    );
    load_text(&LoadRequest::new(Environment::default()), Path::new("config.toml"), &text).unwrap().config
}

async fn stranger(folder: &TempDir) -> SqliteConnection {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join("cardwatch.db"));
    options.connect().await.unwrap()
}

async fn wait_until(database: &mut SqliteConnection, count: &str, wanted: i64) {
    let began = Instant::now();
    while sqlx::query_scalar::<_, i64>(AssertSqlSafe(count)).fetch_one(&mut *database).await.unwrap() < wanted {
        assert!(began.elapsed() < Duration::from_secs(30), "{count} never came to {wanted}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_that_could_not_be_saved_is_made_again_until_it_is() {
    // Another test of this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = TempDir::new().unwrap();
    let domo = FakeDomo::new(Spec::new(3).pages(2).cards(6)).start().await;
    let config = configuration(&folder, &domo);
    Store::open(&config.storage.path).await.unwrap().close().await;
    let mut database = stranger(&folder).await;
    let full = "CREATE TRIGGER full BEFORE UPDATE ON sweep WHEN NEW.outcome = 'completed'
                BEGIN SELECT RAISE(ROLLBACK, 'no room'); END";
    sqlx::query(full).execute(&mut database).await.unwrap();

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stop = CancellationToken::new();
    let clock = Arc::new(Quick::start());
    let daemon = run::start(config, listener, clock.clone(), stop.clone()).await.unwrap();
    let ending = tokio::spawn(daemon.wait());
    wait_until(&mut database, "SELECT count(*) FROM sweep", 2).await;
    sqlx::query("DROP TRIGGER full").execute(&mut database).await.unwrap();
    wait_until(&mut database, "SELECT count(*) FROM sweep WHERE outcome = 'completed'", 1).await;
    let sweeps: i64 = sqlx::query_scalar("SELECT count(*) FROM sweep").fetch_one(&mut database).await.unwrap();
    // Long enough for another, if it were made.
    clock.sleep(Duration::from_secs(90)).await;
    let after: i64 = sqlx::query_scalar("SELECT count(*) FROM sweep").fetch_one(&mut database).await.unwrap();
    assert_eq!(after, sweeps, "once it is saved, the next one waits for its time");
    stop.cancel();
    ending.await.unwrap().unwrap();
}
