//! Finding cards: what a word matches, which sets there are, and in which order the matches come.

use std::collections::BTreeMap;
use std::sync::Arc;

use cardwatch::domain::card::{CardMemory, CardState};
use cardwatch::domain::dataset::{Dataset, Feeding, KnownDataset};
use cardwatch::domain::ids::{CardId, DatasetId, PageId};
use cardwatch::domain::mute::Mute;
use cardwatch::domain::search::{self, Query, Texts, Which};
use cardwatch::domain::shown::Shown;
use cardwatch::domain::snapshot::{CardNow, InstanceSnapshot, PageNow};
use cardwatch::domain::sweep::PageKind;
use chrono::TimeDelta;

use crate::nouns::{DAY, at, owner, reason};

pub(crate) fn working() -> CardState {
    CardState::Working { since: at(0), decided_at: at(60) }
}

pub(crate) fn broken(why: &str) -> CardState {
    CardState::Broken { since: at(0), decided_at: at(60), reason: reason(why), first_seen: false }
}

/// A card on these pages, about which nothing else is known.
pub(crate) fn card(title: &str, state: CardState, pages: &[i64]) -> CardNow {
    let memory = CardMemory::default();
    CardNow {
        title: title.to_owned(),
        owners: [].into(),
        pages: pages.iter().copied().map(PageId).collect(),
        state,
        flapping: false,
        rendering: memory.rendering,
        mute: None,
        incident: None,
        datasets: Feeding::default(),
        recent: memory.recent,
        unchecked_because: None,
    }
}

/// An instance with pages 10 'Sales' and 20 'Größe', and these cards.
pub(crate) fn instance(name: &str, cards: impl IntoIterator<Item = (i64, CardNow)>) -> Arc<InstanceSnapshot> {
    let cards: BTreeMap<CardId, CardNow> = cards.into_iter().map(|(id, card)| (CardId(id), card)).collect();
    let page = |id: i64, title: &str| {
        let held = cards.iter().filter(|(_, card)| card.pages.contains(&PageId(id))).map(|(id, _)| *id).collect();
        let page = PageNow { title: title.to_owned(), kind: PageKind::Page, owners: [].into(), cards: held };
        (PageId(id), page)
    };
    let pages = BTreeMap::from([page(10, "Sales"), page(20, "Größe")]);
    Arc::new(InstanceSnapshot { pages, cards, ..InstanceSnapshot::empty(name.parse().unwrap()) })
}

fn acme(cards: impl IntoIterator<Item = (i64, CardNow)>) -> Vec<Arc<InstanceSnapshot>> {
    vec![instance("acme", cards)]
}

/// The ids of the cards that match, an hour and a minute after seven.
fn texts(instance: &Arc<InstanceSnapshot>) -> Arc<Texts> {
    Arc::new(Texts::of(instance))
}

fn found(snapshot: &[Arc<InstanceSnapshot>], query: &Query) -> Vec<i64> {
    search::search(snapshot, query, at(61), DAY, texts).map(|found| found.id.0).collect()
}

fn saying(text: &str) -> Query {
    Query { text: text.to_owned(), ..Query::default() }
}

fn which(which: Which) -> Query {
    Query { which: Some(which), ..Query::default() }
}

fn on_page(page: i64) -> Query {
    Query { page: Some(PageId(page)), ..Query::default() }
}

#[test]
fn nothing_asked_for_finds_every_card_in_the_order_of_ids() {
    let snapshot =
        acme([(3, card("C", working(), &[])), (1, card("A", working(), &[10])), (2, card("B", working(), &[]))]);
    assert_eq!(found(&snapshot, &Query::default()), [1, 2, 3]);
    assert_eq!(found(&snapshot, &saying(" \t ")), [1, 2, 3]);
}

#[test]
fn instances_come_in_the_order_of_the_configuration() {
    let of = |name| instance(name, [(1, card("A", working(), &[]))]);
    let snapshot = [of("zeta"), of("acme")];
    let query = Query::default();
    let names: Vec<_> =
        search::search(&snapshot, &query, at(61), DAY, texts).map(|found| found.instance.name.to_string()).collect();
    assert_eq!(names, ["zeta", "acme"]);
}

#[test]
fn one_instance_may_be_asked_for() {
    let of = |name, id| instance(name, [(id, card("A", working(), &[]))]);
    let snapshot = [of("acme", 1), of("globex", 2)];
    let in_instance = |name: &str| found(&snapshot, &Query { instance: name.parse().ok(), ..Query::default() });
    assert_eq!(in_instance("globex"), [2]);
    assert!(in_instance("initech").is_empty());
}

