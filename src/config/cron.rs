//! Cron expressions as operators write them. Owns refusing what a cron reader would take and nobody means;
//! reading the expression belongs to [`Schedule`].

use chrono_tz::Tz;

use super::problems::{Mistake, escape, quote};
use crate::domain::schedule::Schedule;

const REMEDY: &str = "write five fields (minute hour day month weekday), or six with seconds first";

/// The fields of a cron expression with the largest step that makes sense in each.
const FIELDS: [(&str, u32); 6] =
    [("second", 59), ("minute", 59), ("hour", 23), ("day", 31), ("month", 12), ("weekday", 7)];

/// The schedule that a text means in a zone.
pub(super) fn parse(text: &str, zone: Tz) -> Result<Schedule, Mistake> {
    if let Some(why) = nonsense(text) {
        return Err(Mistake::new(format!("{} is not a cron expression: {why}", quote(text)), REMEDY));
    }
    Schedule::parse(text, zone).map_err(|error| {
        let message = escape(&error.to_string());
        // The error of the domain carries its remedy behind the last semicolon.
        let (what, remedy) = message.rsplit_once("; ").unwrap_or((&message, REMEDY));
        Mistake::new(what.trim_end_matches('.'), remedy)
    })
}

/// A wrong number of fields, or a step beyond its field, which would be due once where often was meant.
fn nonsense(text: &str) -> Option<String> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let names = match fields.len() {
        1 if fields.iter().all(|field| field.starts_with('@')) => return None,
        5 => &FIELDS[1..],
        6 => &FIELDS[..],
        count => return Some(format!("it has {count} field{}", if count == 1 { "" } else { "s" })),
    };
    fields.iter().zip(names).find_map(|(field, (name, most))| {
        let steps = field.split(',').filter_map(|part| part.split_once('/')?.1.parse::<u32>().ok());
        steps.into_iter().find(|step| step > most).map(|step| format!("a step of {step} is beyond the {name}s"))
    })
}
