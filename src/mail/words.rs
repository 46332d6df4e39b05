//! Small phrases of a letter. Owns how times, spans, lists of names and counts read; it does not own
//! where they stand.

use std::time::Duration;

use chrono::Datelike;
use chrono_tz::Tz;

use crate::domain::Timestamp;
use crate::domain::foreign::one_line;

/// The longest name of a page or an owner in a letter, in characters.
const NAME_LIMIT: usize = 80;

/// So many names of one kind are spelled out; the rest is a number.
const NAMES_SHOWN: usize = 5;

/// '24 November, 14:05'.
pub(super) fn day_and_time(at: Timestamp, zone: Tz) -> String {
    at.with_timezone(&zone).format("%-d %B, %H:%M").to_string()
}

/// A time as short as it can be beside `reference`: '14:05' on the same day, '22 November, 09:12' in the
/// same year, else with the year.
pub(super) fn time_beside(at: Timestamp, reference: Timestamp, zone: Tz) -> String {
    let (local, beside) = (at.with_timezone(&zone), reference.with_timezone(&zone));
    let form = if local.date_naive() == beside.date_naive() {
        "%H:%M"
    } else if local.year() == beside.year() {
        "%-d %B, %H:%M"
    } else {
        "%-d %B %Y, %H:%M"
    };
    local.format(form).to_string()
}

/// '30 s', '5 min', '24 h', '250 ms'.
pub(super) fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{} ms", duration.as_millis()),
        3_600.. if seconds.is_multiple_of(3_600) => format!("{} h", seconds / 3_600),
        120.. if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        _ => format!("{seconds} s"),
    }
}

/// '2.1 s', '250 ms'.
pub(super) fn seconds(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        return span(duration);
    }
    let tenths = (duration.as_millis() + 50) / 100;
    format!("{}.{} s", tenths / 10, tenths % 10)
}

/// ', for 3 days'; nothing for less than a minute.
pub(super) fn for_so_long(since: Timestamp, now: Timestamp) -> String {
    let minutes = (now - since).num_minutes();
    match minutes {
        ..1 => String::new(),
        1..120 => format!(", for {minutes} min"),
        120..2_880 => format!(", for {} hours", minutes / 60),
        _ => format!(", for {} days", minutes / (24 * 60)),
    }
}

/// One foreign name.
pub(super) fn name(name: &str) -> String {
    one_line(name, NAME_LIMIT)
}

/// Foreign names, joined by commas, the first few of them; `None` where there is none.
pub(super) fn names<N: AsRef<str>>(names: &[N]) -> Option<String> {
    let mut names = names.iter().map(|name| one_line(name.as_ref(), NAME_LIMIT)).filter(|name| !name.is_empty());
    let shown: Vec<String> = names.by_ref().take(NAMES_SHOWN).collect();
    match names.count() {
        0 => (!shown.is_empty()).then(|| shown.join(", ")),
        more => Some(format!("{} and {more} more", shown.join(", "))),
    }
}

/// 'is' or 'are'.
pub(super) fn be(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}
