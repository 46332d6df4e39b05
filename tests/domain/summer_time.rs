//! A schedule keeps its promise when clocks change: in each zone, at every change of five years.

use std::sync::LazyLock;

use cardwatch::domain::Timestamp;
use cardwatch::domain::schedule::Schedule;
use chrono::{NaiveDateTime, Offset as _, TimeDelta, TimeZone as _, Timelike as _, Utc};
use chrono_tz::{Africa, America, Australia, Europe, Tz};
use proptest::prelude::*;

const ZONES: [Tz; 5] = [
    Europe::Berlin,
    America::New_York,
    // Half an hour.
    Australia::Lord_Howe,
    // Twice a year too, by the moon.
    Africa::Casablanca,
    Tz::UTC,
];

/// The instant at which a zone's clocks are changed.
#[derive(Debug, Clone, Copy)]
struct ClockChange {
    zone: Tz,
    at: Timestamp,
}

impl ClockChange {
    /// Every change from 2024 to the end of 2028.
    fn all() -> &'static [Self] {
        static ALL: LazyLock<Vec<ClockChange>> =
            LazyLock::new(|| ZONES.into_iter().flat_map(ClockChange::find).collect());
        &ALL
    }

    fn find(zone: Tz) -> Vec<Self> {
        let days = 0..5 * 365 + 2;
        let changed = days.map(|day| utc("2024-01-01T00:00:00Z") + TimeDelta::days(day)).filter(move |day| {
            let tomorrow = *day + TimeDelta::days(1);
            offset(zone, *day) != offset(zone, tomorrow)
        });
        let minute_of_change = move |day: Timestamp| {
            (1..=24 * 60)
                .map(|minute| day + TimeDelta::minutes(minute))
                .find(|at| offset(zone, *at) != offset(zone, day))
        };
        changed.filter_map(minute_of_change).map(|at| Self { zone, at }).collect()
    }

    fn forward() -> impl Iterator<Item = Self> {
        Self::all().iter().copied().filter(|change| change.seconds() > 0)
    }

    fn back() -> impl Iterator<Item = Self> {
        Self::all().iter().copied().filter(|change| change.seconds() < 0)
    }

    /// By how much clocks go forward.
    fn seconds(self) -> i32 {
        offset(self.zone, self.at) - offset(self.zone, self.at - TimeDelta::seconds(1))
    }

    /// The first reading that is skipped, or that is shown a second time.
    fn reading(self) -> NaiveDateTime {
        let shown = |at: Timestamp| at.with_timezone(&self.zone).naive_local();
        if self.seconds() > 0 { shown(self.at - TimeDelta::seconds(1)) + TimeDelta::seconds(1) } else { shown(self.at) }
    }

    /// A schedule of the given minutes within the hour that is skipped or repeated, every day.
    fn daily(self, minutes: &[u32]) -> Schedule {
        let reading = self.reading();
        let minutes: Vec<String> = minutes.iter().map(|minute| (reading.minute() + minute).to_string()).collect();
        schedule(&format!("{} {} * * *", minutes.join(","), reading.hour()), self.zone)
    }

    /// What is due on the day of the change.
    fn due_around(self, schedule: &Schedule) -> Vec<Timestamp> {
        due(schedule, self.at - TimeDelta::hours(12), self.at + TimeDelta::hours(12))
    }
}

fn offset(zone: Tz, at: Timestamp) -> i32 {
    zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc()
}

