//! Forgetting: what is old goes, what is still referred to stays, and the file gives its pages back.

use cardwatch::domain::Timestamp;
use cardwatch::domain::ids::{CardId, UserId};
use cardwatch::domain::mute::Mute;
use cardwatch::domain::owners::Addresses;

use crate::house::{House, acme, plan_of};
use crate::nouns::{at, fails, unchecked, works};

const A_DAY: i64 = 24 * 60;
const LONG_AGO: i64 = -999 * A_DAY;

/// Prunes until nothing more is to be done; returns how many rows went.
async fn prune(house: &House, results: Timestamp, transitions: Timestamp) -> u64 {
    let mut rows = 0;
    for _ in 0..1_000 {
        let pruned = house.store.prune_step(results, transitions, at(LONG_AGO)).await.unwrap();
        rows += pruned.rows;
        if !pruned.more {
            return rows;
        }
    }
    panic!("pruning does not come to an end");
}

async fn counts(house: &House, tables: &[&str]) -> Vec<i64> {
    let mut counts = Vec::new();
    for table in tables {
        counts.push(house.number(&format!("SELECT count(*) FROM {table}")).await);
    }
    counts
}

async fn reason_texts(house: &House) -> Vec<String> {
    house.texts("SELECT text FROM reason ORDER BY text").await.into_iter().flatten().collect()
}

#[tokio::test]
async fn an_empty_database_has_nothing_to_forget() {
    assert_eq!(prune(&House::new().await, at(0), at(0)).await, 0);
}

#[tokio::test]
async fn old_results_go_and_young_ones_stay() {
    let house = House::new().await;
    house.sweep(0, &[(1, works()), (2, works())]).await;
    house.sweep(15, &[(1, works()), (2, works())]).await;
    prune(&house, at(15), at(LONG_AGO)).await;
    assert_eq!(house.number("SELECT count(*) FROM render_result WHERE sweep_id = 1").await, 0);
    assert_eq!(house.number("SELECT count(*) FROM render_result WHERE sweep_id = 2").await, 2);
}

#[tokio::test]
async fn transitions_outlive_results_and_so_do_their_sweeps_and_reasons() {
    let house = House::new().await;
    house.sweep(0, &[(1, works())]).await;
    house.sweep(15, &[(1, fails("x"))]).await;
    house.sweep(30, &[(1, works())]).await;
    prune(&house, at(A_DAY), at(LONG_AGO)).await;
    assert_eq!(counts(&house, &["render_result", "transition", "sweep"]).await, [0, 2, 3]);
    let history = house.store.card_histories(CardId(1), None, 9).await.unwrap().remove(0);
    assert_eq!(history.transitions[1].reason.as_deref(), Some("x"));
}

#[tokio::test]
async fn old_transitions_go_with_their_sweeps_and_reasons() {
    let house = House::new().await;
    house.sweep(0, &[(1, works())]).await;
    house.sweep(15, &[(1, fails("x"))]).await;
    house.sweep(30, &[(1, works())]).await;
    prune(&house, at(A_DAY), at(A_DAY)).await;
    assert_eq!(counts(&house, &["render_result", "transition", "sweep", "reason"]).await, [0, 0, 0, 0]);
    assert_eq!(counts(&house, &["card", "card_state"]).await, [1, 1]);
}

#[tokio::test]
async fn a_sweep_with_a_young_transition_or_result_stays() {
    let house = House::new().await;
    house.sweep(0, &[(1, works())]).await;
    house.sweep(15, &[(1, fails("x"))]).await;
    prune(&house, at(LONG_AGO), at(A_DAY)).await;
    assert_eq!(counts(&house, &["render_result", "transition", "sweep"]).await, [2, 0, 2]);
}

#[tokio::test]
async fn a_sweep_that_still_runs_stays() {
    let house = House::new().await;
    house.begin(0, &plan_of(&[(1, works())])).await;
    prune(&house, at(A_DAY), at(A_DAY)).await;
    assert_eq!(counts(&house, &["sweep"]).await, [1]);
}

#[tokio::test]
async fn the_reason_of_a_card_that_is_broken_or_unchecked_now_stays() {
    let house = House::new().await;
    house.sweep(0, &[(1, fails("broken")), (2, unchecked()), (3, fails("mended"))]).await;
    house.sweep(15, &[(1, fails("broken")), (2, unchecked()), (3, works())]).await;
    prune(&house, at(A_DAY), at(A_DAY)).await;
    assert_eq!(reason_texts(&house).await, ["broken", "no access (403)"]);
    let snapshot = house.store.snapshot(&acme()).await.unwrap();
    assert!(snapshot.cards[&CardId(1)].state.is_broken());
}

#[tokio::test]
async fn the_reason_of_a_result_that_is_kept_stays() {
    let house = House::new().await;
    house.sweep(0, &[(1, unchecked())]).await;
    house.sweep(A_DAY, &[(1, unchecked())]).await;
    house.sweep(A_DAY + 15, &[(1, works())]).await;
    prune(&house, at(A_DAY), at(A_DAY + 15)).await;
    assert_eq!(house.texts("SELECT reason FROM results").await, [Some("no access (403)".to_owned()), None]);
}

