//! Grouping of broken cards by what is wrong with them, so that a reader sees causes before cards.
//! Owns the grouping alone; how a group reads is [`super::report`]'s.

use std::collections::BTreeMap;

use super::verdict::Reason;

/// Cards that share one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group<T> {
    /// What they share.
    pub reason: Reason,
    /// The cards, in the order in which they came.
    pub cards: Vec<T>,
}

/// Groups cards by class and reason: the largest group first, equal ones by class and text. Each card is
/// in exactly one group.
pub fn by_reason<T>(cards: impl IntoIterator<Item = (Reason, T)>) -> Vec<Group<T>> {
    let mut groups: BTreeMap<Reason, Vec<T>> = BTreeMap::new();
    for (reason, card) in cards {
        groups.entry(reason).or_default().push(card);
    }
    let mut groups: Vec<_> = groups.into_iter().map(|(reason, cards)| Group { reason, cards }).collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.cards.len()));
    groups
}
