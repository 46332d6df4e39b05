//! What was closed is what is read: the snapshot, what the next plan is read against, what was told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use cardwatch::domain::card::{CardMemory, CardState, Told};
use cardwatch::domain::closing::{self, Asked};
use cardwatch::domain::dataset::Feeding;
use cardwatch::domain::ids::{CardId, DatasetId, IncidentId, PageId};
use cardwatch::domain::incident::{Incident, Incidents};
use cardwatch::domain::mute::{Mute, MuteEnd};
use cardwatch::domain::owners::Owner;
use cardwatch::domain::rendering::Rendering;
use cardwatch::domain::snapshot::{CardNow, InstanceSnapshot};
use cardwatch::domain::strip::{Cell, Strip};
use cardwatch::domain::sweep::{Listing, Outcome, Remembered, RememberedPage, Scope};
use cardwatch::domain::verdict::{Class, Reason, Verdict};
use litemap::LiteMap;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use crate::house::{House, acme, plan, plan_of};
use crate::listings::motley;
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
async fn a_snapshot_names_the_pages_of_each_card_in_order() {
    let house = House::new().await;
    let listing = listing(Scope::Instance, vec![page(20, &[1, 2]), page(-3, &[2]), page(10, &[2])]);
    let listing = Listing { cards: (1..=3).map(|id| (CardId(id), card(id))).collect(), ..listing };
    let loose = Listing { loose: BTreeSet::from([CardId(3)]), ..listing };
    house.sweep_plan("acme", 0, plan(loose), &[(1, works()), (2, works()), (3, works())]).await;
    let cards = house.snapshot().await.cards;
    let pages = cards.values().map(|card| card.pages.iter().map(|page| page.0).collect::<Vec<_>>());
    assert_eq!(pages.collect::<Vec<_>>(), [vec![20], vec![-3, 10, 20], vec![]]);
}

#[tokio::test]
async fn a_card_that_left_a_page_is_on_it_no_more() {
    let house = House::new().await;
    let sweep = async |minute, pages| {
        house.sweep_plan("acme", minute, plan(listing(Scope::Pages, pages)), &[(1, works()), (2, works())]).await
    };
    sweep(0, vec![page(10, &[1, 2]), page(20, &[1])]).await;
    sweep(15, vec![page(10, &[1, 2]), page(20, &[2])]).await;
    let snapshot = house.snapshot().await;
    assert_eq!(snapshot.cards[&CardId(1)].pages, [PageId(10)]);
    assert_eq!(snapshot.cards[&CardId(2)].pages, [PageId(10), PageId(20)]);
}

#[tokio::test]
async fn a_snapshot_shows_the_latest_verdicts_of_each_card() {
    let house = House::new().await;
    house.sweep(0, &[(1, works()), (2, works())]).await;
    house.sweep(15, &[(1, fails("x")), (2, works())]).await;
    house.sweep(30, &[(1, unchecked()), (2, works())]).await;
    let cards = house.snapshot().await.cards;
    let cells = |id| cards[&CardId(id)].recent.cells().collect::<Vec<_>>();
    assert_eq!(cells(1), [Cell::Working, Cell::Broken, Cell::Unchecked]);
    assert_eq!(cells(2), [Cell::Working; 3]);
}

