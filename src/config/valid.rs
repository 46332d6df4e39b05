//! The configuration as the daemon uses it. Owns the types, each of which holds only what is allowed;
//! it does not own reading, defaults or messages.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use lettre::message::Mailbox;
use url::Url;

use super::secret::{Secret, SecretUrl};
use crate::domain::alerts::Policy;
use crate::domain::ids::{InstanceName, PageId};
use crate::domain::maintenance::Maintenance;
use crate::domain::owners::OwnerPolicy;
use crate::domain::schedule::Schedule;
use crate::domain::sweep::Exclusions;

/// Everything that was configured.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// `[storage]`
    pub storage: Storage,
    /// `[http]`
    pub http: Http,
    /// `[email]`; without it nobody is mailed.
    pub email: Option<Email>,
    /// `[alerts]`
    pub alerts: Alerts,
    /// `[metrics]`
    pub metrics: Metrics,
    /// `[instances.NAME]`, at least one, by name.
    pub instances: Vec<Instance>,
}

/// Where results are kept, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    /// The database file.
    pub path: PathBuf,
    /// How long each render result is kept.
    pub keep_results: Duration,
    /// How long each change of a card's state is kept.
    pub keep_transitions: Duration,
}

/// Where metrics and pages are served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The login that readers need.
    pub basic_auth: Option<Login>,
    /// Whether everybody in the network may read where no login is needed; without it, [`Http::listen`] is on
    /// loopback or there is a login.
    pub public_without_auth: bool,
}

/// A user name and its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The user name.
    pub username: String,
    /// The password.
    pub password: Secret,
}

/// How mail leaves the house.
#[derive(Debug, Clone, PartialEq)]
pub struct Email {
    /// The SMTP server.
    pub server: SmtpServer,
    /// Its login.
    pub login: Option<Login>,
    /// A file of further trusted certificates, in PEM.
    pub ca_file: Option<PathBuf>,
    /// The sender.
    pub from: Mailbox,
    /// Who is mailed unless the instance says otherwise; at least one.
    pub to: Vec<Mailbox>,
    /// Where the status page is reached from outside, for links in mails.
    pub link_base: Option<Url>,
}

/// An SMTP server and how it is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpServer {
    /// Its host name or address, against which its certificate is checked.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: SmtpTls,
}

impl SmtpServer {
    /// Whether it is this machine, so that what is sent to it never leaves.
    pub fn is_local(&self) -> bool {
        let address = self.host.parse::<IpAddr>();
        address.map_or(self.host.eq_ignore_ascii_case("localhost"), |address| address.to_canonical().is_loopback())
    }
}

/// How the connection to the SMTP server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// `smtp://`: STARTTLS where it is offered.
    Offered,
    /// `smtp://…?tls=required`: STARTTLS, or no mail.
    Required,
    /// `smtps://`: TLS from the first byte.
    Wrapped,
}

/// When admins are told, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alerts {
    /// A card that newly fails is rendered again after this.
    pub confirm_delay: Duration,
    /// How often it is rendered again before it is believed, 0..=10.
    pub confirmations: u32,
    /// What is told.
    pub policy: Policy,
    /// The owners that are mailed about their own cards; `None` = none.
    pub owners: Option<OwnerPolicy>,
}

impl Alerts {
    /// How long a newly failing card is given; `None` where it is believed at once.
    pub fn confirmed_after(&self) -> Option<Duration> {
        (self.confirmations > 0).then_some(self.confirm_delay)
    }
}

/// Bounds on metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metrics {
    /// At most so many cards have a series of their own.
    pub max_broken_card_series: usize,
}

/// One Domo instance.
#[derive(Debug, Clone, PartialEq)]
pub struct Instance {
    /// Its name.
    pub name: InstanceName,
    /// Its address, without a path.
    pub url: Url,
    /// When it is swept; its zone is also the one in which its mails tell time.
    pub schedule: Schedule,
    /// How cardwatch signs in.
    pub credential: Credential,
    /// What is looked at.
    pub pages: Pages,
    /// What is not.
    pub exclusions: Exclusions,
    /// The parts that a render asks for; at least one.
    pub render_parts: Vec<String>,
    /// Renders in flight.
    pub concurrency: Concurrency,
    /// Requests a second; `None` = no limit but the server's own.
    pub requests_per_second: Option<f64>,
    /// How long one request may take.
    pub request_timeout: Duration,
    /// Attempts of one request, 1..=10.
    pub attempts: u32,
    /// A sweep that runs longer ends as `partial`.
    pub sweep_timeout: Duration,
    /// What is asked after each sweep that decided something, so that silence is noticed from outside; `None` = nothing,
    /// or secrets were not fetched.
    pub heartbeat: Option<SecretUrl>,
    /// Who is mailed about it; `None` = [`Email::to`].
    pub to: Option<Vec<Mailbox>>,
    /// When sweeps go on and mails wait.
    pub maintenance: Maintenance,
}

/// How many renders may be in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concurrency {
    /// As many as the instance bears, which is found out.
    Auto,
    /// So many, 1..=256.
    Fixed(NonZeroUsize),
}

/// How cardwatch signs in to an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// An access token, sent with each request.
    AccessToken(Secret),
    /// A user and password, traded for a session.
    Password(Login),
}

/// What is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pages {
    /// Every card of the instance, those on no page among them.
    All,
    /// These pages.
    Some {
        /// Their ids; at least one.
        ids: BTreeSet<PageId>,
        /// And the pages below them.
        subpages: bool,
    },
}
