//! What a sweep's report says: goes through the cards, asks [`super::alerts`] what is due of each, writes down
//! what is told by it, and gathers the contents of the one mail. Owns that gathering; how it reads is `mail`'s.

use std::collections::BTreeSet;

use super::Timestamp;
use super::alerts::{self, Due, Policy};
use super::card::{CardMemory, CardState, Change, Shown, Told};
use super::closing::{self, Closing, Failed, FailedClosing, Memory, Reporting, Swept};
use super::ids::CardId;
use super::link;
use super::owners::Owner;
use super::report::{Audience, CardLine, FlappingCard, Group, IncidentLine, PageLine, Report, Storm, Totals};
use super::sight::{Sight, SightNews, Why};
use super::sweep::{PlannedCard, RememberedPage, Scope};

/// Adds the report that is due and notes in the memory what it tells; `why_blind` is why nothing was decided.
pub(super) fn tell(
    closing: &mut Closing,
    swept: &Swept,
    why_blind: Option<&Why>,
    memory: &Memory,
    reporting: &Reporting,
) {
    let now = swept.finished_at;
    let policy = &reporting.policy;
    let mut said = Said::default();
    for (id, card) in &mut closing.cards {
        // Nothing is said of a card that nobody could check for too long: what is due of it stays due.
        if card.state.shown(now, policy.stale_after) != Shown::Unchecked {
            let before = memory.cards.get(id).map_or(&CardState::Undecided, |memory| &memory.state);
            let state = card.state.clone();
            let line = || line(&swept.plan.cards[id], &state, before, swept, reporting);
            said.card(card, line, now, reporting);
        }
    }
    let whole = swept.plan.is_complete();
    if whole && said.digest_due(memory, policy, now) {
        closing.last_digest = Some(now);
    } else {
        said.still_broken.clear();
    }
    if whole {
        said.sight(&mut closing.sight, now, reporting, why_blind);
    }
    if !(said.broke.is_empty() && said.flapping.is_empty()) {
        said.storm = storm(closing, swept, memory);
    }
    let totals = totals(closing, swept, memory, policy);
    let incidents = incident_lines(closing, swept, memory);
    closing.report = said.into_report(swept.started_at, closing.trouble.clone(), reporting, totals, &incidents);
}

/// Adds the report that is due about a sweep that failed.
pub(super) fn tell_failed(closing: &mut FailedClosing, failed: &Failed, memory: &Memory, reporting: &Reporting) {
    if failed.scope == Scope::Part {
        return;
    }
    let now = failed.finished_at;
    let mut said = Said::default();
    said.sight(&mut closing.sight, now, reporting, Some(&failed.why));
    let present = memory.present.iter().filter_map(|card| memory.cards.get(card));
    let totals = count(present, now, &reporting.policy);
    closing.report = said.into_report(failed.started_at, None, reporting, totals, &[]);
}

/// What a report says, while it is gathered.
#[derive(Default)]
struct Said {
    broke: Vec<CardLine>,
    first_seen: Vec<CardLine>,
    recovered: Vec<CardLine>,
    flapping: Vec<FlappingCard>,
    /// With what was told of them.
    still_broken: Vec<(Told, CardLine)>,
    sight: Option<SightNews>,
    storm: Option<Storm>,
    references: Vec<String>,
}

/// More earlier mails than this are not referred to: mail programs thread by the first.
const MOST_REFERENCES: usize = 10;

impl Said {
    /// Says what is due of a card, and notes in its memory that it was said.
    fn card(
        &mut self,
        card: &mut CardMemory,
        line: impl Fn() -> Option<CardLine>,
        now: Timestamp,
        reporting: &Reporting,
    ) {
        let told_now = || Told::Broken { at: now, message_id: reporting.message_id.clone() };
        card.told = match alerts::due(card, &reporting.policy, now) {
            Due::Nothing => {
                if matches!((&card.told, &card.state), (Told::Broken { .. }, CardState::Broken { .. })) {
                    self.still_broken.extend(line().map(|line| (card.told.clone(), line)));
                }
                return;
            }
            Due::Broke => {
                self.follow_told(&card.told);
                self.broke.extend(line());
                told_now()
            }
            Due::FirstSeen => {
                self.first_seen.extend(line());
                told_now()
            }
            Due::Flapping => {
                self.follow_told(&card.told);
                let changes = alerts::recent_changes(card, &reporting.policy, now);
                let broken = card.state.is_broken();
                self.flapping.extend(line().map(|line| FlappingCard { line, changes, broken }));
                Told::Flapping { at: now, message_id: reporting.message_id.clone() }
            }
            Due::Recovered => {
                self.follow_told(&card.told);
                self.recovered.extend(line());
                Told::Nothing
            }
            Due::Forget => Told::Nothing,
            Due::Withhold => Told::Withheld,
        };
    }

    fn digest_due(&self, memory: &Memory, policy: &Policy, now: Timestamp) -> bool {
        let told_since = self.still_broken.iter().filter_map(|(told, _)| told.at());
        alerts::digest_due(told_since, memory.last_digest, policy, now)
    }

    /// Says whether the instance can be checked, where that is news.
    fn sight(&mut self, sight: &mut Sight, now: Timestamp, reporting: &Reporting, why: Option<&Why>) {
        let earlier = sight.told.clone();
        self.sight = sight.tell(&reporting.policy, now, &reporting.message_id, why);
        if let (Some(_), Some(earlier)) = (&self.sight, earlier) {
            self.follow(&earlier.message_id);
        }
    }

