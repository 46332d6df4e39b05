//! `cardwatch status`: what is broken now and why, out of the database, whether a daemon runs or not. Owns gathering
//! the answer, its names as data, and the exit code; how it reads is [`status_output`](super::status_output)'s.

use std::sync::Arc;

use serde::Serialize;

use super::args::{Format, StatusOptions};
use super::dataset::{DatasetStatus, NamedDataset};
use super::mutes::PrintedMute;
use super::output::print;
use super::{Exit, Outcome, Session, json, must_be_configured, signs};
use crate::clock::SharedClock;
use crate::config::valid::{Config, Instance};
use crate::daemon::clock::SystemClock;
use crate::domain::card::CardState;
use crate::domain::ids::{CardId, IncidentId};
use crate::domain::link;
use crate::domain::maintenance::next_sweep;
use crate::domain::mute::Mute;
use crate::domain::owners::Owner;
use crate::domain::shown::Shown;
use crate::domain::sight::Blind;
use crate::domain::snapshot::{CardNow, IncidentNow, InstanceSnapshot, PageNow};
use crate::domain::strip::Strip;
use crate::domain::{Timestamp, rfc3339};
use crate::store::Store;

#[derive(Serialize)]
pub(super) struct Status {
    pub(super) instances: Vec<InstanceStatus>,
    pub(super) mails_waiting: u64,
    pub(super) mails_waiting_error: Option<String>,
    pub(super) mails_rejected: Vec<RejectedMail>,
}

#[derive(Serialize)]
pub(super) struct RejectedMail {
    pub(super) subject: String,
    pub(super) error: String,
}

#[derive(Serialize)]
pub(super) struct InstanceStatus {
    pub(super) name: String,
    pub(super) cards: usize,
    pub(super) working: usize,
    pub(super) broken: usize,
    pub(super) unchecked: usize,
    pub(super) unsupported: usize,
    /// Of the broken ones.
    pub(super) muted: usize,
    pub(super) cannot_check: Option<CannotCheck>,
    pub(super) maintenance_until: Option<At>,
    pub(super) last_sweep: Option<LastSweep>,
    pub(super) next_sweep: Option<At>,
    pub(super) incidents: Vec<IncidentStatus>,
    pub(super) broken_cards: Vec<BrokenCard>,
    pub(super) slow_cards: Vec<SlowCard>,
    pub(super) no_data_cards: Vec<NoDataCard>,
    pub(super) invalid_functions: Option<u64>,
}

/// An instant: RFC 3339 in data.
#[derive(Clone, Copy)]
pub(super) struct At(pub(super) Timestamp);

impl Serialize for At {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&rfc3339(self.0))
    }
}

/// The latest sweeps decided nothing.
#[derive(Serialize)]
pub(super) struct CannotCheck {
    pub(super) since: At,
    pub(super) sweeps: u32,
}

#[derive(Serialize)]
pub(super) struct LastSweep {
    pub(super) started_at: At,
    pub(super) finished_at: At,
    pub(super) outcome: &'static str,
    pub(super) error: Option<String>,
}

#[derive(Serialize)]
pub(super) struct IncidentStatus {
    pub(super) id: i64,
    pub(super) title: String,
    pub(super) class: &'static str,
    pub(super) reason: String,
    pub(super) opened_at: At,
    pub(super) card_ids: Vec<i64>,
    pub(super) datasets: Vec<DatasetStatus>,
    #[serde(skip)]
    pub(super) extent: String,
}

#[derive(Serialize)]
pub(super) struct BrokenCard {
    pub(super) card_id: i64,
    pub(super) title: String,
    pub(super) pages: Vec<String>,
    pub(super) owners: Vec<String>,
    pub(super) page_owners: Vec<String>,
    pub(super) since: At,
    pub(super) reason: String,
    pub(super) url: String,
    pub(super) incident: Option<i64>,
    pub(super) datasets: Vec<NamedDataset>,
    pub(super) mute: Option<PrintedMute>,
    #[serde(skip)]
    pub(super) muted: Option<Mute>,
    #[serde(skip)]
    pub(super) recent: Strip,
}