fn utc(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn schedule(text: &str, zone: Tz) -> Schedule {
    Schedule::parse(text, zone).unwrap()
}

/// Every due instant after `from` and before `until`.
fn due(schedule: &Schedule, from: Timestamp, until: Timestamp) -> Vec<Timestamp> {
    std::iter::successors(schedule.next_after(from), |at| schedule.next_after(*at))
        .take_while(|at| *at < until)
        .collect()
}

#[test]
fn the_zones_change_their_clocks_often_enough_to_prove_something() {
    assert_eq!(ClockChange::forward().count(), 20);
    assert_eq!(ClockChange::back().count(), 20);
}

#[test]
fn every_quarter_of_an_hour_goes_on_evenly_through_each_change() {
    for change in ClockChange::all() {
        let due = change.due_around(&schedule("*/15 * * * *", change.zone));
        assert_eq!(due.len(), 24 * 4 - 1, "{change:?}");
        assert!(due.windows(2).all(|pair| pair[1] - pair[0] == TimeDelta::seconds(900)), "{change:?}: {due:?}");
    }
}

#[test]
fn every_second_goes_on_evenly_through_each_change() {
    for change in ClockChange::all() {
        let near = TimeDelta::seconds(20);
        let due = due(&schedule("* * * * * *", change.zone), change.at - near, change.at + near);
        assert_eq!(due.len(), 39, "{change:?}");
        assert!(due.windows(2).all(|pair| pair[1] - pair[0] == TimeDelta::seconds(1)), "{change:?}: {due:?}");
    }
}

#[test]
fn seven_in_the_morning_is_seven_in_the_morning_on_each_day() {
    for zone in ZONES {
        let due = due(&schedule("0 7 * * *", zone), utc("2024-01-01T00:00:00Z"), utc("2029-01-01T00:00:00Z"));
        let shown: Vec<NaiveDateTime> = due.iter().map(|at| at.with_timezone(&zone).naive_local()).collect();
        assert!(shown.len() >= 5 * 365, "{zone}");
        assert!(shown.iter().all(|at| (at.hour(), at.minute(), at.second()) == (7, 0, 0)), "{zone}");
        assert!(shown.windows(2).all(|pair| pair[1] - pair[0] == TimeDelta::days(1)), "{zone}");
    }
}

#[test]
fn a_time_in_the_skipped_hour_is_due_once_right_after_the_gap() {
    for change in ClockChange::forward() {
        for minutes in [&[0][..], &[15], &[29], &[5, 10, 20]] {
            let due = change.due_around(&change.daily(minutes));
            assert_eq!(due, [change.at], "{change:?}, minutes {minutes:?}");
        }
    }
}

#[test]
fn a_time_in_the_repeated_hour_is_due_once_the_first_time() {
    for change in ClockChange::back() {
        let first = change.at + TimeDelta::seconds(change.seconds().into());
        for minutes in [&[0][..], &[15], &[29], &[5, 10, 20]] {
            let due = change.due_around(&change.daily(minutes));
            let expected: Vec<_> = minutes.iter().map(|minute| first + TimeDelta::minutes((*minute).into())).collect();
            assert_eq!(due, expected, "{change:?}, minutes {minutes:?}");
        }
    }
}

#[test]
fn every_other_hour_runs_right_after_the_gap_that_swallowed_its_time() {
    let schedule = schedule("0 */2 * * *", Europe::Berlin);
    let due = due(&schedule, utc("2026-03-28T22:30:00Z"), utc("2026-03-29T04:30:00Z"));
    // 00:00 and 02:00, which is 03:00 that day, and 04:00 and 06:00 of summer time.
    let expected = ["2026-03-28T23:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z", "2026-03-29T04:00:00Z"];
    assert_eq!(due, expected.map(utc));
}

#[test]
fn a_time_right_after_the_gap_and_one_within_it_are_one() {
    let schedule = schedule("30 2,3 * * *", Europe::Berlin);
    let due = due(&schedule, utc("2026-03-29T00:00:00Z"), utc("2026-03-29T12:00:00Z"));
    assert_eq!(due, ["2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"].map(utc));
}

#[test]
fn within_the_second_half_of_a_repeated_hour_its_times_are_over() {
    let schedule = schedule("30 2 * * *", Europe::Berlin);
    // 02:10 for the second time.
    assert_eq!(schedule.next_after(utc("2026-10-25T01:10:00Z")), Some(utc("2026-10-26T01:30:00Z")));
}

#[test]
fn a_day_that_a_zone_left_out_is_made_up_for() {
    // Samoa crossed the date line: there was no 30 December 2011.
    let schedule = schedule("0 12 30 12 *", Tz::Pacific__Apia);
    assert_eq!(schedule.next_after(utc("2011-12-01T00:00:00Z")), Some(utc("2011-12-30T10:00:00Z")));
}

/// If this fails, croner has learnt it, and `Schedule::next_after` may become simpler.
#[test]
fn croner_by_itself_forgets_two_times_of_a_skipped_hour_and_doubles_two_of_a_repeated_one() {
    let cron: croner::Cron = "0,30 2 * * *".parse().unwrap();
    let day = |text: &str| {
        let midnight = utc(text).with_timezone(&Europe::Berlin);
        cron.iter_after(midnight).take_while(|at| *at < midnight + TimeDelta::hours(20)).count()
    };
    assert_eq!(day("2026-03-28T23:00:00Z"), 0);
    assert_eq!(day("2026-10-24T22:00:00Z"), 4);
}

const EXPRESSIONS: [&str; 10] = [
    "*/15 * * * *",
    "*/7 * * * * *",
    "30 * * * *",
    "0 7 * * MON-FRI",
    "30 2 * * *",
    "0,30 1-3 * * *",
    "*/20 2 * * * *",
    "0 */2 * * *",
    "0 0 29 2 *",
    "@daily",
];

/// Instants from 2024 to 2028, half of them near a change of clocks.
fn instants(zone: Tz) -> impl Strategy<Value = Timestamp> {
    let anywhere = (1_704_067_200_i64..1_861_920_000).prop_map(|s| Utc.timestamp_opt(s, 0).unwrap());
    let changes: Vec<_> = ClockChange::all().iter().filter(|change| change.zone == zone).collect();
    let near = (any::<prop::sample::Index>(), -7_200_000_i64..7_200_000).prop_map(move |(index, off)| {
        let at = if changes.is_empty() { utc("2026-03-29T01:00:00Z") } else { changes[index.index(changes.len())].at };
        at + TimeDelta::milliseconds(off)
    });
    prop_oneof![anywhere, near]
}

fn cases() -> impl Strategy<Value = (Tz, &'static str, Timestamp)> {
    let zone_and_text = (prop::sample::select(&ZONES[..]), prop::sample::select(&EXPRESSIONS[..]));
    zone_and_text.prop_flat_map(|(zone, text)| (Just(zone), Just(text), instants(zone)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn the_next_instant_lies_ahead_on_a_whole_second((zone, text, after) in cases()) {
        let next = schedule(text, zone).next_after(after).unwrap();
        prop_assert!(next > after);
        prop_assert_eq!(next.nanosecond(), 0);
    }

    #[test]
    fn nothing_is_due_between_an_instant_and_the_next((zone, text, after) in cases(), share in 0.0..1.0_f64) {
        let schedule = schedule(text, zone);
        let next = schedule.next_after(after).unwrap();
        let between = after + (next - after).to_std().unwrap().mul_f64(share);
        prop_assert_eq!(schedule.next_after(between.min(next - TimeDelta::nanoseconds(1))), Some(next));
    }
}
