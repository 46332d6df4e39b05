//! What was closed is what is read: the snapshot, what the next plan is read against, what was told.

use std::collections::BTreeMap;

use cardwatch::domain::card::{CardMemory, CardState, Told};
use cardwatch::domain::closing::{self, Memory};
use cardwatch::domain::ids::{AppId, CardId, PageId};
use cardwatch::domain::owners::Owner;
use cardwatch::domain::sweep::{Listing, Outcome, PageKind, Plan, Remembered, RememberedPage, Scope};
use cardwatch::domain::verdict::{Class, Reason};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use crate::house::{House, LONG_BEFORE, acme, plan, plan_of, swept};
use crate::nouns::{at, card, fails, listing, owner, page, unchecked, works};

#[tokio::test]
async fn a_snapshot_shows_pages_and_cards_as_they_were_listed() {
    let house = House::new().await;
    let listing = listing(Scope::Pages, vec![page(10, &[1, 2]), page(20, &[2]), page(30, &[])]);
    house.sweep_plan("acme", 0, plan(listing), &[(1, works()), (2, fails("x"))]).await;
    let snapshot = house.store.snapshot(&acme()).await.unwrap();
    let held: Vec<_> = snapshot.pages.iter().map(|(id, page)| (id.0, page.title.as_str(), page.cards.len())).collect();
    assert_eq!(held, [(10, "Page 10", 2), (20, "Page 20", 1), (30, "Page 30", 0)]);
    let card = &snapshot.cards[&CardId(2)];
    assert_eq!((card.title.as_str(), &card.owners[..]), ("Card 2", &[owner(2, "Owner of 2")][..]));
    assert_eq!(snapshot.cards.len(), 2);
}

#[tokio::test]
async fn a_snapshot_says_why_the_latest_sweep_could_not_check_a_card() {
    let house = House::new().await;
    let why = async || house.store.snapshot(&acme()).await.unwrap().cards[&CardId(1)].unchecked_because.clone();
    house.sweep(0, &[(1, works())]).await;
    assert_eq!(why().await, None);
    house.sweep(15, &[(1, unchecked())]).await;
    assert_eq!(why().await.as_deref(), Some("no access (403)"));
    house.sweep(30, &[(1, works())]).await;
    assert_eq!(why().await, None);
}

#[tokio::test]
async fn a_new_instance_has_an_empty_snapshot_and_domo_is_not_known_to_be_up() {
    let snapshot = House::new().await.store.snapshot(&acme()).await.unwrap();
    assert!(snapshot.cards.is_empty() && !snapshot.domo_up());
}

#[tokio::test]
async fn instances_do_not_see_each_other() {
    let house = House::new().await;
    house.know("globex").await;
    house.sweep(0, &[(1, works())]).await;
    house.sweep_plan("globex", 0, plan_of(&[(1, fails("x")), (2, works())]), &[(1, fails("x")), (2, works())]).await;
    house.sweep(15, &[(1, works())]).await;
    let globex = house.store.snapshot(&"globex".parse().unwrap()).await.unwrap();
    assert_eq!((globex.cards.len(), globex.cards[&CardId(1)].state.is_broken()), (2, true));
    let acme = house.store.snapshot(&acme()).await.unwrap();
    assert_eq!((acme.cards.len(), acme.cards[&CardId(1)].state.is_broken()), (1, false));
}

#[tokio::test]
async fn the_latest_sweep_is_the_one_that_began_last_whatever_the_clock_said() {
    const YEARS: i64 = 4 * 365 * 24 * 60;
    let house = House::new().await;
    house.sweep(YEARS, &[(1, works())]).await;
    house.sweep(0, &[(1, unchecked())]).await;
    let snapshot = house.store.snapshot(&acme()).await.unwrap();
    assert_eq!(snapshot.last_sweep.map(|sweep| (sweep.started_at, sweep.outcome)), Some((at(0), Outcome::Partial)));
    house.sweep(15, &[(1, works())]).await;
    assert_eq!(house.store.snapshot(&acme()).await.unwrap().last_completed, Some(at(16)));
}

/// Pages of every kind, a card on several, one on none, one that is no kpi.
fn motley() -> Listing {
    let mut pages = vec![page(-100_000, &[1]), page(10, &[1, 2]), page(20, &[3]), page(30, &[])];
    pages[1].kind = PageKind::View { app: Some(AppId(5)) };
    pages[2].kind = PageKind::View { app: None };
    let mut listing = listing(Scope::Instance, pages);
    listing.cards.insert(CardId(7), card(7));
    listing.loose.insert(CardId(7));
    let odd = listing.cards.get_mut(&CardId(3)).unwrap();
    odd.title = String::from("=\"<b>\"\r\n'); DROP TABLE card; -- é \u{202e}");
    odd.owners = vec![owner(7, "Ann \"A\" O'Hara"), Owner { user: None, name: String::new() }];
    odd.kind = cardwatch::domain::sweep::CardKind("document".to_owned());
    listing
}

