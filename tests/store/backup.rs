//! A backup is the whole database or nothing, of any schema up to this program's, and nobody else's file.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::pin::pin;

use cardwatch::store::{Backup, BackupError, Store, back_up};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use tokio_util::sync::CancellationToken;

use crate::house::{House, acme};
use crate::nouns::{at, fails, works};

/// A house in which two cards were swept.
async fn swept_house() -> (House, PathBuf) {
    let house = House::new().await;
    house.sweep(0, &[(1, works()), (2, fails("x"))]).await;
    let copy = house.path().with_file_name("copy.db");
    (house, copy)
}

/// A house whose database takes SQLite more than a moment to copy: one of its two cards has so many results.
async fn large_house() -> (House, PathBuf) {
    let (house, copy) = swept_house().await;
    house
        .execute(
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 200000)
             INSERT INTO render_result (sweep_id, card_key, round, verdict, at_s, latency_ms)
             SELECT (SELECT min(sweep_id) FROM sweep), (SELECT min(card_key) FROM card), n, 0, 1, 100 FROM n",
        )
        .await
        .unwrap();
    (house, copy)
}

/// A backup that nobody stops.
async fn copied(database: &Path, file: &Path) -> Result<Backup, BackupError> {
    back_up(database, file, &CancellationToken::new()).await
}

async fn refusal(database: &Path, file: &Path) -> String {
    copied(database, file).await.unwrap_err().to_string()
}

