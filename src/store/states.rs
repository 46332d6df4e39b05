//! What was decided and told of each card, and how it rendered, now and in the latest sweeps. Owns writing that down
//! inside the closing transaction; reading it is [`memory`](super::memory)'s, and the incident that a card is in is
//! [`incidents`](super::incidents)'s.

use sqlx::SqliteConnection;

use super::bulk::{Bulk, Values};
use super::rows::{duration_millis, millis};
use super::sweeps::reason_id;
use super::{OpenSweep, Work};
use crate::domain::Timestamp;
use crate::domain::card::{CardMemory, CardState, Told};
use crate::domain::closing::{Closing, Memory, Swept};
use crate::domain::rendering::Rendering;
use crate::domain::verdict::Verdict;

/// One row of `card_state` on its way there.
#[derive(Clone, Copy, Default)]
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

/// What changes of the row of a card that works as before.
#[derive(Clone, Copy)]
struct AgainColumns {
    key: i64,
    decided_at: i64,
    latency: Option<i64>,
    recent: u64,
}

/// Writes down what is known of each planned card.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    sweep: &mut OpenSweep,
    swept: &Swept,
    closing: &Closing,
    before: &Memory,
) -> Work<()> {
    let (mut rows, mut again) = (Vec::new(), Vec::new());
    for (card, memory) in &closing.cards {
        let Some(key) = sweep.keys.get(card).copied() else { continue };
        let verdict = swept.verdicts.get(card).map(|judged| &judged.verdict);
        if let Some(decided_at) = before.cards.get(card).and_then(|before| works_again(&before, memory, verdict)) {
            let latency = memory.rendering.latency.map(duration_millis);
            again.push(AgainColumns { key, decided_at: millis(decided_at), latency, recent: memory.recent.bits() });
        } else {
            let mut row = columns(key, memory);
            if let CardState::Broken { reason, .. } = &memory.state {
                row.reason = reason_id(connection, sweep, &Verdict::Broken(reason.clone()), swept.finished_at).await?;
            }
            if let Some(verdict @ Verdict::Unchecked(_)) = verdict {
                row.unchecked = reason_id(connection, sweep, verdict, swept.finished_at).await?;
            }
            rows.push(row);
        }
        if rows.len() + again.len() >= AT_ONCE {
            write_rows(connection, &mut rows, &mut again).await?;
        }
    }
    write_rows(connection, &mut rows, &mut again).await
}

/// When a card was decided that works as it did before, with nothing else to be written down of it.
fn works_again(before: &CardMemory, now: &CardMemory, verdict: Option<&Verdict>) -> Option<Timestamp> {
    match (&before.state, &now.state, verdict) {
        (
            CardState::Working { since: was, .. },
            CardState::Working { since, decided_at },
            Some(Verdict::Working { .. }),
        ) if was == since => {
            let rendering = Rendering { latency: before.rendering.latency, ..now.rendering };
            (before.told == now.told && before.rendering == rendering).then_some(*decided_at)
        }
        _ => None,
    }
}

/// So many rows are made ready before they are written.
const AT_ONCE: usize = 1024;

// Only a broken card is in an incident; which one, is written after this.
const STATES: Bulk = Bulk {
    head: "INSERT INTO card_state (card_key, state, since, decided_at, reason_id, first_seen, told, told_at,
                                   told_message_id, unchecked_reason_id, latency_ms, slow_against_ms, no_data_since,
                                   recent)",
    columns: 14,
    tail: "ON CONFLICT (card_key) DO UPDATE
              SET state = excluded.state, since = excluded.since, decided_at = excluded.decided_at,
                  reason_id = excluded.reason_id, first_seen = excluded.first_seen, told = excluded.told,
                  told_at = excluded.told_at, told_message_id = excluded.told_message_id,
                  unchecked_reason_id = excluded.unchecked_reason_id, latency_ms = excluded.latency_ms,
                  slow_against_ms = excluded.slow_against_ms, no_data_since = excluded.no_data_since,
                  recent = excluded.recent,
                  incident_id = CASE excluded.state WHEN 'broken' THEN incident_id END",
};

const AGAIN: Bulk = Bulk {
    head: "UPDATE card_state
              SET decided_at = again.column2, latency_ms = again.column3, recent = again.column4,
                  unchecked_reason_id = NULL
             FROM (",
    columns: 4,
    tail: ") AS again WHERE card_key = again.column1",
};

async fn write_rows(
    connection: &mut SqliteConnection,
    rows: &mut Vec<StateColumns<'_>>,
    again: &mut Vec<AgainColumns>,
) -> Work<()> {
    STATES.write(connection, rows.drain(..), bind).await?;
    AGAIN.write(connection, again.drain(..), bind_again).await
}

fn bind(values: &mut Values, row: StateColumns<'_>) -> Work<()> {
    values.push(row.key)?.push(row.state)?.push(row.since)?.push(row.decided_at)?.push(row.reason)?;
    values.push(row.first_seen)?.push(row.told)?.push(row.told_at)?.push(row.told_message_id)?.push(row.unchecked)?;
    values.push(row.latency)?.push(row.slow_against)?.push(row.no_data_since)?.push(row.recent.cast_signed())?;
    Ok(())
}

fn bind_again(values: &mut Values, row: AgainColumns) -> Work<()> {
    values.push(row.key)?.push(row.decided_at)?.push(row.latency)?.push(row.recent.cast_signed())?;
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
