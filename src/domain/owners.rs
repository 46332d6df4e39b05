//! Who owns a card, and which of the owners are mailed about their own. Owns that choice; looking addresses up is
//! `domo`'s.

use std::collections::{BTreeMap, BTreeSet};

use super::ids::UserId;

/// An owner of a card or a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The user; `None` for a group, and for an owner without a readable id.
    pub user: Option<UserId>,
    /// The display name: foreign text.
    pub name: String,
}

/// Whether owners are mailed, and which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerPolicy {
    /// The domains whose addresses may be mailed, in lower case; at least one.
    pub domains: BTreeSet<String>,
    /// So many owners are mailed after one sweep at most.
    pub most_mails: usize,
}

/// The mail address of a user, as Domo told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(pub String);

impl Address {
    /// Its domain in lower case; `None` where it is no address.
    pub fn domain(&self) -> Option<String> {
        let (local, domain) = self.0.rsplit_once('@')?;
        (!local.is_empty() && !domain.is_empty()).then(|| domain.to_lowercase())
    }
}

/// The addresses that are known. A user that Domo gives no address for is in it with `None`.
pub type Addresses = BTreeMap<UserId, Option<Address>>;

/// Why an owner is not mailed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NotMailed {
    /// It is a group.
    Group,
    /// No address is known.
    NoAddress,
    /// The address is of a domain that may not be mailed.
    OtherDomain,
    /// More owners had news than may be mailed after one sweep.
    TooMany,
}
