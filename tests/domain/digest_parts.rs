//! What a digest tells beside the cards that are still broken.

use std::time::Duration;

use cardwatch::domain::closing::Closing;
use cardwatch::domain::ids::CardId;
use cardwatch::domain::rendering::Usual;
use cardwatch::domain::report::{Digest, Shortlist};
use cardwatch::domain::verdict::Verdict;

use crate::nouns::{at, fails, unchecked, works};
use crate::story::{Story, report, told};

const A_DAY: i64 = 24 * 60;

fn empty() -> Verdict {
    Verdict::Working { no_data: true }
}

/// What a sweep sees: card 1 is broken, the others are as told.
fn beside(others: &[(i64, Verdict)]) -> Vec<(i64, Verdict)> {
    [(1, fails("x"))].into_iter().chain(others.iter().cloned()).collect()
}

/// Card 1 broke and was told at minute 16.
fn broken_story(others: &[(i64, Verdict)]) -> Story {
    let ids: Vec<i64> = [1].into_iter().chain(others.iter().map(|(id, _)| *id)).collect();
    let mut story = Story::of_working(&ids);
    story.sweep(15, &beside(others));
    story
}

fn digest(closing: &Closing) -> &Digest {
    report(closing).digest.as_ref().unwrap()
}

/// The others are usually rendered in this time.
fn usually(story: &mut Story, cards: std::ops::RangeInclusive<i64>, seconds: u64) {
    let usual = Usual { median: Duration::from_secs(seconds), spread: Duration::ZERO };
    story.asked.usual = cards.map(|card| (CardId(card), usual)).collect();
}

#[test]
fn a_report_that_is_no_digest_has_none() {
    let mut story = Story::of_working(&[1]);
    assert_eq!(report(&story.sweep(15, &[(1, fails("x"))])).digest, None);
}

#[test]
fn where_there_is_nothing_else_to_tell_all_of_it_is_empty() {
    let mut story = broken_story(&[]);
    assert_eq!(digest(&story.sweep(A_DAY + 15, &beside(&[]))), &Digest::default());
}

#[test]
fn slow_cards_are_told_the_slowest_first_with_what_is_usual() {
    let others = [(2, works()), (3, works()), (4, works())];
    let mut story = broken_story(&others);
    usually(&mut story, 2..=3, 2);
    story.latency = Duration::from_secs(12);
    story.sweep(30, &beside(&others[..1]));
    story.latency = Duration::from_secs(15);
    story.sweep(45, &beside(&others[1..]));
    story.latency = Duration::ZERO;
    let closing = story.sweep(A_DAY + 15, &beside(&[(2, unchecked()), (3, unchecked()), (4, works())]));
    let slow: Vec<_> = digest(&closing)
        .slow
        .first
        .iter()
        .map(|card| (card.line.id.0, card.latency.as_secs(), card.usual.as_secs()))
        .collect();
    assert_eq!(slow, [(3, 15, 2), (2, 12, 2)]);
}

#[test]
fn a_slow_card_is_never_told_as_broken() {
    let others = [(2, works())];
    let mut story = Story::of_working(&[1, 2]);
    usually(&mut story, 1..=2, 1);
    story.latency = Duration::from_secs(90);
    assert_eq!(told(&story.sweep(15, &[(1, works()), others[0].clone()])), "nothing");
    assert_eq!(told(&story.sweep(3 * A_DAY, &[(1, works()), others[0].clone()])), "nothing");
    assert!(story.card(2).rendering.slow_against.is_some());
}

#[test]
fn cards_without_data_for_two_days_are_told_the_longest_first() {
    let mut story = broken_story(&[(2, works()), (3, works()), (4, works())]);
    story.sweep(30, &beside(&[(2, works()), (3, empty()), (4, works())]));
    story.sweep(45, &beside(&[(2, empty()), (3, empty()), (4, works())]));
    story.memory.last_digest = Some(at(A_DAY + 60));
    let now = beside(&[(2, empty()), (3, empty()), (4, empty())]);
    let closing = story.sweep(2 * A_DAY + 60, &now);
    let long: Vec<_> = digest(&closing).empty.first.iter().map(|line| (line.id.0, line.since)).collect();
    assert_eq!(long, [(3, at(30)), (2, at(45))]);
}

#[test]
fn a_card_without_data_for_less_than_two_days_is_not_told() {
    let mut story = broken_story(&[(2, empty())]);
    let closing = story.sweep(A_DAY + 15, &beside(&[(2, empty())]));
    assert_eq!(digest(&closing).empty, Shortlist::default());
}

