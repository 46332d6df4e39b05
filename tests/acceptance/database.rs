//! The database between processes, and what can be wrong with it: whoever may work beside another does, and
//! everything else is one clear error.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fake_domo::{Behaviour, FakeDomo, Spec};
use sqlx::{ConnectOptions as _, SqliteConnection};

use crate::house::{Ended, House, NEVER, PATIENCE, read_to_end};
use crate::mailing::watched_house;
use crate::port::free_port;

const COMPLETED: &str = "cardwatch_sweeps_total{domo_instance=\"acme\",outcome=\"completed\"}";
/// 0 until what was missed has been ordered.
const NEXT: &str = "cardwatch_sweep_next_timestamp_seconds{domo_instance=\"acme\"}";

async fn small_house() -> House {
    House::beside(FakeDomo::new(Spec::new(3).pages(2).cards(6))).await
}

/// The database as another program sees it.
async fn stranger(house: &House) -> SqliteConnection {
    sqlx::sqlite::SqliteConnectOptions::new().filename(house.database()).connect().await.unwrap()
}

async fn execute(connection: &mut SqliteConnection, statement: &'static str) {
    sqlx::query(statement).execute(connection).await.unwrap();
}

/// Every command that opens the database.
const COMMANDS: [&[&str]; 6] =
    [&["run"], &["sweep"], &["status"], &["export"], &["history", "101"], &["backup", "copy.db"]];

