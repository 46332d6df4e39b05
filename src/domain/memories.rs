//! What is remembered of all cards of an instance. Owns holding little of those of which little is known, which are
//! most: a memory goes in whole and comes out whole.

use std::time::Duration;

use litemap::LiteMap;

use super::Timestamp;
use super::card::{CardMemory, CardState, Told};
use super::dataset::Feeding;
use super::ids::CardId;
use super::rendering::Rendering;
use super::strip::Strip;

/// The memories of cards, ascending by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memories(LiteMap<CardId, Held>);

/// A memory as it is held.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Held {
    /// Of a card that is not broken, with nothing else to be told of it.
    Plain { state: Plain, latency: Option<Duration>, datasets: Feeding, recent: Strip },
    /// Of any other.
    Other(Box<CardMemory>),
}

/// The states that need little room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plain {
    Undecided,
    Unsupported,
    Working { since: Timestamp, decided_at: Timestamp },
}

impl Plain {
    fn of(state: &CardState) -> Option<Self> {
        match state {
            CardState::Undecided => Some(Self::Undecided),
            CardState::Unsupported => Some(Self::Unsupported),
            CardState::Working { since, decided_at } => Some(Self::Working { since: *since, decided_at: *decided_at }),
            CardState::Broken { .. } => None,
        }
    }
}

impl From<Plain> for CardState {
    fn from(plain: Plain) -> Self {
        match plain {
            Plain::Undecided => Self::Undecided,
            Plain::Unsupported => Self::Unsupported,
            Plain::Working { since, decided_at } => Self::Working { since, decided_at },
        }
    }
}

impl Held {
    fn of(memory: CardMemory) -> Self {
        match (Plain::of(&memory.state), memory) {
            (
                Some(state),
                CardMemory {
                    state: _,
                    told: Told::Nothing,
                    changes,
                    rendering: Rendering { latency, slow_against: None, no_data_since: None },
                    mute: None,
                    incident: None,
                    datasets,
                    recent,
                },
            ) if changes.is_empty() => Self::Plain { state, latency, datasets, recent },
            (_, other) => Self::Other(Box::new(other)),
        }
    }

    fn whole(&self) -> CardMemory {
        match self {
            Self::Plain { state, latency, datasets, recent } => CardMemory {
                rendering: Rendering { latency: *latency, ..Rendering::default() },
                datasets: datasets.clone(),
                recent: *recent,
                ..CardMemory::of((*state).into(), Told::Nothing)
            },
            Self::Other(memory) => memory.as_ref().clone(),
        }
    }
}

impl Memories {
    /// None yet, with room for so many.
    pub fn with_capacity(cards: usize) -> Self {
        Self(LiteMap::with_capacity(cards))
    }

    /// Remembers a card, in place of what was remembered of it.
    pub fn insert(&mut self, card: CardId, memory: CardMemory) {
        self.0.insert(card, Held::of(memory));
    }

    /// What is remembered of a card.
    pub fn get(&self, card: &CardId) -> Option<CardMemory> {
        self.0.get(card).map(Held::whole)
    }

    /// Changes what is remembered of a card, where anything is.
    pub fn update(&mut self, card: &CardId, change: impl FnOnce(&mut CardMemory)) {
        if let Some(held) = self.0.get_mut(card) {
            let mut memory = held.whole();
            change(&mut memory);
            *held = Held::of(memory);
        }
    }

    /// All of it.
    pub fn iter(&self) -> impl Iterator<Item = (CardId, CardMemory)> {
        self.0.iter().map(|(card, held)| (*card, held.whole()))
    }

    /// How many cards are remembered.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no card is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Extend<(CardId, CardMemory)> for Memories {
    fn extend<I: IntoIterator<Item = (CardId, CardMemory)>>(&mut self, memories: I) {
        for (card, memory) in memories {
            self.insert(card, memory);
        }
    }
}

impl FromIterator<(CardId, CardMemory)> for Memories {
    fn from_iter<I: IntoIterator<Item = (CardId, CardMemory)>>(memories: I) -> Self {
        let mut all = Self::default();
        all.extend(memories);
        all
    }
}
