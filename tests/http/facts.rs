//! Cards and instances to be shown, and sweeps that are saved, for the tests of the API and of the badges.

use std::collections::BTreeMap;
use std::time::Duration;

use cardwatch::domain::Timestamp;
use cardwatch::domain::card::CardState;
use cardwatch::domain::closing::{self, Asked, Judged, Swept};
use cardwatch::domain::dataset::{Dataset, Evidence, KnownDataset, Run, RunOutcome, SchemaChange};
use cardwatch::domain::ids::{CardId, DatasetId, IncidentId, InstanceName, PageId};
use cardwatch::domain::maintenance::{Maintenance, Window};
use cardwatch::domain::mute::Mute;
use cardwatch::domain::owners::Owner;
use cardwatch::domain::rendering::Rendering;
use cardwatch::domain::report::Letter;
use cardwatch::domain::schedule::Schedule;
use cardwatch::domain::snapshot::{CardNow, IncidentNow, InstanceSnapshot, LastSweep, PageNow};
use cardwatch::domain::strip::Strip;
use cardwatch::domain::sweep::{
    CardKind, Exclusions, ListedCard, ListedPage, Listing, Outcome, PageKind, Plan, Remembered, Scope,
};
use cardwatch::domain::verdict::{Class, Reason, Verdict};
use cardwatch::http::InstanceSettings;
use cardwatch::store::SavedResult;
use serde_json::Value;

use crate::clock::TestClock;
use crate::house::{Answer, House, open};

pub(crate) const HOUR: Duration = Duration::from_hours(1);

/// So long before the clock began.
pub(crate) fn before(hours: u32) -> Timestamp {
    TestClock::start() - HOUR * hours
}

pub(crate) fn named(name: &str) -> InstanceName {
    name.parse().unwrap()
}

pub(crate) fn dataset(id: &str) -> DatasetId {
    DatasetId::new(id).unwrap()
}

pub(crate) fn card(state: CardState) -> CardNow {
    CardNow {
        title: "Revenue by region".to_owned(),
        owners: [Owner { user: None, name: "Dana Reyes".to_owned() }].into(),
        state,
        flapping: false,
        rendering: Rendering::default(),
        mute: None,
        incident: None,
        datasets: [].into(),
        pages: Vec::new(),
        recent: Strip::default(),
        unchecked_because: None,
    }
}

pub(crate) fn working() -> CardNow {
    card(CardState::Working { since: before(3), decided_at: before(1) })
}

pub(crate) fn broken() -> CardNow {
    let reason = Reason { class: Class::Misconfigured, text: "No indexed schema found".to_owned() };
    card(CardState::Broken { since: before(2), decided_at: before(1), reason, first_seen: false })
}

pub(crate) fn undecided() -> CardNow {
    CardNow { unchecked_because: Some("no access (403)".to_owned()), ..card(CardState::Undecided) }
}

pub(crate) fn slow() -> CardNow {
    let rendering = Rendering {
        latency: Some(Duration::from_secs(12)),
        slow_against: Some(Duration::from_millis(800)),
        no_data_since: None,
    };
    CardNow { rendering, ..working() }
}

pub(crate) fn empty() -> CardNow {
    let rendering = Rendering { latency: Some(HOUR / 3600), slow_against: None, no_data_since: Some(before(2)) };
    CardNow { rendering, ..working() }
}

pub(crate) fn muted(until: Option<Timestamp>) -> CardNow {
    let mute = Mute { reason: "owner on leave".to_owned(), by: "ann".to_owned(), at: before(1), until };
    CardNow { mute: Some(Box::new(mute)), ..broken() }
}

/// An instance that was swept an hour ago, with these cards, numbered from 1 on.
pub(crate) fn instance(name: &str, cards: impl IntoIterator<Item = CardNow>) -> InstanceSnapshot {
    let ended = before(1);
    InstanceSnapshot {
        cards: (1..).map(CardId).zip(cards).collect(),
        last_completed: Some(ended),
        last_sweep: Some(LastSweep {
            started_at: before(2),
            finished_at: ended,
            outcome: Outcome::Completed,
            trouble: None,
        }),
        ..InstanceSnapshot::empty(named(name))
    }
}

/// The instance with a page of that id, which holds these of its cards.
pub(crate) fn paged(mut instance: InstanceSnapshot, page: i64, cards: &[i64]) -> InstanceSnapshot {
    let cards: Vec<CardId> = cards.iter().copied().map(CardId).collect();
    for card in &cards {
        instance.cards.get_mut(card).unwrap().pages.push(PageId(page));
    }
    let title = format!("Page {page}");
    instance.pages.insert(PageId(page), PageNow { title, kind: PageKind::Page, owners: [].into(), cards });
    instance
}

/// What was found out about a dataset at that time: its columns changed, and its latest run failed.
pub(crate) fn evidence(looked_at: Timestamp) -> Evidence {
    let lost = ["region".to_owned()].into();
    Evidence {
        looked_at,
        gone: false,
        state: Some("ERROR".to_owned()),
        updated_at: Some(before(9)),
        last_run: Some(Run { at: Some(before(4)), outcome: RunOutcome::Failed("connection refused".to_owned()) }),
        columns: None,
        schema_change: Some(SchemaChange { after: before(9), before: before(2), lost, gained: [].into() }),
    }
}

