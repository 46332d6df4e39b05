//! Weeks of sweeps in seconds: the real sweeper and mailroom on the database that the daemon will find, on a clock that
//! is set back. Owns when a sweep is; what happens in between is whoever calls' business.

use std::sync::Arc;

use cardwatch::clock::SharedClock;
use cardwatch::config::Config;
use cardwatch::daemon::lifecycle::Pulse;
use cardwatch::daemon::mailroom::Mailroom;
use cardwatch::daemon::metrics::SweepMetrics;
use cardwatch::daemon::sweeper::{LetterHead, SweepRequest, Sweeper, sweep_once};
use cardwatch::domain::Timestamp;
use cardwatch::domain::ids::CardId;
use cardwatch::domain::mute::Mute;
use cardwatch::domo::{Domo, DomoMetrics};
use cardwatch::http::live::Live;
use cardwatch::mail::mailer::{MailMetrics, Mailer};
use cardwatch::store::Store;
use chrono::TimeDelta;
use prometheus::Registry;
use tokio_util::sync::CancellationToken;

use crate::clock::PastClock;

pub(crate) struct Past {
    clock: Arc<PastClock>,
    store: Store,
    sweepers: Vec<Sweeper>,
    mailroom: Mailroom,
}

impl Past {
    /// A past of the instances of this configuration, which has a mail server.
    pub(crate) async fn of(config: &Config) -> Self {
        let clock = PastClock::start();
        let shared: SharedClock = clock.clone();
        let store = Store::open(&config.storage.path).await.unwrap();
        let registry = Registry::new();
        let (metrics, to_domo) = (SweepMetrics::new(&registry).unwrap(), DomoMetrics::new(&registry).unwrap());
        let mut sweepers = Vec::new();
        for instance in &config.instances {
            store.know_instance(&instance.name, &instance.url, config.alerts.policy.stale_after).await.unwrap();
            sweepers.push(Sweeper {
                instance: Arc::new(instance.clone()),
                alerts: Arc::new(config.alerts.clone()),
                letters: LetterHead::of(config, instance).map(Arc::new),
                domo: Arc::new(Domo::new(instance, shared.clone(), &to_domo, 7).unwrap()),
                store: store.clone(),
                clock: shared.clone(),
                metrics: metrics.clone(),
                live: Arc::new(Live::default()),
                pulse: Pulse::unwatched(),
                pid: std::process::id(),
            });
        }
        let email = config.email.as_ref().unwrap();
        let mailer = Mailer::new(email, shared.clone(), MailMetrics::new(&registry).unwrap()).unwrap();
        let mailroom = Mailroom::new(mailer, store.clone(), shared, Pulse::unwatched());
        Self { clock, store, sweepers, mailroom }
    }

    /// Sets the clock so far back; gives the time that it shows, in milliseconds since 1970.
    pub(crate) fn go_to(&self, ago: TimeDelta) -> i64 {
        self.clock.set_back(ago);
        self.now().timestamp_millis()
    }

    /// Sweeps every instance and sends what is due.
    pub(crate) async fn sweep(&self) {
        let stop = CancellationToken::new();
        let request = SweepRequest::default();
        let sweeps = self.sweepers.iter().map(|sweeper| sweep_once(sweeper, &request, &stop));
        for ended in futures::future::join_all(sweeps).await {
            ended.unwrap();
        }
        self.mailroom.send_what_is_due(&stop).await.unwrap();
    }

    /// Mutes a broken card; until further notice without a time.
    pub(crate) async fn mute(&self, card: i64, reason: &str, lasting: Option<TimeDelta>) {
        let at = self.now();
        let until = lasting.map(|lasting| at + lasting);
        let mute = Mute { reason: reason.to_owned(), by: "Dana Reyes".to_owned(), at, until };
        self.store.mute(CardId(card), None, &mute).await.unwrap().unwrap();
    }

    pub(crate) async fn end(self) {
        self.store.close().await;
    }

    fn now(&self) -> Timestamp {
        use cardwatch::clock::Clock as _;
        self.clock.now()
    }
}
