//! An instance of 10,000 cards, 800 of them broken, with a sweep each hour for two weeks. Owns the
//! making of it, which is SQL: nobody wants to wait for so many renders.

/// Everything at once, into a database that knows the instance.
pub(crate) const FILL: &str = include_str!("large.sql");