    /// Notes that the report follows up the mail in which a card was told.
    fn follow_told(&mut self, told: &Told) {
        if let Told::Broken { message_id, .. } | Told::Flapping { message_id, .. } = told {
            self.follow(message_id);
        }
    }

    fn follow(&mut self, message_id: &String) {
        if self.references.len() < MOST_REFERENCES && !self.references.contains(message_id) {
            self.references.push(message_id.clone());
        }
    }

    /// The report with the Message-IDs that it follows up; `None` where there is nothing to say.
    fn into_report(
        mut self,
        swept_at: Timestamp,
        trouble: Option<String>,
        reporting: &Reporting,
        totals: Totals,
        incidents: &[(IncidentLine, BTreeSet<CardId>)],
    ) -> Option<(Report, Vec<String>)> {
        let still_broken = std::mem::take(&mut self.still_broken);
        for (told, _) in &still_broken {
            self.follow_told(told);
        }
        let report = Report {
            instance: reporting.instance.clone(),
            swept_at,
            timezone: reporting.timezone,
            confirmed_after: reporting.confirmed_after,
            broke: grouped(self.broke, incidents),
            first_seen: grouped(self.first_seen, incidents),
            recovered: self.recovered,
            still_broken: grouped(still_broken.into_iter().map(|(_, line)| line).collect(), incidents),
            flapping: self.flapping,
            flap_window: reporting.policy.flap_window,
            sight: self.sight,
            storm: self.storm,
            totals,
            trouble,
            audience: Audience::ADMINS,
            after_maintenance: reporting.after_maintenance,
            digest: None,
        };
        (!report.is_empty()).then_some((report, self.references))
    }
}

/// So many cards at least have to break in one sweep, and half of those that worked, to be called a storm.
const STORM: usize = 20;

fn storm(closing: &Closing, swept: &Swept, memory: &Memory) -> Option<Storm> {
    let breaks = closing
        .transitions
        .iter()
        .filter(|(_, transition)| matches!(transition.change, Change::Broke { first_seen: false, .. }));
    let broke = breaks.count();
    let elsewhere = closing::elsewhere(&closing.cards, swept, memory);
    let before = closing.cards.keys().filter_map(|id| memory.cards.get(id));
    let before = before.chain(elsewhere.into_iter().map(|(_, card)| card));
    let working = before.filter(|card| matches!(card.state, CardState::Working { .. })).count();
    (broke >= STORM && broke * 2 >= working).then_some(Storm { broke, of: working })
}

/// A card's line; `None` for a state that no report speaks of.
fn line(
    planned: &PlannedCard,
    state: &CardState,
    before: &CardState,
    swept: &Swept,
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
        pages: planned.pages.iter().filter_map(|id| swept.plan.pages.get(id)).map(page_line).collect(),
        owners: names(&planned.card.owners),
        since,
        reason,
        usual: swept.asked.usual.get(&planned.card.id).map(|usual| usual.median),
        url: link::card(&reporting.url, planned.card.id),
    })
}

fn page_line(held: &RememberedPage) -> PageLine {
    PageLine { title: held.page.title.clone(), owners: names(&held.page.owners) }
}

fn names(owners: &[Owner]) -> Vec<String> {
    owners.iter().map(|owner| owner.name.clone()).collect()
}

/// What can be said of each open incident, and its cards: the largest first, of equal ones the oldest.
fn incident_lines(closing: &Closing, swept: &Swept, memory: &Memory) -> Vec<(IncidentLine, BTreeSet<CardId>)> {
    let mut lines: Vec<_> = closing
        .incidents
        .open
        .values()
        .map(|incident| {
            let planned = || incident.cards.iter().filter_map(|card| swept.plan.cards.get(card));
            let pages: BTreeSet<_> = planned().flat_map(|planned| &planned.pages).collect();
            let owners: BTreeSet<_> =
                planned().flat_map(|planned| &planned.card.owners).map(|owner| &owner.name).collect();
            let upstream = incident.datasets.iter().filter_map(|id| {
                let known = || memory.datasets.get(id).and_then(|(_, evidence)| evidence.as_ref());
                let evidence = closing.evidence.get(id).or_else(known)?;
                let name = closing::dataset_name(id, swept, memory).unwrap_or(id.as_str());
                Some((name.to_owned(), evidence.clone()))
            });
            let line = IncidentLine {
                id: incident.id,
                title: incident.title.clone(),
                reason: incident.reason.clone(),
                opened_at: incident.opened_at,
                cards: incident.cards.len(),
                pages: pages.len(),
                owners: owners.len(),
                upstream: upstream.collect(),
            };
            (line, incident.cards.clone())
        })
        .collect();
    lines.sort_by_key(|(line, _)| (std::cmp::Reverse(line.cards), line.opened_at, line.id));
    lines
}

/// Cards by their incidents; a card that is in none is not broken, and is left out.
fn grouped(lines: Vec<CardLine>, incidents: &[(IncidentLine, BTreeSet<CardId>)]) -> Vec<Group> {
    let groups = incidents.iter().map(|(incident, members)| {
        let cards = lines.iter().filter(|line| members.contains(&line.id)).cloned().collect();
        Group { incident: incident.clone(), cards }
    });
    let mut groups: Vec<Group> = groups.filter(|group| !group.cards.is_empty()).collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.cards.len()));
    groups
}

/// How it stands in the whole instance, also when only a part of it was swept.
fn totals(closing: &Closing, swept: &Swept, memory: &Memory, policy: &Policy) -> Totals {
    let elsewhere = closing::elsewhere(&closing.cards, swept, memory).into_iter().map(|(_, card)| card);
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
