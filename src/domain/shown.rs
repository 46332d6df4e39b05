//! The four words for a card, which metrics, database, pages and commands share, and the counting of cards by them.
//! Owns no rule: what a render comes to is [`verdict`](super::verdict), what is still true later is
//! [`card`](super::card).

use std::iter::Sum;

/// What a card is shown as; what one render came to has the same words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shown {
    /// It renders.
    Working,
    /// It does not render.
    Broken,
    /// Nobody could tell; or never decided yet, or not for too long.
    Unchecked,
    /// Of a type that is not rendered.
    Unsupported,
}

impl Shown {
    /// Every state, in the order in which they are listed.
    pub const ALL: [Self; 4] = [Self::Working, Self::Broken, Self::Unchecked, Self::Unsupported];

    /// The name that metrics, database and command line use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::Broken => "broken",
            Self::Unchecked => "unchecked",
            Self::Unsupported => "unsupported",
        }
    }
}

/// How many cards came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Cards that render.
    pub working: usize,
    /// Cards that do not.
    pub broken: usize,
    /// Cards that nobody could decide, or not for too long; those that a sweep never reached among them.
    pub unchecked: usize,
    /// Cards of types that are not rendered.
    pub unsupported: usize,
}

impl Counts {
    /// The count of one state.
    pub fn of(&self, shown: Shown) -> usize {
        match shown {
            Shown::Working => self.working,
            Shown::Broken => self.broken,
            Shown::Unchecked => self.unchecked,
            Shown::Unsupported => self.unsupported,
        }
    }

    /// All cards.
    pub fn all(&self) -> usize {
        self.working + self.broken + self.unchecked + self.unsupported
    }

    /// The cards that were told working from broken.
    pub fn decided(&self) -> usize {
        self.working + self.broken
    }
}

impl FromIterator<Shown> for Counts {
    fn from_iter<T: IntoIterator<Item = Shown>>(cards: T) -> Self {
        cards.into_iter().fold(Self::default(), |mut counts, shown| {
            match shown {
                Shown::Working => counts.working += 1,
                Shown::Broken => counts.broken += 1,
                Shown::Unchecked => counts.unchecked += 1,
                Shown::Unsupported => counts.unsupported += 1,
            }
            counts
        })
    }
}

impl Sum for Counts {
    fn sum<T: Iterator<Item = Self>>(parts: T) -> Self {
        parts.fold(Self::default(), |all, part| Self {
            working: all.working + part.working,
            broken: all.broken + part.broken,
            unchecked: all.unchecked + part.unchecked,
            unsupported: all.unsupported + part.unsupported,
        })
    }
}
