//! That an instance cannot be checked is told once, repeated in the rhythm of the reminders, and over once.

use std::time::Duration;

use cardwatch::domain::alerts::Policy;
use cardwatch::domain::report::Totals;
use cardwatch::domain::sight::{Blind, BlindTold, Sight, SightNews, Why};
use cardwatch::domain::sweep::Scope;
use proptest::prelude::*;

use crate::nouns::{at, fails, listing, page, policy, unchecked, works};
use crate::story::{Story, references, report, told};

const A_DAY: i64 = 24 * 60;

fn why() -> Why {
    Why { brief: "login rejected", full: "cannot sign in: correct `password`".to_owned() }
}

/// Blind since minute 14; told at minute 31, in mail 3, after two sweeps that failed.
fn blind_story() -> Story {
    let mut story = Story::of_working(&[1, 2]);
    assert_eq!(told(&story.fail(15, Scope::Pages)), "nothing");
    assert_eq!(told(&story.fail(30, Scope::Pages)), "cannot check");
    story
}

#[test]
fn sweeps_that_decide_nothing_are_told_once_there_are_enough_of_them() {
    let mut story = Story::of_working(&[1]);
    story.policy.blind_after = 3;
    assert_eq!(told(&story.fail(15, Scope::Pages)), "nothing");
    assert_eq!(told(&story.sweep(30, &[(1, unchecked())])), "nothing", "a list whose cards nobody decides counts too");
    let closing = story.fail(45, Scope::Pages);
    assert_eq!(report(&closing).sight, Some(SightNews::Lost { since: at(14), sweeps: 3, again: false, why: why() }));
    assert_eq!(report(&closing).subject(), "[cardwatch] acme: cannot check cards: login rejected");
    assert!(references(&closing).is_empty());
}

#[test]
fn one_sweep_is_enough_where_the_policy_says_so() {
    let mut story = Story::with(Policy { blind_after: 1, ..policy() });
    assert_eq!(told(&story.fail(0, Scope::Pages)), "cannot check");
}

#[test]
fn a_sweep_that_decides_something_in_between_begins_the_count_anew() {
    let mut story = Story::of_working(&[1, 2]);
    for minute in (15..600).step_by(30) {
        assert_eq!(told(&story.fail(minute, Scope::Pages)), "nothing");
        assert_eq!(told(&story.sweep(minute + 15, &[(1, unchecked()), (2, works())])), "nothing");
    }
}

#[test]
fn what_is_told_is_not_told_again_before_the_reminder() {
    let mut story = blind_story();
    for minute in (45..30 + A_DAY).step_by(15) {
        assert_eq!(told(&story.fail(minute, Scope::Pages)), "nothing", "minute {minute}");
    }
    let closing = story.fail(30 + A_DAY, Scope::Pages);
    assert_eq!(told(&closing), "still cannot check");
    assert_eq!(references(&closing), ["3@example.com"]);
    assert_eq!(told(&story.fail(45 + A_DAY, Scope::Pages)), "nothing");
    assert_eq!(references(&story.fail(30 + 2 * A_DAY, Scope::Pages)), ["3@example.com"], "of the first mail, always");
}

#[test]
fn a_policy_without_reminders_tells_it_once() {
    let mut story = Story::with(Policy { remind_every: None, ..policy() });
    let said = (0..99).filter(|day| told(&story.fail(day * A_DAY, Scope::Pages)) != "nothing").count();
    assert_eq!(said, 1);
}

#[test]
fn the_first_sweep_that_decides_something_says_that_it_is_over_once() {
    let mut story = blind_story();
    let closing = story.sweep(45, &[(1, works()), (2, unchecked())]);
    assert_eq!(report(&closing).sight, Some(SightNews::Regained { since: at(14) }));
    assert_eq!(report(&closing).subject(), "[cardwatch] acme: checking again (0 broken now)");
    assert_eq!(references(&closing), ["3@example.com"]);
    assert_eq!(told(&story.sweep(60, &[(1, works()), (2, works())])), "nothing");
}

