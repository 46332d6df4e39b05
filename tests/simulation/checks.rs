//! Holding the database and the mails against the model.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cardwatch::domain::alerts::Policy;
use cardwatch::store::Store;
use chrono::{DateTime, Utc};
use fake_smtp::FakeSmtp;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, SqliteConnection};

use crate::model::{Mail, Model};
use crate::world::World;

/// A look into the database file, past the store.
pub(crate) async fn look(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).read_only(true).connect().await.unwrap()
}

/// How the latest sweep ended, why, and when.
pub(crate) async fn latest_sweep(database: &mut SqliteConnection) -> (i64, String, String, DateTime<Utc>) {
    let row: (i64, String, Option<String>, i64) = sqlx::query_as(
        "SELECT sweep_id, coalesce(outcome, 'open'), trouble, coalesce(finished_at, 0) FROM sweep ORDER BY sweep_id DESC LIMIT 1",
    )
    .fetch_one(database)
    .await
    .unwrap();
    (row.0, row.1, row.2.unwrap_or_default(), DateTime::from_timestamp_millis(row.3).unwrap())
}

pub(crate) async fn states_equal_the_models(database: &mut SqliteConnection, model: &Model, world: &World) {
    let rows: Vec<(i64, String)> = sqlx::query_as(
        "SELECT card_id, coalesce(state, 'undecided') FROM card LEFT JOIN card_state USING (card_key) WHERE removed_at IS NULL",
    )
    .fetch_all(database)
    .await
    .unwrap();
    let states: BTreeMap<i64, String> = rows.into_iter().collect();
    let expected: BTreeMap<i64, String> = model
        .present()
        .into_iter()
        .map(|card| {
            let state = match model.cards[&card].broken {
                None => "undecided",
                Some(true) => "broken",
                Some(false) => "working",
            };
            (card, state.to_owned())
        })
        .collect();
    let only = |a: &BTreeMap<i64, String>, b: &BTreeMap<i64, String>| {
        a.iter()
            .filter(|(card, state)| b.get(card) != Some(state))
            .map(|(card, state)| (*card, state.clone()))
            .collect()
    };
    let (in_database, in_model): (BTreeMap<_, _>, BTreeMap<_, _>) =
        (only(&states, &expected), only(&expected, &states));
    let really = world.domo.cards().into_iter().filter(|card| in_database.contains_key(&card.id));
    let really: Vec<_> = really.map(|card| (card.id, world.health(card.id), card.behaviour, card.renders)).collect();
    assert_eq!(in_database, in_model, "states that differ (left: the database); really: {really:?}");
}

/// The gauges are made from the snapshot.
pub(crate) async fn gauges_equal_the_models(store: &Store, model: &Model, policy: &Policy, now: DateTime<Utc>) {
    let snapshot = store.snapshot(&"acme".parse().unwrap()).await.unwrap();
    let counts = snapshot.counts(now, policy.stale_after);
    let expected =
        |shown: &str| model.present().into_iter().filter(|card| model.shown(*card, policy, now) == shown).count();
    assert_eq!(
        (counts.broken, counts.working, counts.unchecked),
        (expected("broken"), expected("working"), expected("unchecked")),
        "gauges: broken, working, unchecked (left: the snapshot)"
    );
    let broken: BTreeSet<i64> = snapshot.broken(now, policy.stale_after).map(|(card, _)| card.0).collect();
    let expected = model.present().into_iter().filter(|card| model.shown(*card, policy, now) == "broken");
    assert_eq!(broken, expected.collect(), "broken cards");
    let muted = model.present().into_iter().filter(|card| model.shown(*card, policy, now) == "broken");
    let muted = muted.filter(|card| model.muted(*card, now)).count();
    assert_eq!(snapshot.muted(now, policy.stale_after), muted, "muted cards (left: the snapshot)");
}

