//! A plan reads what Domo listed against what is remembered: each card once, and nothing gone in haste.

use std::collections::{BTreeMap, BTreeSet};

use cardwatch::domain::ids::{CardId, PageId};
use cardwatch::domain::shown::{Counts, Shown};
use cardwatch::domain::sweep::{
    CardKind, Exclusions, ListedPage, Listing, Outcome, Plan, Remembered, RememberedPage, Scope, Unlisted,
};
use cardwatch::domain::verdict::Verdict;
use proptest::prelude::*;

use crate::nouns::{card, fails, listing, page, unchecked, works};

/// What the latest sweep left: these pages and the cards on them.
fn remembered(pages: Vec<ListedPage>) -> Remembered {
    let cards = pages.iter().flat_map(|page| page.cards.iter()).map(|id| (*id, card(id.0))).collect();
    let pages = pages.into_iter().map(|page| (page.id, RememberedPage { page, doubted: false })).collect();
    Remembered { pages, cards }
}

/// What a plan leaves for the next one.
fn left_by(plan: &Plan) -> Remembered {
    let cards = plan.cards.iter().map(|(id, planned)| (*id, planned.card.clone())).collect();
    Remembered { pages: plan.pages.clone(), cards }
}

fn plan(listing: Listing, remembered: &Remembered) -> Plan {
    Plan::new(listing, remembered, &Exclusions::default())
}

fn unlisted(page: Option<i64>) -> Vec<Unlisted> {
    vec![Unlisted { page: page.map(PageId), why: "Domo is unavailable (503)".to_owned() }]
}

fn excluding(pages: &[i64], cards: &[i64]) -> Exclusions {
    Exclusions {
        pages: pages.iter().copied().map(PageId).collect(),
        cards: cards.iter().copied().map(CardId).collect(),
    }
}

/// The plan as 'card: its pages'.
fn cards(plan: &Plan) -> Vec<(i64, Vec<i64>)> {
    plan.cards.iter().map(|(id, planned)| (id.0, planned.pages.iter().map(|page| page.0).collect())).collect()
}

fn pages(plan: &Plan) -> Vec<i64> {
    plan.pages.keys().map(|page| page.0).collect()
}

fn doubted(plan: &Plan) -> Vec<i64> {
    plan.doubted().map(|page| page.id.0).collect()
}

#[test]
fn a_card_on_several_pages_is_planned_once_and_counts_on_each() {
    let plan = plan(listing(Scope::Pages, vec![page(20, &[1, 2]), page(10, &[2])]), &Remembered::default());
    assert_eq!(cards(&plan), [(1, vec![20]), (2, vec![10, 20])]);
    assert_eq!(plan.to_render().collect::<Vec<_>>(), [CardId(1), CardId(2)]);
}

#[test]
fn a_card_of_another_type_is_planned_but_not_rendered() {
    let mut listing = listing(Scope::Pages, vec![page(10, &[1, 2])]);
    listing.cards.get_mut(&CardId(1)).unwrap().kind = CardKind::named("document");
    let plan = plan(listing, &Remembered::default());
    assert_eq!(plan.cards.len(), 2);
    assert_eq!(plan.to_render().collect::<Vec<_>>(), [CardId(2)]);
}

#[test]
fn an_excluded_page_takes_the_cards_along_that_no_other_page_holds() {
    let listing = listing(Scope::Pages, vec![page(10, &[1, 2]), page(20, &[2])]);
    let plan = Plan::new(listing, &Remembered::default(), &excluding(&[10], &[]));
    assert_eq!(pages(&plan), [20]);
    assert_eq!(cards(&plan), [(2, vec![20])]);
}

#[test]
fn an_excluded_card_is_on_no_page() {
    let listing = listing(Scope::Pages, vec![page(10, &[1, 2])]);
    let plan = Plan::new(listing, &Remembered::default(), &excluding(&[], &[1]));
    assert_eq!(cards(&plan), [(2, vec![10])]);
    assert_eq!(plan.pages[&PageId(10)].page.cards, BTreeSet::from([CardId(2)]));
}

