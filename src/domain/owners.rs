//! Who owns a card, and which of the owners are mailed about their own. Owns that choice; looking addresses up is
//! `domo`'s.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::foreign::one_line;
use super::ids::UserId;

/// An owner of a card or a page.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    /// The user; `None` for a group, and for an owner without a readable id.
    pub user: Option<UserId>,
    /// The display name: foreign text.
    pub name: String,
}

impl Owner {
    /// Who it is: the user, else the name.
    pub(super) fn identity(&self) -> (Option<UserId>, &str) {
        (self.user, if self.user.is_some() { "" } else { &self.name })
    }
}

/// Whether owners are mailed, and which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerPolicy {
    /// The domains whose addresses may be mailed, in lower case; at least one.
    pub domains: BTreeSet<String>,
    /// So many owners are mailed after one sweep at most.
    pub most_mails: usize,
}

/// The mail address of a user, as Domo told it, that can be mailed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    text: String,
    /// What follows the '@', in lower case.
    domain: String,
}

/// The longest address that SMTP transports, in bytes, and the longest local part (RFC 5321, 4.5.3.1).
const LONGEST: (usize, usize) = (254, 64);

/// The longest part of a host name between two dots, in bytes (RFC 1035, 2.3.4).
const LONGEST_LABEL: usize = 63;

impl Address {
    /// Takes a text for an address; `None` where it is not one to mail to.
    ///
    /// The text is foreign and ends up in a header and in an SMTP command. So only the plain form passes, a dot-atom of
    /// ASCII before the '@' and a host name after it (RFC 5322, 3.4.1): no quotes, comments, second '@', white space
    /// or line end, by which a further recipient or a header could come in.
    pub fn new(text: &str) -> Option<Self> {
        let (local, domain) = text.split_once('@')?;
        let fits = text.len() <= LONGEST.0 && local.len() <= LONGEST.1;
        let domain = domain_of_hosts(domain)?;
        (fits && local.split('.').all(is_atom)).then(|| Self { text: text.to_owned(), domain })
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its domain in lower case.
    pub fn domain(&self) -> &str {
        &self.domain
    }
}

/// A domain in lower case; `None` where no host can have that name.
pub fn domain_of_hosts(text: &str) -> Option<String> {
    text.split('.').all(is_label).then(|| text.to_ascii_lowercase())
}

/// What may stand between the dots of a host name (RFC 1123, 2.1).
fn is_label(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let hyphen_within = !text.starts_with('-') && !text.ends_with('-');
    (1..=LONGEST_LABEL).contains(&text.len()) && plain && hyphen_within
}

/// What may stand between the dots of a local part (RFC 5322, 3.2.3, `atext`).
fn is_atom(text: &str) -> bool {
    const SIGNS: &[u8] = b"!#$%&'*+-/=?^_`{|}~";
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || SIGNS.contains(&byte))
}

/// The addresses that are known. A user that Domo gives no address for is in it with `None`.
pub type Addresses = BTreeMap<UserId, Option<Address>>;

/// Why an owner is not mailed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NotMailed {
    /// It is a group.
    Group,
    /// No address is known, or none that can be mailed to.
    NoAddress,
    /// The address is of a domain that may not be mailed.
    OtherDomain,
    /// More owners had news than may be mailed after one sweep.
    TooMany,
}

impl NotMailed {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::Group, Self::NoAddress, Self::OtherDomain, Self::TooMany];
}

/// An owner that is mailed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailed {
    /// The user.
    pub user: UserId,
    /// The display name: foreign text.
    pub name: String,
    /// Where to.
    pub to: Address,
}

/// Which owners are mailed, and which are not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Picked {
    /// Those that are.
    pub mailed: Vec<Mailed>,
    /// The display names of those that are not, and why: foreign text.
    pub left_out: Vec<(String, NotMailed)>,
}

/// Picks whom to mail out of the owners of whose cards there is news, each with the number of these cards. Those with
/// the most cards go first, of equal ones those with the smaller id.
pub fn pick(mut concerned: Vec<(&Owner, usize)>, addresses: &Addresses, policy: &OwnerPolicy) -> Picked {
    concerned.sort_by_key(|(owner, cards)| (Reverse(*cards), owner.user, &owner.name));
    let mut picked = Picked::default();
    for (owner, _) in concerned {
        match reachable(owner, addresses, policy) {
            Ok((user, to)) if picked.mailed.len() < policy.most_mails => {
                picked.mailed.push(Mailed { user, name: called(owner), to: to.clone() });
            }
            Ok(_) => picked.left_out.push((called(owner), NotMailed::TooMany)),
            Err(why) => picked.left_out.push((called(owner), why)),
        }
    }
    picked
}

/// Where an owner may be mailed to.
fn reachable<'a>(
    owner: &Owner,
    addresses: &'a Addresses,
    policy: &OwnerPolicy,
) -> Result<(UserId, &'a Address), NotMailed> {
    let user = owner.user.ok_or(NotMailed::Group)?;
    let address = addresses.get(&user).and_then(Option::as_ref).ok_or(NotMailed::NoAddress)?;
    if policy.domains.contains(address.domain()) { Ok((user, address)) } else { Err(NotMailed::OtherDomain) }
}

/// The display name, or what else an owner can be called by.
fn called(owner: &Owner) -> String {
    match (one_line(&owner.name, 1).is_empty(), owner.user) {
        (false, _) => owner.name.clone(),
        (true, Some(user)) => format!("user {user}"),
        (true, None) => "an owner without a name".to_owned(),
    }
}
