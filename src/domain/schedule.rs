//! When the next sweep is due. Owns cron expressions in a time zone and what becomes of them when
//! summer time begins or ends; it does not own waiting for that instant.

use std::fmt;

use chrono::{NaiveDateTime, TimeDelta, TimeZone as _, Timelike as _, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds};

use super::Timestamp;
use super::foreign::clipped;

/// A cron expression in a zone. A time that a clock change skips is due once, right after the gap; a time
/// that it repeats is due once; an expression that is due in every hour goes on evenly through both. (In a zone whose
/// gap is shorter than an hour, such as `Australia/Lord_Howe`, one that is due once an hour waits for its next time.)
#[derive(Clone, PartialEq)]
pub struct Schedule {
    text: String,
    cron: Cron,
    zone: Tz,
    /// It is due in every hour of a day.
    every_hour: bool,
}

/// Why a text is not a schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not a cron expression: {why}; {REMEDY}")]
pub struct BadSchedule {
    /// What was written.
    pub text: String,
    /// What is wrong with it.
    pub why: String,
}

/// What to write instead of a [`BadSchedule`].
pub const REMEDY: &str = "write five fields (minute hour day month weekday), or six with seconds first";

/// A field of a cron expression.
struct Field {
    name: &'static str,
    least: u32,
    /// The largest number, and the largest step that makes sense.
    most: u32,
    /// What may stand for a number.
    words: &'static [&'static str],
}

impl Field {
    const fn of(name: &'static str, least: u32, most: u32, words: &'static [&'static str]) -> Self {
        Self { name, least, most, words }
    }
}

const FIELDS: [Field; 6] = [
    Field::of("second", 0, 59, &[]),
    Field::of("minute", 0, 59, &[]),
    Field::of("hour", 0, 23, &[]),
    Field::of("day", 1, 31, &[]),
    Field::of("month", 1, 12, &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
    Field::of("weekday", 0, 7, &["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
];

/// A part of an expression that is repeated is cut to so many characters.
const PART_LIMIT: usize = 30;

impl Schedule {
    /// Reads a cron expression of five fields, or six with seconds first, or a nickname such as `@daily`.
    pub fn parse(text: &str, zone: Tz) -> Result<Self, BadSchedule> {
        let bad = |why: String| BadSchedule { text: text.to_owned(), why };
        if let Some(why) = nonsense(text) {
            return Err(bad(why));
        }
        let cron = CronParser::builder()
            .seconds(Seconds::Optional)
            .build()
            .parse(text)
            .map_err(|error| bad(unreadable(text).unwrap_or_else(|| error.to_string())))?;
        let every_hour = (0..24).all(|hour| cron.pattern.hour_match(hour).unwrap_or(false));
        let schedule = Self { text: text.to_owned(), cron, zone, every_hour };
        let epoch = Timestamp::UNIX_EPOCH;
        schedule.next_after(epoch).map(|_| schedule).ok_or_else(|| bad("it is never due".to_owned()))
    }

    /// The first instant after `after` at which it is due; `None` when there is none in sight.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        if self.every_hour {
            // croner lets it run through both halves of a repeated hour, and on after a gap as if there were none.
            let next = self.cron.find_next_occurrence(&after.with_timezone(&self.zone), false).ok()?;
            return Some(next.with_timezone(&Utc));
        }
        // croner keeps the promise above for one time a day alone: two times of a skipped hour are never due,
        // two of a repeated hour are due twice each. So it is asked about a clock that nobody changes.
        let mut reading = after.with_timezone(&self.zone).naive_local().and_utc();
        loop {
            reading = self.cron.find_next_occurrence(&reading, false).ok()?;
            let due = first_instant(self.zone, reading.naive_utc())?;
            // Within the second half of a repeated hour the readings ahead have been before.
            if due > after {
                return Some(due);
            }
        }
    }

    /// How often it was due after `after`, until `until`; `most` stands for anything beyond.
    pub fn times_due(&self, after: Timestamp, until: Timestamp, most: usize) -> usize {
        let due = std::iter::successors(self.next_after(after), |&due| self.next_after(due));
        due.take_while(|&due| due <= until).take(most).count()
    }

    /// The zone in which the expression is read.
    pub fn zone(&self) -> Tz {
        self.zone
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.text, self.zone)
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// When a clock on the wall first shows a reading, or the first one after it where a clock change skips it.
fn first_instant(zone: Tz, reading: NaiveDateTime) -> Option<Timestamp> {
    let shown = |reading: &NaiveDateTime| zone.from_local_datetime(reading).earliest();
    let instant = shown(&reading).or_else(|| {
        // Clocks change on whole minutes, by a day at most.
        let minute = reading.with_second(0)?;
        (1..=24 * 60).find_map(|later| shown(&(minute + TimeDelta::minutes(later))))
    })?;
    Some(instant.with_timezone(&Utc))
}

/// A wrong number of fields; an empty item in a list, which croner passes over, and with nothing else in the field
/// looks for the due second for minutes on end; a word of another field, which croner reads as its number, so that
/// `WED` among the days is the third; or a step beyond its field, which would be due once where often was meant.
fn nonsense(text: &str) -> Option<String> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    if is_nickname(&fields) {
        return None;
    }
    let Some(known) = known(&fields) else {
        let count = fields.len();
        return Some(format!("it has {count} field{}", if count == 1 { "" } else { "s" }));
    };
    fields.iter().zip(known).find_map(|(field, known)| {
        let Field { name, most, .. } = known;
        if field.split(',').any(str::is_empty) {
            return Some(format!("the {name} has an empty item in its list"));
        }
        if let Some(part) = field.split(',').find(|part| known.is_of_another(part)) {
            return Some(known.no_number(part));
        }
        let steps = field.split(',').filter_map(|part| part.split_once('/')?.1.parse::<u32>().ok());
        steps.into_iter().find(|step| step > most).map(|step| format!("a step of {step} is beyond the {name}s"))
    })
}

fn is_nickname(fields: &[&str]) -> bool {
    matches!(fields, [only] if only.starts_with('@'))
}

/// Which fields an expression has; `None` where it has too few or too many.
fn known(fields: &[&str]) -> Option<&'static [Field]> {
    match fields.len() {
        5 => Some(&FIELDS[1..]),
        6 => Some(&FIELDS),
        _ => None,
    }
}

/// What croner could not read, in words; `None` where it is one of its own signs (`L`, `W`, `#`), on which it has the
/// word.
fn unreadable(text: &str) -> Option<String> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    if is_nickname(&fields) {
        return Some("the nicknames are @yearly, @monthly, @weekly, @daily and @hourly".to_owned());
    }
    let mut parts =
        fields.iter().zip(known(&fields)?).flat_map(|(text, field)| text.split(',').map(move |part| (part, field)));
    parts.find_map(|(part, field)| field.complaint(part))
}

