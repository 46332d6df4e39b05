//! `cardwatch history`: one card's transitions and latest results. Owns both forms of the answer.

use anyhow::bail;
use serde::Serialize;

use super::args::{Format, HistoryOptions};
use super::output::print;
use super::table::{cell, cells, minute, rfc3339, table};
use super::{Exit, Outcome, Session, json};
use crate::domain::ids::CardId;
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
    transitions: Vec<Transition>,
    results: Vec<PastResult>,
}

#[derive(Serialize)]
struct Transition {
    at: String,
    to: String,
    first_seen: bool,
    reason: Option<String>,
}

#[derive(Serialize)]
struct PastResult {
    checked_at: String,
    verdict: &'static str,
    reason: Option<String>,
    latency_ms: i64,
}

pub(super) async fn execute(session: &Session, options: &HistoryOptions) -> Outcome {
    let config = session.load()?.config;
    let store = Store::open_existing(&config.storage.path).await?;
    let instance = options.instance.as_ref().map(crate::domain::ids::InstanceName::as_str);
    let mut histories = store.card_histories(CardId(options.card), instance, LIMIT).await?;
    store.close().await;
    let history = match (histories.pop(), histories.is_empty()) {
        (None, _) => bail_unknown(options)?,
        (Some(history), true) => history,
        (Some(last), false) => {
            let names: Vec<_> = histories.iter().chain([&last]).map(|history| history.instance.clone()).collect();
            return Err(anyhow::anyhow!(
                "card {} is in several instances; say which one with --instance: {}",
                options.card,
                names.join(", ")
            )
            .into());
        }
    };
    let text = match options.format {
        Format::Table => in_words(&history, options.card),
        Format::Json => json::line(&data(history, options.card))?,
    };
    print(&text)?;
    Ok(Exit::Well)
}

fn bail_unknown(options: &HistoryOptions) -> anyhow::Result<CardHistory> {
    bail!(
        "no sweep has seen card {}; its id is the number at the end of its address in Domo, and 'cardwatch sweep --format csv' lists all",
        options.card
    )
}

fn url(history: &CardHistory, card: i64) -> String {
    format!("{}/kpis/details/{card}", history.instance_url)
}

fn data(history: CardHistory, card: i64) -> History {
    let url = url(&history, card);
    let transitions = history.transitions.into_iter().map(|transition| Transition {
        at: rfc3339(transition.at),
        to: transition.to,
        first_seen: transition.first_seen,
        reason: transition.reason,
    });
    let results = history.results.into_iter().map(|result| PastResult {
        checked_at: rfc3339(result.checked_at),
        verdict: result.verdict,
        reason: result.reason,
        latency_ms: result.latency_ms,
    });
    History {
        instance: history.instance,
        card_id: card,
        title: history.title,
        url,
        removed: history.removed,
        pages: history.pages,
        transitions: transitions.collect(),
        results: results.collect(),
    }
}

fn in_words(history: &CardHistory, card: i64) -> String {
    let removed = if history.removed { " (removed)" } else { "" };
    let changes = if history.transitions.is_empty() {
        "Its state never changed.".to_owned()
    } else {
        let mut rows = table(&["When", "Became", "Reason"]);
        for transition in &history.transitions {
            let note = if transition.first_seen { " when first seen" } else { "" };
            let reason = cell(transition.reason.as_deref().unwrap_or_default());
            rows.add_row([minute(transition.at), format!("{}{note}", transition.to), reason]);
        }
        rows.to_string()
    };
    let mut rows = table(&["Checked", "Verdict", "Took", "Reason"]);
    for result in &history.results {
        let took = format!("{} ms", result.latency_ms);
        let reason = cell(result.reason.as_deref().unwrap_or_default());
        rows.add_row([rfc3339(result.checked_at), result.verdict.to_owned(), took, reason]);
    }
    format!(
        "{}{removed}, card {card} of {}\n  on {}\n  {}\n\n{changes}\n\n{rows}\n",
        cell(&history.title),
        history.instance,
        cells(&history.pages),
        url(history, card)
    )
}
