//! The datasets that feed the cards: what lists told of them, what was found out about them, and which card each feeds.
//! Owns reading that, and writing it down inside the closing transaction: only what differs from what was remembered.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::de::DeserializeOwned;
use sqlx::{FromRow, SqliteConnection};

use super::instances::instance_id;
use super::rows::{ImpossibleRow, instant, millis};
use super::sweeps::json;
use super::{OpenSweep, Store, StoreError, Work};
use crate::domain::Timestamp;
use crate::domain::closing::{Closing, Memory, Swept};
use crate::domain::dataset::{Dataset, Evidence, Feeding, KnownDataset, Run, RunOutcome, SchemaChange};
use crate::domain::ids::{CardId, DatasetId, InstanceName};

pub(super) const KNOWN: &str = "
    SELECT dataset_key, dataset_id, name, state, updated_at, looked_at, gone, evidence_state, evidence_updated_at,
           run_at, run_outcome, run_message, columns, changed_after, changed_before, lost, gained
      FROM dataset WHERE instance_id = ?1";

/// What is known of every dataset of an instance.
pub(super) async fn known(
    connection: &mut SqliteConnection,
    instance_id: i64,
) -> Work<BTreeMap<DatasetId, KnownDataset>> {
    let rows: Vec<DatasetRow> = sqlx::query_as(KNOWN).bind(instance_id).fetch_all(connection).await?;
    rows.into_iter().map(|row| Ok((id(row.dataset_key, &row.dataset_id)?, row.known()?))).collect()
}

/// In the order of the cards, each of which leads to its own datasets.
pub(super) const FEEDING: &str = "
    SELECT c.card_id, f.dataset_key FROM card c CROSS JOIN card_dataset f USING (card_key) WHERE c.instance_id = ?1";

/// The datasets that feed each card, the removed ones among them; a card of which none is known is left out.
pub(super) async fn feeding(connection: &mut SqliteConnection, instance_id: i64) -> Work<BTreeMap<CardId, Feeding>> {
    let rows = sqlx::query_as(FEEDING).bind(instance_id).fetch_all(&mut *connection).await?;
    by_card(connection, instance_id, rows).await
}

pub(super) const IDS: &str = "SELECT dataset_key, dataset_id FROM dataset WHERE instance_id = ?1";

/// Cards with the key of a dataset of each; the rows of one card follow each other.
async fn by_card(
    connection: &mut SqliteConnection,
    instance_id: i64,
    rows: Vec<(i64, i64)>,
) -> Work<BTreeMap<CardId, Feeding>> {
    let ids: Vec<(i64, String)> = sqlx::query_as(IDS).bind(instance_id).fetch_all(connection).await?;
    let ids = ids.into_iter().map(|(key, text)| Ok((key, id(key, &text)?)));
    let ids = ids.collect::<Work<HashMap<i64, DatasetId>>>()?;
    let cards = rows.chunk_by(|(one, _), (other, _)| one == other);
    let feeding = cards.filter_map(|rows| {
        let datasets = rows.iter().filter_map(|(_, key)| ids.get(key).cloned());
        Some((CardId(rows.first()?.0), datasets.collect()))
    });
    Ok(feeding.collect())
}

/// The datasets that feed some cards, each looked up.
pub(super) const FEEDING_SOME: &str = "
    SELECT c.card_id, f.dataset_key
      FROM json_each(?2) CROSS JOIN card c ON c.instance_id = ?1 AND c.card_id = value
     CROSS JOIN card_dataset f USING (card_key)";

impl Store {
    /// The datasets that are known to feed these cards; a card of which none is known is left out.
    pub async fn datasets_of(
        &self,
        name: &InstanceName,
        cards: &[CardId],
    ) -> Result<BTreeMap<CardId, Feeding>, StoreError> {
        let ids: Vec<i64> = cards.iter().map(|card| card.0).collect();
        let work = async {
            let mut tx = self.begin_read().await?;
            let instance_id = instance_id(&mut tx, name).await?;
            let some = sqlx::query_as(FEEDING_SOME).bind(instance_id).bind(json(&ids)?);
            let rows = some.fetch_all(&mut *tx).await?;
            by_card(&mut tx, instance_id, rows).await
        };
        self.named(work.await)
    }
}

fn impossible(row: i64, column: &'static str, value: &str) -> ImpossibleRow {
    ImpossibleRow { table: "dataset", row, column, value: value.to_owned() }
}

