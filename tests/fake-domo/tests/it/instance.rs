//! Made-up instances, and what can change while one runs.

use std::collections::BTreeSet;

use fake_domo::{Behaviour, FakeDomo, PageKind, Spec};

const SPEC: fn() -> Spec = || Spec::new(7).pages(40).cards(500);

#[tokio::test]
async fn the_same_seed_gives_the_same_instance_and_another_one_another() {
    let first = FakeDomo::new(SPEC()).start().await;
    let second = FakeDomo::new(SPEC()).start().await;
    let other = FakeDomo::new(Spec::new(8).pages(40).cards(500))
        .start()
        .await;
    assert_eq!(first.cards(), second.cards());
    assert_eq!(first.pages(), second.pages());
    assert_eq!(first.token(), second.token());
    assert_ne!(first.cards(), other.cards());
}

#[tokio::test]
async fn a_made_up_instance_has_as_many_pages_and_cards_as_asked_for() {
    let domo = FakeDomo::new(SPEC()).start().await;
    let count = |kind| domo.pages().iter().filter(|page| page.kind == kind).count();
    assert_eq!(count(PageKind::Page), 40);
    assert_eq!(count(PageKind::View), 2);
    assert_eq!(count(PageKind::System), 4);
    assert_eq!(domo.cards().len(), 500);
    assert_eq!(domo.kpi_cards().len(), 480);
}

#[tokio::test]
async fn a_made_up_instance_has_the_odd_parts_of_a_real_one() {
    let domo = FakeDomo::new(SPEC()).start().await;
    let (pages, cards) = (domo.pages(), domo.cards());
    let kinds: BTreeSet<_> = cards.iter().map(|card| card.kind.as_str()).collect();
    assert_eq!(kinds.len(), 5);
    let shared = cards.iter().filter(|card| card.pages.len() > 1).count();
    assert!(
        (15..=25).contains(&shared),
        "{shared} cards on several pages"
    );
    assert!(cards.iter().any(|card| card.owners[0].group));
    assert!(cards.iter().all(|card| !card.pages.is_empty()));
    let ordinary = pages.iter().filter(|page| page.kind == PageKind::Page);
    assert_eq!(ordinary.filter(|page| page.cards.is_empty()).count(), 1);
    assert!(pages.iter().any(|page| page.parent.is_some()));
    let favourites = pages.iter().find(|page| page.id == -100_003);
    assert_eq!(favourites.unwrap().cards.len(), 3);
}

#[tokio::test]
async fn a_card_and_its_pages_say_the_same() {
    let domo = FakeDomo::new(SPEC()).start().await;
    let pages = domo.pages();
    for card in domo.cards() {
        let holding = pages.iter().filter(|page| page.cards.contains(&card.id));
        let holding: BTreeSet<_> = holding.map(|page| page.id).filter(|id| *id > 0).collect();
        assert_eq!(holding, card.pages.iter().copied().collect());
    }
}

#[tokio::test]
async fn a_made_up_instance_can_have_broken_cards_from_the_start() {
    let domo = FakeDomo::new(SPEC().broken(30)).start().await;
    let cards = domo.cards();
    let broken = cards
        .iter()
        .filter(|card| card.behaviour != Behaviour::Renders);
    assert_eq!(broken.count(), 30);
}

#[tokio::test]
async fn cards_and_pages_can_come_and_go_while_it_runs() {
    let domo = FakeDomo::empty()
        .page(1, "Sales")
        .page(2, "Board")
        .start()
        .await;
    domo.add_subpage(3, 1, "EMEA");
    domo.add_card(100, "Revenue", &[1]);
    domo.add_card(101, "Orders", &[1, 2]);
    domo.move_card(100, &[2, 3]);
    domo.empty_page(1);
    assert_eq!(domo.cards()[0].pages, [2, 3]);
    assert_eq!(domo.cards()[1].pages, [2]);
    domo.remove_page(1);
    domo.remove_card(101);
    let pages = domo.pages();
    let last = pages.last().unwrap();
    assert_eq!((last.id, last.parent), (3, None));
    assert!(!domo.has_card(101));
    assert_eq!(pages.iter().map(|page| page.cards.len()).sum::<usize>(), 2);
}
