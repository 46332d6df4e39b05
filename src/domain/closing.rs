//! What closes a sweep: plan, verdicts, memory and policy in, states, transitions and the report out.
//! Owns that one step, which the store runs inside the transaction that saves its result; what the report
//! says is `telling`'s.

use std::collections::{BTreeMap, BTreeSet};

use super::Timestamp;
use super::alerts::Policy;
use super::card::{CardMemory, Transition};
use super::ids::{CardId, InstanceName, SweepId};
use super::obstacle;
use super::report::Report;
use super::sight::{Sight, Why};
use super::sweep::{Outcome, Plan, Scope, Tally};
use super::telling;
use super::verdict::Verdict;

/// What the store remembers, read in the closing transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memory {
    /// Every card that was ever listed, the removed ones among them: one may come back.
    pub cards: BTreeMap<CardId, CardMemory>,
    /// Those that are monitored, as of the latest sweep.
    pub present: BTreeSet<CardId>,
    /// When the latest digest of this instance was composed.
    pub last_digest: Option<Timestamp>,
    /// Whether it could be checked lately.
    pub sight: Sight,
}

/// A verdict and when it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The verdict.
    pub verdict: Verdict,
    /// When the render ended that gave it.
    pub at: Timestamp,
    /// How long the deciding attempt took.
    pub latency: std::time::Duration,
}

/// Everything that a sweep found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swept {
    /// Which sweep.
    pub sweep: SweepId,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Timestamp,
    /// What it looked at.
    pub plan: Plan,
    /// The verdicts; a planned card that is missing here was not reached.
    pub verdicts: BTreeMap<CardId, Judged>,
    /// What ended it early, or kept it from its whole view.
    pub trouble: Option<String>,
}

/// How reports of an instance are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reporting {
    /// The instance.
    pub instance: InstanceName,
    /// Its address, for links.
    pub url: url::Url,
    /// The zone in which times read.
    pub timezone: chrono_tz::Tz,
    /// What is told.
    pub policy: Policy,
    /// See [`Report::confirmed_after`].
    pub confirmed_after: Option<std::time::Duration>,
    /// The Message-ID that a report of this sweep gets.
    pub message_id: String,
}

/// What the closing transaction writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// The memory of each planned card, as it is from now on.
    pub cards: BTreeMap<CardId, CardMemory>,
    /// What changed.
    pub transitions: Vec<(CardId, Transition)>,
    /// The cards' verdicts counted.
    pub tally: Tally,
    /// How the sweep ended.
    pub outcome: Outcome,
    /// What ended it early, or kept it from its whole view; where nothing was decided, why.
    pub trouble: Option<String>,
    /// The mail that is due, with the Message-IDs that it follows up.
    pub report: Option<(Report, Vec<String>)>,
    /// When the latest digest was composed.
    pub last_digest: Option<Timestamp>,
    /// Whether the instance can be checked.
    pub sight: Sight,
}

/// A sweep that could not even list cards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// How much was asked for.
    pub scope: Scope,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Timestamp,
    /// Why.
    pub why: Why,
}

/// What closes a failed sweep: no card's state changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedClosing {
    /// Whether the instance can be checked.
    pub sight: Sight,
    /// The mail that is due, with the Message-IDs that it follows up.
    pub report: Option<(Report, Vec<String>)>,
}

/// Closes a sweep that failed.
pub fn close_failed(failed: &Failed, memory: &Memory, reporting: Option<&Reporting>) -> FailedClosing {
    let sight = sight_after(failed.scope, false, failed.started_at, memory);
    let mut closing = FailedClosing { sight, report: None };
    if let Some(reporting) = reporting {
        telling::tell_failed(&mut closing, failed, memory, reporting);
    }
    closing
}

/// Closes a sweep. With `reporting` absent nobody is told anything now; what is due stays due.
///
/// A planned card without a verdict keeps its state, unless its type is not rendered.
pub fn close(swept: &Swept, memory: &Memory, reporting: Option<&Reporting>) -> Closing {
    let mut transitions = Vec::new();
    let mut cards = BTreeMap::new();
    for (id, planned) in &swept.plan.cards {
        let before = memory.cards.get(id).cloned().unwrap_or(CardMemory::NEW);
        let (state, transition) = match swept.verdicts.get(id) {
            Some(judged) => before.state.after(&judged.verdict, judged.at),
            None if planned.card.kind.renders() => (before.state, None),
            None => before.state.after(&Verdict::Unsupported, swept.finished_at),
        };
        let mut changes = before.changes;
        changes.extend(transition.as_ref().filter(|change| !change.is_first_seen()).map(|change| change.at));
        transitions.extend(transition.map(|transition| (*id, transition)));
        cards.insert(*id, CardMemory { state, told: before.told, changes });
    }
    let tally = tally(swept);
    let outcome = Outcome::of(&tally, &swept.plan.unlisted);
    let why_blind = (tally.decided() == 0).then(|| obstacle::why(swept));
    let mut closing = Closing {
        cards,
        transitions,
        tally,
        outcome,
        trouble: why_blind.as_ref().map(|why| why.full.clone()).or_else(|| swept.trouble.clone()),
        report: None,
        last_digest: memory.last_digest,
        sight: sight_after(swept.plan.scope, tally.decided() > 0, swept.started_at, memory),
    };
    if let Some(reporting) = reporting {
        telling::tell(&mut closing, swept, why_blind.as_ref(), memory, reporting);
    }
    closing
}

/// A sweep of a part, chosen by hand, says nothing about the instance.
fn sight_after(scope: Scope, decided: bool, began: Timestamp, memory: &Memory) -> Sight {
    match scope {
        Scope::Pages | Scope::Instance => memory.sight.clone().after(decided, began),
        Scope::Part => memory.sight.clone(),
    }
}

fn tally(swept: &Swept) -> Tally {
    let unreached = Verdict::Unchecked(String::new());
    Tally::of(swept.plan.cards.iter().map(|(id, planned)| match swept.verdicts.get(id) {
        Some(judged) => &judged.verdict,
        None if planned.card.kind.renders() => &unreached,
        None => &Verdict::Unsupported,
    }))
}
