//! Why mail does not get through. Owns the words and the remedy for each cause; it does not own what
//! follows for a letter, which is the mailer's to say.

use std::fmt;
use std::time::Duration;

/// Why mail does not get through, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailerError {
    /// `email.ca_file` is of no use.
    #[error("email.ca_file: {0}; name a file of certificates in PEM, or remove the key")]
    CaFile(String),
    /// No certificate of any authority is trusted here.
    #[error("no server can be trusted: {0}; install the system's certificates (ca-certificates), or set email.ca_file")]
    NothingTrusted(String),
    /// Nobody answers.
    #[error(
        "cannot connect to {server}: {why}; check host and port of email.smtp, and that a firewall lets it through"
    )]
    Unreachable {
        /// Host and port.
        server: String,
        /// What the system said.
        why: String,
    },
    /// The connection broke, or what came is not SMTP.
    #[error("{server} broke off at {step}: {why}{}", at_greeting(*.step, "; check that a mail server listens there"))]
    BrokeOff {
        /// Host and port.
        server: String,
        /// At which step.
        step: Step,
        /// What happened.
        why: String,
    },
    /// The server did not answer in time.
    #[error("{server} did not answer at {step} within {} s{}", .limit.as_secs(), at_greeting(*.step, WAITS_FOR_TLS))]
    Silent {
        /// Host and port.
        server: String,
        /// At which step.
        step: Step,
        /// How long it was waited for.
        limit: Duration,
    },
    /// The server's certificate does not hold.
    #[error(
        "the certificate of {server} is not trusted: {why}; write the host name that it is made out to in email.smtp, or set email.ca_file to the certificate of its authority"
    )]
    Untrusted {
        /// Host and port.
        server: String,
        /// What is wrong with it.
        why: String,
    },
    /// TLS failed for another cause than the certificate.
    #[error("no TLS with {server}: {why}; check whether it is smtps:// (TLS at once) or smtp:// (STARTTLS)")]
    NoTls {
        /// Host and port.
        server: String,
        /// What happened.
        why: String,
    },
    /// TLS is required, and the server does not offer it.
    #[error(
        "{0} does not offer STARTTLS, which email.smtp requires; use smtps:// if it expects TLS at once, or leave '?tls=required' out"
    )]
    TlsNotOffered(String),
    /// The password would go over the network in clear.
    #[error("{0} offers no STARTTLS, and the password is not sent in clear: use smtps://, or leave email.username out")]
    LoginInClear(String),
    /// The server takes no password, or none in a form that we know.
    #[error(
        "{0} offers no login by password (AUTH PLAIN or LOGIN); leave email.username out, or use its port for submission (often 587)"
    )]
    NoLogin(String),
    /// The server does not take user and password.
    #[error("{server} rejected the login: {reply}; check email.username and email.password")]
    LoginRejected {
        /// Host and port.
        server: String,
        /// What it said.
        reply: String,
    },
    /// The server wants a login first.
    #[error("{server} wants a login: {reply}; set email.username and email.password")]
    LoginWanted {
        /// Host and port.
        server: String,
        /// What it said.
        reply: String,
    },
    /// The server said no to a step, for now or for good.
    #[error("{server} refused {step}: {}{}", .reply.text, remedy(*.step, .reply))]
    Refused {
        /// Host and port.
        server: String,
        /// Which step.
        step: Step,
        /// What it said.
        reply: Reply,
    },
    /// An address beyond ASCII, and a server that does not know them.
    #[error("{0} does not take addresses beyond ASCII (SMTPUTF8); use other addresses in email.from and email.to")]
    AsciiOnly(String),
}

/// What helps where the server would say the same again.
fn remedy(step: Step, reply: &Reply) -> &'static str {
    if step == Step::Sender && reply.permanent { "; correct email.from" } else { "" }
}

const WAITS_FOR_TLS: &str =
    "; a server that expects TLS at once (often port 465) needs smtps:// in email.smtp, any other smtp://";

/// A hint that only helps as long as the server has said nothing.
fn at_greeting(step: Step, hint: &'static str) -> &'static str {
    if step == Step::Greeting { hint } else { "" }
}

/// A step of the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Connecting, until the server has said what it offers.
    Greeting,
    /// STARTTLS and what follows from it.
    StartTls,
    /// AUTH.
    Login,
    /// NOOP: is it still there?
    Noop,
    /// MAIL FROM.
    Sender,
    /// RCPT TO.
    Recipient,
    /// DATA.
    Data,
    /// The message itself.
    Message,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Greeting => "the greeting",
            Self::StartTls => "STARTTLS",
            Self::Login => "the login",
            Self::Noop => "NOOP",
            Self::Sender => "the sender",
            Self::Recipient => "a recipient",
            Self::Data => "DATA",
            Self::Message => "the message",
        })
    }
}

/// A server's no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Its words, the code among them.
    pub text: String,
    /// 5xx: it would say so again.
    pub permanent: bool,
}
