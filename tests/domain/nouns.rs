//! The nouns that the tests of the core and of the store speak in.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cardwatch::domain::Timestamp;
use cardwatch::domain::alerts::Policy;
use cardwatch::domain::ids::{CardId, PageId, UserId};
use cardwatch::domain::owners::Owner;
use cardwatch::domain::sweep::{CardKind, ListedCard, ListedPage, Listing, PageKind, Scope};
use cardwatch::domain::verdict::{Class, Reason, Verdict};
use chrono::{TimeDelta, TimeZone as _, Utc};

pub(crate) const DAY: Duration = Duration::from_hours(24);

/// So many minutes after seven in the morning of 2 November 2026.
pub(crate) fn at(minutes: i64) -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 2, 7, 0, 0).unwrap() + TimeDelta::minutes(minutes)
}

pub(crate) fn reason(text: &str) -> Reason {
    Reason { class: Class::Misconfigured, text: text.to_owned() }
}

pub(crate) fn works() -> Verdict {
    Verdict::Working { no_data: false }
}

pub(crate) fn fails(text: &str) -> Verdict {
    Verdict::Broken(reason(text))
}

pub(crate) fn unchecked() -> Verdict {
    Verdict::Unchecked("no access (403)".to_owned())
}

/// Everything is told, and what is still broken once a day.
pub(crate) fn policy() -> Policy {
    Policy {
        recoveries: true,
        remind_every: Some(DAY),
        report_first_seen: true,
        stale_after: DAY,
        flap_transitions: 4,
        flap_window: DAY,
        blind_after: 2,
    }
}

pub(crate) fn owner(user: i64, name: &str) -> Owner {
    Owner { user: Some(UserId(user)), name: name.to_owned() }
}

pub(crate) fn card(id: i64) -> ListedCard {
    ListedCard {
        id: CardId(id),
        title: format!("Card {id}"),
        kind: CardKind::named("kpi"),
        owners: [owner(id, &format!("Owner of {id}"))].into(),
        datasets: None,
    }
}

pub(crate) fn page(id: i64, cards: &[i64]) -> ListedPage {
    ListedPage {
        id: PageId(id),
        title: format!("Page {id}"),
        kind: PageKind::Page,
        owners: [].into(),
        cards: cards.iter().copied().map(CardId).collect(),
    }
}

/// What Domo lists: these pages and every card on them.
pub(crate) fn listing(scope: Scope, pages: Vec<ListedPage>) -> Listing {
    let ids: BTreeSet<CardId> = pages.iter().flat_map(|page| page.cards.iter().copied()).collect();
    let cards: BTreeMap<_, _> = ids.into_iter().map(|id| (id, card(id.0))).collect();
    Listing { scope, pages, cards, loose: BTreeSet::new(), datasets: BTreeMap::new(), unlisted: Vec::new() }
}
