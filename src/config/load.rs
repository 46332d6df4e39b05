//! From a request to a configuration. Owns finding the file and the order of the steps: find, merge, read,
//! and tell all mistakes at once; it does not own what any key means.

use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::layers::{self, Layers};
use super::problems::Problems;
use super::reading::Reading;
use super::section::{Read, Section, Told};
use super::valid::{Alerts, Config};
use super::{email, house, instance};
use crate::domain::foreign::without_number;

/// What a configuration is made from.
pub struct LoadRequest {
    /// The file that `--config` names.
    pub file: Option<PathBuf>,
    /// Keys that flags set: dotted path and value, the latter written as an environment variable would say it.
    pub overrides: Vec<(String, String)>,
    /// The environment.
    pub environment: Environment,
    /// What relative paths are relative to; empty = the working directory of the process.
    pub directory: PathBuf,
    /// Where the file is looked for last.
    pub system_file: PathBuf,
    /// Whether secrets are fetched; where nobody signs in anywhere, they are left where they are.
    pub fetch_secrets: bool,
}

impl LoadRequest {
    /// What the environment alone asks for.
    pub fn new(environment: Environment) -> Self {
        Self {
            file: None,
            overrides: Vec::new(),
            environment,
            directory: PathBuf::new(),
            system_file: PathBuf::from("/etc/cardwatch/config.toml"),
            fetch_secrets: true,
        }
    }
}

/// A configuration and what came with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// The file that was read.
    pub path: PathBuf,
    /// What is allowed and perhaps not meant, in sentences for the log.
    pub warnings: Vec<String>,
}

/// Finds the file, merges defaults < file < environment < flags, and parses the whole.
pub fn load(request: &LoadRequest) -> Result<Loaded, Problems> {
    let named = find(request)?;
    let text = read(&named.display().to_string(), &request.directory.join(&named))?;
    load_text(request, &named, &text)
}

/// As [`load`], of a file whose text is known already.
pub fn load_text(request: &LoadRequest, named: &Path, text: &str) -> Result<Loaded, Problems> {
    let name = named.display().to_string();
    let path = request.directory.join(named);
    let (environment, mut problems) = layers::environment(&request.environment);
    let (flags, more) = layers::flags(&request.overrides);
    problems.extend(more);
    let layers = Layers::merge(layers::file(&name, text)?, environment, flags);
    let reading = Reading::new(&layers, request, &name, problems);
    let config = config(Section::root(&reading));
    let findings = reading.finish();
    let mut warnings = findings.warnings;
    if findings.inline_secret && is_open(&path) {
        warnings.push(format!("{name}: it holds a secret and may be read by others; run: chmod 600 {name}"));
    }
    for (variable, option) in request.environment.of_options() {
        warnings.push(format!("{variable}: the environment does not set this; use {option}"));
    }
    match config {
        Ok(config) if findings.problems.is_empty() => Ok(Loaded { config, path, warnings }),
        Ok(_) | Err(Told) => Err(Problems(findings.problems)),
    }
}

fn config(mut root: Section<'_>) -> Read<Config> {
    let storage = house::storage(&mut root);
    let http = house::http(&mut root);
    let email = email::read(&mut root);
    let alerts = house::alerts(&mut root);
    let metrics = house::metrics(&mut root);
    let instances = instance::read_all(&mut root);
    if let (Ok(None), Ok(Alerts { owners: Some(_), .. })) = (&email, &alerts) {
        root.reading.warn(
            "alerts.notify_owners: there is no [email] section, so no owner is mailed; add it, or set this to false",
        );
    }
    root.finish();
    Ok(Config {
        storage: storage?,
        http: http?,
        email: email?,
        alerts: alerts?,
        metrics: metrics?,
        instances: instances?,
    })
}

/// The file to read: the one that is named, or the first that is there.
fn find(request: &LoadRequest) -> Result<PathBuf, Problems> {
    let from_environment = request.environment.filled("CARDWATCH_CONFIG").map(PathBuf::from);
    if let Some(named) = request.file.clone().or(from_environment) {
        return Ok(named);
    }
    let places = [PathBuf::from("config.toml"), request.system_file.clone()];
    let [own, system] = places.each_ref().map(|place| place.display().to_string());
    places.into_iter().find(|place| may_be_there(&request.directory.join(place))).ok_or_else(|| {
        let what = format!("--config and $CARDWATCH_CONFIG name no file, and there is neither ./{own} nor {system}");
        Problems::one("no configuration", what, "copy config.toml.example to one of these and fill it in")
    })
}

/// Only what is surely missing is passed over: who may not look into the folder is told so when the file is read.
fn may_be_there(path: &Path) -> bool {
    let missing = |error: io::Error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory);
    !path.metadata().is_err_and(missing)
}

fn read(name: &str, path: &Path) -> Result<String, Problems> {
    std::fs::read_to_string(path).map_err(|error| match error.kind() {
        ErrorKind::InvalidData => Problems::one(name, "it is not UTF-8", "save it as UTF-8"),
        _ => Problems::one(
            name,
            format!("cannot read the configuration: {}", without_number(&error.to_string())),
            "name a file that is there and readable, or copy config.toml.example to it",
        ),
    })
}

fn is_open(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.mode() & 0o077 != 0)
}
