//! One sweep of one instance, from the listing to the closing transaction. Owns the order of steps; the
//! renders and their confirmation are in `rounds`, and what follows from them is decided in `domain`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use lettre::message::Mailbox;
use litemap::LiteMap;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::asking;
use super::lifecycle::Pulse;
use super::metrics::SweepMetrics;
use super::rounds::{self, Ended};
use crate::clock::{SharedClock, within};
use crate::config::valid::{Alerts, Concurrency, Config, Instance, Pages};
use crate::domain::Timestamp;
use crate::domain::closing::{self, Closing, Failed, Judged, Memory, OwnerReport, Reporting, Swept};
use crate::domain::ids::{CardId, PageId, SweepId};
use crate::domain::owners::OwnerPolicy;
use crate::domain::report::{Letter, Report};
use crate::domain::shown::Counts;
use crate::domain::sight::Why;
use crate::domain::sweep::{Listing, Outcome, Plan, Scope};
use crate::domo::{Domo, DomoError, Wanted};
use crate::http::live::Live;
use crate::mail::message::{self, Envelope};
use crate::store::{OpenSweep, Store, StoreError};

/// Everything that a sweep of one instance needs.
#[derive(Debug, Clone)]
pub struct Sweeper {
    /// What is swept.
    pub instance: Arc<Instance>,
    /// When admins are told, and what.
    pub alerts: Arc<Alerts>,
    /// Who is told; `None` = nobody, and what is due stays due.
    pub letters: Option<Arc<LetterHead>>,
    /// The way to Domo, kept between sweeps with its session.
    pub domo: Arc<Domo>,
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: SharedClock,
    /// What is counted.
    pub metrics: SweepMetrics,
    /// What is going on, for whoever watches.
    pub live: Arc<Live>,
    /// Beats as the sweep moves.
    pub pulse: Pulse,
    /// This process.
    pub pid: u32,
}

/// What stands on every letter about an instance.
#[derive(Debug, Clone, PartialEq)]
pub struct LetterHead {
    /// Who gets it.
    pub to: Vec<Mailbox>,
    /// The domain of the sender, for Message-IDs.
    pub domain: String,
    /// Where the status page is reached.
    pub link_base: Option<Url>,
}

impl LetterHead {
    /// The letterhead of an instance; `None` where no mail is configured.
    pub fn of(config: &Config, instance: &Instance) -> Option<Self> {
        config.email.as_ref().map(|email| Self {
            to: instance.to.clone().unwrap_or_else(|| email.to.clone()),
            domain: email.from.email.domain().to_owned(),
            link_base: email.link_base.clone(),
        })
    }

    fn write(&self, report: &Report, message_id: &str, references: &[String], to: &[Mailbox]) -> Letter {
        let envelope = Envelope {
            message_id: message_id.to_owned(),
            references: references.to_vec(),
            to,
            link_base: self.link_base.as_ref(),
        };
        message::compose(report, envelope)
    }
}

/// What a sweep is asked to do beside looking.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SweepRequest {
    /// Just these pages; empty = what is configured.
    pub pages: BTreeSet<PageId>,
}

/// How a sweep ended.
#[derive(Debug, Clone)]
pub struct SweepEnd {
    /// Its id.
    pub sweep: SweepId,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Timestamp,
    /// How.
    pub outcome: Outcome,
    /// The cards counted.
    pub counts: Counts,
    /// What ended it early, or kept it from its whole view; where nothing was decided, why.
    pub trouble: Option<String>,
    /// What it looked at; `None` where nothing could be listed.
    pub looked_at: Option<(Plan, LiteMap<CardId, Judged>)>,
    /// A letter was put into the outbox.
    pub mailed: bool,
}

