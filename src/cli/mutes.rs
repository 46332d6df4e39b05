//! `cardwatch mutes`: the mutes that hold, or every one that is remembered. Owns both forms of the answer, and how a
//! mute reads wherever a command speaks of one.

use std::sync::Arc;

use serde::Serialize;

use super::args::{Format, MutesOptions};
use super::output::print;
use super::table::{self, CARD, cell, minute, table};
use super::{Exit, Outcome, Session, json};
use crate::clock::SharedClock;
use crate::daemon::clock::SystemClock;
use crate::domain::mute::{Mute, MuteEnd};
use crate::domain::{Timestamp, rfc3339};
use crate::store::{MuteRecord, Store};

#[derive(Serialize)]
struct Mutes {
    mutes: Vec<MutedCard>,
}

#[derive(Serialize)]
struct MutedCard {
    instance: String,
    card_id: i64,
    title: String,
    url: String,
    #[serde(flatten)]
    mute: PrintedMute,
    ended: Option<PrintedEnd>,
}

/// A mute as data.
#[derive(Serialize)]
pub(super) struct PrintedMute {
    reason: String,
    by: String,
    at: String,
    until: Option<String>,
}

/// The end of a mute as data.
#[derive(Serialize)]
pub(super) struct PrintedEnd {
    how: &'static str,
    at: String,
    by: Option<String>,
}

/// A mute and how it ended, as data.
#[derive(Serialize)]
pub(super) struct PastMute {
    #[serde(flatten)]
    mute: PrintedMute,
    ended: Option<PrintedEnd>,
}

impl PrintedMute {
    pub(super) fn of(mute: &Mute) -> Self {
        Self { reason: mute.reason.clone(), by: mute.by.clone(), at: rfc3339(mute.at), until: mute.until.map(rfc3339) }
    }
}

impl PastMute {
    pub(super) fn of(record: &MuteRecord, now: Timestamp) -> Self {
        Self { mute: PrintedMute::of(&record.mute), ended: end(record, now).map(PrintedEnd::of) }
    }
}

impl PrintedEnd {
    fn of((how, at, by): (MuteEnd, Timestamp, Option<&str>)) -> Self {
        Self { how: how.name(), at: rfc3339(at), by: by.map(str::to_owned) }
    }
}

pub(super) async fn execute(session: &Session, options: &MutesOptions) -> Outcome {
    let config = session.load()?.config;
    let clock: SharedClock = Arc::new(SystemClock::start());
    let now = clock.now();
    let store = Store::open_existing(&config.storage.path).await?;
    let records = store.mutes(options.all, now).await?;
    store.close().await;
    let text = match options.format {
        Format::Table => listed(&records, options.all, now),
        Format::Json => json::line(&Mutes { mutes: records.iter().map(|record| data(record, now)).collect() })?,
    };
    print(&text)?;
    Ok(Exit::Well)
}

fn data(record: &MuteRecord, now: Timestamp) -> MutedCard {
    MutedCard {
        instance: record.instance.clone(),
        card_id: record.card.0,
        title: record.title.clone(),
        url: url(record),
        mute: PrintedMute::of(&record.mute),
        ended: end(record, now).map(PrintedEnd::of),
    }
}

fn listed(records: &[MuteRecord], all: bool, now: Timestamp) -> String {
    if records.is_empty() {
        return if all { "No card was ever muted.\n" } else { "No card is muted.\n" }.to_owned();
    }
    let mut rows = table(&[CARD, "Instance", "Muted"]);
    for record in records {
        let card = table::card(&record.title, &url(record));
        rows.add_row([card, cell(&record.instance), in_cell(record, now)]);
    }
    format!("{rows}\n")
}

/// Since when, by whom, until when and why; and how it ended.
pub(super) fn in_cell(record: &MuteRecord, now: Timestamp) -> String {
    let Mute { reason, by, at, .. } = &record.mute;
    let until = match end(record, now) {
        None => until(&record.mute),
        Some((MuteEnd::Expired, at, _)) => format!("its time was up {}", minute(at)),
        Some((MuteEnd::Recovered, at, _)) => format!("recovered {}", minute(at)),
        Some((MuteEnd::Unmuted, at, by)) => format!("unmuted {} by {}", minute(at), cell(by.unwrap_or("unknown"))),
    };
    format!("{} by {}\n{until}\n{}", minute(*at), cell(by), cell(reason))
}

/// 'muted by ann until 2026-11-27 14:05 UTC: owner on leave'.
pub(super) fn in_words(mute: &Mute) -> String {
    format!("muted by {} {}: {}", cell(&mute.by), until(mute), cell(&mute.reason))
}

fn until(mute: &Mute) -> String {
    mute.until.map_or_else(|| "until it works again".to_owned(), |until| format!("until {}", minute(until)))
}

/// How a mute ended, when, and by whom; one whose time is up has ended, though nobody may have written that down yet.
fn end(record: &MuteRecord, now: Timestamp) -> Option<(MuteEnd, Timestamp, Option<&str>)> {
    match (&record.ended, record.mute.until) {
        (Some(ended), _) => Some((ended.how, ended.at, ended.by.as_deref())),
        (None, Some(until)) if !record.mute.holds(now) => Some((MuteEnd::Expired, until, None)),
        (None, _) => None,
    }
}

fn url(record: &MuteRecord) -> String {
    table::card_url(&record.instance_url, record.card)
}
