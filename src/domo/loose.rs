//! JSON taken as it comes. Owns the building blocks of the wire shapes that accept any value, keep what
//! is of use, and skip the rest without holding it; it knows no field of Domo's.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::conceal::Secrets;
use crate::domain::foreign::clipped;
use crate::domain::verdict::REASON_LIMIT;

/// The visits that come to the same value, whatever is given.
macro_rules! scalars {
    ($value:expr => $($visit:ident($given:ty)),+) => {
        $(fn $visit<E>(self, _: $given) -> Result<Self::Value, E> {
            Ok($value)
        })+
    };
}

/// A value of which only texts and whole numbers are of use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Loose {
    /// A text, clipped to [`REASON_LIMIT`] characters.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// Anything else, or nothing.
    #[default]
    Other,
}

impl Loose {
    /// The text, where it has content.
    pub(super) fn text(self) -> Option<String> {
        match self {
            Self::Text(text) if !text.trim().is_empty() => Some(text),
            Self::Text(_) | Self::Whole(_) | Self::Other => None,
        }
    }

    /// An id that is text, also where it is written as a number.
    pub(super) fn written(self) -> Option<String> {
        match self {
            Self::Whole(number) => Some(number.to_string()),
            Self::Text(_) | Self::Other => self.text(),
        }
    }

    /// Cuts secrets out of the text, where it is one.
    pub(super) fn conceal(&mut self, secrets: Secrets<'_>) {
        if let Self::Text(words) = self {
            secrets.cut(words);
        }
    }

    /// The HTTP status that an answer claims for itself: a number, where a dataset's is a word.
    pub(super) fn status(&self) -> Option<u16> {
        self.whole().and_then(|status| u16::try_from(status).ok())
    }

    /// The number: Domo writes ids now as numbers, now as text.
    pub(super) fn whole(&self) -> Option<i64> {
        match self {
            Self::Whole(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Other => None,
        }
    }
}

struct LooseVisitor;

impl<'de> Visitor<'de> for LooseVisitor {
    type Value = Loose;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    scalars! { Loose::Other => visit_bool(bool), visit_f64(f64) }

    fn visit_i64<E>(self, number: i64) -> Result<Loose, E> {
        Ok(Loose::Whole(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Loose, E> {
        Ok(i64::try_from(number).map_or(Loose::Other, Loose::Whole))
    }

    fn visit_str<E>(self, text: &str) -> Result<Loose, E> {
        Ok(Loose::Text(clipped(text, REASON_LIMIT)))
    }

    fn visit_unit<E>(self) -> Result<Loose, E> {
        Ok(Loose::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Loose, A::Error> {
        skip_map(map).map(|()| Loose::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Loose, A::Error> {
        skip_seq(seq).map(|()| Loose::Other)
    }
}

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LooseVisitor)
    }
}

fn skip_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<(), A::Error> {
    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

fn skip_seq<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<(), A::Error> {
    while seq.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

/// An object of a known shape, or any other JSON.
#[derive(Debug, Default)]
pub(super) enum Top<T> {
    /// The object.
    Object(T),
    /// JSON, but no object; or nothing.
    #[default]
    Other,
}

impl<T> Top<T> {
    /// The object, where it is one.
    pub(super) fn object(self) -> Option<T> {
        match self {
            Self::Object(object) => Some(object),
            Self::Other => None,
        }
    }
}

struct TopVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for TopVisitor<T> {
    type Value = Top<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    scalars! { Top::Other => visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64), visit_str(&str) }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Top::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Top<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Top::Object)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Top<T>, A::Error> {
        skip_seq(seq).map(|()| Top::Other)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Top<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TopVisitor(PhantomData))
    }
}

/// A list of at most `MAX` elements, what is beyond being skipped; or something that is no list.
#[derive(Debug)]
pub(super) struct Many<T, const MAX: usize = { usize::MAX }>(Option<Vec<T>>);

impl<T, const MAX: usize> Many<T, MAX> {
    /// The elements, to be changed.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut().flatten()
    }

    /// The elements; `None` where there was neither a list nor null.
    pub(super) fn listed(self) -> Option<Vec<T>> {
        self.0
    }

    /// The elements, none where there was no list.
    pub(super) fn or_none(self) -> Vec<T> {
        self.0.unwrap_or_default()
    }
}

impl<T, const MAX: usize> Default for Many<T, MAX> {
    fn default() -> Self {
        Self(None)
    }
}

struct ManyVisitor<T, const MAX: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for ManyVisitor<T, MAX> {
    type Value = Many<T, MAX>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    scalars! { Many(None) => visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64), visit_str(&str) }

    fn visit_unit<E>(self) -> Result<Many<T, MAX>, E> {
        Ok(Many(Some(Vec::new())))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Many<T, MAX>, A::Error> {
        skip_map(map).map(|()| Many(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Many<T, MAX>, A::Error> {
        let mut elements = Vec::new();
        while elements.len() < MAX {
            let Some(element) = seq.next_element()? else { return Ok(Many(Some(elements))) };
            elements.push(element);
        }
        skip_seq(seq).map(|()| Many(Some(elements)))
    }
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for Many<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ManyVisitor(PhantomData))
    }
}

/// A document that is a list, its elements being of a known shape or any other JSON. Unlike [`Many`], anything but a
/// list is another shape.
#[derive(Debug, Deserialize)]
#[serde(transparent, bound = "T: Deserialize<'de>")]
pub(super) struct Rows<T>(Vec<Top<T>>);

impl<T> Rows<T> {
    /// The elements that are of the known shape.
    pub(super) fn known(self) -> impl Iterator<Item = T> {
        self.0.into_iter().filter_map(Top::object)
    }

    /// The elements of the known shape, to be changed.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut().filter_map(|row| match row {
            Top::Object(row) => Some(row),
            Top::Other => None,
        })
    }
}
