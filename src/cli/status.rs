//! `cardwatch status`: what is broken now, out of the database, whether a daemon runs or not. Owns both
//! forms of the answer and the exit code.

use std::sync::Arc;

use serde::Serialize;

use super::args::{Format, StatusOptions};
use super::output::print;
use super::table::{self, CARD, cell, cells, count_cards, minute, rfc3339, table};
use super::{Exit, Outcome, Session, json};
use crate::clock::SharedClock;
use crate::config::valid::{Config, Instance};
use crate::daemon::clock::SystemClock;
use crate::domain::Timestamp;
use crate::domain::card::{CardState, Shown};
use crate::domain::foreign;
use crate::domain::ids::CardId;
use crate::domain::link;
use crate::domain::sight::Blind;
use crate::domain::snapshot::{CardNow, InstanceSnapshot};
use crate::store::Store;

#[derive(Serialize)]
struct Status {
    instances: Vec<InstanceStatus>,
    mails_waiting: u64,
    mails_waiting_error: Option<String>,
    mails_rejected: Vec<RejectedMail>,
}

#[derive(Serialize)]
struct RejectedMail {
    subject: String,
    error: String,
}

#[derive(Serialize)]
struct InstanceStatus {
    name: String,
    cards: usize,
    working: usize,
    broken: usize,
    unchecked: usize,
    unsupported: usize,
    cannot_check: Option<CannotCheck>,
    last_sweep: Option<LastSweep>,
    next_sweep: Option<String>,
    broken_cards: Vec<BrokenCard>,
}

/// The latest sweeps decided nothing.
#[derive(Serialize)]
struct CannotCheck {
    since: String,
    sweeps: u32,
    #[serde(skip)]
    since_at: Timestamp,
}

#[derive(Serialize)]
struct LastSweep {
    started_at: String,
    finished_at: String,
    outcome: &'static str,
    error: Option<String>,
}

#[derive(Serialize)]
struct BrokenCard {
    card_id: i64,
    title: String,
    pages: Vec<String>,
    owners: Vec<String>,
    since: String,
    reason: String,
    url: String,
    #[serde(skip)]
    since_at: Timestamp,
}

pub(super) async fn execute(session: &Session, options: &StatusOptions) -> Outcome {
    let config = session.load()?.config;
    let clock: SharedClock = Arc::new(SystemClock::start());
    let store = Store::open_existing(&config.storage.path).await?;
    let status = read(&config, &store, options, clock.now()).await?;
    store.close().await;
    let text = match options.format {
        Format::Table => status.table(),
        Format::Json => json::line(&status)?,
    };
    print(&text)?;
    let broken = status.instances.iter().any(|instance| instance.broken > 0);
    Ok(if broken { Exit::Broken } else { Exit::Well })
}

