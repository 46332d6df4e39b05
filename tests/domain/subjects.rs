//! Subjects, word by word as the contract has them.

use cardwatch::domain::ids::{CardId, IncidentId};
use cardwatch::domain::report::{Audience, CardLine, FlappingCard, Group, IncidentLine, OwnerCount, Report, Totals};
use cardwatch::domain::sight::{SightNews, Why};

use crate::nouns::{at, reason};

fn line(id: i64, reason: &str) -> CardLine {
    CardLine {
        id: CardId(id),
        title: "x\r\nBcc: everyone@example.com".to_owned(),
        pages: Vec::new(),
        owners: Vec::new(),
        since: at(0),
        reason: Some(crate::nouns::reason(reason)),
        incident: None,
        usual: None,
        url: String::new(),
    }
}

fn lines(count: i64) -> Vec<CardLine> {
    (0..count).map(|id| line(id, "x")).collect()
}

fn groups(count: i64) -> Vec<Group> {
    let cards = lines(count);
    let incident = IncidentLine {
        id: IncidentId(1),
        title: "Dataset x\r\nBcc: everyone@example.com lost a column".to_owned(),
        reason: reason("x"),
        opened_at: at(0),
        cards: cards.len(),
        pages: Some(1),
        owners: Some(OwnerCount::default()),
        upstream: Vec::new(),
    };
    if cards.is_empty() { Vec::new() } else { vec![Group { incident, cards }] }
}

fn report(broke: i64, first_seen: i64, recovered: i64, still_broken: i64, now: usize) -> Report {
    Report {
        instance: "acme".parse().unwrap(),
        swept_at: at(0),
        timezone: chrono_tz::UTC,
        confirmed_after: None,
        broke: groups(broke),
        first_seen: groups(first_seen),
        recovered: lines(recovered),
        left: Vec::new(),
        still_broken: groups(still_broken),
        flapping: Vec::new(),
        flap_window: crate::nouns::DAY,
        sight: None,
        storm: None,
        totals: Totals { cards: 100, broken: now, unchecked: 0 },
        trouble: None,
        audience: Audience::ADMINS,
        after_maintenance: None,
        digest: None,
    }
}

/// Names a subject: cards that broke, were broken when first seen, recovered, are still broken, are broken now.
macro_rules! subjects {
    ($($name:ident: $counts:expr => $subject:expr;)*) => {
        $(#[test]
        fn $name() {
            let (broke, first_seen, recovered, still_broken, now) = $counts;
            assert_eq!(report(broke, first_seen, recovered, still_broken, now).subject(), $subject);
        })*
    };
}

subjects! {
    three_that_broke: (3, 0, 0, 0, 5) => "[cardwatch] acme: 3 cards broke (5 broken now)";
    one_that_broke: (1, 0, 0, 0, 1) => "[cardwatch] acme: 1 card broke (1 broken now)";
    two_that_recovered: (0, 0, 2, 0, 3) => "[cardwatch] acme: 2 cards recovered (3 broken now)";
    one_that_recovered: (0, 0, 1, 0, 0) => "[cardwatch] acme: 1 card recovered (0 broken now)";
    both: (1, 0, 2, 0, 4) => "[cardwatch] acme: 1 card broke, 2 recovered (4 broken now)";
    both_the_other_way_round: (2, 0, 1, 0, 4) => "[cardwatch] acme: 2 cards broke, 1 recovered (4 broken now)";
    five_that_are_still_broken: (0, 0, 0, 5, 5) => "[cardwatch] acme: 5 cards still broken";
    one_that_is_still_broken: (0, 0, 0, 1, 1) => "[cardwatch] acme: 1 card still broken";
    what_changed_goes_before_what_did_not: (1, 0, 0, 4, 5) => "[cardwatch] acme: 1 card broke (5 broken now)";
    two_when_first_seen: (0, 2, 0, 0, 2) => "[cardwatch] acme: 2 cards broken when first seen (2 broken now)";
    some_of_each: (1, 2, 3, 4, 7) => "[cardwatch] acme: 1 card broke, 2 broken when first seen, 3 recovered (7 broken now)";
}

