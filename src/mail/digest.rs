//! The sections of a reminder beside what is still broken. Owns which there are and what they say of their cards;
//! how a card stands in a letter is [`outline`](super::outline)'s.

use super::outline::{Block, Entry, Mood, Section, flapping_entry, named, places};
use super::words;
use crate::domain::report::{CardLine, Digest, Report, Shortlist, SlowCard, cards};

/// Flapping, slow and empty cards, as far as there are any.
pub(super) fn sections(report: &Report, digest: &Digest) -> Vec<Section> {
    let is = |count, what: &str| format!("{} {} {what}", cards(count), words::be(count));
    let no_data = |count| format!("{} {} had no data for days", cards(count), if count == 1 { "has" } else { "have" });
    let sections = [
        section(&digest.flapping, |count| is(count, "still flapping"), |card| flapping_entry(report, card)),
        section(&digest.slow, |count| is(count, "slow"), slow),
        section(&digest.empty, no_data, |line| empty(report, line)),
    ];
    sections.into_iter().flatten().collect()
}

fn section<T>(cards: &Shortlist<T>, title: impl Fn(usize) -> String, entry: impl Fn(&T) -> Entry) -> Option<Section> {
    let block = Block {
        cause: None,
        shown: cards.first.iter().map(entry).collect(),
        more: (cards.more > 0).then(|| format!("and {} more", cards.more)),
    };
    (cards.count() > 0).then(|| Section { title: Some(title(cards.count())), mood: Mood::Plain, blocks: vec![block] })
}

fn slow(card: &SlowCard) -> Entry {
    let took = format!("{}, usually {}", words::seconds(card.latency), words::seconds(card.usual));
    with(&card.line, took)
}

fn empty(report: &Report, line: &CardLine) -> Entry {
    let since = words::time_beside(line.since, report.swept_at, report.timezone);
    with(line, format!("no data since {since}{}", words::for_so_long(line.since, report.swept_at)))
}

/// A card of which one more thing is to be said.
fn with(line: &CardLine, fact: String) -> Entry {
    let mut facts = places(line);
    facts.push(fact);
    named(line, facts, None)
}
