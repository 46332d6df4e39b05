//! The latest verdicts of a card, as a strip that is read at a glance. Owns keeping them in one number, so that a list
//! of many cards costs nothing more.

use super::verdict::Verdict;

/// One sweep in a strip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// It rendered.
    Working,
    /// It did not.
    Broken,
    /// Nobody could tell.
    Unchecked,
}

/// The verdicts of the latest sweeps, at most [`Strip::LENGTH`]: two bits each, the latest lowest, zero = none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Strip(u64);

impl Strip {
    /// So many sweeps are kept. One bit pair stays unused, so that the number fits a signed column.
    pub const LENGTH: usize = 31;

    /// The strip that a number stands for.
    pub fn from_bits(bits: u64) -> Self {
        Self(bits & (u64::MAX >> 2))
    }

    /// The number that stands for the strip; below 2^62.
    pub fn bits(self) -> u64 {
        self.0
    }

    /// After one more sweep.
    #[must_use]
    pub fn after(self, verdict: &Verdict) -> Self {
        let bits = match verdict {
            Verdict::Working { .. } => 1,
            Verdict::Broken(_) => 2,
            Verdict::Unchecked(_) => 3,
            Verdict::Unsupported => return self,
        };
        Self::from_bits(self.0 << 2 | bits)
    }

    /// The sweeps, the oldest first.
    pub fn cells(self) -> impl Iterator<Item = Cell> {
        (0..Self::LENGTH).rev().filter_map(move |place| match self.0 >> (2 * place) & 3 {
            1 => Some(Cell::Working),
            2 => Some(Cell::Broken),
            3 => Some(Cell::Unchecked),
            _ => None,
        })
    }
}