#[test]
fn exclusions_hold_for_what_is_only_remembered_too() {
    let held = remembered(vec![page(10, &[1, 2]), page(20, &[3])]);
    let listing = Listing { unlisted: unlisted(None), ..listing(Scope::Pages, vec![]) };
    let plan = Plan::new(listing, &held, &excluding(&[20], &[1]));
    assert_eq!(cards(&plan), [(2, vec![10])]);
}

#[test]
fn a_card_on_no_page_is_planned_with_no_page() {
    let mut listing = listing(Scope::Instance, vec![page(10, &[1])]);
    listing.cards.insert(CardId(7), card(7));
    listing.loose.insert(CardId(7));
    assert_eq!(cards(&plan(listing, &Remembered::default())), [(1, vec![10]), (7, vec![])]);
}

#[test]
fn a_card_on_no_page_can_be_excluded() {
    let mut listing = listing(Scope::Instance, vec![]);
    listing.cards.insert(CardId(7), card(7));
    listing.loose.insert(CardId(7));
    assert!(Plan::new(listing, &Remembered::default(), &excluding(&[], &[7])).cards.is_empty());
}

#[test]
fn a_page_that_could_not_be_listed_keeps_its_cards() {
    let held = remembered(vec![page(10, &[1]), page(20, &[2])]);
    let listing = Listing { unlisted: unlisted(Some(20)), ..listing(Scope::Pages, vec![page(10, &[1])]) };
    let plan = plan(listing, &held);
    assert_eq!(cards(&plan), [(1, vec![10]), (2, vec![20])]);
    assert!(doubted(&plan).is_empty());
}

#[test]
fn when_the_list_of_sub_pages_failed_every_page_keeps_its_cards() {
    let held = remembered(vec![page(10, &[1]), page(20, &[2])]);
    let listing = Listing { unlisted: unlisted(None), ..listing(Scope::Pages, vec![page(10, &[1])]) };
    assert_eq!(pages(&plan(listing, &held)), [10, 20]);
}

#[test]
fn a_listed_card_goes_before_what_is_remembered_of_it() {
    let mut held = remembered(vec![page(10, &[1]), page(20, &[1])]);
    held.cards.get_mut(&CardId(1)).unwrap().title = "Old title".to_owned();
    let listing = Listing { unlisted: unlisted(Some(20)), ..listing(Scope::Pages, vec![page(10, &[1])]) };
    let plan = plan(listing, &held);
    assert_eq!(plan.cards[&CardId(1)].card.title, "Card 1");
    assert_eq!(cards(&plan), [(1, vec![10, 20])]);
}

#[test]
fn a_page_that_is_suddenly_empty_is_doubted_once_and_then_believed() {
    let held = remembered(vec![page(10, &[1])]);
    let empty = || listing(Scope::Pages, vec![page(10, &[])]);
    let first = plan(empty(), &held);
    assert_eq!((cards(&first), doubted(&first)), (vec![(1, vec![10])], vec![10]));
    let second = plan(empty(), &left_by(&first));
    assert_eq!((cards(&second), doubted(&second)), (vec![], vec![]));
    let third = plan(empty(), &left_by(&second));
    assert!(doubted(&third).is_empty());
}

#[test]
fn a_page_whose_cards_are_back_is_doubted_anew_when_they_go_again() {
    let empty = || listing(Scope::Pages, vec![page(10, &[])]);
    let doubtful = plan(empty(), &remembered(vec![page(10, &[1])]));
    let back = plan(listing(Scope::Pages, vec![page(10, &[1])]), &left_by(&doubtful));
    assert!(doubted(&back).is_empty());
    assert_eq!(doubted(&plan(empty(), &left_by(&back))), [10]);
}

#[test]
fn a_doubted_page_that_cannot_be_listed_stays_doubted() {
    let empty = || listing(Scope::Pages, vec![page(10, &[])]);
    let first = plan(empty(), &remembered(vec![page(10, &[1])]));
    let failed = Listing { unlisted: unlisted(Some(10)), ..listing(Scope::Pages, vec![]) };
    let second = plan(failed, &left_by(&first));
    assert_eq!(doubted(&second), [10]);
    assert!(plan(empty(), &left_by(&second)).cards.is_empty());
}

#[test]
fn a_page_that_loses_some_cards_is_believed_at_once() {
    let held = remembered(vec![page(10, &[1, 2])]);
    assert_eq!(cards(&plan(listing(Scope::Pages, vec![page(10, &[1])]), &held)), [(1, vec![10])]);
}

