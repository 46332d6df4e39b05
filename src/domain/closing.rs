//! What closes a sweep: plan, verdicts, memory and policy in, states, transitions and the report out.
//! Owns that one step; the store runs it inside the transaction that saves its result.

use std::collections::{BTreeMap, BTreeSet};

use super::Timestamp;
use super::alerts::{self, Due, Policy};
use super::card::{CardMemory, CardState, Shown, Told, Transition};
use super::ids::{CardId, InstanceName, SweepId};
use super::link;
use super::report::{CardLine, Report, Totals};
use super::sweep::{Outcome, Plan, PlannedCard, Tally};
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
    /// What ended it early, or kept it from its whole view.
    pub trouble: Option<String>,
    /// The mail that is due, with the Message-IDs that it follows up.
    pub report: Option<(Report, Vec<String>)>,
    /// When the latest digest was composed.
    pub last_digest: Option<Timestamp>,
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
        transitions.extend(transition.map(|transition| (*id, transition)));
        cards.insert(*id, CardMemory { state, told: before.told });
    }
    let tally = tally(swept);
    let outcome = Outcome::of(&tally, &swept.plan.unlisted);
    let mut closing = Closing {
        cards,
        transitions,
        tally,
        outcome,
        trouble: swept.trouble.clone(),
        report: None,
        last_digest: memory.last_digest,
    };
    if let Some(reporting) = reporting {
        tell(&mut closing, swept, memory, reporting);
    }
    closing
}

fn tally(swept: &Swept) -> Tally {
    let unreached = Verdict::Unchecked(String::new());
    Tally::of(swept.plan.cards.iter().map(|(id, planned)| match swept.verdicts.get(id) {
        Some(judged) => &judged.verdict,
        None if planned.card.kind.renders() => &unreached,
        None => &Verdict::Unsupported,
    }))
}

/// Adds the report that is due and notes in the cards' memory what it tells.
fn tell(closing: &mut Closing, swept: &Swept, memory: &Memory, reporting: &Reporting) {
    let now = swept.finished_at;
    let policy = &reporting.policy;
    let mut said = Said::default();
    for (id, card) in &mut closing.cards {
        // Nothing is said of a card that nobody could check for too long: what is due of it stays due.
        if card.state.shown(now, policy.stale_after) == Shown::Unchecked {
            continue;
        }
        let line = |before: &CardState| line(&swept.plan.cards[id], &card.state, before, &swept.plan, reporting);
        let before = memory.cards.get(id).map_or(&CardState::Undecided, |memory| &memory.state);
        let told_now = || Told::Broken { at: now, message_id: reporting.message_id.clone() };
        card.told = match (alerts::due(card, policy), &card.told) {
            (Due::Nothing, told) => {
                if let (Told::Broken { at, .. }, CardState::Broken { .. }) = (told, &card.state) {
                    said.still_broken.extend(line(before).map(|line| (*at, line)));
                }
                continue;
            }
            (Due::Broke, _) => {
                said.broke.extend(line(before));
                told_now()
            }
            (Due::FirstSeen, _) => {
                said.first_seen.extend(line(before));
                told_now()
            }
            (Due::Recovered, told) => {
                said.follow(told);
                said.recovered.extend(line(before));
                Told::Nothing
            }
            (Due::Forget, _) => Told::Nothing,
            (Due::Withhold, _) => Told::Withheld,
        };
    }
    let told_since = said.still_broken.iter().map(|(at, _)| *at);
    let digest = swept.plan.is_complete() && alerts::digest_due(told_since, memory.last_digest, policy, now);
    if digest {
        closing.last_digest = Some(now);
    } else {
        said.still_broken.clear();
    }
    let totals = totals(closing, swept, memory, policy);
    let references = std::mem::take(&mut said.references);
    let report = said.into_report(swept, reporting, totals);
    closing.report = (!report.is_empty()).then_some((report, references));
}

/// What a report says, while it is gathered.
#[derive(Default)]
struct Said {
    broke: Vec<CardLine>,
    first_seen: Vec<CardLine>,
    recovered: Vec<CardLine>,
    still_broken: Vec<(Timestamp, CardLine)>,
    references: Vec<String>,
}

/// More earlier mails than this are not referred to: mail programs thread by the first.
const MOST_REFERENCES: usize = 10;

impl Said {
    /// Notes that the report follows up the mail in which a card was told.
    fn follow(&mut self, told: &Told) {
        if let Told::Broken { message_id, .. } = told
            && self.references.len() < MOST_REFERENCES
            && !self.references.contains(message_id)
        {
            self.references.push(message_id.clone());
        }
    }

    fn into_report(self, swept: &Swept, reporting: &Reporting, totals: Totals) -> Report {
        Report {
            instance: reporting.instance.clone(),
            swept_at: swept.started_at,
            timezone: reporting.timezone,
            confirmed_after: reporting.confirmed_after,
            broke: Report::grouped(self.broke),
            first_seen: Report::grouped(self.first_seen),
            recovered: self.recovered,
            still_broken: Report::grouped(self.still_broken.into_iter().map(|(_, line)| line).collect()),
            totals,
            trouble: swept.trouble.clone(),
        }
    }
}

/// A card's line; `None` for a state that no report speaks of.
fn line(
    planned: &PlannedCard,
    state: &CardState,
    before: &CardState,
    plan: &Plan,
    reporting: &Reporting,
) -> Option<CardLine> {
    let (since, reason) = match (state, before) {
        (CardState::Undecided | CardState::Unsupported, _) => return None,
        (CardState::Broken { since, reason, .. }, _)
        | (CardState::Working { since, .. }, CardState::Broken { reason, .. }) => (*since, Some(reason.clone())),
        (CardState::Working { since, .. }, _) => (*since, None),
    };
    Some(CardLine {
        id: planned.card.id,
        title: planned.card.title.clone(),
        pages: planned.pages.iter().filter_map(|id| plan.pages.get(id)).map(|held| held.page.title.clone()).collect(),
        owners: planned.card.owners.clone(),
        since,
        reason,
        url: link::card(&reporting.url, planned.card.id),
    })
}

/// How it stands in the whole instance, also when only a part of it was swept.
fn totals(closing: &Closing, swept: &Swept, memory: &Memory, policy: &Policy) -> Totals {
    let elsewhere = memory
        .present
        .iter()
        .filter(|id| !swept.plan.is_complete() && !closing.cards.contains_key(id))
        .filter_map(|id| memory.cards.get(id));
    let mut totals = Totals::default();
    for card in closing.cards.values().chain(elsewhere) {
        totals.cards += 1;
        match card.state.shown(swept.finished_at, policy.stale_after) {
            Shown::Broken => totals.broken += 1,
            Shown::Unchecked => totals.unchecked += 1,
            Shown::Working | Shown::Unsupported => {}
        }
    }
    totals
}
