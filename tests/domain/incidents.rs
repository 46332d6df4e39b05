//! The life of an incident: it opens, grows, shrinks, splits, merges and closes.
