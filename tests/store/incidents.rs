//! Incidents are followed from sweep to sweep: which are open, which cards are in them, and which cards were.

use std::collections::{BTreeMap, BTreeSet};

use cardwatch::domain::closing::{Asked, Closing};
use cardwatch::domain::ids::{CardId, DatasetId, IncidentId};
use cardwatch::domain::incident::{Closed, Incident, Incidents};
use cardwatch::domain::sweep::{Plan, Scope};
use cardwatch::domain::verdict::{Class, Reason, Verdict};
use cardwatch::store::PastIncident;

use crate::house::{House, plan, plan_of};
use crate::nouns::{at, fails, listing, page, reason, works};

const A_DAY: i64 = 24 * 60;

/// An open incident of these cards, which opened at minute 0.
fn incident(id: i64, title: &str, cards: &[i64]) -> (IncidentId, Incident) {
    let incident = Incident {
        id: IncidentId(id),
        opened_at: at(0),
        title: title.to_owned(),
        reason: reason("x"),
        cards: cards.iter().copied().map(CardId).collect(),
        datasets: BTreeSet::new(),
    };
    (IncidentId(id), incident)
}

fn closed(id: i64, merged_into: Option<i64>) -> Closed {
    Closed { id: IncidentId(id), title: "Over".to_owned(), merged_into: merged_into.map(IncidentId) }
}

/// A sweep that finds these cards broken, and of which the core says that they are in these incidents.
async fn follow(house: &House, minute: i64, plan: Plan, open: &[(IncidentId, Incident)], closed: &[Closed]) -> Closing {
    let broken: Vec<(i64, Verdict)> = plan.cards.keys().map(|card| (card.0, fails("x"))).collect();
    let incidents = Incidents { open: open.iter().cloned().collect(), closed: closed.to_vec() };
    house
        .sweep_as(minute, plan, &broken, Asked::default(), |closing| {
            for (card, memory) in &mut closing.cards {
                memory.incident = incidents.open.values().find(|open| open.cards.contains(card)).map(|open| open.id);
            }
            closing.incidents = incidents;
        })
        .await
        .unwrap()
}

fn page_10(cards: &[i64]) -> Plan {
    plan(listing(Scope::Pages, vec![page(10, cards)]))
}

/// Each spell of a card in an incident as 'incident: card from-until', in minutes.
async fn spells(house: &House) -> Vec<String> {
    let minute = |column: &str| format!("(({column} - {}) / 60000)", at(0).timestamp_millis());
    let sql = format!(
        "SELECT incident_id || ': ' || card_id || ' ' || {} || '-' || coalesce({}, '')
           FROM incident_card JOIN card USING (card_key) ORDER BY incident_id, card_id, joined_at",
        minute("joined_at"),
        minute("left_at")
    );
    house.texts(&sql).await.into_iter().flatten().collect()
}

/// Each incident as 'id closed-at into', in minutes; what is open has no more than its id.
async fn fates(house: &House) -> Vec<String> {
    let sql = format!(
        "SELECT concat_ws(' ', incident_id, (closed_at - {}) / 60000, 'into ' || merged_into)
           FROM incident ORDER BY incident_id",
        at(0).timestamp_millis()
    );
    house.texts(&sql).await.into_iter().flatten().collect()
}

/// The incident of each broken card, as the snapshot tells; it never names one that is not open.
async fn memberships(house: &House) -> BTreeMap<i64, i64> {
    let snapshot = house.snapshot().await;
    let incidents = snapshot.cards.iter().filter_map(|(card, now)| Some((card.0, now.incident?)));
    incidents.inspect(|(_, id)| assert!(snapshot.incidents.contains_key(id))).map(|(card, id)| (card, id.0)).collect()
}

#[tokio::test]
async fn an_incident_opens_shrinks_and_closes_with_its_last_card() {
    let house = House::new().await;
    house.sweep(0, &[(1, fails("x")), (2, fails("x")), (3, works())]).await;
    assert_eq!(memberships(&house).await, BTreeMap::from([(1, 1), (2, 1)]));
    house.sweep(15, &[(1, works()), (2, fails("x")), (3, works())]).await;
    assert_eq!(memberships(&house).await, BTreeMap::from([(2, 1)]));
    assert_eq!(fates(&house).await, ["1"]);
    house.sweep(30, &[(1, works()), (2, works()), (3, works())]).await;
    assert!(memberships(&house).await.is_empty());
    assert_eq!(spells(&house).await, ["1: 1 1-16", "1: 2 1-31"]);
    assert_eq!(fates(&house).await, ["1 31"]);
    assert!(house.snapshot().await.incidents.is_empty());
}

