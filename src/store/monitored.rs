//! What is monitored from now on: pages, cards, and which page holds which card. Owns writing that down inside the
//! closing transaction; what is known of a card is [`states`](super::states)'s.

use sqlx::SqliteConnection;

use super::rows::{millis, owner_columns, page_kind_columns};
use super::sweeps::json;
use super::{OpenSweep, Work};
use crate::domain::Timestamp;
use crate::domain::sweep::Plan;

/// Writes down what a plan leaves monitored.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    sweep: &OpenSweep,
    plan: &Plan,
    now: Timestamp,
) -> Work<()> {
    write_pages(connection, sweep, plan).await?;
    write_cards(connection, sweep, plan).await?;
    write_holdings(connection, sweep, plan).await?;
    if plan.is_complete() {
        remove_the_rest(connection, sweep, plan, now).await?;
    }
    Ok(())
}

async fn write_pages(connection: &mut SqliteConnection, sweep: &OpenSweep, plan: &Plan) -> Work<()> {
    let pages: Vec<_> = plan
        .pages
        .values()
        .map(|held| {
            let (kind, app) = page_kind_columns(held.page.kind);
            let (owners, users) = owner_columns(&held.page.owners);
            (held.page.id.0, &held.page.title, kind, app, i64::from(held.doubted), owners, users)
        })
        .collect();
    sqlx::query(
        "INSERT INTO page (instance_id, page_id, title, kind, app_id, doubted, owners, owner_users, removed_at)
         SELECT ?1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value -> 5, value -> 6, NULL
           FROM json_each(?2) WHERE true
         ON CONFLICT (instance_id, page_id) DO UPDATE
            SET title = excluded.title, kind = excluded.kind, app_id = excluded.app_id, doubted = excluded.doubted,
                owners = excluded.owners, owner_users = excluded.owner_users, removed_at = NULL",
    )
    .bind(sweep.instance_id)
    .bind(json(&pages)?)
    .execute(connection)
    .await?;
    Ok(())
}

async fn write_cards(connection: &mut SqliteConnection, sweep: &OpenSweep, plan: &Plan) -> Work<()> {
    let cards: Vec<_> = plan
        .cards
        .values()
        .map(|planned| {
            let (owners, users) = owner_columns(&planned.card.owners);
            (planned.card.id.0, &planned.card.title, &planned.card.kind.0, owners, users)
        })
        .collect();
    sqlx::query(
        "INSERT INTO card (instance_id, card_id, title, kind, owners, owner_users, removed_at)
         SELECT ?1, value ->> 0, value ->> 1, value ->> 2, value -> 3, value -> 4, NULL FROM json_each(?2) WHERE true
         ON CONFLICT (instance_id, card_id) DO UPDATE
            SET title = excluded.title, kind = excluded.kind, owners = excluded.owners,
                owner_users = excluded.owner_users, removed_at = NULL
          WHERE (title, kind, owners, owner_users)
                IS NOT (excluded.title, excluded.kind, excluded.owners, excluded.owner_users)
             OR removed_at IS NOT NULL",
    )
    .bind(sweep.instance_id)
    .bind(json(&cards)?)
    .execute(connection)
    .await?;
    Ok(())
}

async fn write_holdings(connection: &mut SqliteConnection, sweep: &OpenSweep, plan: &Plan) -> Work<()> {
    let holdings: Vec<(i64, i64)> = plan
        .cards
        .values()
        .filter_map(|planned| Some((sweep.keys.get(&planned.card.id)?, planned)))
        .flat_map(|(key, planned)| planned.pages.iter().map(|page| (page.0, *key)))
        .collect();
    let holdings = json(&holdings)?;
    let pages: Vec<i64> = plan.pages.keys().map(|page| page.0).collect();
    sqlx::query(
        "DELETE FROM page_card
          WHERE instance_id = ?1
            AND (?4 OR page_id IN (SELECT value FROM json_each(?3)))
            AND (page_id, card_key) NOT IN (SELECT value ->> 0, value ->> 1 FROM json_each(?2))",
    )
    .bind(sweep.instance_id)
    .bind(&holdings)
    .bind(json(&pages)?)
    .bind(plan.is_complete())
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "INSERT INTO page_card (instance_id, page_id, card_key)
         SELECT ?1, value ->> 0, value ->> 1 FROM json_each(?2) WHERE true ON CONFLICT DO NOTHING",
    )
    .bind(sweep.instance_id)
    .bind(&holdings)
    .execute(connection)
    .await?;
    Ok(())
}

async fn remove_the_rest(
    connection: &mut SqliteConnection,
    sweep: &OpenSweep,
    plan: &Plan,
    now: Timestamp,
) -> Work<()> {
    let pages: Vec<i64> = plan.pages.keys().map(|page| page.0).collect();
    let cards: Vec<i64> = plan.cards.keys().map(|card| card.0).collect();
    sqlx::query(
        "UPDATE page SET removed_at = ?3
          WHERE instance_id = ?1 AND removed_at IS NULL AND page_id NOT IN (SELECT value FROM json_each(?2))",
    )
    .bind(sweep.instance_id)
    .bind(json(&pages)?)
    .bind(millis(now))
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "UPDATE card SET removed_at = ?3
          WHERE instance_id = ?1 AND removed_at IS NULL AND card_id NOT IN (SELECT value FROM json_each(?2))",
    )
    .bind(sweep.instance_id)
    .bind(json(&cards)?)
    .bind(millis(now))
    .execute(connection)
    .await?;
    Ok(())
}