#[test]
fn ten_of_a_kind_are_named_and_the_rest_counted() {
    let others: Vec<_> = (2..=14).map(|id| (id, empty())).collect();
    let mut story = broken_story(&others);
    usually(&mut story, 2..=14, 1);
    story.latency = Duration::from_secs(30);
    story.memory.last_digest = Some(at(A_DAY + 20));
    let closing = story.sweep(2 * A_DAY + 20, &beside(&others));
    let Digest { slow, empty, .. } = digest(&closing);
    assert_eq!((slow.first.len(), slow.more, slow.count()), (10, 3, 13));
    assert_eq!((empty.first.len(), empty.more), (10, 3));
    assert_eq!(empty.first[0].id, CardId(2));
}

#[test]
fn cards_that_flap_as_told_before_are_told_again() {
    let mut story = Story::of_working(&[1, 2, 3]);
    for (minute, verdict) in [(15, fails("y")), (30, works()), (45, fails("y"))] {
        story.sweep(minute, &[(1, fails("x")), (2, verdict), (3, works())]);
    }
    let flaps = [(1, fails("x")), (2, works()), (3, works())];
    assert_eq!(told(&story.sweep(60, &flaps)), "flapping [2]");
    let closing = story.sweep(A_DAY + 15, &flaps);
    assert_eq!(told(&closing), "still broken [1]");
    let flapping: Vec<_> =
        digest(&closing).flapping.first.iter().map(|card| (card.line.id.0, card.broken, card.changes)).collect();
    assert_eq!(flapping, [(2, false, 3)]);
}

#[test]
fn a_card_that_is_told_as_flapping_just_now_is_not_told_twice() {
    let mut story = broken_story(&[(2, works())]);
    for (minute, verdict) in [(A_DAY - 45, fails("y")), (A_DAY - 30, works()), (A_DAY - 15, fails("y"))] {
        story.sweep(minute, &beside(&[(2, verdict)]));
    }
    let closing = story.sweep(A_DAY + 15, &beside(&[(2, works())]));
    assert_eq!(told(&closing), "flapping [2], still broken [1]");
    assert_eq!(digest(&closing).flapping, Shortlist::default());
}

#[test]
fn a_flapping_card_that_is_broken_and_muted_is_only_counted() {
    let mut story = broken_story(&[(2, works())]);
    for (minute, verdict) in [(30, fails("y")), (45, works()), (60, fails("y")), (75, works()), (90, fails("y"))] {
        story.sweep(minute, &beside(&[(2, verdict)]));
    }
    story.mute(2, 95, None);
    let closing = story.sweep(A_DAY + 15, &beside(&[(2, fails("y"))]));
    assert_eq!(told(&closing), "still broken [1]");
    assert_eq!((digest(&closing).flapping.count(), digest(&closing).muted), (0, 1));
}

#[test]
fn invalid_beast_modes_are_told_as_counted_just_now_or_else_lately() {
    let mut story = broken_story(&[]);
    story.memory.invalid_functions = Some(12);
    assert_eq!(digest(&story.sweep(A_DAY + 15, &beside(&[]))).invalid_functions, Some(12));
    story.asked.invalid_functions = Some(3);
    assert_eq!(digest(&story.sweep(2 * A_DAY + 15, &beside(&[]))).invalid_functions, Some(3));
}

#[test]
fn nothing_is_claimed_of_cards_that_nobody_could_check_for_too_long() {
    let mut story = broken_story(&[(2, empty())]);
    usually(&mut story, 2..=2, 1);
    story.latency = Duration::from_secs(30);
    story.sweep(30, &beside(&[(2, empty())]));
    story.memory.last_digest = Some(at(2 * A_DAY));
    let closing = story.sweep(3 * A_DAY, &beside(&[(2, unchecked())]));
    assert_eq!((digest(&closing).slow.count(), digest(&closing).empty.count()), (0, 0));
}

#[test]
fn what_is_still_broken_is_grouped_by_incident() {
    let lost = || fails("Invalid column(s) referenced: region_name");
    let mut story = Story::of_working(&[1, 2, 3]);
    story.sweep(15, &[(1, fails("No indexed schema found")), (2, lost()), (3, lost())]);
    let closing = story.sweep(A_DAY + 15, &[(1, fails("No indexed schema found")), (2, lost()), (3, lost())]);
    let groups: Vec<Vec<i64>> =
        report(&closing).still_broken.iter().map(|group| group.cards.iter().map(|line| line.id.0).collect()).collect();
    assert_eq!(groups, [vec![2, 3], vec![1]]);
    assert_eq!(report(&closing).still_broken[0].incident.opened_at, at(15));
}
