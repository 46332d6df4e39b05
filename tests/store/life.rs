//! A sweep's life in the database, from its beginning to one of its ends.

use std::collections::BTreeSet;

use std::time::Duration;

use cardwatch::domain::ids::CardId;
use cardwatch::domain::sweep::Outcome;
use cardwatch::domain::verdict::Verdict;
use cardwatch::store::{SavedResult, StoreError};

use crate::house::{House, PID, acme, plan_of, results, swept};
use crate::nouns::{at, fails, unchecked, works};

const OPEN: &str = "SELECT count(*) FROM sweep WHERE finished_at IS NULL";
const RESULTS: &str = "SELECT count(*) FROM render_result";
const OUTCOMES: &str = "SELECT outcome FROM sweep ORDER BY sweep_id";

fn outcomes(names: &[&str]) -> Vec<Option<String>> {
    names.iter().map(|name| Some((*name).to_owned())).collect()
}

#[tokio::test]
async fn a_result_is_readable_before_its_sweep_ends() {
    let house = House::new().await;
    let seen = [(1, works()), (2, fails("x"))];
    let mut sweep = house.begin(0, &plan_of(&seen)).await;
    house.store.append_results(&mut sweep, &results(0, &seen)).await.unwrap();
    assert_eq!(house.texts("SELECT verdict FROM results ORDER BY card_id").await, outcomes(&["working", "broken"]));
    assert_eq!(house.number(OPEN).await, 1);
}

#[tokio::test]
async fn before_a_sweep_is_closed_none_of_its_cards_is_monitored() {
    let house = House::new().await;
    house.begin(0, &plan_of(&[(1, works())])).await;
    let snapshot = house.store.snapshot(&acme()).await.unwrap();
    assert!(snapshot.cards.is_empty() && snapshot.pages.is_empty() && snapshot.last_sweep.is_none());
    assert!(house.store.remembered(&acme(), &BTreeSet::new()).await.unwrap().cards.is_empty());
}

#[tokio::test]
async fn a_closed_sweep_says_when_it_ran_how_it_ended_and_what_it_counted() {
    let house = House::new().await;
    house.sweep(5, &[(1, works()), (2, works()), (3, fails("x")), (4, unchecked())]).await;
    let row = "SELECT concat_ws(' ', pid, started_at, finished_at, outcome, working, broken, unchecked, unsupported) FROM sweep";
    let (began, ended) = (at(5).timestamp_millis(), at(6).timestamp_millis());
    assert_eq!(house.texts(row).await, [Some(format!("{PID} {began} {ended} partial 2 1 1 0"))]);
}

#[tokio::test]
async fn renders_that_confirm_stand_beside_the_first() {
    let house = House::new().await;
    let seen = [(1, fails("x"))];
    let mut sweep = house.begin(0, &plan_of(&seen)).await;
    house.store.append_results(&mut sweep, &results(0, &seen)).await.unwrap();
    let again = SavedResult { round: 1, at: at(1), ..results(0, &seen).remove(0) };
    house.store.append_results(&mut sweep, &[again]).await.unwrap();
    let rounds = house.texts("SELECT round || ' after ' || at_s || ' s' FROM render_result ORDER BY round").await;
    assert_eq!(rounds, outcomes(&["0 after 0 s", "1 after 60 s"]));
}

#[tokio::test]
async fn what_was_not_rendered_has_no_result() {
    let house = House::new().await;
    let mut sweep = house.begin(0, &plan_of(&[(1, works())])).await;
    let unsupported = results(0, &[(1, Verdict::Unsupported)]);
    house.store.append_results(&mut sweep, &unsupported).await.unwrap();
    house.store.append_results(&mut sweep, &[]).await.unwrap();
    assert_eq!(house.number(RESULTS).await, 0);
}

#[tokio::test]
async fn ten_thousand_results_are_taken_at_once() {
    let house = House::new().await;
    let seen: Vec<_> = (0..10_000).map(|card| (card, unchecked())).collect();
    let mut sweep = house.begin(0, &plan_of(&seen)).await;
    house.store.append_results(&mut sweep, &results(0, &seen)).await.unwrap();
    assert_eq!(house.number(RESULTS).await, 10_000);
}

#[tokio::test]
async fn results_that_cannot_be_saved_leave_nothing_and_the_next_ones_are_saved() {
    let house = House::new().await;
    let (one, two) = ([(1, works())], [(2, fails("rolled back"))]);
    let mut sweep = house.begin(0, &plan_of(&[one.clone(), two.clone()].concat())).await;
    house.store.append_results(&mut sweep, &results(0, &one)).await.unwrap();
    let repeated = results(0, &[two.clone(), one].concat());
    assert!(matches!(house.store.append_results(&mut sweep, &repeated).await, Err(StoreError::Sqlite { .. })));
    assert_eq!(house.number(RESULTS).await, 1);
    house.store.append_results(&mut sweep, &results(0, &two)).await.unwrap();
    assert_eq!(house.texts("SELECT reason FROM results WHERE card_id = 2").await, outcomes(&["rolled back"]));
}

#[tokio::test]
async fn a_latency_beyond_all_measure_is_kept_as_the_longest_there_is() {
    let house = House::new().await;
    let mut sweep = house.begin(0, &plan_of(&[(1, works())])).await;
    let endless = SavedResult { latency: Duration::MAX, ..results(0, &[(1, works())]).remove(0) };
    house.store.append_results(&mut sweep, &[endless]).await.unwrap();
    assert_eq!(house.number("SELECT latency_ms FROM render_result").await, i64::MAX);
}

