//! Cron expressions as operators write them. Owns how a bad one is told; what is one, is
//! [`Schedule`]'s to say.

use chrono_tz::Tz;

use super::problems::{Mistake, escape, quote};
use crate::domain::schedule::{REMEDY, Schedule};

/// The schedule that a text means in a zone.
pub(super) fn parse(text: &str, zone: Tz) -> Result<Schedule, Mistake> {
    Schedule::parse(text, zone).map_err(|bad| {
        Mistake::new(format!("{} is not a cron expression: {}", quote(&bad.text), escape(&bad.why)), REMEDY)
    })
}
