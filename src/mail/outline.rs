//! What a letter says, in the order in which it says it, with every foreign text made printable. Owns the
//! parts and their order, so that text and HTML state the same facts; the sentences are [`phrases`]'s,
//! and neither lays anything out.

use url::Url;

use super::incident::{self, Cause};
use super::phrases::{self, Said};
use super::{digest, foot, recovered, words};
use crate::domain::foreign::one_line;
use crate::domain::report::{CardLine, FlappingCard, Group, Report, cards, count};
use crate::domain::verdict::Reason;

/// So many cards are shown in a letter; beyond them the attached list is complete.
pub(super) const MOST_CARDS: usize = 50;

/// So many causes are shown: a letter of a thousand different ones is rejected by its size.
const MOST_CAUSES: usize = 250;

/// So many of them are shown with what Domo says of their datasets.
const MOST_EVIDENCE: usize = 25;

/// The longest title in a letter, in characters.
pub(super) const TITLE_LIMIT: usize = 160;

/// The longest reason in a letter, in characters; the attached list has it in full.
pub(super) const REASON_LIMIT: usize = 300;

/// What a card is called that has no title.
const UNTITLED: &str = "(no title)";

/// How a statement is coloured; the words beside it say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    /// Something is broken.
    Broken,
    /// Everything works, and we saw it.
    Well,
    /// Neither.
    Plain,
}

/// A letter from top to bottom.
pub(super) struct Outline {
    /// The answer, in words.
    pub headline: String,
    pub mood: Mood,
    /// What to make of it, where that comes before anything else.
    pub lead: Option<String>,
    /// Sentences below it, one a line.
    pub summary: Vec<String>,
    /// What kept the sweep from its whole view.
    pub trouble: Option<String>,
    /// The line that a mail program shows beside the subject.
    pub preview: String,
    pub sections: Vec<Section>,
    /// What the sections left out.
    pub left_out: Option<String>,
    /// Sentences at the foot.
    pub footer: Vec<String>,
    /// What to run next: words and command.
    pub command: Option<(String, String)>,
    /// Where to read on: words and address.
    pub link: Option<(String, String)>,
}

/// Cards of which the same is said.
pub(super) struct Section {
    /// Absent where the headline says it already.
    pub title: Option<String>,
    pub mood: Mood,
    pub blocks: Vec<Block>,
}

/// Cards that share one cause, or have none to share.
pub(super) struct Block {
    pub cause: Option<Cause>,
    pub shown: Vec<Entry>,
    /// What is said of the cards that are not shown.
    pub more: Option<String>,
}

/// One card.
pub(super) struct Entry {
    pub title: String,
    /// Where it is, whose it is, since when.
    pub facts: Vec<String>,
    /// What is or was wrong with it, where no cause above it says so.
    pub note: Option<String>,
    pub url: String,
}

/// How many cards of a report a letter would have to show.
pub(super) fn cards_in(report: &Report) -> usize {
    let grouped = count(&report.broke) + count(&report.first_seen) + count(&report.still_broken);
    grouped + report.flapping.len() + report.recovered.len()
}

/// The outline of a report's letter.
pub(super) fn of(report: &Report, link_base: Option<&Url>) -> Outline {
    let said = phrases::said(report);
    let mut room = Room {
        cards: MOST_CARDS,
        causes: MOST_CAUSES,
        evidence: MOST_EVIDENCE,
        causes_left_out: 0,
        cards_left_out: 0,
        link_base,
    };
    let sections = sections(report, &said, &mut room);
    Outline {
        headline: phrases::headline(report, &said),
        mood: phrases::mood(report),
        lead: phrases::lead(report),
        summary: phrases::summary(report, &said),
        trouble: phrases::trouble(report),
        preview: preview(report, &sections, &said),
        sections,
        left_out: room.left_out(),
        footer: foot::sentences(report),
        command: foot::command(report),
        link: link_base.map(|base| (foot::link(report), base.as_str().to_owned())),
    }
}

