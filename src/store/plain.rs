//! Plain cards: those of which no more is known than that they work, or not even that. They are most of an instance, so
//! that little of each is read, and many at a time. Owns telling them from the others, and reading what is known of
//! either; beside what else of a card it is wanted, is the caller's.

use std::collections::BTreeMap;

use futures::TryStreamExt as _;
use serde::Deserialize;
use sqlx::{FromRow as _, Row as _, SqliteConnection};

use super::Work;
use super::rows::{ImpossibleRow, StateRow, duration, instant, state_columns, state_joins};
use crate::domain::card::{CardMemory, CardState, Told};
use crate::domain::ids::CardId;
use crate::domain::rendering::Rendering;
use crate::domain::strip::Strip;

/// The columns of [`PlainState`], out of `card` and `card_state`.
macro_rules! plain_state {
    () => {
        "json_array(card_key, state, since, decided_at, latency_ms, recent)"
    };
}

pub(super) use plain_state;

/// The cards that are not plain, each found by its key: the index on instances would lead to every card. What cannot be
/// true is not plain. The condition is that of the index `card_state_not_plain`, word for word.
pub(super) const OTHERS: &str = concat!(
    "SELECT c.card_id,",
    state_columns!(),
    "FROM",
    state_joins!(),
    "WHERE +c.instance_id = ?1 AND c.card_key IN (
         SELECT card_key FROM card_state
          WHERE state = 'broken' OR told <> 'nothing' OR slow_against_ms IS NOT NULL OR no_data_since IS NOT NULL
                OR state NOT IN ('undecided', 'unsupported', 'working') OR (state = 'working') <> (since IS NOT NULL)
         UNION SELECT card_key FROM mute WHERE ended_at IS NULL)"
);

/// What is known of the cards of an instance that are not plain, the removed ones among them.
pub(super) async fn others(connection: &mut SqliteConnection, instance: i64) -> Work<BTreeMap<CardId, CardMemory>> {
    let mut others = BTreeMap::new();
    let mut rows = sqlx::query(OTHERS).bind(instance).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        others.insert(CardId(row.try_get("card_id")?), StateRow::from_row(&row)?.memory()?);
    }
    Ok(others)
}

/// What is known of a plain card; it says nothing of any other.
#[derive(Debug, Deserialize)]
pub(super) struct PlainState {
    pub(super) card_key: i64,
    /// None where nothing was decided yet.
    state: Option<State>,
    since: Option<i64>,
    decided_at: Option<i64>,
    latency_ms: Option<i64>,
    recent: Option<i64>,
}

/// The states of plain cards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Undecided,
    Unsupported,
    Working,
    /// The card is not plain.
    #[serde(other)]
    Other,
}

impl PlainState {
    /// What it says, or why it cannot be true.
    pub(super) fn memory(&self) -> Result<CardMemory, ImpossibleRow> {
        let row = self.card_key;
        let latency = self.latency_ms.map(|latency| duration("card_state", row, "latency_ms", latency));
        Ok(CardMemory {
            rendering: Rendering { latency: latency.transpose()?, ..Rendering::default() },
            recent: Strip::from_bits(self.recent.map_or(0, i64::unsigned_abs)),
            ..CardMemory::of(self.state()?, Told::Nothing)
        })
    }

    fn state(&self) -> Result<CardState, ImpossibleRow> {
        let impossible = |column, value: &str| {
            let value = value.to_owned();
            ImpossibleRow { table: "card_state", row: self.card_key, column, value }
        };
        let at = |column, at: Option<i64>| {
            instant("card_state", self.card_key, column, at.ok_or_else(|| impossible(column, "missing"))?)
        };
        match self.state {
            None | Some(State::Undecided) => Ok(CardState::Undecided),
            Some(State::Unsupported) => Ok(CardState::Unsupported),
            Some(State::Working) => Ok(CardState::Working {
                since: at("since", self.since)?,
                decided_at: at("decided_at", self.decided_at)?,
            }),
            // Rather no answer than a broken card that passes for one that works.
            Some(State::Other) => Err(impossible("state", "a card that is not plain, and missing in its index")),
        }
    }
}