async fn read(config: &Config, store: &Store, options: &StatusOptions, now: Timestamp) -> anyhow::Result<Status> {
    if let Some(unknown) =
        options.instance.iter().find(|name| config.instances.iter().all(|known| known.name != **name))
    {
        anyhow::bail!("--instance: there is no instance '{unknown}' in the configuration");
    }
    let mut instances = Vec::new();
    for instance in &config.instances {
        if options.instance.as_ref().is_none_or(|wanted| *wanted == instance.name) {
            let snapshot = store.snapshot(&instance.name).await?;
            instances.push(InstanceStatus::of(instance, &snapshot, config, now));
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

impl InstanceStatus {
    fn of(instance: &Instance, snapshot: &InstanceSnapshot, config: &Config, now: Timestamp) -> Self {
        let stale_after = config.alerts.policy.stale_after;
        let counts = snapshot.counts(now, stale_after);
        let broken = snapshot.broken(now, stale_after);
        let mut broken_cards: Vec<_> =
            broken.filter_map(|(id, card)| BrokenCard::of(instance, snapshot, id, card)).collect();
        broken_cards.sort_by_key(|card| (std::cmp::Reverse(card.since_at), card.card_id));
        Self {
            name: snapshot.name.to_string(),
            cards: counts.all(),
            working: counts.of(Shown::Working),
            broken: counts.of(Shown::Broken),
            unchecked: counts.of(Shown::Unchecked),
            unsupported: counts.of(Shown::Unsupported),
            cannot_check: snapshot.blind.map(|blind| CannotCheck::of(blind, now)),
            last_sweep: snapshot.last_sweep.as_ref().map(|sweep| LastSweep {
                started_at: rfc3339(sweep.started_at),
                finished_at: rfc3339(sweep.finished_at),
                outcome: sweep.outcome.name(),
                error: sweep.trouble.clone(),
            }),
            next_sweep: instance.schedule.next_after(now).map(rfc3339),
            broken_cards,
        }
    }

    fn table(&self) -> String {
        let counts = format!(
            "{}: {} of {} broken, {} not checked, {} of other types",
            self.name,
            self.broken,
            count_cards(self.cards),
            self.unchecked,
            self.unsupported
        );
        let trouble = self.last_sweep.as_ref().and_then(|sweep| sweep.error.as_ref());
        let trouble = trouble.map(|error| format!("  {}", foreign::one_line(error, 2_000)));
        let blind = self.cannot_check.as_ref().map(CannotCheck::line);
        let lines = [Some(counts), blind, Some(self.sweeps()), trouble, self.broken_table()];
        lines.into_iter().flatten().chain([String::new()]).collect::<Vec<_>>().join("\n")
    }

    fn sweeps(&self) -> String {
        let last = match &self.last_sweep {
            None => "  never swept".to_owned(),
            Some(sweep) => format!("  last sweep {} ({})", sweep.finished_at, sweep.outcome),
        };
        match &self.next_sweep {
            None => last,
            Some(next) => format!("{last}, next {next} if the daemon runs"),
        }
    }

    fn broken_table(&self) -> Option<String> {
        let mut rows = table(&[CARD, "Pages and owners", "Broken since"]);
        for card in &self.broken_cards {
            let whose = format!("{}\n{}", cells(&card.pages), cells(&card.owners));
            let since = format!("{}\n{}", minute(card.since_at), cell(&card.reason));
            rows.add_row([table::card(&card.title, &card.url), whose, since]);
        }
        (!self.broken_cards.is_empty()).then(|| rows.to_string())
    }
}

impl CannotCheck {
    /// An instant that lies ahead was written down by a clock that was wrong.
    fn of(blind: Blind, now: Timestamp) -> Self {
        let since = blind.since.min(now);
        Self { since: rfc3339(since), sweeps: blind.sweeps, since_at: since }
    }

    fn line(&self) -> String {
        let since = minute(self.since_at);
        match self.sweeps {
            1 => format!("  cannot check since {since}: the latest sweep decided nothing"),
            sweeps => format!("  cannot check since {since}: {sweeps} sweeps in a row decided nothing"),
        }
    }
}

impl BrokenCard {
    fn of(instance: &Instance, snapshot: &InstanceSnapshot, id: CardId, card: &CardNow) -> Option<Self> {
        let CardState::Broken { since, reason, .. } = &card.state else { return None };
        let holds = snapshot.pages.values().filter(|page| page.cards.contains(&id));
        Some(Self {
            card_id: id.0,
            title: card.title.clone(),
            pages: holds.map(|page| page.title.clone()).collect(),
            owners: card.owners.iter().map(|owner| owner.name.clone()).collect(),
            since: rfc3339(*since),
            reason: reason.text.clone(),
            url: link::card(&instance.url, id),
            since_at: *since,
        })
    }
}

impl Status {
    fn table(&self) -> String {
        let instances = self.instances.iter().map(InstanceStatus::table);
        let why = self.mails_waiting_error.as_ref().map(|error| format!("; {}", cell(error))).unwrap_or_default();
        let waiting = format!("mails that wait to be sent: {}{why}\n", self.mails_waiting);
        let waiting = (self.mails_waiting > 0).then_some(waiting);
        let rejected = self.mails_rejected.iter();
        let rejected = rejected.map(|mail| format!("mail refused for good: {}: {}\n", mail.subject, cell(&mail.error)));
        instances.chain(waiting).chain(rejected).collect::<Vec<_>>().join("\n")
    }
}
