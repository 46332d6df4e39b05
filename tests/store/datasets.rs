//! Datasets: which feed a card, what lists say of them, and what Domo says when a card that they feed broke.

use std::collections::{BTreeMap, BTreeSet};

use cardwatch::domain::closing::{Asked, Closing};
use cardwatch::domain::dataset::{Dataset, Evidence, Feeding, KnownDataset, Run, RunOutcome, SchemaChange};
use cardwatch::domain::ids::{CardId, DatasetId};
use cardwatch::domain::sweep::{Plan, Scope};
use cardwatch::domain::verdict::Verdict;
use cardwatch::store::StoreError;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use crate::house::{House, acme, plan};
use crate::nouns::{at, fails, listing, page, works};

fn id(text: &str) -> DatasetId {
    DatasetId::new(text).unwrap()
}

fn dataset(name: &str) -> Dataset {
    Dataset { name: name.to_owned(), state: Some("SUCCESS".into()), updated_at: Some(at(-60)) }
}

/// Nothing but that it was looked at.
fn evidence(minute: i64) -> Evidence {
    Evidence::nothing(at(minute))
}

/// A plan of page 10 with the cards and the datasets that feed them, which are called by their ids in capitals.
fn fed(scope: Scope, cards: &[(i64, &[&str])]) -> Plan {
    let mut listing = listing(scope, vec![page(10, &cards.iter().map(|(card, _)| *card).collect::<Vec<_>>())]);
    for (card, datasets) in cards {
        let ids: Feeding = datasets.iter().map(|text| id(text)).collect();
        listing.datasets.extend(ids.iter().map(|id| (id.clone(), dataset(&id.as_str().to_uppercase()))));
        listing.cards.get_mut(&CardId(*card)).unwrap().datasets = Some(ids);
    }
    plan(listing)
}

async fn sweep(house: &House, minute: i64, plan: Plan) {
    let verdicts: Vec<(i64, Verdict)> = plan.cards.keys().map(|card| (card.0, works())).collect();
    house.sweep_plan("acme", minute, plan, &verdicts).await;
}

async fn sweep_asking(house: &House, minute: i64, plan: Plan, asked: Asked) -> Result<Closing, StoreError> {
    let verdicts: Vec<(i64, Verdict)> = plan.cards.keys().map(|card| (card.0, fails("x"))).collect();
    house.sweep_as(minute, plan, &verdicts, asked, |_| ()).await
}

/// The datasets of each card that has any.
async fn feeding(house: &House) -> BTreeMap<i64, Vec<String>> {
    let cards = house.snapshot().await.cards.into_iter().filter(|(_, card)| !card.datasets.is_empty());
    cards.map(|(id, card)| (id.0, card.datasets.iter().map(ToString::to_string).collect())).collect()
}

fn feeds(cards: &[(i64, &[&str])]) -> BTreeMap<i64, Vec<String>> {
    cards.iter().map(|(card, datasets)| (*card, datasets.iter().map(|id| (*id).to_owned()).collect())).collect()
}

async fn known(house: &House, text: &str) -> Option<KnownDataset> {
    house.snapshot().await.datasets.remove(&id(text))
}

#[tokio::test]
async fn the_datasets_of_a_card_are_known_everywhere() {
    let house = House::new().await;
    sweep(&house, 0, fed(Scope::Pages, &[(1, &["orders", "people"]), (2, &["orders"])])).await;
    assert_eq!(feeding(&house).await, feeds(&[(1, &["orders", "people"]), (2, &["orders"])]));
    let expected = KnownDataset { dataset: dataset("ORDERS"), evidence: None };
    assert_eq!(known(&house, "orders").await, Some(expected));
    let remembered = house.store.remembered(&acme(), &BTreeSet::new()).await.unwrap();
    assert_eq!(remembered.cards[&CardId(2)].datasets, Some([id("orders")].into()));
    let memory = house.memory().await;
    assert_eq!(memory.cards.get(&CardId(2)).unwrap().datasets, [id("orders")].into());
    assert_eq!(memory.datasets[&id("people")], KnownDataset { dataset: dataset("PEOPLE"), evidence: None });
}