/// The instance with an incident of that id, in which its broken cards are, about the dataset `ds-1`.
pub(crate) fn with_incident(mut instance: InstanceSnapshot, id: i64, looked_at: Timestamp) -> InstanceSnapshot {
    let orders = Dataset { name: "Orders".to_owned(), state: None, updated_at: None };
    instance.datasets.insert(dataset("ds-1"), KnownDataset { dataset: orders, evidence: Some(evidence(looked_at)) });
    let incident = IncidentNow {
        opened_at: before(2),
        title: "Dataset Orders lost column region".to_owned(),
        reason: Reason { class: Class::Misconfigured, text: "No column region".to_owned() },
        datasets: vec![dataset("ds-1"), dataset("ds-2")],
    };
    instance.incidents.insert(IncidentId(id), incident);
    for card in instance.cards.values_mut().filter(|card| card.state.is_broken()) {
        card.incident = Some(IncidentId(id));
        card.datasets = [dataset("ds-1")].into();
    }
    instance
}

/// What an operator sets for instances of these names.
pub(crate) fn set(names: &[&str]) -> BTreeMap<InstanceName, InstanceSettings> {
    names.iter().map(|name| (named(name), set_for(name, Vec::new()))).collect()
}

/// What an operator sets for one instance, which is swept every quarter of an hour.
pub(crate) fn set_for(name: &str, windows: Vec<Window>) -> InstanceSettings {
    InstanceSettings {
        url: format!("https://{name}.domo.com").parse().unwrap(),
        schedule: Schedule::parse("*/15 * * * *", chrono_tz::UTC).unwrap(),
        maintenance: Maintenance { windows },
    }
}

/// A house that shows these, of instances that its database knows.
pub(crate) async fn showing(instances: impl IntoIterator<Item = InstanceSnapshot>) -> House {
    let house = House::with(open()).await;
    for (name, set) in set(&["acme", "globex"]) {
        house.store.know_instance(&name, &set.url, 24 * HOUR).await.unwrap();
    }
    house.settings.send_modify(|settings| settings.instances = set(&["acme", "globex"]));
    house.show_all(instances);
    house
}

pub(crate) async fn get(house: &House, path: &str) -> Answer {
    house.ask("GET", path, &[]).await
}

/// What is found at an address.
pub(crate) async fn found(house: &House, path: &str) -> Value {
    let answer = get(house, path).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")), "{path}: {answer:?}");
    serde_json::from_str(&answer.body).unwrap()
}

/// The status of a problem, and what it says.
pub(crate) async fn problem(house: &House, method: &str, path: &str) -> (u16, String) {
    let answer = house.ask(method, path, &[]).await;
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{path}: {answer:?}");
    let problem: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((&problem["type"], &problem["status"]), (&"about:blank".into(), &answer.status.into()));
    (answer.status, problem["detail"].as_str().unwrap().to_owned())
}

/// The numbers that stand under a name in each row of a list.
pub(crate) fn numbers(list: &Value, name: &str) -> Vec<i64> {
    list.as_array().unwrap().iter().map(|row| row[name].as_i64().unwrap()).collect()
}

/// Saves a sweep of an instance's page 10, so long before the clock began, which comes to these verdicts and makes a
/// mail due.
pub(crate) async fn save_sweep(house: &House, name: &str, hours: u32, verdicts: &[(i64, Verdict)]) {
    let (instance, store) = (named(name), &house.store);
    let at = before(hours);
    let mut sweep = store.begin_sweep(&instance, 4711, at).await.unwrap();
    let plan = Plan::new(listing(verdicts), &Remembered::default(), &Exclusions::default());
    store.add_planned_cards(&mut sweep, &plan).await.unwrap();
    let latency = Duration::from_millis(250);
    let saved = verdicts.iter().map(|(card, verdict)| SavedResult {
        card: CardId(*card),
        round: 0,
        verdict: verdict.clone(),
        at,
        latency,
    });
    store.append_results(&mut sweep, &saved.collect::<Vec<_>>()).await.unwrap();
    let judged = |verdict: &Verdict| Judged { verdict: verdict.clone(), at, latency };
    let swept = Swept {
        sweep: sweep.id,
        started_at: at,
        finished_at: at + HOUR / 60,
        trouble: None,
        plan,
        verdicts: verdicts.iter().map(|(card, verdict)| (CardId(*card), judged(verdict))).collect(),
        asked: Asked::default(),
    };
    let letter = letter(&format!("{}@example.com", sweep.id));
    let decide = |memory: &closing::Memory| (closing::close(&swept, memory, None), vec![letter]);
    store.finish_sweep(sweep, &swept, Timestamp::UNIX_EPOCH, decide).await.unwrap();
}

fn listing(verdicts: &[(i64, Verdict)]) -> Listing {
    let ids = || verdicts.iter().map(|(card, _)| CardId(*card));
    let listed = |id: CardId| ListedCard {
        id,
        title: format!("Card {id}"),
        kind: CardKind::named("kpi"),
        owners: [].into(),
        datasets: Some([dataset("ds-1")].into()),
    };
    let orders = Dataset { name: "Orders".to_owned(), state: None, updated_at: None };
    let page = ListedPage {
        id: PageId(10),
        title: "Sales".to_owned(),
        kind: PageKind::Page,
        owners: [].into(),
        cards: ids().collect(),
    };
    Listing {
        scope: Scope::Pages,
        pages: vec![page],
        cards: ids().map(|id| (id, listed(id))).collect(),
        loose: [].into(),
        datasets: [(dataset("ds-1"), orders)].into(),
        unlisted: Vec::new(),
    }
}

fn letter(message_id: &str) -> Letter {
    Letter {
        message_id: message_id.to_owned(),
        references: Vec::new(),
        to: vec!["admins@example.com".to_owned()],
        subject: "[cardwatch] acme: 1 card broke (1 broken now)".to_owned(),
        text: "1 card broke".to_owned(),
        html: "<p>1 card broke</p>".to_owned(),
        csv: None,
    }
}
