//! What closes a sweep: plan, verdicts, memory and policy in, states, transitions and the report out.
//! Owns that one step, which the store runs inside the transaction that saves its result; what the report
//! says is `telling`'s.

use std::collections::{BTreeMap, BTreeSet};

use litemap::LiteMap;

use super::Timestamp;
use super::alerts::Policy;
use super::card::{CardMemory, CardState, Transition};
use super::cause::Broken;
use super::dataset::{Dataset, Evidence, Feeding, KnownDataset};
use super::ids::{CardId, DatasetId, InstanceName, SweepId, UserId};
use super::incident::{self, Incidents, Known, Suspect};
use super::maintenance::Span;
use super::memories::Memories;
use super::mute::MuteEnd;
use super::obstacle;
use super::owners::{Address, Addresses, OwnerPolicy};
use super::rendering::Usual;
use super::report::Report;
use super::shown::Counts;
use super::sight::{Sight, Why};
use super::sweep::{Outcome, Plan, PlannedCard, Scope};
use super::telling;
use super::verdict::Verdict;

/// What the store remembers, read in the closing transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memory {
    /// Every card that was ever listed, the removed ones among them: one may come back.
    pub cards: Memories,
    /// Those that are monitored, as of the latest sweep.
    pub present: BTreeSet<CardId>,
    /// When the latest digest of this instance was composed.
    pub last_digest: Option<Timestamp>,
    /// Whether it could be checked lately.
    pub sight: Sight,
    /// The incidents.
    pub incidents: Known,
    /// The datasets that were ever listed or asked for, with what was found out about them.
    pub datasets: BTreeMap<DatasetId, KnownDataset>,
    /// How many beast modes are invalid, as Domo counted them lately.
    pub invalid_functions: Option<u64>,
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
    pub verdicts: LiteMap<CardId, Judged>,
    /// What ended it early, or kept it from its whole view.
    pub trouble: Option<String>,
    /// What was asked beside the renders.
    pub asked: Asked,
}

/// What a sweep asked Domo and the past beside the renders, so that its report can say more than that cards are
/// broken. All of it may be missing: the report goes out without.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// The datasets of newly broken cards, where the list did not tell them.
    pub card_datasets: BTreeMap<CardId, Feeding>,
    /// The datasets that came to be known that way.
    pub datasets: BTreeMap<DatasetId, Dataset>,
    /// What Domo says of the datasets of newly broken cards.
    pub evidence: BTreeMap<DatasetId, Evidence>,
    /// How long cards usually took, as far as it matters.
    pub usual: BTreeMap<CardId, Usual>,
    /// The mail addresses of owners.
    pub addresses: Addresses,
    /// How many beast modes are invalid, as Domo counts them.
    pub invalid_functions: Option<u64>,
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
    /// The owners that are mailed as well; `None` = none.
    pub owners: Option<OwnerPolicy>,
    /// The maintenance window that is over since the sweep before.
    pub after_maintenance: Option<Span>,
}

/// A report for one owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerReport {
    /// The owner.
    pub user: UserId,
    /// Where it is mailed to.
    pub to: Address,
    /// What it says.
    pub report: Report,
    /// The Message-ID that it gets.
    pub message_id: String,
    /// The Message-IDs that it follows up.
    pub references: Vec<String>,
}

/// What the closing transaction writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// The memory of each planned card, as it is from now on.
    pub cards: LiteMap<CardId, CardMemory>,
    /// What changed.
    pub transitions: Vec<(CardId, Transition)>,
    /// The cards' verdicts counted.
    pub counts: Counts,
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
    /// The mails to owners that are due.
    pub owner_reports: Vec<OwnerReport>,
    /// The incidents of the whole instance, the cards among them that this sweep did not look at.
    pub incidents: Incidents,
    /// What is known of the datasets that were asked about in this sweep.
    pub evidence: BTreeMap<DatasetId, Evidence>,
    /// The mutes that ended, with the instant at which each did.
    pub mutes_ended: Vec<(CardId, MuteEnd, Timestamp)>,
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
    let mut mutes_ended = Vec::new();
    let mut cards = LiteMap::with_capacity(swept.plan.cards.len());
    for id in swept.plan.cards.keys() {
        let before = memory.cards.get(id).unwrap_or_default();
        let (mut card, transition) = card_after(*id, before, swept);
        transitions.extend(transition.map(|transition| (*id, transition)));
        mutes_ended.extend(end_of_mute(&mut card, swept.finished_at).map(|(end, at)| (*id, end, at)));
        cards.insert(*id, card);
    }
    let counts = counts(swept);
    let outcome = Outcome::of(&counts, &swept.plan.unlisted);
    let why_blind = (counts.decided() == 0).then(|| obstacle::why(swept));
    let evidence = evidence(swept, memory);
    let mut closing = Closing {
        incidents: incidents(&mut cards, &evidence, swept, memory),
        evidence,
        cards,
        transitions,
        counts,
        outcome,
        trouble: why_blind.as_ref().map(|why| why.full.clone()).or_else(|| swept.trouble.clone()),
        report: None,
        owner_reports: Vec::new(),
        last_digest: memory.last_digest,
        sight: sight_after(swept.plan.scope, counts.decided() > 0, swept.started_at, memory),
        mutes_ended,
    };
    if let Some(reporting) = reporting {
        telling::tell(&mut closing, swept, why_blind.as_ref(), memory, reporting);
    }
    closing
}