#[test]
fn in_the_whole_instance_a_page_that_is_absent_is_doubted_once() {
    let held = remembered(vec![page(10, &[1]), page(20, &[2])]);
    let listed = || listing(Scope::Instance, vec![page(10, &[1])]);
    let first = plan(listed(), &held);
    assert_eq!((pages(&first), doubted(&first)), (vec![10, 20], vec![20]));
    let second = plan(listed(), &left_by(&first));
    assert_eq!((pages(&second), cards(&second)), (vec![10], vec![(1, vec![10])]));
}

#[test]
fn among_chosen_pages_one_that_left_the_configuration_is_dropped_at_once() {
    let held = remembered(vec![page(10, &[1]), page(20, &[2])]);
    let plan = plan(listing(Scope::Pages, vec![page(10, &[1])]), &held);
    assert_eq!((pages(&plan), doubted(&plan)), (vec![10], vec![]));
    assert!(plan.is_complete());
}

#[test]
fn a_part_looks_at_nothing_else_and_says_nothing_of_the_rest() {
    let held = remembered(vec![page(10, &[1]), page(20, &[2])]);
    let plan = plan(listing(Scope::Part, vec![page(10, &[1])]), &held);
    assert_eq!(cards(&plan), [(1, vec![10])]);
    assert!(!plan.is_complete());
}

#[test]
fn a_part_stays_a_part_when_some_other_list_fails() {
    let held = remembered(vec![page(10, &[1]), page(20, &[2])]);
    let listing = Listing { unlisted: unlisted(None), ..listing(Scope::Part, vec![page(10, &[1])]) };
    assert_eq!(pages(&plan(listing, &held)), [10]);
}

#[test]
fn a_part_keeps_the_cards_of_the_page_that_it_asked_for_in_vain() {
    let held = remembered(vec![page(10, &[1]), page(20, &[2])]);
    let listing = Listing { unlisted: unlisted(Some(20)), ..listing(Scope::Part, vec![page(10, &[1])]) };
    assert_eq!(pages(&plan(listing, &held)), [10, 20]);
}

#[test]
fn a_plan_without_trouble_has_nothing_to_tell() {
    let plan = plan(listing(Scope::Pages, vec![page(10, &[1])]), &Remembered::default());
    assert_eq!(plan.trouble(None), None);
    assert_eq!(plan.trouble(Some("out of time".into())), Some("out of time".into()));
}

#[test]
fn trouble_tells_of_the_early_end_of_what_is_unlisted_and_of_what_is_doubted() {
    let held = remembered(vec![page(10, &[1])]);
    let listing = Listing { unlisted: unlisted(Some(20)), ..listing(Scope::Pages, vec![page(10, &[])]) };
    assert_eq!(
        plan(listing, &held).trouble(Some("out of time".into())).unwrap(),
        "out of time; Domo is unavailable (503); \
         page 10 ('Page 10') held 1 card and now lists none, which is not believed until the next sweep says so too; \
         see whether it is still shared with the service user"
    );
}

#[test]
fn a_page_that_lists_none_for_the_second_time_is_said_to_be_monitored_no_more() {
    let mut held = remembered(vec![page(10, &[1, 2]), page(20, &[3])]);
    held.pages.get_mut(&PageId(10)).unwrap().doubted = true;
    let trouble = |pages| plan(listing(Scope::Pages, pages), &held).trouble(None);
    assert_eq!(
        trouble(vec![page(10, &[]), page(20, &[3])]).unwrap(),
        "page 10 ('Page 10') held 2 cards and lists none for the second time, so that what is on no other page is \
         monitored no more; if the page is not empty, share it with the service user"
    );
    assert_eq!(trouble(vec![page(10, &[1]), page(20, &[3])]), None, "it was a slip");
    assert_eq!(trouble(vec![page(20, &[3])]), None, "who takes a page out of the configuration knows");
}

#[test]
fn trouble_beyond_the_fifth_is_counted() {
    let many = (0..7).map(|n| Unlisted { page: Some(PageId(n)), why: format!("no {n}") }).collect();
    let listing = Listing { unlisted: many, ..listing(Scope::Pages, vec![]) };
    let trouble = plan(listing, &Remembered::default()).trouble(None).unwrap();
    assert_eq!(trouble, "no 0; no 1; no 2; no 3; no 4; and 2 more of the kind");
}

