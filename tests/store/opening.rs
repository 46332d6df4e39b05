//! Opening the database, and what can be wrong with it, in words.

use std::path::Path;

use cardwatch::domain::card::Told;
use cardwatch::domain::closing::Memory;
use cardwatch::domain::ids::{CardId, IncidentId};
use cardwatch::domain::incident::Known;
use cardwatch::domain::owners::Owner;
use cardwatch::domain::rendering::Rendering;
use cardwatch::domain::snapshot::InstanceSnapshot;
use cardwatch::domain::strip::Strip;
use cardwatch::store::{OpenError, Store, Trouble};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use tempfile::TempDir;

use crate::house::{House, acme};
use crate::nouns::{at, fails, works};

async fn refusal(path: &Path) -> OpenError {
    Store::open(path).await.unwrap_err()
}

#[tokio::test]
async fn a_database_that_is_opened_again_holds_what_it_held() {
    let house = House::new().await;
    house.sweep(0, &[(1, works()), (2, fails("x"))]).await;
    let before = house.store.snapshot(&acme()).await.unwrap();
    house.store.close().await;
    let again = Store::open_existing(&house.path()).await.unwrap();
    assert_eq!(again.snapshot(&acme()).await.unwrap(), before);
    assert!(before.cards[&CardId(2)].state.is_broken());
}

#[tokio::test]
async fn a_database_of_the_first_version_is_brought_up_to_date_with_what_it_holds() {
    let mut house = House::new().await;
    house.sweep(0, &[(1, works()), (2, fails("x"))]).await;
    let memory = house.memory().await;
    let before = house.store.snapshot(&acme()).await.unwrap();
    house.store.close().await;
    to_first_version(&house).await;
    house.store = Store::open(&house.path()).await.unwrap();
    assert_eq!(house.number("SELECT count(*) FROM _sqlx_migrations").await, 8);
    assert_eq!(house.texts("SELECT \"table\" FROM pragma_foreign_key_check").await, []);
    assert_eq!(house.texts("SELECT title FROM broken_now").await.len(), 0, "it is too long ago");
    assert_eq!(house.store.snapshot(&acme()).await.unwrap(), as_the_first_version_holds(before));
    assert!(matches!(memory.cards.get(&CardId(2)).unwrap().told, Told::Broken { .. }));
    assert_eq!(house.memory().await, remembered_by_the_first_version(memory));
}

fn as_the_first_version_holds(mut snapshot: InstanceSnapshot) -> InstanceSnapshot {
    snapshot.incidents.clear();
    for card in snapshot.cards.values_mut() {
        (card.incident, card.rendering, card.recent) = (None, Rendering::default(), Strip::default());
        card.owners = card.owners.iter().map(|owner| Owner { user: None, ..owner.clone() }).collect();
    }
    snapshot
}

fn remembered_by_the_first_version(mut memory: Memory) -> Memory {
    memory.incidents = Known::default();
    let cards = memory.cards.iter().map(|(id, mut card)| {
        (card.incident, card.rendering, card.recent) = (None, Rendering::default(), Strip::default());
        (id, card)
    });
    memory.cards = cards.collect();
    memory
}

#[tokio::test]
async fn what_is_broken_after_an_update_is_in_an_incident_after_the_next_sweep() {
    let mut house = House::new().await;
    house.sweep(0, &[(1, works()), (2, fails("x"))]).await;
    house.store.close().await;
    to_first_version(&house).await;
    house.store = Store::open(&house.path()).await.unwrap();
    let closing = house.sweep(15, &[(1, works()), (2, fails("x"))]).await;
    assert!(closing.report.is_none());
    let snapshot = house.store.snapshot(&acme()).await.unwrap();
    assert_eq!(snapshot.cards[&CardId(2)].incident, Some(IncidentId(1)));
    assert_eq!(snapshot.incidents[&IncidentId(1)].opened_at, at(0));
}

