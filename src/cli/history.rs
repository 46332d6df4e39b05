//! `cardwatch history`: one card's past: its transitions, incidents, mutes and latest results. Owns both forms of the
//! answer.

use std::sync::Arc;

use anyhow::bail;
use serde::Serialize;

use super::args::{Format, HistoryOptions};
use super::mutes::{self, PastMute};
use super::output::print;
use super::status::names;
use super::status_output::seconds;
use super::table::{card_url, cell, cells, minute, table};
use super::{Exit, Outcome, Session, json, must_know, never_seen, signs};
use crate::clock::SharedClock;
use crate::daemon::clock::SystemClock;
use crate::domain::card::CardState;
use crate::domain::ids::{CardId, InstanceName};
use crate::domain::rendering::Rendering;
use crate::domain::strip::Strip;
use crate::domain::{Timestamp, rfc3339};
use crate::store::{CardHistory, Store};

/// So many transitions and results at most.
const LIMIT: u32 = 100;

#[derive(Serialize)]
struct History {
    instance: String,
    card_id: i64,
    title: String,
    url: String,
    removed: bool,
    pages: Vec<String>,
    owners: Vec<String>,
    slow: Option<Slow>,
    no_data_since: Option<String>,
    transitions: Vec<Transition>,
    incidents: Vec<Incident>,
    mutes: Vec<PastMute>,
    results: Vec<PastResult>,
}

/// It is slow by its own history.
#[derive(Serialize)]
struct Slow {
    latency_ms: u64,
    usual_ms: u64,
}

#[derive(Serialize)]
struct Transition {
    at: String,
    to: &'static str,
    first_seen: bool,
    reason: Option<String>,
}

#[derive(Serialize)]
struct Incident {
    id: i64,
    title: String,
    joined_at: String,
    left_at: Option<String>,
}

#[derive(Serialize)]
struct PastResult {
    checked_at: String,
    verdict: &'static str,
    reason: Option<String>,
    latency_ms: i64,
}

/// One card's past, and how it rendered lately.
struct Past {
    card: CardId,
    history: CardHistory,
    rendering: Rendering,
    recent: Strip,
    now: Timestamp,
}

pub(super) async fn execute(session: &Session, options: &HistoryOptions) -> Outcome {
    let config = session.load()?.config;
    let clock: SharedClock = Arc::new(SystemClock::start());
    let store = Store::open_existing(&config.storage.path).await?;
    must_know(&config, &store, options.instance.as_ref()).await?;
    let card = CardId(options.card);
    let history = one_history(&store, card, options.instance.as_ref()).await?;
    let (rendering, recent) = lately(&store, &history, card).await?;
    store.close().await;
    let past = Past { card, history, rendering, recent, now: clock.now() };
    let text = match options.format {
        Format::Table => signs::coloured(&past.in_words()).into_owned(),
        Format::Json => json::line(&past.data())?,
    };
    print(&text)?;
    Ok(Exit::Well)
}

async fn one_history(store: &Store, card: CardId, instance: Option<&InstanceName>) -> anyhow::Result<CardHistory> {
    let mut histories = store.card_histories(card, instance.map(InstanceName::as_str), LIMIT).await?;
    match (histories.pop(), histories.is_empty()) {
        (Some(history), true) => Ok(history),
        (None, _) => Err(never_seen(card.0)),
        (Some(last), false) => {
            let names: Vec<_> = histories.iter().chain([&last]).map(|history| history.instance.clone()).collect();
            bail!("card {card} is in several instances; say which one with --instance: {}", names.join(", "))
        }
    }
}

/// How the card rendered when it was last decided, where it works, and its latest verdicts; of a card that is listed no
/// more neither.
async fn lately(store: &Store, history: &CardHistory, card: CardId) -> anyhow::Result<(Rendering, Strip)> {
    let snapshot = store.snapshot(&history.instance.parse()?).await?;
    let Some(known) = snapshot.cards.get(&card) else { return Ok(Default::default()) };
    let works = matches!(known.state, CardState::Working { .. });
    Ok((if works { known.rendering } else { Rendering::default() }, known.recent))
}

impl Past {
    /// How long the latest render took and how long it usually took, of a slow card.
    fn slow(&self) -> Option<Slow> {
        let millis = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let Rendering { latency, slow_against, .. } = self.rendering;
        Some(Slow { latency_ms: millis(latency?), usual_ms: millis(slow_against?) })
    }