impl Field {
    /// What is wrong with an item of its list.
    fn complaint(&self, part: &str) -> Option<String> {
        let name = self.name;
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        match step.map(str::parse::<u32>) {
            Some(Ok(0)) => return Some(format!("the {name} has a step of 0")),
            Some(Err(_)) => return Some(self.no_number(part)),
            Some(Ok(_)) | None => {}
        }
        match range.split_once('-') {
            _ if matches!(range, "*" | "?") => None,
            Some((from, to)) => self.bad_value(from, part).or_else(|| self.bad_value(to, part)).or_else(|| {
                let backwards = from.parse::<u32>().ok()? > to.parse::<u32>().ok()?;
                backwards.then(|| format!("the range {range} of the {name} ends before it begins"))
            }),
            None => self.bad_value(range, part),
        }
    }

    fn bad_value(&self, value: &str, part: &str) -> Option<String> {
        let Self { name, least, most, words } = self;
        match value.parse::<u64>() {
            Ok(number) if !(u64::from(*least)..=u64::from(*most)).contains(&number) => {
                Some(format!("the {name} {number} is out of range, {least} to {most}"))
            }
            Ok(_) => None,
            Err(_) if words.contains(&value.to_lowercase().as_str()) => None,
            Err(_) if matches!(*name, "day" | "weekday") && value.contains(['L', 'l', 'W', 'w', '#']) => None,
            Err(_) => Some(self.no_number(part)),
        }
    }

    /// Whether an item of its list holds a word that stands for a number in another field alone.
    fn is_of_another(&self, part: &str) -> bool {
        let part = part.to_lowercase();
        let mut words = FIELDS.iter().flat_map(|field| field.words).filter(|word| !self.words.contains(word));
        words.any(|word| part.contains(word))
    }

    fn no_number(&self, part: &str) -> String {
        let cut = if part.chars().nth(PART_LIMIT).is_some() { "…" } else { "" };
        let part = clipped(part, PART_LIMIT);
        format!("the {} '{part}{cut}' is not a number, a list, a range or a step", self.name)
    }
}
