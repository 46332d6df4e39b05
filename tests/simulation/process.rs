//! The process that is simulated: the real sweeper, store and mailroom on one database file. Owns starting it
//! and what a kill leaves behind, which is the file and nothing else.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use cardwatch::clock::SharedClock;
use cardwatch::config::secret::Secret;
use cardwatch::config::valid::{Alerts, Concurrency, Credential, Email, Instance, Login, Pages, SmtpServer, SmtpTls};
use cardwatch::daemon::lifecycle::Pulse;
use cardwatch::daemon::mailroom::Mailroom;
use cardwatch::daemon::metrics::SweepMetrics;
use cardwatch::daemon::sweeper::{LetterHead, SweepRequest, Sweeper, sweep_once};
use cardwatch::domain::ids::{CardId, PageId};
use cardwatch::domain::maintenance::{self, Maintenance, Window};
use cardwatch::domain::mute::Mute;
use cardwatch::domain::schedule::Schedule;
use cardwatch::domain::sweep::Exclusions;
use cardwatch::domo::{Domo, DomoMetrics};
use cardwatch::http::live::Live;
use cardwatch::mail::mailer::{MailMetrics, Mailer};
use cardwatch::store::Store;
use chrono::{DateTime, TimeDelta, Utc};
use prometheus::Registry;
use tokio_util::sync::CancellationToken;

use crate::clock::SimClock;
use crate::model::Nightly;
use crate::world::{PAGES, World};

pub(crate) struct Process {
    pub(crate) store: Store,
    sweeper: Sweeper,
    mailroom: Mailroom,
}

/// What the operator configured.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) alerts: Alerts,
    pub(crate) window: Option<Nightly>,
}

impl Plan {
    /// The window as an operator writes it.
    fn maintenance(&self) -> Maintenance {
        let window = self.window.map(|Nightly { hour, saturdays, hours }| {
            let start = format!("0 {hour} * * {}", if saturdays { "SAT" } else { "*" });
            let start = Schedule::parse(&start, chrono_tz::Europe::Berlin).unwrap();
            Window { start, duration: TimeDelta::hours(hours).to_std().unwrap() }
        });
        Maintenance { windows: window.into_iter().collect() }
    }

    /// When the next sweep is due.
    pub(crate) fn next_sweep(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        maintenance::next_sweep(&schedule(), &self.maintenance(), now).unwrap()
    }
}

/// Never the id of a living process.
const PID: u32 = 4_000_000;

impl Process {
    /// Starts on the database at `path`, as the daemon does.
    pub(crate) async fn start(path: &Path, world: &World, clock: &Arc<SimClock>, plan: &Plan, seed: u64) -> Self {
        let store = Store::open(path).await.unwrap();
        let instance = instance(world, plan.maintenance());
        store.know_instance(&instance.name, &instance.url, plan.alerts.policy.stale_after).await.unwrap();
        store.mark_interrupted(|_| false, clock.wall()).await.unwrap();
        let shared: SharedClock = Arc::clone(clock) as SharedClock;
        let registry = Registry::new();
        let email = email(world);
        let mailer = Mailer::new(&email, Arc::clone(&shared), MailMetrics::new(&registry).unwrap()).unwrap();
        let domo = Domo::new(&instance, Arc::clone(&shared), &DomoMetrics::new(&registry).unwrap(), seed).unwrap();
        let sweeper = Sweeper {
            letters: Some(Arc::new(LetterHead {
                to: email.to.clone(),
                domain: "example.com".to_owned(),
                link_base: None,
            })),
            alerts: Arc::new(plan.alerts.clone()),
            domo: Arc::new(domo),
            store: store.clone(),
            clock: Arc::clone(&shared),
            metrics: SweepMetrics::new(&registry).unwrap(),
            live: Arc::new(Live::default()),
            pulse: Pulse::unwatched(),
            pid: PID,
            instance: Arc::new(instance),
        };
        store.make_letters_due(clock.wall()).await.unwrap();
        let mailroom = Mailroom::new(mailer, store.clone(), shared, Pulse::unwatched());
        Self { store, sweeper, mailroom }
    }

    pub(crate) async fn sweep(&self) {
        sweep_once(&self.sweeper, &SweepRequest::default(), &CancellationToken::new()).await.unwrap();
    }

    /// Mutes a card as `cardwatch mute` does; `false` where that is refused.
    pub(crate) async fn mute(&self, card: i64, until: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
        let mute = Mute { reason: "known".to_owned(), by: "ann".to_owned(), at: now, until };
        self.store.mute(CardId(card), None, &mute).await.unwrap().is_ok()
    }

    pub(crate) async fn unmute(&self, card: i64, now: DateTime<Utc>) -> bool {
        self.store.unmute(CardId(card), None, "ann", now).await.unwrap().is_ok()
    }

    pub(crate) async fn mail(&self) {
        self.mailroom.send_what_is_due(&CancellationToken::new()).await.unwrap();
    }
}

fn schedule() -> Schedule {
    Schedule::parse("30 2-23/12 * * *", chrono_tz::Europe::Berlin).unwrap()
}

fn instance(world: &World, maintenance: Maintenance) -> Instance {
    let password = Secret::new(world.domo.password());
    Instance {
        name: "acme".parse().unwrap(),
        url: world.domo.url().parse().unwrap(),
        schedule: schedule(),
        credential: Credential::Password(Login { username: world.domo.user(), password }),
        pages: Pages::Some { ids: PAGES.map(PageId).into_iter().collect::<BTreeSet<_>>(), subpages: false },
        exclusions: Exclusions::default(),
        render_parts: vec!["dynamic".to_owned(), "summary".to_owned()],
        concurrency: Concurrency::Fixed(NonZeroUsize::new(4).unwrap()),
        requests_per_second: None,
        request_timeout: std::time::Duration::from_secs(5),
        attempts: 2,
        sweep_timeout: std::time::Duration::from_hours(1),
        heartbeat: None,
        to: None,
        maintenance,
    }
}

fn email(world: &World) -> Email {
    let port = world.smtp.url().rsplit(':').next().unwrap().parse().unwrap();
    Email {
        server: SmtpServer { host: "127.0.0.1".to_owned(), port, tls: SmtpTls::Offered },
        login: None,
        ca_file: None,
        from: "cardwatch <cardwatch@example.com>".parse().unwrap(),
        to: vec!["bi-admins@example.com".parse().unwrap()],
        link_base: None,
    }
}
