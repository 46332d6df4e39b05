//! Reading what is true now: the snapshot that gauges, pages and `status` are made from, and what the
//! next plan is read against. Owns these reads; each is one transaction, so that it is of one instant.

use std::collections::{BTreeMap, BTreeSet};

use futures::TryStreamExt as _;
use sqlx::SqliteConnection;

use super::instances::{instance_id, known_instance_id};
use super::packed::{self, packed};
use super::plain::{self, PlainState, plain_state};
use super::rows::{ImpossibleRow, SharedOwners, instant, page_kind};
use super::sweeps::json;
use super::{Store, StoreError, Work, datasets, incidents, memory};
use crate::domain::Timestamp;
use crate::domain::card::Told;
use crate::domain::ids::{CardId, InstanceName, PageId};
use crate::domain::snapshot::{CardNow, InstanceSnapshot, LastSweep, PageNow};
use crate::domain::sweep::{CardKind, ListedCard, ListedPage, Outcome, Remembered, RememberedPage};

impl Store {
    /// What is true of an instance now.
    pub async fn snapshot(&self, name: &InstanceName) -> Result<InstanceSnapshot, StoreError> {
        let work = async {
            let mut tx = self.begin_read().await?;
            // It may be in the configuration alone, where the daemon has not read it yet.
            let Some(instance) = known_instance_id(&mut tx, name).await? else {
                return Ok(InstanceSnapshot::empty(name.clone()));
            };
            let holdings = holdings(&mut tx, instance).await?;
            let pages = pages(&mut tx, instance).await?;
            let itself = memory::read_instance(&mut tx, instance).await?;
            Ok(InstanceSnapshot {
                name: name.clone(),
                pages: pages
                    .into_iter()
                    .map(|(page, _)| {
                        let cards = holdings.get(&page.id).cloned().unwrap_or_default();
                        (page.id, PageNow { title: page.title, kind: page.kind, owners: page.owners, cards })
                    })
                    .collect(),
                cards: cards_now(&mut tx, instance, &holdings).await?,
                last_completed: last_completed(&mut tx, instance).await?,
                last_sweep: last_sweep(&mut tx, instance).await?,
                blind: itself.sight.blind,
                incidents: incidents::now(&mut tx, instance).await?,
                datasets: datasets::known(&mut tx, instance).await?,
                invalid_functions: itself.invalid_functions,
            })
        };
        self.named(work.await)
    }

    /// When the latest sweep ended that ran to an end, in this process or another.
    pub async fn last_finished(&self, name: &InstanceName) -> Result<Option<Timestamp>, StoreError> {
        let work = async {
            let mut tx = self.begin_read().await?;
            let instance = instance_id(&mut tx, name).await?;
            Ok(last_sweep(&mut tx, instance).await?.map(|sweep| sweep.finished_at))
        };
        self.named(work.await)
    }

    /// What the latest sweeps left of an instance, but for the pages that are `known` anyway: where the cards of all
    /// pages are, no card is looked up either.
    pub async fn remembered(&self, name: &InstanceName, known: &BTreeSet<PageId>) -> Result<Remembered, StoreError> {
        let work = async {
            let mut tx = self.begin_read().await?;
            let instance = instance_id(&mut tx, name).await?;
            let mut pages = pages(&mut tx, instance).await?;
            pages.retain(|(page, _)| !known.contains(&page.id));
            let ids: Vec<i64> = pages.iter().map(|(page, _)| page.id.0).collect();
            let mut holdings = holdings_of(&mut tx, instance, &ids).await?;
            let cards = if holdings.is_empty() { BTreeMap::new() } else { listed_cards(&mut tx, instance).await? };
            let pages = pages.into_iter().map(|(mut page, doubted)| {
                page.cards = holdings.remove(&page.id).unwrap_or_default().into_iter().collect();
                (page.id, RememberedPage { page, doubted })
            });
            Ok(Remembered { pages: pages.collect(), cards })
        };
        self.named(work.await)
    }
}