/// The first causes in short, as far as a mail program would show them.
fn preview(report: &Report, sections: &[Section], said: &[(Said, usize)]) -> String {
    let sight = report.sight.as_ref().and_then(|_| phrases::trouble(report));
    let lead = phrases::lead(report);
    let causes: Vec<String> = sections
        .iter()
        .flat_map(|section| &section.blocks)
        .filter_map(|block| block.cause.as_ref().filter(|cause| !cause.is_over))
        .take(2)
        .map(|cause| format!("{}: {}.", one_line(&cause.title, 70), cause.extent))
        .collect();
    let recovered = said.iter().filter(|(said, _)| matches!(said, Said::Recovered));
    let recovered = recovered.map(|(said, count)| format!("{}.", said.title(report, *count)));
    lead.into_iter().chain(causes).chain(recovered).chain(sight).collect::<Vec<_>>().join(" ")
}

/// How much may still be shown, and what was not.
pub(super) struct Room<'a> {
    cards: usize,
    causes: usize,
    evidence: usize,
    causes_left_out: usize,
    cards_left_out: usize,
    /// The status page, which has a page for each cause.
    link_base: Option<&'a Url>,
}

impl Room<'_> {
    /// Whether no card can be shown any more.
    pub(super) fn is_full(&self) -> bool {
        self.cards == 0
    }

    /// The next cards to show: as many of `wanted` as there is room for.
    fn take(&mut self, wanted: usize) -> usize {
        let shown = wanted.min(self.cards);
        self.cards -= shown;
        shown
    }

    /// The cause of one more group, where it may be shown.
    fn admit(&mut self, report: &Report, group: &Group, said: Said) -> Option<Cause> {
        if self.causes == 0 {
            self.causes_left_out += 1;
            self.cards_left_out += group.cards.len();
            return None;
        }
        self.causes -= 1;
        let with_evidence = self.evidence > 0;
        self.evidence -= usize::from(with_evidence);
        Some(incident::cause(report, group, said.is_reminder(), with_evidence, self.link_base))
    }

    fn left_out(&self) -> Option<String> {
        (self.causes_left_out > 0).then(|| {
            format!(
                "And {} more causes, {}: they are in the attached list.",
                self.causes_left_out,
                cards(self.cards_left_out)
            )
        })
    }
}

fn sections(report: &Report, said: &[(Said, usize)], room: &mut Room<'_>) -> Vec<Section> {
    let storm = phrases::storm(report).is_some();
    let mut sections = Vec::new();
    for &(what, count) in said {
        let blocks = match what {
            Said::Broke if storm => {
                // The causes come first and every card after them.
                sections.push(Section { title: None, mood: Mood::Broken, blocks: causes(report, &report.broke, room) });
                let (title, blocks) = (format!("The {}", cards(count)), vec![listed(report, &report.broke, room)]);
                sections.push(Section { title: Some(title), mood: Mood::Plain, blocks });
                continue;
            }
            Said::Broke => grouped(report, &report.broke, what, room),
            Said::FirstSeen => grouped(report, &report.first_seen, what, room),
            Said::StillBroken => grouped(report, &report.still_broken, what, room),
            Said::Flapping { .. } => {
                let entries = report.flapping.iter().map(|card| flapping_entry(report, card));
                vec![filled(None, entries, report.flapping.len(), room)]
            }
            Said::Recovered => recovered::blocks(report, room),
        };
        let title = (said.len() > 1 || storm).then(|| what.title(report, count));
        sections.push(Section { title, mood: what.mood(), blocks });
    }
    sections.extend(report.digest.iter().flat_map(|digest| digest::sections(report, digest)));
    sections
}

/// The causes without their cards.
fn causes(report: &Report, groups: &[Group], room: &mut Room<'_>) -> Vec<Block> {
    let mut blocks = Vec::new();
    for group in groups {
        if let Some(cause) = room.admit(report, group, Said::Broke) {
            blocks.push(Block { cause: Some(cause), shown: Vec::new(), more: None });
        }
    }
    blocks
}

/// The cards of all groups, each with its reason where there are several.
fn listed(report: &Report, groups: &[Group], room: &mut Room<'_>) -> Block {
    let note = |line: &CardLine| line.reason.as_ref().filter(|_| groups.len() > 1).map(what_is_wrong);
    let lines = groups.iter().flat_map(|group| &group.cards);
    let entries = lines.map(|line| Entry { note: note(line), ..entry(report, line, Said::Broke) });
    filled(None, entries, count(groups), room)
}

