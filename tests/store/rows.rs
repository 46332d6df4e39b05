//! Rows that cannot be true: the schema refuses them, and one that came in all the same is named.

use cardwatch::domain::ids::CardId;
use cardwatch::store::{ExportFilter, Store, StoreError};
use futures::TryStreamExt as _;
use sqlx::AssertSqlSafe;

use crate::house::{House, acme};
use crate::nouns::{fails, works};

/// Card 1 is broken and muted, card 2 works, both are fed by a dataset of which Domo said something, and a letter waits.
async fn furnished() -> House {
    let house = House::new().await;
    house.sweep(0, &[(1, fails("x")), (2, works())]).await;
    for sql in [
        "INSERT INTO dataset (instance_id, dataset_id, name, looked_at, gone, run_outcome, columns, changed_after,
                              changed_before, lost, gained)
         VALUES (1, 'orders', 'Orders', 1, 0, 'succeeded', '[]', 0, 1, '[]', '[]')",
        "INSERT INTO card_dataset SELECT card_key, dataset_key FROM card, dataset",
        "INSERT INTO mute (card_key, reason, muted_by, muted_at) VALUES (1, 'known', 'ann', 1)",
        "UPDATE instance SET invalid_functions = 3, functions_counted_at = 1",
    ] {
        house.execute(sql).await.unwrap();
    }
    house
}

/// Names a statement that the schema refuses, and the constraint.
macro_rules! refused {
    ($($name:ident: $sql:expr => $constraint:expr;)*) => {
        $(#[tokio::test]
        async fn $name() {
            let error = furnished().await.execute($sql).await.unwrap_err().to_string();
            assert!(error.contains($constraint), "{error}");
        })*
    };
}

