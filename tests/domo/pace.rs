//! The arithmetic of pacing and retries, without time.

use std::time::Duration;

use cardwatch::domo::pacing::{Admission, FIRST_GAP, FIRST_PAUSE, LONGEST_PAUSE, Pace, Pass, Slowed, WIDEST_GAP};
use cardwatch::domo::retry::{RETRY_AFTER_CAP, backoff, retry_after};
use proptest::prelude::*;

use crate::clock::TestClock;

const START: Duration = Duration::ZERO;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn go(pace: &mut Pace, now: Duration) -> Pass {
    match pace.admit(now) {
        Admission::Go(pass) => pass,
        Admission::Wait(wait) => panic!("wait {wait:?}"),
    }
}

#[test]
fn without_a_limit_requests_go_as_they_come() {
    let mut pace = Pace::new(None);
    for _ in 0..1_000 {
        go(&mut pace, START);
    }
}

#[test]
fn a_limit_spaces_requests_evenly() {
    let mut pace = Pace::new(Some(4.0));
    go(&mut pace, START);
    assert_eq!(pace.admit(ms(100)), Admission::Wait(ms(150)));
    go(&mut pace, ms(250));
    assert_eq!(pace.admit(ms(250)), Admission::Wait(ms(250)));
}

#[test]
fn time_in_which_nothing_was_asked_is_not_saved_up() {
    let mut pace = Pace::new(Some(1.0));
    go(&mut pace, secs(100));
    assert_eq!(pace.admit(secs(100)), Admission::Wait(secs(1)));
}

#[test]
fn a_429_holds_every_request_back_for_as_long_as_it_says() {
    let mut pace = Pace::new(None);
    let pass = go(&mut pace, START);
    assert_eq!(pace.slow_down(START, pass, Some(secs(7))), Slowed::Began(secs(7)));
    assert_eq!(pace.admit(secs(6)), Admission::Wait(secs(1)));
    go(&mut pace, secs(7));
}