#[tokio::test]
async fn the_next_plan_is_read_against_just_what_this_one_left() {
    let house = House::new().await;
    let plan = plan(motley());
    house.sweep_plan("acme", 0, plan.clone(), &[]).await;
    let remembered = house.store.remembered(&acme()).await.unwrap();
    assert_eq!(remembered, left_by(&plan));
}

fn left_by(plan: &Plan) -> Remembered {
    let cards = plan.cards.iter().map(|(id, planned)| (*id, planned.card.clone())).collect();
    Remembered { pages: plan.pages.clone(), cards }
}

#[tokio::test]
async fn a_page_that_is_doubted_is_remembered_as_such() {
    let house = House::new().await;
    let mut plan = plan(motley());
    plan.pages.get_mut(&PageId(10)).unwrap().doubted = true;
    house.sweep_plan("acme", 0, plan, &[]).await;
    let doubted = async |page| house.store.remembered(&acme()).await.unwrap().pages[&PageId(page)].doubted;
    assert!(doubted(10).await && !doubted(20).await);
    house.sweep_plan("acme", 15, crate::house::plan(motley()), &[]).await;
    assert!(!doubted(10).await);
}

#[tokio::test]
async fn titles_owners_and_kinds_change_with_the_listing() {
    let house = House::new().await;
    house.sweep_plan("acme", 0, plan(motley()), &[]).await;
    let mut listing = motley();
    listing.pages[1].title = "Renamed".to_owned();
    listing.pages[1].kind = PageKind::Page;
    *listing.cards.get_mut(&CardId(1)).unwrap() =
        cardwatch::domain::sweep::ListedCard { id: CardId(1), owners: Vec::new(), title: "New".into(), ..card(1) };
    let plan = plan(listing);
    house.sweep_plan("acme", 15, plan.clone(), &[]).await;
    assert_eq!(house.store.remembered(&acme()).await.unwrap(), left_by(&plan));
}

fn reasons() -> impl Strategy<Value = Reason> {
    (prop::sample::select(&Class::ALL[..]), "[a-zé='\" ]{1,12}").prop_map(|(class, text)| Reason { class, text })
}

fn states() -> impl Strategy<Value = CardState> {
    let minute = -1_000_000..1_000_000_i64;
    prop_oneof![
        Just(CardState::Undecided),
        Just(CardState::Unsupported),
        (minute.clone(), minute.clone())
            .prop_map(|(since, decided)| CardState::Working { since: at(since), decided_at: at(decided) }),
        (minute.clone(), minute, reasons(), any::<bool>()).prop_map(|(since, decided, reason, first_seen)| {
            CardState::Broken { since: at(since), decided_at: at(decided), reason, first_seen }
        }),
    ]
}

fn memories() -> impl Strategy<Value = CardMemory> {
    let told = (0..1_000_i64, "[a-z0-9.]{1,9}@example\\.com")
        .prop_map(|(minute, message_id)| Told::Broken { at: at(minute), message_id });
    let flapping = (0..1_000_i64, "[a-z0-9.]{1,9}@example\\.com")
        .prop_map(|(minute, message_id)| Told::Flapping { at: at(minute), message_id });
    let told = prop_oneof![Just(Told::Nothing), Just(Told::Withheld), told, flapping];
    (states(), told).prop_map(|(state, told)| CardMemory::of(state, told))
}

#[tokio::test]
async fn whatever_is_known_and_told_of_a_card_is_remembered() {
    let house = House::new().await;
    let mut runner = TestRunner::deterministic();
    for minute in [0, 15] {
        let any: BTreeMap<CardId, CardMemory> =
            (1..=300).map(|id| (CardId(id), memories().new_tree(&mut runner).unwrap().current())).collect();
        let plan = plan(listing(Scope::Pages, vec![page(10, &(1..=300).collect::<Vec<_>>())]));
        let sweep = house.begin(minute, &plan).await;
        let found = swept(&sweep, minute, plan, &[]);
        let decide = |memory: &Memory| {
            (closing::Closing { cards: any.clone(), ..closing::close(&found, memory, None) }, Vec::new())
        };
        house.store.finish_sweep(sweep, &found, LONG_BEFORE, decide).await.unwrap();
        assert_eq!(house.memory().await.cards, any);
        let snapshot = house.store.snapshot(&acme()).await.unwrap();
        let states = |(id, card): (&CardId, &CardMemory)| (*id, card.state.clone());
        let shown: BTreeMap<_, _> = snapshot.cards.into_iter().map(|(id, card)| (id, card.state)).collect();
        assert_eq!(shown, any.iter().map(states).collect());
    }
}

#[tokio::test]
async fn a_remembered_page_is_whole() {
    let house = House::new().await;
    house.sweep(0, &[(2, works()), (1, works())]).await;
    let remembered = house.store.remembered(&acme()).await.unwrap();
    assert_eq!(
        remembered.pages,
        BTreeMap::from([(PageId(10), RememberedPage { page: page(10, &[1, 2]), doubted: false })])
    );
}