refused! {
    a_number_is_a_number: "UPDATE sweep SET started_at = 'soon'" => "cannot store TEXT value in INTEGER column";
    a_verdict_is_one_of_three: "UPDATE render_result SET verdict = 3" => "CHECK constraint failed";
    a_state_has_a_name: "UPDATE card_state SET state = 'odd'" => "CHECK constraint failed";
    a_working_card_has_a_since: "UPDATE card_state SET since = NULL WHERE state = 'working'" => "CHECK constraint failed";
    a_broken_card_has_a_reason: "UPDATE card_state SET reason_id = NULL WHERE state = 'broken'" => "CHECK constraint failed";
    a_working_card_has_no_reason:
        "UPDATE card_state SET reason_id = 1 WHERE state = 'working'" => "CHECK constraint failed";
    what_was_told_was_told_in_a_letter:
        "UPDATE card_state SET told_message_id = NULL WHERE told = 'broken'" => "CHECK constraint failed";
    what_was_told_as_flapping_was_told_in_a_letter:
        "UPDATE card_state SET told = 'flapping', told_at = NULL" => "CHECK constraint failed";
    blind_sweeps_have_a_since: "UPDATE instance SET blind_sweeps = 2" => "CHECK constraint failed";
    an_instance_that_can_be_checked_is_not_blind_since:
        "UPDATE instance SET blind_since = 1" => "CHECK constraint failed";
    blindness_was_told_in_a_letter:
        "UPDATE instance SET blind_told_at = 1, blind_told_since = 1" => "CHECK constraint failed";
    blindness_was_told_since_some_time:
        "UPDATE instance SET blind_told_at = 1, blind_told_message_id = 'm@d'" => "CHECK constraint failed";
    what_was_told_has_a_name: "UPDATE card_state SET told = 'twice'" => "CHECK constraint failed";
    a_reason_has_words: "UPDATE reason SET text = ''" => "CHECK constraint failed";
    a_reason_has_a_known_class: "UPDATE reason SET class = 'Bad luck'" => "CHECK constraint failed";
    an_outcome_has_a_name: "UPDATE sweep SET outcome = 'done'" => "CHECK constraint failed";
    a_sweep_that_ended_has_an_outcome: "UPDATE sweep SET outcome = NULL" => "CHECK constraint failed";
    an_outcome_comes_with_an_end: "UPDATE sweep SET finished_at = NULL" => "CHECK constraint failed";
    a_page_has_a_kind: "UPDATE page SET kind = 'story'" => "CHECK constraint failed";
    only_a_view_has_an_app: "UPDATE page SET app_id = 5" => "CHECK constraint failed";
    owners_are_json: "UPDATE card SET owners = 'Ann'" => "CHECK constraint failed";
    recipients_are_json: "UPDATE outbox SET recipients = 'ann@example.com'" => "CHECK constraint failed";
    a_breakage_has_a_reason: "UPDATE transition SET reason_id = NULL" => "CHECK constraint failed";
    a_message_id_is_used_once:
        "INSERT INTO outbox SELECT 99, instance_id, message_id, reference_ids, recipients, subject, body_text, body_html,
                csv, created_at, attempts, next_attempt_at, last_error, sent_at, rejected_at, sweep_id FROM outbox"
            => "UNIQUE constraint failed: outbox.message_id";
    a_card_is_in_an_instance_once:
        "INSERT INTO card SELECT 99, instance_id, card_id, title, kind, owners, removed_at, owner_users FROM card
          WHERE card_key = 1"
            => "UNIQUE constraint failed";
    a_result_belongs_to_a_sweep: "UPDATE render_result SET sweep_id = 99" => "FOREIGN KEY constraint failed";
    a_result_belongs_to_a_card: "UPDATE render_result SET card_key = 99 WHERE card_key = 1" => "FOREIGN KEY constraint failed";
    a_page_holds_cards_that_there_are:
        "INSERT INTO page_card VALUES (1, 10, 99)" => "FOREIGN KEY constraint failed";
    a_card_is_held_by_a_page_that_there_is:
        "INSERT INTO page_card VALUES (1, 99, 1)" => "FOREIGN KEY constraint failed";
    each_owner_has_an_id_or_none_has: "UPDATE card SET owner_users = '[1, 2]'" => "CHECK constraint failed";
    owners_of_a_page_are_json: "UPDATE page SET owners = 'Ann'" => "CHECK constraint failed";
    each_owner_of_a_page_has_an_id_or_none_has: "UPDATE page SET owner_users = '[1]'" => "CHECK constraint failed";
    a_render_takes_some_time: "UPDATE card_state SET latency_ms = -1" => "CHECK constraint failed";
    a_slow_card_took_some_time:
        "UPDATE card_state SET slow_against_ms = 1, latency_ms = NULL WHERE state = 'working'"
            => "CHECK constraint failed";
    a_broken_card_is_not_slow:
        "UPDATE card_state SET slow_against_ms = 1, latency_ms = 9 WHERE state = 'broken'" => "CHECK constraint failed";
    a_broken_card_is_not_empty:
        "UPDATE card_state SET no_data_since = 1 WHERE state = 'broken'" => "CHECK constraint failed";
    only_a_broken_card_is_in_an_incident: "UPDATE card_state SET incident_id = 1" => "CHECK constraint failed";
    a_card_is_in_an_incident_that_there_is:
        "UPDATE card_state SET incident_id = 99 WHERE state = 'broken'" => "FOREIGN KEY constraint failed";
    a_card_is_in_one_incident_at_a_time:
        "INSERT INTO incident_card SELECT incident_id, card_key, 99, NULL FROM incident_card"
            => "UNIQUE constraint failed: incident_card.card_key";
    an_incident_with_cards_stays: "DELETE FROM incident" => "FOREIGN KEY constraint failed";
    an_incident_has_a_reason: "UPDATE incident SET reason_id = 99" => "FOREIGN KEY constraint failed";
    only_a_closed_incident_went_into_another:
        "UPDATE incident SET merged_into = 2" => "CHECK constraint failed";
    an_incident_does_not_go_into_itself:
        "UPDATE incident SET closed_at = 1, merged_into = 1" => "CHECK constraint failed";
    the_datasets_of_an_incident_are_json: "UPDATE incident SET datasets = 'orders'" => "CHECK constraint failed";
    a_dataset_is_in_an_instance_once:
        "INSERT INTO dataset (instance_id, dataset_id, name) VALUES (1, 'orders', '')"
            => "UNIQUE constraint failed: dataset.instance_id, dataset.dataset_id";
    a_dataset_has_an_id: "UPDATE dataset SET dataset_id = ' '" => "CHECK constraint failed";
    a_dataset_that_feeds_a_card_stays: "DELETE FROM dataset" => "FOREIGN KEY constraint failed";
    whoever_looked_knows_whether_it_is_there: "UPDATE dataset SET gone = NULL" => "CHECK constraint failed";
    what_was_found_out_was_looked_for:
        "UPDATE dataset SET looked_at = NULL, gone = NULL" => "CHECK constraint failed";
    a_run_has_an_outcome: "UPDATE dataset SET run_at = 1, run_outcome = NULL" => "CHECK constraint failed";
    an_outcome_of_a_run_has_a_name: "UPDATE dataset SET run_outcome = 'so so'" => "CHECK constraint failed";
    a_run_that_did_not_succeed_has_a_message: "UPDATE dataset SET run_outcome = 'failed'" => "CHECK constraint failed";
    a_run_that_succeeded_has_no_message: "UPDATE dataset SET run_message = 'x'" => "CHECK constraint failed";
    columns_are_json: "UPDATE dataset SET columns = 'id, price'" => "CHECK constraint failed";
    a_change_of_columns_has_two_ends: "UPDATE dataset SET changed_before = NULL" => "CHECK constraint failed";
    a_change_of_columns_says_what_went: "UPDATE dataset SET lost = NULL" => "CHECK constraint failed";
    a_change_of_columns_says_what_came: "UPDATE dataset SET gained = NULL" => "CHECK constraint failed";
    a_mute_has_a_reason: "UPDATE mute SET reason = ' '" => "CHECK constraint failed";
    a_card_has_one_mute_at_a_time:
        "INSERT INTO mute (card_key, reason, muted_by, muted_at) VALUES (1, 'known', 'bob', 2)"
            => "UNIQUE constraint failed: mute.card_key";
    a_mute_that_ended_did_so_somehow: "UPDATE mute SET ended_at = 1" => "CHECK constraint failed";
    the_end_of_a_mute_has_a_name: "UPDATE mute SET ended_at = 1, ended_how = 'lost'" => "CHECK constraint failed";
    whoever_ended_a_mute_is_named: "UPDATE mute SET ended_at = 1, ended_how = 'unmuted'" => "CHECK constraint failed";
    nobody_ended_a_mute_that_expired:
        "UPDATE mute SET ended_at = 1, ended_how = 'expired', ended_by = 'bob'" => "CHECK constraint failed";
    nothing_is_counted_below_zero: "UPDATE instance SET invalid_functions = -1" => "CHECK constraint failed";
    what_was_counted_was_so_at_some_time:
        "UPDATE instance SET functions_counted_at = NULL" => "CHECK constraint failed";
    a_reason_that_is_referred_to_stays: "DELETE FROM reason" => "FOREIGN KEY constraint failed";
    a_sweep_that_is_referred_to_stays: "DELETE FROM sweep" => "FOREIGN KEY constraint failed";
}

