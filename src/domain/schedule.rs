//! When the next sweep is due. Owns cron expressions in a time zone and what becomes of them when
//! summer time begins or ends; it does not own waiting for that instant.

use std::fmt;

use chrono::{NaiveDateTime, TimeDelta, TimeZone as _, Timelike as _, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds};

use super::Timestamp;

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

/// The fields of a cron expression with the largest step that makes sense in each.
const FIELDS: [(&str, u32); 6] =
    [("second", 59), ("minute", 59), ("hour", 23), ("day", 31), ("month", 12), ("weekday", 7)];

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
            .map_err(|error| bad(error.to_string().trim_end_matches('.').to_owned()))?;
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
/// looks for the due second for minutes on end; or a step beyond its field, which would be due once where often was
/// meant.
fn nonsense(text: &str) -> Option<String> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let names = match fields.len() {
        1 if fields.iter().all(|field| field.starts_with('@')) => return None,
        5 => &FIELDS[1..],
        6 => &FIELDS[..],
        count => return Some(format!("it has {count} field{}", if count == 1 { "" } else { "s" })),
    };
    fields.iter().zip(names).find_map(|(field, (name, most))| {
        if field.split(',').any(str::is_empty) {
            return Some(format!("the {name} has an empty item in its list"));
        }
        let steps = field.split(',').filter_map(|part| part.split_once('/')?.1.parse::<u32>().ok());
        steps.into_iter().find(|step| step > most).map(|step| format!("a step of {step} is beyond the {name}s"))
    })
}