#[derive(Serialize)]
pub(super) struct SlowCard {
    pub(super) card_id: i64,
    pub(super) title: String,
    pub(super) url: String,
    pub(super) latency_ms: u64,
    pub(super) usual_ms: u64,
}

#[derive(Serialize)]
pub(super) struct NoDataCard {
    pub(super) card_id: i64,
    pub(super) title: String,
    pub(super) url: String,
    pub(super) since: At,
}

pub(super) async fn execute(session: &Session, options: &StatusOptions) -> Outcome {
    let config = session.load()?.config;
    must_be_configured(&config, options.instance.as_ref())?;
    let clock: SharedClock = Arc::new(SystemClock::start());
    let now = clock.now();
    let store = Store::open_existing(&config.storage.path).await?;
    let status = read(&config, &store, options, now).await?;
    store.close().await;
    let text = match options.format {
        Format::Table => signs::coloured(&status.in_words(now)).into_owned(),
        Format::Json => json::line(&status)?,
    };
    print(&text)?;
    let broken = status.instances.iter().any(|instance| instance.broken > 0);
    Ok(if broken { Exit::Broken } else { Exit::Well })
}

async fn read(config: &Config, store: &Store, options: &StatusOptions, now: Timestamp) -> anyhow::Result<Status> {
    let mut instances = Vec::new();
    for instance in &config.instances {
        if options.instance.as_ref().is_none_or(|wanted| *wanted == instance.name) {
            let snapshot = store.snapshot(&instance.name).await?;
            let seen = Seen { instance, snapshot: &snapshot, now, stale_after: config.alerts.policy.stale_after };
            instances.push(seen.status());
        }
    }
    let rejected = store.rejected_letters().await?.into_iter();
    Ok(Status {
        instances,
        mails_waiting: store.queue_state().await?.length,
        mails_waiting_error: store.waiting_error().await?,
        mails_rejected: rejected.map(|(subject, error)| RejectedMail { subject, error }).collect(),
    })
}

/// One instance, as it is seen now.
struct Seen<'a> {
    instance: &'a Instance,
    snapshot: &'a InstanceSnapshot,
    now: Timestamp,
    stale_after: std::time::Duration,
}

