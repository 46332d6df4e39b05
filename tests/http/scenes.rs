//! What may be true of instances, as the tests of the pages put it together.

use std::collections::BTreeSet;

use cardwatch::domain::Timestamp;
use cardwatch::domain::card::CardState;
use cardwatch::domain::dataset::{Dataset, Evidence, KnownDataset, Run, RunOutcome, SchemaChange};
use cardwatch::domain::ids::{CardId, DatasetId, IncidentId, PageId};
use cardwatch::domain::mute::Mute;
use cardwatch::domain::owners::Owner;
use cardwatch::domain::snapshot::{CardNow, IncidentNow, InstanceSnapshot, LastSweep, PageNow};
use cardwatch::domain::strip::Strip;
use cardwatch::domain::sweep::{Outcome, PageKind};
use cardwatch::domain::verdict::{Class, Reason, Verdict};
use chrono::TimeDelta;

use cardwatch::domain::maintenance::Window;
use cardwatch::domain::sight::Blind;
use cardwatch::http::Settings;

use crate::clock::TestClock;
use crate::facts::{self, set_for};
use crate::house::{Answer, House, open};

/// So many minutes before the house opens.
pub(crate) fn ago(minutes: i64) -> Timestamp {
    TestClock::start() - TimeDelta::minutes(minutes)
}

pub(crate) fn reason(text: &str) -> Reason {
    Reason { class: Class::Misconfigured, text: text.to_owned() }
}

fn card(title: &str, state: CardState, recent: Strip) -> CardNow {
    CardNow { title: title.to_owned(), owners: [].into(), recent, ..facts::card(state) }
}

/// A strip of sweeps that went well, and then of some that did not.
pub(crate) fn sweeps(well: usize, failed: usize) -> Strip {
    let works = std::iter::repeat_n(Verdict::Working { no_data: false }, well);
    let fails = std::iter::repeat_n(Verdict::Broken(reason("gone")), failed);
    works.chain(fails).fold(Strip::default(), |strip, verdict| strip.after(&verdict))
}

pub(crate) fn working(title: &str) -> CardNow {
    card(title, CardState::Working { since: ago(9_000), decided_at: ago(5) }, sweeps(31, 0))
}

pub(crate) fn broken(title: &str, why: &str, minutes: i64) -> CardNow {
    let state = CardState::Broken { since: ago(minutes), decided_at: ago(5), reason: reason(why), first_seen: false };
    card(title, state, sweeps(29, 2))
}

pub(crate) fn undecided(title: &str, because: &str) -> CardNow {
    CardNow { unchecked_because: Some(because.to_owned()), ..card(title, CardState::Undecided, Strip::default()) }
}

pub(crate) fn unsupported(title: &str) -> CardNow {
    card(title, CardState::Unsupported, Strip::default())
}

pub(crate) fn of(incident: i64, card: CardNow) -> CardNow {
    CardNow { incident: Some(IncidentId(incident)), ..card }
}

pub(crate) fn owned(by: &[&str], card: CardNow) -> CardNow {
    CardNow { owners: by.iter().map(|name| Owner { user: None, name: (*name).to_owned() }).collect(), ..card }
}

pub(crate) fn muted(why: &str, until: Option<Timestamp>, card: CardNow) -> CardNow {
    let mute = Mute { reason: why.to_owned(), by: "ann".to_owned(), at: ago(60), until };
    CardNow { mute: Some(Box::new(mute)), ..card }
}

/// An instance that was swept five minutes ago, with these cards, numbered from 1.
pub(crate) fn swept(name: &str, cards: impl IntoIterator<Item = CardNow>) -> InstanceSnapshot {
    let last = LastSweep {
        started_at: ago(5) - TimeDelta::seconds(41),
        finished_at: ago(5),
        outcome: Outcome::Completed,
        trouble: None,
    };
    InstanceSnapshot {
        cards: (1..).map(CardId).zip(cards).collect(),
        last_completed: Some(ago(5)),
        last_sweep: Some(last),
        ..InstanceSnapshot::empty(name.parse().unwrap())
    }
}

/// With a page that holds these cards.
pub(crate) fn paged(mut instance: InstanceSnapshot, id: i64, title: &str, cards: &[i64]) -> InstanceSnapshot {
    let page = PageNow {
        title: title.to_owned(),
        kind: PageKind::Page,
        owners: [].into(),
        cards: cards.iter().copied().map(CardId).collect(),
    };
    for card in &page.cards {
        instance.cards.get_mut(card).unwrap().pages.push(PageId(id));
    }
    instance.pages.insert(PageId(id), page);
    instance
}

