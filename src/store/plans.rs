//! A test of the statements that meet large tables: each finds its rows by an index. A scan that is meant is
//! listed beside its statement; any other fails.

use sqlx::AssertSqlSafe;

use super::{Store, history, memory, outbox, retention, snapshot};

/// Each statement with the scans that are meant.
const STATEMENTS: [(&str, &[&str]); 21] = [
    (memory::CARDS, &[]),
    (memory::CHANGES, &[]),
    (snapshot::HOLDINGS, &[]),
    (snapshot::PAGES, &[]),
    (snapshot::CARDS_NOW, &[]),
    (snapshot::LISTED_CARDS, &[]),
    (snapshot::LAST_COMPLETED, &[]),
    (snapshot::LAST_SWEEP, &[]),
    (history::TRANSITIONS, &[]),
    (history::RESULTS, &[]),
    // In the order of the sweeps, each of which leads to its own results.
    (history::EXPORT, &["SCAN s"]),
    // Only what waits is in the index.
    (outbox::NEXT_LETTER, &["SCAN outbox USING INDEX outbox_waiting", "SCAN json_each VIRTUAL TABLE INDEX 1:"]),
    (outbox::QUEUE_STATE, &["SCAN outbox USING INDEX outbox_waiting"]),
    (outbox::WAITING_ERROR, &["SCAN outbox USING INDEX outbox_waiting"]),
    (outbox::REJECTED, &["SCAN outbox USING INDEX outbox_refused"]),
    (retention::OLDEST_WITH_RESULTS, &[]),
    (retention::OLD_RESULTS, &[]),
    (retention::OLD_TRANSITIONS, &[]),
    (retention::OLD_LETTERS, &[]),
    // Sweeps are few.
    (retention::OLD_SWEEPS, &["SCAN s"]),
    // With what SQLite looks through before a reason may go.
    (retention::OLD_REASONS, &[]),
];

async fn scans(store: &Store, statement: &str) -> Vec<String> {
    let plan: Vec<(i64, i64, i64, String)> =
        sqlx::query_as(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"))).fetch_all(&store.write).await.unwrap();
    plan.into_iter().map(|(_, _, _, step)| step).filter(|step| step.starts_with("SCAN")).collect()
}

#[tokio::test]
async fn every_statement_finds_its_rows_by_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("cardwatch.db")).await.unwrap();
    for (statement, meant) in STATEMENTS {
        assert_eq!(scans(&store, statement).await, meant, "{statement}");
    }
}
