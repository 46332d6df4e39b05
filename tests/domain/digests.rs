//! The digest of what is still broken, in its rhythm.

use std::time::Duration;

use cardwatch::domain::alerts::Policy;
use cardwatch::domain::verdict::Verdict;

use crate::nouns::{at, fails, policy, unchecked, works};
use crate::story::{Story, references, report, told};

const A_DAY: i64 = 24 * 60;

/// Card 1 broke and was told at minute 16; card 2 works.
fn broken_story() -> Story {
    let mut story = Story::of_working(&[1, 2]);
    assert_eq!(told(&story.sweep(15, &one_broken())), "broke [1]");
    story
}

fn one_broken() -> [(i64, Verdict); 2] {
    [(1, fails("x")), (2, works())]
}

#[test]
fn a_day_after_it_was_told_a_card_that_is_still_broken_is_told_again() {
    let mut story = broken_story();
    assert_eq!(told(&story.sweep(A_DAY, &one_broken())), "nothing");
    let closing = story.sweep(A_DAY + 15, &one_broken());
    assert_eq!(told(&closing), "still broken [1]");
    assert_eq!(report(&closing).subject(), "[cardwatch] acme: 1 card still broken");
    assert_eq!(closing.last_digest, Some(at(A_DAY + 16)));
}

#[test]
fn a_digest_follows_up_the_mails_that_first_told_of_its_cards() {
    let mut story = broken_story();
    let first = story.message_id();
    story.sweep(30, &[(1, fails("x")), (2, fails("x"))]);
    let second = story.message_id();
    assert_eq!(references(&story.sweep(A_DAY + 15, &[(1, fails("x")), (2, fails("x"))])), [first, second]);
}

#[test]
fn the_next_digest_comes_a_day_after_the_first() {
    let mut story = broken_story();
    story.sweep(A_DAY + 15, &one_broken());
    assert_eq!(told(&story.sweep(A_DAY + 30, &one_broken())), "nothing");
    assert_eq!(told(&story.sweep(2 * A_DAY + 15, &one_broken())), "still broken [1]");
}

#[test]
fn a_digest_that_is_due_comes_in_the_same_mail_as_what_is_new() {
    let mut story = broken_story();
    assert_eq!(told(&story.sweep(A_DAY + 15, &[(1, fails("x")), (2, fails("y"))])), "broke [2], still broken [1]");
}

#[test]
fn a_card_that_was_not_decided_for_too_long_is_not_claimed_to_be_broken() {
    let mut story = broken_story();
    assert_eq!(told(&story.sweep(A_DAY + 15, &[(1, unchecked()), (2, works())])), "nothing");
}

#[test]
fn a_card_that_could_not_be_checked_just_now_is_still_broken() {
    let mut story = broken_story();
    story.policy = Policy { remind_every: Some(Duration::from_hours(1)), ..policy() };
    assert_eq!(told(&story.sweep(90, &[(1, unchecked()), (2, works())])), "still broken [1]");
}

#[test]
fn a_card_that_recovered_is_in_no_digest() {
    let mut story = broken_story();
    story.sweep(30, &[(1, works()), (2, works())]);
    assert_eq!(told(&story.sweep(2 * A_DAY, &[(1, works()), (2, works())])), "nothing");
}

#[test]
fn a_removed_card_is_in_no_digest() {
    let mut story = broken_story();
    assert_eq!(told(&story.sweep(2 * A_DAY, &[(2, works())])), "nothing");
}

#[test]
fn a_policy_without_reminders_makes_no_digest() {
    let mut story = broken_story();
    story.policy = Policy { remind_every: None, ..policy() };
    assert_eq!(told(&story.sweep(9 * A_DAY, &one_broken())), "nothing");
}

#[test]
fn a_digest_that_no_sweep_reported_waits_for_one_that_does() {
    let mut story = broken_story();
    story.reporting = false;
    assert_eq!(story.sweep(A_DAY + 15, &one_broken()).last_digest, None);
    story.reporting = true;
    assert_eq!(told(&story.sweep(A_DAY + 30, &one_broken())), "still broken [1]");
}
