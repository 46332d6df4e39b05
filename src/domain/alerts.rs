//! What is due to be told: the difference between what the admins were told and what is true, under
//! the operator's policy. Owns that decision for one card and for a digest; composing and sending
//! belong elsewhere. Since it follows from told and true alone, a mail that was never composed is due
//! again at the next sweep.

use std::time::Duration;

use super::Timestamp;
use super::card::{CardMemory, CardState, Told};

/// What the operator wants to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Whether recoveries are told.
    pub recoveries: bool,
    /// How often a digest tells what is still broken; `None` = never.
    pub remind_every: Option<Duration>,
    /// Whether cards that are broken when first seen are told.
    pub report_first_seen: bool,
    /// A card that was not decided for so long is unchecked: a digest does not claim that it is broken.
    pub stale_after: Duration,
    /// A card with so many changes within [`Policy::flap_window`] is flapping.
    pub flap_transitions: usize,
    /// See [`Policy::flap_transitions`]; a card that did not change for so long has settled.
    pub flap_window: Duration,
    /// So many sweeps in a row that decide nothing are told.
    pub blind_after: u32,
}

/// What is due for one card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Nothing.
    Nothing,
    /// Say that it broke.
    Broke,
    /// Say that it was broken when first seen.
    FirstSeen,
    /// Say that it goes back and forth.
    Flapping,
    /// Say that it works again.
    Recovered,
    /// Say nothing, now or later, about this breakage.
    Withhold,
    /// Say nothing, but forget what was told: it is over.
    Forget,
}

/// Compares what was told of a card with what is true of it.
///
/// A card that was told as flapping is told again, as what it is then, once it was decided
/// [`Policy::flap_window`] after its latest change: time in which nobody could look does not settle it. Of a muted
/// card nothing is due, and what was told of it stands: once the mute is over, what is due then is told.
pub fn due(memory: &CardMemory, policy: &Policy, now: Timestamp) -> Due {
    if memory.mute_at(now).is_some() {
        return Due::Nothing;
    }
    let flapping = recent_changes(memory, policy, now) >= policy.flap_transitions;
    match (&memory.state, &memory.told) {
        (CardState::Undecided, _) | (CardState::Unsupported, Told::Nothing) => Due::Nothing,
        (CardState::Unsupported, _) => Due::Forget,
        (
            CardState::Working { since, decided_at } | CardState::Broken { since, decided_at, .. },
            Told::Flapping { .. },
        ) if flapping || !passed(*since, policy.flap_window, *decided_at) => Due::Nothing,
        (_, Told::Nothing | Told::Broken { .. } | Told::Withheld) if flapping => Due::Flapping,
        (CardState::Broken { .. }, Told::Broken { .. } | Told::Withheld)
        | (CardState::Working { .. }, Told::Nothing) => Due::Nothing,
        (CardState::Broken { .. }, Told::Flapping { .. })
        | (CardState::Broken { first_seen: false, .. }, Told::Nothing) => Due::Broke,
        (CardState::Broken { first_seen: true, .. }, Told::Nothing) if policy.report_first_seen => Due::FirstSeen,
        (CardState::Broken { first_seen: true, .. }, Told::Nothing) => Due::Withhold,
        (CardState::Working { .. }, Told::Broken { .. } | Told::Flapping { .. }) if policy.recoveries => Due::Recovered,
        (CardState::Working { .. }, Told::Broken { .. } | Told::Flapping { .. } | Told::Withheld) => Due::Forget,
    }
}

/// Whether a digest speaks of the card: it was told as broken, still is, and nobody muted it.
pub fn is_reminded_of(memory: &CardMemory, now: Timestamp) -> bool {
    let told = matches!((&memory.told, &memory.state), (Told::Broken { .. }, CardState::Broken { .. }));
    told && memory.mute_at(now).is_none()
}

/// How often a card changed within the window that ends `now`, first sights aside.
pub fn recent_changes(memory: &CardMemory, policy: &Policy, now: Timestamp) -> usize {
    memory.changes.iter().filter(|at| !passed(**at, policy.flap_window, now)).count()
}

/// Whether something that was told at `at` is to be told again.
pub fn reminder_due(at: Timestamp, policy: &Policy, now: Timestamp) -> bool {
    policy.remind_every.is_some_and(|every| passed(at, every, now))
}

/// Whether a span of time that began at `at` is over. An instant that lies further ahead than the span is long
/// was written down by a clock that was wrong; it is not waited for.
fn passed(at: Timestamp, span: Duration, now: Timestamp) -> bool {
    let (behind, ahead) = ((now - at).to_std().unwrap_or_default(), (at - now).to_std().unwrap_or_default());
    behind >= span || ahead > span
}

/// Whether a digest of what is still broken is due: `told_since` are the instants at which the cards
/// that are still broken were first told, `last_digest` when the latest digest was composed.
pub fn digest_due(
    told_since: impl Iterator<Item = Timestamp>,
    last_digest: Option<Timestamp>,
    policy: &Policy,
    now: Timestamp,
) -> bool {
    told_since.min().is_some_and(|oldest| {
        let mut reminded = [Some(oldest), last_digest].into_iter().flatten();
        reminded.all(|at| reminder_due(at, policy, now))
    })
}
