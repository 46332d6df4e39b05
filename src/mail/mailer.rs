//! Sending letters. Owns the connection's settings, the message in MIME, and what an answer of the server
//! means for a letter: it is sent, worth another try, or refused for good. It does not own when to try
//! again (that is the mailroom's).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lettre::Address;
use lettre::message::Mailbox;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::client::{Certificate, TlsParameters};
use prometheus::{IntCounterVec, Opts, Registry};

pub use super::error::MailerError;
use super::error::Step;
use super::mime;
use super::session::{self, Server, Taken};
use crate::clock::{SharedClock, within};
use crate::config::valid::{Email, SmtpTls};
use crate::domain::Timestamp;
use crate::domain::foreign::without_number;
use crate::domain::report::Letter;

/// How long one try of one letter may take.
const SEND_LIMIT: Duration = Duration::from_mins(5);

/// So many letters are remembered of which only some recipients were served.
const MOST_REMEMBERED: usize = 1_000;

/// What became of one try. The texts are for the operator: the server's words among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The server took it.
    Sent {
        /// The recipients that it refused for good, each with its words; at least one was taken.
        refused: Vec<String>,
    },
    /// The server takes nothing now, and why.
    Retry(String),
    /// The server takes mail, but not this letter for each of its recipients now.
    Deferred {
        /// Why not.
        why: String,
        /// Somebody got it, by this try or an earlier one.
        served: bool,
    },
    /// Never, and why: the same letter would be refused again.
    Rejected(String),
}

impl Delivery {
    /// The values of the metric's label `result` under which it counts.
    fn results(&self) -> &'static [&'static str] {
        match self {
            Self::Sent { refused } if refused.is_empty() => &["sent"],
            Self::Sent { .. } => &["sent", "rejected"],
            Self::Retry(_) | Self::Deferred { .. } => &["retried"],
            Self::Rejected(_) => &["rejected"],
        }
    }
}

/// The counters of this room.
#[derive(Debug, Clone)]
pub struct MailMetrics {
    /// `cardwatch_emails_total`: tries by what became of them.
    pub emails_total: IntCounterVec,
}

impl MailMetrics {
    /// Registers the counters, each series at 0.
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        let help = "Attempts to send a mail, by what became of them; sent to some and refused for others is both.";
        let what = Opts::new("cardwatch_emails_total", help);
        let emails_total = IntCounterVec::new(what, &["result"])?;
        for result in ["sent", "retried", "rejected"] {
            emails_total.with_label_values(&[result]);
        }
        registry.register(Box::new(emails_total.clone()))?;
        Ok(Self { emails_total })
    }
}

/// Sends letters through the configured server, each over a connection of its own.
///
/// A server may take a letter for some recipients and ask to try the others later. Whom it served is
/// remembered by Message-ID while the process lives, and they are left out of the next try. After a restart
/// they are not: they may get the same message again, with the same Message-ID, rather than others none.
pub struct Mailer {
    server: Server,
    from: Mailbox,
    metrics: MailMetrics,
    served: Mutex<BTreeMap<String, BTreeSet<Address>>>,
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mailer").finish_non_exhaustive()
    }
}

impl Mailer {
    /// Prepares sending as configured. Reads `ca_file`; does not connect.
    ///
    /// # Errors
    /// When `ca_file` cannot be used, or TLS is insisted on and no authority is trusted.
    pub fn new(email: &Email, clock: SharedClock, metrics: MailMetrics) -> Result<Self, MailerError> {
        let tls = match (trusted(email), email.server.tls) {
            (Ok(tls), _) => Some(tls),
            // A relay on the same host often offers no TLS, on a machine that has no certificates at all.
            (Err(MailerError::NothingTrusted(_)), SmtpTls::Offered) => None,
            (Err(error), _) => return Err(error),
        };
        let server = Server { address: email.server.clone(), login: email.login.clone(), tls, clock };
        Ok(Self { server, from: email.from.clone(), metrics, served: Mutex::default() })
    }

    /// Opens a session as for a letter, and closes it again.
    ///
    /// # Errors
    /// What would keep each letter from being sent, with its remedy.
    pub async fn check(&self) -> Result<(), MailerError> {
        let mut session = self.server.open().await?;
        let alive = session.ping().await;
        session.close().await;
        alive
    }

    /// Tries once to send a letter, dated `date`, for at most five minutes.
    pub async fn send(&self, letter: &Letter, date: Timestamp) -> Delivery {
        let trying = within(&*self.server.clock, SEND_LIMIT, Box::pin(self.attempt(letter, date))).await;
        let delivery = trying.unwrap_or_else(|| {
            Delivery::Retry(format!("the server did not take it within {} min", SEND_LIMIT.as_secs() / 60))
        });
        for result in delivery.results() {
            self.metrics.emails_total.with_label_values(&[result]).inc();
        }
        delivery
    }

    async fn attempt(&self, letter: &Letter, date: Timestamp) -> Delivery {
        let message = match mime::message(&self.from, letter, date) {
            Ok(message) => message,
            Err(malformed) => return Delivery::Rejected(malformed.to_string()),
        };
        let recipients = self.not_yet_served(&letter.message_id, message.envelope().to());
        match self.hand_over(&recipients, &message.formatted()).await {
            Ok(taken) => self.delivery(&letter.message_id, taken),
            Err(error) => self.failure(&letter.message_id, &recipients, &error),
        }
    }

