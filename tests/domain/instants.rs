//! An instant is written for programs in one way.

use cardwatch::domain::{Timestamp, rfc3339};

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn programs_read_an_instant_in_utc_to_the_second() {
    assert_eq!(rfc3339(instant("2026-11-24T15:05:09.987+01:00")), "2026-11-24T14:05:09Z");
    assert_eq!(rfc3339(instant("2026-02-28T23:59:59Z")), "2026-02-28T23:59:59Z");
}
