//! Whatever is written as a schedule is refused with words, or due at instants that only ever come later.

use cardwatch::domain::schedule::Schedule;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use proptest::prelude::*;
use proptest::sample::select;

/// One field of a cron expression: right, or nearly.
fn field(most: u32) -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just("*".to_owned()),
        2 => (0..=most).prop_map(|number| number.to_string()),
        1 => (1..=most).prop_map(|step| format!("*/{step}")),
        1 => (0..=most, 0..=most).prop_map(|(from, to)| format!("{from}-{to}")),
        1 => (0..=most, 0..=most, 1..=most).prop_map(|(from, to, step)| format!("{from}-{to}/{step}")),
        1 => (0..=most, 0..=most).prop_map(|(one, other)| format!("{one},{other}")),
        1 => select(vec!["L", "?", "W", "15W", "MON", "FRI-MON", "5#2", "5L", "JAN", "LW", "#", "1#9", "-", "/", ",", "*/0"])
            .prop_map(str::to_owned),
    ]
}

fn five_fields() -> impl Strategy<Value = String> {
    let (minute, hour, day, month, weekday) = (field(59), field(23), field(31), field(12), field(7));
    (minute, hour, day, month, weekday).prop_map(|fields| {
        let (minute, hour, day, month, weekday) = fields;
        [minute, hour, day, month, weekday].join(" ")
    })
}

fn zone() -> impl Strategy<Value = Tz> {
    select(TZ_VARIANTS.to_vec())
}

proptest! {
    // An expression that is never due is looked for until the end of the calendar.
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn any_text_is_read_or_refused_with_a_remedy(text in prop_oneof!["\\PC{0,30}", "[0-9*/,LW#? @a-zA-Z-]{0,30}"], zone in zone()) {
        if let Err(refused) = Schedule::parse(&text, zone) {
            prop_assert!(!refused.why.is_empty());
        }
    }

    #[test]
    fn whatever_is_a_schedule_is_due_later_and_later(
        text in prop_oneof![3 => five_fields(), 1 => (field(59), five_fields()).prop_map(|(second, rest)| format!("{second} {rest}"))],
        zone in zone(),
        start in 0_i64..4_000_000_000,
    ) {
        let Ok(schedule) = Schedule::parse(&text, zone) else { return Ok(()) };
        let mut after: DateTime<Utc> = DateTime::from_timestamp(start, 0).unwrap();
        for _ in 0..8 {
            let Some(next) = schedule.next_after(after) else { break };
            prop_assert!(next > after, "{text} in {zone}: {next} after {after}");
            prop_assert!(next - after < TimeDelta::days(366 * 100), "{text} in {zone}: {next} after {after}");
            after = next;
        }
    }

    #[test]
    fn nothing_is_due_between_two_neighbours(text in five_fields(), zone in zone(), start in 0_i64..4_000_000_000, part in 0.0..1.0) {
        let Ok(schedule) = Schedule::parse(&text, zone) else { return Ok(()) };
        let after: DateTime<Utc> = DateTime::from_timestamp(start, 0).unwrap();
        let Some(next) = schedule.next_after(after) else { return Ok(()) };
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "any instant between the two will do")]
        let between = after + TimeDelta::seconds(((next - after).num_seconds() as f64 * part) as i64);
        prop_assert_eq!(schedule.next_after(between.min(next - TimeDelta::seconds(1))), Some(next), "{} in {}", text, zone);
    }
}
