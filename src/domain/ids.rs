//! The identities that everything else refers to, parsed once. Owns no behaviour beyond parsing
//! and printing.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The operator's name of a Domo instance: the `domo_instance` label, `[a-z0-9_-]`, 1 to 63 characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceName(Arc<str>);

impl InstanceName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a text is not the name of an instance.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a name of an instance: use 1 to 63 of a-z, 0-9, '_' and '-'")]
pub struct BadInstanceName(String);

impl FromStr for InstanceName {
    type Err = BadInstanceName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
        if (1..=63).contains(&text.len()) && text.chars().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err(BadInstanceName(text.to_owned()))
        }
    }
}

impl fmt::Display for InstanceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for InstanceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! number_id {
    ($name:ident, $doc:literal) => {
        #[doc = $doc]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number_id!(
    PageId,
    "A Domo page. Negative ids are Domo's system pages (-100000 is Overview); the id of an App Studio view serves as one too."
);
number_id!(CardId, "A Domo card, unique within its instance.");
number_id!(AppId, "An App Studio app of Domo's.");
number_id!(SweepId, "One sweep, unique within a database and ascending with time.");
number_id!(UserId, "A user of a Domo instance.");
number_id!(IncidentId, "An incident, unique within a database and never given twice.");

/// A dataset, as Domo names it: commonly a UUID, but no document promises that. Cheap to clone, since many cards
/// share one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DatasetId(Arc<str>);

impl DatasetId {
    /// The id that Domo gives; `None` for one without content.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.into()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DatasetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DatasetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
