//! An instant of the command line is a time, a date, or a length of time back from now.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use cardwatch::cli::args::When;
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

proptest! {
    #[test]
    fn any_instant(text in prop_oneof!["\\PC{0,20}", "[0-9]{1,20} ?(s|m|h|d|w|M|y|years)( [0-9]{1,9}ns)?", "[+-]?[0-9]{1,7}-[0-9]{1,2}-[0-9]{1,2}"], now in 0_i64..4_000_000_000) {
        let now = DateTime::from_timestamp(now, 0).unwrap();
        if let Ok(when) = text.parse::<When>() {
            let instant = when.instant(now);
            prop_assert!(instant <= now || matches!(when, When::At(_)));
        }
    }
}

fn now() -> DateTime<Utc> {
    "2026-11-24T14:05:00Z".parse().unwrap()
}

#[test]
fn an_instant_is_a_time_a_date_or_so_long_ago() {
    for (text, instant) in [
        ("2026-11-24T15:05:00+01:00", now()),
        ("2026-11-24", now() - TimeDelta::minutes(14 * 60 + 5)),
        ("7d", now() - TimeDelta::days(7)),
        ("1h 30m", now() - TimeDelta::minutes(90)),
    ] {
        assert_eq!(text.parse::<When>().unwrap().instant(now()), instant, "{text}");
    }
}

#[test]
fn longer_ago_than_time_itself_is_its_beginning() {
    for text in ["500000000000y", "18446744073709551615s"] {
        assert_eq!(text.parse::<When>().unwrap().instant(now()), DateTime::<Utc>::MIN_UTC, "{text}");
    }
}

#[test]
fn what_is_no_instant_is_refused_with_the_ways_to_write_one() {
    for text in ["", "yesterday", "7", "-1d", "2026-13-01", "2026-11-24 14:05"] {
        let told = text.parse::<When>().unwrap_err().to_string();
        assert_eq!(
            told, "write 2026-11-24T14:05:00Z, a date such as 2026-11-24, or a duration back from now such as 7d",
            "{text}"
        );
    }
}
