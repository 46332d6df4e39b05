//! Why a sweep decided nothing. Owns the words for each obstacle that can keep a render from being decided,
//! short and with the remedy, and finding the one that a sweep met most; which answer is which obstacle is
//! [`verdict`](super::verdict)'s, and what kept cards from being listed is told by the adapter that lists them.

use std::collections::BTreeMap;

use super::closing::Swept;
use super::foreign::one_line;
use super::report;
use super::sight::Why;
use super::verdict::Verdict;

/// Within the redirect that an address gets which is not on the allow list.
pub const NOT_ALLOWED: &str = "whitelist/blocked";

/// The beginnings of what an unchecked verdict says. A verdict is kept as text, so that the text has to tell.
pub(super) mod says {
    pub(in super::super) const NO_ACCESS: &str = "no access (403)";
    pub(in super::super) const GONE: &str = "no such card (404)";
    pub(in super::super) const THROTTLED: &str = "Domo asked to slow down (429)";
    pub(in super::super) const UNAVAILABLE: &str = "Domo is unavailable";
    pub(in super::super) const NOT_DOMO: &str = "not an answer of Domo's";
    pub(in super::super) const DISCONNECTED: &str = "no connection";
    /// The end of what a doubtful finding says that nobody vouched for.
    pub(in super::super) const MAYBE_DOMO: &str = "so it may be Domo)";
}

/// So much of what Domo said about a card is repeated, in characters: the remedy behind it must not be cut.
const SAID_LIMIT: usize = 200;

/// What keeps cards from being decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Obstacle {
    Throttled,
    Unavailable,
    AddressNotAllowed,
    NotDomo,
    Disconnected,
    NoAccess,
    Gone,
    EveryRenderFails,
    Other,
}

impl Obstacle {
    fn of(said: &str) -> Self {
        let begins = |beginning: &str| said.starts_with(beginning);
        match () {
            () if begins(says::THROTTLED) => Self::Throttled,
            () if begins(says::UNAVAILABLE) => Self::Unavailable,
            () if begins(says::NOT_DOMO) && said.contains(NOT_ALLOWED) => Self::AddressNotAllowed,
            () if begins(says::NOT_DOMO) => Self::NotDomo,
            () if begins(says::DISCONNECTED) => Self::Disconnected,
            () if begins(says::NO_ACCESS) => Self::NoAccess,
            () if begins(says::GONE) => Self::Gone,
            () if said.ends_with(says::MAYBE_DOMO) => Self::EveryRenderFails,
            () => Self::Other,
        }
    }

    fn brief(self) -> &'static str {
        match self {
            Self::Throttled => "too many requests",
            Self::Unavailable => "Domo unavailable",
            Self::AddressNotAllowed => "address not allowed",
            Self::NotDomo => "not an answer of Domo's",
            Self::Disconnected => "Domo not reachable",
            Self::NoAccess => "no access to cards",
            Self::Gone => "cards not found",
            Self::EveryRenderFails => "every render fails",
            Self::Other => "no card could be decided",
        }
    }

    fn remedy(self) -> &'static str {
        match self {
            Self::Throttled => "sweep less often, or set requests_per_second",
            Self::Unavailable => "the next sweep tries again; if it lasts, ask Domo's support",
            Self::AddressNotAllowed => {
                "this machine's address is not on Domo's allow list; add it under Admin > Security > IP allowlist"
            }
            Self::NotDomo => "see whether a proxy or a sign-in page stands between, and whether url is right",
            Self::Disconnected => "see to the network between; the next sweep tries again",
            Self::NoAccess => "share the cards with the service user, or give it back the rights that it had",
            Self::Gone => "see whether url and pages are right, and whether the service user may see the cards",
            Self::EveryRenderFails => "open a card in a browser as the service user; the next sweep tries again",
            Self::Other => "'cardwatch sweep' tells the reason of each card",
        }
    }
}

/// Why a sweep that could list decided nothing.
pub(super) fn why(swept: &Swept) -> Why {
    let (brief, mut full) = nothing_to_decide(swept).unwrap_or_else(|| most_met(swept));
    if let Some(trouble) = &swept.trouble {
        full = if full.is_empty() { trouble.clone() } else { format!("{full}; {trouble}") };
    }
    Why { brief, full }
}

/// What is said where no planned card is of a type that renders.
fn nothing_to_decide(swept: &Swept) -> Option<(&'static str, String)> {
    const BRIEF: &str = "no cards to check";
    match (swept.plan.to_render().next(), swept.plan.cards.len()) {
        (Some(_), _) => None,
        (None, 0) => Some((
            BRIEF,
            "no page lists a card; see that pages names the right ones, and share them with the service user"
                .to_owned(),
        )),
        (None, cards) => Some((
            BRIEF,
            format!("of {} none is of a type that Domo can render; set pages to others", report::cards(cards)),
        )),
    }
}

/// What most of the cards met; empty words where not one was reached, which the sweep's trouble explains.
fn most_met(swept: &Swept) -> (&'static str, String) {
    const BRIEF: &str = "sweep ended too early";
    let mut met: BTreeMap<Obstacle, (usize, &str)> = BTreeMap::new();
    for judged in swept.verdicts.values() {
        if let Verdict::Unchecked(said) = &judged.verdict {
            met.entry(Obstacle::of(said)).or_insert((0, said)).0 += 1;
        }
    }
    // Of several that were met as often the first, so that the same sweep always says the same.
    let most = met.iter().rev().max_by_key(|(_, (times, _))| *times);
    let Some((obstacle, (times, said))) = most else { return (BRIEF, String::new()) };
    let of = report::cards(swept.plan.to_render().count());
    let said = one_line(said, SAID_LIMIT);
    (obstacle.brief(), format!("{said}, said of {times} of {of}; {}", obstacle.remedy()))
}
