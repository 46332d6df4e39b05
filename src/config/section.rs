//! A table of keys being read, and one value of it. Owns the typed reading of values and the mistakes of
//! type and range, and reports what is left over as unknown; which keys a section has stands in
//! [`keys`], and what they mean belongs to the reader of each section.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use figment::providers::{Format, Toml};
use figment::value::{Dict, Tag, Value};

use super::environment::ITEM;
use super::keys;
use super::layers::Origin;
use super::problems::{Mistake, escape, quote};
use super::reading::Reading;

/// What a reader gives: a value, or the knowledge that its mistake has been told.
pub(super) type Read<T> = Result<T, Told>;

/// A mistake that has been told, so that nobody tells it again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told;

/// A table being read. Each key that is taken is gone from it; what remains at the end is unknown.
pub(super) struct Section<'r> {
    /// What all readers share.
    pub(super) reading: &'r Reading<'r>,
    path: String,
    table: String,
    known: Vec<&'static str>,
    values: Dict,
    written: Origin,
}

impl<'r> Section<'r> {
    /// The whole configuration.
    pub(super) fn root(reading: &'r Reading<'r>) -> Self {
        // What the whole lacks is missing in the file, wherever the little that is there was set.
        Self { written: Origin::File, ..Self::new(reading, String::new(), String::new(), reading.layers.root()) }
    }

    fn new(reading: &'r Reading<'r>, path: String, table: String, values: Dict) -> Self {
        let written = written(reading, &values);
        Self { reading, known: keys::below(&table), path, table, values, written }
    }

    /// A section of keys that are no part of the table of keys.
    pub(super) fn small(place: &Entry<'r>, values: Dict, known: &[&'static str]) -> Self {
        let reading = place.reading;
        let written = written(reading, &values);
        Self { reading, path: place.path.clone(), table: String::new(), known: known.to_vec(), values, written }
    }

    /// The value of a key, where there is one.
    pub(super) fn take(&mut self, name: &str) -> Option<Entry<'r>> {
        if !self.known.contains(&name) {
            return None;
        }
        let value = self.values.remove(name)?;
        let origin = self.reading.layers.origin(&value);
        Some(Entry { reading: self.reading, path: self.at(name), origin, value })
    }

    /// Whether a key is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// The value of a key that must be there.
    pub(super) fn require(&mut self, name: &str, remedy: &str) -> Read<Entry<'r>> {
        self.take(name).ok_or_else(|| self.mistake_of(name, "is missing", remedy))
    }

    /// The value of a key that has a default.
    pub(super) fn set(&mut self, name: &str) -> Read<Entry<'r>> {
        self.require(name, "set it")
    }

    /// The section below a key.
    pub(super) fn section(&mut self, name: &str) -> Read<Self> {
        let table = join(&self.table, name);
        let (entry, values) = self.set(name)?.table()?;
        Ok(Self::new(entry.reading, entry.path, table, values))
    }

    /// The sections below a key, by name.
    pub(super) fn sections(&mut self, name: &str) -> Read<Vec<(String, Read<Self>)>> {
        let table = join(&join(&self.table, name), keys::ANY);
        let Some(entry) = self.take(name) else { return Ok(Vec::new()) };
        let (entry, values) = entry.table()?;
        let below = values.into_iter().map(|(name, value)| {
            let origin = entry.reading.layers.origin(&value);
            let below = Entry { reading: entry.reading, path: join(&entry.path, &name), origin, value };
            let section =
                below.table().map(|(entry, values)| Self::new(entry.reading, entry.path, table.clone(), values));
            (name, section)
        });
        Ok(below.collect())
    }

    /// A whole number.
    pub(super) fn integer<T>(&mut self, name: &str, range: RangeInclusive<T>) -> Read<T>
    where
        T: TryFrom<i64> + PartialOrd + Display,
    {
        let entry = self.set(name)?;
        let remedy = format!("write a whole number from {} to {}", range.start(), range.end());
        let number = entry.whole_number(&remedy)?;
        let fitting = T::try_from(number).ok().filter(|number| range.contains(number));
        fitting.ok_or_else(|| entry.mistake(format!("{number} is out of range"), remedy))
    }

    /// True or false.
    pub(super) fn boolean(&mut self, name: &str) -> Read<bool> {
        self.set(name)?.boolean()
    }

    /// A length of time.
    pub(super) fn duration(&mut self, name: &str, range: &RangeInclusive<Duration>) -> Read<Duration> {
        self.set(name)?.duration(range, "")
    }

    /// A length of time; `None` is never, written as zero.
    pub(super) fn duration_or_never(&mut self, name: &str, range: &RangeInclusive<Duration>) -> Read<Option<Duration>> {
        let entry = self.set(name)?;
        if entry.value.as_str().and_then(|text| humantime::parse_duration(text).ok()) == Some(Duration::ZERO) {
            return Ok(None);
        }
        entry.duration(range, ", or 0s for never").map(Some)
    }

    /// Reports a mistake of the section as a whole.
    pub(super) fn mistake(&self, what: &str, remedy: &str) -> Told {
        self.reading.mistake(self.written, &self.path, Mistake::new(what, remedy))
    }

    /// Reports a mistake of a key that is not there.
    pub(super) fn mistake_of(&self, name: &str, what: &str, remedy: &str) -> Told {
        self.reading.mistake(self.written, &self.at(name), Mistake::new(what, remedy))
    }

    /// Reports what nobody took.
    pub(super) fn finish(self) {
        for (name, value) in &self.values {
            self.reading.unknown(value, &self.at(name));
        }
    }

    /// Reports what nobody took of a section that is no part of the table of keys.
    pub(super) fn finish_small(self) {
        for (name, value) in &self.values {
            let path = self.at(name);
            let nearest = keys::most_like(&path, self.known.iter().map(|known| self.at(known)));
            self.reading.unlike(self.reading.layers.origin(value), &path, &nearest.unwrap_or_default());
        }
    }

    fn at(&self, name: &str) -> String {
        join(&self.path, name)
    }
}