fn id(key: i64, text: &str) -> Result<DatasetId, ImpossibleRow> {
    DatasetId::new(text).ok_or_else(|| impossible(key, "dataset_id", "empty"))
}

#[derive(FromRow)]
struct DatasetRow {
    dataset_key: i64,
    dataset_id: String,
    name: String,
    state: Option<String>,
    updated_at: Option<i64>,
    looked_at: Option<i64>,
    gone: Option<bool>,
    evidence_state: Option<String>,
    evidence_updated_at: Option<i64>,
    run_at: Option<i64>,
    run_outcome: Option<String>,
    run_message: Option<String>,
    columns: Option<String>,
    changed_after: Option<i64>,
    changed_before: Option<i64>,
    lost: Option<String>,
    gained: Option<String>,
}

impl DatasetRow {
    fn known(self) -> Work<KnownDataset> {
        let updated_at = self.at("updated_at", self.updated_at)?;
        let evidence = self.evidence()?;
        Ok(KnownDataset { dataset: Dataset { name: self.name, state: self.state, updated_at }, evidence })
    }

    fn at(&self, column: &'static str, value: Option<i64>) -> Result<Option<Timestamp>, ImpossibleRow> {
        value.map(|value| instant("dataset", self.dataset_key, column, value)).transpose()
    }

    fn evidence(&self) -> Work<Option<Evidence>> {
        let Some(looked_at) = self.at("looked_at", self.looked_at)? else { return Ok(None) };
        Ok(Some(Evidence {
            looked_at,
            gone: self.gone.unwrap_or_default(),
            state: self.evidence_state.clone(),
            updated_at: self.at("evidence_updated_at", self.evidence_updated_at)?,
            last_run: self.run()?,
            columns: parsed(self.columns.as_deref())?,
            schema_change: self.schema_change()?,
        }))
    }

    fn run(&self) -> Result<Option<Run>, ImpossibleRow> {
        let Some(outcome) = self.run_outcome.as_deref() else { return Ok(None) };
        let message = self.run_message.clone();
        let outcome = match (outcome, message) {
            ("succeeded", None) => RunOutcome::Succeeded,
            ("failed", Some(message)) => RunOutcome::Failed(message),
            ("other", Some(word)) => RunOutcome::Other(word),
            ("succeeded", Some(message)) => return Err(impossible(self.dataset_key, "run_message", &message)),
            ("failed" | "other", None) => return Err(impossible(self.dataset_key, "run_message", "missing")),
            (odd, _) => return Err(impossible(self.dataset_key, "run_outcome", odd)),
        };
        Ok(Some(Run { at: self.at("run_at", self.run_at)?, outcome }))
    }

    fn schema_change(&self) -> Work<Option<SchemaChange>> {
        let Some(after) = self.at("changed_after", self.changed_after)? else { return Ok(None) };
        let missing = |column| impossible(self.dataset_key, column, "missing");
        Ok(Some(SchemaChange {
            after,
            before: self.at("changed_before", self.changed_before)?.ok_or_else(|| missing("changed_before"))?,
            lost: parsed(self.lost.as_deref())?.ok_or_else(|| missing("lost"))?,
            gained: parsed(self.gained.as_deref())?.ok_or_else(|| missing("gained"))?,
        }))
    }
}

fn parsed<T: DeserializeOwned>(text: Option<&str>) -> Work<Option<T>> {
    Ok(text.map(serde_json::from_str).transpose()?)
}

/// Writes down what a sweep told of datasets, and which cards they feed from now on.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    sweep: &OpenSweep,
    swept: &Swept,
    closing: &Closing,
    memory: &Memory,
) -> Work<()> {
    write_listed(connection, sweep.instance_id, swept, closing, memory).await?;
    for (id, evidence) in &closing.evidence {
        write_evidence(connection, sweep.instance_id, id, evidence).await?;
    }
    write_feeding(connection, sweep, closing, memory).await
}

