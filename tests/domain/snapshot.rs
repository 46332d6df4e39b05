//! What is true now: cards counted and picked by what they are, and whether Domo is up.

use std::sync::Arc;

use cardwatch::domain::card::CardState;
use cardwatch::domain::ids::{CardId, IncidentId, PageId};
use cardwatch::domain::mute::Mute;
use cardwatch::domain::shown::Counts;
use cardwatch::domain::sight::Blind;
use cardwatch::domain::snapshot::{CardNow, IncidentNow, InstanceSnapshot, LastSweep};
use cardwatch::domain::sweep::Outcome;

use crate::nouns::{DAY, at, reason};
use crate::search::{broken, card, instance, working};

const A_DAY: i64 = 24 * 60;

fn of(cards: impl IntoIterator<Item = (i64, CardNow)>) -> InstanceSnapshot {
    Arc::unwrap_or_clone(instance("acme", cards))
}

fn muted(card: CardNow, until: Option<i64>) -> CardNow {
    let mute = Mute { reason: "known".to_owned(), by: "jo".to_owned(), at: at(0), until: until.map(at) };
    CardNow { mute: Some(Box::new(mute)), ..card }
}

fn ids<'a>(cards: impl Iterator<Item = (CardId, &'a CardNow)>) -> Vec<i64> {
    cards.map(|(id, _)| id.0).collect()
}

/// A card of each state, of which 3 and 4 are on page 20.
fn one_of_each() -> InstanceSnapshot {
    of([
        (1, card("A", working(), &[10])),
        (2, card("B", broken("x"), &[10])),
        (3, card("C", CardState::Undecided, &[20])),
        (4, card("D", CardState::Unsupported, &[10, 20])),
    ])
}

#[test]
fn each_card_is_counted_as_what_it_is_shown_as() {
    let instance = one_of_each();
    let all = Counts { working: 1, broken: 1, unchecked: 1, unsupported: 1 };
    assert_eq!(instance.counts(at(61), DAY), all);
    let stale = Counts { unchecked: 3, unsupported: 1, ..Counts::default() };
    assert_eq!(instance.counts(at(60 + A_DAY), DAY), stale);
}

#[test]
fn the_cards_of_a_page_are_counted_as_far_as_they_are_monitored() {
    let mut instance = one_of_each();
    let page = instance.pages.get_mut(&PageId(20)).unwrap();
    page.cards.push(CardId(99));
    let page = page.clone();
    let expected = Counts { unchecked: 1, unsupported: 1, ..Counts::default() };
    assert_eq!(instance.page_counts(&page, at(61), DAY), expected);
}

#[test]
fn only_broken_cards_that_were_decided_lately_are_broken_now() {
    let instance = one_of_each();
    assert_eq!(ids(instance.broken(at(61), DAY)), [2]);
    assert_eq!(ids(instance.broken(at(60 + A_DAY), DAY)), [0; 0]);
}

#[test]
fn slow_cards_and_those_without_data_are_such_as_work() {
    let slow = |state| {
        let mut card = card("A", state, &[]);
        card.rendering.slow_against = Some(DAY);
        card
    };
    let empty = |state| {
        let mut card = card("A", state, &[]);
        card.rendering.no_data_since = Some(at(0));
        card
    };
    let instance =
        of([(1, slow(working())), (2, slow(broken("x"))), (3, empty(working())), (4, empty(CardState::Undecided))]);
    assert_eq!(ids(instance.slow_cards(at(61), DAY)), [1]);
    assert_eq!(ids(instance.no_data_cards(at(61), DAY)), [3]);
}

#[test]
fn muted_cards_are_counted_that_are_broken_and_whose_mute_holds() {
    let instance = of([
        (1, muted(card("A", broken("x"), &[]), None)),
        (2, muted(card("B", broken("x"), &[]), Some(62))),
        (3, muted(card("C", working(), &[]), None)),
        (4, card("D", broken("x"), &[])),
    ]);
    assert_eq!([61, 62, 60 + A_DAY].map(|minute| instance.muted(at(minute), DAY)), [2, 1, 0]);
}

#[test]
fn an_incident_has_the_cards_that_are_broken_now_and_is_none_without_any() {
    let ill = |incident| CardNow { incident: Some(IncidentId(incident)), ..card("A", broken("x"), &[]) };
    let well = CardNow { incident: Some(IncidentId(2)), ..card("B", working(), &[]) };
    let mut instance = of([(1, ill(1)), (2, ill(1)), (3, well), (4, ill(9)), (5, card("C", broken("x"), &[]))]);
    let incident = IncidentNow {
        opened_at: at(0),
        title: "Column a is missing".to_owned(),
        reason: reason("x"),
        datasets: vec![],
    };
    instance.incidents = [(IncidentId(1), incident.clone()), (IncidentId(2), incident.clone())].into();
    let expected = [(IncidentId(1), (&incident, vec![CardId(1), CardId(2)]))];
    assert_eq!(instance.incidents(at(61), DAY), expected.into());
    assert!(instance.incidents(at(60 + A_DAY), DAY).is_empty());
}

/// An instance whose latest sweep, of two minutes, ended so.
fn swept(outcome: Outcome, blind: Option<Blind>) -> InstanceSnapshot {
    let sweep = LastSweep { started_at: at(15), finished_at: at(17), outcome, trouble: None };
    InstanceSnapshot { last_sweep: Some(sweep), blind, ..of([]) }
}

#[test]
fn the_latest_sweep_was_finished_when_it_ended() {
    assert_eq!(of([]).last_finished(), None);
    assert_eq!(swept(Outcome::Partial, None).last_finished(), Some(at(17)));
}

#[test]
fn domo_is_up_where_the_latest_sweep_could_list_and_decide_anything() {
    assert!(swept(Outcome::Completed, None).domo_up() && swept(Outcome::Partial, None).domo_up());
    assert!(!swept(Outcome::Failed, None).domo_up());
    assert!(!swept(Outcome::Partial, Some(Blind { since: at(0), sweeps: 2 })).domo_up());
    assert!(!of([]).domo_up(), "nobody knows yet");
}