/// Writes what the schema would refuse.
async fn forge(house: &House, sql: &str) {
    let mut stranger = house.stranger().await;
    sqlx::query("PRAGMA ignore_check_constraints = ON").execute(&mut stranger).await.unwrap();
    sqlx::query("PRAGMA foreign_keys = OFF").execute(&mut stranger).await.unwrap();
    sqlx::query(AssertSqlSafe(sql)).execute(&mut stranger).await.unwrap();
}

/// Everything that a snapshot may fail on, in words.
async fn snapshot_error(store: &Store) -> String {
    let error = store.snapshot(&acme()).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt(_) | StoreError::Json(_)), "{error:?}");
    error.to_string()
}

/// Names a forgery, and what the snapshot says of it.
macro_rules! forgeries {
    ($($name:ident: $sql:expr => $told:expr;)*) => {
        $(#[tokio::test]
        async fn $name() {
            let house = furnished().await;
            forge(&house, $sql).await;
            assert_eq!(snapshot_error(&house.store).await, format!("the database holds a row that cannot be true: {}; mend it with sqlite3, or restore a backup", $told));
        })*
    };
}

forgeries! {
    an_unknown_state_is_named:
        "UPDATE card_state SET state = 'odd' WHERE card_key = 2" => "table card_state, row 2, column state: odd";
    a_missing_instant_is_named:
        "UPDATE card_state SET since = NULL WHERE card_key = 2" => "table card_state, row 2, column since: missing";
    an_instant_beyond_all_time_is_named:
        "UPDATE card_state SET decided_at = 9000000000000000000 WHERE card_key = 2"
            => "table card_state, row 2, column decided_at: 9000000000000000000";
    a_broken_card_without_a_reason_is_named:
        "UPDATE card_state SET reason_id = 99 WHERE card_key = 1"
            => "table card_state, row 1, column reason_id: no such reason";
    an_unknown_class_is_named:
        "UPDATE reason SET class = 'Bad luck'" => "table reason, row 1, column class: Bad luck";
    an_unknown_word_for_what_was_told_is_named:
        "UPDATE card_state SET told = 'twice' WHERE card_key = 1" => "table card_state, row 1, column told: twice";
    a_negative_render_time_is_named:
        "UPDATE card_state SET latency_ms = -1 WHERE card_key = 2" => "table card_state, row 2, column latency_ms: -1";
    a_negative_usual_render_time_is_named:
        "UPDATE card_state SET slow_against_ms = -5 WHERE card_key = 2"
            => "table card_state, row 2, column slow_against_ms: -5";
    a_card_that_is_empty_since_beyond_all_time_is_named:
        "UPDATE card_state SET no_data_since = 9000000000000000000 WHERE card_key = 2"
            => "table card_state, row 2, column no_data_since: 9000000000000000000";
    ids_that_are_not_those_of_the_owners_are_named:
        "UPDATE card SET owner_users = '[1, 2]' WHERE card_key = 2"
            => "table card, row 2, column owner_users: 2 ids for 1 names";
    ids_that_are_not_those_of_the_owners_of_a_page_are_named:
        "UPDATE page SET owner_users = '[1]'" => "table page, row 10, column owner_users: 1 ids for 0 names";
    a_mute_made_beyond_all_time_is_named:
        "UPDATE mute SET muted_at = 9000000000000000000"
            => "table mute, row 1, column muted_at: 9000000000000000000";
    a_mute_until_beyond_all_time_is_named:
        "UPDATE mute SET until = 9000000000000000000" => "table mute, row 1, column until: 9000000000000000000";
    an_incident_opened_beyond_all_time_is_named:
        "UPDATE incident SET opened_at = 9000000000000000000"
            => "table incident, row 1, column opened_at: 9000000000000000000";
    an_incident_about_an_empty_dataset_is_named:
        "UPDATE incident SET datasets = '[\" \"]'" => "table incident, row 1, column datasets: an empty id";
    a_dataset_without_an_id_is_named:
        "UPDATE dataset SET dataset_id = ''" => "table dataset, row 1, column dataset_id: empty";
    an_unknown_outcome_of_a_run_is_named:
        "UPDATE dataset SET run_outcome = 'so so'" => "table dataset, row 1, column run_outcome: so so";
    a_failed_run_without_a_message_is_named:
        "UPDATE dataset SET run_outcome = 'failed'" => "table dataset, row 1, column run_message: missing";
    a_run_that_succeeded_with_a_message_is_named:
        "UPDATE dataset SET run_message = 'x'" => "table dataset, row 1, column run_message: x";
    a_change_of_columns_without_an_end_is_named:
        "UPDATE dataset SET changed_before = NULL" => "table dataset, row 1, column changed_before: missing";
    a_change_of_columns_that_lost_nothing_known_is_named:
        "UPDATE dataset SET lost = NULL" => "table dataset, row 1, column lost: missing";
    a_change_of_columns_that_gained_nothing_known_is_named:
        "UPDATE dataset SET gained = NULL" => "table dataset, row 1, column gained: missing";
    a_dataset_that_was_looked_at_beyond_all_time_is_named:
        "UPDATE dataset SET looked_at = 9000000000000000000"
            => "table dataset, row 1, column looked_at: 9000000000000000000";
    a_count_below_zero_is_named:
        "UPDATE instance SET invalid_functions = -1" => "table instance, row 1, column invalid_functions: -1";
    a_sweep_that_ended_beyond_all_time_is_named:
        "UPDATE sweep SET finished_at = 9000000000000000000"
            => "table sweep, row 1, column finished_at: 9000000000000000000";
}

