//! What one mail says, as data. Owns the contents and the subject; how they look as text or HTML is
//! `mail`'s. Titles, owners and reasons in it are foreign text: whoever prints them escapes them.

use super::Timestamp;
use super::dataset::Evidence;
use super::extent::many;
use super::ids::{CardId, IncidentId, InstanceName};
use super::maintenance::Span;
use super::owners::NotMailed;
use super::sight::{SightNews, Why};
use super::verdict::{Class, Reason};

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
    pub broke: Vec<Group>,
    /// Cards that were broken when they were first seen.
    pub first_seen: Vec<Group>,
    /// Cards that work again.
    pub recovered: Vec<CardLine>,
    /// The incidents that those were in.
    pub left: Vec<LeftIncident>,
    /// Cards that go back and forth, of which nothing more is said until they have settled.
    pub flapping: Vec<FlappingCard>,
    /// How long a flapping card has to stay as it is until it has settled.
    pub flap_window: std::time::Duration,
    /// Whether the instance can be checked, where that is news.
    pub sight: Option<SightNews>,
    /// So much broke at once that no single card is to blame.
    pub storm: Option<Storm>,
    /// Cards that were told before and are still broken; empty unless a digest is due.
    pub still_broken: Vec<Group>,
    /// How it stands now.
    pub totals: Totals,
    /// What kept the sweep from its whole view.
    pub trouble: Option<String>,
    /// Who reads it.
    pub audience: Audience,
    /// The maintenance window that is just over, in which mails waited.
    pub after_maintenance: Option<Span>,
    /// What a digest tells beside what is still broken; absent unless one is due.
    pub digest: Option<Digest>,
}

/// Who reads a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// The admins, who are told everything.
    Admins {
        /// The display names of the owners that are mailed about their own cards: foreign text.
        told_owners: Vec<String>,
        /// Those that are not, and why.
        untold_owners: Vec<(String, NotMailed)>,
    },
    /// One owner, who is told of no cards but their own.
    Owner {
        /// The display name: foreign text.
        name: String,
    },
}

impl Audience {
    /// The admins, where no owner is mailed.
    pub const ADMINS: Self = Self::Admins { told_owners: Vec::new(), untold_owners: Vec::new() };

    /// '2 cards', as this reader speaks of them.
    pub fn cards(&self, count: usize) -> String {
        match self {
            Self::Admins { .. } => cards(count),
            Self::Owner { .. } => format!("{count} of your cards"),
        }
    }
}

/// What a reminder tells beside the cards that are still broken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Digest {
    /// Broken cards that are muted.
    pub muted: usize,
    /// Cards that are flapping, as told before, by id.
    pub flapping: Shortlist<FlappingCard>,
    /// Cards that are slow by their own history, the slowest first.
    pub slow: Shortlist<SlowCard>,
    /// Cards that have rendered without data for [`LONG_EMPTY`] or longer, the longest first.
    pub empty: Shortlist<CardLine>,
    /// How many beast modes of the instance are invalid, as Domo counts them; `None` where it did not say.
    pub invalid_functions: Option<u64>,
}

/// A card that renders without data for so long is told in a digest.
pub const LONG_EMPTY: std::time::Duration = std::time::Duration::from_hours(48);

/// So many cards of one kind are told in a digest.
pub const MOST_LISTED: usize = 10;

/// The first of some cards, and how many there are beyond them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortlist<T> {
    /// At most [`MOST_LISTED`].
    pub first: Vec<T>,
    /// How many more there are.
    pub more: usize,
}

impl<T> Shortlist<T> {
    /// The first of these.
    pub fn of(mut all: Vec<T>) -> Self {
        let more = all.len().saturating_sub(MOST_LISTED);
        all.truncate(MOST_LISTED);
        Self { first: all, more }
    }

    /// How many there are in all.
    pub fn count(&self) -> usize {
        self.first.len() + self.more
    }
}

impl<T> Default for Shortlist<T> {
    fn default() -> Self {
        Self { first: Vec::new(), more: 0 }
    }
}

