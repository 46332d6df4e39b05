//! The past of a database whose present one sweep has found out: sweeps, results, outages with their transitions,
//! incidents, letters and mutes. Owns the statements, which write in bulk what would take a month to happen.
//!
//! Results come in the order of their key, which leaves the pages of the table fuller than the daemon does: how many
//! bytes a result takes in daily life is what `tests/store/size.rs` measures.

use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use cardwatch::store::Store;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

/// So many sweeps are filled by one statement.
const SWEEPS_A_STEP: u32 = 100;

/// Fills the database with as many sweeps of the past.
pub(crate) async fn fill(database: &Path, sweeps: u32) -> anyhow::Result<()> {
    // The schema is the daemon's own.
    Store::open(database).await?.close().await;
    let began = Instant::now();
    let mut connection = SqliteConnectOptions::new().filename(database).foreign_keys(false).connect().await?;
    let filled = write(&mut connection, sweeps).await;
    if filled.is_err() {
        // Without a journal nothing can be rolled back: half of a past is of no use.
        let _gone_already = std::fs::remove_file(database);
    }
    let (results, bytes) = filled?;
    connection.close().await?;
    #[expect(clippy::cast_precision_loss, reason = "for people to read")]
    let each = bytes as f64 / results.max(1) as f64;
    let (took, size) = (began.elapsed().as_secs_f64(), std::fs::metadata(database)?.len());
    eprintln!(
        "filled {results} results in {took:.0} s: {each:.1} bytes each, in key order; all of it is {} MB",
        size / 1_000_000
    );
    Ok(())
}

/// Gives how many results there are, and the bytes that they take.
async fn write(connection: &mut SqliteConnection, sweeps: u32) -> anyhow::Result<(i64, i64)> {
    // A file that no crash need leave whole, and that nobody else has open.
    for pragma in [
        "PRAGMA journal_mode = OFF",
        "PRAGMA synchronous = OFF",
        "PRAGMA locking_mode = EXCLUSIVE",
        "PRAGMA cache_size = -64000",
    ] {
        sqlx::query(pragma).execute(&mut *connection).await.context(pragma)?;
    }
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut *connection).await?;
    for (what, statement) in BEFORE {
        step(connection, what, statement, sweeps, 0).await?;
    }
    let before = size(connection).await?;
    for first in (0..sweeps).step_by(SWEEPS_A_STEP.try_into()?) {
        step(connection, "results", RESULTS, sweeps, first).await?;
        eprint!("\rsweep {first} of {sweeps}");
    }
    eprintln!();
    let bytes = size(connection).await? - before;
    for (what, statement) in AFTER {
        step(connection, what, statement, sweeps, 0).await?;
    }
    let results = sqlx::query_scalar("SELECT count(*) FROM render_result").fetch_one(&mut *connection).await?;
    sqlx::query("COMMIT").execute(&mut *connection).await?;
    sqlx::query("PRAGMA locking_mode = NORMAL").execute(&mut *connection).await?;
    sqlx::query("PRAGMA journal_mode = WAL").execute(&mut *connection).await?;
    Ok((results, bytes))
}

/// A statement may use ?1, the number of sweeps, and ?2, the place of the first one that is meant.
async fn step(
    connection: &mut SqliteConnection,
    what: &str,
    statement: &'static str,
    sweeps: u32,
    first: u32,
) -> anyhow::Result<()> {
    let mut query = sqlx::query(statement);
    if statement.contains("?1") {
        query = query.bind(sweeps);
    }
    if statement.contains("?2") {
        query = query.bind(first);
    }
    query.execute(connection).await.with_context(|| what.to_owned())?;
    Ok(())
}

async fn size(connection: &mut SqliteConnection) -> anyhow::Result<i64> {
    let pages = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
    Ok(sqlx::query_scalar(pages).fetch_one(connection).await?)
}

