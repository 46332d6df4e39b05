//! The environment as a value, so that tests never touch that of their process. Owns reading it once, and
//! which of its variables are configuration keys; what their values mean belongs to the readers of keys.

use std::collections::BTreeMap;
use std::fmt;

/// What the names of cardwatch's own variables begin with.
const PREFIX: &str = "CARDWATCH_";

/// Variables of that prefix which are no keys: the file to read, and what Kubernetes sets in each container beside a
/// service named `cardwatch`.
const NO_KEYS: [&str; 2] = ["CARDWATCH_CONFIG", "CARDWATCH_PORT"];
const NO_KEY_PREFIXES: [&str; 2] = ["CARDWATCH_PORT_", "CARDWATCH_SERVICE_"];

/// Variables that somebody may take for those of options that only the command line has.
const OPTIONS: [(&str, &str); 2] = [("CARDWATCH_LOG_FORMAT", "--log-format"), ("CARDWATCH_LOG_LEVEL", "--log-level")];

/// Environment variables by name. The debug form shows names alone, for a value may be a secret.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// That of this process. Bytes that are no UTF-8 become replacement characters.
    pub fn of_process() -> Self {
        let text = |bytes: std::ffi::OsString| bytes.to_string_lossy().into_owned();
        Self(std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect())
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The value of a variable, where it is set to something.
    pub(super) fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Who runs the process, by name, as far as this says: whoever called sudo goes before whom it runs as.
    pub fn user(&self) -> Option<&str> {
        ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(|name| self.filled(name))
    }

    /// The variables that look like options of the command line, which no variable sets: name and option.
    pub(super) fn of_options(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        OPTIONS.into_iter().filter(|(name, _)| self.filled(name).is_some())
    }

    /// The variables that are configuration keys: name, path of the key, value.
    pub(super) fn keys(&self) -> impl Iterator<Item = (&str, Vec<String>, &str)> {
        self.0.iter().filter_map(|(name, value)| Some((name.as_str(), path(name)?, value.as_str())))
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Stands in a path before the number of an item, for a list has no keys: `instances.acme.maintenance#2.start`.
pub(super) const ITEM: char = '#';

/// The name of the variable that sets the key of a dotted path. What is within a list is set with the whole list.
pub(super) fn variable(path: &str) -> String {
    let path = path.split_once(ITEM).map_or(path, |(list, _)| list);
    format!("{PREFIX}{}", path.to_uppercase().replace('.', "__"))
}

fn path(name: &str) -> Option<Vec<String>> {
    let is_option = OPTIONS.iter().any(|(option, _)| *option == name);
    let no_key = is_option || NO_KEYS.contains(&name) || NO_KEY_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    let path = name.strip_prefix(PREFIX).filter(|_| !no_key)?;
    Some(path.to_lowercase().split("__").map(str::to_owned).collect())
}
