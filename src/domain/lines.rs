//! Cards and incidents as the lines of a report. Owns what a line says; which lines a report has is
//! [`telling`](super::telling)'s.

use std::collections::{BTreeMap, BTreeSet};

use super::card::{CardMemory, CardState};
use super::cause::{Cause, Kind};
use super::closing::{self, Closing, Memory, Reporting, Swept};
use super::ids::IncidentId;
use super::incident::Incident;
use super::link;
use super::owners::Owner;
use super::report::{CardLine, Group, IncidentLine, LeftIncident, OwnerCount, PageLine};
use super::sweep::{PlannedCard, RememberedPage};
use super::verdict::Reason;

/// The line of a card as it is now and was `before` the sweep; `None` for a state that no report speaks of.
pub(super) fn card(
    planned: &PlannedCard,
    now: &Standing,
    before: Option<&CardMemory>,
    swept: &Swept,
    reporting: &Reporting,
) -> Option<CardLine> {
    let state = &now.state;
    let was = before.map_or(&CardState::Undecided, |before| &before.state);
    let (since, reason) = match (state, was) {
        (CardState::Undecided | CardState::Unsupported, _) => return None,
        (CardState::Broken { since, reason, .. }, _)
        | (CardState::Working { since, .. }, CardState::Broken { reason, .. }) => (*since, Some(reason.clone())),
        (CardState::Working { since, .. }, _) => (*since, None),
    };
    let usual = || swept.asked.usual.get(&planned.card.id).map(|usual| usual.median);
    let usual = reason.as_ref().filter(|reason| state.is_broken() && is_slow(reason)).and_then(|_| usual());
    Some(CardLine {
        id: planned.card.id,
        title: planned.card.title.clone(),
        pages: planned.pages.iter().filter_map(|id| swept.plan.pages.get(id)).map(page).collect(),
        owners: names(&planned.card.owners),
        since,
        reason,
        incident: now.incident.or_else(|| before?.incident),
        usual,
        url: link::card(&reporting.url, planned.card.id),
    })
}

/// What a line says of a card as it is now.
pub(super) struct Standing {
    state: CardState,
    incident: Option<IncidentId>,
}

impl Standing {
    pub(super) fn of(card: &CardMemory) -> Self {
        Self { state: card.state.clone(), incident: card.incident }
    }
}

/// The incidents that these cards, which recovered, were in, by id; without those that turned out to be others.
pub(super) fn left(recovered: &[CardLine], closing: &Closing) -> Vec<LeftIncident> {
    let left: BTreeSet<IncidentId> = recovered.iter().filter_map(|line| line.incident).collect();
    let over = closing.incidents.closed.iter().filter(|closed| closed.merged_into.is_none());
    let over: BTreeMap<IncidentId, &String> = over.map(|closed| (closed.id, &closed.title)).collect();
    let incidents = left.into_iter().filter_map(|id| {
        let is_over = over.contains_key(&id);
        let title = over.get(&id).copied().or_else(|| Some(&closing.incidents.open.get(&id)?.title))?;
        Some(LeftIncident { id, title: title.clone(), is_over })
    });
    incidents.collect()
}

/// Whether the card takes too long, so that what is usual tells something.
fn is_slow(reason: &Reason) -> bool {
    Cause::of(reason).kind == Kind::Slow
}

fn page(held: &RememberedPage) -> PageLine {
    PageLine { title: held.page.title.clone(), owners: names(&held.page.owners) }
}

fn names(owners: &[Owner]) -> Vec<String> {
    owners.iter().map(|owner| owner.name.clone()).collect()
}

/// Broken cards by their incidents: those first of which the report has most cards, of equal ones the larger, then
/// the older.
pub(super) fn grouped(lines: Vec<CardLine>, closing: &Closing, swept: &Swept, memory: &Memory) -> Vec<Group> {
    let mut by_incident: BTreeMap<IncidentId, Vec<CardLine>> = BTreeMap::new();
    for line in lines {
        // Each broken card of the plan is in an incident.
        if let Some(incident) = closing.cards.get(&line.id).and_then(|card| card.incident) {
            by_incident.entry(incident).or_default().push(line);
        }
    }
    let groups = by_incident.into_iter().filter_map(|(id, cards)| {
        let incident = incident(closing.incidents.open.get(&id)?, closing, swept, memory);
        Some(Group { incident, cards })
    });
    let mut groups: Vec<Group> = groups.collect();
    groups.sort_by_key(|Group { incident, cards }| {
        (std::cmp::Reverse((cards.len(), incident.cards)), incident.opened_at, incident.id)
    });
    groups
}

/// What can be said of an incident.
fn incident(incident: &Incident, closing: &Closing, swept: &Swept, memory: &Memory) -> IncidentLine {
    let planned: Vec<_> = incident.cards.iter().filter_map(|card| swept.plan.cards.get(card)).collect();
    let pages: BTreeSet<_> = planned.iter().flat_map(|planned| &planned.pages).collect();
    let owners = OwnerCount::of(planned.iter().flat_map(|planned| swept.plan.owners_of(planned)));
    let upstream = incident.datasets.iter().filter_map(|id| {
        let evidence = closing::evidence_of(id, &closing.evidence, memory)?.explaining(incident.opened_at)?;
        let name = closing::dataset_name(id, swept, memory).unwrap_or(id.as_str());
        Some((name.to_owned(), evidence))
    });
    // A sweep of a part saw only some of the cards: what it saw of pages and owners is not the whole either.
    let all_seen = planned.len() == incident.cards.len();
    IncidentLine {
        id: incident.id,
        title: incident.title.clone(),
        reason: incident.reason.clone(),
        opened_at: incident.opened_at,
        cards: incident.cards.len(),
        pages: all_seen.then_some(pages.len()),
        owners: all_seen.then_some(owners),
        upstream: upstream.collect(),
    }
}
