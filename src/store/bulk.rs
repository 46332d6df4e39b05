//! Many rows in one statement. Owns how many at most; which rows, and what becomes of them, is the caller's.

use sqlx::query_builder::Separated;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::Work;

/// So many rows are written by one statement. SQLite compiles each row by itself, so that more would cost no less, and
/// a compiled statement is kept.
const ROWS: usize = 128;

/// Writes rows: `head`, then as many `VALUES` as there are rows, each bound by `bind`, then `tail`.
pub(super) async fn write<R: Send>(
    connection: &mut SqliteConnection,
    head: &str,
    rows: impl IntoIterator<Item = R, IntoIter: Send>,
    mut bind: impl FnMut(&mut Separated<'_, Sqlite, &'static str>, R) -> Work<()> + Send,
    tail: &str,
) -> Work<()> {
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let (mut bound, mut failed) = (0, None);
        let mut statement = QueryBuilder::new(head);
        statement.push_values(rows.by_ref().take(ROWS), |mut row, values| {
            bound += 1;
            failed = failed.take().or(bind(&mut row, values).err());
        });
        if let Some(error) = failed {
            return Err(error);
        }
        statement.push(tail);
        // Those of any other length would be kept for nothing: the next ones are of another.
        statement.build().persistent(bound == ROWS).execute(&mut *connection).await?;
    }
    Ok(())
}
