//! Forgetting. Owns the steps in which old rows go, each short enough that nobody waits for it; how long
//! anything is kept, and how often a step is made, is the caller's.

use super::rows::millis;
use super::{Store, StoreError, Work};
use crate::domain::Timestamp;

/// Rows that one step deletes at most.
const STEP: i64 = 2_000;

/// Letters among them at most: each takes pages of its own, for its bodies.
const LETTERS: i64 = 200;

/// Database pages that one step gives back to the file system at most: several times those that its rows took.
const VACUUM_PAGES: &str = "PRAGMA incremental_vacuum(100)";

/// What one step did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Rows that went.
    pub rows: u64,
    /// There may be more: make another step.
    pub more: bool,
}

impl Store {
    /// One step of forgetting: results of sweeps that began before `results`; transitions, sweeps, mails, incidents
    /// and mutes that were over before `transitions`, and datasets that feed no card and were not asked about since;
    /// and addresses that were looked up before `addresses`.
    pub async fn prune_step(
        &self,
        results: Timestamp,
        transitions: Timestamp,
        addresses: Timestamp,
    ) -> Result<Pruned, StoreError> {
        let work = async {
            let mut pruned = self.prune_results(results).await?;
            if !pruned.more {
                pruned = self.prune_the_rest(transitions.min(results), transitions, addresses).await?;
            }
            if pruned.rows > 0 {
                sqlx::query(VACUUM_PAGES).execute(&self.write).await?;
            }
            Ok(pruned)
        };
        self.named(work.await)
    }

    /// Deletes results of the first sweep that is old enough.
    async fn prune_results(&self, before: Timestamp) -> Work<Pruned> {
        let mut tx = self.begin().await?;
        let oldest: Option<i64> =
            sqlx::query_scalar(OLDEST_WITH_RESULTS).bind(millis(before)).fetch_optional(&mut *tx).await?;
        let Some(sweep) = oldest else { return Ok(Pruned::default()) };
        let deleted = sqlx::query(OLD_RESULTS).bind(sweep).bind(STEP).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(Pruned { rows: deleted.rows_affected(), more: true })
    }

    /// Sweeps, reasons, incidents and datasets go only when nothing that is kept refers to them.
    async fn prune_the_rest(
        &self,
        everything: Timestamp,
        transitions: Timestamp,
        addresses: Timestamp,
    ) -> Work<Pruned> {
        let mut tx = self.begin().await?;
        let mut rows = 0;
        for (statement, before, most) in [
            (OLD_TRANSITIONS, transitions, STEP),
            (OLD_LETTERS, transitions, LETTERS),
            (OLD_MUTES, transitions, STEP),
            (OLD_MEMBERS, transitions, STEP),
            (OLD_INCIDENTS, transitions, STEP),
            (OLD_DATASETS, transitions, STEP),
            (OLD_ADDRESSES, addresses, STEP),
            (OLD_SWEEPS, everything, STEP),
            (OLD_REASONS, everything, STEP),
        ] {
            let most = most.min(STEP.saturating_sub_unsigned(rows));
            let deleted = sqlx::query(statement).bind(millis(before)).bind(most).execute(&mut *tx).await?;
            rows += deleted.rows_affected();
        }
        tx.commit().await?;
        Ok(Pruned { rows, more: rows > 0 })
    }
}

/// What is before the first sweep with results was pruned already; a sweep that a wrong clock dated in the
/// future keeps its results and holds up nobody else's.
pub(super) const OLDEST_WITH_RESULTS: &str = "
    SELECT sweep_id FROM sweep s
     WHERE sweep_id >= (SELECT min(sweep_id) FROM render_result)
       AND started_at < ?1
       AND EXISTS (SELECT 1 FROM render_result r WHERE r.sweep_id = s.sweep_id)
     ORDER BY sweep_id LIMIT 1";

pub(super) const OLD_RESULTS: &str = "
    DELETE FROM render_result
     WHERE sweep_id = ?1
       AND card_key <= (SELECT max(card_key) FROM (SELECT card_key FROM render_result WHERE sweep_id = ?1
                                                   ORDER BY card_key LIMIT ?2))";

pub(super) const OLD_TRANSITIONS: &str = "
    DELETE FROM transition WHERE transition_id IN (SELECT transition_id FROM transition WHERE at < ?1 LIMIT ?2)";

pub(super) const OLD_LETTERS: &str = "
    DELETE FROM outbox
     WHERE outbox_id IN (SELECT outbox_id FROM outbox WHERE coalesce(sent_at, rejected_at) < ?1 LIMIT ?2)";

pub(super) const OLD_MUTES: &str = "
    DELETE FROM mute WHERE mute_id IN (SELECT mute_id FROM mute WHERE ended_at < ?1 LIMIT ?2)";

pub(super) const OLD_MEMBERS: &str = "
    DELETE FROM incident_card
     WHERE (incident_id, card_key, joined_at) IN (SELECT m.incident_id, m.card_key, m.joined_at
                                                    FROM incident i CROSS JOIN incident_card m USING (incident_id)
                                                   WHERE i.closed_at < ?1 LIMIT ?2)";

/// One into which others were merged outlives them.
pub(super) const OLD_INCIDENTS: &str = "
    DELETE FROM incident
     WHERE incident_id IN (SELECT incident_id FROM incident i
                            WHERE closed_at < ?1
                              AND NOT EXISTS (SELECT 1 FROM incident_card m WHERE m.incident_id = i.incident_id)
                              AND NOT EXISTS (SELECT 1 FROM incident m WHERE m.merged_into = i.incident_id)
                              AND NOT EXISTS (SELECT 1 FROM card_state s WHERE s.incident_id = i.incident_id)
                            LIMIT ?2)";

pub(super) const OLD_DATASETS: &str = "
    DELETE FROM dataset
     WHERE dataset_key IN (SELECT dataset_key FROM dataset d
                            WHERE (looked_at IS NULL OR looked_at < ?1)
                              AND NOT EXISTS (SELECT 1 FROM card_dataset f WHERE f.dataset_key = d.dataset_key)
                            LIMIT ?2)";

pub(super) const OLD_ADDRESSES: &str = "
    DELETE FROM domo_user
     WHERE (instance_id, user_id) IN (SELECT instance_id, user_id FROM domo_user WHERE looked_up_at < ?1 LIMIT ?2)";

pub(super) const OLD_SWEEPS: &str = "
    DELETE FROM sweep
     WHERE sweep_id IN (SELECT sweep_id FROM sweep s
                         WHERE s.started_at < ?1 AND s.finished_at IS NOT NULL
                           AND NOT EXISTS (SELECT 1 FROM transition t WHERE t.sweep_id = s.sweep_id)
                           AND NOT EXISTS (SELECT 1 FROM render_result r WHERE r.sweep_id = s.sweep_id)
                         LIMIT ?2)";

/// A result is younger than its reason's last use, so that no result that is kept refers to a reason that goes.
pub(super) const OLD_REASONS: &str = "
    DELETE FROM reason
     WHERE reason_id IN (SELECT reason_id FROM reason r
                          WHERE last_used_at < ?1
                            AND NOT EXISTS (SELECT 1 FROM card_state s WHERE s.reason_id = r.reason_id)
                            AND NOT EXISTS (SELECT 1 FROM card_state s WHERE s.unchecked_reason_id = r.reason_id)
                            AND NOT EXISTS (SELECT 1 FROM transition t WHERE t.reason_id = r.reason_id)
                            AND NOT EXISTS (SELECT 1 FROM incident i WHERE i.reason_id = r.reason_id)
                          LIMIT ?2)";