#[tokio::test]
async fn a_clock_that_went_back_during_a_sweep_costs_no_reason() {
    let house = House::new().await;
    let seen = [(1, unchecked())];
    let mut sweep = house.begin(A_DAY, &plan_of(&seen)).await;
    house.store.append_results(&mut sweep, &crate::house::results(0, &seen)).await.unwrap();
    let found = crate::house::swept(&sweep, A_DAY, plan_of(&seen), &[]);
    house.finish(sweep, &found).await.unwrap();
    prune(&house, at(A_DAY), at(A_DAY)).await;
    assert_eq!(house.texts("SELECT reason FROM results").await, [Some("no access (403)".to_owned())]);
}

#[tokio::test]
async fn a_sweep_that_a_wrong_clock_dated_in_the_future_does_not_keep_the_others() {
    let house = House::new().await;
    house.sweep(999 * A_DAY, &[(1, works())]).await;
    house.sweep(0, &[(1, works())]).await;
    prune(&house, at(A_DAY), at(LONG_AGO)).await;
    assert_eq!(house.texts("SELECT DISTINCT sweep_id || '' FROM render_result").await, [Some("1".to_owned())]);
}

#[tokio::test]
async fn letters_that_are_done_go_and_those_that_wait_stay() {
    let house = House::new().await;
    house.sweep(0, &[(1, works()), (2, works())]).await;
    house.sweep(15, &[(1, fails("x")), (2, works())]).await;
    house.sweep(30, &[(1, fails("x")), (2, fails("x"))]).await;
    house.sweep(45, &[(1, works()), (2, fails("x"))]).await;
    let id = async || house.next_letter().await.unwrap().unwrap().id;
    house.store.mark_sent(id().await, at(60)).await.unwrap();
    house.store.mark_rejected(id().await, "550", at(61)).await.unwrap();
    prune(&house, at(LONG_AGO), at(60)).await;
    assert_eq!(counts(&house, &["outbox"]).await, [3]);
    prune(&house, at(LONG_AGO), at(A_DAY)).await;
    assert_eq!(counts(&house, &["outbox"]).await, [1]);
    assert!(house.next_letter().await.unwrap().is_some());
}

#[tokio::test]
async fn a_large_sweep_goes_in_steps() {
    let house = House::new().await;
    let seen: Vec<_> = (0..12_000).map(|card| (card, works())).collect();
    house.sweep(0, &seen).await;
    let step = house.store.prune_step(at(A_DAY), at(LONG_AGO), at(LONG_AGO)).await.unwrap();
    assert_eq!((step.rows, step.more), (2_000, true));
    assert_eq!(prune(&house, at(A_DAY), at(LONG_AGO)).await, 10_000);
}

#[tokio::test]
async fn the_file_gives_the_pages_of_what_went_back() {
    let house = House::new().await;
    let seen: Vec<_> = (0..10_000).map(|card| (card, works())).collect();
    for minute in 0..8 {
        let mut sweep = house.begin(minute, &plan_of(&seen)).await;
        house.store.append_results(&mut sweep, &crate::house::results(minute, &seen)).await.unwrap();
    }
    let before = house.store.size().await.unwrap();
    prune(&house, at(A_DAY), at(LONG_AGO)).await;
    let after = house.store.size().await.unwrap();
    assert!(after < before - 1_000_000, "{before} bytes before, {after} after");
    assert!(house.number("PRAGMA freelist_count").await < 50);
    assert_eq!(house.number("PRAGMA wal_checkpoint(TRUNCATE)").await, 0, "nobody is in its way");
    assert_eq!(std::fs::metadata(house.path()).unwrap().len(), after);
}

/// Prunes what was over before an instant, but no results.
async fn prune_past(house: &House, before: Timestamp) {
    prune(house, at(LONG_AGO), before).await;
}

#[tokio::test]
async fn closed_incidents_go_with_their_cards_and_open_ones_stay() {
    let house = House::new().await;
    house.sweep(0, &[(1, fails("x")), (2, works())]).await;
    house.sweep(15, &[(1, works()), (2, works())]).await;
    house.sweep(30, &[(1, works()), (2, fails("y"))]).await;
    prune_past(&house, at(16)).await;
    assert_eq!(counts(&house, &["incident", "incident_card"]).await, [2, 2]);
    prune_past(&house, at(A_DAY)).await;
    assert_eq!(house.texts("SELECT incident_id || '' FROM incident").await, [Some("2".to_owned())]);
    assert_eq!(house.texts("SELECT incident_id || '' FROM incident_card").await, [Some("2".to_owned())]);
}

#[tokio::test]
async fn incidents_that_went_into_one_another_all_go() {
    let house = House::new().await;
    house.sweep(0, &[(1, fails("x"))]).await;
    house.sweep(15, &[(1, works())]).await;
    house
        .execute(
            "INSERT INTO incident (incident_id, instance_id, reason_id, title, datasets, opened_at, closed_at, merged_into)
             SELECT column1, instance_id, reason_id, title, datasets, opened_at, closed_at, column2
               FROM incident, (VALUES (2, 1), (3, 2), (4, 2))",
        )
        .await
        .unwrap();
    prune_past(&house, at(A_DAY)).await;
    assert_eq!(counts(&house, &["incident", "incident_card"]).await, [0, 0]);
}

