//! What every test of the mailer holds in its hands: a letter, a server, and a clock that stands still.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cardwatch::clock::{Clock, SharedClock, Sleep};
use cardwatch::config::secret::Secret;
use cardwatch::config::valid::{Email, Login, SmtpServer, SmtpTls};
use cardwatch::domain::Timestamp;
use cardwatch::domain::report::Letter;
use cardwatch::mail::mailer::{Delivery, MailMetrics, Mailer};
use fake_smtp::{FakeSmtp, Fault, Mail};
use prometheus::Registry;
use tokio::sync::watch;

pub(crate) const PASSWORD: &str = "hunter2-secret";

/// A clock that stands still; what waits on it waits until the test says that time is up.
#[derive(Debug)]
pub(crate) struct Still(pub(crate) watch::Receiver<bool>);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        date()
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) -> Sleep {
        let mut up = self.0.clone();
        Box::pin(async move {
            if up.wait_for(|up| *up).await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }
}

pub(crate) fn still() -> SharedClock {
    Arc::new(Still(watch::channel(false).1))
}

pub(crate) fn date() -> Timestamp {
    "2026-11-24T13:06:07Z".parse().unwrap()
}

pub(crate) fn metrics() -> MailMetrics {
    MailMetrics::new(&Registry::new()).unwrap()
}

pub(crate) fn letter() -> Letter {
    Letter {
        message_id: "acme.17@cardwatch.example".to_owned(),
        references: Vec::new(),
        to: vec!["BI Admins <a@example.com>".to_owned(), "b@example.com".to_owned()],
        subject: "[cardwatch] acme: 1 card broke (1 broken now)".to_owned(),
        text: "1 card broke at acme\n.\n..\nGröße: 5 €\n".to_owned(),
        html: format!("<!DOCTYPE html><p>1 card broke: Größe {}</p>", "x".repeat(2_000)),
        csv: None,
    }
}

pub(crate) fn email(host: &str, port: u16, tls: SmtpTls) -> Email {
    Email {
        server: SmtpServer { host: host.to_owned(), port, tls },
        login: None,
        ca_file: None,
        from: "cardwatch <cardwatch@example.com>".parse().unwrap(),
        to: vec!["a@example.com".parse().unwrap()],
        link_base: None,
    }
}

pub(crate) fn with_login(email: Email) -> Email {
    Email { login: Some(Login { username: "watch".to_owned(), password: Secret::new(PASSWORD) }), ..email }
}

pub(crate) fn with_authority(email: Email) -> Email {
    Email { ca_file: Some(PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tls/ca.pem"))), ..email }
}

pub(crate) fn at(smtp: &FakeSmtp) -> Email {
    let port = smtp.url().rsplit_once(':').unwrap().1.parse().unwrap();
    email("127.0.0.1", port, SmtpTls::Offered)
}

pub(crate) fn mailer(email: &Email) -> Mailer {
    Mailer::new(email, still(), metrics()).unwrap()
}

pub(crate) async fn send(email: &Email) -> Delivery {
    mailer(email).send(&letter(), date()).await
}

pub(crate) async fn send_with_fault(fault: Fault) -> (Delivery, Vec<Mail>) {
    let smtp = FakeSmtp::start().await;
    smtp.set_fault(fault);
    let delivery = send(&at(&smtp)).await;
    (delivery, smtp.mails())
}

/// The reason for which a letter is kept for another try; it never holds the password.
pub(crate) fn retry(delivery: Delivery) -> String {
    let Delivery::Retry(why) = delivery else { panic!("{delivery:?}") };
    assert!(!why.contains(PASSWORD), "{why}");
    why
}

/// The reason for which a letter is kept for those who did not get it; whether anybody did.
pub(crate) fn deferred(delivery: Delivery) -> (String, bool) {
    let Delivery::Deferred { why, served } = delivery else { panic!("{delivery:?}") };
    (why, served)
}

pub(crate) fn sent() -> Delivery {
    Delivery::Sent { refused: Vec::new() }
}

/// Checks that `text` holds each of `parts`.
pub(crate) fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "'{part}' is not in: {text}");
    }
}
