//! Where a secret comes from: text, file, environment variable, or systemd credential. Owns fetching it and
//! the mistakes of doing so, none of which repeats the secret; it does not own what the secret is for.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use figment::value::Value;

use super::layers::Origin;
use super::problems::{Mistake, escape, quote};
use super::secret::Secret;
use super::section::{Entry, Read, Section, kind};
use crate::domain::foreign::without_number;

/// The longest secret, in bytes: what is longer is surely the wrong file.
const LIMIT: u64 = 65_536;

const FORMS: &str = "write it as a text, or as { file = \"…\" }, { env = \"…\" } or { credential = \"…\" }";

/// Fetches the secret that a value is, or points to.
pub(super) fn read(entry: Entry<'_>) -> Read<Secret> {
    read_from(entry).map(|(secret, _)| secret)
}

/// What holds a secret, in the words of a message; `None` = the value itself.
type Holder = Option<String>;

/// As [`read`], with what holds the secret.
pub(super) fn read_from(entry: Entry<'_>) -> Read<(Secret, Holder)> {
    let place = entry.without_value();
    match entry.value {
        Value::String(_, text) => {
            if place.origin == Origin::File {
                place.reading.inline_secret();
            }
            clean(&place, &text, None)
        }
        Value::Dict(_, values) => {
            let mut section = Section::small(&place, values, &["file", "env", "credential"]);
            let sources = highest([section.take("file"), section.take("env"), section.take("credential")]);
            section.finish_small();
            match sources {
                [Some(file), None, None] => from_file(&file),
                [None, Some(variable), None] => from_variable(&variable),
                [None, None, Some(name)] => from_credential(&name),
                [None, None, None] => Err(place.mistake("the table does not say where the secret is", FORMS)),
                _ => Err(place.mistake("the table names several places for one secret", "name one place")),
            }
        }
        other => Err(place.mistake(format!("{} is not a secret", kind(&other)), FORMS)),
    }
}

/// The sources that the highest layer names: the environment may move a secret that the file puts elsewhere.
fn highest(sources: [Option<Entry<'_>>; 3]) -> [Option<Entry<'_>>; 3] {
    let highest = sources.iter().flatten().map(|entry| entry.origin).max();
    sources.map(|source| source.filter(|entry| Some(entry.origin) == highest))
}

/// Cuts one trailing newline, which editors leave in files.
fn clean(entry: &Entry<'_>, text: &str, holder: Holder) -> Read<(Secret, Holder)> {
    let secret = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
    if secret.is_empty() {
        let what = format!("{} is empty", holder.as_deref().unwrap_or("the secret"));
        return Err(entry.mistake(what, "put the secret there"));
    }
    Ok((Secret::new(secret), holder))
}

/// What stands for a secret that nobody is going to use.
fn left_there() -> (Secret, Holder) {
    (Secret::new(""), None)
}

/// The name of the place where a secret is.
fn name<'a>(entry: &'a Entry<'_>, remedy: &str) -> Read<&'a str> {
    match entry.text()? {
        "" => Err(entry.mistake("the name is empty", remedy)),
        name => Ok(name),
    }
}

fn from_variable(entry: &Entry<'_>) -> Read<(Secret, Holder)> {
    let name = name(entry, "name the variable")?;
    entry.reading.secret_variable(name);
    let variable = format!("the environment variable {}", quote(name));
    match entry.reading.environment.get(name) {
        _ if !entry.reading.fetch_secrets => Ok(left_there()),
        Some(text) => clean(entry, text, Some(variable)),
        None => Err(entry.mistake(format!("the environment variable {} is not set", quote(name)), "set it")),
    }
}

fn from_credential(entry: &Entry<'_>) -> Read<(Secret, Holder)> {
    let name = entry.text()?;
    if name.is_empty() || name.contains('/') || name == "." || name == ".." {
        let what = format!("{} is not the name of a credential", quote(name));
        return Err(entry.mistake(what, "write the name that LoadCredential= gives it, without a path"));
    }
    if !entry.reading.fetch_secrets {
        return Ok(left_there());
    }
    let Some(directory) = entry.reading.environment.filled("CREDENTIALS_DIRECTORY") else {
        let remedy = format!(
            "start cardwatch by systemd with LoadCredential={}:PATH, or set CREDENTIALS_DIRECTORY to a folder that holds a file of that name",
            escape(name)
        );
        return Err(entry.mistake(format!("there are no credentials to read {} from", quote(name)), remedy));
    };
    let path = entry.reading.path(directory).join(name);
    fetch(entry, &path, Owner::Systemd)
}

fn from_file(entry: &Entry<'_>) -> Read<(Secret, Holder)> {
    let path = entry.reading.path(name(entry, "name the file")?);
    fetch(entry, &path, Owner::Operator)
}

/// Who sets the mode of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// The operator, who may have forgotten it.
    Operator,
    /// systemd, which keeps the whole directory to the service.
    Systemd,
}

fn fetch(entry: &Entry<'_>, path: &Path, owner: Owner) -> Read<(Secret, Holder)> {
    if !entry.reading.fetch_secrets {
        return Ok(left_there());
    }
    let text = contents(path, owner).map_err(|Mistake { what, remedy }| entry.mistake(what, remedy))?;
    clean(entry, &text, Some(format!("the secret file {}", quote(&path.to_string_lossy()))))
}

fn contents(path: &Path, owner: Owner) -> Result<String, Mistake> {
    let shown = quote(&path.to_string_lossy());
    let failed = |error: std::io::Error| {
        let remedy = match owner {
            Owner::Operator => "put the secret there, readable by the user that runs cardwatch alone",
            Owner::Systemd => "add it to the unit by LoadCredential=",
        };
        let why = without_number(&error.to_string());
        Mistake::new(format!("cannot read the secret file {shown}: {why}"), remedy)
    };
    // Before it is opened: opening a pipe would wait for whoever writes to it.
    if !path.metadata().map_err(failed)?.is_file() {
        let what = format!("the secret file {shown} is not a regular file");
        return Err(Mistake::new(what, "name the file that holds the secret"));
    }
    let file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.mode();
    if owner == Owner::Operator && mode & 0o077 != 0 {
        let what = format!("the secret file {shown} may be read by others (its mode is {:04o})", mode & 0o7777);
        return Err(Mistake::new(what, format!("run: chmod 600 {}", path.display())));
    }
    let mut bytes = Vec::new();
    file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
    let remedy = "name the file that holds the secret alone";
    if u64::try_from(bytes.len()).is_ok_and(|length| length > LIMIT) {
        return Err(Mistake::new(format!("the secret file {shown} is longer than {LIMIT} bytes"), remedy));
    }
    String::from_utf8(bytes).map_err(|_| Mistake::new(format!("the secret file {shown} is not UTF-8"), remedy))
}
