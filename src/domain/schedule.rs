//! When the next sweep is due. Owns cron expressions in a time zone and what becomes of them when
//! summer time begins or ends; it does not own waiting for that instant.

use std::fmt;

use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds};

use super::Timestamp;

/// A cron expression in a zone. A time that a clock change skips is due once, right after the gap; a time
/// that it repeats is due once; an expression that fires at least hourly goes on evenly through both.
#[derive(Clone, PartialEq)]
pub struct Schedule {
    text: String,
    cron: Cron,
    zone: Tz,
}

/// Why a text is not a schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{text}' is not a cron expression: {why}; write five fields (minute hour day month weekday), or six with seconds first"
)]
pub struct BadSchedule {
    text: String,
    why: String,
}

impl Schedule {
    /// Reads a cron expression of five fields, or six with seconds first, or a nickname such as `@daily`.
    pub fn parse(text: &str, zone: Tz) -> Result<Self, BadSchedule> {
        let bad = |why: String| BadSchedule { text: text.to_owned(), why };
        let cron = CronParser::builder()
            .seconds(Seconds::Optional)
            .build()
            .parse(text)
            .map_err(|error| bad(error.to_string()))?;
        let schedule = Self { text: text.to_owned(), cron, zone };
        let epoch = Timestamp::UNIX_EPOCH;
        schedule.next_after(epoch).map(|_| schedule).ok_or_else(|| bad("it is never due".to_owned()))
    }

    /// The first instant after `after` at which it is due; `None` when there is none in sight.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let local = after.with_timezone(&self.zone);
        let next = self.cron.find_next_occurrence(&local, false).ok()?;
        Some(next.with_timezone(&chrono::Utc))
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