#[tokio::test]
async fn an_open_incident_is_read_as_it_was_written() {
    let house = House::new().await;
    let (id, mut open) = incident(1, "Dataset \"Orders\" lost column region_name", &[1, 2]);
    open.reason = Reason { class: Class::QueryTimeout, text: "took too long".into() };
    open.datasets = ["b", "a"].into_iter().filter_map(DatasetId::new).collect();
    follow(&house, 5, page_10(&[1, 2]), &[(id, open.clone())], &[]).await;
    let now = house.snapshot().await.incidents[&id].clone();
    assert_eq!((now.opened_at, &now.title, &now.reason), (open.opened_at, &open.title, &open.reason));
    assert_eq!(now.datasets, Vec::from_iter(open.datasets.clone()));
    let memory = house.memory().await;
    assert_eq!(memory.incidents.open, BTreeMap::from([(id, open.known())]));
    assert_eq!(memory.incidents.next, IncidentId(2));
    assert_eq!(memory.cards.get(&CardId(1)).unwrap().incident, Some(id));
}

#[tokio::test]
async fn an_incident_is_called_what_the_latest_sweep_called_it() {
    let house = House::new().await;
    follow(&house, 0, page_10(&[1]), &[incident(1, "Before", &[1])], &[]).await;
    let (id, mut after) = incident(1, "After", &[1]);
    after.reason = reason("y");
    after.opened_at = at(99);
    follow(&house, 15, page_10(&[1]), &[(id, after)], &[]).await;
    let now = house.snapshot().await.incidents[&id].clone();
    assert_eq!((now.title.as_str(), now.reason, now.opened_at), ("After", reason("y"), at(0)));
}

#[tokio::test]
async fn incidents_of_one_cause_become_the_older_one() {
    let house = House::new().await;
    let cards = || page_10(&[1, 2]);
    follow(&house, 0, cards(), &[incident(1, "One", &[1]), incident(2, "Two", &[2])], &[]).await;
    follow(&house, 15, cards(), &[incident(1, "One", &[1, 2])], &[closed(2, Some(1))]).await;
    assert_eq!(fates(&house).await, ["1", "2 16 into 1"]);
    assert_eq!(spells(&house).await, ["1: 1 1-", "1: 2 16-", "2: 2 1-16"]);
    assert_eq!(memberships(&house).await, BTreeMap::from([(1, 1), (2, 1)]));
}

#[tokio::test]
async fn a_card_may_leave_an_incident_and_come_back_to_it() {
    let house = House::new().await;
    for (minute, cards) in [(0, &[1, 2][..]), (15, &[1]), (30, &[1, 2])] {
        follow(&house, minute, page_10(&[1, 2]), &[incident(1, "One", cards)], &[]).await;
    }
    assert_eq!(spells(&house).await, ["1: 1 1-", "1: 2 1-16", "1: 2 31-"]);
}

#[tokio::test]
async fn a_card_may_come_back_at_the_instant_at_which_it_joined_when_the_clock_goes_back() {
    let house = House::new().await;
    for cards in [&[1, 2][..], &[1], &[1, 2]] {
        follow(&house, 0, page_10(&[1, 2]), &[incident(1, "One", cards)], &[]).await;
    }
    assert_eq!(spells(&house).await, ["1: 1 1-", "1: 2 1-"]);
    assert_eq!(memberships(&house).await, BTreeMap::from([(1, 1), (2, 1)]));
}

#[tokio::test]
async fn a_sweep_of_a_part_leaves_the_other_cards_in_their_incidents() {
    let house = House::new().await;
    house.sweep(0, &[(1, fails("x")), (2, fails("x"))]).await;
    let part = plan(listing(Scope::Part, vec![page(20, &[3])]));
    house.sweep_plan("acme", 15, part, &[(3, fails("x"))]).await;
    assert_eq!(memberships(&house).await, BTreeMap::from([(1, 1), (2, 1), (3, 1)]));
    assert_eq!(spells(&house).await, ["1: 1 1-", "1: 2 1-", "1: 3 16-"]);
}

#[tokio::test]
async fn a_sweep_of_a_part_may_move_a_card_that_it_did_not_look_at() {
    let house = House::new().await;
    follow(&house, 0, page_10(&[1, 2]), &[incident(1, "One", &[1]), incident(2, "Two", &[2])], &[]).await;
    let part = plan(listing(Scope::Part, vec![page(20, &[3])]));
    follow(&house, 15, part, &[incident(1, "One", &[1, 2, 3])], &[closed(2, Some(1))]).await;
    assert_eq!(memberships(&house).await, BTreeMap::from([(1, 1), (2, 1), (3, 1)]));
    assert_eq!(fates(&house).await, ["1", "2 16 into 1"]);
}