    fn url(&self) -> String {
        card_url(&self.history.instance_url, self.card)
    }

    fn data(&self) -> History {
        let history = &self.history;
        let transitions = history.transitions.iter().map(|transition| Transition {
            at: rfc3339(transition.at),
            to: transition.to.name(),
            first_seen: transition.first_seen,
            reason: transition.reason.clone(),
        });
        let incidents = history.incidents.iter().map(|incident| Incident {
            id: incident.id.0,
            title: incident.title.clone(),
            joined_at: rfc3339(incident.joined_at),
            left_at: incident.left_at.map(rfc3339),
        });
        let results = history.results.iter().map(|result| PastResult {
            checked_at: rfc3339(result.checked_at),
            verdict: result.verdict.name(),
            reason: result.reason.clone(),
            latency_ms: result.latency_ms,
        });
        History {
            instance: history.instance.clone(),
            card_id: self.card.0,
            title: history.title.clone(),
            url: self.url(),
            removed: history.removed,
            pages: history.pages.clone(),
            owners: names(&history.owners),
            slow: self.slow(),
            no_data_since: self.rendering.no_data_since.map(rfc3339),
            transitions: transitions.collect(),
            incidents: incidents.collect(),
            mutes: history.mutes.iter().map(|mute| PastMute::of(mute, self.now)).collect(),
            results: results.collect(),
        }
    }

    fn in_words(&self) -> String {
        let tables = [self.incidents(), self.mutes(), self.results()];
        let parts = [self.head(), self.changes()].into_iter().chain(tables.into_iter().flatten());
        format!("{}\n", parts.collect::<Vec<_>>().join("\n\n"))
    }

    fn head(&self) -> String {
        let history = &self.history;
        let removed = if history.removed { " (removed)" } else { "" };
        let owners = names(&history.owners);
        let slow = self.slow().map(|slow| {
            let (took, usual) = (seconds(slow.latency_ms), seconds(slow.usual_ms));
            format!("slow: it took {took}, where {usual} was usual")
        });
        let empty = self.rendering.no_data_since.map(|since| format!("renders without data since {}", minute(since)));
        let lines = [
            Some(format!("{}{removed}, card {} of {}", cell(&history.title), self.card, history.instance)),
            Some(format!("on {}", cells(&history.pages))),
            (!owners.is_empty()).then(|| format!("owned by {}", cells(&owners))),
            slow,
            empty,
            Some(signs::strip(self.recent)).filter(|strip| !strip.is_empty()),
            Some(self.url()),
        ];
        lines.into_iter().flatten().collect::<Vec<_>>().join("\n  ")
    }

    fn changes(&self) -> String {
        if self.history.transitions.is_empty() {
            return "Its state never changed.".to_owned();
        }
        let mut rows = table(&["When", "Became", "Reason"]);
        for transition in &self.history.transitions {
            let note = if transition.first_seen { " when first seen" } else { "" };
            let reason = cell(transition.reason.as_deref().unwrap_or_default());
            rows.add_row([minute(transition.at), format!("{}{note}", signs::signed(transition.to.name())), reason]);
        }
        rows.to_string()
    }

    fn incidents(&self) -> Option<String> {
        let mut rows = table(&["Incident", "From", "To"]);
        for incident in &self.history.incidents {
            let title = format!("#{} {}", incident.id, cell(&incident.title));
            let left = incident.left_at.map_or_else(|| "now".to_owned(), minute);
            rows.add_row([title, minute(incident.joined_at), left]);
        }
        (!self.history.incidents.is_empty()).then(|| rows.to_string())
    }

    fn mutes(&self) -> Option<String> {
        let mut rows = table(&["Muted"]);
        for mute in &self.history.mutes {
            rows.add_row([mutes::in_cell(mute, self.now)]);
        }
        (!self.history.mutes.is_empty()).then(|| rows.to_string())
    }

    fn results(&self) -> Option<String> {
        let mut rows = table(&["Checked", "Verdict", "Took", "Reason"]);
        for result in &self.history.results {
            let took = format!("{} ms", result.latency_ms);
            let reason = cell(result.reason.as_deref().unwrap_or_default());
            rows.add_row([rfc3339(result.checked_at), signs::signed(result.verdict.name()), took, reason]);
        }
        (!self.history.results.is_empty()).then(|| rows.to_string())
    }
}
