//! What closes a sweep is saved whole or not at all.

use std::collections::BTreeMap;

use cardwatch::domain::closing::{Asked, Swept};
use cardwatch::domain::dataset::{Dataset, Evidence};
use cardwatch::domain::ids::{CardId, DatasetId, PageId};
use cardwatch::domain::mute::Mute;
use cardwatch::store::StoreError;

use crate::house::{House, LONG_BEFORE, acme, plan_of, results, swept};
use crate::nouns::{at, fails, owner, works};

/// Everything that a closing writes, as text.
const EVERYTHING: [&str; 12] = [
    "SELECT json_array(card_id, title, owners, owner_users, removed_at) FROM card ORDER BY 1",
    "SELECT json_array(page_id, title, doubted, owners, owner_users, removed_at) FROM page ORDER BY 1",
    "SELECT json_array(page_id, card_key) FROM page_card ORDER BY 1",
    "SELECT json_array(card_key, state, since, decided_at, reason_id, told, told_message_id, latency_ms, no_data_since,
                       incident_id) FROM card_state ORDER BY 1",
    "SELECT json_array(card_key, sweep_id, at, to_state) FROM transition ORDER BY 1",
    "SELECT json_array(outbox_id, message_id) FROM outbox ORDER BY 1",
    "SELECT json_array(dataset_id, name, looked_at) FROM dataset ORDER BY 1",
    "SELECT json_array(card_key, dataset_key) FROM card_dataset ORDER BY 1",
    "SELECT json_array(incident_id, title, closed_at, merged_into) FROM incident ORDER BY 1",
    "SELECT json_array(incident_id, card_key, joined_at, left_at) FROM incident_card ORDER BY 1",
    "SELECT json_array(mute_id, ended_at, ended_how) FROM mute ORDER BY 1",
    "SELECT json_array(invalid_functions, functions_counted_at, revision) FROM instance ORDER BY 1",
];

async fn everything(house: &House) -> Vec<Vec<Option<String>>> {
    let mut tables = Vec::new();
    for sql in EVERYTHING {
        tables.push(house.texts(sql).await);
    }
    tables
}

/// Cards 1 and 2 work, and card 1 then broke, which the letter `told@example.com` told.
async fn told_house() -> House {
    let house = House::new().await;
    house.sweep(0, &[(1, works()), (2, works())]).await;
    let seen = [(1, fails("x")), (2, works())];
    let sweep = house.begin(15, &plan_of(&seen)).await;
    let found = swept(&sweep, 15, plan_of(&seen), &seen);
    house.finish_as(sweep, &found, "told@example.com").await.unwrap();
    house
}

async fn mute(house: &House) {
    let mute = Mute { reason: "known".into(), by: "ann".into(), at: at(20), until: None };
    house.store.mute(CardId(1), None, &mute).await.unwrap().unwrap();
}

/// What a sweep found that also heard of datasets and beast modes.
fn well_informed(found: Swept) -> Swept {
    let id = DatasetId::new("orders").unwrap();
    let orders = Dataset { name: "Orders".to_owned(), state: None, updated_at: None };
    let evidence = Evidence { gone: true, ..Evidence::nothing(at(30)) };
    let asked = Asked {
        card_datasets: BTreeMap::from([(CardId(3), [id.clone()].into())]),
        datasets: BTreeMap::from([(id.clone(), orders)]),
        evidence: BTreeMap::from([(id, evidence)]),
        invalid_functions: Some(3),
        ..Asked::default()
    };
    Swept { asked, ..found }
}

#[tokio::test]
async fn a_letter_that_cannot_be_queued_undoes_the_whole_closing() {
    let house = told_house().await;
    mute(&house).await;
    // Card 2 is gone, card 3 is new and broken, card 1 recovered and is muted no more: every table would change.
    let seen = [(1, works()), (3, fails("y"))];
    let mut plan = plan_of(&seen);
    plan.pages.get_mut(&PageId(10)).unwrap().page.owners = [owner(7, "Ann")].into();
    let mut sweep = house.begin(30, &plan_of(&[(1, works()), (2, works()), (3, works())])).await;
    let before = everything(&house).await;
    house.store.append_results(&mut sweep, &results(30, &[(1, works())])).await.unwrap();
    let found = well_informed(swept(&sweep, 30, plan.clone(), &seen));
    let closed = house.finish_as(sweep, &found, "told@example.com").await;
    assert!(matches!(closed, Err(StoreError::Sqlite { .. })));
    assert_eq!(everything(&house).await, before);
    assert_eq!(house.number("SELECT count(*) FROM sweep WHERE finished_at IS NULL").await, 1);
    // All of that changes where the letter can be queued.
    let sweep = house.begin(30, &plan).await;
    let found = well_informed(swept(&sweep, 30, plan, &seen));
    house.finish(sweep, &found).await.unwrap();
    for (table, (before, after)) in EVERYTHING.iter().zip(before.into_iter().zip(everything(&house).await)) {
        assert_ne!(before, after, "{table}");
    }
}

