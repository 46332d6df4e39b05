//! The facts that several answers tell, under the names that the command line uses as well. Owns how they are written:
//! ids are numbers, instants RFC 3339 in UTC, what is absent is null and never left out.

use std::time::Duration;

use serde::{Serialize, Serializer};
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};

use crate::domain::ids::DatasetId;
use crate::domain::mute::{Mute, MuteEnd};
use crate::domain::owners::Owner;
use crate::domain::search::Which;
use crate::domain::shown::Shown;
use crate::domain::snapshot::InstanceSnapshot;
use crate::domain::strip::{Cell, Strip};
use crate::domain::sweep::Outcome;
use crate::domain::verdict::Class;
use crate::domain::{Timestamp, rfc3339};
use crate::store::MuteRecord;

/// An instant: RFC 3339 in UTC, to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2026-11-24T13:58:00Z")]
pub(super) struct Time(pub(super) Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&rfc3339(self.0))
    }
}

/// A page that holds a card.
#[derive(Serialize, ToSchema)]
pub(super) struct Page {
    /// Its id; negative ids are Domo's system pages.
    pub(super) id: i64,
    /// Its title.
    pub(super) title: String,
}

/// A dataset by id and name alone.
#[derive(Serialize, ToSchema)]
pub(super) struct NamedDataset {
    /// Its id, as Domo gives it.
    pub(super) id: String,
    /// Its name; its id where no list told the name.
    pub(super) name: String,
}

impl NamedDataset {
    pub(super) fn of(id: &DatasetId, snapshot: &InstanceSnapshot) -> Self {
        let name = snapshot.datasets.get(id).map(|known| known.dataset.name.clone());
        let name = name.filter(|name| !name.trim().is_empty());
        Self { id: id.to_string(), name: name.unwrap_or_else(|| id.to_string()) }
    }
}

/// A render that takes far longer than usual for its card.
#[derive(Serialize, ToSchema)]
pub(super) struct Slow {
    /// How long the latest render took, in milliseconds.
    #[schema(minimum = 0)]
    pub(super) latency_ms: u64,
    /// How long it usually took, in milliseconds.
    #[schema(minimum = 0)]
    pub(super) usual_ms: u64,
}

/// A mute: mails leave the broken card out.
#[derive(Serialize, ToSchema)]
pub(super) struct MuteNow {
    /// Why, in the words of who muted it.
    reason: String,
    /// Who muted it.
    by: String,
    /// When.
    at: Time,
    /// When its time is up; null = it holds until the card has recovered.
    until: Option<Time>,
}

impl MuteNow {
    pub(super) fn of(mute: &Mute) -> Self {
        Self { reason: mute.reason.clone(), by: mute.by.clone(), at: Time(mute.at), until: mute.until.map(Time) }
    }
}

/// A mute of the past or the present.
#[derive(Serialize, ToSchema)]
pub(super) struct PastMute {
    /// Why, in the words of who muted it.
    reason: String,
    /// Who muted it.
    by: String,
    /// When.
    at: Time,
    /// When its time is up; null = it holds until the card has recovered.
    until: Option<Time>,
    /// How it ended; null = it holds.
    ended: Option<MuteEnded>,
}

/// How a mute ended.
#[derive(Serialize, ToSchema)]
struct MuteEnded {
    /// How.
    #[schema(schema_with = mute_ends)]
    how: &'static str,
    /// When.
    at: Time,
    /// Who ended it; null where nobody had to.
    by: Option<String>,
}

impl PastMute {
    /// A mute whose time is up has expired, also where no sweep has written that down yet.
    pub(super) fn of(record: &MuteRecord, now: Timestamp) -> Self {
        let MuteNow { reason, by, at, until } = MuteNow::of(&record.mute);
        let ended = match (&record.ended, record.mute.until) {
            (Some(end), _) => Some(MuteEnded { how: end.how.name(), at: Time(end.at), by: end.by.clone() }),
            (None, Some(until)) if !record.mute.holds(now) => {
                Some(MuteEnded { how: MuteEnd::Expired.name(), at: Time(until), by: None })
            }
            (None, Some(_) | None) => None,
        };
        Self { reason, by, at, until, ended }
    }
}

/// The verdicts of the latest sweeps, the oldest first.
pub(super) fn recent(strip: Strip) -> Vec<&'static str> {
    let named = strip.cells().map(|cell| match cell {
        Cell::Working => Shown::Working,
        Cell::Broken => Shown::Broken,
        Cell::Unchecked => Shown::Unchecked,
    });
    named.map(Shown::name).collect()
}

/// The names of owners, each once.
pub(super) fn names(owners: &[Owner]) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(owners.len());
    for owner in owners {
        if !names.contains(&owner.name) {
            names.push(owner.name.clone());
        }
    }
    names
}

pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The states, as a schema.
pub(super) fn states() -> Object {
    let about = "Whether it renders. A card that was not decided for too long is unchecked.";
    one_of(about, Shown::ALL.map(Shown::name), false)
}

/// The sets of cards that can be asked for, as a schema.
pub(super) fn sets() -> Object {
    let about = "Cards of this set alone: those in a state, or muted (of the broken ones), flapping, slow and no_data (of \
                 the working ones).";
    one_of(about, Which::ALL.map(Which::name), false)
}

/// What a render of the past said, as a schema.
pub(super) fn verdicts() -> Object {
    one_of("What one render said.", [Shown::Working, Shown::Broken, Shown::Unchecked].map(Shown::name), false)
}

/// What a card can change to, as a schema.
pub(super) fn changes() -> Object {
    one_of("What the card became.", [Shown::Broken, Shown::Working].map(Shown::name), false)
}

/// Domo's classes of reasons, as a schema.
pub(super) fn classes() -> Object {
    one_of("Domo's class of the reason.", Class::ALL.map(Class::name), false)
}

/// The same of what may not be broken.
pub(super) fn classes_or_null() -> Object {
    one_of("Domo's class of the reason; null of a card that is not broken.", Class::ALL.map(Class::name), true)
}

/// How sweeps that ran to an end ended, as a schema.
pub(super) fn outcomes() -> Object {
    one_of("How the sweep ended.", Outcome::ALL.map(Outcome::name), false)
}

/// The same of sweeps that may still run.
pub(super) fn outcomes_or_null() -> Object {
    one_of("How the sweep ended; null = it runs.", Outcome::ALL.map(Outcome::name), true)
}

fn mute_ends() -> Object {
    one_of("How the mute ended.", MuteEnd::ALL.map(MuteEnd::name), false)
}

/// One of these words. An enumeration that may be null has to name null as well.
pub(super) fn one_of<const N: usize>(about: &str, names: [&'static str; N], or_null: bool) -> Object {
    let mut words: Vec<Option<&str>> = names.into_iter().map(Some).collect();
    let mut schema = ObjectBuilder::new().description(Some(about)).schema_type(Type::String);
    if or_null {
        words.push(None);
        schema = schema.schema_type(SchemaType::Array(vec![Type::String, Type::Null]));
    }
    schema.enum_values(Some(words)).build()
}