#[tokio::test]
async fn a_removed_card_leaves_its_incident() {
    let house = House::new().await;
    house.sweep(0, &[(1, fails("x")), (2, fails("x"))]).await;
    house.sweep(15, &[(2, fails("x"))]).await;
    assert_eq!(spells(&house).await, ["1: 1 1-16", "1: 2 1-"]);
    let memory = house.memory().await;
    assert_eq!(
        (memory.cards.get(&CardId(1)).unwrap().incident, memory.cards.get(&CardId(2)).unwrap().incident),
        (None, Some(IncidentId(1)))
    );
    house.sweep(30, &[(3, works())]).await;
    assert_eq!(fates(&house).await, ["1 31"]);
}

#[tokio::test]
async fn a_card_that_comes_back_brings_no_closed_incident_with_it() {
    let house = House::new().await;
    house.sweep(0, &[(1, fails("x")), (2, works())]).await;
    house.sweep(15, &[(2, works())]).await;
    assert_eq!(fates(&house).await, ["1 16"]);
    house.sweep(30, &[(1, fails("x")), (2, works())]).await;
    assert_eq!(memberships(&house).await, BTreeMap::from([(1, 2)]));
    assert_eq!(fates(&house).await, ["1 16", "2"]);
}

#[tokio::test]
async fn an_id_is_given_once_whatever_was_forgotten_and_whoever_had_it() {
    let house = House::new().await;
    house.know("globex").await;
    house.sweep(0, &[(1, fails("x"))]).await;
    house.sweep_plan("globex", 0, plan_of(&[(1, fails("x"))]), &[(1, fails("x"))]).await;
    assert_eq!(fates(&house).await, ["1", "2"]);
    house.sweep(15, &[(1, works())]).await;
    house.sweep_plan("globex", 15, plan_of(&[(1, works())]), &[(1, works())]).await;
    while house.store.prune_step(at(-A_DAY), at(A_DAY), at(A_DAY)).await.unwrap().more {}
    assert!(fates(&house).await.is_empty());
    house.sweep(A_DAY, &[(1, fails("x"))]).await;
    assert_eq!(fates(&house).await, ["3"]);
}

#[tokio::test]
async fn instances_do_not_end_each_others_incidents() {
    let house = House::new().await;
    house.know("globex").await;
    house.sweep(0, &[(1, fails("x"))]).await;
    house.sweep_plan("globex", 0, plan_of(&[(1, fails("x"))]), &[(1, fails("x"))]).await;
    house.sweep(15, &[(1, works())]).await;
    assert_eq!(fates(&house).await, ["1 16", "2"]);
    let globex = house.store.snapshot(&"globex".parse().unwrap()).await.unwrap();
    assert_eq!(globex.cards[&CardId(1)].incident, Some(IncidentId(2)));
    assert_eq!(globex.incidents.len(), 1);
}

#[tokio::test]
async fn a_history_tells_the_incidents_of_a_card_the_latest_first() {
    let house = House::new().await;
    follow(&house, 0, page_10(&[1, 2]), &[incident(1, "One", &[1]), incident(2, "Two", &[2])], &[]).await;
    follow(&house, 15, page_10(&[1, 2]), &[incident(2, "Two", &[1, 2])], &[closed(1, Some(2))]).await;
    let history = house.store.card_histories(CardId(1), None, 9).await.unwrap().remove(0);
    let past = |id, title: &str, joined: i64, left: Option<i64>| PastIncident {
        id: IncidentId(id),
        title: title.to_owned(),
        joined_at: at(joined),
        left_at: left.map(at),
    };
    assert_eq!(history.incidents, [past(2, "Two", 16, None), past(1, "One", 1, Some(16))]);
    let shorter = house.store.card_histories(CardId(1), None, 1).await.unwrap().remove(0);
    assert_eq!(shorter.incidents, history.incidents[..1]);
}

#[tokio::test]
async fn a_storm_of_ten_thousand_cards_is_one_incident() {
    let house = House::new().await;
    let seen: Vec<_> = (1..=10_000).map(|card| (card, fails("x"))).collect();
    house.sweep(0, &seen).await;
    assert_eq!(memberships(&house).await.len(), 10_000);
    house.sweep(15, &seen[..1]).await;
    assert_eq!(memberships(&house).await, BTreeMap::from([(1, 1)]));
}
