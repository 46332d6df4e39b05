//! Times as Domo writes them: now in seconds, now in milliseconds, now with a fraction. Owns reading any of these;
//! what is no time, or one that no report could mean, counts as missing.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::domain::Timestamp;

/// From here on a number counts milliseconds: as seconds it would be the year 5138, as milliseconds it is 1973.
const MILLISECONDS_FROM: i64 = 100_000_000_000;

/// The end of the year 9999 in milliseconds: beyond it no calendar of ours writes a date.
const LATEST: i64 = 253_402_300_799_999;

/// A time, where there is one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct When(Option<Timestamp>);

impl When {
    /// The time.
    pub(super) fn at(self) -> Option<Timestamp> {
        self.0
    }

    /// Zero and less mean 'never'.
    fn whole(number: i64) -> Self {
        Self::millis(if number < MILLISECONDS_FROM { number.saturating_mul(1000) } else { number })
    }

    fn millis(millis: i64) -> Self {
        Self((1..=LATEST).contains(&millis).then(|| DateTime::from_timestamp_millis(millis)).flatten())
    }

    fn fraction(number: f64) -> Self {
        // A duration keeps the fraction of a second; far off numbers are none.
        let Ok(since) = Duration::try_from_secs_f64(number) else { return Self(None) };
        let whole = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
        if whole >= MILLISECONDS_FROM {
            return Self::whole(whole);
        }
        let at = TimeDelta::from_std(since).ok().and_then(|since| DateTime::UNIX_EPOCH.checked_add_signed(since));
        Self(at.filter(|at| (1..=LATEST).contains(&at.timestamp_millis())))
    }

    fn text(text: &str) -> Self {
        let text = text.trim();
        if let Ok(number) = text.parse::<i64>() {
            return Self::whole(number);
        }
        match text.parse::<f64>() {
            Ok(number) => Self::fraction(number),
            Err(_) => DateTime::parse_from_rfc3339(text).map_or(Self(None), |at| Self::millis(at.timestamp_millis())),
        }
    }
}

struct WhenVisitor;

impl<'de> Visitor<'de> for WhenVisitor {
    type Value = When;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_bool<E>(self, _: bool) -> Result<When, E> {
        Ok(When(None))
    }

    fn visit_i64<E>(self, number: i64) -> Result<When, E> {
        Ok(When::whole(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<When, E> {
        Ok(i64::try_from(number).map_or(When(None), When::whole))
    }

    fn visit_f64<E>(self, number: f64) -> Result<When, E> {
        Ok(When::fraction(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<When, E> {
        Ok(When::text(text))
    }

    fn visit_unit<E>(self) -> Result<When, E> {
        Ok(When(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<When, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(When(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<When, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(When(None))
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WhenVisitor)
    }
}