/// Datasets that feed no card and that nobody asked about are not kept, though a list may name them.
async fn write_listed(
    connection: &mut SqliteConnection,
    instance_id: i64,
    swept: &Swept,
    closing: &Closing,
    memory: &Memory,
) -> Work<()> {
    let mut wanted: BTreeSet<&DatasetId> = closing.cards.values().flat_map(|card| &card.datasets).collect();
    wanted.extend(closing.evidence.keys().chain(swept.asked.datasets.keys()).chain(memory.datasets.keys()));
    let unnamed = Dataset { name: String::new(), state: None, updated_at: None };
    let rows: Vec<_> = wanted
        .into_iter()
        .filter_map(|id| {
            let known = memory.datasets.get(id).map(|known| &known.dataset);
            let told = swept.plan.datasets.get(id).or_else(|| swept.asked.datasets.get(id));
            let dataset = told.or(known).unwrap_or(&unnamed);
            let row = || (id.as_str(), &dataset.name, &dataset.state, dataset.updated_at.map(millis));
            (known != Some(dataset)).then(row)
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO dataset (instance_id, dataset_id, name, state, updated_at)
         SELECT ?1, value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?2) WHERE true
         ON CONFLICT (instance_id, dataset_id) DO UPDATE
            SET name = excluded.name, state = excluded.state, updated_at = excluded.updated_at",
    )
    .bind(instance_id)
    .bind(json(&rows)?)
    .execute(connection)
    .await?;
    Ok(())
}

async fn write_evidence(
    connection: &mut SqliteConnection,
    instance_id: i64,
    id: &DatasetId,
    evidence: &Evidence,
) -> Work<()> {
    let run = evidence.last_run.as_ref();
    let (outcome, message) = match run.map(|run| &run.outcome) {
        None => (None, None),
        Some(RunOutcome::Succeeded) => (Some("succeeded"), None),
        Some(RunOutcome::Failed(message)) => (Some("failed"), Some(message)),
        Some(RunOutcome::Other(word)) => (Some("other"), Some(word)),
    };
    let change = evidence.schema_change.as_ref();
    sqlx::query(
        "UPDATE dataset
            SET looked_at = ?3, gone = ?4, evidence_state = ?5, evidence_updated_at = ?6, run_at = ?7,
                run_outcome = ?8, run_message = ?9, columns = ?10, changed_after = ?11, changed_before = ?12,
                lost = ?13, gained = ?14
          WHERE instance_id = ?1 AND dataset_id = ?2",
    )
    .bind(instance_id)
    .bind(id.as_str())
    .bind(millis(evidence.looked_at))
    .bind(evidence.gone)
    .bind(&evidence.state)
    .bind(evidence.updated_at.map(millis))
    .bind(run.and_then(|run| run.at).map(millis))
    .bind(outcome)
    .bind(message)
    .bind(evidence.columns.as_ref().map(json).transpose()?)
    .bind(change.map(|change| millis(change.after)))
    .bind(change.map(|change| millis(change.before)))
    .bind(change.map(|change| json(&change.lost)).transpose()?)
    .bind(change.map(|change| json(&change.gained)).transpose()?)
    .execute(connection)
    .await?;
    Ok(())
}

async fn write_feeding(
    connection: &mut SqliteConnection,
    sweep: &OpenSweep,
    closing: &Closing,
    memory: &Memory,
) -> Work<()> {
    let (mut gone, mut new) = (Vec::new(), Vec::new());
    for (card, now) in &closing.cards {
        let Some(key) = sweep.keys.get(card) else { continue };
        let before = memory.cards.get(card).unwrap_or_default().datasets;
        let of_card = |dataset: &DatasetId| (*key, dataset.clone());
        gone.extend(before.iter().filter(|dataset| !now.datasets.contains(dataset)).map(of_card));
        new.extend(now.datasets.iter().filter(|dataset| !before.contains(dataset)).map(of_card));
    }
    for (statement, rows) in [(NO_LONGER_FEEDING, gone), (NEWLY_FEEDING, new)] {
        for rows in rows.chunks(AT_ONCE) {
            let rows: Vec<(i64, &str)> = rows.iter().map(|(key, dataset)| (*key, dataset.as_str())).collect();
            sqlx::query(statement).bind(sweep.instance_id).bind(json(&rows)?).execute(&mut *connection).await?;
        }
    }
    Ok(())
}

/// So many cards are written down with a dataset by one statement.
const AT_ONCE: usize = 1_000;

pub(super) const NO_LONGER_FEEDING: &str = "
    DELETE FROM card_dataset
     WHERE (card_key, dataset_key) IN (SELECT value ->> 0, d.dataset_key
                                         FROM json_each(?2) CROSS JOIN dataset d
                                           ON d.instance_id = ?1 AND d.dataset_id = value ->> 1)";

pub(super) const NEWLY_FEEDING: &str = "
    INSERT INTO card_dataset (card_key, dataset_key)
    SELECT value ->> 0, d.dataset_key
      FROM json_each(?2) CROSS JOIN dataset d ON d.instance_id = ?1 AND d.dataset_id = value ->> 1
     WHERE true ON CONFLICT DO NOTHING";