#[tokio::test]
async fn a_sweep_that_failed_leaves_no_verdict() {
    let house = House::new().await;
    house.sweep(0, &[(1, works())]).await;
    house.fail(15).await;
    assert_eq!(house.snapshot().await.cards[&CardId(1)].recent.cells().count(), 1);
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

fn tellings() -> impl Strategy<Value = Told> {
    let told = (0..1_000_i64, "[a-z0-9.]{1,9}@example\\.com")
        .prop_map(|(minute, message_id)| Told::Broken { at: at(minute), message_id });
    let flapping = (0..1_000_i64, "[a-z0-9.]{1,9}@example\\.com")
        .prop_map(|(minute, message_id)| Told::Flapping { at: at(minute), message_id });
    prop_oneof![Just(Told::Nothing), Just(Told::Withheld), told, flapping]
}

fn renderings() -> impl Strategy<Value = Rendering> {
    let millis = || (0..100_000_u64).prop_map(Duration::from_millis);
    (prop::option::of((millis(), prop::option::of(millis()))), prop::option::of(-9_000..9_000_i64)).prop_map(
        |(taken, no_data_since)| Rendering {
            latency: taken.map(|(latency, _)| latency),
            slow_against: taken.and_then(|(_, usual)| usual),
            no_data_since: no_data_since.map(at),
        },
    )
}

fn mutes() -> impl Strategy<Value = Mute> {
    ("[a-zé='\" ]{0,9}[a-z]", "[a-z]{0,9}", 0..9_000_i64, prop::option::of(0..9_000_i64))
        .prop_map(|(reason, by, minute, until)| Mute { reason, by, at: at(minute), until: until.map(at) })
}

fn memories() -> impl Strategy<Value = CardMemory> {
    let seen = (prop::collection::btree_set("[a-z'\"]", 0..4), any::<u64>());
    let broken = (prop::option::of(mutes()), prop::option::of((1..9_i64).prop_map(IncidentId)));
    (states(), tellings(), renderings(), seen, broken).prop_map(
        |(state, told, rendering, (datasets, recent), (mute, incident))| {
            let broken = state.is_broken();
            CardMemory {
                rendering: if broken { Rendering::default() } else { rendering },
                mute: mute.filter(|_| broken).map(Box::new),
                incident: incident.filter(|_| broken),
                datasets: datasets.iter().filter_map(|id| DatasetId::new(id)).collect(),
                recent: Strip::from_bits(recent),
                ..CardMemory::of(state, told)
            }
        },
    )
}

/// The incidents that the memories of these cards speak of.
fn incidents_of(cards: &LiteMap<CardId, CardMemory>) -> Incidents {
    let mut incidents = Incidents::default();
    for (card, id) in cards.iter().filter_map(|(card, memory)| Some((card, memory.incident?))) {
        let new = || Incident {
            id,
            opened_at: at(id.0),
            title: format!("Cause {id}"),
            reason: crate::nouns::reason("x"),
            cards: BTreeSet::new(),
            datasets: BTreeSet::new(),
        };
        incidents.open.entry(id).or_insert_with(new).cards.insert(*card);
    }
    incidents
}

#[tokio::test]
async fn whatever_is_known_and_told_of_a_card_is_remembered() {
    let house = House::new().await;
    let mut runner = TestRunner::deterministic();
    let mut muted = Vec::new();
    for minute in [0, 15] {
        let any: LiteMap<CardId, CardMemory> =
            (1..=300).map(|id| (CardId(id), memories().new_tree(&mut runner).unwrap().current())).collect();
        let plan = plan(listing(Scope::Pages, vec![page(10, &(1..=300).collect::<Vec<_>>())]));
        let became = |closing: &mut closing::Closing| {
            closing.cards.clone_from(&any);
            closing.incidents = incidents_of(&any);
            closing.mutes_ended = std::mem::take(&mut muted);
        };
        house.sweep_as(minute, plan, &[], Asked::default(), became).await.unwrap();
        for (card, mute) in any.iter().filter_map(|(card, memory)| Some((*card, memory.mute.as_ref()?))) {
            house.store.mute(card, None, mute).await.unwrap().unwrap();
            muted.push((card, MuteEnd::Recovered, at(15)));
        }
        let (shown, remembered) = (house.snapshot().await.cards, house.memory().await.cards);
        assert_eq!((shown.len(), remembered.len()), (300, 300));
        for (card, memory) in &any {
            assert_eq!(remembered.get(card).unwrap(), *memory);
            assert_eq!(shown_of(shown[card].clone()), shown_by(memory.clone()));
        }
    }
}

/// What a snapshot shows of a card that a memory holds as well.
type ShownOf = (CardState, bool, Rendering, Option<Box<Mute>>, Option<IncidentId>, Feeding, Strip);

fn shown_of(card: CardNow) -> ShownOf {
    (card.state, card.flapping, card.rendering, card.mute, card.incident, card.datasets, card.recent)
}

fn shown_by(memory: CardMemory) -> ShownOf {
    let flapping = matches!(memory.told, Told::Flapping { .. });
    (memory.state, flapping, memory.rendering, memory.mute, memory.incident, memory.datasets, memory.recent)
}

#[tokio::test]
async fn of_pages_that_are_known_anyway_nothing_is_looked_up() {
    let house = House::new().await;
    house.sweep_plan("acme", 0, plan(listing(Scope::Pages, vec![page(10, &[1, 2]), page(20, &[3])])), &[]).await;
    let but = async |pages: &[i64]| {
        let known = pages.iter().copied().map(PageId).collect();
        house.store.remembered(&acme(), &known).await.unwrap()
    };
    let one = but(&[10]).await;
    assert_eq!(one.pages.keys().collect::<Vec<_>>(), [&PageId(20)]);
    assert_eq!(one.pages[&PageId(20)].page.cards, [CardId(3)].into());
    assert!(one.cards.contains_key(&CardId(3)));
    assert_eq!(but(&[10, 20]).await, Remembered::default());
}

#[tokio::test]
async fn owners_that_cannot_be_read_are_written_anew_by_the_next_sweep() {
    let house = House::new().await;
    let plan = || plan(listing(Scope::Pages, vec![page(10, &[1])]));
    house.sweep_plan("acme", 0, plan(), &[]).await;
    house.execute("PRAGMA ignore_check_constraints = 1; UPDATE card SET owner_users = '[1, 2]'").await.unwrap();
    house.sweep_plan("acme", 15, plan(), &[]).await;
    assert_eq!(house.snapshot().await.cards[&CardId(1)].owners[..], [owner(1, "Owner of 1")]);
}

#[tokio::test]
async fn whoever_owns_a_page_or_a_card_is_known_with_their_ids() {
    let house = House::new().await;
    let mut listing = motley();
    let owners: Arc<[Owner]> = [owner(7, "Ann \"A\" O'Hara"), Owner { user: None, name: "Analysts".to_owned() }].into();
    listing.pages[1].owners.clone_from(&owners);
    listing.cards.get_mut(&CardId(1)).unwrap().owners.clone_from(&owners);
    house.sweep_plan("acme", 0, plan(listing), &[]).await;
    let snapshot = house.snapshot().await;
    assert_eq!(snapshot.pages[&PageId(10)].owners, owners);
    assert_eq!(snapshot.cards[&CardId(1)].owners, owners);
    let remembered = house.store.remembered(&acme(), &BTreeSet::new()).await.unwrap();
    assert_eq!(remembered.pages[&PageId(10)].page.owners, owners);
    assert_eq!(remembered.cards[&CardId(1)].owners, owners);
    let names = house.texts("SELECT owners FROM card WHERE card_id = 1").await;
    assert_eq!(names, [Some(r#"["Ann \"A\" O'Hara","Analysts"]"#.to_owned())]);
}

#[tokio::test]
async fn a_card_that_goes_on_working_is_known_to_be_without_data_and_to_have_some_again() {
    let house = House::new().await;
    let no_data_since = async || house.snapshot().await.cards[&CardId(1)].rendering.no_data_since;
    house.sweep(0, &[(1, works())]).await;
    house.sweep(15, &[(1, Verdict::Working { no_data: true })]).await;
    assert_eq!(no_data_since().await, Some(at(15)));
    house.sweep(30, &[(1, works())]).await;
    assert_eq!(no_data_since().await, None);
}

#[tokio::test]
async fn cards_are_known_to_be_broken_until_they_work_again_or_are_removed() {
    let house = House::new().await;
    let broken = async || house.store.broken_cards(&acme()).await.unwrap();
    house.sweep(0, &[(1, works()), (2, fails("x")), (3, fails("x")), (4, fails("x"))]).await;
    house.sweep(15, &[(1, works()), (2, unchecked()), (3, works()), (4, fails("x"))]).await;
    assert_eq!(broken().await, BTreeSet::from([CardId(2), CardId(4)]));
    house.sweep(30, &[(1, works()), (2, unchecked()), (3, works())]).await;
    assert_eq!(broken().await, BTreeSet::from([CardId(2)]));
}

#[tokio::test]
async fn an_owner_who_gets_an_id_is_known_by_it() {
    let house = House::new().await;
    house.sweep(0, &[(1, works())]).await;
    house.execute("UPDATE card SET owner_users = '[]'").await.unwrap();
    let owners = async || house.snapshot().await.cards[&CardId(1)].owners.clone();
    assert_eq!(owners().await[..], [Owner { user: None, name: "Owner of 1".to_owned() }]);
    house.sweep(15, &[(1, works())]).await;
    assert_eq!(owners().await[..], [owner(1, "Owner of 1")]);
}

#[tokio::test]
async fn a_remembered_page_is_whole() {
    let house = House::new().await;
    house.sweep(0, &[(2, works()), (1, works())]).await;
    let remembered = house.store.remembered(&acme(), &BTreeSet::new()).await.unwrap();
    assert_eq!(
        remembered.pages,
        BTreeMap::from([(PageId(10), RememberedPage { page: page(10, &[1, 2]), doubted: false })])
    );
}

#[tokio::test]
async fn an_instance_that_no_daemon_has_taken_up_yet_has_an_empty_snapshot() {
    let house = House::new().await;
    let globex = "globex".parse().unwrap();
    assert_eq!(house.store.snapshot(&globex).await.unwrap(), InstanceSnapshot::empty(globex));
}

#[tokio::test]
async fn an_instance_of_any_size_is_read_whole() {
    let house = House::new().await;
    let state = |card| if card % 7 == 0 { fails("x") } else { works() };
    let seen: Vec<(i64, Verdict)> = (1..=1_300).map(|card| (card, state(card))).collect();
    let pages = seen.chunks(2).map(|cards| page(cards[0].0, &cards.iter().map(|(card, _)| *card).collect::<Vec<_>>()));
    let listing = listing(Scope::Pages, pages.collect());
    for minute in [0, 15] {
        house.sweep_plan("acme", minute, plan(listing.clone()), &seen).await;
        let snapshot = house.snapshot().await;
        assert_eq!((snapshot.cards.len(), snapshot.pages.len()), (1_300, 650));
        assert!(snapshot.pages.iter().all(|(page, now)| now.cards == [CardId(page.0), CardId(page.0 + 1)]));
        assert!(snapshot.cards.iter().all(|(card, now)| now.state.is_broken() == (card.0 % 7 == 0)));
        let memory = house.memory().await;
        assert!(snapshot.cards.iter().all(|(card, now)| memory.cards.get(card).unwrap().state == now.state));
        assert_eq!(memory.present, snapshot.cards.keys().copied().collect());
    }
}
