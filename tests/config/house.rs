//! A directory with a configuration in it, an environment, and short texts to put into them.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use cardwatch::config::{Config, Environment, LoadRequest, Loaded, Problems, load};
use tempfile::TempDir;

/// Where a configuration lives. Nothing of this machine or process gets into it.
pub(crate) struct House {
    directory: TempDir,
    environment: Vec<(String, String)>,
    overrides: Vec<(String, String)>,
}

impl House {
    pub(crate) fn empty() -> Self {
        Self { directory: TempDir::new().unwrap(), environment: Vec::new(), overrides: Vec::new() }
    }

    /// With this `config.toml`, which others may not read.
    pub(crate) fn with(text: &str) -> Self {
        Self::empty().file("config.toml", text)
    }

    pub(crate) fn file(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        fs::write(self.path(name), text).unwrap();
        self.mode(name, 0o600)
    }

    pub(crate) fn mode(self, name: &str, mode: u32) -> Self {
        fs::set_permissions(self.path(name), Permissions::from_mode(mode)).unwrap();
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With `$CREDENTIALS_DIRECTORY` at this very place.
    pub(crate) fn credentials(self) -> Self {
        let directory = self.path("").to_str().unwrap().to_owned();
        self.variable("CREDENTIALS_DIRECTORY", &directory)
    }

    pub(crate) fn flag(mut self, key: &str, value: &str) -> Self {
        self.overrides.push((key.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn request(&self) -> LoadRequest {
        LoadRequest {
            overrides: self.overrides.clone(),
            directory: self.directory.path().to_owned(),
            system_file: PathBuf::from("etc/config.toml"),
            ..LoadRequest::new(Environment::from_iter(self.environment.clone()))
        }
    }

    pub(crate) fn load(&self) -> Result<Loaded, Problems> {
        load(&self.request())
    }

    pub(crate) fn config(&self) -> Config {
        self.load().unwrap_or_else(|problems| panic!("{problems}")).config
    }

    pub(crate) fn warnings(&self) -> Vec<String> {
        self.load().unwrap_or_else(|problems| panic!("{problems}")).warnings
    }

    /// The mistakes, a line each, with this house's directory written as `HOUSE`.
    pub(crate) fn mistakes(&self) -> String {
        let directory = self.directory.path().to_str().unwrap();
        self.load().expect_err("there are mistakes").to_string().replace(directory, "HOUSE")
    }
}

/// A configuration of one instance, with these lines instead of, or besides, its own.
pub(crate) fn acme(lines: &str) -> String {
    section("instances.acme", &["url = 'https://acme.domo.com'", "access_token = 'token'", "pages = [1234]"], lines)
}

/// A configuration of one instance, without one of its keys.
pub(crate) fn acme_without(key: &str) -> String {
    acme("").lines().filter(|line| key_of(line) != key).map(|line| line.to_owned() + "\n").collect()
}

/// A configuration with mail and with these lines in `[email]`.
pub(crate) fn email(lines: &str) -> String {
    let own = ["smtp = 'smtp://localhost'", "from = 'cardwatch@example.com'", "to = ['admins@example.com']"];
    section("email", &own, lines) + &acme("")
}

/// A configuration with these lines in some other section.
pub(crate) fn also(name: &str, lines: &str) -> String {
    section(name, &[], lines) + &acme("")
}

fn section(name: &str, own: &[&str], lines: &str) -> String {
    let kept = own.iter().filter(|own| !lines.lines().any(|line| key_of(line) == key_of(own)));
    let mut text = format!("[{name}]\n");
    for line in kept.copied().chain(lines.lines()) {
        text += line;
        text += "\n";
    }
    text
}

fn key_of(line: &str) -> &str {
    line.split_once('=').map_or(line, |(key, _)| key).trim()
}
