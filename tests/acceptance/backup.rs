//! `cardwatch backup`: whole while the daemon sweeps, and what is restored from it goes on where it was.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fake_domo::{Behaviour, FakeDomo, Spec};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::house::{Ended, House, NEVER, PATIENCE, read_to_end};
use crate::mailing::{SmtpSink, watched_house};

/// A house of 12 cards, swept by command, that mails into a sink.
async fn quiet_house() -> (House, SmtpSink) {
    let (mut house, sink) = watched_house().await;
    house.instance("schedule", &format!("\"{NEVER}\""));
    (house, sink)
}

/// A house whose database takes a while to copy.
async fn large_house() -> House {
    let house = House::beside(FakeDomo::new(Spec::new(3).pages(2).cards(6))).await;
    assert_eq!(house.run(&["sweep"]).code(), 0);
    house
        .write(
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1000000)
             INSERT INTO render_result (sweep_id, card_key, round, verdict, at_s, latency_ms)
             SELECT (SELECT min(sweep_id) FROM sweep), (SELECT min(card_key) FROM card), n, 0, 1, 100 FROM n",
        )
        .await;
    house
}

fn back_up(house: &House, file: &Path) -> Ended {
    house.run(&["backup", file.to_str().unwrap()])
}

/// As the documentation says: the copy takes the place of the database, whose `-wal` and `-shm` go.
fn restore(house: &House, copy: &Path) {
    let database = house.database();
    for suffix in ["", "-wal", "-shm"] {
        let mut path = database.clone().into_os_string();
        path.push(suffix);
        // The latter two are there as long as somebody has the database open.
        let _ = std::fs::remove_file(path);
    }
    std::fs::copy(copy, database).unwrap();
}

/// Answers one question of a database.
async fn ask<T>(file: &Path, question: &'static str) -> T
where
    T: for<'r> sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite> + Send + Unpin,
{
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).read_only(true);
    let mut connection = options.connect().await.unwrap();
    sqlx::query_scalar(question).fetch_one(&mut connection).await.unwrap()
}