pub(super) const HOLDINGS: &str = packed!(
    "page_id, json(cards)",
    "page_id",
    "SELECT pc.page_id, json_group_array(c.card_id) AS cards FROM page_card pc CROSS JOIN card c USING (card_key)
      WHERE pc.instance_id = ?1 AND pc.page_id > ?2 AND c.removed_at IS NULL GROUP BY pc.page_id ORDER BY pc.page_id"
);

/// The cards of each page, ascending.
async fn holdings(connection: &mut SqliteConnection, instance: i64) -> Work<BTreeMap<PageId, Vec<CardId>>> {
    let mut holdings = BTreeMap::new();
    packed::read(connection, HOLDINGS, instance, |(page, mut cards): (i64, Vec<i64>)| {
        cards.sort_unstable();
        holdings.insert(PageId(page), cards.into_iter().map(CardId).collect());
        Ok(())
    })
    .await?;
    Ok(holdings)
}

pub(super) const HOLDINGS_OF: &str = "
    SELECT pc.page_id, c.card_id
      FROM json_each(?2) CROSS JOIN page_card pc ON pc.instance_id = ?1 AND pc.page_id = value JOIN card c USING (card_key)
     WHERE c.removed_at IS NULL";

/// As [`holdings`], of some pages alone.
async fn holdings_of(
    connection: &mut SqliteConnection,
    instance: i64,
    pages: &[i64],
) -> Work<BTreeMap<PageId, Vec<CardId>>> {
    let rows: Vec<(i64, i64)> =
        sqlx::query_as(HOLDINGS_OF).bind(instance).bind(json(&pages)?).fetch_all(connection).await?;
    let mut holdings: BTreeMap<PageId, Vec<CardId>> = BTreeMap::new();
    for (page, card) in rows {
        holdings.entry(PageId(page)).or_default().push(CardId(card));
    }
    Ok(holdings)
}

pub(super) const PAGES: &str = packed!(
    "page_id, title, kind, app_id, owners, owner_users, doubted",
    "page_id",
    "SELECT * FROM page WHERE instance_id = ?1 AND page_id > ?2 AND removed_at IS NULL ORDER BY page_id"
);

/// The monitored pages, without their cards, and whether each is doubted.
async fn pages(connection: &mut SqliteConnection, instance: i64) -> Work<Vec<(ListedPage, bool)>> {
    let mut pages = Vec::new();
    let mut shared = SharedOwners::default();
    packed::read(connection, PAGES, instance, |(id, title, kind, app, names, users, doubted): PageRow| {
        let page = ListedPage {
            id: PageId(id),
            title,
            kind: page_kind(&kind, app),
            owners: shared.of("page", id, &names, &users)?,
            cards: BTreeSet::new(),
        };
        pages.push((page, doubted != 0));
        Ok(())
    })
    .await?;
    Ok(pages)
}

/// See [`PAGES`].
pub(super) type PageRow = (i64, String, String, Option<i64>, String, String, u8);

pub(super) const CARDS_NOW: &str = packed!(
    concat!("card_id, title, owners, owner_users, text, ", plain_state!()),
    "card_id",
    "SELECT * FROM card LEFT JOIN card_state USING (card_key) LEFT JOIN reason r ON r.reason_id = unchecked_reason_id
      WHERE instance_id = ?1 AND card_id > ?2 AND removed_at IS NULL ORDER BY card_id"
);

/// See [`CARDS_NOW`].
type CardRow = (i64, String, String, String, Option<String>, PlainState);