/// Each card that is broken and monitored is in one open incident, and no open incident is without such a card.
pub(crate) async fn incidents_hold_the_broken_cards(database: &mut SqliteConnection) {
    let homeless: Vec<i64> = sqlx::query_scalar(
        "SELECT card_id FROM card JOIN card_state USING (card_key) LEFT JOIN incident USING (incident_id)
          WHERE removed_at IS NULL AND (state = 'broken') != (incident_id IS NOT NULL AND closed_at IS NULL)",
    )
    .fetch_all(&mut *database)
    .await
    .unwrap();
    assert_eq!(homeless, [0; 0], "cards that are broken and in no open incident, or the other way round");
    let empty: Vec<i64> = sqlx::query_scalar(
        "SELECT incident_id FROM incident WHERE closed_at IS NULL AND incident_id NOT IN
           (SELECT incident_id FROM card_state JOIN card USING (card_key)
             WHERE incident_id IS NOT NULL AND removed_at IS NULL)",
    )
    .fetch_all(database)
    .await
    .unwrap();
    assert_eq!(empty, [0; 0], "open incidents without a broken card");
}

pub(crate) async fn the_database_is_whole(database: &mut SqliteConnection) {
    let check: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut *database).await.unwrap();
    assert_eq!(check, "ok");
    let dangling = sqlx::query("PRAGMA foreign_key_check").fetch_all(database).await.unwrap();
    assert!(dangling.is_empty(), "foreign keys that lead nowhere");
}

/// Every mail that was due was composed, once, in order, and no other.
pub(crate) async fn composed_mails_equal_the_models(database: &mut SqliteConnection, model: &Model) {
    let rows: Vec<(String, String)> =
        sqlx::query_as("SELECT subject, body_text FROM outbox ORDER BY outbox_id").fetch_all(database).await.unwrap();
    let composed = rows.into_iter().map(|(subject, text)| Mail {
        subject: without_why(subject),
        cards: cards_in(&text),
        perhaps: BTreeSet::new(),
    });
    let composed: Vec<Mail> = composed.collect();
    for (composed, due) in composed.iter().zip(&model.mails) {
        let (said, must) = (composed.surely(due), due.surely(composed));
        assert_eq!((&composed.subject, said), (&due.subject, must), "a composed mail (left: the outbox)");
    }
    assert_eq!(
        composed.len(),
        model.mails.len(),
        "composed mails (left), and those due; the last: {:?}, {:?}",
        composed.last(),
        model.mails.last()
    );
}

/// Why cards cannot be checked is told by other tests.
fn without_why(subject: String) -> String {
    match subject.split_once("cannot check cards") {
        Some((before, _)) => format!("{before}cannot check cards"),
        None => subject,
    }
}

fn cards_in(text: &str) -> BTreeSet<i64> {
    let links = text.split_whitespace().filter_map(|word| word.split_once("/kpis/details/"));
    links.map(|(_, card)| card.parse().unwrap()).collect()
}

/// What was composed and not refused for good has arrived, in order; repeats carry the same Message-ID.
pub(crate) async fn delivered_mails_equal_the_composed(database: &mut SqliteConnection, smtp: &FakeSmtp) -> usize {
    let composed: Vec<(String, String)> = sqlx::query_as(
        "SELECT '<' || message_id || '>', subject FROM outbox WHERE rejected_at IS NULL ORDER BY outbox_id",
    )
    .fetch_all(&mut *database)
    .await
    .unwrap();
    let refusals: Vec<Option<String>> =
        sqlx::query_scalar("SELECT last_error FROM outbox WHERE rejected_at IS NOT NULL")
            .fetch_all(database)
            .await
            .unwrap();
    for refusal in refusals {
        assert!(refusal.as_ref().is_some_and(|said| said.contains("554")), "given up without a refusal: {refusal:?}");
    }
    let mut delivered: Vec<(String, String)> = Vec::new();
    let mut repeats = 0;
    for mail in smtp.mails() {
        let one = (mail.header("Message-ID").unwrap(), mail.header("Subject").unwrap());
        if delivered.contains(&one) {
            repeats += 1;
        } else {
            delivered.push(one);
        }
    }
    // A letter that was taken, whose reply was lost, and that was then refused for good, has arrived all the same.
    delivered.retain(|one| composed.contains(one));
    assert_eq!(delivered, composed, "delivered mails (left)");
    repeats
}