/// A planned card after the sweep, and its transition if there was one.
fn card_after(id: CardId, before: CardMemory, swept: &Swept) -> (CardMemory, Option<Transition>) {
    let planned = &swept.plan.cards[&id];
    let judged = swept.verdicts.get(&id);
    let verdict = verdict_of(planned, swept);
    let (state, transition) = before.state.after(verdict, judged.map_or(swept.finished_at, |judged| judged.at));
    let mut changes = before.changes;
    changes.extend(transition.as_ref().filter(|change| !change.is_first_seen()).map(|change| change.at));
    let usual = swept.asked.usual.get(&id);
    let rendering = judged
        .map_or(before.rendering, |judged| before.rendering.after(&judged.verdict, judged.at, judged.latency, usual));
    let datasets = swept.asked.card_datasets.get(&id).or(planned.card.datasets.as_ref());
    let datasets = datasets.cloned().unwrap_or(before.datasets);
    let recent = before.recent.after(verdict);
    (CardMemory { state, changes, rendering, datasets, recent, ..before }, transition)
}

/// The verdict of a planned card; one that was not reached could not be checked.
fn verdict_of<'a>(planned: &PlannedCard, swept: &'a Swept) -> &'a Verdict {
    const UNREACHED: &Verdict = &Verdict::Unchecked(String::new());
    match swept.verdicts.get(&planned.card.id) {
        Some(judged) => &judged.verdict,
        None if planned.card.kind.renders() => UNREACHED,
        None => &Verdict::Unsupported,
    }
}

/// Takes a mute that is over out of a card's memory, and tells how it ended and when.
fn end_of_mute(card: &mut CardMemory, now: Timestamp) -> Option<(MuteEnd, Timestamp)> {
    let mute = card.mute.as_ref()?;
    let recovered = match &card.state {
        CardState::Broken { .. } | CardState::Undecided => None,
        // A mute that somebody gave a card while it was found to work was over at once.
        CardState::Working { since, .. } => Some((*since).max(mute.at)),
        CardState::Unsupported => Some(now),
    };
    let expired = mute.until.filter(|until| *until <= recovered.unwrap_or(now));
    let end = expired.map(|at| (MuteEnd::Expired, at)).or_else(|| Some((MuteEnd::Recovered, recovered?)))?;
    card.mute = None;
    Some(end)
}

/// Follows the incidents of the whole instance, and notes in each planned card's memory which one it is in.
fn incidents(
    cards: &mut LiteMap<CardId, CardMemory>,
    evidence: &BTreeMap<DatasetId, Evidence>,
    swept: &Swept,
    memory: &Memory,
) -> Incidents {
    let elsewhere = elsewhere(cards, swept, memory);
    let monitored = cards.iter().chain(elsewhere.iter().map(|(id, card)| (id, card))).map(|(id, card)| (*id, card));
    let broken: Vec<Broken<'_>> = monitored
        .filter_map(|(card, memory)| match &memory.state {
            CardState::Broken { since, reason, .. } => {
                let (since, datasets, incident) = (*since, &memory.datasets, memory.incident);
                Some(Broken { card, since, reason, datasets, incident })
            }
            CardState::Undecided | CardState::Unsupported | CardState::Working { .. } => None,
        })
        .collect();
    let incidents = incident::follow(&memory.incidents, &broken, |dataset| Suspect {
        name: dataset_name(dataset, swept, memory),
        evidence: evidence_of(dataset, evidence, memory),
    });
    for (_, card) in cards.iter_mut() {
        card.incident = None;
    }
    for incident in incidents.open.values() {
        for card in &incident.cards {
            if let Some(card) = cards.get_mut(card) {
                card.incident = Some(incident.id);
            }
        }
    }
    incidents
}

/// The monitored cards that a sweep of a part did not look at.
pub(super) fn elsewhere(
    cards: &LiteMap<CardId, CardMemory>,
    swept: &Swept,
    memory: &Memory,
) -> Vec<(CardId, CardMemory)> {
    let unseen = memory.present.iter().filter(|id| !swept.plan.is_complete() && !cards.contains_key(id));
    unseen.filter_map(|id| Some((*id, memory.cards.get(id)?))).collect()
}

/// The name of a dataset, as it was listed, asked for, or known before.
pub(super) fn dataset_name<'a>(dataset: &DatasetId, swept: &'a Swept, memory: &'a Memory) -> Option<&'a str> {
    let listed = swept.plan.datasets.get(dataset).or_else(|| swept.asked.datasets.get(dataset));
    let known = listed.or_else(|| memory.datasets.get(dataset).map(|known| &known.dataset));
    known.map(|dataset| dataset.name.as_str()).filter(|name| !name.is_empty())
}

/// What is known of a dataset now: `evidence` is what this sweep found out.
pub(super) fn evidence_of<'a>(
    dataset: &DatasetId,
    evidence: &'a BTreeMap<DatasetId, Evidence>,
    memory: &'a Memory,
) -> Option<&'a Evidence> {
    evidence.get(dataset).or_else(|| memory.datasets.get(dataset)?.evidence.as_ref())
}

/// What is known now of the datasets that were asked about.
fn evidence(swept: &Swept, memory: &Memory) -> BTreeMap<DatasetId, Evidence> {
    let before = |id| memory.datasets.get(id).and_then(|known| known.evidence.as_ref());
    swept.asked.evidence.iter().map(|(id, found)| (id.clone(), found.clone().compared_with(before(id)))).collect()
}

/// A sweep of a part, chosen by hand, says nothing about the instance.
fn sight_after(scope: Scope, decided: bool, began: Timestamp, memory: &Memory) -> Sight {
    match scope {
        Scope::Pages | Scope::Instance => memory.sight.clone().after(decided, began),
        Scope::Part => memory.sight.clone(),
    }
}

fn counts(swept: &Swept) -> Counts {
    swept.plan.cards.values().map(|planned| verdict_of(planned, swept).shown()).collect()
}
