//! An outbox, the mailroom that empties it, and the servers through which it does.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cardwatch::clock::Clock as _;
use cardwatch::config::secret::Secret;
use cardwatch::config::valid::{Email, Login, SmtpServer, SmtpTls};
use cardwatch::daemon::lifecycle::Pulse;
use cardwatch::daemon::mailroom::Mailroom;
use cardwatch::mail::mailer::{MailMetrics, Mailer};
use cardwatch::store::Store;
use fake_smtp::FakeSmtp;
use prometheus::Registry;
use sqlx::{AssertSqlSafe, ConnectOptions as _};
use tempfile::TempDir;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::scripted_smtp::Scripted;
use crate::steps::Steps;

pub(crate) const HOUR: Duration = Duration::from_hours(1);
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_mins(15);

/// An outbox and, once it is open, the mailroom that empties it.
pub(crate) struct Room {
    folder: TempDir,
    store: Store,
    pub(crate) clock: Arc<Steps>,
    metrics: MailMetrics,
    wake: Arc<Notify>,
    pub(crate) stop: CancellationToken,
    working: Option<JoinHandle<anyhow::Result<()>>>,
}

impl Room {
    pub(crate) async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let store = Store::open(&folder.path().join("cardwatch.db")).await.unwrap();
        let url = "https://acme.domo.com".parse().unwrap();
        store.know_instance(&"acme".parse().unwrap(), &url, HOUR).await.unwrap();
        let metrics = MailMetrics::new(&Registry::new()).unwrap();
        let (clock, wake, stop) = (Steps::new(), Arc::default(), CancellationToken::new());
        Self { folder, store, clock, metrics, wake, stop, working: None }
    }

    /// A mailroom with letters 1, 2 and so on to everybody, which sends through this server.
    pub(crate) async fn with_letters(letters: u32, email: &Email) -> Self {
        let mut room = Self::new().await;
        for letter in 1..=letters {
            room.queue(letter, &["a@example.com", "b@example.com"]).await;
        }
        room.open(email);
        room
    }

    pub(crate) fn mailroom(&self, email: &Email) -> Mailroom {
        let mailer = Mailer::new(email, self.clock.clone(), self.metrics.clone()).unwrap();
        Mailroom::new(mailer, self.store.clone(), self.clock.clone(), Pulse::unwatched())
    }

    pub(crate) fn open(&mut self, email: &Email) {
        self.working = Some(tokio::spawn(self.mailroom(email).work(Arc::clone(&self.wake), self.stop.clone())));
    }

    /// Ends the mailroom, as a stop of the daemon does.
    pub(crate) async fn shut(&mut self) {
        self.stop.cancel();
        self.working.take().unwrap().await.unwrap().unwrap();
        self.stop = CancellationToken::new();
    }

    pub(crate) async fn queue(&self, letter: u32, to: &[&str]) {
        let to = serde_json::to_string(to).unwrap();
        let now = self.clock.now().timestamp_millis();
        self.execute(&format!(
            "INSERT INTO outbox (instance_id, message_id, reference_ids, recipients, subject, body_text, body_html,
                                 created_at, next_attempt_at)
             VALUES (1, '{letter}@x', '[]', '{to}', 'letter {letter}', 'text', '<p>text</p>', {now}, {now})"
        ))
        .await;
        self.wake.notify_one();
    }

    pub(crate) async fn execute(&self, sql: &str) {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.folder.path().join("cardwatch.db"));
        sqlx::query(AssertSqlSafe(sql)).execute(&mut options.connect().await.unwrap()).await.unwrap();
    }

    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.folder.path().join("cardwatch.db"));
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut options.connect().await.unwrap()).await.unwrap()
    }

    pub(crate) async fn attempts(&self, letter: u32) -> i64 {
        self.number(&format!("SELECT attempts FROM outbox WHERE message_id = '{letter}@x'")).await
    }

    /// How many letters wait, and why the first of them does.
    pub(crate) async fn waiting(&self) -> (u64, Option<String>) {
        (self.store.queue_state().await.unwrap().length, self.store.waiting_error().await.unwrap())
    }

    pub(crate) async fn refused(&self) -> Vec<(String, String)> {
        self.store.rejected_letters().await.unwrap()
    }

    pub(crate) fn count(&self, result: &str) -> u64 {
        self.metrics.emails_total.with_label_values(&[result]).get()
    }
}

pub(crate) fn email(host: &str, port: u16, tls: SmtpTls) -> Email {
    Email {
        server: SmtpServer { host: host.to_owned(), port, tls },
        login: None,
        ca_file: Some(PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tls/ca.pem"))),
        from: "cardwatch <cardwatch@example.com>".parse().unwrap(),
        to: vec!["a@example.com".parse().unwrap()],
        link_base: None,
    }
}

pub(crate) fn through(smtp: &FakeSmtp) -> Email {
    email("127.0.0.1", port(smtp), SmtpTls::Offered)
}

pub(crate) fn scripted(smtp: &Scripted) -> Email {
    email("127.0.0.1", smtp.port, SmtpTls::Offered)
}

pub(crate) fn with_login(email: Email) -> Email {
    Email { login: Some(Login { username: "watch".to_owned(), password: Secret::new("hunter2") }), ..email }
}

fn port(smtp: &FakeSmtp) -> u16 {
    smtp.url().rsplit_once(':').unwrap().1.parse().unwrap()
}

/// The letters that arrived, by their Message-IDs.
pub(crate) fn arrived(smtp: &FakeSmtp) -> Vec<String> {
    smtp.mails().iter().map(|mail| mail.header("Message-ID").unwrap()).collect()
}

/// How often a recipient's address was offered.
pub(crate) fn offers(smtp: &Scripted, recipient: &str) -> usize {
    let offer = format!("RCPT TO:<{recipient}>");
    smtp.heard().iter().filter(|line| **line == offer).count()
}
