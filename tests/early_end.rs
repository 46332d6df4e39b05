//! A sweep that ends early has nothing left to confirm, and waits for no confirmation.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "its clock is the machine's, only quicker")]

#[path = "support/quick.rs"]
mod quick;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cardwatch::clock::{Clock, Sleep};
use cardwatch::config::{Config, Environment, LoadRequest, load_text};
use cardwatch::daemon::run;
use cardwatch::domain::Timestamp;
use fake_domo::{Behaviour, Domo, FakeDomo, Spec};
use quick::Quick;
use sqlx::ConnectOptions as _;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const CONFIRM_DELAY: Duration = Duration::from_secs(41);

/// A clock on which whoever waits for a confirmation panics.
#[derive(Debug)]
struct Impatient(Quick);

impl Clock for Impatient {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        assert_ne!(duration, CONFIRM_DELAY, "nothing is left to confirm");
        self.0.sleep(duration)
    }
}

fn configuration(folder: &TempDir, domo: &Domo) -> Config {
    let text = format!(
        "[storage]\npath = \"{}\"\n[alerts]\nconfirm_delay = \"41s\"\n[instances.acme]\nurl = \"{}\"
         access_token = \"{}\"\nschedule = \"0 0 29 2 *\"\npages = \"all\"\nconcurrency = 1\nrequest_timeout = \"10m\"\n",
        folder.path().join("cardwatch.db").display(),
        domo.url(),
        domo.token()
    );
    load_text(&LoadRequest::new(Environment::default()), Path::new("config.toml"), &text).unwrap().config
}

/// The reason that the first sweep of a daemon saved of a card.
async fn saved_of(folder: &TempDir, card: i64) -> String {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join("cardwatch.db"));
    let mut database = options.connect().await.unwrap();
    let began = Instant::now();
    loop {
        let saved = sqlx::query_scalar::<_, String>(
            "SELECT text FROM card JOIN card_state USING (card_key) JOIN reason r ON r.reason_id = unchecked_reason_id
              WHERE card_id = ?1",
        );
        if let Some(saved) = saved.bind(card).fetch_optional(&mut database).await.unwrap() {
            return saved;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "no sweep ended");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_failed_before_the_answers_were_not_domos_is_not_waited_for() {
    // Another test of this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let domo = FakeDomo::new(Spec::new(5).pages(3).cards(40)).start().await;
    let cards = domo.kpi_cards();
    let first = cards.iter().min().copied().unwrap();
    for card in cards {
        domo.set(card, if card == first { Behaviour::broken("No indexed schema found") } else { Behaviour::Html });
    }
    let folder = TempDir::new().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (clock, stop) = (Arc::new(Impatient(Quick::start())), CancellationToken::new());
    let daemon = run::start(configuration(&folder, &domo), listener, clock, stop.clone()).await.unwrap();
    let ending = tokio::spawn(daemon.wait());
    let saved = saved_of(&folder, first).await;
    stop.cancel();
    ending.await.unwrap().unwrap();
    let words = "failed once, and the sweep ended before it could be rendered again: No indexed schema found";
    assert_eq!(saved, words);
}