/// The files in a house that a backup made or left.
fn copies(house: &House) -> Vec<String> {
    let entries = std::fs::read_dir(house.folder()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut copies: Vec<String> = names.filter(|name| name.starts_with("copy")).collect();
    copies.sort();
    copies
}

/// Begins a backup and waits until it is under way.
async fn begin(house: &House, file: &str) -> Child {
    let mut command = house.command(&["backup", file]);
    let mut backup = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let partial = house.folder().join(format!("{file}.partial"));
    let began = Instant::now();
    while !partial.exists() {
        assert!(backup.try_wait().unwrap().is_none() && began.elapsed() < PATIENCE, "it never begins");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    backup
}

fn signal(process: &Child, signal: &str) {
    assert!(Command::new("kill").args([signal, &process.id().to_string()]).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn backups_beside_a_daemon_that_sweeps_are_whole_and_in_nobodys_way() {
    let (house, _sink) = watched_house().await;
    let daemon = house.daemon().await;
    daemon.wait_for_whole_sweeps(1).await;
    for n in 0..5 {
        let copy = house.folder().join(format!("copy-{n}.db"));
        let before = house.ask::<i64>("SELECT count(*) FROM render_result").await;
        let ended = back_up(&house, &copy);
        assert_eq!((ended.code(), ended.stderr()), (0, String::new()));
        let results = ask::<i64>(&copy, "SELECT count(*) FROM render_result").await;
        assert!(results >= before, "{results} of {before}");
        let said = ended.stdout();
        assert!(said.starts_with(&format!("{}: ", copy.display())) && said.lines().count() == 1, "{said}");
        assert!(said.contains(&format!(" kB, {results} results, up to 20")) && said.ends_with(" UTC\n"), "{said}");
        assert_eq!(ask::<String>(&copy, "PRAGMA integrity_check").await, "ok");
        assert_eq!(ask::<i64>(&copy, "SELECT count(*) FROM pragma_foreign_key_check").await, 0);
        assert_eq!(ask::<String>(&copy, "PRAGMA journal_mode").await, "delete", "it is one file");
    }
    daemon.wait_for_whole_sweeps(1).await;
    let log = daemon.log();
    // On a busy machine a sweep takes longer than the second until the next one is due, whoever else is at work.
    let told = log.lines().filter(|line| !line.contains("sweep skipped: the one before still runs"));
    let troubles: Vec<&str> = told.filter(|line| line.contains("ERROR") || line.contains("WARN")).collect();
    assert_eq!(troubles, Vec::<&str>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_restored_is_what_it_was_and_mails_nothing_twice() {
    let (mut house, sink) = quiet_house().await;
    assert_eq!(house.run(&["sweep", "--alert"]).code(), 0);
    let cards = house.domo.kpi_cards();
    house.domo.set(cards[0], Behaviour::broken("No indexed schema found"));
    assert_eq!(house.run(&["sweep", "--alert"]).code(), 1);
    assert_eq!(sink.wait_for(1).await.len(), 1);
    assert_eq!(house.run(&["mute", &cards[0].to_string(), "--reason", "known"]).code(), 0);
    let told = || ["status", "export", "mutes"].map(|verb| house.run(&[verb]).stdout());
    let before = told();
    let copy = house.folder().join("copy.db");
    assert_eq!(back_up(&house, &copy).code(), 0);

    // What came later is lost with what is replaced.
    house.domo.set(cards[1], Behaviour::broken("No indexed schema found"));
    assert_eq!(house.run(&["sweep"]).code(), 1);
    assert_ne!(told(), before);
    restore(&house, &copy);
    assert_eq!(told(), before);

    house.domo.heal(cards[1]);
    house.instance("schedule", &format!("\"{}\"", crate::house::EACH_SECOND));
    let daemon = house.daemon().await;
    daemon.wait_for_whole_sweeps(2).await;
    assert_eq!(sink.count(), 1, "the mail on the first card was sent before");
    house.domo.set(cards[1], Behaviour::broken("No indexed schema found"));
    let mails = sink.wait_for(2).await;
    assert_eq!(mails[1].header("Subject"), Some("[cardwatch] acme: 1 card broke (2 broken now)"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_waited_when_the_backup_was_made_comes_again_under_the_same_id() {
    let (house, mut sink) = quiet_house().await;
    house.domo.set(house.domo.kpi_cards()[0], Behaviour::broken("No indexed schema found"));
    sink.close();
    let swept = house.run(&["sweep", "--alert"]);
    assert!(swept.errors().contains("the mail waits in the outbox"), "{}", swept.stderr());
    let copy = house.folder().join("copy.db");
    assert_eq!(back_up(&house, &copy).code(), 0);
    sink.open_again().await;
    for times in 1..=2 {
        let daemon = house.daemon().await;
        sink.wait_for(times).await;
        assert_eq!(daemon.stop("-TERM").0, Some(0));
        restore(&house, &copy);
    }
    let ids: Vec<_> = sink.mails().iter().map(|mail| mail.header("Message-ID").map(str::to_owned)).collect();
    assert!(ids[0].is_some() && ids[0] == ids[1], "{ids:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_killed_leaves_no_file_of_that_name_and_the_next_one_works() {
    let house = large_house().await;
    let mut backup = begin(&house, "copy.db").await;
    backup.kill().unwrap();
    assert_eq!(backup.wait().unwrap().code(), None, "it was done before it could be killed");
    let left = copies(&house);
    assert!(!left.contains(&"copy.db".to_owned()) && left.contains(&"copy.db.partial".to_owned()), "{left:?}");
    let ended = house.run(&["backup", "copy.db"]);
    assert_eq!((ended.code(), ended.stderr()), (0, String::new()));
    assert!(ended.stdout().starts_with("copy.db: ") && ended.stdout().contains(" MB, 1000006 results, up to "));
    assert_eq!(copies(&house), ["copy.db"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_stopped_leaves_nothing() {
    let house = large_house().await;
    for name in ["-TERM", "-INT"] {
        let mut backup = begin(&house, "copy.db").await;
        signal(&backup, name);
        let said = read_to_end(backup.stderr.take().unwrap());
        assert_eq!(backup.wait().unwrap().code(), Some(2));
        assert_eq!(said, "error: stopped before the backup was whole; there is no copy.db\n");
        assert_eq!(copies(&house), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_copied_is_one_clear_error() {
    let mut house = House::beside(FakeDomo::new(Spec::new(3).pages(2).cards(6))).await;
    let refusal = |house: &House, file: &str| {
        let ended = house.run(&["backup", file]);
        let said = ended.errors();
        assert_eq!((ended.code(), said.lines().count(), ended.stdout()), (2, 1, String::new()), "{}", ended.stderr());
        said
    };
    let missing = refusal(&house, "copy.db");
    assert!(missing.ends_with("or start 'cardwatch run' first"), "{missing}");
    assert!(!house.database().exists(), "looking makes no database");
    assert_eq!(house.run(&["sweep"]).code(), 0);
    assert!(refusal(&house, "-").contains("a backup cannot go to stdout; name a file"));
    assert!(refusal(&house, "nowhere/copy.db").ends_with("/nowhere is not there; create it, or name another file"));
    assert!(refusal(&house, "config.toml").ends_with("name another file, or move that one away"));

    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(house.database());
    let mut other = options.locking_mode(sqlx::sqlite::SqliteLockingMode::Exclusive).connect().await.unwrap();
    sqlx::query("UPDATE card SET title = title").execute(&mut other).await.unwrap();
    let locked = refusal(&house, "copy.db");
    assert!(locked.contains("another program has kept it locked for too long"), "{locked}");
    other.close().await.unwrap();

    house.write("INSERT INTO _sqlx_migrations VALUES (9999, 'later', CURRENT_TIMESTAMP, 1, x'00', 0)").await;
    assert!(refusal(&house, "copy.db").ends_with("run that one, or restore a backup from before it"));
    house.set("storage", "path = \"elsewhere/cardwatch.db\"");
    assert!(refusal(&house, "copy.db").contains("there is no database at "));
    assert_eq!(copies(&house), Vec::<String>::new());
}

/// Readers wait no longer than this while a database is copied; a test of speed it is not.
const A_MOMENT: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn sweeps_and_scrapes_go_on_while_a_large_database_is_copied() {
    let mut house = large_house().await;
    house.instance("schedule", &format!("\"{}\"", crate::house::EACH_SECOND));
    let daemon = house.daemon().await;
    daemon.wait_for_whole_sweeps(1).await;
    let mut backup = begin(&house, "copy.db").await;
    let mut scrapes = 0;
    while backup.try_wait().unwrap().is_none() {
        let asked = Instant::now();
        daemon.scrape().await;
        assert!(asked.elapsed() < A_MOMENT, "a scrape took {:?}", asked.elapsed());
        scrapes += 1;
    }
    assert!(backup.wait().unwrap().success() && scrapes > 0, "{scrapes}");
    daemon.wait_for_whole_sweeps(1).await;
    assert!(!daemon.log().contains("ERROR"), "{}", daemon.log());
    let copy: PathBuf = house.folder().join("copy.db");
    assert_eq!(ask::<String>(&copy, "PRAGMA quick_check").await, "ok");
}
