//! What a reminder tells beside the cards that are still broken. Owns which cards those are; when a digest is due is
//! [`alerts`]'s.

use std::cmp::Reverse;

use super::Timestamp;
use super::alerts;
use super::card::{CardMemory, Told};
use super::closing::{Closing, Memory, Reporting, Swept};
use super::ids::CardId;
use super::lines::{self, Standing};
use super::report::{CardLine, Digest, FlappingCard, LONG_EMPTY, Shortlist, SlowCard};
use super::shown::Shown;

/// The digest after a sweep of the whole instance, once what is new has been told.
pub(super) fn of(closing: &Closing, swept: &Swept, memory: &Memory, reporting: &Reporting) -> Digest {
    let now = swept.finished_at;
    let shown = |card: &CardMemory| card.state.shown(now, reporting.policy.stale_after);
    let line = |id: CardId, card: &CardMemory| {
        let before = memory.cards.get(&id);
        lines::card(&swept.plan.cards[&id], &Standing::of(card), before.as_ref(), swept, reporting)
    };
    let of = |state| closing.cards.iter().filter(move |(_, card)| shown(card) == state).map(|(id, card)| (*id, card));
    let muted = |card: &CardMemory| card.mute_at(now).is_some();

    let unsettled = of(Shown::Broken).chain(of(Shown::Working)).filter(|(_, card)| !muted(card));
    let unsettled = unsettled.filter(|(_, card)| was_told(&card.told, reporting));
    let flapping = unsettled.filter_map(|(id, card)| {
        let changes = alerts::recent_changes(card, &reporting.policy, now);
        Some(FlappingCard { line: line(id, card)?, changes, broken: card.state.is_broken() })
    });
    let mut flapping: Vec<FlappingCard> = flapping.collect();
    flapping.sort_by_key(|card| card.line.id);

    let mut slow: Vec<SlowCard> = of(Shown::Working).filter_map(|(id, card)| slow(line(id, card)?, card)).collect();
    slow.sort_by_key(|card| (Reverse(card.latency), card.line.id));

    let mut empty: Vec<CardLine> =
        of(Shown::Working).filter_map(|(id, card)| empty(line(id, card)?, card, now)).collect();
    empty.sort_by_key(|line| (line.since, line.id));

    Digest {
        muted: of(Shown::Broken).filter(|(_, card)| muted(card)).count(),
        flapping: Shortlist::of(flapping),
        slow: Shortlist::of(slow),
        empty: Shortlist::of(empty),
        invalid_functions: swept.asked.invalid_functions.or(memory.invalid_functions),
    }
}

/// Whether an earlier mail said that the card is flapping, and it has not settled since.
fn was_told(told: &Told, reporting: &Reporting) -> bool {
    matches!(told, Told::Flapping { message_id, .. } if *message_id != reporting.message_id)
}

fn slow(line: CardLine, card: &CardMemory) -> Option<SlowCard> {
    Some(SlowCard { line, latency: card.rendering.latency?, usual: card.rendering.slow_against? })
}

/// The card with the instant since which it has no data, where that is long ago.
fn empty(line: CardLine, card: &CardMemory, now: Timestamp) -> Option<CardLine> {
    let since = card.rendering.no_data_since?;
    let age = (now - since).to_std().unwrap_or_default();
    (age >= LONG_EMPTY).then_some(CardLine { since, ..line })
}
