//! One sweep of one instance, from the listing to the closing transaction. Owns the order of steps; the
//! renders and their confirmation are in `rounds`, and what follows from them is decided in `domain`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use lettre::message::Mailbox;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::lifecycle::Pulse;
use super::metrics::SweepMetrics;
use super::rounds::{self, Ended};
use crate::clock::{SharedClock, within};
use crate::config::valid::{Alerts, Config, Instance, Pages};
use crate::domain::Timestamp;
use crate::domain::closing::{self, Closing, Judged, Memory, Reporting, Swept};
use crate::domain::ids::{CardId, PageId, SweepId};
use crate::domain::report::Letter;
use crate::domain::sweep::{Listing, Outcome, Plan, Tally};
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
    pub tally: Tally,
    /// What ended it early, or kept it from its whole view.
    pub trouble: Option<String>,
    /// What it looked at; `None` where nothing could be listed.
    pub looked_at: Option<(Plan, BTreeMap<CardId, Judged>)>,
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
    let mut sweep = sweeper.store.begin_sweep(name, sweeper.pid, sweeper.clock.now()).await?;
    tracing::Span::current().record("sweep", sweep.id.0);
    let plan = tokio::select! {
        plan = sweeper.plan(request) => plan?,
        () = stop.cancelled() => Err(STOPPED),
    };
    let plan = match plan {
        Ok(plan) => plan,
        Err(ending) => return sweeper.give_up(sweep, ending).await,
    };
    sweeper.store.add_planned_cards(&mut sweep, &plan).await?;
    let known_broken = sweeper.known_broken().await?;
    let looked = rounds::look(sweeper, &mut sweep, &plan, &known_broken, stop).await?;
    sweeper.live.end();
    let (verdicts, trouble) = match looked {
        Ended::Looked { verdicts, trouble } => (verdicts, trouble),
        Ended::SignedOut => return sweeper.give_up(sweep, sweeper.signed_out().await).await,
        Ended::Stopped => return sweeper.give_up(sweep, STOPPED).await,
    };
    let swept = Swept {
        sweep: sweep.id,
        started_at: sweep.started_at,
        finished_at: sweeper.clock.now(),
        trouble: plan.trouble(trouble),
        plan,
        verdicts,
    };
    let mut mailed = false;
    let closing = sweeper
        .store
        .finish_sweep(sweep, &swept, |memory| {
            let (closing, letter) = sweeper.decide(&swept, memory);
            mailed = letter.is_some();
            (closing, letter)
        })
        .await?;
    sweeper.metrics.closed(name, &closing);
    Ok(SweepEnd::closed(swept, closing, mailed))
}

/// Why a sweep ends without a closing.
struct Ending {
    outcome: Outcome,
    why: std::borrow::Cow<'static, str>,
}

/// See [`Sweeper::beat_along`].
const BEAT_EVERY: Duration = Duration::from_secs(10);

const STOPPED: Ending =
    Ending { outcome: Outcome::Interrupted, why: std::borrow::Cow::Borrowed("cardwatch was stopped while it ran") };

impl Sweeper {
    /// Signs in, lists, and reads the listing against what is remembered.
    async fn plan(&self, request: &SweepRequest) -> Result<Result<Plan, Ending>, StoreError> {
        let failed = |why: String| Ok(Err(Ending { outcome: Outcome::Failed, why: why.into() }));
        let limit = self.instance.sweep_timeout;
        let listing = match within(&*self.clock, limit, self.beat_along(Box::pin(self.list(request)))).await {
            Some(Ok(listing)) => listing,
            Some(Err(error)) => return failed(error.to_string()),
            None => {
                return failed(format!(
                    "the cards could not be listed within sweep_timeout ({})",
                    humantime::format_duration(limit)
                ));
            }
        };
        let remembered = self.store.remembered(&self.instance.name).await?;
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

    async fn list(&self, request: &SweepRequest) -> Result<Listing, DomoError> {
        self.domo.sign_in().await?;
        let wanted = match (&self.instance.pages, request.pages.is_empty()) {
            (_, false) => Wanted::Part { ids: request.pages.clone() },
            (Pages::All, true) => Wanted::Instance,
            (Pages::Some { ids, subpages }, true) => Wanted::Pages { ids: ids.clone(), subpages: *subpages },
        };
        self.domo.list(&wanted).await
    }

    /// The cards that need no confirmation when they fail again.
    async fn known_broken(&self) -> Result<BTreeSet<CardId>, StoreError> {
        let snapshot = self.store.snapshot(&self.instance.name).await?;
        Ok(snapshot.cards.into_iter().filter(|(_, card)| card.state.is_broken()).map(|(id, _)| id).collect())
    }

    /// Renders only see that Domo says 401; why it does, another sign-in tells.
    async fn signed_out(&self) -> Ending {
        let error = self.domo.sign_in().await.err().unwrap_or(DomoError::SignedOut);
        Ending { outcome: Outcome::Failed, why: error.to_string().into() }
    }

    /// Ends a sweep that changes nothing but its own row.
    async fn give_up(&self, sweep: OpenSweep, ending: Ending) -> Result<SweepEnd, StoreError> {
        let end = SweepEnd {
            sweep: sweep.id,
            started_at: sweep.started_at,
            finished_at: self.clock.now(),
            outcome: ending.outcome,
            tally: Tally::default(),
            trouble: Some(ending.why.to_string()),
            looked_at: None,
            mailed: false,
        };
        self.store.end_sweep(sweep, ending.outcome, &ending.why, end.finished_at).await?;
        self.metrics.ended(&self.instance.name, ending.outcome);
        Ok(end)
    }

    /// What follows from a sweep, and the letter that is due. Runs inside the closing transaction.
    fn decide(&self, swept: &Swept, memory: &Memory) -> (Closing, Option<Letter>) {
        let Some(head) = &self.letters else { return (closing::close(swept, memory, None), None) };
        let reporting = Reporting {
            instance: self.instance.name.clone(),
            url: self.instance.url.clone(),
            timezone: self.instance.schedule.zone(),
            policy: self.alerts.policy.clone(),
            confirmed_after: self.alerts.confirmed_after(),
            message_id: self.message_id(head, swept),
        };
        let closing = closing::close(swept, memory, Some(&reporting));
        let letter = closing.report.as_ref().map(|(report, references)| {
            let envelope = Envelope {
                message_id: reporting.message_id,
                references: references.clone(),
                to: &head.to,
                link_base: head.link_base.as_ref(),
            };
            message::compose(report, envelope)
        });
        (closing, letter)
    }

    /// One report a sweep at most: the sweep names it, for good.
    fn message_id(&self, head: &LetterHead, swept: &Swept) -> String {
        let began = swept.started_at.timestamp_millis();
        format!("{}.{}.{began}@{}", self.instance.name, swept.sweep, head.domain)
    }
}

impl SweepEnd {
    fn closed(swept: Swept, closing: Closing, mailed: bool) -> Self {
        Self {
            sweep: swept.sweep,
            started_at: swept.started_at,
            finished_at: swept.finished_at,
            outcome: closing.outcome,
            tally: closing.tally,
            trouble: closing.trouble,
            looked_at: Some((swept.plan, swept.verdicts)),
            mailed,
        }
    }
}