/// Sweeps an instance once: list, plan, render, confirm, close. Everything that was decided is saved by
/// the time it returns; with `stop` cancelled it ends as `interrupted` and changes no card's state.
pub async fn sweep_once(
    sweeper: &Sweeper,
    request: &SweepRequest,
    stop: &CancellationToken,
) -> Result<SweepEnd, StoreError> {
    let name = &sweeper.instance.name;
    let wanted = sweeper.wanted(request);
    let mut sweep = sweeper.store.begin_sweep(name, sweeper.pid, sweeper.clock.now()).await?;
    tracing::Span::current().record("sweep", sweep.id.0);
    let plan = tokio::select! {
        plan = sweeper.plan(&wanted) => plan?,
        () = stop.cancelled() => Err(Ending::Stopped),
    };
    let plan = match plan {
        Ok(plan) => plan,
        Err(Ending::Stopped) => return sweeper.interrupt(sweep).await,
        Err(Ending::Failed(why)) => return sweeper.fail(sweep, wanted.scope(), why).await,
    };
    sweeper.store.add_planned_cards(&mut sweep, &plan).await?;
    // Before the renders: another process may sweep the instance meanwhile.
    let known_broken = sweeper.store.broken_cards(name).await?;
    let last_finished = sweeper.store.last_finished(name).await?;
    let looked = rounds::look(sweeper, &mut sweep, &plan, &known_broken, stop).await?;
    sweeper.live.end();
    let (verdicts, trouble) = match looked {
        Ended::Looked { verdicts, trouble } => (verdicts, trouble),
        Ended::SignedOut => {
            let why = sweeper.signed_out().await;
            return sweeper.fail(sweep, wanted.scope(), why).await;
        }
        Ended::Stopped => return sweeper.interrupt(sweep).await,
    };
    let asked = asking::ask(sweeper, &plan, &verdicts, &known_broken, stop).await?;
    let swept = Swept {
        sweep: sweep.id,
        started_at: sweep.started_at,
        finished_at: sweeper.clock.now(),
        trouble: plan.trouble(trouble),
        plan,
        verdicts,
        asked,
    };
    sweeper.close(sweep, swept, last_finished).await
}

/// Why a sweep ends before it has looked at anything.
enum Ending {
    Stopped,
    Failed(Why),
}

/// See [`Sweeper::beat_along`].
const BEAT_EVERY: Duration = Duration::from_secs(10);

impl Sweeper {
    /// Signs in, lists, and reads the listing against what is remembered.
    async fn plan(&self, wanted: &Wanted) -> Result<Result<Plan, Ending>, StoreError> {
        let failed = |why: Why| Ok(Err(Ending::Failed(why)));
        let limit = self.instance.sweep_timeout;
        let listing = match within(&*self.clock, limit, self.beat_along(Box::pin(self.list(wanted)))).await {
            Some(Ok(listing)) => listing,
            Some(Err(error)) => return failed(why(&error)),
            None => {
                let limit = humantime::format_duration(limit);
                let remedy = self.more_time();
                let full = format!("the cards could not be listed within sweep_timeout ({limit}); {remedy}");
                return failed(Why { brief: "listing takes too long", full });
            }
        };
        // Nothing is doubted of a page that lists cards.
        let lists_cards: BTreeSet<PageId> =
            listing.pages.iter().filter(|page| !page.cards.is_empty()).map(|page| page.id).collect();
        let remembered = self.store.remembered(&self.instance.name, &lists_cards).await?;
        Ok(Ok(Plan::new(listing, &remembered, &self.instance.exclusions)))
    }

    /// Beats while requests are made, each of which is bounded in time by itself.
    pub(super) async fn beat_along<T>(&self, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        loop {
            self.pulse.beat(self.clock.elapsed());
            tokio::select! {
                done = &mut work => return done,
                () = self.clock.sleep(BEAT_EVERY) => {}
            }
        }
    }

    /// What helps a sweep that runs into `sweep_timeout`.
    pub(super) fn more_time(&self) -> String {
        let name = &self.instance.name;
        let more_at_once = match self.instance.concurrency {
            Concurrency::Auto => String::new(),
            Concurrency::Fixed(_) => format!(" or instances.{name}.concurrency"),
        };
        format!("raise instances.{name}.sweep_timeout{more_at_once}, or sweep fewer pages")
    }

    async fn list(&self, wanted: &Wanted) -> Result<Listing, DomoError> {
        self.domo.sign_in().await?;
        self.domo.list(wanted).await
    }

    fn wanted(&self, request: &SweepRequest) -> Wanted {
        match (&self.instance.pages, request.pages.is_empty()) {
            (_, false) => Wanted::Part { ids: request.pages.clone() },
            (Pages::All, true) => Wanted::Instance,
            (Pages::Some { ids, subpages }, true) => Wanted::Pages { ids: ids.clone(), subpages: *subpages },
        }
    }

    /// Renders only see that Domo says 401; why it does, another sign-in tells.
    async fn signed_out(&self) -> Why {
        why(&self.domo.sign_in().await.err().unwrap_or(DomoError::SignedOut))
    }

    /// Ends a sweep that looked at its cards: what follows from that is decided and saved as one, its letters among it.
    async fn close(&self, sweep: OpenSweep, swept: Swept, before: Option<Timestamp>) -> Result<SweepEnd, StoreError> {
        let reporting = self.reporting(&sweep, before);
        let mut mailed = false;
        let decide = |memory: &Memory| {
            let closing = closing::close(&swept, memory, reporting.as_ref());
            let letters = self.letters(&closing, reporting.as_ref());
            mailed = !letters.is_empty();
            (closing, letters)
        };
        let changes_since = swept.finished_at - self.alerts.policy.flap_window;
        let closing = self.store.finish_sweep(sweep, &swept, changes_since, decide).await?;
        self.metrics.closed(&self.instance.name, &closing);
        Ok(SweepEnd::closed(swept, closing, mailed))
    }