#[tokio::test]
async fn what_was_undone_is_told_by_the_next_sweep() {
    let house = told_house().await;
    let seen = [(1, works()), (2, works())];
    let sweep = house.begin(30, &plan_of(&seen)).await;
    let found = swept(&sweep, 30, plan_of(&seen), &seen);
    house.finish_as(sweep, &found, "told@example.com").await.unwrap_err();
    let closing = house.sweep(45, &seen).await;
    let (report, references) = closing.report.unwrap();
    assert_eq!(report.subject(), "[cardwatch] acme: 1 card recovered (0 broken now)");
    assert_eq!(references, ["told@example.com"]);
}

#[tokio::test]
async fn a_sweep_that_another_process_gave_up_changes_nothing_when_it_closes() {
    let house = told_house().await;
    let before = everything(&house).await;
    let seen = [(1, works()), (2, fails("y"))];
    let sweep = house.begin(30, &plan_of(&seen)).await;
    let found = swept(&sweep, 30, plan_of(&seen), &seen);
    house.store.mark_interrupted(|_| false, at(31)).await.unwrap();
    let id = sweep.id.0;
    let error = house.finish(sweep, &found).await.unwrap_err();
    assert!(matches!(error, StoreError::SweepClosed(closed) if closed == id));
    assert_eq!(
        error.to_string(),
        format!("sweep {id} is closed already: another process marked it as interrupted; the next sweep decides")
    );
    assert_eq!(everything(&house).await, before);
}

#[tokio::test]
async fn a_sweep_that_another_process_gave_up_cannot_end_otherwise() {
    let house = House::new().await;
    let sweep = house.begin(0, &plan_of(&[(1, works())])).await;
    house.store.mark_interrupted(|_| false, at(1)).await.unwrap();
    let ended = house.store.interrupt_sweep(sweep, "stopped", at(2)).await;
    assert!(matches!(ended, Err(StoreError::SweepClosed(_))));
    assert_eq!(house.texts("SELECT outcome FROM sweep").await, [Some("interrupted".to_owned())]);
}

#[tokio::test]
async fn a_closing_that_panics_leaves_the_store_usable() {
    let house = House::new().await;
    let seen = [(1, works())];
    let sweep = house.begin(0, &plan_of(&seen)).await;
    let found = swept(&sweep, 0, plan_of(&seen), &seen);
    let store = house.store.clone();
    let panicked = tokio::spawn(async move {
        store.finish_sweep(sweep, &found, LONG_BEFORE, |_| panic!("a bug in what decides")).await.map(|_| ())
    });
    assert!(panicked.await.unwrap_err().is_panic());
    house.sweep(15, &seen).await;
    assert_eq!(house.store.snapshot(&acme()).await.unwrap().cards.len(), 1);
}

#[tokio::test]
async fn what_changed_is_kept_with_its_sweep_and_reason() {
    let house = told_house().await;
    house.sweep(30, &[(1, works()), (2, works())]).await;
    let rows = house
        .texts(
            "SELECT concat_ws(' ', sweep_id, at, to_state, first_seen, text)
               FROM transition LEFT JOIN reason USING (reason_id) ORDER BY transition_id",
        )
        .await;
    let (broke, recovered) = (at(15).timestamp_millis(), at(30).timestamp_millis());
    assert_eq!(rows, [Some(format!("2 {broke} broken 0 x")), Some(format!("3 {recovered} working 0"))]);
}

#[tokio::test]
async fn the_latest_digest_is_remembered() {
    const A_DAY: i64 = 24 * 60;
    let house = told_house().await;
    let still = [(1, fails("x")), (2, works())];
    let closing = house.sweep(A_DAY + 30, &still).await;
    assert_eq!(closing.last_digest, Some(at(A_DAY + 31)));
    assert_eq!(house.memory().await.last_digest, Some(at(A_DAY + 31)));
    assert_eq!(house.sweep(A_DAY + 45, &still).await.report, None);
}

#[tokio::test]
async fn two_stores_of_one_database_close_their_sweeps_one_after_the_other() {
    let house = House::new().await;
    house.know("globex").await;
    let other = cardwatch::store::Store::open(&house.path()).await.unwrap();
    let seen = [(1, works())];
    let ours = house.begin(0, &plan_of(&seen)).await;
    let mut theirs = other.begin_sweep(&"globex".parse().unwrap(), 1, at(0)).await.unwrap();
    other.add_planned_cards(&mut theirs, &plan_of(&seen)).await.unwrap();
    let (found_ours, found_theirs) = (swept(&ours, 0, plan_of(&seen), &seen), swept(&theirs, 0, plan_of(&seen), &seen));
    let decide = |memory: &cardwatch::domain::closing::Memory| {
        (cardwatch::domain::closing::close(&found_theirs, memory, None), Vec::new())
    };
    let (a, b) =
        tokio::join!(house.finish(ours, &found_ours), other.finish_sweep(theirs, &found_theirs, LONG_BEFORE, decide));
    a.unwrap();
    b.unwrap();
    assert_eq!(house.number("SELECT count(*) FROM sweep WHERE outcome = 'completed'").await, 2);
}
