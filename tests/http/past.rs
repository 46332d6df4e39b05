//! What the database of a house remembers of the instance 'acme', written there as an outsider would.

use cardwatch::domain::Timestamp;
use chrono::TimeDelta;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, SqliteConnection};

use crate::house::House;
use crate::scenes::ago;

pub(crate) struct Past(SqliteConnection);

impl Past {
    /// That knows of acme and of nothing else.
    pub(crate) async fn of(house: &House) -> Self {
        let mut connection = SqliteConnectOptions::new().filename(house.database()).connect().await.unwrap();
        sqlx::query("INSERT INTO instance (instance_id, name, url, stale_after_ms) VALUES (1, 'acme', 'https://acme.domo.com', 86400000) ON CONFLICT DO NOTHING")
            .execute(&mut connection)
            .await
            .unwrap();
        Self(connection)
    }

    /// A card that was listed; its key is its id.
    pub(crate) async fn card(&mut self, id: i64, title: &str) {
        sqlx::query("INSERT INTO card (card_key, instance_id, card_id, title, kind, owners) VALUES (?1, 1, ?1, ?2, 'kpi', '[\"Sales BI\"]')")
            .bind(id)
            .bind(title)
            .execute(&mut self.0)
            .await
            .unwrap();
        sqlx::query(
            "INSERT INTO card_state (card_key, state, first_seen, told) VALUES (?1, 'undecided', 0, 'nothing')",
        )
        .bind(id)
        .execute(&mut self.0)
        .await
        .unwrap();
    }

    /// A card that no listing holds any more.
    pub(crate) async fn removed_card(&mut self, id: i64, title: &str) {
        self.card(id, title).await;
        let removed = sqlx::query("UPDATE card SET removed_at = ?2 WHERE card_key = ?1").bind(id);
        removed.bind(millis(ago(60))).execute(&mut self.0).await.unwrap();
    }

    /// A completed sweep of a minute that began so many minutes ago, with so many broken and unchecked cards; its id.
    pub(crate) async fn sweep(&mut self, minutes: i64, broken: i64, unchecked: i64) -> i64 {
        self.sweep_that(minutes, "completed", None, broken, unchecked).await
    }

    pub(crate) async fn sweep_that(
        &mut self,
        minutes: i64,
        outcome: &str,
        trouble: Option<&str>,
        broken: i64,
        unchecked: i64,
    ) -> i64 {
        let began = ago(minutes);
        let sweep = sqlx::query_scalar(
            "INSERT INTO sweep (instance_id, pid, started_at, finished_at, outcome, trouble, working, broken, unchecked)
             VALUES (1, 1, ?1, ?2, ?3, ?4, 900, ?5, ?6) RETURNING sweep_id",
        );
        let sweep = sweep.bind(millis(began)).bind(millis(began + TimeDelta::minutes(1))).bind(outcome).bind(trouble);
        sweep.bind(broken).bind(unchecked).fetch_one(&mut self.0).await.unwrap()
    }

    /// A sweep that runs.
    pub(crate) async fn running_sweep(&mut self, minutes: i64) {
        let sweep = sqlx::query("INSERT INTO sweep (instance_id, pid, started_at) VALUES (1, 1, ?1)");
        sweep.bind(millis(ago(minutes))).execute(&mut self.0).await.unwrap();
    }

    /// What a sweep found of a card, ten seconds after it began.
    pub(crate) async fn result(&mut self, sweep: i64, card: i64, why: Option<&str>, latency_ms: i64) {
        let reason = match why {
            Some(why) => Some(self.reason(why).await),
            None => None,
        };
        let result = sqlx::query(
            "INSERT INTO render_result (sweep_id, card_key, round, verdict, reason_id, at_s, latency_ms)
             VALUES (?1, ?2, 0, ?3, ?4, 10, ?5)",
        );
        let result = result.bind(sweep).bind(card).bind(i64::from(reason.is_some())).bind(reason).bind(latency_ms);
        result.execute(&mut self.0).await.unwrap();
    }

    /// A card broke so many minutes ago, and a sweep saw it.
    pub(crate) async fn broke(&mut self, sweep: i64, card: i64, minutes: i64, why: &str) {
        self.change(sweep, card, minutes, Some(why), false).await;
    }

    /// The same of a card that was seen for the first time.
    pub(crate) async fn broken_when_first_seen(&mut self, sweep: i64, card: i64, minutes: i64, why: &str) {
        self.change(sweep, card, minutes, Some(why), true).await;
    }

    pub(crate) async fn recovered(&mut self, sweep: i64, card: i64, minutes: i64) {
        self.change(sweep, card, minutes, None, false).await;
    }

    async fn change(&mut self, sweep: i64, card: i64, minutes: i64, why: Option<&str>, first_seen: bool) {
        let reason = match why {
            Some(why) => Some(self.reason(why).await),
            None => None,
        };
        let to = if why.is_some() { "broken" } else { "working" };
        let change = sqlx::query(
            "INSERT INTO transition (card_key, sweep_id, at, to_state, first_seen, reason_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        );
        let change = change.bind(card).bind(sweep).bind(millis(ago(minutes))).bind(to).bind(first_seen).bind(reason);
        change.execute(&mut self.0).await.unwrap();
    }

    async fn reason(&mut self, text: &str) -> i64 {
        let reason = sqlx::query_scalar(
            "INSERT INTO reason (class, text, last_used_at) VALUES ('Misconfigured card', ?1, 0)
             ON CONFLICT (class, text) DO UPDATE SET last_used_at = 0 RETURNING reason_id",
        );
        reason.bind(text).fetch_one(&mut self.0).await.unwrap()
    }

    /// A mail that a sweep made due, and that was sent so many minutes ago.
    pub(crate) async fn mailed(&mut self, sweep: i64, subject: &str, to: &str, minutes: i64) {
        let mail = sqlx::query(
            "INSERT INTO outbox (instance_id, message_id, reference_ids, recipients, subject, body_text, body_html,
                                 created_at, next_attempt_at, sent_at, sweep_id)
             VALUES (1, ?1, '[]', json_array(?2), ?3, '', '', ?4, ?4, ?4, ?5)",
        );
        let mail = mail.bind(format!("{sweep}@example.com")).bind(to).bind(subject);
        mail.bind(millis(ago(minutes))).bind(sweep).execute(&mut self.0).await.unwrap();
    }
}

fn millis(at: Timestamp) -> i64 {
    at.timestamp_millis()
}
