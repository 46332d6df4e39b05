//! Finding cards in what is true now. Owns what a query matches; how a reader writes one and how the matches are shown
//! is `http`'s.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::Timestamp;
use super::card::{CardState, Shown};
use super::ids::{CardId, DatasetId, InstanceName, PageId};
use super::snapshot::{CardNow, InstanceSnapshot};

/// What is asked of a card beside its state: each is a set that cuts across the states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Cards in one state.
    State(Shown),
    /// Broken cards that are muted.
    Muted,
    /// Cards that go back and forth.
    Flapping,
    /// Working cards that are slow by their own history.
    Slow,
    /// Working cards that render without data.
    NoData,
}

impl Which {
    /// Every set, in the order in which a reader is offered them.
    pub const ALL: [Self; 8] = [
        Self::State(Shown::Broken),
        Self::State(Shown::Unchecked),
        Self::State(Shown::Working),
        Self::State(Shown::Unsupported),
        Self::Muted,
        Self::Flapping,
        Self::Slow,
        Self::NoData,
    ];

    /// The name that addresses use.
    pub fn name(self) -> &'static str {
        match self {
            Self::State(shown) => shown.name(),
            Self::Muted => "muted",
            Self::Flapping => "flapping",
            Self::Slow => "slow",
            Self::NoData => "no_data",
        }
    }

    /// The set of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|which| which.name() == name)
    }

    /// Whether a card is in the set at `now`.
    pub fn holds(self, card: &CardNow, now: Timestamp, stale_after: Duration) -> bool {
        let shown = card.state.shown(now, stale_after);
        match self {
            Self::State(wanted) => shown == wanted,
            Self::Muted => shown == Shown::Broken && card.mute_at(now).is_some(),
            Self::Flapping => card.flapping,
            Self::Slow => shown == Shown::Working && card.rendering.slow_against.is_some(),
            Self::NoData => shown == Shown::Working && card.rendering.no_data_since.is_some(),
        }
    }
}

/// What is looked for; what is left out matches everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// In this instance alone.
    pub instance: Option<InstanceName>,
    /// On this page alone.
    pub page: Option<PageId>,
    /// Of this set alone.
    pub which: Option<Which>,
    /// Words, each of which has to be in the id, the title, a page's title, an owner's name, a dataset's name or the
    /// reason, in whatever case.
    pub text: String,
}

/// One card that a query matches.
#[derive(Debug, Clone, Copy)]
pub struct Match<'a> {
    /// Its instance.
    pub instance: &'a InstanceSnapshot,
    /// Its id.
    pub id: CardId,
    /// The card.
    pub card: &'a CardNow,
}

/// The cards that a query matches, by instance as configured and by id.
pub fn search<'a>(
    snapshot: &'a [Arc<InstanceSnapshot>],
    query: &'a Query,
    now: Timestamp,
    stale_after: Duration,
) -> impl Iterator<Item = Match<'a>> {
    let words: Vec<String> = query.text.split_whitespace().map(str::to_lowercase).collect();
    let instances =
        snapshot.iter().filter(|instance| query.instance.as_ref().is_none_or(|name| *name == instance.name));
    instances.flat_map(move |instance| {
        let words: Vec<Word<'a>> = words.iter().map(|word| Word::in_instance(word.clone(), instance)).collect();
        let cards = instance.cards.iter().map(|(id, card)| Match { instance, id: *id, card });
        cards
            .filter(|found| query.page.is_none_or(|page| found.card.pages.binary_search(&page).is_ok()))
            .filter(move |found| query.which.is_none_or(|which| which.holds(found.card, now, stale_after)))
            .filter(move |found| words.iter().all(|word| word.is_said_of(found)))
    })
}

/// A word that is looked for, and what many cards share that says it.
struct Word<'a> {
    /// In lower case.
    text: String,
    pages: BTreeSet<PageId>,
    datasets: BTreeSet<&'a DatasetId>,
}

impl<'a> Word<'a> {
    fn in_instance(text: String, instance: &'a InstanceSnapshot) -> Self {
        let pages = instance.pages.iter().filter(|(_, page)| says(&page.title, &text)).map(|(id, _)| *id).collect();
        let datasets = instance.datasets.iter().filter(|(_, known)| says(&known.dataset.name, &text));
        Self { pages, datasets: datasets.map(|(id, _)| id).collect(), text }
    }

    fn is_said_of(&self, found: &Match<'_>) -> bool {
        let card = found.card;
        let reason = match &card.state {
            CardState::Broken { reason, .. } => Some(reason.text.as_str()),
            CardState::Undecided | CardState::Unsupported | CardState::Working { .. } => None,
        };
        says(&card.title, &self.text)
            || card.owners.iter().any(|owner| says(&owner.name, &self.text))
            || reason.is_some_and(|reason| says(reason, &self.text))
            || card.pages.iter().any(|page| self.pages.contains(page))
            || card.datasets.iter().any(|dataset| self.datasets.contains(dataset))
            || found.id.to_string() == self.text
    }
}

/// Whether a word in lower case is in a text of whatever case.
fn says(text: &str, word: &str) -> bool {
    if text.is_ascii() {
        // Most texts are: nothing needs to be written down in lower case.
        let words = text.as_bytes().windows(word.len().max(1));
        return words.into_iter().any(|part| part.eq_ignore_ascii_case(word.as_bytes()));
    }
    text.to_lowercase().contains(word)
}