/// What comes before the results. A place is the number of a sweep of the past, from 0 on.
const BEFORE: [(&str, &str); 13] = [
    (
        "when the past began, and the first id in it",
        "CREATE TEMP TABLE origin AS
         SELECT max(finished_at) / 1000 * 1000 - ?1 * 900000 AS at, max(sweep_id) + 1 AS first_id FROM sweep",
    ),
    (
        "the sweep that found the present out is the oldest",
        "UPDATE sweep SET (started_at, finished_at) = (SELECT at - 900000, at - 850000 FROM origin)",
    ),
    (
        "places",
        "CREATE TEMP TABLE place AS
         WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n + 1 < ?1)
         SELECT n, first_id + n AS sweep_id, at + n * 900000 AS started_at, n % 97 = 50 AS failed FROM n, origin",
    ),
    (
        "broken cards, of which those of one incident broke together",
        "CREATE TEMP TABLE outage AS
         SELECT card_key, incident_id, reason_id, (incident_id * 7919) % ?1 AS first, ?1 AS last
           FROM card_state WHERE state = 'broken'",
    ),
    (
        "working cards, one in five of which was out once, three together; and some that go back and forth",
        "INSERT INTO outage
         WITH sound AS (SELECT card_key, row_number() OVER (ORDER BY card_key) AS n FROM card_state WHERE state = 'working'),
              spells (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM spells WHERE n < 99),
              why AS (SELECT reason_id, row_number() OVER (ORDER BY reason_id) AS n, count(*) OVER () AS all_of_them
                        FROM reason WHERE class <> '')
         SELECT card_key, 1000000 + s.n / 15, reason_id, (s.n / 15 * 7907) % max(?1 - 60, 1),
                (s.n / 15 * 7907) % max(?1 - 60, 1) + 2 + s.n / 15 % 40
           FROM sound s JOIN why ON why.n = s.n / 15 % all_of_them + 1 WHERE s.n % 5 = 0
         UNION ALL
         SELECT card_key, NULL, (SELECT min(reason_id) FROM why), ?1 * spells.n / 101, ?1 * spells.n / 101 + 2
           FROM sound s JOIN spells WHERE s.n % 500 = 1",
    ),
    ("outages by card", "CREATE INDEX outage_by_card ON outage (card_key, first, last)"),
    (
        "sweeps",
        "INSERT INTO sweep (sweep_id, instance_id, pid, started_at, finished_at, outcome, trouble, working, broken, unchecked,
                            unsupported)
         SELECT sweep_id, 1, 1, started_at, started_at + 44000 + n * 31 % 9000,
                iif(failed, 'failed', iif(n % 50 = 7, 'partial', 'completed')),
                iif(failed, 'Domo did not answer within 90 s', NULL),
                iif(failed, 0, cards - out), iif(failed, 0, out), iif(n % 50 = 7 AND NOT failed, 3, 0), 400
           FROM (SELECT *, (SELECT count(*) FROM outage WHERE place.n >= first AND place.n < last) AS out,
                        (SELECT count(*) FROM card_state WHERE state IN ('working', 'broken')) AS cards FROM place)",
    ),
    (
        "closed incidents",
        "INSERT INTO incident (incident_id, instance_id, reason_id, title, datasets, opened_at, closed_at)
         SELECT incident_id, 1, min(reason_id), 'Column amount_' || incident_id % 200 || ' is gone',
                '[]', at + min(first) * 900000 + 44000, at + min(last) * 900000 + 44000
           FROM outage, origin WHERE incident_id >= 1000000 GROUP BY incident_id",
    ),
    (
        "who was in them",
        "INSERT INTO incident_card (incident_id, card_key, joined_at, left_at)
         SELECT incident_id, card_key, at + first * 900000 + 44000, at + last * 900000 + 44000
           FROM outage, origin WHERE incident_id >= 1000000",
    ),
    (
        "open incidents are as old as what broke in them",
        "UPDATE incident SET opened_at = (SELECT at + min(first) * 900000 + 44000 FROM outage o, origin
                                           WHERE o.incident_id = incident.incident_id)
          WHERE closed_at IS NULL",
    ),
    (
        "who is in them",
        "UPDATE incident_card SET joined_at = (SELECT opened_at FROM incident i WHERE i.incident_id = incident_card.incident_id)
          WHERE left_at IS NULL",
    ),
    ("the transitions of the first sweep come anew", "DELETE FROM transition"),
    (
        "transitions",
        "INSERT INTO transition (card_key, sweep_id, at, to_state, first_seen, reason_id)
         SELECT card_key, first_id + place, at + place * 900000 + 44000, iif(reason_id IS NULL, 'working', 'broken'), 0,
                reason_id
           FROM (SELECT card_key, first AS place, reason_id FROM outage
                 UNION ALL SELECT card_key, last, NULL FROM outage WHERE last < ?1), origin
          ORDER BY place, card_key",
    ),
];