#[tokio::test]
async fn a_card_of_which_no_dataset_was_ever_told_has_none_that_are_known() {
    let house = House::new().await;
    house.sweep(0, &[(1, works())]).await;
    assert_eq!(house.store.remembered(&acme(), &BTreeSet::new()).await.unwrap().cards[&CardId(1)].datasets, None);
    assert!(house.snapshot().await.datasets.is_empty());
}

#[tokio::test]
async fn what_feeds_a_card_changes_with_the_listing() {
    let house = House::new().await;
    sweep(&house, 0, fed(Scope::Pages, &[(1, &["orders", "people"]), (2, &["orders"])])).await;
    sweep(&house, 15, fed(Scope::Pages, &[(1, &["places"]), (2, &["orders", "places"])])).await;
    assert_eq!(feeding(&house).await, feeds(&[(1, &["places"]), (2, &["orders", "places"])]));
    sweep(&house, 30, fed(Scope::Pages, &[(1, &[]), (2, &["orders"])])).await;
    assert_eq!(feeding(&house).await, feeds(&[(2, &["orders"])]));
}

#[tokio::test]
async fn a_listing_that_does_not_tell_changes_nothing() {
    let house = House::new().await;
    sweep(&house, 0, fed(Scope::Pages, &[(1, &["orders"])])).await;
    house.sweep(15, &[(1, works())]).await;
    assert_eq!(feeding(&house).await, feeds(&[(1, &["orders"])]));
    assert_eq!(known(&house, "orders").await.unwrap().dataset, dataset("ORDERS"));
}

#[tokio::test]
async fn a_sweep_of_a_part_changes_its_own_cards_alone() {
    let house = House::new().await;
    sweep(&house, 0, fed(Scope::Pages, &[(1, &["orders"]), (2, &["orders"])])).await;
    sweep(&house, 15, fed(Scope::Part, &[(1, &["people"])])).await;
    assert_eq!(feeding(&house).await, feeds(&[(1, &["people"]), (2, &["orders"])]));
}

#[tokio::test]
async fn a_card_that_comes_back_is_fed_by_what_fed_it() {
    let house = House::new().await;
    sweep(&house, 0, fed(Scope::Pages, &[(1, &["orders"]), (2, &["people"])])).await;
    sweep(&house, 15, fed(Scope::Pages, &[(2, &["people"])])).await;
    assert_eq!(feeding(&house).await, feeds(&[(2, &["people"])]));
    house.sweep(30, &[(1, works()), (2, works())]).await;
    assert_eq!(feeding(&house).await, feeds(&[(1, &["orders"]), (2, &["people"])]));
}

#[tokio::test]
async fn what_a_list_says_of_a_dataset_is_what_the_latest_one_said() {
    let house = House::new().await;
    sweep(&house, 0, fed(Scope::Pages, &[(1, &["orders"])])).await;
    let mut plan = fed(Scope::Pages, &[(1, &["orders"])]);
    let renamed = Dataset { name: "Orders, all".into(), state: None, updated_at: None };
    plan.datasets.insert(id("orders"), renamed.clone());
    sweep(&house, 15, plan).await;
    assert_eq!(known(&house, "orders").await.unwrap().dataset, renamed);
}

#[tokio::test]
async fn a_dataset_that_feeds_none_of_the_cards_is_not_kept() {
    let house = House::new().await;
    let mut plan = fed(Scope::Pages, &[(1, &["orders"])]);
    plan.datasets.insert(id("people"), dataset("People"));
    sweep(&house, 0, plan).await;
    assert_eq!(known(&house, "people").await, None);
}