#[test]
fn a_sweep_that_sees_again_and_finds_cards_broken_is_one_mail_whose_subject_is_that_of_the_cards() {
    let mut story = blind_story();
    let closing = story.sweep(45, &[(1, fails("x")), (2, works())]);
    assert_eq!(told(&closing), "checking again, broke [1]");
    assert_eq!(report(&closing).subject(), "[cardwatch] acme: 1 card broke (1 broken now)");
    assert_eq!(references(&closing), ["3@example.com"]);
}

#[test]
fn what_nobody_was_told_is_not_over_for_anybody() {
    let mut story = Story::of_working(&[1]);
    story.fail(15, Scope::Pages);
    assert_eq!(told(&story.sweep(30, &[(1, works())])), "nothing");
}

#[test]
fn a_sweep_that_tells_nobody_counts_and_leaves_the_telling_to_the_next() {
    let mut story = Story::of_working(&[1]);
    story.reporting = false;
    story.fail(15, Scope::Pages);
    story.fail(30, Scope::Pages);
    story.reporting = true;
    assert_eq!(told(&story.fail(45, Scope::Pages)), "cannot check");
    story.reporting = false;
    story.sweep(60, &[(1, works())]);
    story.reporting = true;
    assert_eq!(told(&story.sweep(75, &[(1, works())])), "checking again");
}

#[test]
fn what_was_told_and_is_blind_anew_is_no_reminder_before_it_has_lasted() {
    let mut story = blind_story();
    story.reporting = false;
    story.sweep(45, &[(1, works()), (2, works())]);
    story.reporting = true;
    assert_eq!(told(&story.fail(3 * A_DAY, Scope::Pages)), "nothing");
    let closing = story.fail(3 * A_DAY + 15, Scope::Pages);
    let since = at(3 * A_DAY - 1);
    assert_eq!(report(&closing).sight, Some(SightNews::Lost { since, sweeps: 2, again: true, why: why() }));
}

#[test]
fn a_part_chosen_by_hand_says_nothing_about_the_instance() {
    let mut story = Story::of_working(&[1, 2]);
    for minute in [15, 30, 45] {
        assert_eq!(told(&story.fail(minute, Scope::Part)), "nothing");
        assert_eq!(told(&story.sweep_part(minute + 5, &[(1, unchecked())])), "nothing");
    }
    assert_eq!(story.memory.sight, Sight::default());
    let mut blind = blind_story();
    assert_eq!(told(&blind.sweep_part(45, &[(1, works())])), "nothing", "nor that it is over");
    assert_eq!(told(&blind.fail(30 + A_DAY, Scope::Part)), "nothing", "nor a reminder");
    assert_eq!(told(&blind.sweep(60 + A_DAY, &[(1, works()), (2, works())])), "checking again");
}

#[test]
fn an_instance_whose_pages_list_no_card_cannot_be_checked_be_it_that_it_never_had_one() {
    let mut story = Story::new();
    let nothing = || listing(Scope::Pages, vec![page(10, &[])]);
    assert_eq!(told(&story.sweep_listing(0, nothing(), &[])), "nothing");
    let closing = story.sweep_listing(15, nothing(), &[]);
    assert_eq!(report(&closing).subject(), "[cardwatch] acme: cannot check cards: no cards to check");
}

#[test]
fn a_sweep_that_failed_knows_how_it_stood_and_claims_nothing_that_is_stale() {
    let mut story = Story::of_working(&[1, 2, 3]);
    story.sweep(15, &[(1, fails("x")), (2, works()), (3, works())]);
    story.fail(30, Scope::Pages);
    let closing = story.fail(45, Scope::Pages);
    assert_eq!(report(&closing).totals, Totals { cards: 3, broken: 1, unchecked: 0 });
    let closing = story.fail(60 + A_DAY, Scope::Pages);
    assert_eq!(report(&closing).totals, Totals { cards: 3, broken: 0, unchecked: 3 });
}