#[test]
fn a_tally_counts_each_verdict() {
    let verdicts =
        [works(), works(), fails("x"), unchecked(), cardwatch::domain::verdict::Verdict::Unsupported, unchecked()];
    let counts = verdicts.iter().map(Verdict::shown).collect::<Counts>();
    assert_eq!(counts, Counts { working: 2, broken: 1, unchecked: 2, unsupported: 1 });
    assert_eq!((counts.all(), counts.decided()), (6, 3));
    assert_eq!(Shown::ALL.map(|shown| counts.of(shown)), [2, 1, 2, 1]);
}

#[test]
fn the_counts_of_several_instances_add_up() {
    let acme = Counts { working: 1, broken: 2, unchecked: 3, unsupported: 4 };
    let globex = Counts { working: 10, broken: 20, unchecked: 30, unsupported: 40 };
    let all = Counts { working: 11, broken: 22, unchecked: 33, unsupported: 44 };
    assert_eq!([acme, globex].into_iter().sum::<Counts>(), all);
}

#[test]
fn a_sweep_is_complete_when_every_card_was_decided_and_every_list_came() {
    let decided = Counts { working: 2, broken: 1, unchecked: 0, unsupported: 4 };
    assert_eq!(Outcome::of(&decided, &[]), Outcome::Completed);
    assert_eq!(Outcome::of(&Counts { unchecked: 1, ..decided }, &[]), Outcome::Partial);
    assert_eq!(Outcome::of(&decided, &unlisted(None)), Outcome::Partial);
}

#[test]
fn outcomes_are_found_by_their_names() {
    for outcome in Outcome::ALL {
        assert_eq!(Outcome::named(outcome.name()), Some(outcome));
    }
    assert_eq!(Outcome::named("done"), None);
}

fn some_pages() -> impl Strategy<Value = Vec<ListedPage>> {
    let held = prop::collection::btree_set(0..8_i64, 0..5);
    prop::collection::btree_map(0..5_i64, held, 0..5).prop_map(|pages: BTreeMap<i64, BTreeSet<i64>>| {
        pages.into_iter().map(|(id, cards)| page(id, &cards.into_iter().collect::<Vec<_>>())).collect()
    })
}

fn scopes() -> impl Strategy<Value = Scope> {
    prop::sample::select(vec![Scope::Pages, Scope::Instance, Scope::Part])
}

proptest! {
    #[test]
    fn pages_and_cards_of_a_plan_point_at_each_other(
        scope in scopes(), listed in some_pages(), held in some_pages(), hidden in prop::option::of(0..5_i64),
        out_pages in prop::collection::vec(0..5_i64, 0..2), out_cards in prop::collection::vec(0..8_i64, 0..3),
    ) {
        let listing = Listing { unlisted: unlisted(hidden), ..listing(scope, listed) };
        let plan = Plan::new(listing, &remembered(held), &excluding(&out_pages, &out_cards));
        let from_pages: BTreeSet<(i64, i64)> =
            plan.pages.iter().flat_map(|(id, held)| held.page.cards.iter().map(|card| (id.0, card.0))).collect();
        let from_cards: BTreeSet<(i64, i64)> =
            plan.cards.iter().flat_map(|(id, planned)| planned.pages.iter().map(|page| (page.0, id.0))).collect();
        prop_assert_eq!(from_pages, from_cards);
        prop_assert!(plan.cards.iter().all(|(id, planned)| planned.card.id == *id && !planned.pages.is_empty()));
    }

    #[test]
    fn the_same_listing_twice_is_believed(scope in scopes(), listed in some_pages(), held in some_pages()) {
        let listed = || listing(scope, listed.clone());
        let first = plan(listed(), &remembered(held));
        let second = plan(listed(), &left_by(&first));
        prop_assert!(doubted(&second).is_empty());
        let held: BTreeSet<CardId> = listed().cards.into_keys().collect();
        prop_assert_eq!(second.cards.keys().copied().collect::<BTreeSet<_>>(), held);
    }
}