#[tokio::test]
async fn a_closing_on_a_row_that_cannot_be_true_fails_and_saves_nothing() {
    let house = furnished().await;
    forge(&house, "UPDATE card_state SET state = 'odd' WHERE card_key = 2").await;
    let plan = crate::house::plan_of(&[(1, works()), (2, works())]);
    let sweep = house.begin(15, &plan).await;
    let found = crate::house::swept(&sweep, 15, plan, &[(1, works())]);
    let error = house.finish(sweep, &found).await.unwrap_err().to_string();
    assert_eq!(
        error,
        "the database holds a row that cannot be true: table card_state, row 2, column state: odd; mend it with sqlite3, or restore a backup"
    );
    assert_eq!(house.number("SELECT count(*) FROM sweep WHERE finished_at IS NULL").await, 1);
}

#[tokio::test]
async fn a_mute_that_ended_in_an_unknown_way_is_named() {
    let house = furnished().await;
    forge(&house, "UPDATE mute SET ended_at = 1, ended_how = 'lost'").await;
    let error = house.store.mutes(true, crate::nouns::at(0)).await.unwrap_err().to_string();
    assert_eq!(
        error,
        "the database holds a row that cannot be true: table mute, row 1, column ended_how: lost; mend it with sqlite3, or restore a backup"
    );
    assert!(house.store.card_histories(CardId(1), None, 9).await.is_err());
}

