//! Rows that cannot be true: the schema refuses them, and one that came in all the same is named.

use cardwatch::domain::ids::CardId;
use cardwatch::store::{ExportFilter, Store, StoreError};
use futures::TryStreamExt as _;
use sqlx::AssertSqlSafe;

use crate::house::{House, acme};
use crate::nouns::{fails, works};

/// Card 1 is broken, card 2 works, and a letter waits.
async fn furnished() -> House {
    let house = House::new().await;
    house.sweep(0, &[(1, fails("x")), (2, works())]).await;
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
                csv, created_at, attempts, next_attempt_at, last_error, sent_at, rejected_at FROM outbox"
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
            assert_eq!(snapshot_error(&house.store).await, format!("the database holds a row that cannot be true: {}", $told));
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
    assert_eq!(error, "the database holds a row that cannot be true: table card_state, row 2, column state: odd");
    assert_eq!(house.number("SELECT count(*) FROM sweep WHERE finished_at IS NULL").await, 1);
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
        "the database holds a row that cannot be true: table render_result, row 1, column verdict: 9"
    );
    assert!(house.store.card_histories(CardId(2), None, 9).await.is_err());
}
