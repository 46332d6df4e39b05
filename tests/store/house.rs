//! A database in a folder of its own, and sweeps of the instance 'acme' that are saved in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use cardwatch::domain::Timestamp;
use cardwatch::domain::closing::{self, Asked, Closing, Failed, FailedClosing, Judged, Memory, Reporting, Swept};
use cardwatch::domain::ids::{CardId, InstanceName};
use cardwatch::domain::report::{Letter, Report};
use cardwatch::domain::sight::Why;
use cardwatch::domain::snapshot::InstanceSnapshot;
use cardwatch::domain::sweep::{Exclusions, Listing, Plan, Remembered, Scope};
use cardwatch::domain::verdict::Verdict;
use cardwatch::store::{OpenSweep, QueuedLetter, SavedResult, Store, StoreError};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection};
use tempfile::TempDir;

use crate::nouns::{DAY, at, listing, page, policy};

/// Before anything that a test tells of.
pub(crate) const LONG_BEFORE: Timestamp = Timestamp::UNIX_EPOCH;

/// The process that sweeps.
pub(crate) const PID: u32 = 4711;

pub(crate) struct House {
    pub(crate) store: Store,
    folder: TempDir,
}

impl House {
    pub(crate) async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let store = Store::open(&folder.path().join("cardwatch.db")).await.unwrap();
        let house = Self { store, folder };
        house.know("acme").await;
        house
    }

    pub(crate) async fn know(&self, name: &str) {
        let url = format!("https://{name}.domo.com").parse().unwrap();
        self.store.know_instance(&named(name), &url, DAY).await.unwrap();
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("cardwatch.db")
    }

    /// The database as another program sees it, which may do as it likes.
    pub(crate) async fn stranger(&self) -> SqliteConnection {
        SqliteConnectOptions::new().filename(self.path()).connect().await.unwrap()
    }

    // A stranger that is only dropped lets go of the database later, on a thread of its own, and keeps its log until then:
    // each is seen off.
    pub(crate) async fn execute(&self, sql: &str) -> Result<u64, sqlx::Error> {
        let mut stranger = self.stranger().await;
        let done = sqlx::query(AssertSqlSafe(sql)).execute(&mut stranger).await;
        stranger.close().await.unwrap();
        done.map(|done| done.rows_affected())
    }

    /// The one number that a statement asks for.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let mut stranger = self.stranger().await;
        let number = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut stranger).await.unwrap();
        stranger.close().await.unwrap();
        number
    }

    /// The one column of texts that a statement asks for.
    pub(crate) async fn texts(&self, sql: &str) -> Vec<Option<String>> {
        let mut stranger = self.stranger().await;
        let texts = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut stranger).await.unwrap();
        stranger.close().await.unwrap();
        texts
    }

    /// A sweep of acme that has begun and has its cards.
    pub(crate) async fn begin(&self, minute: i64, plan: &Plan) -> OpenSweep {
        self.begin_at("acme", minute, plan).await
    }

    pub(crate) async fn begin_at(&self, instance: &str, minute: i64, plan: &Plan) -> OpenSweep {
        let mut sweep = self.store.begin_sweep(&named(instance), PID, at(minute)).await.unwrap();
        self.store.add_planned_cards(&mut sweep, plan).await.unwrap();
        sweep
    }

    /// Closes a sweep as the daemon does: what is due to be told becomes a letter.
    pub(crate) async fn finish(&self, sweep: OpenSweep, swept: &Swept) -> Result<Closing, StoreError> {
        let message_id = format!("{}@example.com", sweep.id);
        self.finish_as(sweep, swept, &message_id).await
    }

    /// The same with a Message-ID of one's own.
    pub(crate) async fn finish_as(
        &self,
        sweep: OpenSweep,
        swept: &Swept,
        message_id: &str,
    ) -> Result<Closing, StoreError> {
        let reporting = letterhead(&sweep.instance, message_id);
        let decide = |memory: &Memory| {
            let closing = closing::close(swept, memory, Some(&reporting));
            let due = due_letter(closing.report.as_ref(), message_id);
            (closing, Vec::from_iter(due))
        };
        self.store.finish_sweep(sweep, swept, LONG_BEFORE, decide).await
    }

    /// A whole sweep of acme's page 10, which holds just these cards.
    pub(crate) async fn sweep(&self, minute: i64, verdicts: &[(i64, Verdict)]) -> Closing {
        self.sweep_plan("acme", minute, plan_of(verdicts), verdicts).await
    }

    pub(crate) async fn sweep_plan(
        &self,
        instance: &str,
        minute: i64,
        plan: Plan,
        verdicts: &[(i64, Verdict)],
    ) -> Closing {
        let mut sweep = self.begin_at(instance, minute, &plan).await;
        self.store.append_results(&mut sweep, &results(minute, verdicts)).await.unwrap();
        let swept = swept(&sweep, minute, plan, verdicts);
        self.finish(sweep, &swept).await.unwrap()
    }

    /// A whole sweep of acme that also asked, and whose closing is changed on its way into the store.
    pub(crate) async fn sweep_as(
        &self,
        minute: i64,
        plan: Plan,
        verdicts: &[(i64, Verdict)],
        asked: Asked,
        change: impl FnOnce(&mut Closing) + Send,
    ) -> Result<Closing, StoreError> {
        let mut sweep = self.begin(minute, &plan).await;
        self.store.append_results(&mut sweep, &results(minute, verdicts)).await.unwrap();
        let swept = Swept { asked, ..swept(&sweep, minute, plan, verdicts) };
        let decide = |memory: &Memory| {
            let mut closing = closing::close(&swept, memory, None);
            change(&mut closing);
            (closing, Vec::new())
        };
        self.store.finish_sweep(sweep, &swept, LONG_BEFORE, decide).await
    }

    /// The letter that is next in line.
    pub(crate) async fn next_letter(&self) -> Result<Option<QueuedLetter>, StoreError> {
        self.store.next_letter(&BTreeSet::new(), &BTreeSet::new()).await
    }

    /// What is true of acme now.
    pub(crate) async fn snapshot(&self) -> InstanceSnapshot {
        self.store.snapshot(&acme()).await.unwrap()
    }

    /// A sweep of acme that could not list its cards.
    pub(crate) async fn fail(&self, minute: i64) -> FailedClosing {
        let sweep = self.store.begin_sweep(&acme(), PID, at(minute)).await.unwrap();
        let why = Why { brief: "login rejected", full: "cannot sign in: correct `password`".to_owned() };
        let failed = Failed { scope: Scope::Pages, started_at: sweep.started_at, finished_at: at(minute + 1), why };
        let message_id = format!("{}@example.com", sweep.id);
        let reporting = letterhead(&sweep.instance, &message_id);
        let mut closed = None;
        let decide = |memory: &Memory| {
            let closing = closing::close_failed(&failed, memory, Some(&reporting));
            closed = Some(closing.clone());
            let due = due_letter(closing.report.as_ref(), &message_id);
            (closing, due)
        };
        self.store.finish_failed_sweep(sweep, &failed, decide).await.unwrap();
        closed.unwrap()
    }

    /// What is remembered of acme, as a closing sees it, which then fails.
    pub(crate) async fn memory(&self) -> Memory {
        self.memory_since(LONG_BEFORE).await
    }

    /// The same with the changes since an instant.
    pub(crate) async fn memory_since(&self, changes_since: Timestamp) -> Memory {
        let remembered = self.store.remembered(&acme(), &BTreeSet::new()).await.unwrap();
        let listing = Listing {
            scope: Scope::Part,
            pages: Vec::new(),
            cards: BTreeMap::new(),
            loose: BTreeSet::new(),
            datasets: BTreeMap::new(),
            unlisted: Vec::new(),
        };
        let plan = Plan::new(listing, &remembered, &Exclusions::default());
        let sweep = self.begin(0, &plan).await;
        let swept = swept(&sweep, 0, plan, &[]);
        let mut seen = Memory::default();
        let decide = |memory: &Memory| {
            seen = memory.clone();
            (closing::close(&swept, memory, None), Vec::new())
        };
        let given_up =
            format!("UPDATE sweep SET finished_at = 0, outcome = 'interrupted' WHERE sweep_id = {}", sweep.id);
        self.execute(&given_up).await.unwrap();
        self.store.finish_sweep(sweep, &swept, changes_since, decide).await.unwrap_err();
        seen
    }
}

