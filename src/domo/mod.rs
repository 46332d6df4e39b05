//! domo
