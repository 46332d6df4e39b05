//! Many rows in one statement. Owns how many at most; which rows, and what becomes of them, is the caller's.

use sqlx::sqlite::{Sqlite, SqliteArguments};
use sqlx::{Arguments as _, AssertSqlSafe, Encode, SqliteConnection, Type};

use super::Work;

/// So many rows are written by one statement. SQLite compiles each row by itself, so that more would cost no less, and
/// a compiled statement is kept.
const ROWS: usize = 128;

/// A statement that writes rows: `head`, then as many `VALUES` as there are rows, then `tail`.
pub(super) struct Bulk {
    /// What stands before the rows.
    pub(super) head: &'static str,
    /// How many values a row has.
    pub(super) columns: usize,
    /// What stands after them.
    pub(super) tail: &'static str,
}

/// The values of the rows of one statement, one after the other.
pub(super) struct Values(SqliteArguments);

impl Values {
    /// Binds the next value.
    pub(super) fn push<'v>(&mut self, value: impl Encode<'v, Sqlite> + Type<Sqlite>) -> Work<&mut Self> {
        self.0.add(value).map_err(sqlx::Error::Encode)?;
        Ok(self)
    }
}

impl Bulk {
    /// Writes rows, each bound by `bind`.
    pub(super) async fn write<R: Send>(
        &self,
        connection: &mut SqliteConnection,
        rows: impl IntoIterator<Item = R, IntoIter: Send>,
        mut bind: impl FnMut(&mut Values, R) -> Work<()> + Send,
    ) -> Work<()> {
        let full = self.statement(ROWS);
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let (mut values, mut bound) = (Values(SqliteArguments::default()), 0);
            values.0.reserve(ROWS * self.columns, 0);
            for row in rows.by_ref().take(ROWS) {
                bind(&mut values, row)?;
                bound += 1;
            }
            // Those of any other length would be kept for nothing: the next ones are of another.
            let is_full = bound == ROWS;
            let statement = if is_full { full.clone() } else { self.statement(bound) };
            sqlx::query_with(AssertSqlSafe(statement), values.0).persistent(is_full).execute(&mut *connection).await?;
        }
        Ok(())
    }

    fn statement(&self, rows: usize) -> String {
        let row = format!("({})", vec!["?"; self.columns].join(", "));
        format!("{} VALUES {} {}", self.head, vec![row.as_str(); rows].join(", "), self.tail)
    }
}
