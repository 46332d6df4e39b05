//! When a card is slow by its own history, and since when it is empty.

use std::time::Duration;

use cardwatch::domain::rendering::{LEAST_SAMPLES, Rendering, Usual};
use cardwatch::domain::verdict::Verdict;
use proptest::prelude::*;

use crate::nouns::{at, fails, unchecked, works};

fn millis(times: &[u64]) -> Vec<Duration> {
    times.iter().copied().map(Duration::from_millis).collect()
}

fn usual(times: &[u64]) -> Usual {
    Usual::of(millis(times)).unwrap()
}

fn is_slow(times: &[u64], latency: u64) -> bool {
    usual(times).is_left_by(Duration::from_millis(latency))
}

fn empty() -> Verdict {
    Verdict::Working { no_data: true }
}

#[test]
fn fewer_than_eight_render_times_tell_nothing() {
    assert_eq!(LEAST_SAMPLES, 8);
    assert_eq!(Usual::of(millis(&[100; 7])), None);
    assert!(Usual::of(millis(&[100; 8])).is_some());
}

#[test]
fn usual_is_the_middle_and_how_far_the_others_commonly_are_from_it() {
    let usual = usual(&[400, 100, 300, 200, 500, 700, 600, 900, 800]);
    assert_eq!((usual.median, usual.spread), (Duration::from_millis(500), Duration::from_millis(200)));
}

#[test]
fn of_an_even_number_the_lower_middle_is_usual() {
    assert_eq!(usual(&[1, 2, 3, 4, 5, 6, 7, 8]).median, Duration::from_millis(4));
}

#[test]
fn outliers_change_neither() {
    let calm = usual(&[2_000; 8]);
    let with_outliers = usual(&[2_000, 2_000, 2_000, 2_000, 2_000, 90_000, 90_000, 90_000]);
    assert_eq!(calm, with_outliers);
}

#[test]
fn a_slow_card_takes_three_times_as_long() {
    assert!(!is_slow(&[10_000; 8], 29_999));
    assert!(is_slow(&[10_000; 8], 30_000));
}

#[test]
fn a_slow_card_takes_five_seconds_longer_too() {
    assert!(!is_slow(&[100; 8], 5_099));
    assert!(is_slow(&[100; 8], 5_100));
}

#[test]
fn a_card_that_is_restless_itself_is_slow_only_beyond_its_own_unrest() {
    // Between 1 and 9 s: the median is 4 s, the deviation from it 3 s.
    let restless = [1_000, 1_000, 1_000, 4_000, 4_000, 9_000, 9_000, 9_000];
    assert_eq!(usual(&restless).spread, Duration::from_secs(3));
    assert!(!is_slow(&restless, 17_000));
    assert!(is_slow(&restless, 18_000));
}

#[test]
fn render_times_beyond_all_bounds_are_no_trouble() {
    let usual = Usual::of(vec![Duration::MAX; 8]).unwrap();
    assert!(!Usual { spread: Duration::MAX, ..usual }.is_left_by(Duration::MAX));
}

fn after(rendering: Rendering, verdict: &Verdict, minute: i64, latency: u64) -> Rendering {
    rendering.after(verdict, at(minute), Duration::from_millis(latency), Some(&usual(&[1_000; 8])))
}

#[test]
fn a_slow_card_says_against_what_until_it_is_quick_again() {
    let slow = after(Rendering::default(), &works(), 0, 12_000);
    assert_eq!(slow.latency, Some(Duration::from_secs(12)));
    assert_eq!(slow.slow_against, Some(Duration::from_secs(1)));
    let quick = after(slow, &works(), 15, 1_200);
    assert_eq!((quick.latency, quick.slow_against), (Some(Duration::from_millis(1_200)), None));
}

#[test]
fn without_a_history_no_card_is_slow() {
    let rendering = Rendering::default().after(&works(), at(0), Duration::from_secs(80), None);
    assert_eq!((rendering.latency, rendering.slow_against), (Some(Duration::from_secs(80)), None));
}

#[test]
fn no_data_begins_goes_on_and_ends() {
    let began = after(Rendering::default(), &empty(), 0, 10);
    let goes_on = after(began, &empty(), 15, 10);
    assert_eq!((began.no_data_since, goes_on.no_data_since), (Some(at(0)), Some(at(0))));
    let ended = after(goes_on, &works(), 30, 10);
    assert_eq!(ended.no_data_since, None);
    assert_eq!(after(ended, &empty(), 45, 10).no_data_since, Some(at(45)));
}

#[test]
fn a_render_that_decides_nothing_changes_nothing() {
    let before = after(Rendering::default(), &empty(), 0, 12_000);
    assert_eq!(after(before, &unchecked(), 15, 90_000), before);
}

#[test]
fn a_broken_card_is_neither_slow_nor_empty() {
    let before = after(Rendering::default(), &empty(), 0, 12_000);
    assert_eq!(after(before, &fails("x"), 15, 90_000), Rendering::default());
    assert_eq!(after(before, &Verdict::Unsupported, 15, 0), Rendering::default());
}

proptest! {
    #[test]
    fn what_is_usual_does_not_depend_on_the_order(
        mut times in prop::collection::vec(0..100_000_u64, 8..40).prop_shuffle(),
    ) {
        let one = usual(&times);
        times.reverse();
        prop_assert_eq!(one, usual(&times));
    }

    #[test]
    fn less_than_half_of_strays_never_make_a_usual_render_slow(
        strays in prop::collection::vec(0..u64::from(u32::MAX), 0..8), latency in 1_900..2_100_u64,
    ) {
        let times: Vec<u64> = strays.iter().copied().chain([2_000; 9]).collect();
        prop_assert!(!is_slow(&times, latency));
    }

    #[test]
    fn a_slow_render_is_three_times_and_five_seconds_beyond_the_median(
        times in prop::collection::vec(0..60_000_u64, 8..40), latency in 0..200_000_u64,
    ) {
        let median = usual(&times).median.as_millis();
        if is_slow(&times, latency) {
            prop_assert!(u128::from(latency) >= 3 * median && u128::from(latency) >= median + 5_000);
            prop_assert!(Duration::from_millis(latency) >= Usual::LEAST_SLOW);
        }
    }
}