/// The names in the folder of a file that begin like it.
fn beside(file: &Path) -> Vec<String> {
    let entries = fs::read_dir(file.parent().unwrap()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.starts_with("copy")).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_backup_holds_what_the_database_holds_in_one_file_that_is_its_users_alone() {
    let (house, copy) = swept_house().await;
    let backup = copied(&house.path(), &copy).await.unwrap();
    let bytes = copy.metadata().unwrap().len();
    let until = house.store.last_finished(&acme()).await.unwrap();
    assert_eq!(backup, Backup { bytes, results: 2, until });
    assert!(until.unwrap() >= at(0));
    assert_eq!(copy.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(beside(&copy), ["copy.db"]);
    let restored = Store::open(&copy).await.unwrap();
    assert_eq!(restored.snapshot(&acme()).await.unwrap(), house.store.snapshot(&acme()).await.unwrap());
}

#[tokio::test]
async fn a_backup_of_a_database_without_a_sweep_says_so() {
    let house = House::new().await;
    let copy = house.path().with_file_name("copy.db");
    let backup = copied(&house.path(), &copy).await.unwrap();
    assert_eq!((backup.results, backup.until), (0, None));
}

#[tokio::test]
async fn a_backup_is_of_what_was_committed_when_it_began() {
    let (house, copy) = swept_house().await;
    let mut writer = house.stranger().await;
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut writer).await.unwrap();
    sqlx::query("DELETE FROM render_result").execute(&mut writer).await.unwrap();
    assert_eq!(copied(&house.path(), &copy).await.unwrap().results, 2, "who reads waits for nobody who writes");
    sqlx::query("COMMIT").execute(&mut writer).await.unwrap();
    let copy = copy.with_file_name("copy-2.db");
    assert_eq!(copied(&house.path(), &copy).await.unwrap().results, 0);
}

#[tokio::test]
async fn what_is_there_already_is_never_overwritten() {
    let (house, copy) = swept_house().await;
    fs::write(&copy, "precious").unwrap();
    let said = refusal(&house.path(), &copy).await;
    let remedy = "is there already, and a backup overwrites nothing; name another file, or move that one away";
    assert_eq!(said, format!("{} {remedy}", copy.display()));
    assert_eq!(fs::read_to_string(&copy).unwrap(), "precious");
    assert!(refusal(&house.path(), &house.path()).await.ends_with(remedy), "the database itself");
    assert!(refusal(&house.path(), copy.parent().unwrap()).await.ends_with(remedy), "a folder");
    let link = copy.with_file_name("copy-link.db");
    std::os::unix::fs::symlink("nowhere", &link).unwrap();
    assert!(refusal(&house.path(), &link).await.ends_with(remedy), "a link that leads nowhere");
    assert_eq!(beside(&copy), ["copy-link.db", "copy.db"]);
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_told() {
    let (house, copy) = swept_house().await;
    let said = refusal(&house.path(), &copy.with_file_name("nowhere").join("copy.db")).await;
    assert!(said.ends_with("/nowhere is not there; create it, or name another file"), "{said}");
}

#[tokio::test]
async fn what_a_killed_backup_left_behind_gives_way_to_the_next() {
    let (house, copy) = swept_house().await;
    let left = copy.with_file_name("copy.db.partial");
    fs::write(&left, "half of it").unwrap();
    fs::write(copy.with_file_name("copy.db.partial-journal"), "and how to give it up").unwrap();
    fs::set_permissions(&left, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(copied(&house.path(), &copy).await.unwrap().results, 2);
    assert_eq!(copy.metadata().unwrap().permissions().mode() & 0o777, 0o600, "it is made anew");
    assert_eq!(beside(&copy), ["copy.db"]);
}

#[tokio::test]
async fn two_backups_do_not_write_the_same_file() {
    let (house, copy) = swept_house().await;
    let other = fs::File::create(copy.with_file_name("copy.db.partial")).unwrap();
    other.lock().unwrap();
    let said = refusal(&house.path(), &copy).await;
    assert!(said.ends_with("is being made; wait for it, or name another file"), "{said}");
    assert_eq!(beside(&copy), ["copy.db.partial"], "it is the other's");
}

#[tokio::test]
async fn what_is_in_the_way_and_no_file_is_left_there() {
    let (house, copy) = swept_house().await;
    std::os::unix::fs::symlink("copy-elsewhere", copy.with_file_name("copy.db.partial")).unwrap();
    let said = refusal(&house.path(), &copy).await;
    assert!(said.ends_with("copy.db.partial is in the way; remove it"), "{said}");
    assert_eq!(beside(&copy), ["copy.db.partial"]);
}

#[tokio::test]
async fn a_database_of_an_earlier_schema_is_copied_as_it_is() {
    let (house, copy) = swept_house().await;
    let latest = "SELECT max(version) FROM _sqlx_migrations";
    house
        .execute("DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)")
        .await
        .unwrap();
    let before = house.number(latest).await;
    copied(&house.path(), &copy).await.unwrap();
    assert_eq!(house.number(latest).await, before, "the database was not brought up to date");
    let mut connection = SqliteConnectOptions::new().filename(&copy).read_only(true).connect().await.unwrap();
    assert_eq!(sqlx::query_scalar::<_, i64>(latest).fetch_one(&mut connection).await.unwrap(), before);
}

#[tokio::test]
async fn what_is_no_database_of_ours_is_told_and_leaves_nothing() {
    let (house, copy) = swept_house().await;
    let database = house.path();
    house.execute("INSERT INTO _sqlx_migrations VALUES (9999, 'later', CURRENT_TIMESTAMP, 1, x'00', 0)").await.unwrap();
    assert!(refusal(&database, &copy).await.contains("was written by a newer cardwatch; run that one"));

    let missing = database.with_file_name("missing.db");
    assert!(refusal(&missing, &copy).await.contains("there is no database at "));
    assert!(!missing.exists());
    fs::write(&missing, "").unwrap();
    assert!(refusal(&missing, &copy).await.contains("there is no database at "), "an empty file is none either");

    let foreign = database.with_file_name("foreign.db");
    let mut other = SqliteConnectOptions::new().filename(&foreign).create_if_missing(true).connect().await.unwrap();
    sqlx::query("CREATE TABLE t (x)").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    assert!(refusal(&foreign, &copy).await.ends_with("is the database of another program; name another file"));

    let text = database.with_file_name("text.db");
    fs::write(&text, "no database, and long enough to be looked at as one: ".repeat(20)).unwrap();
    assert!(refusal(&text, &copy).await.contains("the file is not a database"));
    assert_eq!(beside(&copy), Vec::<String>::new());
}

#[tokio::test]
async fn a_damaged_database_gives_no_backup() {
    let (house, copy) = swept_house().await;
    house.store.close().await;
    let mut bytes = fs::read(house.path()).unwrap();
    let page = 4096;
    // Every page but the first, which says what the file is, and the schema behind it.
    for chunk in bytes[page * 40..].chunks_mut(page) {
        chunk[..64].fill(0xff);
    }
    fs::write(house.path(), bytes).unwrap();
    let error = copied(&house.path(), &copy).await.unwrap_err();
    assert!(matches!(error, BackupError::Database(_) | BackupError::Unsound { .. }), "{error:?}");
    assert_eq!(beside(&copy), Vec::<String>::new());
}

#[tokio::test]
async fn a_large_database_is_copied_to_its_last_result() {
    let (house, copy) = large_house().await;
    assert_eq!(copied(&house.path(), &copy).await.unwrap().results, 200_002);
}

#[tokio::test]
async fn a_backup_that_is_stopped_as_it_begins_copies_no_further_and_leaves_nothing() {
    let (house, copy) = large_house().await;
    let stop = CancellationToken::new();
    let partial = copy.with_file_name("copy.db.partial");
    let database = house.path();
    let mut backup = pin!(back_up(&database, &copy, &stop));
    let mut largest = 0;
    let ended = loop {
        if let Ok(found) = partial.metadata() {
            stop.cancel();
            largest = largest.max(found.len());
        }
        tokio::select! {
            biased;
            ended = &mut backup => break ended,
            () = tokio::task::yield_now() => {}
        }
    };
    assert!(matches!(&ended, Err(BackupError::Stopped(file)) if *file == copy), "{ended:?}");
    let whole = house.number("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").await;
    assert!(i64::try_from(largest).unwrap() < whole / 4, "{largest} of {whole} bytes were copied");
    assert_eq!(beside(&copy), Vec::<String>::new());
}

#[tokio::test]
async fn a_backup_that_is_stopped_before_it_begins_touches_nothing() {
    let (house, copy) = swept_house().await;
    let stop = CancellationToken::new();
    stop.cancel();
    let ended = back_up(&house.path(), &copy, &stop).await;
    assert!(matches!(&ended, Err(BackupError::Stopped(_))), "{ended:?}");
    assert_eq!(beside(&copy), Vec::<String>::new());
}