#[tokio::test]
async fn datasets_and_what_they_feed_outlast_an_update_that_makes_their_tables_anew() {
    let mut house = House::new().await;
    house.sweep(0, &[(1, works())]).await;
    house
        .execute(
            "INSERT INTO dataset (dataset_key, instance_id, dataset_id, name, looked_at, gone, columns)
             VALUES (5, 1, 'orders', 'Orders', 1, 0, '[\"region\"]'), (6, 1, 'plan', 'Plan', NULL, NULL, NULL)",
        )
        .await
        .unwrap();
    house.execute("INSERT INTO card_dataset (card_key, dataset_key) VALUES (1, 5), (1, 6)").await.unwrap();
    let before = house.store.snapshot(&acme()).await.unwrap();
    assert_eq!(before.cards[&CardId(1)].datasets.len(), 2);
    house.store.close().await;
    to_version(&house, &MIGRATIONS[..6]).await;
    house.store = Store::open(&house.path()).await.unwrap();
    assert_eq!(house.store.snapshot(&acme()).await.unwrap(), before);
    assert_eq!(house.texts("SELECT columns FROM dataset ORDER BY 1").await, [None, Some("[\"region\"]".to_owned())]);
    assert_eq!(house.texts("SELECT \"table\" FROM pragma_foreign_key_check").await, []);
    let dangling = house.execute("INSERT INTO card_dataset (card_key, dataset_key) VALUES (1, 7)").await;
    assert!(dangling.is_err(), "the one still refers to the other");
}

const MIGRATIONS: [&str; 6] = [
    include_str!("../../migrations/0001_main_job.sql"),
    include_str!("../../migrations/0002_indexes.sql"),
    include_str!("../../migrations/0003_sight.sql"),
    include_str!("../../migrations/0004_refused_letters.sql"),
    include_str!("../../migrations/0005_causes.sql"),
    include_str!("../../migrations/0006_board.sql"),
];

async fn to_first_version(house: &House) {
    to_version(house, &MIGRATIONS[..1]).await;
}

/// Puts what the database holds into one that knows these migrations alone.
async fn to_version(house: &House, migrations: &[&str]) {
    let newest = house.path().with_extension("newest");
    std::fs::rename(house.path(), &newest).unwrap();
    std::fs::File::create(house.path()).unwrap();
    let mut first = house.stranger().await;
    let mut run = async |sql: &str| sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut first).await.map(|_| ()).unwrap();
    run("PRAGMA foreign_keys = OFF").await;
    for migration in migrations {
        run(migration).await;
    }
    let latest = migrations.len();
    run(&format!("ATTACH '{}' AS newest", newest.display())).await;
    run(&format!("CREATE TABLE _sqlx_migrations AS SELECT * FROM newest._sqlx_migrations WHERE version <= {latest}"))
        .await;
    for table in
        house.texts("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite%'").await
    {
        let table = table.unwrap();
        let columns = house.texts(&format!("SELECT name FROM pragma_table_info('{table}')")).await;
        let columns = columns.into_iter().flatten().collect::<Vec<_>>().join(", ");
        run(&format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM newest.{table}")).await;
    }
    first.close().await.unwrap();
}

#[tokio::test]
async fn sqlite_is_compiled_as_the_configuration_of_cargo_says() {
    let options = House::new().await.texts("SELECT compile_options FROM pragma_compile_options").await;
    let has = |option: &str| options.iter().flatten().any(|one| one == option);
    assert!(has("DEFAULT_MEMSTATUS=0") && has("ENABLE_QPSG") && !has("ENABLE_MEMORY_MANAGEMENT"), "{options:?}");
}

#[tokio::test]
async fn a_missing_folder_is_named() {
    let folder = TempDir::new().unwrap();
    let missing = folder.path().join("nowhere");
    let error = refusal(&missing.join("cardwatch.db")).await;
    assert!(matches!(&error, OpenError::NoFolder(named) if *named == missing));
    assert!(error.to_string().ends_with("is not there; create it, or name another file"));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("notes.txt");
    let notes = "not a database, but something that somebody wrote and wants to keep\n".repeat(200);
    std::fs::write(&path, &notes).unwrap();
    let error = refusal(&path).await.to_string();
    assert!(
        error.ends_with("the file is not a database; name another one, or move this one out of the way"),
        "{error}"
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), notes);
}

#[tokio::test]
async fn the_database_of_another_program_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("other.db");
    std::fs::File::create(&path).unwrap();
    let other = format!("sqlite://{}", path.display());
    let mut connection = <sqlx::SqliteConnection as sqlx::Connection>::connect(&other).await.unwrap();
    sqlx::query("CREATE TABLE card (title TEXT)").execute(&mut connection).await.unwrap();
    let error = refusal(&path).await;
    assert!(matches!(&error, OpenError::Foreign(_)));
    assert!(error.to_string().ends_with("is the database of another program; name another file"));
}

