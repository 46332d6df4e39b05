//! An instance over several sweeps: each is closed, and what it leaves is remembered as the store does.

use std::collections::BTreeSet;
use std::time::Duration;

use cardwatch::domain::alerts::Policy;
use cardwatch::domain::card::CardMemory;
use cardwatch::domain::closing::{self, Asked, Closing, Failed, FailedClosing, Judged, Memory, Reporting, Swept};
use cardwatch::domain::ids::{CardId, SweepId};
use cardwatch::domain::maintenance::Span;
use cardwatch::domain::mute::Mute;
use cardwatch::domain::owners::OwnerPolicy;
use cardwatch::domain::report::{Group, Report};
use cardwatch::domain::sight::{SightNews, Why};
use cardwatch::domain::sweep::{Exclusions, Listing, Plan, Remembered, Scope};
use cardwatch::domain::verdict::Verdict;

use crate::nouns::{at, listing, page, policy};

pub(crate) struct Story {
    pub(crate) memory: Memory,
    pub(crate) policy: Policy,
    /// Whether sweeps report.
    pub(crate) reporting: bool,
    /// What each sweep asks beside the renders.
    pub(crate) asked: Asked,
    /// How long each render takes.
    pub(crate) latency: Duration,
    /// Whether owners are mailed as well.
    pub(crate) owners: Option<OwnerPolicy>,
    /// The window that is over as the next sweeps report.
    pub(crate) after_maintenance: Option<Span>,
    sweeps: i64,
}

impl Story {
    pub(crate) fn new() -> Self {
        Self {
            memory: Memory::default(),
            policy: policy(),
            reporting: true,
            asked: Asked::default(),
            latency: Duration::ZERO,
            owners: None,
            after_maintenance: None,
            sweeps: 0,
        }
    }

    pub(crate) fn with(policy: Policy) -> Self {
        Self { policy, ..Self::new() }
    }

    /// A story of cards that were seen to work at minute 0.
    pub(crate) fn of_working(cards: &[i64]) -> Self {
        let mut story = Self::new();
        let verdicts: Vec<_> = cards.iter().map(|card| (*card, crate::nouns::works())).collect();
        story.sweep(0, &verdicts);
        story
    }

    /// Sweeps page 10, which holds just these cards, all of them rendered.
    pub(crate) fn sweep(&mut self, minute: i64, verdicts: &[(i64, Verdict)]) -> Closing {
        let cards: Vec<i64> = verdicts.iter().map(|(card, _)| *card).collect();
        self.sweep_listing(minute, listing(Scope::Pages, vec![page(10, &cards)]), verdicts)
    }

    /// Sweeps these cards by hand: what else there is is not looked at.
    pub(crate) fn sweep_part(&mut self, minute: i64, verdicts: &[(i64, Verdict)]) -> Closing {
        let cards: Vec<i64> = verdicts.iter().map(|(card, _)| *card).collect();
        self.sweep_listing(minute, listing(Scope::Part, vec![page(10, &cards)]), verdicts)
    }

    pub(crate) fn sweep_listing(&mut self, minute: i64, listing: Listing, verdicts: &[(i64, Verdict)]) -> Closing {
        self.sweeps += 1;
        let plan = Plan::new(listing, &Remembered::default(), &Exclusions::default());
        let asked = self.asked.clone();
        let swept = Swept { asked, ..swept(self.sweeps, minute, plan, verdicts, self.latency) };
        let reporting = self.reporting.then(|| self.letterhead());
        let closing = closing::close(&swept, &self.memory, reporting.as_ref());
        self.remember(&swept, &closing);
        closing
    }

    /// A sweep that could not even list.
    pub(crate) fn fail(&mut self, minute: i64, scope: Scope) -> FailedClosing {
        self.sweeps += 1;
        let failed = failed(scope, minute);
        let reporting = self.reporting.then(|| self.letterhead());
        let closing = closing::close_failed(&failed, &self.memory, reporting.as_ref());
        self.memory.sight = closing.sight.clone();
        closing
    }

    fn letterhead(&self) -> Reporting {
        Reporting {
            instance: "acme".parse().unwrap(),
            url: "https://acme.domo.com".parse().unwrap(),
            timezone: chrono_tz::UTC,
            policy: self.policy.clone(),
            confirmed_after: Some(Duration::from_secs(30)),
            message_id: self.message_id(),
            owners: self.owners.clone(),
            after_maintenance: self.after_maintenance,
        }
    }

    /// The Message-ID of the latest sweep's mail.
    pub(crate) fn message_id(&self) -> String {
        format!("{}@example.com", self.sweeps)
    }

