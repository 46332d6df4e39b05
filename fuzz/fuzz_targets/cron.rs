//! A cron expression behind a byte that picks the zone and four that pick the time: refused with words, or due later
//! and later.
#![no_main]

use cardwatch::domain::schedule::Schedule;
use chrono::DateTime;
use chrono_tz::TZ_VARIANTS;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: (u16, u32, &str)| {
    let (zone, start, text) = data;
    let zone = TZ_VARIANTS[usize::from(zone) % TZ_VARIANTS.len()];
    match Schedule::parse(text, zone) {
        Err(refused) => assert!(!refused.why.is_empty()),
        Ok(schedule) => {
            let Some(mut after) = DateTime::from_timestamp(i64::from(start), 0) else { return };
            for _ in 0..4 {
                let Some(next) = schedule.next_after(after) else { return };
                assert!(next > after);
                after = next;
            }
        }
    }
});