impl Seen<'_> {
    fn status(&self) -> InstanceStatus {
        let Self { instance, snapshot, now, stale_after } = *self;
        let counts = snapshot.counts(now, stale_after);
        InstanceStatus {
            name: snapshot.name.to_string(),
            cards: counts.all(),
            working: counts.of(Shown::Working),
            broken: counts.of(Shown::Broken),
            unchecked: counts.of(Shown::Unchecked),
            unsupported: counts.of(Shown::Unsupported),
            muted: snapshot.muted(now, stale_after),
            cannot_check: snapshot.blind.map(|blind| CannotCheck::of(blind, now)),
            maintenance_until: instance.maintenance.span_at(now).map(|span| At(span.until)),
            last_sweep: snapshot.last_sweep.as_ref().map(|sweep| LastSweep {
                started_at: At(sweep.started_at),
                finished_at: At(sweep.finished_at),
                outcome: sweep.outcome.name(),
                error: sweep.trouble.clone(),
            }),
            next_sweep: next_sweep(&instance.schedule, &instance.maintenance, now).map(At),
            incidents: self.incidents(),
            broken_cards: self.broken_cards(),
            slow_cards: self.slow_cards(),
            no_data_cards: self.no_data_cards(),
            invalid_functions: snapshot.invalid_functions,
        }
    }

    /// The largest first, of equal ones the oldest, as in a mail.
    fn incidents(&self) -> Vec<IncidentStatus> {
        let incidents = self.snapshot.incidents(self.now, self.stale_after).into_iter();
        let mut incidents: Vec<_> =
            incidents.map(|(id, (incident, cards))| self.incident(id, incident, &cards)).collect();
        incidents
            .sort_by_key(|incident| (std::cmp::Reverse(incident.card_ids.len()), incident.opened_at.0, incident.id));
        incidents
    }

    fn incident(&self, id: IncidentId, incident: &IncidentNow, cards: &[CardId]) -> IncidentStatus {
        IncidentStatus {
            id: id.0,
            title: incident.title.clone(),
            class: incident.reason.class.name(),
            reason: incident.reason.text.clone(),
            opened_at: At(incident.opened_at),
            extent: self.snapshot.extent(cards),
            card_ids: cards.iter().map(|card| card.0).collect(),
            datasets: incident
                .datasets
                .iter()
                .map(|dataset| DatasetStatus::of(dataset, self.snapshot, incident.opened_at))
                .collect(),
        }
    }

    /// What broke last is first.
    fn broken_cards(&self) -> Vec<BrokenCard> {
        let broken = self.snapshot.broken(self.now, self.stale_after);
        let mut broken: Vec<_> = broken.filter_map(|(id, card)| self.broken_card(id, card)).collect();
        broken.sort_by_key(|card| (std::cmp::Reverse(card.since.0), card.card_id));
        broken
    }

    fn broken_card(&self, id: CardId, card: &CardNow) -> Option<BrokenCard> {
        let CardState::Broken { since, reason, .. } = &card.state else { return None };
        let holds: Vec<&PageNow> = self.snapshot.pages.values().filter(|page| page.cards.contains(&id)).collect();
        let mute = card.mute_at(self.now);
        Some(BrokenCard {
            card_id: id.0,
            title: card.title.clone(),
            pages: holds.iter().map(|page| page.title.clone()).collect(),
            owners: names(card.owners.iter()),
            page_owners: names(holds.iter().flat_map(|page| page.owners.iter())),
            since: At(*since),
            reason: reason.text.clone(),
            url: self.url(id),
            incident: card.incident.filter(|incident| self.snapshot.incidents.contains_key(incident)).map(|id| id.0),
            datasets: card.datasets.iter().map(|dataset| NamedDataset::of(dataset, self.snapshot)).collect(),
            mute: mute.map(PrintedMute::of),
            muted: mute.cloned(),
            recent: card.recent,
        })
    }

    /// The slowest first.
    fn slow_cards(&self) -> Vec<SlowCard> {
        let millis = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let slow = self.snapshot.slow_cards(self.now, self.stale_after).filter_map(|(id, card)| {
            Some(SlowCard {
                card_id: id.0,
                title: card.title.clone(),
                url: self.url(id),
                latency_ms: millis(card.rendering.latency?),
                usual_ms: millis(card.rendering.slow_against?),
            })
        });
        let mut slow: Vec<SlowCard> = slow.collect();
        slow.sort_by_key(|card| (std::cmp::Reverse(card.latency_ms), card.card_id));
        slow
    }

    /// The longest first.
    fn no_data_cards(&self) -> Vec<NoDataCard> {
        let empty = self.snapshot.no_data_cards(self.now, self.stale_after).filter_map(|(id, card)| {
            let since = At(card.rendering.no_data_since?);
            Some(NoDataCard { card_id: id.0, title: card.title.clone(), url: self.url(id), since })
        });
        let mut empty: Vec<NoDataCard> = empty.collect();
        empty.sort_by_key(|card| (card.since.0, card.card_id));
        empty
    }

    fn url(&self, card: CardId) -> String {
        link::card(&self.instance.url, card)
    }
}

/// The names of owners, each once.
pub(super) fn names<'a>(owners: impl IntoIterator<Item = &'a Owner>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for owner in owners {
        if !names.contains(&owner.name) {
            names.push(owner.name.clone());
        }
    }
    names
}

impl CannotCheck {
    /// An instant that lies ahead was written down by a clock that was wrong.
    fn of(blind: Blind, now: Timestamp) -> Self {
        Self { since: At(blind.since.min(now)), sweeps: blind.sweeps }
    }
}
