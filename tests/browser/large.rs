//! An instance of 10,000 cards, 800 of them broken, with a sweep every quarter of an hour for two weeks. Owns the
//! making of it, which is SQL: nobody wants to wait for so many renders.

/// Everything at once; one sweep in 24 is kept with its results.
pub(crate) const FILL: &str = include_str!("large.sql");
