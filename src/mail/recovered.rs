//! The recovered cards of a letter, by the incidents that they were in. Owns that order, which the attached list
//! follows, and what is said once of the cards that share an incident.

use super::incident::{Cause, name};
use super::outline::{Block, Entry, REASON_LIMIT, Room, TITLE_LIMIT, entry, filled};
use super::phrases::Said;
use crate::domain::foreign::one_line;
use crate::domain::report::{CardLine, LeftIncident, Report, cards};
use crate::domain::verdict::Reason;

/// Recovered cards of which the same is said.
struct Party<'a> {
    /// What they share; `None` for cards that share nothing.
    shared: Option<(&'a LeftIncident, &'a Reason)>,
    lines: Vec<&'a CardLine>,
}

/// The cards in the order of the letter.
pub(super) fn lines(report: &Report) -> impl Iterator<Item = &CardLine> {
    parties(report).into_iter().flat_map(|party| party.lines)
}

/// The cards below the incidents that they share, and the others after them.
pub(super) fn blocks(report: &Report, room: &mut Room<'_>) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut parties = parties(report).into_iter();
    while let Some(party) = parties.next() {
        if room.is_full() {
            let rest = party.lines.len() + parties.by_ref().map(|party| party.lines.len()).sum::<usize>();
            let more = Some(format!("and {rest} more in the attached list"));
            blocks.push(Block { cause: None, shown: Vec::new(), more });
            break;
        }
        let entries = party.lines.iter().map(|line| told(report, line, party.shared));
        let cause = party.shared.map(|(incident, reason)| was(incident, reason, party.lines.len()));
        blocks.push(filled(cause, entries, party.lines.len(), room));
    }
    blocks
}

/// The incidents of several cards in their order, and last the cards that were alone in theirs.
fn parties(report: &Report) -> Vec<Party<'_>> {
    let of = |incident: &LeftIncident| -> Vec<&CardLine> {
        report.recovered.iter().filter(|line| line.incident == Some(incident.id)).collect()
    };
    let shared = report.left.iter().filter_map(|incident| {
        let lines = Some(of(incident)).filter(|lines| lines.len() > 1)?;
        let reason = lines.first()?.reason.as_ref()?;
        Some(Party { shared: Some((incident, reason)), lines })
    });
    let mut parties: Vec<Party<'_>> = shared.collect();
    let is_told = |line: &CardLine| {
        parties.iter().filter_map(|party| party.shared).any(|(incident, _)| line.incident == Some(incident.id))
    };
    let lines: Vec<&CardLine> = report.recovered.iter().filter(|line| !is_told(line)).collect();
    parties.extend((!lines.is_empty()).then_some(Party { shared: None, lines }));
    parties
}

/// What was wrong with cards that work again.
fn was(incident: &LeftIncident, reason: &Reason, here: usize) -> Cause {
    Cause {
        title: one_line(&incident.title, TITLE_LIMIT),
        extent: format!("{} {} again", cards(here), if here == 1 { "works" } else { "work" }),
        reason: format!("was: {}", one_line(&reason.text, REASON_LIMIT)),
        evidence: Vec::new(),
        name: name(incident.id),
        url: None,
        foot: reason.class.name().to_lowercase(),
        is_over: true,
    }
}

/// A card, with what was wrong with it where that is not said of all of its incident.
fn told(report: &Report, line: &CardLine, shared: Option<(&LeftIncident, &Reason)>) -> Entry {
    let entry = entry(report, line, Said::Recovered);
    match shared {
        Some((_, reason)) if line.reason.as_ref() == Some(reason) => Entry { note: None, ..entry },
        Some(_) | None => entry,
    }
}