    fn remember(&mut self, swept: &Swept, closing: &Closing) {
        let swept_cards: BTreeSet<CardId> = swept.plan.cards.keys().copied().collect();
        if swept.plan.is_complete() {
            self.memory.present = swept_cards;
        } else {
            self.memory.present.extend(swept_cards);
        }
        self.memory.cards.extend(closing.cards.clone());
        self.memory.last_digest = closing.last_digest;
        self.memory.sight = closing.sight.clone();
        let open = closing.incidents.open.values().map(|incident| (incident.id, incident.known()));
        self.memory.incidents.open = open.collect();
        let last = self.memory.incidents.open.keys().next_back().map_or(0, |id| id.0);
        self.memory.incidents.next.0 = self.memory.incidents.next.0.max(last + 1);
    }

    /// Mutes a card at a minute, until another or until it has recovered.
    pub(crate) fn mute(&mut self, card: i64, minute: i64, until: Option<i64>) {
        let (reason, by) = ("being rebuilt".to_owned(), "jo".to_owned());
        let mute = Mute { reason, by, at: at(minute), until: until.map(at) };
        self.memory.cards.update(&CardId(card), |memory| memory.mute = Some(Box::new(mute)));
    }

    /// Ends the mute of a card by hand.
    pub(crate) fn unmute(&mut self, card: i64) {
        self.memory.cards.update(&CardId(card), |memory| memory.mute = None);
    }

    pub(crate) fn card(&self, id: i64) -> CardMemory {
        self.memory.cards.get(&CardId(id)).unwrap()
    }
}

fn failed(scope: Scope, minute: i64) -> Failed {
    let why = Why { brief: "login rejected", full: "cannot sign in: correct `password`".to_owned() };
    Failed { scope, started_at: at(minute - 1), finished_at: at(minute + 1), why }
}

/// A sweep of two minutes.
fn swept(sweep: i64, minute: i64, plan: Plan, verdicts: &[(i64, Verdict)], latency: Duration) -> Swept {
    let judged = |verdict: &Verdict| Judged { verdict: verdict.clone(), at: at(minute), latency };
    let verdicts = verdicts.iter().map(|(card, verdict)| (CardId(*card), judged(verdict))).collect();
    Swept {
        sweep: SweepId(sweep),
        started_at: at(minute - 1),
        finished_at: at(minute + 1),
        trouble: plan.trouble(None),
        plan,
        verdicts,
        asked: Asked::default(),
    }
}

/// Either end of a sweep, with the report that it makes due.
pub(crate) trait Due {
    fn report(&self) -> Option<&(Report, Vec<String>)>;
}

impl Due for Closing {
    fn report(&self) -> Option<&(Report, Vec<String>)> {
        self.report.as_ref()
    }
}

impl Due for FailedClosing {
    fn report(&self) -> Option<&(Report, Vec<String>)> {
        self.report.as_ref()
    }
}

/// A report in one line: whether cards can be checked, and those that broke, were broken when first seen, flap,
/// recovered, are still broken.
pub(crate) fn told(closing: &impl Due) -> String {
    let Some((report, _)) = closing.report() else { return "nothing".to_owned() };
    let grouped =
        |groups: &[Group]| -> Vec<i64> { groups.iter().flat_map(|group| &group.cards).map(|line| line.id.0).collect() };
    let recovered = report.recovered.iter().map(|line| line.id.0).collect();
    let flapping = report.flapping.iter().map(|card| card.line.id.0).collect();
    let sight = report.sight.as_ref().map(|news| match news {
        SightNews::Lost { again: false, .. } => "cannot check".to_owned(),
        SightNews::Lost { again: true, .. } => "still cannot check".to_owned(),
        SightNews::Regained { .. } => "checking again".to_owned(),
    });
    let sections = [
        ("broke", grouped(&report.broke)),
        ("first seen", grouped(&report.first_seen)),
        ("flapping", flapping),
        ("recovered", recovered),
        ("still broken", grouped(&report.still_broken)),
    ];
    let said = sections.iter().filter(|(_, cards)| !cards.is_empty()).map(|(name, cards)| format!("{name} {cards:?}"));
    sight.into_iter().chain(said).collect::<Vec<_>>().join(", ")
}

/// The report that there must be.
pub(crate) fn report(closing: &impl Due) -> &Report {
    &closing.report().unwrap().0
}

/// The Message-IDs that the report follows up.
pub(crate) fn references(closing: &impl Due) -> &[String] {
    &closing.report().unwrap().1
}
