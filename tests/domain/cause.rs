//! Broken cards are grouped by what is wrong with them.

use std::collections::BTreeSet;

use cardwatch::domain::cause::by_reason;
use cardwatch::domain::verdict::{Class, Reason};
use proptest::prelude::*;

use crate::nouns::reason;

/// The groups as 'reason: cards'.
fn groups(cards: &[(Reason, u32)]) -> Vec<String> {
    by_reason(cards.iter().cloned()).iter().map(|group| format!("{}: {:?}", group.reason.text, group.cards)).collect()
}

#[test]
fn cards_with_one_reason_are_one_group_in_the_order_in_which_they_came() {
    assert_eq!(groups(&[(reason("x"), 3), (reason("x"), 1), (reason("x"), 2)]), ["x: [3, 1, 2]"]);
}

#[test]
fn the_largest_group_comes_first() {
    let cards = [(reason("a"), 1), (reason("b"), 2), (reason("b"), 3)];
    assert_eq!(groups(&cards), ["b: [2, 3]", "a: [1]"]);
}

#[test]
fn equal_groups_come_by_class_and_then_by_text() {
    let timeout = Reason { class: Class::QueryTimeout, text: "a".into() };
    let cards = [(timeout, 1), (reason("c"), 2), (reason("b"), 3)];
    assert_eq!(groups(&cards), ["b: [3]", "c: [2]", "a: [1]"]);
}

#[test]
fn one_text_in_two_classes_is_two_groups() {
    let other = Reason { class: Class::Other, text: "x".into() };
    assert_eq!(groups(&[(reason("x"), 1), (other, 2)]).len(), 2);
}

#[test]
fn no_cards_are_no_groups() {
    assert!(groups(&[]).is_empty());
}

fn cards() -> impl Strategy<Value = Vec<(Reason, u32)>> {
    let reason = (prop::sample::select(&Class::ALL[..]), "[a-c]").prop_map(|(class, text)| Reason { class, text });
    prop::collection::vec(reason, 0..30).prop_map(|reasons| reasons.into_iter().zip(0..).collect())
}

proptest! {
    #[test]
    fn each_card_is_in_exactly_one_group_and_in_that_of_its_reason(cards in cards()) {
        let grouped = by_reason(cards.clone());
        let mut seen: Vec<(Reason, u32)> =
            grouped.iter().flat_map(|group| group.cards.iter().map(|card| (group.reason.clone(), *card))).collect();
        seen.sort_by_key(|(_, card)| *card);
        prop_assert_eq!(seen, cards);
        let reasons: BTreeSet<_> = grouped.iter().map(|group| &group.reason).collect();
        prop_assert_eq!(reasons.len(), grouped.len());
    }

    #[test]
    fn the_groups_do_not_depend_on_the_order_of_the_cards(cards in cards(), seed in any::<u64>()) {
        let mut shuffled = cards.clone();
        shuffled.sort_by_key(|(_, card)| u64::from(*card).wrapping_add(1).wrapping_mul(seed | 1));
        let outline = |cards: Vec<(Reason, u32)>| -> Vec<(Reason, BTreeSet<u32>)> {
            by_reason(cards).into_iter().map(|group| (group.reason, group.cards.into_iter().collect())).collect()
        };
        prop_assert_eq!(outline(cards), outline(shuffled));
    }
}