#[test]
fn one_page_may_be_asked_for() {
    let snapshot =
        acme([(1, card("A", working(), &[10])), (2, card("B", working(), &[10, 20])), (3, card("C", working(), &[]))]);
    assert_eq!(found(&snapshot, &on_page(10)), [1, 2]);
    assert_eq!(found(&snapshot, &on_page(20)), [2]);
    assert!(found(&snapshot, &on_page(99)).is_empty());
}

#[test]
fn a_word_may_be_part_of_a_title_in_whatever_case() {
    let snapshot = acme([(1, card("Revenue by Region", working(), &[])), (2, card("Costs", working(), &[]))]);
    for text in ["revenue", "REGION", "venue", "y"] {
        assert_eq!(found(&snapshot, &saying(text)), [1], "{text}");
    }
    assert!(found(&snapshot, &saying("Revenue by Region and more")).is_empty());
}

#[test]
fn a_word_may_be_in_a_pages_title() {
    let snapshot = acme([(1, card("A", working(), &[10])), (2, card("B", working(), &[20]))]);
    assert_eq!(found(&snapshot, &saying("sales")), [1]);
    assert_eq!(found(&snapshot, &saying("größe")), [2]);
}

#[test]
fn a_word_may_be_in_an_owners_name() {
    let owned = |name| CardNow { owners: [owner(1, "Bob"), owner(2, name)].into(), ..card("A", working(), &[]) };
    let snapshot = acme([(1, owned("Ann Li")), (2, owned("Carl"))]);
    assert_eq!(found(&snapshot, &saying("ann")), [1]);
    assert_eq!(found(&snapshot, &saying("bob")), [1, 2]);
}

#[test]
fn a_word_may_be_in_a_datasets_name() {
    let id = DatasetId::new("abc-1").unwrap();
    let fed = CardNow { datasets: [id.clone()].into(), ..card("A", working(), &[]) };
    let mut instance = Arc::unwrap_or_clone(instance("acme", [(1, fed), (2, card("B", working(), &[]))]));
    let dataset = Dataset { name: "Orders EMEA".to_owned(), state: None, updated_at: None };
    instance.datasets.insert(id, KnownDataset { dataset, evidence: None });
    assert_eq!(found(&[Arc::new(instance)], &saying("emea")), [1]);
}

#[test]
fn a_dataset_that_is_not_known_says_nothing() {
    let fed = CardNow { datasets: [DatasetId::new("abc-1").unwrap()].into(), ..card("A", working(), &[]) };
    assert!(found(&acme([(1, fed)]), &saying("abc")).is_empty());
}

#[test]
fn a_word_may_be_in_the_reason_of_a_broken_card() {
    let snapshot =
        acme([(1, card("A", broken("Column REGION is missing"), &[])), (2, card("B", broken("Other"), &[]))]);
    assert_eq!(found(&snapshot, &saying("region")), [1]);
}

#[test]
fn an_id_is_found_whole_and_not_in_part() {
    let snapshot = acme([(1234, card("A", working(), &[])), (123, card("B", working(), &[]))]);
    assert_eq!(found(&snapshot, &saying("123")), [123]);
    assert!(found(&snapshot, &saying("12")).is_empty());
}

#[test]
fn each_word_has_to_be_somewhere() {
    let fed = |title, owned: &str| CardNow { owners: [owner(1, owned)].into(), ..card(title, working(), &[10]) };
    let snapshot = acme([(1, fed("Revenue", "Ann")), (2, fed("Revenue", "Bob"))]);
    assert_eq!(found(&snapshot, &saying("ann sales revenue 1")), [1]);
    assert_eq!(found(&snapshot, &saying("  revenue   sales ")), [1, 2]);
    assert!(found(&snapshot, &saying("ann nowhere")).is_empty());
}

#[test]
fn letters_beyond_ascii_are_found_in_whatever_case() {
    let snapshot = acme([
        (1, card("Übersicht Straße", working(), &[])),
        (2, card("ΟΔΟΣ", working(), &[])),
        (3, card("売上 2026", working(), &[])),
        (4, card("kelvin", working(), &[])),
    ]);
    assert_eq!(found(&snapshot, &saying("ÜBER")), [1]);
    assert_eq!(found(&snapshot, &saying("οδος")), [2]);
    assert_eq!(found(&snapshot, &saying("売上")), [3]);
    assert_eq!(found(&snapshot, &saying("\u{212A}elvin")), [4], "the sign of Kelvin is a k");
    assert!(found(&snapshot, &saying("é")).is_empty());
}