/// With an open incident.
pub(crate) fn with_incident(
    mut instance: InstanceSnapshot,
    id: i64,
    title: &str,
    why: &str,
    datasets: &[&str],
) -> InstanceSnapshot {
    let datasets = datasets.iter().filter_map(|id| DatasetId::new(id)).collect();
    let incident = IncidentNow { opened_at: ago(15), title: title.to_owned(), reason: reason(why), datasets };
    instance.incidents.insert(IncidentId(id), incident);
    instance
}

pub(crate) fn evidence() -> Evidence {
    Evidence::nothing(ago(14))
}

pub(crate) fn failed_run(minutes: i64, said: &str) -> Evidence {
    Evidence {
        last_run: Some(Run { at: Some(ago(minutes)), outcome: RunOutcome::Failed(said.to_owned()) }),
        ..evidence()
    }
}

pub(crate) fn lost_column(column: &str) -> Evidence {
    let lost = BTreeSet::from([column.to_owned()]);
    let change = SchemaChange { after: ago(300), before: ago(14), lost, gained: BTreeSet::new() };
    Evidence {
        schema_change: Some(change),
        last_run: Some(Run { at: Some(ago(22)), outcome: RunOutcome::Succeeded }),
        ..evidence()
    }
}

/// With a dataset of that id and name.
pub(crate) fn with_dataset(
    mut instance: InstanceSnapshot,
    id: &str,
    name: &str,
    found: Option<Evidence>,
) -> InstanceSnapshot {
    let dataset = Dataset { name: name.to_owned(), state: Some("SUCCESS".to_owned()), updated_at: Some(ago(500)) };
    instance.datasets.insert(DatasetId::new(id).unwrap(), KnownDataset { dataset, evidence: found });
    instance
}

/// What stands within a line.
const INLINE: [&str; 7] = ["a", "b", "code", "small", "span", "strong", "time"];

/// A page as one reads it: without tags, references to characters resolved, white space folded.
pub(crate) fn read(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, tag)) = rest.split_once('<') {
        let (tag, after) = tag.split_once('>').unwrap();
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
        text.push_str(before);
        if !INLINE.contains(&name) {
            text.push(' ');
        }
        rest = after;
    }
    text.push_str(rest);
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(crate) const COLUMN: &str = "Invalid column(s) referenced: region_name";

/// What an operator sets who watches acme, with these windows.
pub(crate) fn watching(windows: Vec<Window>) -> Settings {
    Settings { instances: [("acme".parse().unwrap(), set_for("acme", windows))].into(), ..open() }
}

/// A house whose daemon is well.
pub(crate) async fn ready() -> House {
    let house = House::with(watching(Vec::new())).await;
    let _ = house.readiness.send_replace(Ok(()));
    house
}

pub(crate) async fn showing(instances: impl IntoIterator<Item = InstanceSnapshot>) -> House {
    let house = ready().await;
    house.show_all(instances);
    house
}

pub(crate) async fn page(house: &House) -> Answer {
    let answer = house.ask("GET", "/", &[]).await;
    assert_eq!(answer.status, 200);
    answer
}

pub(crate) async fn words(house: &House) -> String {
    read(&page(house).await.body)
}

pub(crate) fn blind(name: &str) -> InstanceSnapshot {
    let mut instance = swept(name, [working("Revenue")]);
    instance.blind = Some(Blind { since: ago(20), sweeps: 2 });
    instance.last_completed = Some(ago(35));
    let last = instance.last_sweep.as_mut().unwrap();
    last.outcome = Outcome::Failed;
    last.trouble = Some("Domo refused the access token: make a new one".to_owned());
    instance
}

/// Two cards that broke of one cause.
pub(crate) fn orders() -> InstanceSnapshot {
    let cards = [
        of(12, owned(&["Sales BI"], broken("Revenue by region", COLUMN, 15))),
        of(12, owned(&["Ann", "Sales BI"], broken("Orders map", COLUMN, 14))),
        working("Costs"),
    ];
    let instance = with_incident(swept("acme", cards), 12, "Dataset Orders lost column region_name", COLUMN, &["d-1"]);
    paged(paged(instance, 7, "Sales overview", &[1, 2, 3]), 8, "Board pack", &[1])
}