#[tokio::test]
async fn a_sweep_that_could_not_list_ends_as_failed_and_domo_is_down() {
    let house = House::new().await;
    house.sweep(0, &[(1, works())]).await;
    house.fail(15).await;
    let snapshot = house.store.snapshot(&acme()).await.unwrap();
    assert!(!snapshot.domo_up());
    let last = snapshot.last_sweep.unwrap();
    assert_eq!((last.outcome, last.trouble.as_deref()), (Outcome::Failed, Some("cannot sign in: correct `password`")));
    assert_eq!(snapshot.last_completed, Some(at(1)));
    assert_eq!(snapshot.cards.len(), 1);
}

#[tokio::test]
async fn a_skipped_sweep_is_written_down_and_is_not_the_latest() {
    let house = House::new().await;
    house.sweep(0, &[(1, works())]).await;
    house.store.record_skipped(&acme(), PID, at(15)).await.unwrap();
    assert_eq!(house.texts(OUTCOMES).await, outcomes(&["completed", "skipped"]));
    let snapshot = house.store.snapshot(&acme()).await.unwrap();
    assert_eq!(snapshot.last_sweep.unwrap().started_at, at(0));
}

#[tokio::test]
async fn a_sweep_of_a_dead_process_is_marked_as_interrupted() {
    let house = House::new().await;
    house.begin(0, &plan_of(&[(1, works())])).await;
    let marked = house.store.mark_interrupted(|_| false, at(5)).await.unwrap();
    assert_eq!(marked, ["acme"]);
    assert_eq!(house.texts(OUTCOMES).await, outcomes(&["interrupted"]));
}

#[tokio::test]
async fn a_sweep_of_a_living_process_is_left_alone() {
    let house = House::new().await;
    house.begin(0, &plan_of(&[(1, works())])).await;
    let marked = house.store.mark_interrupted(|pid| pid == PID, at(5)).await.unwrap();
    assert!(marked.is_empty());
    assert_eq!(house.number(OPEN).await, 1);
}

#[tokio::test]
async fn a_sweep_that_ended_is_not_marked_again() {
    let house = House::new().await;
    house.sweep(0, &[(1, works())]).await;
    assert!(house.store.mark_interrupted(|_| false, at(5)).await.unwrap().is_empty());
    assert_eq!(house.texts(OUTCOMES).await, outcomes(&["completed"]));
}

#[tokio::test]
async fn an_interrupted_sweep_keeps_its_results_and_changes_no_state() {
    let house = House::new().await;
    house.sweep(0, &[(1, works())]).await;
    let seen = [(1, fails("x"))];
    let mut sweep = house.begin(15, &plan_of(&seen)).await;
    house.store.append_results(&mut sweep, &results(15, &seen)).await.unwrap();
    house.store.mark_interrupted(|_| false, at(20)).await.unwrap();
    assert_eq!(house.number(RESULTS).await, 2);
    let snapshot = house.store.snapshot(&acme()).await.unwrap();
    assert!(!snapshot.cards[&CardId(1)].state.is_broken());
    assert_eq!(snapshot.last_sweep.unwrap().started_at, at(0));
}

#[tokio::test]
async fn a_process_that_begins_anew_gives_up_what_it_could_not_close() {
    let house = House::new().await;
    house.know("globex").await;
    house.begin(0, &plan_of(&[(1, works())])).await;
    house.begin_at("globex", 0, &plan_of(&[(1, works())])).await;
    house.begin(15, &plan_of(&[(1, works())])).await;
    let open = house
        .texts("SELECT name FROM sweep JOIN instance USING (instance_id) WHERE finished_at IS NULL ORDER BY 1")
        .await;
    assert_eq!(open, outcomes(&["acme", "globex"]));
    assert_eq!(house.number("SELECT count(*) FROM sweep WHERE outcome = 'interrupted'").await, 1);
}

#[tokio::test]
async fn another_process_that_begins_leaves_the_sweep_open() {
    let house = House::new().await;
    let seen = [(1, works())];
    let ours = house.begin(0, &plan_of(&seen)).await;
    house.store.begin_sweep(&acme(), PID + 1, at(1)).await.unwrap();
    let swept = swept(&ours, 0, plan_of(&seen), &seen);
    house.finish(ours, &swept).await.unwrap();
}

#[tokio::test]
async fn an_instance_that_nobody_introduced_cannot_be_swept() {
    let house = House::new().await;
    let stranger = "stranger".parse().unwrap();
    assert!(matches!(house.store.begin_sweep(&stranger, PID, at(0)).await, Err(StoreError::Sqlite { .. })));
    assert_eq!(house.number("SELECT count(*) FROM sweep").await, 0);
}

#[tokio::test]
async fn a_transaction_that_the_database_itself_rolled_back_spoils_no_later_one() {
    let house = House::new().await;
    // As SQLite does when the disk is full.
    let trigger = "CREATE TRIGGER full BEFORE INSERT ON sweep BEGIN SELECT RAISE(ROLLBACK, 'no room'); END";
    house.execute(trigger).await.unwrap();
    for _ in 0..2 {
        let error = house.store.begin_sweep(&acme(), PID, at(0)).await.unwrap_err().to_string();
        assert!(error.ends_with("cardwatch.db: no room"), "{error}");
    }
    house.execute("DROP TRIGGER full").await.unwrap();
    house.sweep(0, &[(1, works())]).await;
}