#[test]
fn without_a_time_the_pause_doubles_up_to_a_minute() {
    let mut pace = Pace::new(None);
    let mut now = START;
    let mut waits = Vec::new();
    for _ in 0..8 {
        let pass = go(&mut pace, now);
        match pace.slow_down(now, pass, None) {
            Slowed::Began(wait) | Slowed::Further(wait) => waits.push(wait.as_secs()),
            Slowed::Known => panic!("it is news"),
        }
        now += secs(100);
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
    assert_eq!((FIRST_PAUSE, LONGEST_PAUSE), (secs(1), secs(60)));
}

#[test]
fn the_answers_to_one_burst_slow_down_once() {
    let mut pace = Pace::new(None);
    let burst: Vec<Pass> = (0..8).map(|_| go(&mut pace, START)).collect();
    let answers: Vec<Slowed> = burst.into_iter().map(|pass| pace.slow_down(START, pass, None)).collect();
    assert_eq!(answers[0], Slowed::Began(secs(1)));
    assert!(answers[1..].iter().all(|answer| *answer == Slowed::Known), "{answers:?}");
    go(&mut pace, secs(1));
}

#[test]
fn the_longest_wish_of_a_burst_counts() {
    let mut pace = Pace::new(None);
    let first = go(&mut pace, START);
    let second = go(&mut pace, START);
    pace.slow_down(START, first, Some(secs(2)));
    pace.slow_down(START, second, Some(secs(9)));
    assert_eq!(pace.admit(secs(2)), Admission::Wait(secs(7)));
}

#[test]
fn after_the_pause_requests_do_not_come_all_at_once() {
    let mut pace = Pace::new(None);
    let pass = go(&mut pace, START);
    pace.slow_down(START, pass, None);
    go(&mut pace, secs(1));
    assert_eq!(pace.admit(secs(1)), Admission::Wait(FIRST_GAP));
}

#[test]
fn successes_bring_the_full_pace_back() {
    let mut pace = Pace::new(Some(100.0));
    let pass = go(&mut pace, START);
    pace.slow_down(START, pass, None);
    let eased = (1..500).find(|_| pace.ease());
    assert!(eased.is_some_and(|successes| successes > 10), "{eased:?}");
    let mut fresh = Pace::new(Some(100.0));
    go(&mut pace, secs(5));
    go(&mut fresh, secs(5));
    assert_eq!(pace.admit(secs(5)), fresh.admit(secs(5)));
}

#[test]
fn a_timer_that_rings_late_makes_no_space_wider() {
    let mut pace = Pace::new(Some(100.0));
    go(&mut pace, START);
    assert_eq!(pace.admit(ms(1)), Admission::Wait(ms(9)));
    go(&mut pace, ms(12));
    assert_eq!(pace.admit(ms(12)), Admission::Wait(ms(8)));
    go(&mut pace, ms(60));
    assert_eq!(pace.admit(ms(60)), Admission::Wait(ms(10)));
}

#[test]
fn a_request_that_comes_late_by_itself_brings_the_next_no_nearer() {
    let mut pace = Pace::new(Some(100.0));
    go(&mut pace, START);
    go(&mut pace, ms(12));
    assert_eq!(pace.admit(ms(12)), Admission::Wait(ms(10)));
}

#[test]
fn a_steered_pace_has_the_space_that_it_is_told_and_pauses_all_the_same() {
    let mut pace = Pace::steered(None);
    let pass = go(&mut pace, START);
    assert_eq!(pace.slow_down(START, pass, Some(secs(3))), Slowed::Began(secs(3)));
    assert_eq!(pace.admit(secs(1)), Admission::Wait(secs(2)));
    go(&mut pace, secs(3));
    go(&mut pace, secs(3));
    pace.space(ms(20));
    assert_eq!(pace.admit(secs(3)), Admission::Wait(ms(20)));
    pace.space(Duration::ZERO);
    go(&mut pace, secs(3));
}

#[test]
fn a_steered_pace_is_never_closer_than_configured() {
    let mut pace = Pace::steered(Some(4.0));
    pace.space(ms(20));
    go(&mut pace, START);
    assert_eq!(pace.admit(START), Admission::Wait(ms(250)));
}

#[test]
fn the_return_to_full_pace_is_told_once() {
    let mut pace = Pace::new(None);
    let pass = go(&mut pace, START);
    pace.slow_down(START, pass, None);
    assert_eq!((0..1_000).filter(|_| pace.ease()).count(), 1);
}

proptest! {
    #[test]
    fn whoever_waits_as_told_may_go(rate in proptest::option::of(0.1..500.0), slowed in 0..9_u32, now in 0..100_000_u64) {
        let mut pace = Pace::new(rate);
        let mut now = ms(now);
        for _ in 0..slowed {
            let pass = match pace.admit(now) {
                Admission::Go(pass) => pass,
                Admission::Wait(wait) => {
                    now += wait;
                    go(&mut pace, now)
                }
            };
            pace.slow_down(now, pass, None);
        }
        if let Admission::Wait(wait) = pace.admit(now) {
            go(&mut pace, now + wait);
        }
    }

    #[test]
    fn no_429_makes_a_request_wait_longer_than_the_cap(waits in proptest::collection::vec(proptest::option::of(0..300_u64), 1..20)) {
        let mut pace = Pace::new(None);
        let mut now = START;
        for wait in waits {
            while let Admission::Wait(wait) = pace.admit(now) {
                prop_assert!(wait <= RETRY_AFTER_CAP);
                now += wait;
            }
            now += WIDEST_GAP;
            let pass = go(&mut pace, now);
            pace.slow_down(now, pass, wait.map(secs));
        }
    }
}

#[test]
fn a_retry_waits_twice_as_long_each_time_up_to_half_a_minute() {
    let waits: Vec<Duration> = (1..=9).map(|made| backoff(made, 1.0)).collect();
    assert_eq!(waits[..6], [ms(500), secs(1), secs(2), secs(4), secs(8), secs(16)]);
    assert_eq!(waits[6..], [secs(30), secs(30), secs(30)]);
    assert_eq!(backoff(u32::MAX, 1.0), secs(30));
}

#[test]
fn jitter_takes_any_part_of_the_wait() {
    assert_eq!((backoff(2, 0.0), backoff(2, 0.25), backoff(2, 7.0)), (ms(0), ms(250), secs(1)));
}

#[test]
fn retry_after_is_read_as_seconds_or_as_a_date() {
    let table = [
        ("0", Some(0)),
        (" 17 ", Some(17)),
        ("301", Some(300)),
        ("99999999999999999999999", Some(300)),
        ("Mon, 02 Nov 2026 08:00:30 GMT", Some(30)),
        ("Mon, 02 Nov 2026 07:00:00 GMT", Some(0)),
        ("Tue, 03 Nov 2026 08:00:00 GMT", Some(300)),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
    ];
    for (text, expected) in table {
        assert_eq!(retry_after(text, TestClock::start()), expected.map(secs), "{text}");
    }
}
