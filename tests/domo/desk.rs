//! What every test of the client holds in its hands: an instance to ask, a client that asks it, and
//! the clock between them.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use cardwatch::config::secret::Secret;
use cardwatch::config::valid::{Concurrency, Credential, Instance, Login, Pages};
use cardwatch::domain::ids::{CardId, PageId};
use cardwatch::domain::maintenance::Maintenance;
use cardwatch::domain::schedule::Schedule;
use cardwatch::domain::sweep::Exclusions;
use cardwatch::domain::verdict::{Finding, judge};
use cardwatch::domo::{Domo, DomoMetrics, Wanted};
use prometheus::{Registry, TextEncoder};

use crate::clock::TestClock;

/// The timeout of a request. Every other pause is shorter, and over at once.
pub(crate) const TIMEOUT: Duration = Duration::from_hours(1);

/// A client and what it was made of.
pub(crate) struct Desk {
    pub(crate) domo: Arc<Domo>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) registry: Registry,
}

impl Desk {
    pub(crate) fn new(instance: &Instance) -> Self {
        Self::with_patience(instance, TIMEOUT)
    }

    /// A client whose pauses are over at once only where they are shorter than this.
    pub(crate) fn with_patience(instance: &Instance, patience: Duration) -> Self {
        let clock = TestClock::new(patience);
        let registry = Registry::new();
        let metrics = DomoMetrics::new(&registry).unwrap();
        let domo = Domo::new(instance, clock.clone(), &metrics, 7).unwrap();
        Self { domo: Arc::new(domo), clock, registry }
    }

    /// A client of a fake, with an access token.
    pub(crate) fn at(fake: &fake_domo::Domo) -> Self {
        Self::new(&instance(fake))
    }

    /// A client of a fake, with user and password.
    pub(crate) fn with_password(fake: &fake_domo::Domo) -> Self {
        Self::new(&Instance { credential: password(&fake.user(), &fake.password()), ..instance(fake) })
    }

    pub(crate) async fn finding(&self, card: i64) -> Finding {
        judge(&self.domo.render(CardId(card)).await.rendered)
    }

    /// Renders these cards, all at once.
    pub(crate) async fn findings(&self, cards: &[i64]) -> Vec<Finding> {
        futures::future::join_all(cards.iter().map(|card| self.finding(*card))).await
    }

    /// The metrics as they are scraped.
    pub(crate) fn scrape(&self) -> String {
        TextEncoder::new().encode_to_string(&self.registry.gather()).unwrap()
    }
}

pub(crate) fn instance(fake: &fake_domo::Domo) -> Instance {
    instance_at(&fake.url(), Credential::AccessToken(Secret::new(fake.token())))
}

pub(crate) fn instance_at(url: &str, credential: Credential) -> Instance {
    Instance {
        name: "acme".parse().unwrap(),
        url: url.parse().unwrap(),
        schedule: Schedule::parse("*/15 * * * *", "UTC".parse().unwrap()).unwrap(),
        credential,
        pages: Pages::All,
        exclusions: Exclusions::default(),
        render_parts: vec!["dynamic".to_owned(), "summary".to_owned()],
        concurrency: fixed(8),
        requests_per_second: None,
        request_timeout: TIMEOUT,
        attempts: 3,
        sweep_timeout: Duration::from_hours(1),
        heartbeat: None,
        to: None,
        maintenance: Maintenance::default(),
    }
}

pub(crate) fn fixed(renders: usize) -> Concurrency {
    Concurrency::Fixed(NonZeroUsize::new(renders).unwrap())
}

pub(crate) fn password(username: &str, password: &str) -> Credential {
    Credential::Password(Login { username: username.to_owned(), password: Secret::new(password) })
}

pub(crate) fn token(text: &str) -> Credential {
    Credential::AccessToken(Secret::new(text))
}

/// These pages and what is below them.
pub(crate) fn pages(ids: &[i64]) -> Wanted {
    Wanted::Pages { ids: ids.iter().copied().map(PageId).collect(), subpages: true }
}

/// Waits until something is true that a server on another task brings about.
pub(crate) async fn until(what: impl Fn() -> bool) {
    while !what() {
        tokio::task::yield_now().await;
    }
}
