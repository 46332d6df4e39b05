//! What can go wrong with an instance as a whole, in words that a mail, a page or a log can use as they
//! are: what happened, and what to do about it. Owns the words; nothing in them is secret. Texts of
//! Domo's within them are foreign, and escaped where they are printed.

use std::time::Duration;

/// Why an instance could not be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DomoError {
    /// There is no session.
    #[error("cannot sign in: {0}")]
    SignIn(SignInProblem),
    /// Domo took the login, and then refused the session that it gave for it.
    #[error(
        "Domo ended the session and refuses the new one too (401 twice); see whether the user is still active, or use an access token"
    )]
    SignedOut,
    /// Not one list of cards was to be had.
    #[error("cannot list cards: {why}")]
    NothingListed {
        /// The first reason in two or three words.
        brief: &'static str,
        /// The first reason, with its remedy.
        why: String,
    },
    /// The client itself could not be made.
    #[error("cannot make ready to talk to Domo: {0}")]
    Setup(String),
}

/// Why signing in failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInProblem {
    /// `INVALID_CREDENTIALS`: Domo does not say which of the two is wrong.
    #[error(
        "wrong password or unknown user (INVALID_CREDENTIALS); correct username and password, or use an access token if the instance signs in by single sign-on only"
    )]
    WrongPassword,
    /// `ACCOUNT_LOCKED`.
    #[error(
        "the account is locked (ACCOUNT_LOCKED); let a Domo admin unlock it, and see that the password here is right"
    )]
    Locked,
    /// A reason that no document names.
    #[error("Domo refuses the login and says '{0}'; sign in with a browser as this user to see what Domo wants")]
    Refused(String),
    /// 403 where anybody may ask.
    #[error("Domo knows no instance at {host} (403); correct url, the address that a browser shows when signed in")]
    UnknownInstance {
        /// The host that was asked.
        host: String,
    },
    /// 200, and nothing in it.
    #[error(
        "Domo took the login and gave no session (an empty answer); correct url, or use an access token if the instance signs in by single sign-on only"
    )]
    EmptyAnswer,
    /// A second factor is asked for.
    #[error(
        "the user needs a second factor, which a daemon has not; use an access token (Admin > Authentication > Access tokens)"
    )]
    TwoFactors,
    /// Single sign-on.
    #[error(
        "the instance signs in by single sign-on only ({0}); use an access token (Admin > Authentication > Access tokens)"
    )]
    SingleSignOn(String),
    /// A redirect to `whitelist/blocked`.
    #[error(
        "this machine's address is not on Domo's allow list (redirect to whitelist/blocked); add it under Admin > Security > IP allowlist"
    )]
    AddressNotAllowed,
    /// A page titled 'Domo - Blocked'.
    #[error(
        "a network policy blocks this instance (a page titled 'Domo - Blocked'); ask whoever runs the network, or Domo, to let this machine through"
    )]
    NetworkBlocked,
    /// 401 with an access token.
    #[error(
        "Domo rejects the access token (401: expired, revoked or mistyped); make a new one under Admin > Authentication > Access tokens"
    )]
    TokenRejected,
    /// The name has no address.
    #[error("{host} has no address ({text}); correct url, or see to this machine's DNS")]
    NoSuchHost {
        /// The host that was looked up.
        host: String,
        /// The words of the resolver.
        text: String,
    },
    /// Nobody listens there.
    #[error("{address} refuses connections; correct url, or see to the network between")]
    ConnectionRefused {
        /// The host that was asked, and the port.
        address: String,
    },
    /// No protected connection.
    #[error("no TLS with {host} ({text}); see to this machine's clock and trusted certificates, or to a proxy between")]
    Tls {
        /// The host that was asked.
        host: String,
        /// The words of the TLS library.
        text: String,
    },
    /// The connection failed otherwise.
    #[error("no connection to {host} ({text}); see to the network between; the next sweep tries again")]
    Disconnected {
        /// The host that was asked.
        host: String,
        /// The words of whoever noticed.
        text: String,
    },
    /// No answer in time.
    #[error("{host} did not answer within {} s; see to the network between; the next sweep tries again", after.as_secs())]
    TimedOut {
        /// The host that was asked.
        host: String,
        /// The timeout of one attempt.
        after: Duration,
    },
    /// 429.
    #[error("Domo asks to slow down (429); sweep less often, or set requests_per_second")]
    Throttled,
    /// 5xx.
    #[error("Domo is unavailable ({status}); the next sweep tries again")]
    Unavailable {
        /// The HTTP status.
        status: u16,
    },
    /// Something that Domo's API does not say.
    #[error("{host} does not answer as Domo does ({what}); correct url, or see to a proxy between")]
    NotDomo {
        /// The host that was asked.
        host: String,
        /// What came instead.
        what: String,
    },
}

impl DomoError {
    /// The same in two or three words, for a mail's subject.
    pub fn brief(&self) -> &'static str {
        match self {
            Self::SignIn(problem) => problem.brief(),
            Self::SignedOut => "session refused",
            Self::NothingListed { brief, .. } => brief,
            Self::Setup(_) => "not ready",
        }
    }
}

impl SignInProblem {
    fn brief(&self) -> &'static str {
        match self {
            Self::WrongPassword | Self::Refused(_) | Self::EmptyAnswer => "login rejected",
            Self::Locked => "account locked",
            Self::UnknownInstance { .. } => "unknown instance",
            Self::TwoFactors => "second factor needed",
            Self::SingleSignOn(_) => "single sign-on only",
            Self::AddressNotAllowed => "address not allowed",
            Self::NetworkBlocked => "network blocked",
            Self::TokenRejected => "access token rejected",
            Self::NoSuchHost { .. } | Self::ConnectionRefused { .. } | Self::Tls { .. } | Self::Disconnected { .. } => {
                "Domo not reachable"
            }
            Self::TimedOut { .. } => "no answer in time",
            Self::Throttled => "too many requests",
            Self::Unavailable { .. } => "Domo unavailable",
            Self::NotDomo { .. } => "not an answer of Domo's",
        }
    }
}