fn join(parent: &str, name: &str) -> String {
    if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") }
}

/// Where a section was written: in the file, unless all of it came from elsewhere.
fn written(reading: &Reading<'_>, values: &Dict) -> Origin {
    let mut origins: Vec<Origin> = Vec::new();
    let mut tables = vec![values];
    while let Some(table) = tables.pop() {
        for value in table.values() {
            match value {
                Value::Dict(_, below) => tables.push(below),
                leaf => origins.push(reading.layers.origin(leaf)),
            }
        }
    }
    let elsewhere = origins.iter().copied().find(|origin| matches!(origin, Origin::Environment | Origin::Flag));
    if origins.contains(&Origin::File) { Origin::File } else { elsewhere.unwrap_or(Origin::File) }
}

/// One value and where it came from.
pub(super) struct Entry<'r> {
    /// What all readers share.
    pub(super) reading: &'r Reading<'r>,
    /// The dotted path of its key.
    pub(super) path: String,
    /// Where it came from.
    pub(super) origin: Origin,
    /// The value itself. It may be a secret.
    pub(super) value: Value,
}

impl Entry<'_> {
    /// Its place alone, for mistakes that must not know the value.
    pub(super) fn without_value(&self) -> Self {
        Self { value: Value::from(false), path: self.path.clone(), ..*self }
    }

    /// Reports a mistake of this value.
    pub(super) fn mistake(&self, what: impl Into<String>, remedy: impl Into<String>) -> Told {
        self.reading.mistake(self.origin, &self.path, Mistake::new(what, remedy))
    }

    fn is_not(&self, what: &str, remedy: &str) -> Told {
        self.mistake(format!("{} is not {what}", self.shown()), remedy)
    }

    /// Its text, parsed.
    pub(super) fn parse<T>(&self, parser: impl FnOnce(&str) -> Result<T, Mistake>) -> Read<T> {
        parser(self.text()?).map_err(|mistake| self.reading.mistake(self.origin, &self.path, mistake))
    }

    /// Its text.
    pub(super) fn text(&self) -> Read<&str> {
        self.value.as_str().ok_or_else(|| self.is_not("a text", "write it in quotes"))
    }

    /// Its table, with itself.
    pub(super) fn table(mut self) -> Read<(Self, Dict)> {
        if let Value::Dict(_, values) = &mut self.value {
            let values = std::mem::take(values);
            return Ok((self, values));
        }
        // What stands in the place of a table may be a secret that went astray.
        let remedy = format!("write a table, like [{}]", escape(&self.path));
        Err(self.mistake(format!("{} is not a table", kind(&self.value)), remedy))
    }

    /// Its items. A mere text is a list in TOML, or separated by commas.
    pub(super) fn list(&self, remedy: &str) -> Read<Vec<Self>> {
        let items = match &self.value {
            Value::Array(_, items) => Some(items.clone()),
            Value::String(tag, text) if self.origin.is_loose() => {
                loose_list(text).map(|items| items.into_iter().map(|item| Value::String(*tag, item)).collect())
            }
            _ => None,
        };
        let items = items.ok_or_else(|| self.is_not("a list", remedy))?;
        Ok(items.into_iter().map(|value| Self { value, path: self.path.clone(), ..*self }).collect())
    }

    /// The items that were read from its list, each once; those that are in it more often are told.
    pub(super) fn each_once<T: Ord + Display>(&self, items: Vec<T>) -> BTreeSet<T> {
        let (mut once, mut twice) = (BTreeSet::new(), BTreeSet::new());
        for item in items {
            if let Some(item) = once.replace(item) {
                twice.insert(item);
            }
        }
        for item in &twice {
            self.mistake(format!("{item} is in it twice"), "remove one of them");
        }
        once
    }

    /// Its tables, each at a place that tells its number, with their values. A mere text is a list in TOML.
    pub(super) fn tables(&self, remedy: &str) -> Read<Vec<Read<(Self, Dict)>>> {
        let items = match &self.value {
            Value::Array(_, items) => Some(items.clone()),
            Value::String(tag, text) if self.origin.is_loose() => loose_tables(text, *tag),
            _ => None,
        };
        let items = items.ok_or_else(|| self.is_not("a list", remedy))?;
        let numbered = items.into_iter().enumerate().map(|(place, value)| {
            let path = format!("{}{ITEM}{}", self.path, place + 1);
            match value {
                Value::Dict(_, values) => Ok((Self { value: Value::from(false), path, ..*self }, values)),
                other => Err(Self { value: other, path, ..*self }.is_not("a table", remedy)),
            }
        });
        Ok(numbered.collect())
    }

    /// Its whole number.
    pub(super) fn whole_number(&self, remedy: &str) -> Read<i64> {
        let number = match &self.value {
            Value::String(_, text) if self.origin.is_loose() => text.trim().parse().ok(),
            value => value.to_i128().and_then(|number| i64::try_from(number).ok()),
        };
        number.ok_or_else(|| self.is_not("a whole number", remedy))
    }

    /// Its number.
    pub(super) fn number(&self, remedy: &str) -> Read<f64> {
        let number = match &self.value {
            Value::String(_, text) if self.origin.is_loose() => text.trim().parse().ok(),
            value => value.to_f64().or_else(|| value.to_i128()?.to_string().parse().ok()),
        };
        number.ok_or_else(|| self.is_not("a number", remedy))
    }

    fn boolean(&self) -> Read<bool> {
        let boolean = match &self.value {
            Value::String(_, text) if self.origin.is_loose() => text.trim().parse().ok(),
            value => value.to_bool(),
        };
        boolean
            .ok_or_else(|| self.mistake(format!("{} is neither true nor false", self.shown()), "write true or false"))
    }

    /// Its length of time; what may stand instead of one, `or` says.
    pub(super) fn duration(&self, range: &RangeInclusive<Duration>, or: &str) -> Read<Duration> {
        let (least, most) = (short(*range.start()), short(*range.end()));
        let remedy = format!("write a time with its unit, like \"90s\" or \"30d\", from {least} to {most}{or}");
        let duration = self.value.as_str().and_then(|text| humantime::parse_duration(text.trim()).ok());
        let duration = duration.ok_or_else(|| self.is_not("a length of time", &remedy))?;
        if range.contains(&duration) {
            return Ok(duration);
        }
        Err(self.mistake(format!("{} is out of range", self.shown()), remedy))
    }

    /// The value for a message: not for secrets.
    fn shown(&self) -> String {
        match &self.value {
            Value::String(_, text) => quote(text),
            Value::Bool(_, boolean) => boolean.to_string(),
            value => match (value.to_i128(), value.to_f64()) {
                (Some(number), _) => number.to_string(),
                (None, Some(number)) => number.to_string(),
                (None, None) => kind(value).to_owned(),
            },
        }
    }
}

