//! Many rows as one. Owns reading rows that SQLite packs into JSON, some hundred at a time; what is in a row is the
//! caller's.
//!
//! SQLite has a thread of its own. Of rows that come one by one each value is copied for itself, and the thread and
//! whoever reads them wait for each other at every few: that would cost more than all that SQLite does for them.

use serde::de::DeserializeOwned;
use sqlx::SqliteConnection;

use super::Work;

/// A statement for [`read`]: what is in a row, the column that is its key, and whence the rows come. That last part
/// holds the key against `?2`, behind which the rows begin, and sorts by it; `?1` is the instance.
macro_rules! packed {
    ($columns:expr, $key:literal, $rows:literal) => {
        concat!("SELECT json_group_array(json_array(", $columns, ")), max(", $key, ") FROM (", $rows, " LIMIT 512)")
    };
}

pub(super) use packed;

/// Reads all rows of an instance.
pub(super) async fn read<R: DeserializeOwned>(
    connection: &mut SqliteConnection,
    statement: &'static str,
    instance: i64,
    mut take: impl FnMut(R) -> Work<()>,
) -> Work<()> {
    let mut after = i64::MIN;
    loop {
        let next = sqlx::query_as(statement).bind(instance).bind(after);
        let (rows, last): (String, Option<i64>) = next.fetch_one(&mut *connection).await?;
        let Some(last) = last else { return Ok(()) };
        serde_json::from_str::<Vec<R>>(&rows)?.into_iter().try_for_each(&mut take)?;
        after = last;
    }
}
