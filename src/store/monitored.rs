//! What is monitored from now on: pages, cards, and which page holds which card. Owns writing that down inside the
//! closing transaction, as far as it differs from what stands there; what is known of a card is
//! [`states`](super::states)'s.

use std::collections::BTreeSet;

use futures::TryStreamExt as _;
use sqlx::SqliteConnection;

use super::bulk::{Bulk, Values};
use super::rows::{SharedOwners, millis, owner_columns, page_kind_columns};
use super::snapshot::{LISTED_CARDS, ListedRow};
use super::sweeps::json;
use super::{OpenSweep, Work};
use crate::domain::Timestamp;
use crate::domain::closing::Memory;
use crate::domain::ids::{CardId, PageId};
use crate::domain::sweep::{Plan, PlannedCard, RememberedPage};

/// Writes down what a plan leaves monitored.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    sweep: &OpenSweep,
    plan: &Plan,
    memory: &Memory,
    now: Timestamp,
) -> Work<()> {
    write_pages(connection, sweep, plan).await?;
    write_cards(connection, sweep, plan).await?;
    write_holdings(connection, sweep, plan).await?;
    if plan.is_complete() {
        remove_pages(connection, sweep, plan, now).await?;
        remove_cards(connection, sweep, plan, memory, now).await?;
    }
    Ok(())
}

const PAGES: Bulk = Bulk {
    head: "INSERT INTO page (instance_id, page_id, title, kind, app_id, doubted, owners, owner_users)",
    columns: 8,
    tail: "ON CONFLICT (instance_id, page_id) DO UPDATE
              SET title = excluded.title, kind = excluded.kind, app_id = excluded.app_id, doubted = excluded.doubted,
                  owners = excluded.owners, owner_users = excluded.owner_users, removed_at = NULL
            WHERE (title, kind, app_id, doubted, owners, owner_users)
                  IS NOT (excluded.title, excluded.kind, excluded.app_id, excluded.doubted, excluded.owners,
                          excluded.owner_users)
               OR removed_at IS NOT NULL",
};

async fn write_pages(connection: &mut SqliteConnection, sweep: &OpenSweep, plan: &Plan) -> Work<()> {
    let instance = sweep.instance_id;
    let bind = |values: &mut Values, held: &RememberedPage| {
        let page = &held.page;
        let (kind, app) = page_kind_columns(page.kind);
        let (owners, users) = owner_columns(&page.owners)?;
        values.push(instance)?.push(page.id.0)?.push(page.title.as_str())?.push(kind)?.push(app)?;
        values.push(held.doubted)?.push(owners)?.push(users)?;
        Ok(())
    };
    PAGES.write(connection, plan.pages.values(), bind).await
}

const CARDS: Bulk = Bulk {
    head: "INSERT INTO card (instance_id, card_id, title, kind, owners, owner_users)",
    columns: 6,
    tail: "ON CONFLICT (instance_id, card_id) DO UPDATE
              SET title = excluded.title, kind = excluded.kind, owners = excluded.owners,
                  owner_users = excluded.owner_users, removed_at = NULL
            WHERE (title, kind, owners, owner_users)
                  IS NOT (excluded.title, excluded.kind, excluded.owners, excluded.owner_users)
               OR removed_at IS NOT NULL",
};

/// To read what stands there costs less than to write it once more. Owners that cannot be read are written anew.
async fn write_cards(connection: &mut SqliteConnection, sweep: &OpenSweep, plan: &Plan) -> Work<()> {
    let instance = sweep.instance_id;
    let mut changed: BTreeSet<CardId> = plan.cards.keys().copied().collect();
    let mut shared = SharedOwners::default();
    let mut listed = sqlx::query_as::<_, ListedRow>(LISTED_CARDS).bind(instance).fetch(&mut *connection);
    while let Some((key, id, title, kind, names, users)) = listed.try_next().await? {
        if let Some(PlannedCard { card, .. }) = plan.cards.get(&CardId(id))
            && (&card.title, &*card.kind.0) == (&title, &kind)
            && shared.of("card", key, &names, &users).is_ok_and(|owners| owners == card.owners)
        {
            changed.remove(&CardId(id));
        }
    }
    drop(listed);
    let bind = |values: &mut Values, planned: &PlannedCard| {
        let card = &planned.card;
        let (owners, users) = owner_columns(&card.owners)?;
        values.push(instance)?.push(card.id.0)?.push(card.title.as_str())?.push(&*card.kind.0)?;
        values.push(owners)?.push(users)?;
        Ok(())
    };
    let changed: Vec<&PlannedCard> = changed.iter().filter_map(|card| plan.cards.get(card)).collect();
    CARDS.write(connection, changed, bind).await
}

pub(super) const HOLDINGS: &str = "SELECT page_id, card_key FROM page_card WHERE instance_id = ?1";

async fn write_holdings(connection: &mut SqliteConnection, sweep: &OpenSweep, plan: &Plan) -> Work<()> {
    let held = plan.cards.iter().filter_map(|(id, planned)| Some((sweep.keys.get(id)?, planned)));
    let mut new: BTreeSet<(i64, i64)> =
        held.flat_map(|(key, planned)| planned.pages.iter().map(|page| (page.0, *key))).collect();
    let mut gone = Vec::new();
    let mut known = sqlx::query_as::<_, (i64, i64)>(HOLDINGS).bind(sweep.instance_id).fetch(&mut *connection);
    while let Some((page, key)) = known.try_next().await? {
        let looked_at = plan.is_complete() || plan.pages.contains_key(&PageId(page));
        if !new.remove(&(page, key)) && looked_at {
            gone.push((page, key));
        }
    }
    drop(known);
    let instance = sweep.instance_id;
    if !gone.is_empty() {
        sqlx::query(NOT_HELD).bind(instance).bind(json(&gone)?).execute(&mut *connection).await?;
    }
    let bind = |values: &mut Values, (page, key): (i64, i64)| {
        values.push(instance)?.push(page)?.push(key)?;
        Ok(())
    };
    HELD.write(connection, new, bind).await
}

const HELD: Bulk = Bulk { head: "INSERT INTO page_card (instance_id, page_id, card_key)", columns: 3, tail: "" };

pub(super) const NOT_HELD: &str = "
    DELETE FROM page_card
     WHERE (instance_id, page_id, card_key) IN (SELECT ?1, value ->> 0, value ->> 1 FROM json_each(?2))";

async fn remove_pages(connection: &mut SqliteConnection, sweep: &OpenSweep, plan: &Plan, now: Timestamp) -> Work<()> {
    let monitored: Vec<i64> =
        sqlx::query_scalar("SELECT page_id FROM page WHERE instance_id = ?1 AND removed_at IS NULL")
            .bind(sweep.instance_id)
            .fetch_all(&mut *connection)
            .await?;
    let gone = monitored.into_iter().filter(|page| !plan.pages.contains_key(&PageId(*page)));
    remove(connection, REMOVE_PAGES, sweep, gone, now).await
}

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
