//! When a sweep is overdue: due times pass, and nothing is decided.

use cardwatch::domain::Timestamp;
use cardwatch::domain::schedule::Schedule;
use cardwatch::domain::sight::Blind;
use cardwatch::domain::snapshot::{InstanceSnapshot, LastSweep};
use cardwatch::domain::sweep::Outcome;

const WEEKDAYS: &str = "*/15 8-18 * * 1-5";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// An instance whose latest sweep began then.
fn swept(began: &str, outcome: Outcome) -> InstanceSnapshot {
    let sweep = LastSweep { started_at: at(began), finished_at: at(began), outcome, trouble: None };
    InstanceSnapshot { last_sweep: Some(sweep), ..InstanceSnapshot::empty("acme".parse().unwrap()) }
}

fn overdue(instance: &InstanceSnapshot, schedule: &str, kept_since: &str, now: &str) -> usize {
    let schedule = Schedule::parse(schedule, chrono_tz::UTC).unwrap();
    instance.overdue(&schedule, at(kept_since), at(now))
}

#[test]
fn nothing_is_overdue_while_the_sweep_of_now_may_still_run() {
    let instance = swept("2026-11-25T09:00:00.020Z", Outcome::Completed);
    assert_eq!(overdue(&instance, "*/15 * * * *", "2026-11-20T00:00:00Z", "2026-11-25T09:29:59Z"), 0);
}

#[test]
fn each_interval_without_a_decision_counts() {
    let instance = swept("2026-11-25T09:00:00.020Z", Outcome::Partial);
    let overdue = |now| overdue(&instance, "*/15 * * * *", "2026-11-20T00:00:00Z", now);
    assert_eq!(["2026-11-25T09:30:00Z", "2026-11-25T09:45:00Z"].map(overdue), [1, 2]);
}

#[test]
fn a_weekend_without_due_times_is_not_overdue_on_monday_morning() {
    let friday = swept("2026-11-20T18:45:00.010Z", Outcome::Completed);
    assert_eq!(overdue(&friday, WEEKDAYS, "2026-11-01T00:00:00Z", "2026-11-23T08:00:10Z"), 0);
}

#[test]
fn a_start_after_a_long_rest_begins_anew() {
    let long_ago = swept("2026-11-01T09:00:00Z", Outcome::Completed);
    assert_eq!(overdue(&long_ago, "*/15 * * * *", "2026-11-25T09:01:00Z", "2026-11-25T09:15:10Z"), 0);
}

#[test]
fn an_instance_that_was_never_swept_counts_from_the_start() {
    let new = InstanceSnapshot::empty("acme".parse().unwrap());
    let overdue = |now| overdue(&new, "0 * * * *", "2026-11-25T09:01:00Z", now);
    assert_eq!(["2026-11-25T10:00:00Z", "2026-11-25T12:00:00Z"].map(overdue), [0, 2]);
}

#[test]
fn sweeps_that_decide_nothing_are_as_good_as_none() {
    let mut blind = swept("2026-11-25T10:00:00.010Z", Outcome::Failed);
    blind.blind = Some(Blind { since: at("2026-11-25T09:00:00.010Z"), sweeps: 5 });
    let overdue = |now| overdue(&blind, "*/15 * * * *", "2026-11-20T00:00:00Z", now);
    assert_eq!(["2026-11-25T09:14:00Z", "2026-11-25T09:15:00Z", "2026-11-25T10:00:05Z"].map(overdue), [0, 1, 4]);
}

#[test]
fn the_count_has_an_end() {
    let new = InstanceSnapshot::empty("acme".parse().unwrap());
    assert_eq!(overdue(&new, "* * * * * *", "2026-11-25T09:00:00Z", "2026-11-25T12:00:00Z"), 100);
}

#[test]
fn a_sweep_that_a_wrong_clock_dated_ahead_keeps_nothing_from_being_overdue() {
    let ahead = swept("2027-11-25T09:00:00Z", Outcome::Completed);
    let overdue = |now| overdue(&ahead, "0 * * * *", "2026-11-25T09:01:00Z", now);
    assert_eq!(["2026-11-25T10:00:00Z", "2026-11-25T12:00:00Z"].map(overdue), [0, 2]);
}

#[test]
fn a_clock_that_was_set_back_behind_the_start_counts_from_the_latest_sweep() {
    let instance = swept("2026-11-25T09:00:00.020Z", Outcome::Completed);
    assert_eq!(overdue(&instance, "0 * * * *", "2026-11-26T00:00:00Z", "2026-11-25T12:00:00Z"), 2);
}