/// One slow card of a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlowCard {
    /// The card.
    pub line: CardLine,
    /// How long its latest render took.
    pub latency: std::time::Duration,
    /// How long it usually took.
    pub usual: std::time::Duration,
}

/// Cards of a report that have one cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The incident that they are in.
    pub incident: IncidentLine,
    /// The cards, by id.
    pub cards: Vec<CardLine>,
}

/// What a report says of an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentLine {
    /// Its id.
    pub id: IncidentId,
    /// The cause in words: it holds foreign text.
    pub title: String,
    /// The reason of the card that broke first.
    pub reason: Reason,
    /// When its first card broke.
    pub opened_at: Timestamp,
    /// How many cards are in it in all, those among them of which the report says nothing.
    pub cards: usize,
    /// On how many pages they are; `None` where not all of them were looked at.
    pub pages: Option<usize>,
    /// How many own them, or their pages where they have no owner; `None` where not all of them were looked at.
    pub owners: Option<OwnerCount>,
    /// What Domo says of its datasets, with the name of each: foreign text.
    pub upstream: Vec<(String, Evidence)>,
}

impl IncidentLine {
    /// Domo's class of it.
    pub fn class(&self) -> Class {
        self.reason.class
    }
}

/// An incident that cards of a report were in until they recovered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftIncident {
    /// Its id.
    pub id: IncidentId,
    /// Its title, or the last that it had: it holds foreign text.
    pub title: String,
    /// Whether no card is broken by it any more.
    pub is_over: bool,
}

/// How many own some cards.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OwnerCount {
    /// Users.
    pub people: usize,
    /// Groups, and owners of whom nobody knows what they are.
    pub groups: usize,
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
    /// The pages that hold it.
    pub pages: Vec<PageLine>,
    /// The display names of its owners: foreign text.
    pub owners: Vec<String>,
    /// Since when it is what the report says.
    pub since: Timestamp,
    /// Why it is broken; for a recovered card why it was, where that is known.
    pub reason: Option<Reason>,
    /// The incident that it is in; for a recovered card the one that it was in, where that is known.
    pub incident: Option<IncidentId>,
    /// How long it usually took to render, where it is now slow or does not answer in time.
    pub usual: Option<std::time::Duration>,
    /// Its details view in Domo.
    pub url: String,
}

/// A page that holds a card of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageLine {
    /// Its title: foreign text.
    pub title: String,
    /// The display names of its owners: foreign text.
    pub owners: Vec<String>,
}

impl Report {
    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        let cards = [&self.broke, &self.first_seen, &self.still_broken].into_iter().all(Vec::is_empty);
        cards && self.recovered.is_empty() && self.flapping.is_empty() && self.sight.is_none()
    }

    /// The subject line. It holds no foreign text.
    pub fn subject(&self) -> String {
        let Self { instance, totals: Totals { broken, .. }, .. } = self;
        if let (Audience::Owner { .. }, Some(changes)) = (&self.audience, self.changes()) {
            return format!("[cardwatch] {instance}: {changes}");
        }
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

    /// '1 card broke, 2 recovered', or '1 of your cards broke, 2 recovered'; `None` where no card changed.
    fn changes(&self) -> Option<String> {
        let counts = [
            (count(&self.broke), "broke"),
            (count(&self.first_seen), "broken when first seen"),
            (self.flapping.len(), "flapping"),
            (self.recovered.len(), "recovered"),
        ];
        let said = counts.into_iter().filter(|(count, _)| *count > 0).enumerate().map(|(place, (count, what))| {
            if place == 0 { format!("{} {what}", self.audience.cards(count)) } else { format!("{count} {what}") }
        });
        let said: Vec<String> = said.collect();
        (!said.is_empty()).then(|| said.join(", "))
    }
}

/// How many cards the groups hold.
pub fn count(groups: &[Group]) -> usize {
    groups.iter().map(|group| group.cards.len()).sum()
}

/// '1 card', '2 cards'.
pub fn cards(count: usize) -> String {
    many(count, "card", "cards")
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