#[tokio::test]
async fn a_card_of_an_unknown_state_cannot_be_muted() {
    let house = furnished().await;
    forge(&house, "UPDATE card_state SET state = 'odd'").await;
    let mute = cardwatch::domain::mute::Mute {
        reason: "known".into(),
        by: "ann".into(),
        at: crate::nouns::at(0),
        until: None,
    };
    let error = house.store.mute(CardId(1), None, &mute).await.unwrap_err().to_string();
    assert_eq!(
        error,
        "the database holds a row that cannot be true: table card_state, row 1, column state: odd; mend it with sqlite3, or restore a backup"
    );
}

#[tokio::test]
async fn a_render_time_below_zero_is_named_where_render_times_are_asked_for() {
    let house = furnished().await;
    forge(&house, "UPDATE render_result SET latency_ms = -1").await;
    let cards = [CardId(2)].into();
    let error = house.store.latencies(&acme(), &cards, crate::nouns::at(0)).await.unwrap_err().to_string();
    assert_eq!(
        error,
        "the database holds a row that cannot be true: table render_result, row 1, column latency_ms: -1; mend it with sqlite3, or restore a backup"
    );
}

#[tokio::test]
async fn columns_that_cannot_be_read_fail_in_words() {
    let house = furnished().await;
    forge(&house, "UPDATE dataset SET columns = 'id, price'").await;
    assert!(snapshot_error(&house.store).await.starts_with("the database holds JSON that cannot be read: "));
}

#[tokio::test]
async fn owners_that_cannot_be_read_fail_in_words() {
    let house = furnished().await;
    forge(&house, "UPDATE card SET owners = 'Ann'").await;
    assert!(snapshot_error(&house.store).await.starts_with("the database holds JSON that cannot be read: "));
}

#[tokio::test]
async fn a_result_that_cannot_be_true_ends_the_export_with_its_name() {
    let house = furnished().await;
    forge(&house, "UPDATE render_result SET verdict = 9 WHERE card_key = 2").await;
    let exported: Result<Vec<_>, _> = house.store.export(&ExportFilter::default()).try_collect().await;
    assert_eq!(
        exported.unwrap_err().to_string(),
        "the database holds a row that cannot be true: table render_result, row 1, column verdict: 9; mend it with sqlite3, or restore a backup"
    );
    assert!(house.store.card_histories(CardId(2), None, 9).await.is_err());
}

#[tokio::test]
async fn a_change_to_what_is_no_state_is_no_recovery() {
    let house = furnished().await;
    forge(&house, "UPDATE transition SET to_state = 'mended' WHERE card_key = 1").await;
    assert_eq!(
        house.store.card_histories(CardId(1), None, 9).await.unwrap_err().to_string(),
        "the database holds a row that cannot be true: table transition, row 1, column to_state: mended; mend it with sqlite3, or restore a backup"
    );
}

/// The index of cards that are not plain, as if it had lost each of them.
const LOST: &str = "
    CREATE TEMP TABLE kept AS SELECT sql FROM sqlite_schema WHERE name = 'card_state_not_plain';
    DROP INDEX card_state_not_plain;
    CREATE INDEX card_state_not_plain ON card_state (card_key) WHERE state = 'lost';
    PRAGMA writable_schema = ON;
    UPDATE sqlite_schema SET sql = (SELECT sql FROM kept) WHERE name = 'card_state_not_plain'";

#[tokio::test]
async fn a_broken_card_that_its_index_has_lost_does_not_pass_for_one_that_works() {
    let house = House::new().await;
    house.sweep(0, &[(1, fails("x")), (2, works())]).await;
    forge(&house, LOST).await;
    let told = snapshot_error(&house.store).await;
    assert!(told.contains("table card_state, row 1, column state: a card that is not plain"), "{told}");
}
