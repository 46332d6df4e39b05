//! What is monitored from now on: pages, cards, and which page holds which card. Owns writing that down inside the
//! closing transaction, as far as it differs from what stands there; what is known of a card is
//! [`states`](super::states)'s.

use std::collections::BTreeMap;

use sqlx::SqliteConnection;

use super::bulk::{Bulk, Values};
use super::packed::{self, packed};
use super::rows::{SharedOwners, millis, owner_columns, page_kind_columns};
use super::snapshot::{self, PageRow};
use super::sweeps::json;
use super::{OpenSweep, Work};
use crate::domain::Timestamp;
use crate::domain::closing::Memory;
use crate::domain::ids::{CardId, PageId};
use crate::domain::sweep::{ListedCard, Plan, RememberedPage};

/// Writes down what a plan leaves monitored.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    sweep: &OpenSweep,
    plan: &Plan,
    memory: &Memory,
    now: Timestamp,
) -> Work<()> {
    write_pages(connection, sweep, plan, now).await?;
    write_cards(connection, sweep, plan, memory).await?;
    write_holdings(connection, sweep, plan).await?;
    if plan.is_complete() {
        remove_cards(connection, sweep, plan, memory, now).await?;
    }
    Ok(())
}

const PAGES: Bulk = Bulk {
    head: "INSERT INTO page (instance_id, page_id, title, kind, app_id, doubted, owners, owner_users)",
    columns: 8,
    tail: "ON CONFLICT (instance_id, page_id) DO UPDATE
              SET title = excluded.title, kind = excluded.kind, app_id = excluded.app_id, doubted = excluded.doubted,
                  owners = excluded.owners, owner_users = excluded.owner_users, removed_at = NULL",
};

/// Writes the pages that stand there otherwise or as removed, and removes those that are gone.
async fn write_pages(connection: &mut SqliteConnection, sweep: &OpenSweep, plan: &Plan, now: Timestamp) -> Work<()> {
    let instance = sweep.instance_id;
    let mut changed: BTreeMap<PageId, &RememberedPage> = plan.pages.iter().map(|(id, held)| (*id, held)).collect();
    let mut gone = Vec::new();
    let mut shared = SharedOwners::default();
    packed::read(connection, snapshot::PAGES, instance, |(id, title, kind, app, names, users, doubted): PageRow| {
        match plan.pages.get(&PageId(id)) {
            None => gone.push(id),
            Some(RememberedPage { page, doubted: is_doubted })
                if page.title == title
                    && page_kind_columns(page.kind) == (&*kind, app)
                    && *is_doubted == (doubted != 0)
                    && shared.of("page", id, &names, &users).is_ok_and(|owners| owners == page.owners) =>
            {
                changed.remove(&PageId(id));
            }
            Some(_) => {}
        }
        Ok(())
    })
    .await?;
    if plan.is_complete() {
        remove(connection, REMOVE_PAGES, sweep, gone.into_iter(), now).await?;
    }
    let bind = |values: &mut Values, held: &RememberedPage| {
        let page = &held.page;
        let (kind, app) = page_kind_columns(page.kind);
        let (owners, users) = owner_columns(&page.owners)?;
        values.push(instance)?.push(page.id.0)?.push(page.title.as_str())?.push(kind)?.push(app)?;
        values.push(held.doubted)?.push(owners)?.push(users)?;
        Ok(())
    };
    PAGES.write(connection, changed.into_values(), bind).await
}