#[tokio::test]
async fn instances_keep_their_datasets_apart() {
    let house = House::new().await;
    house.know("globex").await;
    sweep(&house, 0, fed(Scope::Pages, &[(1, &["orders"])])).await;
    let mut theirs = fed(Scope::Pages, &[(1, &["orders", "people"])]);
    theirs.datasets.insert(id("orders"), dataset("Their orders"));
    house.sweep_plan("globex", 0, theirs, &[(1, works())]).await;
    assert_eq!(feeding(&house).await, feeds(&[(1, &["orders"])]));
    assert_eq!(known(&house, "orders").await.unwrap().dataset, dataset("ORDERS"));
    assert_eq!(known(&house, "people").await, None);
}

#[tokio::test]
async fn a_sweep_that_tells_nothing_new_writes_nothing_of_datasets() {
    let house = House::new().await;
    sweep(&house, 0, fed(Scope::Pages, &[(1, &["orders", "people"]), (2, &["orders"])])).await;
    for (table, event) in ["dataset", "card_dataset"]
        .into_iter()
        .flat_map(|table| ["INSERT", "UPDATE", "DELETE"].into_iter().map(move |event| (table, event)))
    {
        let refuse = format!(
            "CREATE TRIGGER no_{event}_{table} BEFORE {event} ON {table} BEGIN SELECT RAISE(ABORT, 'in vain'); END"
        );
        house.execute(&refuse).await.unwrap();
    }
    sweep(&house, 15, fed(Scope::Pages, &[(1, &["orders", "people"]), (2, &["orders"])])).await;
}

#[tokio::test]
async fn what_was_asked_beside_the_list_is_kept_like_it() {
    let house = House::new().await;
    let asked = Asked {
        card_datasets: BTreeMap::from([(CardId(1), [id("orders"), id("nameless")].into())]),
        datasets: BTreeMap::from([(id("orders"), dataset("Orders"))]),
        ..Asked::default()
    };
    sweep_asking(&house, 0, crate::house::plan_of(&[(1, fails("x"))]), asked).await.unwrap();
    assert_eq!(feeding(&house).await, feeds(&[(1, &["nameless", "orders"])]));
    assert_eq!(known(&house, "orders").await.unwrap().dataset, dataset("Orders"));
    let nameless = Dataset { name: String::new(), state: None, updated_at: None };
    assert_eq!(known(&house, "nameless").await.unwrap().dataset, nameless);
}

#[tokio::test]
async fn a_dataset_that_no_list_told_keeps_the_evidence_all_the_same() {
    let house = House::new().await;
    let gone = Evidence { gone: true, ..evidence(5) };
    let asked = Asked { evidence: BTreeMap::from([(id("lost"), gone.clone())]), ..Asked::default() };
    sweep_asking(&house, 0, crate::house::plan_of(&[(1, fails("x"))]), asked).await.unwrap();
    assert_eq!(known(&house, "lost").await.unwrap().evidence, Some(gone));
}

#[tokio::test]
async fn evidence_outlives_the_sweeps_that_do_not_ask() {
    let house = House::new().await;
    let found = Evidence { state: Some("ERROR".into()), ..evidence(5) };
    let asked = Asked { evidence: BTreeMap::from([(id("orders"), found.clone())]), ..Asked::default() };
    sweep_asking(&house, 0, fed(Scope::Pages, &[(1, &["orders"])]), asked).await.unwrap();
    let mut plan = fed(Scope::Pages, &[(1, &["orders"])]);
    plan.datasets.insert(id("orders"), dataset("Renamed"));
    sweep(&house, 15, plan).await;
    let expected = KnownDataset { dataset: dataset("Renamed"), evidence: Some(found) };
    assert_eq!(known(&house, "orders").await, Some(expected));
}

