//! The header `Retry-After`, and an instant on the command line: never a longer wait than the cap, never a panic.
#![no_main]

use cardwatch::cli::args::When;
use cardwatch::domo::retry::{RETRY_AFTER_CAP, retry_after};
use chrono::DateTime;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: (u32, &str)| {
    let (now, text) = data;
    let Some(now) = DateTime::from_timestamp(i64::from(now), 0) else { return };
    assert!(retry_after(text, now).is_none_or(|wait| wait <= RETRY_AFTER_CAP));
    if let Ok(when) = text.parse::<When>() {
        let _ = when.instant(now);
    }
});