fn grouped(report: &Report, groups: &[Group], said: Said, room: &mut Room<'_>) -> Vec<Block> {
    let mut blocks = Vec::new();
    for group in groups {
        if let Some(cause) = room.admit(report, group, said) {
            let entries = group.cards.iter().map(|line| {
                let own_words = line.reason.as_ref().filter(|reason| **reason != group.incident.reason);
                Entry { note: own_words.map(what_is_wrong), ..entry(report, line, said) }
            });
            blocks.push(filled(Some(cause), entries, group.cards.len(), room));
        }
    }
    blocks
}

/// A block with as many of its `count` entries as there is room for.
pub(super) fn filled(
    cause: Option<Cause>,
    entries: impl Iterator<Item = Entry>,
    count: usize,
    room: &mut Room<'_>,
) -> Block {
    let shown = room.take(count);
    let hidden = count - shown;
    Block {
        cause,
        shown: entries.take(shown).collect(),
        more: match (hidden, shown) {
            (0, _) => None,
            (_, 0) => Some("in the attached list".to_owned()),
            (hidden, _) => Some(format!("and {hidden} more in the attached list")),
        },
    }
}

/// A card that flaps, with how often it changed.
pub(super) fn flapping_entry(report: &Report, card: &FlappingCard) -> Entry {
    let mut entry = entry(report, &card.line, Said::Flapping { broken: card.broken });
    let times = if card.changes == 1 { "once".to_owned() } else { format!("{} times", card.changes) };
    let changed = format!("changed {times} in {}", words::span(report.flap_window));
    entry.facts.insert(places(&card.line).len(), changed);
    entry
}

/// A card, with where and whose it is and since when it is what is `said`.
pub(super) fn entry(report: &Report, line: &CardLine, said: Said) -> Entry {
    let left = line.incident.filter(|_| said.is_recovery()).map(|incident| format!(" (incident {incident})"));
    let wrong = |reason| format!("{}{}", what_is_wrong(reason), left.unwrap_or_default());
    let note = line.reason.as_ref().and_then(|reason| said.note(&wrong(reason)));
    named(line, facts(report, line, said), note)
}

/// A card by its title, with what is to be said of it.
pub(super) fn named(line: &CardLine, facts: Vec<String>, note: Option<String>) -> Entry {
    let title = one_line(&line.title, TITLE_LIMIT);
    let title = if title.is_empty() { UNTITLED.to_owned() } else { title };
    Entry { title, facts, note, url: one_line(&line.url, usize::MAX) }
}

fn facts(report: &Report, line: &CardLine, said: Said) -> Vec<String> {
    let since = words::time_beside(line.since, report.swept_at, report.timezone);
    let age = if said.is_reminder() { words::for_so_long(line.since, report.swept_at) } else { String::new() };
    let usual = line.usual.map(|usual| format!("usually {}", words::seconds(usual)));
    let mut facts = places(line);
    facts.push(format!("{}{age}", said.since(&since)));
    facts.extend(usual);
    facts
}

/// Where a card is and whose; where it has no owner of its own, whose its pages are.
pub(super) fn places(line: &CardLine) -> Vec<String> {
    let pages: Vec<&str> = line.pages.iter().map(|page| page.title.as_str()).collect();
    let mut page_owners: Vec<&str> = Vec::new();
    for owner in line.pages.iter().flat_map(|page| &page.owners) {
        if !page_owners.contains(&owner.as_str()) {
            page_owners.push(owner);
        }
    }
    let owned = match words::names(&line.owners) {
        Some(owners) => Some(format!("{} {owners}", if line.owners.len() == 1 { "owner" } else { "owners" })),
        None => words::names(&page_owners)
            .map(|owners| format!("{} {owners}", if page_owners.len() == 1 { "page owner" } else { "page owners" })),
    };
    [words::names(&pages).unwrap_or_else(|| "on no page".to_owned())].into_iter().chain(owned).collect()
}

fn what_is_wrong(reason: &Reason) -> String {
    format!("{}: {}", reason.class.name(), one_line(&reason.text, REASON_LIMIT))
}
