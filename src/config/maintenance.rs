//! `maintenance` of an instance. Owns how a window is written, and that the windows leave time for mails; when one is
//! open is the domain's.

use std::ops::RangeInclusive;
use std::time::Duration;

use chrono::TimeDelta;
use chrono_tz::Tz;
use figment::value::Dict;

use super::cron;
use super::house::MINUTE;
use super::section::{Entry, Read, Section};
use crate::domain::Timestamp;
use crate::domain::maintenance::{Maintenance, Window};
use crate::domain::schedule::REMEDY;

const WINDOWS_REMEDY: &str = "write a list of windows, like [{ start = \"0 22 * * SAT\", duration = \"6h\" }]";
const DURATION_REMEDY: &str = "say how long the window stays open, like \"6h\"";
const GAP_REMEDY: &str = "shorten a duration, or let a window open less often";

/// How long a window may stay open.
const DURATIONS: RangeInclusive<Duration> = MINUTE..=Duration::from_hours(7 * 24);

/// Windows that follow each other for longer than any month without a gap are taken to do so for ever.
const FOR_EVER: Duration = Duration::from_hours(31 * 24);

/// The windows of an instance, in its zone.
pub(super) fn read(section: &mut Section<'_>, zone: Read<Tz>) -> Read<Maintenance> {
    let entry = section.set("maintenance")?;
    // A bad zone does not keep a bad window from being told.
    let in_zone = zone.unwrap_or(Tz::UTC);
    let windows: Vec<Read<Window>> = entry
        .tables(WINDOWS_REMEDY)?
        .into_iter()
        .map(|table| table.and_then(|(place, values)| window(&place, values, in_zone)))
        .collect();
    let windows: Vec<Window> = windows.into_iter().collect::<Read<_>>()?;
    zone?;
    if leaves_no_gap(&windows) {
        return Err(
            entry.mistake("the windows leave no time between them, so that mails would wait for ever", GAP_REMEDY)
        );
    }
    Ok(Maintenance { windows })
}

fn window(place: &Entry<'_>, values: Dict, zone: Tz) -> Read<Window> {
    let mut section = Section::small(place, values, &["start", "duration"]);
    let start = section.require("start", REMEDY).and_then(|entry| entry.parse(|text| cron::parse(text, zone)));
    let duration = section.require("duration", DURATION_REMEDY).and_then(|entry| entry.duration(&DURATIONS, ""));
    section.finish_small();
    Ok(Window { start: start?, duration: duration? })
}

/// Whether some window opens a time that does not end within [`FOR_EVER`]. Each is followed from its own first
/// start, so that one that is due once in a year is followed then.
fn leaves_no_gap(windows: &[Window]) -> bool {
    // Any day of quiet clocks does: an hour more or less in autumn would end what is else endless.
    let some_day = Timestamp::from_timestamp(1_767_225_600, 0).unwrap_or_default();
    let starts = windows.iter().filter_map(|window| window.start.next_after(some_day));
    starts.into_iter().any(|start| {
        let goes_on_until = |at: Timestamp| windows.iter().filter_map(|window| open_until(window, at)).max();
        let most = start + FOR_EVER;
        let mut until = start;
        while until <= most {
            match goes_on_until(until) {
                Some(later) => until = later,
                None => return false,
            }
        }
        true
    })
}

/// The end of the latest opening of a window that holds `at`.
fn open_until(window: &Window, at: Timestamp) -> Option<Timestamp> {
    let next = |after| window.start.next_after(after).filter(|start| *start <= at);
    // The earliest one, and from there on to the latest: a schedule tells what comes next alone.
    let mut start = next(at - window.duration)?;
    let mut none_after = at;
    while none_after - start >= TimeDelta::seconds(1) {
        let middle = start + (none_after - start) / 2;
        match next(middle) {
            Some(later) => start = later,
            None => none_after = middle,
        }
    }
    Some(start + window.duration)
}
