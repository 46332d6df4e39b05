//! One reading of a configuration. Owns what all readers share: the layers, the surroundings that values
//! refer to, and the mistakes and warnings found so far, which are told together at the end.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use figment::value::Value;

use super::environment::{Environment, variable};
use super::keys;
use super::layers::{Layers, Origin};
use super::load::LoadRequest;
use super::problems::{Mistake, Problem, escape};
use super::section::Told;

/// What is wrong with a key that nobody knows.
const UNKNOWN: &str = "unknown key";

/// What all readers share.
pub(super) struct Reading<'a> {
    /// The merged sources.
    pub(super) layers: &'a Layers,
    /// What `{ env = … }` and systemd's directories are looked up in.
    pub(super) environment: &'a Environment,
    /// See [`LoadRequest::fetch_secrets`].
    pub(super) fetch_secrets: bool,
    file: &'a str,
    directory: &'a Path,
    problems: RefCell<Vec<Problem>>,
    warnings: RefCell<Vec<String>>,
    secret_variables: RefCell<BTreeSet<String>>,
    inline_secret: RefCell<bool>,
}

/// What a reading found besides values.
pub(super) struct Findings {
    /// The mistakes, in the order in which they were found.
    pub(super) problems: Vec<Problem>,
    /// What is allowed and perhaps not meant.
    pub(super) warnings: Vec<String>,
    /// Whether the file itself holds a secret.
    pub(super) inline_secret: bool,
}

impl<'a> Reading<'a> {
    /// Begins with the mistakes that the sources made. `file` is what the file is called in problems.
    pub(super) fn new(layers: &'a Layers, request: &'a LoadRequest, file: &'a str, problems: Vec<Problem>) -> Self {
        Self {
            layers,
            environment: &request.environment,
            fetch_secrets: request.fetch_secrets,
            file,
            directory: &request.directory,
            problems: RefCell::new(problems),
            warnings: RefCell::default(),
            secret_variables: RefCell::default(),
            inline_secret: RefCell::default(),
        }
    }

    /// Reports a mistake of the key at `path`, whose value came from `origin`.
    pub(super) fn mistake(&self, origin: Origin, path: &str, mistake: Mistake) -> Told {
        let source = match origin {
            Origin::Default | Origin::File => self.file.to_owned(),
            Origin::Environment => escape(&variable(path)),
            Origin::Flag => "command line".to_owned(),
        };
        let Mistake { what, remedy } = mistake;
        self.problems.borrow_mut().push(Problem { source, key: Some(escape(path)), what, remedy });
        Told
    }

    /// Reports a key that nobody knows; of the environment, each variable below it.
    pub(super) fn unknown(&self, value: &Value, path: &str) {
        let origin = self.layers.origin(value);
        let nearest = match (origin, value) {
            (Origin::Environment, Value::Dict(_, below)) => {
                return below.iter().for_each(|(name, value)| self.unknown(value, &format!("{path}.{name}")));
            }
            // A variable can set a key, and never a section.
            (Origin::Environment, _) => keys::nearest_key(path).map(|key| variable(&key)),
            _ => keys::nearest(path),
        };
        self.unlike(origin, path, &nearest.unwrap_or_default());
    }

    /// Reports a key that nobody knows, and one that is known.
    pub(super) fn unlike(&self, origin: Origin, path: &str, nearest: &str) {
        let remedy = format!("the nearest known key is {}", escape(nearest));
        self.mistake(origin, path, Mistake::new(UNKNOWN, remedy));
    }

    /// Warns.
    pub(super) fn warn(&self, warning: impl Into<String>) {
        self.warnings.borrow_mut().push(warning.into());
    }

    /// Where a path leads that a value gave.
    pub(super) fn path(&self, given: &str) -> PathBuf {
        self.directory.join(given)
    }

    /// Notes a variable that holds a secret: whatever it is called, it is no key.
    pub(super) fn secret_variable(&self, name: &str) {
        self.secret_variables.borrow_mut().insert(name.to_owned());
    }

    /// Notes that a secret stands in the file as text.
    pub(super) fn inline_secret(&self) {
        self.inline_secret.replace(true);
    }

    /// Ends the reading.
    pub(super) fn finish(self) -> Findings {
        let secret_variables = self.secret_variables.into_inner();
        let mut problems = self.problems.into_inner();
        problems.retain(|problem| !secret_variables.contains(&problem.source) || problem.what != UNKNOWN);
        let warnings = self.warnings.into_inner();
        Findings { problems, warnings, inline_secret: self.inline_secret.into_inner() }
    }
}