fn assert_one_error(ended: &Ended, says: &str) {
    let said = ended.errors();
    assert_eq!((ended.code(), said.lines().count()), (2, 1), "{said}");
    assert!(said.starts_with("error: storage.path: ") && said.ends_with(says), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_database_is_one_clear_error_of_each_command() {
    let house = small_house().await;
    std::fs::write(house.database(), "this is no database, and long enough to be looked at as one: ".repeat(20))
        .unwrap();
    for arguments in COMMANDS {
        let remedy = "the file is not a database; name another one, or move this one out of the way";
        assert_one_error(&house.run(arguments), remedy);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_from_a_newer_cardwatch_is_one_clear_error_of_each_command() {
    let house = small_house().await;
    house.run(&["sweep"]);
    execute(
        &mut stranger(&house).await,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'from the future', 1, x'00', 0)",
    )
    .await;
    for arguments in COMMANDS {
        let remedy = "was written by a newer cardwatch; run that one, or restore a backup from before it";
        assert_one_error(&house.run(arguments), remedy);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_folder_is_one_clear_error_of_each_command() {
    let mut house = small_house().await;
    let missing = house.folder().join("nowhere");
    house.keep_database_in(&missing);
    for arguments in [&["run"][..], &["sweep"]] {
        assert_one_error(&house.run(arguments), "nowhere is not there; create it, or name another file");
    }
    for arguments in [&["status"][..], &["export"], &["history", "101"]] {
        let remedy = "set storage.path to where the daemon keeps it, or start 'cardwatch run' first";
        assert_one_error(&house.run(arguments), remedy);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_daemon_is_refused_with_the_process_id_of_the_first() {
    let mut house = small_house().await;
    let port = free_port();
    house.set("http", "");
    let on = |port: u16| {
        let mut command = house.command(&["run"]);
        command.env("CARDWATCH_HTTP__LISTEN", format!("127.0.0.1:{port}"));
        command
    };
    let first = house.daemon_from(on(port)).await;
    for port in [port, free_port()] {
        let remedy = format!("already, as process {}; stop that one, or name another file", first.pid());
        let second = Ended::of(on(port));
        assert_one_error(&second, &remedy);
    }
    first.kill();
    let again = house.daemon_from(on(port)).await;
    assert_eq!(again.get("/readyz").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_work_beside_a_daemon_that_sweeps() {
    let (mut house, _sink) = watched_house().await;
    house.instance("request_timeout", "\"20s\"");
    let cards = house.domo.kpi_cards();
    house.domo.set(cards[0], Behaviour::Slow { millis: 300 });
    house.domo.set(cards[1], Behaviour::broken("No indexed schema found"));
    let daemon = house.daemon().await;
    daemon.wait_for_whole_sweeps(1).await;
    let card = cards[1].to_string();
    for _ in 0..5 {
        assert_eq!(house.run(&["sweep"]).code(), 1);
        assert_eq!(house.run(&["status"]).code(), 1);
        assert_eq!(house.run(&["history", &card]).code(), 0);
        assert_eq!(house.run(&["export"]).code(), 0);
    }
    daemon.wait_for_whole_sweeps(1).await;
    assert!(!daemon.log().contains("ERROR"), "{}", daemon.log());
    assert_eq!(house.ask::<i64>("SELECT count(*) FROM transition").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_may_make_the_database_at_the_same_moment() {
    for _ in 0..5 {
        let house = small_house().await;
        let mut sweeps: Vec<_> = (0..4).map(|_| house.command(&["sweep"])).collect();
        let start = |sweep: &mut Command| sweep.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let sweeping: Vec<Child> = sweeps.iter_mut().map(start).collect();
        for mut sweep in sweeping {
            let said = read_to_end(sweep.stderr.take().unwrap());
            assert_eq!((sweep.wait().unwrap().code(), said.as_str()), (Some(0), ""));
        }
        assert_eq!(house.ask::<i64>("SELECT count(*) FROM sweep WHERE outcome = 'completed'").await, 4);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_another_program_keeps_locked_is_one_clear_error_and_the_daemon_recovers() {
    const LOCKED: &str = "another program has kept it locked for too long";
    let (house, sink) = watched_house().await;
    let mut daemon = house.daemon().await;
    daemon.wait_for_whole_sweeps(1).await;
    let mut other = stranger(&house).await;
    execute(&mut other, "BEGIN EXCLUSIVE").await;
    house.domo.set(house.domo.kpi_cards()[0], Behaviour::broken("No indexed schema found"));
    // Longer than anybody waits for a lock.
    daemon.wait_for_log(LOCKED).await;
    let sweep = house.run(&["sweep"]);
    assert_eq!((sweep.code(), sweep.stderr().matches(LOCKED).count()), (2, 1), "{}", sweep.stderr());
    assert_eq!(house.run(&["status"]).code(), 0, "who only reads waits for nobody");
    assert_eq!(daemon.get("/readyz").await.0, 200);

    execute(&mut other, "ROLLBACK").await;
    let mails = sink.wait_for(1).await;
    assert_eq!(mails[0].header("Subject"), Some("[cardwatch] acme: 1 card broke (1 broken now)"));
    let log = daemon.log();
    assert!(log.lines().filter(|line| line.contains("ERROR")).all(|line| line.matches(LOCKED).count() == 1), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_changed_is_shown_once_it_can_be_read() {
    const MUTED: &str = "cardwatch_muted_cards{domo_instance=\"acme\"}";
    let house = small_house().await;
    house.domo.set(house.domo.kpi_cards()[0], Behaviour::broken("No indexed schema found"));
    assert_eq!(house.run(&["sweep"]).code(), 1);
    let mut daemon = house.daemon().await;
    assert_eq!(daemon.series(MUTED).await, Some(0.0));
    house
        .write(
            "BEGIN;
             INSERT INTO mute (card_key, reason, muted_by, muted_at)
             SELECT card_key, 'known', 'sam', unixepoch() * 1000 FROM card_state WHERE state = 'broken';
             UPDATE instance SET revision = revision + 1;
             ALTER TABLE reason RENAME TO set_aside;
             COMMIT",
        )
        .await;
    daemon.wait_for_log("the database cannot be read, which is tried again: ").await;
    assert_eq!(daemon.series(MUTED).await, Some(0.0));
    house.write("ALTER TABLE set_aside RENAME TO reason").await;
    daemon.wait_for(MUTED, 1.0).await;
    daemon.wait_for_log("the database can be read again").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_that_was_due_while_the_daemon_was_down_runs_once_at_start() {
    let mut house = small_house().await;
    house.instance("schedule", &format!("\"{NEVER}\""));
    house.run(&["sweep"]);
    let daemon = house.daemon().await;
    daemon.wait_for(NEXT, 1.0).await;
    // One of the daemon's would have begun before this one, which is as long.
    house.run(&["sweep"]);
    assert_eq!(daemon.series(COMPLETED).await, Some(0.0), "none was due");
    daemon.kill();

    // The latest is of five years ago, and since then a 29th of February has been missed.
    execute(
        &mut stranger(&house).await,
        "UPDATE sweep SET started_at = started_at - 157766400000, finished_at = finished_at - 157766400000",
    )
    .await;
    let daemon = house.daemon().await;
    daemon.wait_for(COMPLETED, 1.0).await;
    daemon.wait_for(NEXT, 1.0).await;
    house.run(&["sweep"]);
    assert_eq!(daemon.series(COMPLETED).await, Some(1.0), "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_database_holds_up_no_stop() {
    let (house, _sink) = watched_house().await;
    let daemon = house.daemon().await;
    daemon.wait_for_whole_sweeps(1).await;
    let mut other = stranger(&house).await;
    execute(&mut other, "BEGIN EXCLUSIVE").await;
    // When the one that is due next has been ordered, it waits for the lock.
    let due = daemon.series(NEXT).await.unwrap();
    daemon.wait_for(NEXT, due + 1.0).await;
    let (code, took) = daemon.stop("-TERM");
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(10), "it took {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_database_holds_up_no_stop_at_the_start_either() {
    let house = small_house().await;
    house.run(&["sweep"]);
    let mut other = stranger(&house).await;
    execute(&mut other, "BEGIN EXCLUSIVE").await;
    let mut starting = house.command(&["run"]).stderr(Stdio::piped()).spawn().unwrap();
    let began = Instant::now();
    while !has_open(&starting, &house.database()) {
        assert!(began.elapsed() < PATIENCE, "it never opens the database");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let began = Instant::now();
    assert!(Command::new("kill").args(["-TERM", &starting.id().to_string()]).status().unwrap().success());
    assert_eq!(starting.wait().unwrap().code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(5), "it took {:?}", began.elapsed());
}

fn has_open(process: &Child, file: &Path) -> bool {
    let open = std::fs::read_dir(format!("/proc/{}/fd", process.id())).unwrap();
    open.flatten().any(|one| std::fs::read_link(one.path()).is_ok_and(|target| target == file))
}
