//! The runbook as its readers see it: headings, the messages that they and the tables name, links.

use std::collections::BTreeSet;
use std::path::Path;

use crate::messages::plain;

/// Headings that begin so name alerts.
const ALERT: &str = "Cardwatch";

/// What the first column of a table of messages is called.
const COLUMNS: [&str; 2] = ["message", "subject"];

pub(crate) struct Book(String);

impl Book {
    pub(crate) fn read() -> Self {
        Self::at(&Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/runbook.md"))
    }

    /// Another text in Markdown.
    pub(crate) fn at(path: &Path) -> Self {
        Self(std::fs::read_to_string(path).unwrap())
    }

    /// Every heading, without its signs.
    pub(crate) fn headings(&self) -> Vec<&str> {
        self.lines_of_headings().into_iter().map(|line| line.trim_start_matches('#').trim()).collect()
    }

    fn lines_of_headings(&self) -> Vec<&str> {
        let mut in_code = false;
        let mut found = Vec::new();
        for line in self.0.lines() {
            in_code ^= line.starts_with("```");
            if line.starts_with('#') && !in_code {
                found.push(line);
            }
        }
        found
    }

    pub(crate) fn alerts(&self) -> BTreeSet<String> {
        let is_alert = |heading: &&str| heading.starts_with(ALERT);
        self.headings().into_iter().filter(is_alert).map(str::to_owned).collect()
    }

    /// The messages that headings and tables name. Those above the third level are chapters.
    pub(crate) fn entries(&self) -> Vec<String> {
        let sections = self.lines_of_headings().into_iter().filter_map(|line| line.strip_prefix("### "));
        let of_messages = sections.filter(|heading| !heading.starts_with(ALERT));
        of_messages.map(plain).chain(self.rows()).collect()
    }

    /// The first cells of the tables of messages.
    fn rows(&self) -> Vec<String> {
        let mut of_messages = false;
        let mut found = Vec::new();
        for line in self.0.lines() {
            let Some(row) = line.strip_prefix("| ") else {
                of_messages = false;
                continue;
            };
            let first = row.split(" | ").next().unwrap();
            if COLUMNS.contains(&first) {
                of_messages = true;
            } else if of_messages && !first.starts_with("---") {
                found.push(plain(first));
            }
        }
        found
    }

    /// Where each heading is reached, as GitHub and the daemon make it.
    pub(crate) fn anchors(&self) -> BTreeSet<String> {
        self.headings().into_iter().map(anchor).collect()
    }

    /// Where the links of the text lead.
    pub(crate) fn links(&self) -> Vec<String> {
        let ends = self.0.split("](").skip(1);
        ends.map(|rest| rest.split(')').next().unwrap().to_owned()).collect()
    }
}

fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}