#[test]
fn a_report_without_cards_is_empty() {
    assert!(report(0, 0, 0, 0, 9).is_empty());
    for one in [report(1, 0, 0, 0, 9), report(0, 1, 0, 0, 9), report(0, 0, 1, 0, 9), report(0, 0, 0, 1, 9)] {
        assert!(!one.is_empty());
    }
}

fn flapping(count: i64) -> Vec<FlappingCard> {
    lines(count).into_iter().map(|line| FlappingCard { line, changes: 4, broken: true }).collect()
}

fn lost(again: bool) -> SightNews {
    let why = Why { brief: "login rejected", full: "x\r\nBcc: everyone@example.com".to_owned() };
    SightNews::Lost { since: at(0), sweeps: 2, again, why }
}

fn regained() -> SightNews {
    SightNews::Regained { since: at(0) }
}

/// Names a subject: what is said beside the cards that broke and those that are still broken.
macro_rules! news {
    ($($name:ident: ($broke:expr, $still_broken:expr, $flapping:expr, $sight:expr) => $subject:expr;)*) => {
        $(#[test]
        fn $name() {
            let report = Report {
                flapping: flapping($flapping), sight: $sight, ..report($broke, 0, 0, $still_broken, 3)
            };
            assert!(!report.is_empty());
            assert_eq!(report.subject(), $subject);
        })*
    };
}

news! {
    nothing_can_be_checked: (0, 0, 0, Some(lost(false))) => "[cardwatch] acme: cannot check cards: login rejected";
    nothing_can_be_checked_still: (0, 0, 0, Some(lost(true))) => "[cardwatch] acme: still cannot check cards: login rejected";
    checking_again: (0, 0, 0, Some(regained())) => "[cardwatch] acme: checking again (3 broken now)";
    one_that_flaps: (0, 0, 1, None) => "[cardwatch] acme: 1 card flapping (3 broken now)";
    some_that_broke_and_one_that_flaps: (2, 0, 1, None) => "[cardwatch] acme: 2 cards broke, 1 flapping (3 broken now)";
    what_broke_goes_before_checking_again: (2, 0, 0, Some(regained())) => "[cardwatch] acme: 2 cards broke (3 broken now)";
    what_broke_does_not_hide_that_nothing_can_be_checked:
        (2, 0, 0, Some(lost(false))) => "[cardwatch] acme: 2 cards broke (3 broken now), cannot check cards: login rejected";
    checking_again_goes_before_what_is_still_broken:
        (0, 3, 0, Some(regained())) => "[cardwatch] acme: checking again (3 broken now)";
    not_checking_goes_before_what_is_still_broken:
        (0, 3, 0, Some(lost(false))) => "[cardwatch] acme: cannot check cards: login rejected";
}

/// Names the subject of an owner's mail: cards that broke, were broken when first seen, flap, recovered.
macro_rules! owners_subjects {
    ($($name:ident: ($broke:expr, $first_seen:expr, $flapping:expr, $recovered:expr) => $subject:expr;)*) => {
        $(#[test]
        fn $name() {
            let audience = Audience::Owner { name: "x\r\nBcc: everyone@example.com".to_owned() };
            let report = report($broke, $first_seen, $recovered, 0, 3);
            assert_eq!(Report { flapping: flapping($flapping), audience, ..report }.subject(), $subject);
        })*
    };
}

owners_subjects! {
    two_of_an_owners_cards_broke: (2, 0, 0, 0) => "[cardwatch] acme: 2 of your cards broke";
    one_of_an_owners_cards_broke: (1, 0, 0, 0) => "[cardwatch] acme: 1 of your cards broke";
    some_of_an_owners_cards_recovered: (0, 0, 0, 3) => "[cardwatch] acme: 3 of your cards recovered";
    all_that_an_owner_may_be_told:
        (1, 2, 3, 4) => "[cardwatch] acme: 1 of your cards broke, 2 broken when first seen, 3 flapping, 4 recovered";
}
