//! `docs/runbook.md` has a section for each alert, and says of each message that tells of trouble what to do about it. It
//! names no other: who looks a message up finds it, and what is found holds.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod book;
mod messages;
mod tokens;

use std::collections::BTreeSet;
use std::path::Path;

use book::Book;

#[test]
fn every_message_of_trouble_is_in_the_runbook() {
    let book = Book::read();
    let entries = book.entries();
    let missing: Vec<String> = messages::all()
        .into_iter()
        .filter(|message| !entries.iter().any(|entry| names(entry, &message.words)))
        .map(|message| format!("src/{}: {}", message.file, message.words))
        .collect();
    assert!(missing.is_empty(), "docs/runbook.md lacks a heading or a row of a table for:\n{}", missing.join("\n"));
}

#[test]
fn the_runbook_names_no_message_that_nobody_says() {
    let messages = messages::all();
    let said = |entry: &String| messages.iter().any(|message| names(entry, &message.words));
    let unsaid: Vec<String> = Book::read().entries().into_iter().filter(|entry| !said(entry)).collect();
    assert!(
        unsaid.is_empty(),
        "docs/runbook.md has headings or rows for what src/ does not say:\n{}",
        unsaid.join("\n")
    );
}

#[test]
fn every_alert_has_its_section_and_every_section_its_alert() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/prometheus");
    let mut alerts = BTreeSet::new();
    for file in std::fs::read_dir(&folder).expect("the alerts are in deploy/prometheus") {
        let file = file.unwrap().path();
        // Tests of rules name alerts too, and are no rules.
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let named = text.lines().filter_map(|line| line.trim_start().trim_start_matches("- ").strip_prefix("alert:"));
        alerts.extend(named.map(|name| name.trim().trim_matches(['"', '\'']).to_owned()));
    }
    assert!(!alerts.is_empty(), "no alert is in {}", folder.display());
    assert_eq!(
        Book::read().alerts(),
        alerts,
        "the sections of docs/runbook.md are on the left, the rules on the right"
    );
}

#[test]
fn every_link_of_the_runbook_leads_to_one_of_its_headings() {
    let book = Book::read();
    let anchors = book.anchors();
    let leads_there = |link: &String| link.strip_prefix('#').is_some_and(|anchor| anchors.contains(anchor));
    let astray: Vec<String> = book.links().into_iter().filter(|link| !leads_there(link)).collect();
    assert!(astray.is_empty(), "{astray:?}");
}

#[test]
fn every_link_between_documents_leads_to_a_file_and_a_heading_of_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let files = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
    let mut astray = Vec::new();
    for file in files.filter(|file| file.extension().is_some_and(|extension| extension == "md")) {
        let links = Book::at(&file).links().into_iter().filter(|link| !link.contains("://"));
        astray.extend(
            links.filter(|link| !leads_somewhere(&file, link)).map(|link| format!("{}: {link}", file.display())),
        );
    }
    assert!(astray.is_empty(), "{}", astray.join("\n"));
}

fn leads_somewhere(from: &Path, link: &str) -> bool {
    let (file, anchor) = link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
    let target = if file.is_empty() { from.to_owned() } else { from.with_file_name(file) };
    target.exists() && anchor.is_none_or(|anchor| Book::at(&target).anchors().contains(anchor))
}

#[test]
fn no_two_headings_of_the_runbook_have_the_same_address() {
    let book = Book::read();
    assert_eq!(book.anchors().len(), book.headings().len());
}

/// Whether an entry is what a message says before its remedy.
fn names(entry: &str, message: &str) -> bool {
    let Some(rest) = message.strip_prefix(entry) else { return false };
    let is_over = entry.ends_with('…') || rest.is_empty();
    is_over || [";", ":", ",", " (", "…"].iter().any(|sign| rest.starts_with(sign))
}
