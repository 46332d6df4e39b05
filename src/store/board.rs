//! The past of an instance as the status page and the API show it: its sweeps, and how many cards were broken over
//! time. Owns these reads, each of which is bounded and finds its rows by an index; one card's past is
//! [`card_past`](super::card_past)'s, what happened anywhere is [`lately`](super::lately)'s.

use sqlx::FromRow;

use super::instances::known_instance_id;
use super::rows::{ImpossibleRow, instant, millis};
use super::{Store, StoreError};
use crate::domain::Timestamp;
use crate::domain::ids::{InstanceName, SweepId};
use crate::domain::shown::Counts;
use crate::domain::sweep::Outcome;

/// A sweep of the past, or the one that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastSweep {
    /// Its id.
    pub id: SweepId,
    /// When it began.
    pub started_at: Timestamp,
    /// When and how it ended; `None` = it runs.
    pub ended: Option<(Timestamp, Outcome)>,
    /// What ended it early, or kept it from its whole view.
    pub trouble: Option<String>,
    /// Its cards counted by what it found them to be; all zero until it is closed.
    pub counts: Counts,
    /// It looked at some pages alone, chosen by hand: its counts are not the instance's.
    pub part: bool,
}

/// How many cards were broken after a sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// When the sweep ended.
    pub at: Timestamp,
    /// Cards that were broken.
    pub broken: usize,
    /// Cards that could not be checked.
    pub unchecked: usize,
}

impl Store {
    /// The sweeps of an instance before one, or the latest; the latest first, at most `limit`. None of an
    /// instance that is not known yet.
    pub async fn sweeps(
        &self,
        instance: &InstanceName,
        before: Option<SweepId>,
        limit: u32,
    ) -> Result<Vec<PastSweep>, StoreError> {
        let work = async {
            let mut tx = self.begin_read().await?;
            let Some(instance_id) = known_instance_id(&mut tx, instance).await? else { return Ok(Vec::new()) };
            let before = before.map_or(i64::MAX, |sweep| sweep.0);
            let rows: Vec<SweepRow> =
                sqlx::query_as(SWEEPS).bind(instance_id).bind(before).bind(limit).fetch_all(&mut *tx).await?;
            Ok(rows.into_iter().map(SweepRow::past).collect::<Result<_, _>>()?)
        };
        self.named(work.await)
    }

    /// How many cards were broken after each sweep that began since an instant and ran to an end, sweeps of a part
    /// aside; the earliest first. Of several sweeps that fall together on a chart of `most` points the worst of each
    /// count is told; the latest sweep is always told as it was. Nothing of an instance that is not known yet.
    pub async fn broken_over_time(
        &self,
        instance: &InstanceName,
        since: Timestamp,
        most: usize,
    ) -> Result<Vec<Level>, StoreError> {
        let work = async {
            let mut tx = self.begin_read().await?;
            let Some(instance_id) = known_instance_id(&mut tx, instance).await? else { return Ok(Vec::new()) };
            let rows: Vec<(i64, i64, i64, i64)> =
                sqlx::query_as(LEVELS).bind(instance_id).bind(millis(since)).fetch_all(&mut *tx).await?;
            let mut levels = Vec::with_capacity(rows.len());
            for (id, finished_at, broken, unchecked) in rows {
                let at = instant("sweep", id, "finished_at", finished_at)?;
                levels.push(Level { at, broken: count(broken), unchecked: count(unchecked) });
            }
            // By the key they come as they began, whatever the clock did in between.
            levels.sort_by_key(|level| level.at);
            Ok(fold(&levels, since, most))
        };
        self.named(work.await)
    }
}

pub(super) const SWEEPS: &str = "
    SELECT sweep_id, started_at, finished_at, outcome, trouble, working, broken, unchecked, unsupported, part
      FROM sweep WHERE instance_id = ?1 AND sweep_id < ?2 ORDER BY sweep_id DESC LIMIT ?3";

#[derive(FromRow)]
struct SweepRow {
    sweep_id: i64,
    started_at: i64,
    finished_at: Option<i64>,
    outcome: Option<String>,
    trouble: Option<String>,
    working: i64,
    broken: i64,
    unchecked: i64,
    unsupported: i64,
    part: bool,
}

impl SweepRow {
    fn past(self) -> Result<PastSweep, ImpossibleRow> {
        let counts = Counts {
            working: count(self.working),
            broken: count(self.broken),
            unchecked: count(self.unchecked),
            unsupported: count(self.unsupported),
        };
        let ended = self.finished_at.zip(self.outcome.as_deref());
        let ended = ended.map(|(at, outcome)| {
            Ok((instant("sweep", self.sweep_id, "finished_at", at)?, self::outcome(self.sweep_id, outcome)?))
        });
        Ok(PastSweep {
            id: SweepId(self.sweep_id),
            started_at: instant("sweep", self.sweep_id, "started_at", self.started_at)?,
            ended: ended.transpose()?,
            trouble: self.trouble,
            counts,
            part: self.part,
        })
    }
}

fn outcome(sweep: i64, name: &str) -> Result<Outcome, ImpossibleRow> {
    let impossible = || ImpossibleRow { table: "sweep", row: sweep, column: "outcome", value: name.to_owned() };
    Outcome::named(name).ok_or_else(impossible)
}

fn count(cards: i64) -> usize {
    usize::try_from(cards).unwrap_or_default()
}

pub(super) const LEVELS: &str = "
    SELECT sweep_id, finished_at, broken, unchecked FROM sweep
     WHERE instance_id = ?1 AND outcome IN ('completed', 'partial') AND started_at >= ?2 AND NOT part
     ORDER BY started_at";

/// At most so many levels: the latest, and the worst of each of the equal spans of time before it.
fn fold(levels: &[Level], since: Timestamp, most: usize) -> Vec<Level> {
    let Some((latest, earlier)) = levels.split_last().filter(|_| levels.len() > most) else {
        return levels.to_vec();
    };
    let spans = i64::try_from(most).unwrap_or(i64::MAX).saturating_sub(1);
    let whole = (latest.at - since).num_milliseconds().max(1);
    let span_of = |level: &Level| {
        let place = (level.at - since).num_milliseconds().max(0).saturating_mul(spans) / whole;
        place.min(spans - 1)
    };
    let mut folded: Vec<Level> = Vec::with_capacity(most);
    if spans > 0 {
        folded.extend(earlier.chunk_by(|one, next| span_of(one) == span_of(next)).filter_map(worst));
    }
    folded.extend((most > 0).then_some(*latest));
    folded
}

/// The worst of each count, at the instant at which most cards were broken.
fn worst(levels: &[Level]) -> Option<Level> {
    let worst = |one: Level, next: &Level| Level {
        at: if next.broken > one.broken { next.at } else { one.at },
        broken: one.broken.max(next.broken),
        unchecked: one.unchecked.max(next.unchecked),
    };
    let (first, others) = levels.split_first()?;
    Some(others.iter().fold(*first, worst))
}