#[tokio::test]
async fn the_reason_of_an_incident_stays_with_it() {
    let house = House::new().await;
    house.sweep(0, &[(1, fails("first")), (2, fails("first"))]).await;
    house.sweep(A_DAY, &[(1, works()), (2, works())]).await;
    house.execute("DELETE FROM transition").await.unwrap();
    prune(&house, at(A_DAY + 1), at(A_DAY)).await;
    assert_eq!(reason_texts(&house).await, ["first"]);
    prune(&house, at(A_DAY + 1), at(A_DAY + 2)).await;
    assert!(reason_texts(&house).await.is_empty());
}

#[tokio::test]
async fn ended_mutes_go_and_those_that_hold_stay_however_old_they_are() {
    let house = House::new().await;
    house.sweep(0, &[(1, fails("x")), (2, fails("x"))]).await;
    for card in [1, 2] {
        let mute = Mute { reason: "known".into(), by: "ann".into(), at: at(5), until: None };
        house.store.mute(CardId(card), None, &mute).await.unwrap().unwrap();
    }
    house.store.unmute(CardId(1), None, "bob", at(10)).await.unwrap().unwrap();
    prune_past(&house, at(10)).await;
    assert_eq!(counts(&house, &["mute"]).await, [2]);
    prune_past(&house, at(A_DAY)).await;
    assert_eq!(house.texts("SELECT card_key || '' FROM mute").await, [Some("2".to_owned())]);
}

#[tokio::test]
async fn a_dataset_goes_that_feeds_no_card_and_was_not_asked_about_lately() {
    let house = House::new().await;
    house.sweep(0, &[(1, works())]).await;
    house
        .execute(&format!(
            "INSERT INTO dataset (instance_id, dataset_id, name, looked_at, gone)
             VALUES (1, 'feeds', '', NULL, NULL), (1, 'told', '', NULL, NULL), (1, 'old', '', 0, 0), (1, 'young', '', {}, 0)",
            at(10).timestamp_millis()
        ))
        .await
        .unwrap();
    house
        .execute("INSERT INTO card_dataset SELECT 1, dataset_key FROM dataset WHERE dataset_id = 'feeds'")
        .await
        .unwrap();
    prune_past(&house, at(10)).await;
    assert_eq!(
        house.texts("SELECT dataset_id FROM dataset ORDER BY 1").await,
        ["feeds", "young"].map(|id| Some(id.to_owned()))
    );
}

#[tokio::test]
async fn addresses_go_that_were_not_looked_up_for_too_long() {
    let house = House::new().await;
    for (user, minute) in [(1, 0), (2, 10)] {
        house.store.keep_addresses(&acme(), &Addresses::from([(UserId(user), None)]), at(minute)).await.unwrap();
    }
    let pruned = house.store.prune_step(at(LONG_AGO), at(LONG_AGO), at(10)).await.unwrap();
    assert_eq!(pruned.rows, 1);
    assert_eq!(house.texts("SELECT user_id || '' FROM domo_user").await, [Some("2".to_owned())]);
}

#[tokio::test]
async fn many_letters_go_in_steps_and_one_step_takes_no_more_rows_for_being_of_several_kinds() {
    let house = House::new().await;
    let seen: Vec<_> = (0..1_900).map(|card| (card, fails("x"))).collect();
    house.sweep(0, &seen).await;
    house
        .execute(
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 300)
             INSERT INTO outbox (instance_id, message_id, reference_ids, recipients, subject, body_text, body_html, created_at,
                                 next_attempt_at, sent_at)
             SELECT 1, n, '[]', '[]', '', '', '', 0, 0, 0 FROM n",
        )
        .await
        .unwrap();
    let step = async || house.store.prune_step(at(LONG_AGO), at(A_DAY), at(LONG_AGO)).await.unwrap();
    assert_eq!((step().await.rows, step().await.rows, step().await.rows), (2_000, 200, 0));
    assert_eq!(counts(&house, &["transition", "outbox"]).await, [0, 1], "the letter that waits stays");
}

#[tokio::test]
async fn a_large_incident_goes_in_steps() {
    let house = House::new().await;
    let seen: Vec<_> = (0..12_000).map(|card| (card, fails("x"))).collect();
    house.sweep(0, &seen).await;
    let works: Vec<_> = seen.iter().map(|(card, _)| (*card, works())).collect();
    house.sweep(15, &works).await;
    house.execute("DELETE FROM transition").await.unwrap();
    let step = house.store.prune_step(at(LONG_AGO), at(A_DAY), at(LONG_AGO)).await.unwrap();
    assert_eq!((step.rows, step.more), (2_000, true));
    prune_past(&house, at(A_DAY)).await;
    assert_eq!(counts(&house, &["incident", "incident_card"]).await, [0, 0]);
}
