//! `cardwatch send-test-email`: one real mail through the configured server, so that an operator sees whether reports will
//! arrive. Owns what that mail says; sending it is the mailer's.

use std::sync::Arc;

use anyhow::anyhow;
use lettre::message::Mailbox;
use prometheus::Registry;

use super::output::print;
use super::{Exit, Outcome, Session};
use crate::clock::SharedClock;
use crate::config::valid::Config;
use crate::daemon::clock::SystemClock;
use crate::mail::mailer::{Delivery, MailMetrics, Mailer};
use crate::mail::message;

pub(super) async fn execute(session: &Session, to: Option<&str>) -> Outcome {
    let config = session.load()?.config;
    let email = config.email.as_ref().ok_or_else(|| {
        anyhow!("there is no [email] section; add one with smtp, from and to (see config.toml.example)")
    })?;
    let to = match to {
        Some(address) => vec![
            address.parse().map_err(|_| anyhow!("--to: '{address}' is not a mail address; write name@example.com"))?,
        ],
        None => everyone(&config),
    };
    let clock: SharedClock = Arc::new(SystemClock::start());
    let now = clock.now();
    let message_id = format!("test.{}.{}@{}", now.timestamp_millis(), std::process::id(), email.from.email.domain());
    let host = session.environment.get("HOSTNAME").unwrap_or("this machine");
    let letter = message::test_letter(message_id, &to, host);
    let mailer = Mailer::new(email, clock, MailMetrics::new(&Registry::new())?)?;
    let names: Vec<String> = to.iter().map(ToString::to_string).collect();
    match mailer.send(&letter, now).await {
        Delivery::Sent { refused } if refused.is_empty() => {
            print(&format!("sent to {} through {}; see that it arrives\n", names.join(", "), email.server.host))?;
            Ok(Exit::Well)
        }
        Delivery::Sent { refused } => Err(anyhow!("sent, but not to everyone: {}", refused.join("; ")).into()),
        Delivery::Retry(error) | Delivery::Deferred { why: error, .. } | Delivery::Rejected(error) => {
            Err(anyhow!("not sent: {error}").into())
        }
    }
}

/// Everybody whom some report would reach.
fn everyone(config: &Config) -> Vec<Mailbox> {
    let own = config.instances.iter().filter_map(|instance| instance.to.as_ref()).flatten();
    let shared = config.email.iter().flat_map(|email| &email.to);
    let mut all: Vec<Mailbox> = shared.chain(own).cloned().collect();
    all.sort_by_key(|mailbox| mailbox.email.to_string());
    all.dedup_by(|a, b| a.email == b.email);
    all
}