/// The units of a length of time, as the example file writes them, and how many seconds each has.
const UNITS: [(&str, u64); 4] = [("y", 31_557_600), ("d", 86_400), ("h", 3_600), ("m", 60)];

/// A bound of a range, in the largest unit of which it is a whole number.
fn short(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let unit = UNITS.iter().find(|(_, length)| seconds >= *length && seconds.is_multiple_of(*length));
    unit.map_or_else(|| format!("{seconds}s"), |(unit, length)| format!("{}{unit}", seconds / length))
}

/// What kind of value it is, in the words of a message that may not repeat it.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(..) | Value::Char(..) => "a text",
        Value::Bool(..) => "true or false",
        Value::Num(..) => "a number",
        Value::Dict(..) => "a table",
        Value::Array(..) => "a list",
        Value::Empty(..) => "nothing",
    }
}

/// The items of a list that was written as a mere text; `None` where it begins like TOML and is none.
fn loose_list(text: &str) -> Option<Vec<String>> {
    let text = text.trim();
    if !text.starts_with('[') {
        return Some(text.split(',').map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect());
    }
    toml_list(text)?.iter().map(loose_item).collect()
}

/// The items of a text that is a list in TOML.
fn toml_list(text: &str) -> Option<Vec<Value>> {
    let table: Dict = Toml::from_str(&format!("list = {text}")).ok()?;
    // A line end in the text would let it set more than the list.
    let [(_, Value::Array(_, items))] = <[_; 1]>::try_from(Vec::from_iter(table)).ok()? else { return None };
    Some(items)
}

/// The items of a list of tables that was written as a mere text, as if they came from where the text did.
fn loose_tables(text: &str, tag: Tag) -> Option<Vec<Value>> {
    let items = if text.trim().is_empty() { Vec::new() } else { toml_list(text.trim())? };
    Some(items.into_iter().map(|item| tagged(item, tag)).collect())
}

fn tagged(value: Value, tag: Tag) -> Value {
    match value {
        Value::String(_, text) => Value::String(tag, text),
        Value::Char(_, char) => Value::Char(tag, char),
        Value::Bool(_, boolean) => Value::Bool(tag, boolean),
        Value::Num(_, number) => Value::Num(tag, number),
        Value::Empty(_, empty) => Value::Empty(tag, empty),
        Value::Dict(_, values) => {
            Value::Dict(tag, values.into_iter().map(|(name, value)| (name, tagged(value, tag))).collect())
        }
        Value::Array(_, items) => Value::Array(tag, items.into_iter().map(|item| tagged(item, tag)).collect()),
    }
}

fn loose_item(item: &Value) -> Option<String> {
    match item {
        Value::String(_, text) => Some(text.clone()),
        number => number.to_i128().map(|number| number.to_string()),
    }
}