#[test]
fn a_sweep_that_failed_changes_no_card_and_makes_no_digest() {
    let mut story = Story::of_working(&[1, 2]);
    story.sweep(15, &[(1, fails("x")), (2, works())]);
    let before = story.memory.cards.clone();
    story.fail(30, Scope::Pages);
    assert_eq!(told(&story.fail(45, Scope::Pages)), "cannot check");
    assert_eq!(told(&story.fail(45 + A_DAY, Scope::Pages)), "still cannot check");
    assert_eq!(story.memory.cards, before);
    assert_eq!(story.memory.last_digest, None);
}

#[test]
fn an_instant_that_lies_ahead_is_not_told() {
    const YEARS: i64 = 4 * 365 * A_DAY;
    let mut story = Story::of_working(&[1]);
    story.fail(YEARS, Scope::Pages);
    let closing = story.fail(30, Scope::Pages);
    assert_eq!(report(&closing).sight, Some(SightNews::Lost { since: at(31), sweeps: 2, again: false, why: why() }));
    let closing = story.sweep(45, &[(1, works())]);
    assert_eq!(report(&closing).sight, Some(SightNews::Regained { since: at(31) }));
}

#[test]
fn a_clock_that_was_years_ahead_when_it_was_told_does_not_silence_the_reminders() {
    let sight = Sight {
        blind: Some(Blind { since: at(0), sweeps: 9 }),
        told: Some(BlindTold { at: at(999 * A_DAY), message_id: "1@example.com".to_owned(), since: at(0) }),
    };
    let tell = |minute| sight.clone().tell(&policy(), at(minute), "2@example.com", Some(&why()));
    assert!(tell(A_DAY).is_some(), "it is not waited for");
    assert!(tell(998 * A_DAY + 1).is_none(), "but an hour that the clock went back is");
}

/// What a sweep does, seen from here.
#[derive(Debug, Clone, Copy)]
enum Step {
    Decides,
    DecidesNothing,
    TellsNobody { decides: bool },
}

fn steps() -> impl Strategy<Value = Vec<(Step, i64)>> {
    let step = prop_oneof![
        2 => Just(Step::Decides),
        5 => Just(Step::DecidesNothing),
        1 => any::<bool>().prop_map(|decides| Step::TellsNobody { decides }),
    ];
    prop::collection::vec((step, 1..200_i64), 1..80)
}

proptest! {
    #[test]
    fn it_is_lost_once_until_it_is_regained_and_the_reminders_keep_their_rhythm(
        steps in steps(), blind_after in 1..5_u32, every in 1..600_u64,
    ) {
        let remind_every = Some(Duration::from_mins(every));
        let policy = Policy { blind_after, remind_every, ..policy() };
        let mut sight = Sight::default();
        let (mut minute, mut blind_sweeps, mut last_told) = (0, 0, None);
        for (step, passed) in steps {
            minute += passed;
            let (decides, tells) = match step {
                Step::Decides => (true, true),
                Step::DecidesNothing => (false, true),
                Step::TellsNobody { decides } => (decides, false),
            };
            blind_sweeps = if decides { 0 } else { blind_sweeps + 1 };
            sight = sight.after(decides, at(minute));
            let blind = why();
            let news = if tells { sight.tell(&policy, at(minute), "m@d", (!decides).then_some(&blind)) } else { None };
            match (news, last_told) {
                (Some(SightNews::Lost { again: false, sweeps, .. }), None) => {
                    prop_assert!(sweeps == blind_sweeps && blind_sweeps >= blind_after);
                    last_told = Some(minute);
                }
                (Some(SightNews::Lost { again: true, sweeps, .. }), Some(told)) => {
                    prop_assert!(sweeps == blind_sweeps && blind_sweeps >= blind_after);
                    prop_assert!(minute - told >= i64::try_from(every).unwrap());
                    last_told = Some(minute);
                }
                (Some(SightNews::Regained { .. }), Some(_)) => {
                    prop_assert_eq!(blind_sweeps, 0);
                    last_told = None;
                }
                (None, None) => prop_assert!(!tells || blind_sweeps < blind_after, "it is not told"),
                (None, Some(_)) => prop_assert!(!tells || blind_sweeps > 0, "it is not over"),
                (news, told) => prop_assert!(false, "{:?} after it was told at {:?}", news, told),
            }
        }
    }
}
