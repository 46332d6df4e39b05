//! What a sweep's report says: goes through the cards, asks [`alerts`] what is due of each, writes down
//! what is told by it, and gathers the contents of the one mail. Owns that gathering; what a line says is `lines`',
//! what the owners are sent of it is `owner_mail`'s, and how it reads is `mail`'s.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use super::alerts::{self, Due, Policy};
use super::card::{CardMemory, CardState, Change, Told};
use super::closing::{self, Closing, Failed, FailedClosing, Memory, Reporting, Swept};
use super::ids::CardId;
use super::lines::{self, Standing};
use super::report::{Audience, CardLine, FlappingCard, Group, Report, Storm, Totals};
use super::shown::Shown;
use super::sight::{Sight, SightNews, Why};
use super::sweep::Scope;
use super::{Timestamp, digest, owner_mail};

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
            let (before, standing) = (memory.cards.get(id), Standing::of(card));
            let line = || lines::card(&swept.plan.cards[id], &standing, before.as_ref(), swept, reporting);
            said.card(*id, card, line, now, reporting);
        }
    }
    let whole = swept.plan.is_complete();
    let digest = if whole && said.digest_due(memory, policy, now) {
        closing.last_digest = Some(now);
        Some(digest::of(closing, swept, memory, reporting))
    } else {
        said.still_broken.clear();
        None
    };
    if whole {
        said.sight(&mut closing.sight, now, reporting, why_blind);
    }
    if !(said.broke.is_empty() && said.flapping.is_empty()) {
        said.storm = storm(closing, swept, memory);
    }
    let followed = std::mem::take(&mut said.followed);
    let grouped = |lines| lines::grouped(lines, closing, swept, memory);
    let totals = totals(closing, swept, memory, policy);
    let report = said.into_report(swept.started_at, reporting, totals, grouped);
    closing.report = report.map(|(report, references)| {
        let left = lines::left(&report.recovered, closing);
        let report = Report { trouble: closing.trouble.clone(), digest, left, ..report };
        let (report, owner_reports) = owner_mail::divide(report, &followed, closing, swept, reporting);
        closing.owner_reports = owner_reports;
        (report, references)
    });
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
    closing.report = said.into_report(failed.started_at, reporting, totals, |_| Vec::new());
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
    /// The earlier mails in which the cards were told of which there is news.
    followed: BTreeMap<CardId, String>,
    thread: Thread,
}

/// The Message-IDs of the mails that a mail follows up.
#[derive(Default)]
pub(super) struct Thread(pub(super) Vec<String>);

/// More earlier mails than this are not referred to: mail programs thread by the first.
const MOST_REFERENCES: usize = 10;

impl Thread {
    pub(super) fn follow(&mut self, message_id: &str) {
        if self.0.len() < MOST_REFERENCES && !self.0.iter().any(|known| known == message_id) {
            self.0.push(message_id.to_owned());
        }
    }
}

impl Said {
    /// Says what is due of a card, and notes in its memory that it was said.
    fn card(
        &mut self,
        id: CardId,
        card: &mut CardMemory,
        line: impl Fn() -> Option<CardLine>,
        now: Timestamp,
        reporting: &Reporting,
    ) {
        let told_now = || Told::Broken { at: now, message_id: reporting.message_id.clone() };
        card.told = match alerts::due(card, &reporting.policy, now) {
            Due::Nothing => {
                if alerts::is_reminded_of(card, now) {
                    self.still_broken.extend(line().map(|line| (card.told.clone(), line)));
                }
                return;
            }
            Due::Broke => {
                self.follow(id, &card.told);
                self.broke.extend(line());
                told_now()
            }
            Due::FirstSeen => {
                self.first_seen.extend(line());
                told_now()
            }
            Due::Flapping => {
                self.follow(id, &card.told);
                let changes = alerts::recent_changes(card, &reporting.policy, now);
                let broken = card.state.is_broken();
                self.flapping.extend(line().map(|line| FlappingCard { line, changes, broken }));
                Told::Flapping { at: now, message_id: reporting.message_id.clone() }
            }
            Due::Recovered => {
                self.follow(id, &card.told);
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
            self.thread.follow(&earlier.message_id);
        }
    }

    /// Notes that the report follows up the mail in which a card was told.
    fn follow(&mut self, id: CardId, told: &Told) {
        if let Some(message_id) = told.message_id() {
            self.thread.follow(message_id);
            self.followed.insert(id, message_id.to_owned());
        }
    }

    /// The report with the Message-IDs that it follows up; `None` where there is nothing to say.
    fn into_report(
        mut self,
        swept_at: Timestamp,
        reporting: &Reporting,
        totals: Totals,
        grouped: impl Fn(Vec<CardLine>) -> Vec<Group>,
    ) -> Option<(Report, Vec<String>)> {
        for (told, _) in &self.still_broken {
            told.message_id().into_iter().for_each(|message_id| self.thread.follow(message_id));
        }
        let report = Report {
            instance: reporting.instance.clone(),
            swept_at,
            timezone: reporting.timezone,
            confirmed_after: reporting.confirmed_after,
            broke: grouped(self.broke),
            first_seen: grouped(self.first_seen),
            recovered: self.recovered,
            left: Vec::new(),
            still_broken: grouped(self.still_broken.into_iter().map(|(_, line)| line).collect()),
            flapping: self.flapping,
            flap_window: reporting.policy.flap_window,
            sight: self.sight,
            storm: self.storm,
            totals,
            trouble: None,
            audience: Audience::ADMINS,
            after_maintenance: reporting.after_maintenance,
            digest: None,
        };
        (!report.is_empty()).then_some((report, self.thread.0))
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

/// How it stands in the whole instance, also when only a part of it was swept.
fn totals(closing: &Closing, swept: &Swept, memory: &Memory, policy: &Policy) -> Totals {
    let elsewhere = closing::elsewhere(&closing.cards, swept, memory);
    let cards = closing.cards.values().chain(elsewhere.iter().map(|(_, card)| card));
    count(cards, swept.finished_at, policy)
}

/// Counts cards by what is to be shown of them.
pub(super) fn count(cards: impl Iterator<Item = impl Borrow<CardMemory>>, now: Timestamp, policy: &Policy) -> Totals {
    cards.fold(Totals::default(), |mut totals, card| {
        totals.cards += 1;
        match card.borrow().state.shown(now, policy.stale_after) {
            Shown::Broken => totals.broken += 1,
            Shown::Unchecked => totals.unchecked += 1,
            Shown::Working | Shown::Unsupported => {}
        }
        totals
    })
}
