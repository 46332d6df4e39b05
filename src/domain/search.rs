//! Finding cards in what is true now. Owns what a query matches; how a reader writes one and how the matches are shown
//! is `http`'s.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::Timestamp;
use super::card::{CardState, stale_at};
use super::ids::{CardId, DatasetId, InstanceName, PageId};
use super::shown::Shown;
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
        self.holds_beyond(card, now, stale_at(now, stale_after))
    }

    /// How many of the cards are in the set at `now`.
    pub fn count<'a>(self, cards: impl Iterator<Item = &'a CardNow>, now: Timestamp, stale_after: Duration) -> usize {
        let stale_at = stale_at(now, stale_after);
        cards.filter(|card| self.holds_beyond(card, now, stale_at)).count()
    }

    fn holds_beyond(self, card: &CardNow, now: Timestamp, stale_at: Timestamp) -> bool {
        let shown = card.state.shown_beyond(stale_at);
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

/// What each card of an instance says by itself, in lower case. It takes longer to make than to search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    said: String,
    /// Where the text of each card ends, in the order of the cards.
    ends: Vec<usize>,
}

impl Texts {
    /// Of all cards.
    pub fn of(instance: &InstanceSnapshot) -> Self {
        let mut texts = Self { said: String::new(), ends: Vec::with_capacity(instance.cards.len()) };
        for card in instance.cards.values() {
            for text in said_by(card) {
                push_lower(&mut texts.said, text);
                // No word holds it: what begins in one text does not end in the next.
                texts.said.push('\n');
            }
            texts.ends.push(texts.said.len());
        }
        texts.said.shrink_to_fit();
        texts
    }

    /// Of the card in that place.
    fn of_card(&self, place: usize) -> &str {
        let begin = place.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied());
        let span = begin.zip(self.ends.get(place).copied());
        span.and_then(|(begin, end)| self.said.get(begin..end)).unwrap_or_default()
    }
}

/// The cards that a query matches, by instance as configured and by id. `texts` gives the [`Texts`] of an instance, and is
/// asked for them where the query has words.
pub fn search<'a>(
    snapshot: &'a [Arc<InstanceSnapshot>],
    query: &'a Query,
    now: Timestamp,
    stale_after: Duration,
    texts: impl Fn(&'a Arc<InstanceSnapshot>) -> Arc<Texts>,
) -> impl Iterator<Item = Match<'a>> {
    let stale_at = stale_at(now, stale_after);
    let words: Vec<String> = query.text.split_whitespace().map(str::to_lowercase).collect();
    let instances =
        snapshot.iter().filter(|instance| query.instance.as_ref().is_none_or(|name| *name == instance.name));
    instances.flat_map(move |instance| {
        let words: Vec<Word<'a>> = words.iter().map(|word| Word::in_instance(word, instance)).collect();
        let texts = if words.is_empty() { Arc::default() } else { texts(instance) };
        let cards = instance.cards.iter().map(|(id, card)| Match { instance, id: *id, card });
        cards
            .enumerate()
            .filter(|(_, found)| query.page.is_none_or(|page| found.card.pages.binary_search(&page).is_ok()))
            .filter(move |(_, found)| query.which.is_none_or(|which| which.holds_beyond(found.card, now, stale_at)))
            .filter(move |(place, found)| found.says(&words, texts.of_card(*place)))
            .map(|(_, found)| found)
    })
}

/// A word that is looked for, and what has it that many cards share.
struct Word<'a> {
    /// In lower case, without white space.
    text: String,
    id: Option<CardId>,
    pages: HashSet<PageId>,
    datasets: HashSet<&'a DatasetId>,
}

impl<'a> Word<'a> {
    fn in_instance(text: &str, instance: &'a InstanceSnapshot) -> Self {
        let mut lower = String::new();
        let mut says = |said: &str| {
            lower.clear();
            push_lower(&mut lower, said);
            lower.contains(text)
        };
        let pages = instance.pages.iter().filter(|(_, page)| says(&page.title)).map(|(id, _)| *id).collect();
        let datasets = instance.datasets.iter().filter(|(_, known)| says(&known.dataset.name));
        let datasets = datasets.map(|(id, _)| id).collect();
        let id = text.parse().ok().map(CardId).filter(|id| id.to_string() == text);
        Self { text: text.to_owned(), id, pages, datasets }
    }
}

impl Match<'_> {
    /// Whether each of the words is somewhere in what is known of the card, which says `said`.
    fn says(&self, words: &[Word<'_>], said: &str) -> bool {
        words.iter().all(|word| {
            word.id == Some(self.id)
                || said.contains(&word.text)
                || self.card.pages.iter().any(|page| word.pages.contains(page))
                || self.card.datasets.iter().any(|dataset| word.datasets.contains(dataset))
        })
    }
}

/// What a card alone says.
fn said_by(card: &CardNow) -> impl Iterator<Item = &str> {
    let reason = match &card.state {
        CardState::Broken { reason, .. } => Some(reason.text.as_str()),
        CardState::Undecided | CardState::Unsupported | CardState::Working { .. } => None,
    };
    let owners = card.owners.iter().map(|owner| owner.name.as_str());
    [card.title.as_str()].into_iter().chain(owners).chain(reason)
}

/// Appends a text in lower case.
fn push_lower(lower: &mut String, text: &str) {
    if text.is_ascii() {
        let start = lower.len();
        lower.push_str(text);
        if let Some(pushed) = lower.get_mut(start..) {
            pushed.make_ascii_lowercase();
        }
    } else {
        lower.push_str(&text.to_lowercase());
    }
}