const RELISTED: Bulk = Bulk {
    head: "UPDATE card SET title = listed.column2, kind = listed.column3, owners = listed.column4,
                           owner_users = listed.column5 FROM (",
    columns: 5,
    tail: ") AS listed WHERE card_key = listed.column1",
};

const MONITORED: Bulk = Bulk {
    head: "UPDATE card SET removed_at = NULL FROM (",
    columns: 1,
    tail: ") AS listed WHERE card_key = listed.column1",
};

/// Writes the cards that are listed otherwise than they stand there, and makes those monitored that were not.
async fn write_cards(connection: &mut SqliteConnection, sweep: &OpenSweep, plan: &Plan, memory: &Memory) -> Work<()> {
    let keys = |card: &CardId| sweep.keys.get(card).copied();
    let bind = |values: &mut Values, (key, card): (i64, &ListedCard)| {
        let (owners, users) = owner_columns(&card.owners)?;
        values.push(key)?.push(card.title.as_str())?.push(&*card.kind.0)?.push(owners)?.push(users)?;
        Ok(())
    };
    let relisted = sweep.relisted.iter().filter_map(|card| Some((keys(card)?, &plan.cards.get(card)?.card)));
    RELISTED.write(connection, relisted.collect::<Vec<_>>(), bind).await?;
    let newly = plan.cards.keys().filter(|card| !memory.present.contains(card)).filter_map(keys);
    let bind = |values: &mut Values, key: i64| values.push(key).map(|_| ());
    MONITORED.write(connection, newly.collect::<Vec<_>>(), bind).await
}

pub(super) const HOLDINGS: &str = packed!(
    "page_id, json(cards)",
    "page_id",
    "SELECT page_id, json_group_array(card_key) AS cards FROM page_card WHERE instance_id = ?1 AND page_id > ?2
      GROUP BY page_id ORDER BY page_id"
);

async fn write_holdings(connection: &mut SqliteConnection, sweep: &OpenSweep, plan: &Plan) -> Work<()> {
    let instance = sweep.instance_id;
    let held = plan.cards.iter().filter_map(|(id, planned)| Some((*sweep.keys.get(id)?, planned)));
    let mut held: Vec<(i64, i64)> =
        held.flat_map(|(key, planned)| planned.pages.iter().map(move |page| (page.0, key))).collect();
    held.sort_unstable();
    let mut stands_there = vec![false; held.len()];
    let mut gone = Vec::new();
    packed::read(connection, HOLDINGS, instance, |(page, keys): (i64, Vec<i64>)| {
        let looked_at = plan.is_complete() || plan.pages.contains_key(&PageId(page));
        for key in keys {
            match held.binary_search(&(page, key)) {
                Ok(place) => stands_there[place] = true,
                Err(_) if looked_at => gone.push((page, key)),
                Err(_) => {}
            }
        }
        Ok(())
    })
    .await?;
    if !gone.is_empty() {
        sqlx::query(NOT_HELD).bind(instance).bind(json(&gone)?).execute(&mut *connection).await?;
    }
    let bind = |values: &mut Values, (page, key): (i64, i64)| {
        values.push(instance)?.push(page)?.push(key)?;
        Ok(())
    };
    let new = held.into_iter().zip(stands_there).filter(|(_, stands_there)| !stands_there).map(|(held, _)| held);
    HELD.write(connection, new, bind).await
}

const HELD: Bulk = Bulk { head: "INSERT INTO page_card (instance_id, page_id, card_key)", columns: 3, tail: "" };

pub(super) const NOT_HELD: &str = "
    DELETE FROM page_card
     WHERE (instance_id, page_id, card_key) IN (SELECT ?1, value ->> 0, value ->> 1 FROM json_each(?2))";

async fn remove_cards(
    connection: &mut SqliteConnection,
    sweep: &OpenSweep,
    plan: &Plan,
    memory: &Memory,
    now: Timestamp,
) -> Work<()> {
    let gone = memory.present.iter().filter(|card| !plan.cards.contains_key(card)).map(|card| card.0);
    remove(connection, REMOVE_CARDS, sweep, gone, now).await
}

pub(super) const REMOVE_PAGES: &str = "
    UPDATE page SET removed_at = ?3 WHERE instance_id = ?1 AND page_id IN (SELECT value FROM json_each(?2))";

pub(super) const REMOVE_CARDS: &str = "
    UPDATE card SET removed_at = ?3 WHERE instance_id = ?1 AND card_id IN (SELECT value FROM json_each(?2))";

async fn remove(
    connection: &mut SqliteConnection,
    statement: &'static str,
    sweep: &OpenSweep,
    gone: impl Iterator<Item = i64>,
    now: Timestamp,
) -> Work<()> {
    let gone: Vec<i64> = gone.collect();
    if !gone.is_empty() {
        let removed = sqlx::query(statement).bind(sweep.instance_id).bind(json(&gone)?).bind(millis(now));
        removed.execute(connection).await?;
    }
    Ok(())
}
