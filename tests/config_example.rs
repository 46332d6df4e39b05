//! `config.toml.example` tells the truth: it loads, it names every key, and its defaults are the defaults.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use cardwatch::config::{Config, Environment, LoadRequest, Loaded, Problem, Problems, known_keys, load};
use figment::providers::{Format, Toml};
use figment::value::{Dict, Value};
use tempfile::TempDir;

const EXAMPLE: &str = include_str!("../config.toml.example");

/// What a configuration needs besides defaults.
const LEAST: &str = r#"
    [email]
    smtp = "smtp://localhost"
    from = "a@example.com"
    to = ["b@example.com"]
    [instances.acme]
    url = "https://acme.domo.com"
    access_token = "token"
    pages = "all"
"#;

/// Loads a text beside the secrets and files that the example names.
fn loaded(text: &str) -> Result<Loaded, Problems> {
    let house = TempDir::new().unwrap();
    let at = |name: &str| house.path().join(name);
    for secret in ["acme-token", "http-password", "smtp-password", "globex-password"] {
        fs::write(at(secret), "a secret").unwrap();
        fs::set_permissions(at(secret), Permissions::from_mode(0o600)).unwrap();
    }
    fs::write(at("acme-token"), "token").unwrap();
    fs::write(at("acme-heartbeat"), "https://hc-ping.com/5bf66975").unwrap();
    fs::set_permissions(at("acme-heartbeat"), Permissions::from_mode(0o600)).unwrap();
    fs::write(at("mail-ca.pem"), include_str!("tls/ca.pem")).unwrap();
    fs::write(at("config.toml"), text.replace("/etc/cardwatch", house.path().to_str().unwrap())).unwrap();
    let environment = Environment::from_iter([("CREDENTIALS_DIRECTORY", house.path().to_str().unwrap())]);
    load(&LoadRequest { directory: house.path().to_owned(), ..LoadRequest::new(environment) })
}

/// The example with each key that it leaves out put in.
fn whole() -> String {
    EXAMPLE.lines().map(|line| uncommented(line).unwrap_or(line).to_owned() + "\n").collect()
}

/// The key of a line that leaves one out.
fn uncommented(line: &str) -> Option<&str> {
    line.strip_prefix('#').filter(|key| key.starts_with(|c: char| c.is_ascii_lowercase() || c == '['))
}

fn keys_of(text: &str) -> Dict {
    Toml::from_str(text).unwrap()
}

fn find<'a>(dict: &'a Dict, path: &str) -> Option<&'a Value> {
    match path.split_once('.') {
        None => dict.get(path),
        Some((parent, rest)) => find(dict.get(parent)?.as_dict()?, rest),
    }
}

/// A known key in the example, in whichever of its instances shows it.
fn shown<'a>(example: &'a Dict, path: &str) -> Option<&'a Value> {
    ["acme", "globex"].iter().find_map(|name| find(example, &path.replace('*', name)))
}

/// A value as TOML.
fn toml(value: &Value) -> String {
    match value {
        Value::String(_, text) => format!("{text:?}"),
        Value::Bool(_, boolean) => boolean.to_string(),
        Value::Array(_, items) => format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", ")),
        number => number.to_i128().unwrap().to_string(),
    }
}

#[test]
fn the_example_loads_as_it_stands_without_a_warning() {
    assert_eq!(loaded(EXAMPLE).unwrap().warnings, Vec::<String>::new());
}

#[test]
fn the_example_loads_with_each_key_that_it_leaves_out() {
    let lines: Vec<&str> = EXAMPLE.lines().filter_map(uncommented).collect();
    assert!(lines.len() > 10, "only {lines:?} are left out, which is fewer than there were");

    let config = loaded(&whole()).unwrap().config;

    assert_eq!(config.instances.len(), 2);
    assert!(config.email.unwrap().login.is_some());
}

#[test]
fn the_example_names_every_known_key() {
    let example = keys_of(&whole());
    let missing: Vec<&str> =
        known_keys().iter().map(|key| key.path).filter(|path| shown(&example, path).is_none()).collect();

    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn each_key_with_a_default_stands_in_the_example_with_that_default() {
    let example = keys_of(EXAMPLE);
    let default = loaded(LEAST).unwrap().config;

    for key in known_keys().iter().filter(|key| key.default.is_some()) {
        let (section, leaf) = key.path.rsplit_once('.').unwrap();
        let value = toml(shown(&example, key.path).unwrap_or_else(|| panic!("{} is left out", key.path)));
        // The same section a second time, as dotted keys at the top, where TOML allows it.
        let path = format!("{section}.{leaf}").replace('*', "acme");
        let text = if section == "instances.*" {
            format!("{LEAST}\n{leaf} = {value}")
        } else {
            format!("{path} = {value}\n{LEAST}")
        };
        let config = loaded(&text).unwrap_or_else(|problems| panic!("{problems}")).config;
        assert_eq!(without_directory(config), without_directory(default.clone()), "{path} = {value}");
    }
}

/// Each test has a directory of its own, which the database's default path shows.
fn without_directory(mut config: Config) -> Config {
    config.storage.path = Path::new(config.storage.path.file_name().unwrap()).to_owned();
    config
}

#[test]
fn every_known_key_is_read_and_refuses_what_it_cannot_be() {
    for path in known_keys().iter().map(|key| key.path.replace('*', "acme")) {
        let problems = loaded(&format!("{path} = [[true]]")).unwrap_err();
        // The number of an item of a list may stand behind the key.
        let key = |problem: &Problem| problem.key.as_ref().map(|key| key.split('#').next().unwrap().to_owned());
        let named = problems.0.iter().any(|problem| key(problem).as_ref() == Some(&path));
        assert!(named, "{path} is not named in:\n{problems}");
    }
}