#[tokio::test]
async fn the_database_of_another_program_is_left_as_it_was() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("other.db");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut other = options.journal_mode(SqliteJournalMode::Delete).connect().await.unwrap();
    sqlx::query("CREATE TABLE card (title TEXT)").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    let before = std::fs::read(&path).unwrap();
    assert!(matches!(refusal(&path).await, OpenError::Foreign(_)));
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is made beside it");
}

#[tokio::test]
async fn a_file_that_cannot_even_be_looked_at_is_not_told_as_missing() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("cardwatch.db");
    std::os::unix::fs::symlink("cardwatch.db", &path).unwrap();
    let error = Store::open_existing(&path).await.unwrap_err();
    assert!(matches!(&error, OpenError::Unusable { .. }), "{error}");
}

#[test]
fn a_remedy_that_names_a_file_names_the_one_that_is_meant() {
    let told = |trouble| OpenError::Unusable { path: "/srv/cards.db".into(), trouble }.to_string();
    assert!(told(Trouble::Locked).ends_with("('fuser /srv/cards.db' names it)"));
    assert!(told(Trouble::Damaged).ends_with("try 'sqlite3 /srv/cards.db .recover'"));
}

#[tokio::test]
async fn a_folder_is_no_database() {
    let folder = TempDir::new().unwrap();
    assert!(matches!(refusal(folder.path()).await, OpenError::Unusable { .. }));
}

/// No user may write to `/proc`, the one that runs the tests in a container included.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_place_where_nobody_may_write_is_refused() {
    let error = refusal(Path::new("/proc/cardwatch.db")).await.to_string();
    assert!(error.contains("cannot use /proc/cardwatch.db as the database: it cannot be opened; "), "{error}");
    assert!(error.contains("may write it and its folder"), "{error}");
}

#[tokio::test]
async fn a_database_of_a_newer_cardwatch_is_refused() {
    let house = House::new().await;
    house.store.close().await;
    house
        .execute(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (9999, 'from the future', 1, x'00', 0)",
        )
        .await
        .unwrap();
    let error = refusal(&house.path()).await;
    assert!(matches!(&error, OpenError::Newer(_)));
    assert!(
        error
            .to_string()
            .ends_with("was written by a newer cardwatch; run that one, or restore a backup from before it")
    );
}

#[tokio::test]
async fn a_command_that_only_reads_makes_no_database() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("cardwatch.db");
    assert!(matches!(Store::open_existing(&path).await, Err(OpenError::Missing(_))));
    assert!(!path.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_update_a_database_may_be_opened_by_several_at_once() {
    for _ in 0..5 {
        let house = House::new().await;
        house.store.close().await;
        to_first_version(&house).await;
        let opening = (0..4).map(|_| {
            let path = house.path();
            tokio::spawn(async move { Store::open(&path).await })
        });
        for opened in futures::future::join_all(opening).await {
            opened.unwrap().unwrap().ping().await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_database_may_be_made_by_several_at_once() {
    for _ in 0..40 {
        let folder = TempDir::new().unwrap();
        let opening = (0..6).map(|_| {
            let path = folder.path().join("cardwatch.db");
            tokio::spawn(async move { Store::open(&path).await })
        });
        for opened in futures::future::join_all(opening).await {
            opened.unwrap().unwrap().ping().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_database_answers_until_it_is_closed() {
    let house = House::new().await;
    house.store.ping().await.unwrap();
    assert!(house.store.size().await.unwrap() > 0);
    house.store.close().await;
    assert!(house.store.ping().await.is_err());
}

#[tokio::test]
async fn what_is_written_is_on_the_disk_and_readers_do_not_wait() {
    let house = House::new().await;
    assert_eq!(house.texts("PRAGMA journal_mode").await, [Some("wal".to_owned())]);
    assert_eq!(house.number("PRAGMA auto_vacuum").await, 2);
    let mut writer = house.stranger().await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut writer).await.unwrap();
    house.store.snapshot(&acme()).await.unwrap();
}

#[tokio::test]
async fn an_instance_whose_address_changes_stays_the_same_instance() {
    let house = House::new().await;
    let moved = "https://acme.example.com/".parse().unwrap();
    house.store.know_instance(&acme(), &moved, std::time::Duration::from_mins(1)).await.unwrap();
    let row = house.texts("SELECT concat_ws(' ', instance_id, url, stale_after_ms) FROM instance").await;
    assert_eq!(row, [Some("1 https://acme.example.com 60000".to_owned())]);
}