async fn cards_now(
    connection: &mut SqliteConnection,
    instance: i64,
    holdings: &BTreeMap<PageId, Vec<CardId>>,
) -> Work<BTreeMap<CardId, CardNow>> {
    let mut feeding = datasets::feeding(connection, instance).await?;
    let mut pages = pages_of_cards(holdings);
    let mut others = plain::others(connection, instance).await?;
    let mut cards = Vec::new();
    let mut shared = SharedOwners::default();
    packed::read(connection, CARDS_NOW, instance, |(id, title, names, users, unchecked_because, plain): CardRow| {
        let id = CardId(id);
        let memory = others.remove(&id).map_or_else(|| plain.memory(), Ok)?;
        let card = CardNow {
            title,
            owners: shared.of("card", plain.card_key, &names, &users)?,
            pages: pages.remove(&id).unwrap_or_default(),
            flapping: matches!(memory.told, Told::Flapping { .. }),
            state: memory.state,
            rendering: memory.rendering,
            mute: memory.mute,
            incident: memory.incident,
            datasets: feeding.remove(&id).unwrap_or_default(),
            recent: memory.recent,
            unchecked_because,
        };
        cards.push((id, card));
        Ok(())
    })
    .await?;
    // At once, so that no node of the map stays half empty: the daemon keeps it until the next sweep has ended.
    Ok(cards.into_iter().collect())
}

/// The pages that each card is on, ascending.
fn pages_of_cards(holdings: &BTreeMap<PageId, Vec<CardId>>) -> BTreeMap<CardId, Vec<PageId>> {
    let mut pages: BTreeMap<CardId, Vec<PageId>> = BTreeMap::new();
    for (page, card) in holdings.iter().flat_map(|(page, cards)| cards.iter().map(move |card| (*page, *card))) {
        pages.entry(card).or_default().push(page);
    }
    pages
}

pub(super) const LISTED_CARDS: &str = "
    SELECT card_key, card_id, title, kind, owners, owner_users FROM card WHERE instance_id = ?1 AND removed_at IS NULL";

/// See [`LISTED_CARDS`].
pub(super) type ListedRow = (i64, i64, String, String, String, String);

async fn listed_cards(connection: &mut SqliteConnection, instance: i64) -> Work<BTreeMap<CardId, ListedCard>> {
    let mut feeding = datasets::feeding(connection, instance).await?;
    let mut cards = BTreeMap::new();
    let mut shared = SharedOwners::default();
    let mut rows = sqlx::query_as(LISTED_CARDS).bind(instance).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        let (key, id, title, kind, names, users): ListedRow = row;
        let (id, owners) = (CardId(id), shared.of("card", key, &names, &users)?);
        let (kind, datasets) = (CardKind::named(&kind), feeding.remove(&id));
        cards.insert(id, ListedCard { id, title, kind, owners, datasets });
    }
    Ok(cards)
}

/// The latest is the one with the highest key: clocks jump.
pub(super) const LAST_COMPLETED: &str = "
    SELECT sweep_id, finished_at FROM sweep WHERE instance_id = ?1 AND outcome = 'completed'
     ORDER BY sweep_id DESC LIMIT 1";

async fn last_completed(connection: &mut SqliteConnection, instance: i64) -> Work<Option<Timestamp>> {
    let row: Option<(i64, i64)> = sqlx::query_as(LAST_COMPLETED).bind(instance).fetch_optional(connection).await?;
    Ok(row.map(|(id, at)| instant("sweep", id, "finished_at", at)).transpose()?)
}

pub(super) const LAST_SWEEP: &str = "
    SELECT sweep_id, started_at, finished_at, outcome, trouble FROM sweep
     WHERE instance_id = ?1 AND outcome IN ('completed', 'partial', 'failed')
     ORDER BY sweep_id DESC LIMIT 1";

async fn last_sweep(connection: &mut SqliteConnection, instance: i64) -> Work<Option<LastSweep>> {
    let row: Option<(i64, i64, i64, String, Option<String>)> =
        sqlx::query_as(LAST_SWEEP).bind(instance).fetch_optional(connection).await?;
    let Some((id, started_at, finished_at, outcome, trouble)) = row else { return Ok(None) };
    let named =
        Outcome::named(&outcome).ok_or(ImpossibleRow { table: "sweep", row: id, column: "outcome", value: outcome })?;
    Ok(Some(LastSweep {
        started_at: instant("sweep", id, "started_at", started_at)?,
        finished_at: instant("sweep", id, "finished_at", finished_at)?,
        outcome: named,
        trouble,
    }))
}
