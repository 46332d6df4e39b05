//! When mails wait: by the clock on the wall to begin with, by a stop watch to the end.

use std::time::Duration;

use cardwatch::domain::Timestamp;
use cardwatch::domain::maintenance::{Maintenance, Span, Window, next_sweep};
use cardwatch::domain::schedule::Schedule;
use chrono::TimeDelta;
use chrono_tz::{Europe, Tz};
use proptest::prelude::*;

fn utc(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn window(start: &str, zone: Tz, minutes: u64) -> Window {
    Window { start: Schedule::parse(start, zone).unwrap(), duration: Duration::from_mins(minutes) }
}

fn maintenance(windows: &[(&str, u64)], zone: Tz) -> Maintenance {
    Maintenance { windows: windows.iter().map(|(start, minutes)| window(start, zone, *minutes)).collect() }
}

fn span(from: &str, until: &str) -> Span {
    Span { from: utc(from), until: utc(until) }
}

/// Saturdays at 22:00 in Amsterdam for six hours.
fn weekly() -> Maintenance {
    maintenance(&[("0 22 * * SAT", 6 * 60)], Europe::Amsterdam)
}

/// Checks that a span holds from its first instant to its last, and not beyond.
fn assert_just(maintenance: &Maintenance, span: Span) {
    let moment = TimeDelta::milliseconds(1);
    assert_eq!(maintenance.span_at(span.from - moment), None);
    for inside in [span.from, span.from + moment, span.until - moment] {
        assert_eq!(maintenance.span_at(inside), Some(span), "{inside}");
    }
    assert_eq!(maintenance.span_at(span.until), None);
}

#[test]
fn without_windows_mails_never_wait() {
    assert_eq!(Maintenance::default().span_at(utc("2026-11-21T22:00:00Z")), None);
}

#[test]
fn a_weekly_window_opens_by_the_clock_of_its_zone() {
    assert_just(&weekly(), span("2026-11-21T21:00:00Z", "2026-11-22T03:00:00Z"));
    assert_just(&weekly(), span("2026-07-04T20:00:00Z", "2026-07-05T02:00:00Z"));
}

#[test]
fn on_any_other_day_it_is_closed() {
    for day in 16..=20 {
        assert_eq!(weekly().span_at(utc(&format!("2026-11-{day}T22:30:00Z"))), None);
    }
}

#[test]
fn when_summer_time_begins_within_it_it_lasts_six_hours_all_the_same() {
    // 22:00 on Saturday to 05:00 on Sunday.
    assert_just(&weekly(), span("2026-03-28T21:00:00Z", "2026-03-29T03:00:00Z"));
}

#[test]
fn when_summer_time_ends_within_it_it_lasts_six_hours_all_the_same() {
    // 22:00 on Saturday to 03:00 on Sunday.
    assert_just(&weekly(), span("2026-10-24T20:00:00Z", "2026-10-25T02:00:00Z"));
}

#[test]
fn a_window_that_starts_in_the_skipped_hour_opens_right_after_it() {
    let nightly = maintenance(&[("30 2 * * *", 60)], Europe::Amsterdam);
    assert_just(&nightly, span("2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"));
}

#[test]
fn a_window_that_starts_in_the_repeated_hour_opens_once() {
    let nightly = maintenance(&[("30 2 * * *", 20)], Europe::Amsterdam);
    assert_just(&nightly, span("2026-10-25T00:30:00Z", "2026-10-25T00:50:00Z"));
    assert_eq!(nightly.span_at(utc("2026-10-25T01:35:00Z")), None);
}

#[test]
fn windows_that_overlap_are_one() {
    let two = maintenance(&[("0 22 * * *", 120), ("0 23 * * *", 120)], Tz::UTC);
    assert_just(&two, span("2026-11-21T22:00:00Z", "2026-11-22T01:00:00Z"));
}

#[test]
fn windows_that_touch_are_one() {
    let three = maintenance(&[("0 23 * * *", 60), ("0 22 * * *", 60), ("0 0 * * *", 30)], Tz::UTC);
    assert_just(&three, span("2026-11-21T22:00:00Z", "2026-11-22T00:30:00Z"));
}

#[test]
fn a_window_within_another_changes_nothing() {
    let two = maintenance(&[("0 20 * * *", 600), ("0 23 * * *", 60)], Tz::UTC);
    assert_just(&two, span("2026-11-21T20:00:00Z", "2026-11-22T06:00:00Z"));
}

#[test]
fn a_window_that_opens_again_while_it_is_open_goes_on() {
    let often = maintenance(&[("0 20,21,22 * * *", 90)], Tz::UTC);
    assert_just(&often, span("2026-11-21T20:00:00Z", "2026-11-21T23:30:00Z"));
}

#[test]
fn windows_that_follow_each_other_over_days_are_one() {
    let nights = maintenance(&[("0 0 * * SAT,SUN", 24 * 60)], Tz::UTC);
    assert_just(&nights, span("2026-11-21T00:00:00Z", "2026-11-23T00:00:00Z"));
}

#[test]
fn windows_with_time_between_them_are_two() {
    let two = maintenance(&[("0 20 * * *", 60), ("1 21 * * *", 60)], Tz::UTC);
    assert_just(&two, span("2026-11-21T20:00:00Z", "2026-11-21T21:00:00Z"));
    assert_just(&two, span("2026-11-21T21:01:00Z", "2026-11-21T22:01:00Z"));
}

#[test]
fn windows_that_leave_no_time_between_them_hold_any_instant() {
    let always = maintenance(&[("* * * * *", 60)], Tz::UTC);
    let at = utc("2026-11-21T20:00:30Z");
    let span = always.span_at(at).unwrap();
    assert!(span.from <= at && at < span.until);
    let every_second = maintenance(&[("* * * * * *", 60)], Tz::UTC);
    let span = every_second.span_at(at).unwrap();
    assert!(span.from <= at && at < span.until);
}

#[test]
fn a_window_longer_than_time_is_none() {
    let endless = Window { start: Schedule::parse("@daily", Tz::UTC).unwrap(), duration: Duration::MAX };
    assert_eq!(Maintenance { windows: vec![endless] }.span_at(utc("2026-11-21T20:00:00Z")), None);
}

/// When the next sweep is due after an instant of 21 November 2026.
fn next(schedule: &str, windows: &[(&str, u64)], after: &str) -> String {
    let schedule = Schedule::parse(schedule, Tz::UTC).unwrap();
    let due = next_sweep(&schedule, &maintenance(windows, Tz::UTC), utc(&format!("2026-11-21T{after}:00Z")));
    due.unwrap().format("%d %H:%M").to_string()
}

#[test]
fn a_sweep_is_due_by_its_schedule_or_once_mails_need_wait_no_longer() {
    let night = [("0 22 * * *", 30)];
    assert_eq!(
        ["21:10", "22:00", "22:29", "22:30"].map(|after| next("0 * * * *", &night, after)),
        ["21 22:00", "21 22:30", "21 22:30", "21 23:00"]
    );
    assert_eq!(next("0 7 * * *", &night, "08:00"), "21 22:30", "a window to come ends before the next is due");
    assert_eq!(next("0 7 * * *", &[], "08:00"), "22 07:00");
}

#[test]
fn of_several_windows_a_sweep_waits_for_the_end_of_those_that_are_one() {
    let touching = [("0 23 * * *", 60), ("0 22 * * *", 60)];
    assert_eq!(["08:00", "22:00", "23:30"].map(|after| next("0 7 * * *", &touching, after)), ["22 00:00"; 3]);
    let apart = [("0 23 * * *", 10), ("0 22 * * *", 10)];
    assert_eq!(["08:00", "22:10"].map(|after| next("0 7 * * *", &apart, after)), ["21 22:10", "21 23:10"]);
}

/// Up to three windows a day, in a zone with summer time.
fn any_windows() -> impl Strategy<Value = Maintenance> {
    let window = (0..24_u32, 0..4_u32, 1..300_u64, prop::sample::select(vec!["*", "SAT", "SUN", "MON-FRI"]));
    prop::collection::vec(window, 1..4).prop_map(|windows| Maintenance {
        windows: windows
            .into_iter()
            .map(|(hour, quarter, minutes, days)| window_of(&format!("{} {hour} * * {days}", quarter * 15), minutes))
            .collect(),
    })
}

fn window_of(start: &str, minutes: u64) -> Window {
    window(start, Europe::Amsterdam, minutes)
}

/// Minutes around both changes of summer time in 2026.
fn around_a_change() -> impl Strategy<Value = Timestamp> {
    let change = prop::sample::select(vec!["2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"]);
    (change, -2_000..2_000_i64).prop_map(|(change, minutes)| utc(change) + TimeDelta::minutes(minutes))
}

proptest! {
    #[test]
    fn each_instant_of_a_span_has_the_same_span(
        windows in any_windows(), at in around_a_change(), place in 0.0..1.0_f64,
    ) {
        if let Some(span) = windows.span_at(at) {
            prop_assert!(span.from <= at && at < span.until);
            let length = (span.until - span.from).num_seconds();
            #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a place within a day or so")]
            let within = span.from + TimeDelta::seconds((length as f64 * place) as i64);
            for inside in [span.from, within, span.until - TimeDelta::seconds(1)] {
                prop_assert_eq!(windows.span_at(inside), Some(span));
            }
            prop_assert_eq!(windows.span_at(span.from - TimeDelta::seconds(1)), None);
            prop_assert_eq!(windows.span_at(span.until), None);
        }
    }

    #[test]
    fn an_instant_is_held_where_one_of_the_windows_holds_it(windows in any_windows(), at in around_a_change()) {
        let alone = |window: &Window| Maintenance { windows: vec![window.clone()] }.span_at(at);
        let held: Vec<Span> = windows.windows.iter().filter_map(alone).collect();
        let whole = windows.span_at(at);
        prop_assert_eq!(whole.is_some(), !held.is_empty());
        for span in held {
            prop_assert!(whole.is_some_and(|whole| whole.from <= span.from && span.until <= whole.until));
        }
    }
}
