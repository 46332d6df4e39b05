//! What we ship, as far as it can be looked at without being installed: systemd has nothing to say about the unit, which
//! locks the daemon up as far as a daemon with a network can be. Needs `systemd-analyze`, of Debian's package `systemd`.
//! `systemd/` tries package and unit on a machine.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const UNIT: &str = include_str!("../deploy/cardwatch.service");

fn analyze(arguments: &[&str]) -> Output {
    Command::new("systemd-analyze").args(arguments).output().expect("systemd-analyze: install Debian's package systemd")
}

fn everything_said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A unit as it would be where the package is installed: its command exists.
fn install(unit: &str, folder: &Path) -> String {
    let installed =
        unit.replacen("ExecStart=/usr/bin/cardwatch", concat!("ExecStart=", env!("CARGO_BIN_EXE_cardwatch")), 1);
    assert_ne!(installed, unit, "the unit starts /usr/bin/cardwatch");
    let path = folder.join("cardwatch.service");
    fs::write(&path, installed).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn systemd_has_nothing_to_say_about_the_unit() {
    let folder = TempDir::new().unwrap();
    let verified = analyze(&["verify", &install(UNIT, folder.path())]);
    assert_eq!(everything_said(&verified), "");
    assert!(verified.status.success());
}

#[test]
fn systemd_would_say_so_if_a_key_of_the_unit_were_unknown() {
    let folder = TempDir::new().unwrap();
    let unit = UNIT.replacen("WatchdogSec=60", "WatchDogSeconds=60", 1);
    let verified = analyze(&["verify", &install(&unit, folder.path())]);
    assert!(everything_said(&verified).contains("WatchDogSeconds"));
}

#[test]
fn the_exposure_of_the_unit_is_at_most_1_5_of_10() {
    let folder = TempDir::new().unwrap();
    let path = install(UNIT, folder.path());
    let judged = analyze(&["security", "--offline=true", "--threshold=15", "--no-pager", &path]);
    assert!(judged.status.success(), "{}", everything_said(&judged));
}

#[test]
fn the_changelog_of_the_package_begins_with_its_version() {
    let changelog = include_str!("../deploy/debian/changelog");
    assert!(changelog.starts_with(concat!("cardwatch (", env!("CARGO_PKG_VERSION"), "-1) ")), "{changelog}");
}
