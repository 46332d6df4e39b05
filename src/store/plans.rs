//! A test of the statements that meet large tables: each finds its rows by an index, and in the order in which they are
//! wanted. A scan or a sorting that is meant is listed beside its statement; any other fails.

use sqlx::AssertSqlSafe;

use super::{
    Store, asked, backup, board, card_past, datasets, history, incidents, instances, lately, memory, monitored, mutes,
    outbox, plain, retention, snapshot, sweeps,
};

/// The rows that a statement is given.
const JSON: &str = "SCAN json_each VIRTUAL TABLE INDEX 1:";

/// The rows that are packed, which the statement within has found.
const PACKED: &str = "SCAN (subquery-1)";

/// Each statement with the scans and sortings that are meant.
const STATEMENTS: [(&str, &[&str]); 74] = [
    (instances::ID, &[]),
    (memory::CARDS, &[PACKED]),
    // Cards that are not plain are few, and so are mutes.
    (plain::OTHERS, &["SCAN card_state USING INDEX card_state_not_plain", "SCAN mute USING INDEX mute_now"]),
    (memory::COUNT, &[]),
    (memory::BROKEN, &[]),
    // Of the changes of a day or so.
    (memory::CHANGES, &["USE TEMP B-TREE FOR ORDER BY"]),
    (snapshot::HOLDINGS, &[PACKED]),
    (snapshot::PAGES, &[PACKED]),
    (snapshot::CARDS_NOW, &[PACKED]),
    (snapshot::LISTED_CARDS, &[]),
    (snapshot::LAST_COMPLETED, &[]),
    (snapshot::LAST_SWEEP, &[]),
    (datasets::KNOWN, &[]),
    (datasets::FEEDING, &[]),
    (datasets::IDS, &[]),
    (datasets::FEEDING_SOME, &[JSON]),
    (snapshot::HOLDINGS_OF, &[JSON]),
    (sweeps::CARD_KEYS, &[PACKED]),
    (sweeps::KNOWN_CARDS, &[PACKED]),
    (monitored::HOLDINGS, &[PACKED]),
    // What a closing changes, each row looked up.
    (monitored::NOT_HELD, &[JSON]),
    (monitored::REMOVE_PAGES, &[JSON]),
    (monitored::REMOVE_CARDS, &[JSON]),
    (datasets::NO_LONGER_FEEDING, &[JSON]),
    (datasets::NEWLY_FEEDING, &[JSON]),
    (incidents::OPEN, &[]),
    (incidents::LATEST_ID, &[]),
    (incidents::NOW, &[]),
    (incidents::LEFT, &[JSON]),
    (incidents::JOINED, &[JSON]),
    (incidents::NOTED, &[JSON]),
    (incidents::OF_CARD, &[]),
    // Mutes are few: people make them.
    (mutes::ALL, &["SCAN m"]),
    (mutes::NOW, &["SCAN m"]),
    (mutes::OF_CARD, &[]),
    // Instances are few.
    (mutes::MONITORED, &["SCAN i USING COVERING INDEX sqlite_autoindex_instance_1"]),
    (mutes::END, &[]),
    // Of sweeps, which are few.
    (asked::SWEEPS_SINCE, &["USE TEMP B-TREE FOR json_group_array(ORDER BY)"]),
    (asked::LATENCIES, &["SCAN wanted VIRTUAL TABLE INDEX 1:", "SCAN looked VIRTUAL TABLE INDEX 1:"]),
    (asked::ADDRESSES, &[]),
    (history::CARDS_OF_ID, &["SCAN i USING INDEX sqlite_autoindex_instance_1"]),
    // Of the pages of one card.
    (history::PAGE_TITLES, &["USE TEMP B-TREE FOR ORDER BY"]),
    (history::TRANSITIONS, &[]),
    (history::RESULTS, &[]),
    (board::SWEEPS, &[]),
    (board::LEVELS, &[]),
    (card_past::CARD, &[]),
    // Of the letters of those sweeps.
    (card_past::LETTERS, &["SCAN wanted VIRTUAL TABLE INDEX 1:", "USE TEMP B-TREE FOR ORDER BY"]),
    (card_past::PAGE_OWNERS, &[]),
    // As many steps as sweeps are looked into.
    (card_past::RENDERS, &["SCAN (subquery-3)", "SCAN looked", "SCAN looked"]),
    (card_past::FIRST_DECIDED, &["SCAN looked", "SCAN looked"]),
    // Of what was found.
    (card_past::RESULTS, &["SCAN (subquery-2)"]),
    // The latest of them alone.
    (lately::LATEST, &["SCAN sweep"]),
    // As many steps as happenings are asked for.
    (lately::CHANGED, &["SCAN changed", "SCAN changed"]),
    (lately::WITHOUT_VIEW, &[]),
    (lately::MAILED, &[]),
    // In the order of the sweeps, each of which leads to its own results.
    (history::EXPORT, &["SCAN s"]),
    // Only what waits is in the index; of each letter its recipients.
    (outbox::NEXT_LETTER, &["SCAN outbox USING INDEX outbox_waiting", JSON, "SCAN r VIRTUAL TABLE INDEX 1:", JSON]),
    (outbox::QUEUE_STATE, &["SCAN outbox USING INDEX outbox_waiting"]),
    (outbox::WAITING_ERROR, &["SCAN outbox USING INDEX outbox_waiting"]),
    (outbox::REJECTED, &["SCAN outbox USING INDEX outbox_refused"]),
    (retention::OLDEST_WITH_RESULTS, &[]),
    (retention::OLD_RESULTS, &[]),
    (retention::OLD_TRANSITIONS, &[]),
    (retention::OLD_LETTERS, &[]),
    (retention::OLD_MUTES, &[]),
    (retention::OLD_MEMBERS, &[]),
    (retention::OLD_INCIDENTS, &[]),
    // Datasets are fewer than cards.
    (retention::OLD_DATASETS, &["SCAN d"]),
    (retention::OLD_ADDRESSES, &[]),
    // Sweeps are few.
    (retention::OLD_SWEEPS, &["SCAN s"]),
    // With what SQLite looks through before a reason may go.
    (retention::OLD_REASONS, &[]),
    // Of a copy that nobody else reads.
    (backup::RESULTS, &["SCAN render_result"]),
    (backup::UNTIL, &[]),
];

async fn scans_and_sortings(store: &Store, statement: &str) -> Vec<String> {
    let plan: Vec<(i64, i64, i64, String)> =
        sqlx::query_as(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"))).fetch_all(&store.write).await.unwrap();
    plan.into_iter().map(|(_, _, _, step)| step).filter(|step| meets_rows(step)).collect()
}

/// Whether a step of a plan goes through rows one after the other, or sorts them.
fn meets_rows(step: &str) -> bool {
    (step.starts_with("SCAN") && step != "SCAN CONSTANT ROW") || step.starts_with("USE TEMP")
}

#[tokio::test]
async fn every_statement_finds_its_rows_by_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("cardwatch.db")).await.unwrap();
    let mut other = Vec::new();
    for (statement, meant) in STATEMENTS {
        let scans = scans_and_sortings(&store, statement).await;
        if scans != meant {
            other.push(format!("{scans:?}, not {meant:?}: {statement}"));
        }
    }
    assert!(other.is_empty(), "{}", other.join("\n\n"));
}