#[test]
fn a_state_is_a_set_and_what_is_stale_is_unchecked() {
    let stale = CardState::Working { since: at(0), decided_at: at(61) - TimeDelta::days(1) };
    let snapshot = acme([
        (1, card("A", broken("x"), &[])),
        (2, card("B", stale, &[])),
        (3, card("C", working(), &[])),
        (4, card("D", CardState::Unsupported, &[])),
        (5, card("E", CardState::Undecided, &[])),
    ]);
    let of = |shown| found(&snapshot, &which(Which::State(shown)));
    assert_eq!(of(Shown::Broken), [1]);
    assert_eq!(of(Shown::Unchecked), [2, 5]);
    assert_eq!(of(Shown::Working), [3]);
    assert_eq!(of(Shown::Unsupported), [4]);
}

fn muted(card: CardNow, until: i64) -> CardNow {
    let mute = Mute { reason: "known".to_owned(), by: "Ann".to_owned(), at: at(0), until: Some(at(until)) };
    CardNow { mute: Some(Box::new(mute)), ..card }
}

#[test]
fn muted_cards_are_those_whose_mute_holds_and_that_are_shown_as_broken() {
    let stale = CardState::Broken {
        since: at(0),
        decided_at: at(0) - TimeDelta::days(1),
        reason: reason("x"),
        first_seen: true,
    };
    let snapshot = acme([
        (1, muted(card("A", broken("x"), &[]), 99)),
        (2, muted(card("B", broken("x"), &[]), 60)),
        (3, muted(card("C", working(), &[]), 99)),
        (4, muted(card("D", stale, &[]), 99)),
        (5, card("E", broken("x"), &[])),
    ]);
    assert_eq!(found(&snapshot, &which(Which::Muted)), [1]);
}

#[test]
fn flapping_slow_and_empty_cards_are_sets_of_their_own() {
    let mut slow = card("A", working(), &[]);
    slow.rendering.slow_against = Some(DAY);
    let mut empty = card("B", working(), &[]);
    empty.rendering.no_data_since = Some(at(0));
    let flapping = CardNow { flapping: true, ..card("C", broken("x"), &[]) };
    let snapshot = acme([(1, slow), (2, empty), (3, flapping)]);
    assert_eq!(found(&snapshot, &which(Which::Slow)), [1]);
    assert_eq!(found(&snapshot, &which(Which::NoData)), [2]);
    assert_eq!(found(&snapshot, &which(Which::Flapping)), [3]);
}

#[test]
fn a_card_is_found_in_each_set_that_holds_it() {
    let mut slow = card("A", working(), &[]);
    slow.rendering.slow_against = Some(DAY);
    let flapping = CardNow { flapping: true, ..card("B", broken("x"), &[]) };
    let snapshot = acme([(1, slow), (2, flapping), (3, muted(card("C", broken("x"), &[]), 99))]);
    for set in Which::ALL {
        let held = snapshot[0].cards.iter().filter(|(_, card)| set.holds(card, at(61), DAY)).map(|(id, _)| id.0);
        assert_eq!(held.collect::<Vec<_>>(), found(&snapshot, &which(set)), "{set:?}");
    }
}

#[test]
fn a_card_that_is_stale_is_neither_slow_nor_empty() {
    let mut stale = card("A", CardState::Working { since: at(0), decided_at: at(0) - TimeDelta::days(1) }, &[]);
    (stale.rendering.slow_against, stale.rendering.no_data_since) = (Some(DAY), Some(at(0)));
    let snapshot = acme([(1, stale)]);
    assert!(found(&snapshot, &which(Which::Slow)).is_empty());
    assert!(found(&snapshot, &which(Which::NoData)).is_empty());
}

#[test]
fn everything_that_is_asked_for_has_to_hold() {
    let snapshot = [
        instance(
            "acme",
            [
                (1, card("Revenue", broken("x"), &[10])),
                (2, card("Revenue", working(), &[10])),
                (3, card("Revenue", broken("x"), &[20])),
                (4, card("Costs", broken("x"), &[10])),
            ],
        ),
        instance("globex", [(5, card("Revenue", broken("x"), &[10]))]),
    ];
    let query = Query {
        instance: "acme".parse().ok(),
        page: Some(PageId(10)),
        which: Some(Which::State(Shown::Broken)),
        text: "revenue".to_owned(),
    };
    assert_eq!(found(&snapshot, &query), [1]);
}

#[test]
fn each_set_is_known_by_its_name_alone() {
    for which in Which::ALL {
        assert_eq!(Which::named(which.name()), Some(which));
    }
    assert_eq!(
        Which::ALL.map(Which::name),
        ["broken", "unchecked", "working", "unsupported", "muted", "flapping", "slow", "no_data"]
    );
    assert_eq!(Which::named("Broken"), None);
    assert_eq!(Which::named(""), None);
}