#[tokio::test]
async fn columns_that_went_between_two_looks_are_known() {
    let house = House::new().await;
    let columns = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>());
    for (minute, names) in [(0, &["id", "region_name"][..]), (30, &["id", "price"])] {
        let found = Evidence { columns: columns(names), ..evidence(minute) };
        let asked = Asked { evidence: BTreeMap::from([(id("orders"), found)]), ..Asked::default() };
        sweep_asking(&house, minute, fed(Scope::Pages, &[(1, &["orders"])]), asked).await.unwrap();
    }
    let change = SchemaChange {
        after: at(0),
        before: at(30),
        lost: columns(&["region_name"]).unwrap(),
        gained: columns(&["price"]).unwrap(),
    };
    assert_eq!(known(&house, "orders").await.unwrap().evidence.unwrap().schema_change, Some(change));
}

#[tokio::test]
async fn a_closing_that_fails_leaves_the_datasets_as_they_were() {
    let house = House::new().await;
    sweep(&house, 0, fed(Scope::Pages, &[(1, &["orders"])])).await;
    let before = house.snapshot().await;
    let refuse = "CREATE TRIGGER full BEFORE UPDATE OF finished_at ON sweep BEGIN SELECT RAISE(ABORT, 'no room'); END";
    house.execute(refuse).await.unwrap();
    let asked = Asked { evidence: BTreeMap::from([(id("orders"), evidence(5))]), ..Asked::default() };
    sweep_asking(&house, 15, fed(Scope::Pages, &[(1, &["orders", "people"])]), asked).await.unwrap_err();
    assert_eq!(house.snapshot().await, before);
}

fn names() -> impl Strategy<Value = BTreeSet<String>> {
    prop::collection::btree_set("[a-zé='\"\\\\, ]{0,9}", 0..4)
}

fn runs() -> impl Strategy<Value = Run> {
    let outcome = prop_oneof![
        Just(RunOutcome::Succeeded),
        "[a-z'\" ]{0,12}".prop_map(RunOutcome::Failed),
        "[A-Z_]{1,9}".prop_map(RunOutcome::Other),
    ];
    (prop::option::of(-9_000..9_000_i64), outcome).prop_map(|(minute, outcome)| Run { at: minute.map(at), outcome })
}

fn changes() -> impl Strategy<Value = SchemaChange> {
    (0..9_000_i64, 0..9_000_i64, names(), names()).prop_map(|(after, before, lost, gained)| SchemaChange {
        after: at(after),
        before: at(before),
        lost,
        gained,
    })
}

fn any_evidence() -> impl Strategy<Value = Evidence> {
    let minute = -9_000..9_000_i64;
    (
        (minute.clone(), any::<bool>(), prop::option::of("[A-Z]{0,9}"), prop::option::of(minute)),
        prop::option::of(runs()),
        prop::option::of(names()),
        prop::option::of(changes()),
    )
        .prop_map(|((looked_at, gone, state, updated_at), last_run, columns, schema_change)| Evidence {
            looked_at: at(looked_at),
            gone,
            state,
            updated_at: updated_at.map(at),
            last_run,
            columns,
            schema_change,
        })
}

#[tokio::test]
async fn whatever_domo_says_of_a_dataset_is_remembered() {
    let house = House::new().await;
    let mut runner = TestRunner::deterministic();
    for minute in [0, 15] {
        let any: BTreeMap<DatasetId, Evidence> = (1..=200)
            .map(|number| (id(&format!("'{number}\"")), any_evidence().new_tree(&mut runner).unwrap().current()))
            .collect();
        let plan = crate::house::plan_of(&[(1, fails("x"))]);
        let told = |closing: &mut Closing| closing.evidence = any.clone();
        house.sweep_as(minute, plan, &[(1, fails("x"))], Asked::default(), told).await.unwrap();
        let now = house.snapshot().await.datasets.into_iter();
        assert_eq!(now.map(|(id, now)| (id, now.evidence.unwrap())).collect::<BTreeMap<_, _>>(), any);
        let memory = house.memory().await.datasets.into_iter();
        assert_eq!(memory.map(|(id, known)| (id, known.evidence.unwrap())).collect::<BTreeMap<_, _>>(), any);
    }
}
