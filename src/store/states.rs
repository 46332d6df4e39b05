//! What was decided and told of each card, and how it rendered, now and in the latest sweeps. Owns writing that down
//! inside the closing transaction; reading it is [`memory`](super::memory)'s, and the incident that a card is in is
//! [`incidents`](super::incidents)'s.

use sqlx::query_builder::Separated;
use sqlx::{Sqlite, SqliteConnection};

use super::rows::{duration_millis, millis};
use super::sweeps::reason_id;
use super::{OpenSweep, Work, bulk};
use crate::domain::card::{CardMemory, CardState, Told};
use crate::domain::closing::{Closing, Swept};
use crate::domain::verdict::Verdict;

/// One row of `card_state` on its way there.
#[derive(Default)]
struct StateColumns<'a> {
    key: i64,
    state: &'static str,
    since: Option<i64>,
    decided_at: Option<i64>,
    reason: Option<i64>,
    first_seen: i64,
    told: &'static str,
    told_at: Option<i64>,
    told_message_id: Option<&'a str>,
    unchecked: Option<i64>,
    latency: Option<i64>,
    slow_against: Option<i64>,
    no_data_since: Option<i64>,
    recent: u64,
}

/// Writes down what is known of each planned card.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    sweep: &mut OpenSweep,
    swept: &Swept,
    closing: &Closing,
) -> Work<()> {
    let mut rows = Vec::with_capacity(AT_ONCE);
    for (card, memory) in &closing.cards {
        let Some(key) = sweep.keys.get(card).copied() else { continue };
        let mut row = columns(key, memory);
        if let CardState::Broken { reason, .. } = &memory.state {
            row.reason = reason_id(connection, sweep, &Verdict::Broken(reason.clone()), swept.finished_at).await?;
        }
        if let Some(verdict @ Verdict::Unchecked(_)) = swept.verdicts.get(card).map(|judged| &judged.verdict) {
            row.unchecked = reason_id(connection, sweep, verdict, swept.finished_at).await?;
        }
        rows.push(row);
        if rows.len() == AT_ONCE {
            write_rows(connection, &mut rows).await?;
        }
    }
    write_rows(connection, &mut rows).await
}

/// So many rows are made ready before they are written.
const AT_ONCE: usize = 1024;

async fn write_rows(connection: &mut SqliteConnection, rows: &mut Vec<StateColumns<'_>>) -> Work<()> {
    // Only a broken card is in an incident; which one, is written after this.
    bulk::write(
        connection,
        "INSERT INTO card_state (card_key, state, since, decided_at, reason_id, first_seen, told, told_at,
                                 told_message_id, unchecked_reason_id, latency_ms, slow_against_ms, no_data_since,
                                 recent) ",
        rows.drain(..),
        bind,
        " ON CONFLICT (card_key) DO UPDATE
            SET state = excluded.state, since = excluded.since, decided_at = excluded.decided_at,
                reason_id = excluded.reason_id, first_seen = excluded.first_seen, told = excluded.told,
                told_at = excluded.told_at, told_message_id = excluded.told_message_id,
                unchecked_reason_id = excluded.unchecked_reason_id, latency_ms = excluded.latency_ms,
                slow_against_ms = excluded.slow_against_ms, no_data_since = excluded.no_data_since,
                recent = excluded.recent,
                incident_id = CASE excluded.state WHEN 'broken' THEN incident_id END",
    )
    .await
}

fn bind(row: &mut Separated<'_, Sqlite, &'static str>, columns: StateColumns<'_>) -> Work<()> {
    row.push_bind(columns.key).push_bind(columns.state).push_bind(columns.since).push_bind(columns.decided_at);
    row.push_bind(columns.reason).push_bind(columns.first_seen).push_bind(columns.told).push_bind(columns.told_at);
    row.push_bind(columns.told_message_id.map(str::to_owned)).push_bind(columns.unchecked);
    row.push_bind(columns.latency).push_bind(columns.slow_against).push_bind(columns.no_data_since);
    row.push_bind(columns.recent.cast_signed());
    Ok(())
}

fn columns(key: i64, memory: &CardMemory) -> StateColumns<'_> {
    let mut row = StateColumns { key, ..StateColumns::default() };
    row.state = match &memory.state {
        CardState::Undecided => "undecided",
        CardState::Unsupported => "unsupported",
        CardState::Working { since, decided_at } => {
            (row.since, row.decided_at) = (Some(millis(*since)), Some(millis(*decided_at)));
            "working"
        }
        CardState::Broken { since, decided_at, first_seen, .. } => {
            (row.since, row.decided_at) = (Some(millis(*since)), Some(millis(*decided_at)));
            row.first_seen = i64::from(*first_seen);
            "broken"
        }
    };
    row.told = match &memory.told {
        Told::Nothing => "nothing",
        Told::Withheld => "withheld",
        Told::Broken { at, message_id } => {
            (row.told_at, row.told_message_id) = (Some(millis(*at)), Some(message_id.as_str()));
            "broken"
        }
        Told::Flapping { at, message_id } => {
            (row.told_at, row.told_message_id) = (Some(millis(*at)), Some(message_id.as_str()));
            "flapping"
        }
    };
    let rendering = &memory.rendering;
    row.latency = rendering.latency.map(duration_millis);
    row.slow_against = rendering.slow_against.map(duration_millis);
    row.no_data_since = rendering.no_data_since.map(millis);
    row.recent = memory.recent.bits();
    row
}
