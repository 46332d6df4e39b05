//! What one mail says, as data. Owns the contents and the subject; how they look as text or HTML is
//! `mail`'s. Titles, owners and reasons in it are foreign text: whoever prints them escapes them.

use super::Timestamp;
use super::cause::{self, Group};
use super::ids::{CardId, InstanceName};
use super::sight::{SightNews, Why};
use super::verdict::Reason;

/// One mail's contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The instance that it speaks of.
    pub instance: InstanceName,
    /// When the sweep behind it began.
    pub swept_at: Timestamp,
    /// The zone in which its times read.
    pub timezone: chrono_tz::Tz,
    /// How long a newly failing card was given before it was rendered again; `None` where it was believed at once.
    pub confirmed_after: Option<std::time::Duration>,
    /// Cards that broke.
    pub broke: Vec<Group<CardLine>>,
    /// Cards that were broken when they were first seen.
    pub first_seen: Vec<Group<CardLine>>,
    /// Cards that work again.
    pub recovered: Vec<CardLine>,
    /// Cards that go back and forth, of which nothing more is said until they have settled.
    pub flapping: Vec<FlappingCard>,
    /// How long a flapping card has to stay as it is until it has settled.
    pub flap_window: std::time::Duration,
    /// Whether the instance can be checked, where that is news.
    pub sight: Option<SightNews>,
    /// So much broke at once that no single card is to blame.
    pub storm: Option<Storm>,
    /// Cards that were told before and are still broken; empty unless a digest is due.
    pub still_broken: Vec<Group<CardLine>>,
    /// How it stands now.
    pub totals: Totals,
    /// What kept the sweep from its whole view.
    pub trouble: Option<String>,
}

/// One flapping card of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlappingCard {
    /// The card; its reason is why it is or was broken.
    pub line: CardLine,
    /// How often it changed within [`Report::flap_window`].
    pub changes: usize,
    /// Whether it is broken as the mail is written.
    pub broken: bool,
}

/// At least half of what worked broke in one sweep: likely Domo itself, or the service user's rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Storm {
    /// Cards that broke in this sweep.
    pub broke: usize,
    /// Cards that worked before it.
    pub of: usize,
}

/// How it stands in the instance, as gauges and pages show it too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Cards that are monitored.
    pub cards: usize,
    /// Cards that are broken now.
    pub broken: usize,
    /// Cards that could not be checked.
    pub unchecked: usize,
}

/// One card of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardLine {
    /// Its id.
    pub id: CardId,
    /// Its title.
    pub title: String,
    /// The titles of the pages that hold it.
    pub pages: Vec<String>,
    /// The display names of its owners.
    pub owners: Vec<String>,
    /// Since when it is what the report says.
    pub since: Timestamp,
    /// Why it is broken; for a recovered card why it was, where that is known.
    pub reason: Option<Reason>,
    /// Its details view in Domo.
    pub url: String,
}

impl Report {
    /// Groups the broken lines by reason; lines without one cannot be broken and are left out.
    pub fn grouped(lines: Vec<CardLine>) -> Vec<Group<CardLine>> {
        cause::by_reason(lines.into_iter().filter_map(|line| line.reason.clone().map(|reason| (reason, line))))
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        let cards = [&self.broke, &self.first_seen, &self.still_broken].into_iter().all(Vec::is_empty);
        cards && self.recovered.is_empty() && self.flapping.is_empty() && self.sight.is_none()
    }

    /// The subject line. It holds no foreign text.
    pub fn subject(&self) -> String {
        let Self { instance, totals: Totals { broken, .. }, .. } = self;
        match (&self.sight, self.changes()) {
            // What changed was seen by earlier sweeps that told nobody: neither may hide the other.
            (Some(SightNews::Lost { why: Why { brief, .. }, .. }), Some(changes)) => {
                format!("[cardwatch] {instance}: {changes} ({broken} broken now), cannot check cards: {brief}")
            }
            (Some(SightNews::Regained { .. }) | None, Some(changes)) => {
                format!("[cardwatch] {instance}: {changes} ({broken} broken now)")
            }
            (Some(SightNews::Lost { again, why: Why { brief, .. }, .. }), None) => {
                let still = if *again { "still " } else { "" };
                format!("[cardwatch] {instance}: {still}cannot check cards: {brief}")
            }
            (Some(SightNews::Regained { .. }), None) => {
                format!("[cardwatch] {instance}: checking again ({broken} broken now)")
            }
            (None, None) => format!("[cardwatch] {instance}: {} still broken", cards(count(&self.still_broken))),
        }
    }

    /// '1 card broke, 2 recovered'; `None` where no card changed.
    fn changes(&self) -> Option<String> {
        let counts = [
            (count(&self.broke), "broke"),
            (count(&self.first_seen), "broken when first seen"),
            (self.flapping.len(), "flapping"),
            (self.recovered.len(), "recovered"),
        ];
        let said = counts.into_iter().filter(|(count, _)| *count > 0).enumerate().map(|(place, (count, what))| {
            if place == 0 { format!("{} {what}", cards(count)) } else { format!("{count} {what}") }
        });
        let said: Vec<String> = said.collect();
        (!said.is_empty()).then(|| said.join(", "))
    }
}

/// How many cards the groups hold.
pub fn count(groups: &[Group<CardLine>]) -> usize {
    groups.iter().map(|group| group.cards.len()).sum()
}

/// '1 card', '2 cards'.
pub fn cards(count: usize) -> String {
    if count == 1 { "1 card".to_owned() } else { format!("{count} cards") }
}

/// A mail as it lies in the outbox: composed, not yet sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The same on each try, so that a mail store drops a repeat.
    pub message_id: String,
    /// The Message-IDs of the mails that it follows up, the first one first.
    pub references: Vec<String>,
    /// Who gets it, each as `Name <address>` or `address`.
    pub to: Vec<String>,
    /// The subject line.
    pub subject: String,
    /// The body as plain text.
    pub text: String,
    /// The body as HTML.
    pub html: String,
    /// The whole list of cards as CSV, where the body shows only a part of it.
    pub csv: Option<String>,
}
