//! When at least half of what worked, and at least 20 cards, break in one sweep, no single card is to blame.

use cardwatch::domain::report::Storm;
use cardwatch::domain::verdict::Verdict;
use proptest::prelude::*;

use crate::nouns::{fails, works};
use crate::story::{Story, report, told};

/// The first `broken` of `all` cards fail.
fn cards(all: i64, broken: i64) -> Vec<(i64, Verdict)> {
    (1..=all).map(|card| (card, if card <= broken { fails("x") } else { works() })).collect()
}

/// Of so many cards that work, so many break in one sweep.
fn storm(all: i64, broken: i64) -> Option<Storm> {
    let mut story = Story::of_working(&(1..=all).collect::<Vec<_>>());
    report(&story.sweep(15, &cards(all, broken))).storm
}

/// Names how many break of how many, and whether that is a storm.
macro_rules! storms {
    ($($name:ident: $broken:expr, of $all:expr => $storm:expr;)*) => {
        $(#[test]
        fn $name() {
            assert_eq!(storm($all, $broken).is_some(), $storm);
        })*
    };
}

storms! {
    twenty_of_twenty: 20, of 20 => true;
    nineteen_of_nineteen_are_too_few: 19, of 19 => false;
    twenty_of_forty_are_half: 20, of 40 => true;
    twenty_of_forty_one_are_less_than_half: 20, of 41 => false;
    fifty_of_a_hundred: 50, of 100 => true;
    forty_nine_of_a_hundred: 49, of 100 => false;
    all_of_a_thousand: 1_000, of 1_000 => true;
}

#[test]
fn a_storm_says_how_many_of_how_many() {
    assert_eq!(storm(40, 25), Some(Storm { broke: 25, of: 40 }));
}

#[test]
fn cards_that_were_broken_before_neither_count_as_broken_now_nor_as_working_before() {
    let mut story = Story::of_working(&(1..=60).collect::<Vec<_>>());
    story.sweep(15, &cards(60, 15));
    let closing = story.sweep(30, &cards(60, 40));
    assert_eq!(report(&closing).storm, Some(Storm { broke: 25, of: 45 }));
}

#[test]
fn cards_that_are_broken_when_first_seen_are_no_storm() {
    assert_eq!(report(&Story::new().sweep(0, &cards(40, 40))).storm, None);
}

#[test]
fn a_part_of_which_all_breaks_is_no_storm_where_the_rest_works() {
    let mut story = Story::of_working(&(1..=60).collect::<Vec<_>>());
    assert_eq!(report(&story.sweep_part(15, &cards(25, 25))).storm, None);
    let mut story = Story::of_working(&(1..=50).collect::<Vec<_>>());
    assert_eq!(report(&story.sweep_part(15, &cards(25, 25))).storm, Some(Storm { broke: 25, of: 50 }));
}

#[test]
fn a_storm_is_one_mail_with_its_cards_under_the_usual_subject() {
    let mut story = Story::of_working(&(1..=40).collect::<Vec<_>>());
    let closing = story.sweep(15, &cards(40, 20));
    assert!(told(&closing).starts_with("broke [1, 2, 3, "));
    assert_eq!(report(&closing).subject(), "[cardwatch] acme: 20 cards broke (20 broken now)");
    assert_eq!(told(&story.sweep(30, &cards(40, 20))), "nothing");
}

#[test]
fn a_storm_of_cards_that_flap_already_makes_no_mail() {
    let mut story = Story::of_working(&(1..=40).collect::<Vec<_>>());
    for minute in [15, 45] {
        story.sweep(minute, &cards(40, 40));
        story.sweep(minute + 15, &cards(40, 0));
    }
    assert_eq!(told(&story.sweep(75, &cards(40, 40))), "nothing");
}

proptest! {
    #[test]
    fn a_storm_is_half_of_what_worked_and_twenty_at_least(all in 1..120_i64, broken in 1..120_i64) {
        let broken = broken.min(all);
        prop_assert_eq!(storm(all, broken).is_some(), broken >= 20 && broken * 2 >= all);
    }
}