pub(crate) fn named(name: &str) -> InstanceName {
    name.parse().unwrap()
}

pub(crate) fn acme() -> InstanceName {
    named("acme")
}

/// A plan of page 10 with these cards.
pub(crate) fn plan_of(verdicts: &[(i64, Verdict)]) -> Plan {
    let cards: Vec<i64> = verdicts.iter().map(|(card, _)| *card).collect();
    plan(listing(Scope::Pages, vec![page(10, &cards)]))
}

pub(crate) fn plan(listing: Listing) -> Plan {
    Plan::new(listing, &Remembered::default(), &Exclusions::default())
}

/// What a sweep found that ended a minute after it began.
pub(crate) fn swept(sweep: &OpenSweep, minute: i64, plan: Plan, verdicts: &[(i64, Verdict)]) -> Swept {
    let judged = |verdict: &Verdict| Judged { verdict: verdict.clone(), at: at(minute), latency: Duration::ZERO };
    Swept {
        sweep: sweep.id,
        started_at: sweep.started_at,
        finished_at: at(minute + 1),
        trouble: plan.trouble(None),
        plan,
        verdicts: verdicts.iter().map(|(card, verdict)| (CardId(*card), judged(verdict))).collect(),
        asked: Asked::default(),
    }
}

/// First renders that each took a quarter of a second.
pub(crate) fn results(minute: i64, verdicts: &[(i64, Verdict)]) -> Vec<SavedResult> {
    let result = |(card, verdict): &(i64, Verdict)| SavedResult {
        card: CardId(*card),
        round: 0,
        verdict: verdict.clone(),
        at: at(minute),
        latency: Duration::from_millis(250),
    };
    verdicts.iter().map(result).collect()
}

fn due_letter(report: Option<&(Report, Vec<String>)>, message_id: &str) -> Option<Letter> {
    let (report, references) = report?;
    Some(Letter { references: references.clone(), subject: report.subject(), ..letter(message_id) })
}

pub(crate) fn letter(message_id: &str) -> Letter {
    Letter {
        message_id: message_id.to_owned(),
        references: Vec::new(),
        to: vec!["Admins <admins@example.com>".to_owned()],
        subject: "[cardwatch] acme: 1 card broke (1 broken now)".to_owned(),
        text: "1 card broke".to_owned(),
        html: "<p>1 card broke</p>".to_owned(),
        csv: None,
    }
}

fn letterhead(instance: &InstanceName, message_id: &str) -> Reporting {
    Reporting {
        instance: instance.clone(),
        url: format!("https://{instance}.domo.com").parse().unwrap(),
        timezone: chrono_tz::UTC,
        policy: policy(),
        confirmed_after: None,
        message_id: message_id.to_owned(),
        owners: None,
        after_maintenance: None,
    }
}
