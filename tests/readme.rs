//! What the README names, there is, and what it has to name, it names: metrics, and the Rust that builds cardwatch.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const README: &str = include_str!("../README.md");
const MANIFEST: &str = include_str!("../Cargo.toml");

/// The parts of a text that look like names of metrics, each behind what stands before it.
fn metrics_of(text: &str, before: &str) -> BTreeSet<String> {
    let opening = format!("{before}cardwatch_");
    let name = |rest: &str| {
        rest[before.len()..].chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect::<String>()
    };
    text.match_indices(&opening).map(|(at, _)| name(&text[at..])).collect()
}

/// The metrics that the sources make: their names are texts of their own.
fn made() -> BTreeSet<String> {
    fn look_through(folder: &Path, made: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                look_through(&path, made);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                made.append(&mut metrics_of(&fs::read_to_string(&path).unwrap(), "\""));
            }
        }
    }
    let mut made = BTreeSet::new();
    look_through(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut made);
    made
}

/// Those in the README's table. Names that begin alike are written once and then as `…` and their ends.
fn named(made: &BTreeSet<String>) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for row in README.lines().filter(|line| line.starts_with("| `cardwatch_")) {
        named.append(&mut metrics_of(row, "`"));
        for end in row.split("`…").skip(1).filter_map(|rest| rest.split('`').next()) {
            named.extend(made.iter().filter(|name| name.ends_with(end)).cloned());
        }
    }
    named
}

#[test]
fn the_readme_names_each_metric_and_no_other() {
    let made = made();
    assert!(made.len() > 20, "{made:?}");
    assert_eq!(named(&made), made);
}

#[test]
fn the_readme_asks_for_the_rust_that_the_manifest_asks_for() {
    let minimum = MANIFEST.split("\nrust-version = \"").nth(1).unwrap().split('"').next().unwrap();
    assert!(README.contains(&format!("({minimum} or newer")), "README.md should ask for Rust {minimum}");
}
