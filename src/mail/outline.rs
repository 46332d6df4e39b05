//! What a letter says, in the order in which it says it, with every foreign text made printable. Owns the
//! parts and their order, so that text and HTML state the same facts; the sentences are [`super::phrases`]'s,
//! and neither lays anything out.

use url::Url;

use super::phrases::{self, Said};
use super::words;
use crate::domain::Timestamp;
use crate::domain::foreign::one_line;
use crate::domain::report::{CardLine, Group, Report, cards, count};
use crate::domain::verdict::Reason;

/// So many cards are shown in a letter; beyond them the attached list is complete.
pub(super) const MOST_CARDS: usize = 50;

/// So many reasons are shown: a letter of a thousand different ones is rejected by its size.
const MOST_REASONS: usize = 250;

/// The longest title in a letter, in characters.
const TITLE_LIMIT: usize = 160;

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

/// Cards that share one reason, or have none to share.
pub(super) struct Block {
    pub cause: Option<Cause>,
    pub shown: Vec<Entry>,
    /// What is said of the cards that are not shown.
    pub more: Option<String>,
}

/// What is wrong with the cards of a block.
pub(super) struct Cause {
    pub class: &'static str,
    pub reason: String,
    /// '4 cards'.
    pub cards: String,
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
    let mut room = Room { cards: MOST_CARDS, reasons: MOST_REASONS, reasons_left_out: 0, cards_left_out: 0 };
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
        footer: phrases::footer(report),
        link: link_base.map(|base| (phrases::link(report), base.as_str().to_owned())),
    }
}

/// The first causes in short, as far as a mail program would show them.
fn preview(report: &Report, sections: &[Section], said: &[(Said, usize)]) -> String {
    let sight = report.sight.as_ref().and_then(|_| phrases::trouble(report));
    let lead = phrases::lead(report);
    let causes: Vec<String> = sections
        .iter()
        .flat_map(|section| &section.blocks)
        .filter_map(|block| block.cause.as_ref())
        .take(2)
        .map(|cause| format!("{}: {}: {}.", cause.class, one_line(&cause.reason, 70), cause.cards))
        .collect();
    let recovered = said.iter().filter(|(said, _)| matches!(said, Said::Recovered));
    let recovered = recovered.map(|(said, count)| format!("{}.", said.title(*count)));
    lead.into_iter().chain(causes).chain(recovered).chain(sight).collect::<Vec<_>>().join(" ")
}

/// How much may still be shown, and what was not.
struct Room {
    cards: usize,
    reasons: usize,
    reasons_left_out: usize,
    cards_left_out: usize,
}

impl Room {
    /// The next cards to show: as many of `wanted` as there is room for.
    fn take(&mut self, wanted: usize) -> usize {
        let shown = wanted.min(self.cards);
        self.cards -= shown;
        shown
    }

    /// Whether one more reason, with so many cards, may be shown.
    fn admit(&mut self, cards: usize) -> bool {
        if self.reasons == 0 {
            self.reasons_left_out += 1;
            self.cards_left_out += cards;
            return false;
        }
        self.reasons -= 1;
        true
    }

    fn left_out(&self) -> Option<String> {
        (self.reasons_left_out > 0).then(|| {
            format!(
                "And {} more reasons, {}: they are in the attached list.",
                self.reasons_left_out,
                cards(self.cards_left_out)
            )
        })
    }
}

fn sections(report: &Report, said: &[(Said, usize)], room: &mut Room) -> Vec<Section> {
    let mut sections = Vec::new();
    for &(what, count) in said {
        let blocks = match what {
            Said::Broke if report.storm.is_some() => {
                // The causes come first and every card after them.
                sections.push(Section { title: None, mood: Mood::Broken, blocks: causes(&report.broke, room) });
                let (title, blocks) = (format!("The {}", cards(count)), vec![listed(report, &report.broke, room)]);
                sections.push(Section { title: Some(title), mood: Mood::Plain, blocks });
                continue;
            }
            Said::Broke => grouped(report, &report.broke, what, room),
            Said::FirstSeen => grouped(report, &report.first_seen, what, room),
            Said::StillBroken => grouped(report, &report.still_broken, what, room),
            Said::Flapping { .. } => vec![flapping(report, room)],
            Said::Recovered => vec![block(report, None, &report.recovered, what, room)],
        };
        let title = (said.len() > 1 || report.storm.is_some()).then(|| what.title(count));
        sections.push(Section { title, mood: what.mood(), blocks });
    }
    sections
}