    /// Ends a sweep that could look at nothing, and tells the admins if that goes on for too long.
    async fn fail(&self, sweep: OpenSweep, scope: Scope, why: Why) -> Result<SweepEnd, StoreError> {
        let failed = Failed { scope, started_at: sweep.started_at, finished_at: self.clock.now(), why };
        let mut end = SweepEnd::early(&sweep, Outcome::Failed, failed.finished_at, failed.why.full.clone());
        let mailed = &mut end.mailed;
        let reporting = self.reporting(&sweep, self.store.last_finished(&self.instance.name).await?);
        let decide = |memory: &Memory| {
            let closing = closing::close_failed(&failed, memory, reporting.as_ref());
            let letter = self.letter(closing.report.as_ref(), reporting.as_ref());
            *mailed = letter.is_some();
            (closing, letter)
        };
        self.store.finish_failed_sweep(sweep, &failed, decide).await?;
        self.metrics.ended(&self.instance.name, Outcome::Failed);
        Ok(end)
    }

    /// Ends a sweep that was cut short: what was decided stays saved, and the next one decides.
    async fn interrupt(&self, sweep: OpenSweep) -> Result<SweepEnd, StoreError> {
        let why = "cardwatch was stopped while it ran";
        let end = SweepEnd::early(&sweep, Outcome::Interrupted, self.clock.now(), why.to_owned());
        self.store.interrupt_sweep(sweep, why, end.finished_at).await?;
        self.metrics.ended(&self.instance.name, Outcome::Interrupted);
        Ok(end)
    }

    /// The owners that are mailed about their own cards; `None` = none, or nobody is told anything.
    pub(super) fn mailed_owners(&self) -> Option<&OwnerPolicy> {
        self.letters.as_ref().and(self.alerts.owners.as_ref())
    }

    /// How this sweep's report is made; `None` where nobody is told, or not before the maintenance window is over.
    /// `before` is when the sweep before ended.
    fn reporting(&self, sweep: &OpenSweep, before: Option<Timestamp>) -> Option<Reporting> {
        let head = self.letters.as_ref()?;
        let maintenance = &self.instance.maintenance;
        if maintenance.span_at(self.clock.now()).is_some() {
            return None;
        }
        let began = sweep.started_at.timestamp_millis();
        Some(Reporting {
            instance: self.instance.name.clone(),
            url: self.instance.url.clone(),
            timezone: self.instance.schedule.zone(),
            policy: self.alerts.policy.clone(),
            confirmed_after: self.alerts.confirmed_after(),
            // One report a sweep at most: the sweep names it, for good.
            message_id: format!("{}.{}.{began}@{}", self.instance.name, sweep.id, head.domain),
            owners: self.mailed_owners().cloned(),
            after_maintenance: before.and_then(|before| maintenance.span_at(before)),
        })
    }

    /// The letters that a closed sweep makes due: the admins' first.
    fn letters(&self, closing: &Closing, reporting: Option<&Reporting>) -> Vec<Letter> {
        let admins = self.letter(closing.report.as_ref(), reporting);
        admins.into_iter().chain(closing.owner_reports.iter().filter_map(|owner| self.owner_letter(owner))).collect()
    }

    fn letter(&self, report: Option<&(Report, Vec<String>)>, reporting: Option<&Reporting>) -> Option<Letter> {
        let ((report, references), reporting, head) = (report?, reporting?, self.letters.as_ref()?);
        Some(head.write(report, &reporting.message_id, references, &head.to))
    }

    fn owner_letter(&self, owner: &OwnerReport) -> Option<Letter> {
        let to = message::recipient(&owner.to)?;
        Some(self.letters.as_ref()?.write(&owner.report, &owner.message_id, &owner.references, &[to]))
    }
}

fn why(error: &DomoError) -> Why {
    Why { brief: error.brief(), full: error.to_string() }
}

impl SweepEnd {
    fn early(sweep: &OpenSweep, outcome: Outcome, finished_at: Timestamp, trouble: String) -> Self {
        Self {
            sweep: sweep.id,
            started_at: sweep.started_at,
            finished_at,
            outcome,
            counts: Counts::default(),
            trouble: Some(trouble),
            looked_at: None,
            mailed: false,
        }
    }

    fn closed(swept: Swept, closing: Closing, mailed: bool) -> Self {
        Self {
            sweep: swept.sweep,
            started_at: swept.started_at,
            finished_at: swept.finished_at,
            outcome: closing.outcome,
            counts: closing.counts,
            trouble: closing.trouble,
            looked_at: Some((swept.plan, swept.verdicts)),
            mailed,
        }
    }
}
