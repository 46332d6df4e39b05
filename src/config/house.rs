//! The sections on cardwatch itself: `[storage]`, `[http]`, `[alerts]`, `[metrics]`. Owns what their values
//! may be; their defaults stand in [`keys`](super::keys).

use std::time::Duration;

use super::address;
use super::credential;
use super::owners;
use super::problems::Mistake;
use super::section::{Read, Section};
use super::valid::{Alerts, Http, Login, Metrics, Storage};
use crate::domain::alerts::Policy;

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const MINUTE: Duration = Duration::from_mins(1);
pub(super) const HOUR: Duration = Duration::from_hours(1);
pub(super) const DAY: Duration = Duration::from_hours(24);
/// A year as humantime counts it: 365.25 days.
const YEAR: Duration = Duration::from_hours(8_766);

/// The database file, in whatever folder.
const DATABASE: &str = "cardwatch.db";

/// Longer memories than this are a slip of the pen.
const LONGEST: Duration = Duration::from_hours(100 * 8_766);

/// `[storage]`
pub(super) fn storage(root: &mut Section<'_>) -> Read<Storage> {
    let mut section = root.section("storage")?;
    let path = match section.take("path") {
        Some(entry) => entry.parse(database_path),
        None => Ok(default_path(section.reading.environment.filled("STATE_DIRECTORY"))),
    };
    let path = path.map(|path| section.reading.path(&path));
    let keep_results = section.duration("keep_results", &(HOUR..=LONGEST));
    let keep_transitions = section.duration("keep_transitions", &(DAY..=LONGEST));
    section.finish();
    Ok(Storage { path: path?, keep_results: keep_results?, keep_transitions: keep_transitions? })
}

fn database_path(text: &str) -> Result<String, Mistake> {
    if text.is_empty() {
        return Err(Mistake::new("the path is empty", "name the database file, or leave the key out"));
    }
    Ok(text.to_owned())
}

/// systemd may name several state directories, with colons between them.
fn default_path(state_directory: Option<&str>) -> String {
    match state_directory.and_then(|list| list.split(':').next()) {
        Some(directory) => format!("{directory}/{DATABASE}"),
        None => DATABASE.to_owned(),
    }
}

/// `[http]`
pub(super) fn http(root: &mut Section<'_>) -> Read<Http> {
    let mut section = root.section("http")?;
    let entry = section.set("listen");
    let listen = entry.as_ref().map_err(|told| *told).and_then(|entry| entry.parse(address::listen));
    let basic_auth = section.has("basic_auth").then(|| basic_auth(&mut section)).transpose();
    let public_without_auth = section.boolean("public_without_auth");
    section.finish();
    if let (Ok(entry), Ok(listen), Ok(None), Ok(false)) = (&entry, &listen, &basic_auth, &public_without_auth)
        && !address::is_on_loopback(*listen)
    {
        let what = format!("{listen} lets everybody in the network read, without a login");
        return Err(entry.mistake(what, PUBLIC_REMEDY));
    }
    Ok(Http { listen: listen?, basic_auth: basic_auth?, public_without_auth: public_without_auth? })
}

const PUBLIC_REMEDY: &str = "set http.basic_auth, listen on 127.0.0.1, or allow it with public_without_auth = true";

fn basic_auth(http: &mut Section<'_>) -> Read<Login> {
    let mut section = http.section("basic_auth")?;
    let login = match credential::login(&mut section) {
        Ok(None) => Err(section.mistake("names no user", "give it a username and a password, or leave it out")),
        // RFC 7617, section 2: the first colon ends the user name.
        Ok(Some(login)) if login.username.contains(':') => {
            Err(section.mistake("the user name has a colon in it", "choose one without"))
        }
        Ok(Some(login)) => Ok(login),
        Err(told) => Err(told),
    };
    section.finish();
    login
}

/// `[alerts]`
pub(super) fn alerts(root: &mut Section<'_>) -> Read<Alerts> {
    let mut section = root.section("alerts")?;
    let confirm_delay = section.duration("confirm_delay", &(Duration::ZERO..=HOUR));
    let confirmations = section.integer("confirmations", 0..=10);
    let policy = policy(&mut section);
    let owners = owners::read(&mut section);
    section.finish();
    Ok(Alerts { confirm_delay: confirm_delay?, confirmations: confirmations?, policy: policy?, owners: owners? })
}

fn policy(section: &mut Section<'_>) -> Read<Policy> {
    let recoveries = section.boolean("recoveries");
    let remind_every = section.duration_or_never("remind_every", &(MINUTE..=YEAR));
    let report_first_seen = section.boolean("report_first_seen");
    let stale_after = section.duration("stale_after", &(MINUTE..=YEAR));
    let flap_transitions = section.integer("flap_transitions", 2..=1_000);
    let flap_window = section.duration("flap_window", &(MINUTE..=YEAR));
    let blind_after = section.integer("blind_after", 1..=1_000);
    Ok(Policy {
        recoveries: recoveries?,
        remind_every: remind_every?,
        report_first_seen: report_first_seen?,
        stale_after: stale_after?,
        flap_transitions: flap_transitions?,
        flap_window: flap_window?,
        blind_after: blind_after?,
    })
}

/// `[metrics]`
pub(super) fn metrics(root: &mut Section<'_>) -> Read<Metrics> {
    let mut section = root.section("metrics")?;
    let max_broken_card_series = section.integer("max_broken_card_series", 0..=MOST_SERIES);
    section.finish();
    Ok(Metrics { max_broken_card_series: max_broken_card_series? })
}

/// More series than this hurt the Prometheus that keeps them.
const MOST_SERIES: usize = 100_000;
