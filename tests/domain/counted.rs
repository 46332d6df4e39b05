//! What is counted once is what each count alone would say, and how long it stays true is known.

use std::time::Duration;

use cardwatch::domain::Timestamp;
use cardwatch::domain::card::CardState;
use cardwatch::domain::counted::Counted;
use cardwatch::domain::ids::{CardId, IncidentId, PageId};
use cardwatch::domain::mute::Mute;
use cardwatch::domain::rendering::Rendering;
use cardwatch::domain::search::Which;
use cardwatch::domain::snapshot::{CardNow, IncidentNow, InstanceSnapshot, PageNow};
use cardwatch::domain::strip::Strip;
use cardwatch::domain::sweep::PageKind;

use crate::nouns::{DAY, at, reason};

fn card(state: CardState) -> CardNow {
    CardNow {
        title: "Revenue".to_owned(),
        owners: [].into(),
        pages: Vec::new(),
        state,
        flapping: false,
        rendering: Rendering::default(),
        mute: None,
        incident: None,
        datasets: [].into(),
        recent: Strip::default(),
        unchecked_because: None,
    }
}

fn working(decided: i64) -> CardNow {
    card(CardState::Working { since: at(0), decided_at: at(decided) })
}

fn broken(decided: i64) -> CardNow {
    let state = CardState::Broken { since: at(0), decided_at: at(decided), reason: reason("x"), first_seen: false };
    CardNow { incident: Some(IncidentId(7)), ..card(state) }
}

fn muted(until: i64) -> CardNow {
    let mute = Mute { reason: "known".to_owned(), by: "ann".to_owned(), at: at(0), until: Some(at(until)) };
    CardNow { mute: Some(Box::new(mute)), ..broken(0) }
}

/// Cards numbered from 1 on, all of them on page 10.
fn acme(cards: impl IntoIterator<Item = CardNow>) -> InstanceSnapshot {
    let mut acme = InstanceSnapshot::empty("acme".parse().unwrap());
    acme.cards = (1..).map(CardId).zip(cards).collect();
    let held = acme.cards.keys().copied().collect();
    let page = PageNow { title: "Sales".to_owned(), kind: PageKind::Page, owners: [].into(), cards: held };
    acme.pages = [(PageId(10), page)].into();
    let (title, datasets) = ("x".to_owned(), Vec::new());
    acme.incidents = [(IncidentId(7), IncidentNow { opened_at: at(0), title, reason: reason("x"), datasets })].into();
    acme
}

fn counted(acme: &InstanceSnapshot, now: Timestamp) -> Counted {
    Counted::of(acme, now, DAY)
}

#[test]
fn cards_are_counted_by_state_set_page_and_incident() {
    let mut slow = working(0);
    slow.rendering.slow_against = Some(Duration::from_secs(1));
    let mut empty = working(0);
    empty.rendering.no_data_since = Some(at(0));
    let acme = acme([working(0), broken(0), muted(60), slow, empty, card(CardState::Undecided)]);
    let counted = counted(&acme, at(1));
    assert_eq!((counted.counts.working, counted.counts.broken, counted.counts.unchecked), (3, 2, 1));
    assert_eq!(counted.pages[&PageId(10)], counted.counts);
    assert_eq!(counted.incidents[&IncidentId(7)], [CardId(2), CardId(3)]);
    assert_eq!((counted.slow.as_slice(), counted.no_data.as_slice()), ([CardId(4)].as_slice(), [CardId(5)].as_slice()));
    let sets = Which::ALL.map(|which| (which.name(), counted.in_set(which)));
    let wanted = [
        ("broken", 2),
        ("unchecked", 1),
        ("working", 3),
        ("unsupported", 0),
        ("muted", 1),
        ("flapping", 0),
        ("slow", 1),
        ("no_data", 1),
    ];
    assert_eq!(sets, wanted);
}

#[test]
fn what_is_counted_holds_until_the_first_card_is_stale_or_a_mute_is_over() {
    let acme = acme([working(30), broken(20), muted(60)]);
    let until = acme.holds_until(at(1), DAY);
    assert_eq!(until, Some(at(60)), "the mute");
    assert_eq!(counted(&acme, at(59)), counted(&acme, at(1)));
    assert_ne!(counted(&acme, at(60)), counted(&acme, at(1)));
    assert_eq!(acme.holds_until(at(60), DAY), Some(at(24 * 60)), "the muted card was decided at the beginning");
    assert_eq!(acme.holds_until(at(24 * 60), DAY), Some(at(24 * 60 + 20)));
    assert_eq!(acme.holds_until(at(24 * 60 + 30), DAY), None);
}

#[test]
fn what_was_never_decided_holds_for_ever() {
    let acme = acme([card(CardState::Undecided), card(CardState::Unsupported)]);
    assert_eq!(acme.holds_until(at(0), DAY), None);
}

#[test]
fn a_time_that_no_clock_shows_makes_nothing_stale() {
    let acme = acme([working(0)]);
    assert_eq!(acme.holds_until(at(0), Duration::MAX), None);
    assert_eq!(Counted::of(&acme, at(0), Duration::MAX).counts.working, 1);
}
