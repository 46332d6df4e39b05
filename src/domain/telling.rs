//! What a sweep's report says: goes through the cards, asks [`super::alerts`] what is due of each, writes down
//! what is told by it, and gathers the contents of the one mail. Owns that gathering; how it reads is `mail`'s.

use super::Timestamp;
use super::alerts::{self, Due, Policy};
use super::card::{CardMemory, CardState, Change, Shown, Told};
use super::closing::{Closing, Failed, FailedClosing, Memory, Reporting, Swept};
use super::link;
use super::report::{CardLine, Report, Storm, Totals};
use super::sight::{SightNews, Why};
use super::sweep::{Plan, PlannedCard};

/// Adds the report that is due and notes in the cards' memory what it tells.
pub(super) fn tell(closing: &mut Closing, swept: &Swept, memory: &Memory, reporting: &Reporting) {
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
        card.told = match (alerts::due(card, policy, now), &card.told) {
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
            (Due::Flapping, told) => {
                said.follow(told);
                said.flapping.extend(line(before));
                Told::Flapping { at: now, message_id: reporting.message_id.clone() }
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
    let why = || Why { brief: "no card could be decided".to_owned(), full: why_nothing_was_decided(swept) };
    let told = closing.sight.told.clone();
    said.sight = closing.sight.tell(policy, now, &reporting.message_id, why);
    if said.sight.is_some() {
        said.references.extend(told.map(|told| told.message_id));
    }
    said.storm = storm(closing, memory);
    let totals = totals(closing, swept, memory, policy);
    let references = std::mem::take(&mut said.references);
    let report = said.into_report(swept.started_at, swept.trouble.clone(), reporting, totals);
    closing.report = (!report.is_empty()).then_some((report, references));
}

/// What a report says, while it is gathered.
#[derive(Default)]
struct Said {
    broke: Vec<CardLine>,
    first_seen: Vec<CardLine>,
    recovered: Vec<CardLine>,
    flapping: Vec<CardLine>,
    still_broken: Vec<(Timestamp, CardLine)>,
    sight: Option<SightNews>,
    storm: Option<Storm>,
    references: Vec<String>,
}

/// More earlier mails than this are not referred to: mail programs thread by the first.
const MOST_REFERENCES: usize = 10;

impl Said {
    /// Notes that the report follows up the mail in which a card was told.
    fn follow(&mut self, told: &Told) {
        if let Told::Broken { message_id, .. } | Told::Flapping { message_id, .. } = told
            && self.references.len() < MOST_REFERENCES
            && !self.references.contains(message_id)
        {
            self.references.push(message_id.clone());
        }
    }

    fn into_report(
        self,
        swept_at: Timestamp,
        trouble: Option<String>,
        reporting: &Reporting,
        totals: Totals,
    ) -> Report {
        Report {
            instance: reporting.instance.clone(),
            swept_at,
            timezone: reporting.timezone,
            confirmed_after: reporting.confirmed_after,
            broke: Report::grouped(self.broke),
            first_seen: Report::grouped(self.first_seen),
            recovered: self.recovered,
            still_broken: Report::grouped(self.still_broken.into_iter().map(|(_, line)| line).collect()),
            flapping: self.flapping,
            sight: self.sight,
            storm: self.storm,
            totals,
            trouble,
        }
    }
}

/// Adds the report that is due about a sweep that failed.
pub(super) fn tell_failed(closing: &mut FailedClosing, failed: &Failed, memory: &Memory, reporting: &Reporting) {
    let (now, policy) = (failed.finished_at, &reporting.policy);
    let told = closing.sight.told.clone();
    let Some(news) = closing.sight.tell(policy, now, &reporting.message_id, || failed.why.clone()) else { return };
    let said = Said { sight: Some(news), ..Said::default() };
    let present = memory.present.iter().filter_map(|card| memory.cards.get(card));
    let report = said.into_report(failed.started_at, None, reporting, count(present, now, policy));
    closing.report = Some((report, told.into_iter().map(|told| told.message_id).collect()));
}

fn why_nothing_was_decided(swept: &Swept) -> String {
    let first = swept.verdicts.values().find_map(|judged| judged.verdict.reason());
    let said = first.map(|reason| format!("the first card said: {reason}"));
    swept.trouble.clone().or(said).unwrap_or_else(|| "the pages list no card of a type that renders: see that `pages` is right and shared with the cardwatch user".to_owned())
}

/// So many cards at least have to break in one sweep, and half of those that worked, to be called a storm.
const STORM: usize = 20;

fn storm(closing: &Closing, memory: &Memory) -> Option<Storm> {
    let breaks = closing
        .transitions
        .iter()
        .filter(|(_, transition)| matches!(transition.change, Change::Broke { first_seen: false, .. }));
    let broke = breaks.count();
    let worked = |card: &CardMemory| matches!(card.state, CardState::Working { .. });
    let working = closing.cards.keys().filter_map(|id| memory.cards.get(id)).filter(|card| worked(card)).count();
    (broke >= STORM && broke * 2 >= working).then_some(Storm { broke, of: working })
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
    count(closing.cards.values().chain(elsewhere), swept.finished_at, policy)
}

fn count<'a>(cards: impl Iterator<Item = &'a CardMemory>, now: Timestamp, policy: &Policy) -> Totals {
    cards.fold(Totals::default(), |mut totals, card| {
        totals.cards += 1;
        match card.state.shown(now, policy.stale_after) {
            Shown::Broken => totals.broken += 1,
            Shown::Unchecked => totals.unchecked += 1,
            Shown::Working | Shown::Unsupported => {}
        }
        totals
    })
}
