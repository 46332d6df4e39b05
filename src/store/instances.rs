//! The instances that the database knows. Owns their rows; which ones are configured is not its matter.

use std::time::Duration;

use url::Url;

use super::rows::{ImpossibleRow, duration_millis};
use super::{Store, StoreError, Work};
use crate::domain::ids::InstanceName;

impl Store {
    /// Writes down what the configuration says of an instance, so that the views can build links and tell
    /// stale cards.
    pub async fn know_instance(&self, name: &InstanceName, url: &Url, stale_after: Duration) -> Result<(), StoreError> {
        let work = async {
            let mut tx = self.begin().await?;
            sqlx::query(
                "INSERT INTO instance (name, url, stale_after_ms) VALUES (?1, ?2, ?3)
                 ON CONFLICT (name) DO UPDATE SET url = excluded.url, stale_after_ms = excluded.stale_after_ms",
            )
            .bind(name.as_str())
            .bind(url.as_str().trim_end_matches('/'))
            .bind(duration_millis(stale_after))
            .execute(&mut *tx)
            .await?;
            tx.commit().await?;
            Ok(())
        };
        self.named(work.await)
    }

    /// The instances that some sweep or daemon has known, by name.
    pub async fn instances(&self) -> Result<Vec<InstanceName>, StoreError> {
        let work = async {
            let rows: Vec<(i64, String)> =
                sqlx::query_as("SELECT instance_id, name FROM instance ORDER BY name").fetch_all(&self.read).await?;
            let names = rows.iter().map(|(key, name)| instance_name(*key, name));
            Ok(names.collect::<Result<_, _>>()?)
        };
        self.named(work.await)
    }
}

pub(super) const ID: &str = "SELECT instance_id FROM instance WHERE name = ?1";

/// The key of an instance.
pub(super) async fn instance_id(connection: &mut sqlx::SqliteConnection, name: &InstanceName) -> Work<i64> {
    Ok(sqlx::query_scalar(ID).bind(name.as_str()).fetch_one(connection).await?)
}

/// The key of an instance that may be configured and not known yet; `None` then.
pub(super) async fn known_instance_id(
    connection: &mut sqlx::SqliteConnection,
    name: &InstanceName,
) -> Work<Option<i64>> {
    Ok(sqlx::query_scalar(ID).bind(name.as_str()).fetch_optional(connection).await?)
}

/// The name of an instance out of a row.
pub(super) fn instance_name(key: i64, name: &str) -> Result<InstanceName, ImpossibleRow> {
    let impossible = |_| ImpossibleRow { table: "instance", row: key, column: "name", value: name.to_owned() };
    name.parse().map_err(impossible)
}