/// The causes without their cards.
fn causes(groups: &[Group], room: &mut Room) -> Vec<Block> {
    let mut blocks = Vec::new();
    for group in groups {
        if room.admit(group.cards.len()) {
            let cause = Some(cause(&group.incident.reason, group.cards.len()));
            blocks.push(Block { cause, shown: Vec::new(), more: None });
        }
    }
    blocks
}

/// The cards of all groups, each with its reason where there are several.
fn listed(report: &Report, groups: &[Group], room: &mut Room) -> Block {
    let note = |line: &CardLine| line.reason.as_ref().filter(|_| groups.len() > 1).map(what_is_wrong);
    let lines = groups.iter().flat_map(|group| &group.cards);
    let entries = lines.map(|line| Entry { note: note(line), ..entry(report, line, Said::Broke) });
    filled(None, entries, count(groups), room)
}

fn flapping(report: &Report, room: &mut Room) -> Block {
    let entries = report.flapping.iter().map(|card| {
        let mut entry = entry(report, &card.line, Said::Flapping { broken: card.broken });
        let changed = format!("changed {} times in {}", card.changes, words::span(report.flap_window));
        entry.facts.insert(entry.facts.len() - 1, changed);
        entry
    });
    filled(None, entries, report.flapping.len(), room)
}

fn grouped(report: &Report, groups: &[Group], said: Said, room: &mut Room) -> Vec<Block> {
    let mut blocks = Vec::new();
    for group in groups {
        if room.admit(group.cards.len()) {
            blocks.push(block(report, Some(&group.incident.reason), &group.cards, said, room));
        }
    }
    blocks
}

fn block(report: &Report, reason: Option<&Reason>, lines: &[CardLine], said: Said, room: &mut Room) -> Block {
    let cause = reason.map(|reason| cause(reason, lines.len()));
    filled(cause, lines.iter().map(|line| entry(report, line, said)), lines.len(), room)
}

fn cause(reason: &Reason, count: usize) -> Cause {
    Cause { class: reason.class.name(), reason: one_line(&reason.text, REASON_LIMIT), cards: cards(count) }
}

/// A block with as many of its `count` entries as there is room for.
fn filled(cause: Option<Cause>, entries: impl Iterator<Item = Entry>, count: usize, room: &mut Room) -> Block {
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

fn entry(report: &Report, line: &CardLine, said: Said) -> Entry {
    let title = one_line(&line.title, TITLE_LIMIT);
    Entry {
        title: if title.is_empty() { UNTITLED.to_owned() } else { title },
        facts: facts(report, line, said),
        note: line.reason.as_ref().and_then(|reason| said.note(&what_is_wrong(reason))),
        url: one_line(&line.url, usize::MAX),
    }
}

fn facts(report: &Report, line: &CardLine, said: Said) -> Vec<String> {
    let time = |at: Timestamp| words::time_beside(at, report.swept_at, report.timezone);
    let pages: Vec<&str> = line.pages.iter().map(|page| page.title.as_str()).collect();
    let mut facts = vec![words::names(&pages).unwrap_or_else(|| "on no page".to_owned())];
    if let Some(owners) = words::names(&line.owners) {
        let word = if line.owners.len() == 1 { "owner" } else { "owners" };
        facts.push(format!("{word} {owners}"));
    }
    facts.push(said.since(&time(line.since)));
    facts
}

fn what_is_wrong(reason: &Reason) -> String {
    format!("{}: {}", reason.class.name(), one_line(&reason.text, REASON_LIMIT))
}