    async fn hand_over(&self, recipients: &[Address], message: &[u8]) -> Result<Taken, MailerError> {
        let mut session = self.server.open().await?;
        let taken = session.hand_over(&self.from.email, recipients, message).await;
        session.close().await;
        taken
    }

    /// What it means that some were served and others were not.
    fn delivery(&self, message_id: &str, taken: Taken) -> Delivery {
        if !taken.deferred.is_empty() {
            self.remember(message_id, taken.served);
            let why = [taken.deferred, taken.refused].concat().join("; ");
            return Delivery::Deferred { why, served: self.has_served(message_id) };
        }
        let earlier = self.forget(message_id);
        if taken.served.is_empty() && earlier.is_empty() {
            return Delivery::Rejected(format!("{}; correct email.to or instances.NAME.to", taken.refused.join("; ")));
        }
        Delivery::Sent { refused: taken.refused }
    }

    /// What it means that the conversation failed as a whole.
    fn failure(&self, message_id: &str, recipients: &[Address], error: &MailerError) -> Delivery {
        if !is_final(error) {
            return self.not_now(message_id, error);
        }
        if self.forget(message_id).is_empty() {
            return Delivery::Rejected(error.to_string());
        }
        Delivery::Sent { refused: recipients.iter().map(|recipient| format!("{recipient}: {error}")).collect() }
    }

    /// Whether it is this letter that the server does not take now, or any.
    fn not_now(&self, message_id: &str, error: &MailerError) -> Delivery {
        let why = error.to_string();
        match error {
            MailerError::Refused { step: Step::Data | Step::Message, .. } => {
                Delivery::Deferred { why, served: self.has_served(message_id) }
            }
            _ => Delivery::Retry(why),
        }
    }

    fn has_served(&self, message_id: &str) -> bool {
        self.served().contains_key(message_id)
    }

    fn not_yet_served(&self, message_id: &str, recipients: &[Address]) -> Vec<Address> {
        let served = self.served();
        let earlier = served.get(message_id);
        let waiting = |recipient: &&Address| earlier.is_none_or(|earlier| !earlier.contains(*recipient));
        recipients.iter().filter(waiting).cloned().collect()
    }

    fn remember(&self, message_id: &str, recipients: Vec<Address>) {
        let mut served = self.served();
        if !recipients.is_empty() && (served.len() < MOST_REMEMBERED || served.contains_key(message_id)) {
            served.entry(message_id.to_owned()).or_default().extend(recipients);
        }
    }

    /// Who was served by earlier tries of a letter that is over now.
    fn forget(&self, message_id: &str) -> BTreeSet<Address> {
        self.served().remove(message_id).unwrap_or_default()
    }

    fn served(&self) -> MutexGuard<'_, BTreeMap<String, BTreeSet<Address>>> {
        // The map is whole between any two steps: a panic elsewhere does not spoil it.
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the server would say the same of this letter again. What an operator can mend, a login above
/// all, is no reason to lose it.
fn is_final(error: &MailerError) -> bool {
    match error {
        MailerError::Refused { step, reply, .. } => {
            reply.permanent && matches!(step, Step::Sender | Step::Recipient | Step::Data | Step::Message)
        }
        MailerError::AsciiOnly(_) => true,
        MailerError::CaFile(_)
        | MailerError::NothingTrusted(_)
        | MailerError::Unreachable { .. }
        | MailerError::BrokeOff { .. }
        | MailerError::Silent { .. }
        | MailerError::Untrusted { .. }
        | MailerError::NoTls { .. }
        | MailerError::TlsNotOffered(_)
        | MailerError::LoginInClear(_)
        | MailerError::NoLogin(_)
        | MailerError::LoginRejected { .. }
        | MailerError::LoginWanted { .. } => false,
    }
}

/// Whom to trust: the system's authorities and those of `ca_file`.
fn trusted(email: &Email) -> Result<TlsParameters, MailerError> {
    let mut parameters = TlsParameters::builder(email.server.host.trim_matches(['[', ']']).to_owned());
    if let Some(file) = &email.ca_file {
        parameters = parameters.add_root_certificate(certificates(file)?);
    }
    parameters.build().map_err(|error| match &email.ca_file {
        Some(file) => unreadable(file, &error),
        None => MailerError::NothingTrusted(error.to_string()),
    })
}

fn certificates(file: &Path) -> Result<Certificate, MailerError> {
    let name = file.display();
    let pem = std::fs::read(file).map_err(|error| {
        MailerError::CaFile(format!("cannot read '{name}': {}", without_number(&error.to_string())))
    })?;
    if !pem.windows(27).any(|window| window == b"-----BEGIN CERTIFICATE-----") {
        return Err(MailerError::CaFile(format!("'{name}' holds no certificate")));
    }
    Certificate::from_pem(&pem).map_err(|error| unreadable(file, &error))
}

fn unreadable(file: &Path, why: &SmtpError) -> MailerError {
    let why = session::words(why);
    MailerError::CaFile(format!("'{}' holds a certificate that cannot be read ({why})", file.display()))
}
