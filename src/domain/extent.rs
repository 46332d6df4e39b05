//! How far an incident reaches, in words that mail, command line and page share. Owns these words, and who counts as
//! one owner; which cards are in an incident is [`incident`](super::incident)'s.

use std::collections::BTreeSet;

use super::ids::CardId;
use super::owners::Owner;
use super::report::OwnerCount;
use super::snapshot::{InstanceSnapshot, PageNow};

/// '30 cards on 4 pages, owned by 2 people'; of one card, whose page and owner are told beside it, only '1 card'.
/// `None` is what nobody counted.
pub fn in_words(count: usize, pages: Option<usize>, owners: Option<OwnerCount>) -> String {
    let reach = on_pages(count, pages.unwrap_or_default(), many);
    let owners = owners.filter(|_| count != 1).and_then(OwnerCount::in_words);
    let owners = owners.map(|owners| format!(", owned by {owners}")).unwrap_or_default();
    format!("{reach}{owners}")
}

/// '30 cards on 4 pages', as [`in_words`] begins, in numbers as `many` writes them: '1 card' of 1, 'card' and 'cards'.
pub fn on_pages(count: usize, pages: usize, many: impl Fn(usize, &str, &str) -> String) -> String {
    let all = many(count, "card", "cards");
    if count == 1 || pages == 0 { all } else { format!("{all} on {}", many(pages, "page", "pages")) }
}

impl OwnerCount {
    /// Counts each owner once.
    pub fn of<'a>(owners: impl IntoIterator<Item = &'a Owner>) -> Self {
        let each: BTreeSet<_> = owners.into_iter().map(Owner::identity).collect();
        let people = each.iter().filter(|(user, _)| user.is_some()).count();
        Self { people, groups: each.len() - people }
    }

    /// '2 people and 1 group'; `None` for nobody.
    fn in_words(self) -> Option<String> {
        let people = (self.people > 0).then(|| many(self.people, "person", "people"));
        let groups = (self.groups > 0).then(|| many(self.groups, "group", "groups"));
        let owners: Vec<String> = people.into_iter().chain(groups).collect();
        (!owners.is_empty()).then(|| owners.join(" and "))
    }
}

impl InstanceSnapshot {
    /// How far these cards reach, see [`in_words`]; a card without an owner is its pages' owners'.
    pub fn extent(&self, cards: &[CardId]) -> String {
        let wanted: BTreeSet<CardId> = cards.iter().copied().collect();
        let holding = |page: &&PageNow| page.cards.iter().any(|card| wanted.contains(card));
        let pages: Vec<&PageNow> = self.pages.values().filter(holding).collect();
        let own = wanted.iter().filter_map(|id| self.cards.get(id)).flat_map(|card| card.owners.iter());
        let ownerless =
            |id: &CardId| wanted.contains(id) && self.cards.get(id).is_some_and(|card| card.owners.is_empty());
        let of_pages = pages.iter().filter(|page| page.cards.iter().any(ownerless)).flat_map(|page| page.owners.iter());
        in_words(wanted.len(), Some(pages.len()), Some(OwnerCount::of(own.chain(of_pages))))
    }
}

/// '1 page', '2 pages'.
pub fn many(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}
