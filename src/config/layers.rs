//! The sources on top of each other: defaults < file < environment < flags. Owns the merging, by figment,
//! and remembering where each value came from; it does not own what the values mean.

use figment::providers::{Format, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Error, Figment, Metadata, Profile, Provider};

use super::environment::Environment;
use super::keys;
use super::problems::{Problem, Problems};

/// Where a value came from, from the lowest layer to the highest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// The table of keys.
    Default,
    /// The file.
    File,
    /// An environment variable.
    Environment,
    /// The command line.
    Flag,
}

impl Origin {
    const ALL: [Self; 4] = [Self::Default, Self::File, Self::Environment, Self::Flag];

    fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::File => "file",
            Self::Environment => "environment",
            Self::Flag => "flag",
        }
    }

    /// Whether a value is a mere text, whatever type its key wants: only TOML has types.
    pub(super) fn is_loose(self) -> bool {
        match self {
            Self::File => false,
            Self::Default | Self::Environment | Self::Flag => true,
        }
    }
}

/// One source as figment takes it.
struct Layer {
    origin: Origin,
    dict: Dict,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.name())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        Ok(Map::from([(Profile::Default, self.dict.clone())]))
    }
}

/// All sources, merged.
pub(super) struct Layers {
    figment: Figment,
}

impl Layers {
    /// Merges what was written. Instances are named by the other sources, so their defaults come last to
    /// hand and lowest in the pile.
    pub(super) fn merge(file: Dict, environment: Dict, flags: Dict) -> Self {
        let written = Figment::from(Layer { origin: Origin::File, dict: file })
            .merge(Layer { origin: Origin::Environment, dict: environment })
            .merge(Layer { origin: Origin::Flag, dict: flags });
        let instances = match root(&written).remove("instances") {
            Some(Value::Dict(_, instances)) => instances.into_keys().collect(),
            _ => Vec::new(),
        };
        let defaults = Layer { origin: Origin::Default, dict: keys::defaults(&instances) };
        Self { figment: Figment::from(defaults).merge(written) }
    }

    /// The merged values.
    pub(super) fn root(&self) -> Dict {
        root(&self.figment)
    }

    /// Where a value came from.
    pub(super) fn origin(&self, value: &Value) -> Origin {
        let name = self.figment.get_metadata(value.tag()).map(|metadata| metadata.name.as_ref());
        Origin::ALL.into_iter().find(|origin| Some(origin.name()) == name).unwrap_or(Origin::File)
    }
}

/// Layers give plain tables that cannot fail, so there is always a root.
fn root(figment: &Figment) -> Dict {
    figment.data().ok().and_then(|mut profiles| profiles.remove(&Profile::Default)).unwrap_or_default()
}

/// Reads the text of a file. The words of a syntax error never repeat the line, which may hold a secret.
pub(super) fn file(name: &str, text: &str) -> Result<Dict, Problems> {
    Toml::from_str::<Dict>(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let why = error.message().replace('\n', ", ");
        Problems::one(name, format!("line {line}, column {column}: {why}"), "correct the line; this is not TOML")
    })
}

/// The keys that environment variables set.
pub(super) fn environment(environment: &Environment) -> (Dict, Vec<Problem>) {
    let (mut dict, mut problems) = (Dict::new(), Vec::new());
    for (name, path, value) in environment.keys() {
        if keys::insert(&mut dict, &path, value).is_err() {
            problems.push(twice(name, &path.join(".")));
        }
    }
    (dict, problems)
}

/// The keys that flags set.
pub(super) fn flags(overrides: &[(String, String)]) -> (Dict, Vec<Problem>) {
    let (mut dict, mut problems) = (Dict::new(), Vec::new());
    for (key, value) in overrides {
        let path: Vec<&str> = key.split('.').collect();
        if keys::insert(&mut dict, &path, value).is_err() {
            problems.push(twice("command line", key));
        }
    }
    (dict, problems)
}

fn twice(source: &str, key: &str) -> Problem {
    Problem {
        source: source.to_owned(),
        key: Some(super::problems::escape(key)),
        what: "is set twice, or as a whole and in parts".to_owned(),
        remedy: "set it once".to_owned(),
    }
}