/// Cards are rendered in the order of their keys, some 220 a second, each about as fast as it always is and now and
/// then far slower.
const RESULTS: &str = "
    INSERT INTO render_result (sweep_id, card_key, round, verdict, reason_id, at_s, latency_ms)
    SELECT p.sweep_id, s.card_key, 0,
           CASE WHEN o.reason_id IS NOT NULL THEN 1 WHEN p.n % 50 = 7 AND s.card_key % 3000 = 1 THEN 2 ELSE 0 END,
           o.reason_id,
           s.card_key / 220,
           (200 + s.card_key * 7919 % 1800 + (s.card_key * 31 + p.n * 17) % 400) * iif(s.card_key * 7 + p.n * 13 % 997 = 0, 5, 1)
      FROM place p CROSS JOIN card_state s
      LEFT JOIN outage o ON o.card_key = s.card_key AND o.first <= p.n AND o.last > p.n
     WHERE p.n >= ?2 AND p.n < min(?1, ?2 + 100) AND NOT p.failed AND s.state IN ('working', 'broken')
     ON CONFLICT DO NOTHING";

/// What comes after the results.
const AFTER: [(&str, &str); 6] = [
    (
        "since when cards are what they are, with a strip of 31 sweeps",
        "UPDATE card_state
            SET since = (SELECT at + coalesce((SELECT max(iif(last < ?1, last, first)) FROM outage o
                                                WHERE o.card_key = card_state.card_key), 0) * 900000 + 44000 FROM origin),
                recent = CASE WHEN state = 'broken' THEN 0x2aaaaaaaaaaaaaaa
                              WHEN card_key % 40 = 0 THEN 0x1555555d55555555 ELSE 0x1555555555555555 END
          WHERE state IN ('working', 'broken')",
    ),
    (
        "letters: one for each sweep in which cards broke or recovered",
        "INSERT INTO outbox (instance_id, message_id, reference_ids, recipients, subject, body_text, body_html, created_at,
                             attempts, next_attempt_at, sent_at, sweep_id)
         SELECT 1, '<' || sweep_id || '.past@cardwatch>', '[]', '[\"bi-admins@example.com\"]',
                '[cardwatch] acme: ' || count(*) || ' cards broke', hex(zeroblob(1000)), hex(zeroblob(5000)), max(at), 1,
                max(at), max(at) + 1000, sweep_id
           FROM transition GROUP BY sweep_id",
    ),
    (
        "mutes that hold: one in thirteen broken cards",
        "INSERT INTO mute (card_key, reason, muted_by, muted_at, until)
         SELECT card_key, 'the vendor knows of it', 'dana', since, CASE WHEN card_key % 2 = 0 THEN since + 31536000000 END
           FROM card_state WHERE state = 'broken' AND card_key % 13 = 0",
    ),
    (
        "mutes of the past",
        "INSERT INTO mute (card_key, reason, muted_by, muted_at, until, ended_at, ended_how)
         SELECT card_key, 'a migration', 'jonas', at + first * 900000, NULL, at + last * 900000, 'recovered'
           FROM outage, origin WHERE incident_id >= 1000000 AND card_key % 10 = 0",
    ),
    (
        "the reasons are in use",
        "UPDATE reason SET last_used_at = (SELECT max(finished_at) FROM sweep)",
    ),
    ("somebody changed all of this", "UPDATE instance SET revision = revision + 1"),
];
