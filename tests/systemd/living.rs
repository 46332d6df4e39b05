//! The service from its start to its end: when it is ready, what becomes of one that hangs or dies, and what it
//! says meanwhile.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::machine::wait_for;
use crate::service::{HASTY, Service};

/// Holds a database as SQLite does that has it to itself, in a unit of its own, until that is stopped.
const HOLD: &str = r#"systemd-run --quiet --unit=holder perl -MFcntl -e '
    open my $database, "+<", "/var/lib/cardwatch/cardwatch.db" or die;
    my $lock = pack "s s x4 q q l x4", F_WRLCK, 0, 0x40000000, 512, 0;
    fcntl $database, F_SETLK, $lock or die;
    open my $held, ">", "/run/held";
    sleep 60'"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_start_returns_once_the_database_and_http_answer() {
    let service = Service::installed().await;
    service.configure(HASTY);
    let machine = &service.machine;
    machine.must(
        "install -d -o cardwatch -m 700 /var/lib/cardwatch && \
         install -o cardwatch -m 600 /dev/null /var/lib/cardwatch/cardwatch.db",
    );
    machine.must(HOLD);
    wait_for("lock on the database", || (machine.run("test -e /run/held").code == Some(0)).then_some(()));
    machine.must("systemctl start --no-block cardwatch");
    service.wait_for_journal("starting");
    assert_eq!(service.property("ActiveState"), "activating");
    machine.must("systemctl stop holder && systemctl start cardwatch");
    assert_eq!(service.get("/readyz").await, (200, "ready\n".to_owned()));
    assert!(service.get("/metrics").await.1.contains("cardwatch_build_info"));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_not_ready_while_the_database_cannot_be_opened() {
    let service = Service::installed().await;
    service.configure(HASTY);
    service.machine.must("install -d -o cardwatch -g cardwatch -m 700 /var/lib/cardwatch/cardwatch.db");
    let began = service.machine.run("systemctl start cardwatch");
    assert_eq!(began.code, Some(1), "{began:?}");
    service.wait_for_journal("/var/lib/cardwatch/cardwatch.db");
    service.machine.must("rmdir /var/lib/cardwatch/cardwatch.db");
    service.wait_for_another("0");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_not_ready_while_it_cannot_listen() {
    let service = Service::installed().await;
    service.configure(HASTY);
    let taken = service.takes_the_port();
    assert_eq!(service.machine.run("systemctl start cardwatch").code, Some(1));
    service.wait_for_journal("cannot listen on");
    drop(taken);
    service.wait_for_another("0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hung_daemon_is_restarted_by_the_watchdog() {
    let service = Service::running_with(&format!("WatchdogSec=5\n{HASTY}")).await;
    let pid = service.property("MainPID");
    service.machine.must(&format!("kill -STOP {pid}"));
    service.wait_for_another(&pid);
    service.wait_for_journal("Watchdog timeout");
    assert_eq!(service.get("/readyz").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_is_well_feeds_the_watchdog_and_is_left_alone() {
    let service = Service::running_with("WatchdogSec=6\n").await;
    let mut fed = BTreeSet::new();
    wait_for("fifth time that it was fed", || {
        fed.insert(service.property("WatchdogTimestampMonotonic"));
        (fed.len() == 5).then_some(())
    });
    assert_eq!(service.property("NRestarts"), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crashed_daemon_is_restarted() {
    let service = Service::running_with(HASTY).await;
    let first = service.property("MainPID");
    service.machine.must(&format!("kill -KILL {first}"));
    let second = service.wait_for_another(&first);
    // The first that comes from outside is taken by the handler that tells an overflow of the stack, and spends it.
    wait_for("crash", || {
        service.machine.run(&format!("kill -SEGV {second}"));
        (service.property("MainPID") != second).then_some(())
    });
    service.wait_for_another(&second);
    service.wait_for_journal("code=killed, status=11/SEGV");
    assert_eq!(service.property("NRestarts"), "2");
    assert_eq!(service.get("/readyz").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_in_the_middle_of_a_sweep_is_clean() {
    let service = Service::running().await;
    service.domo.set_latency(Duration::from_mins(1), Duration::ZERO);
    wait_for("render in flight", || (service.domo.renders_in_flight() > 0).then_some(()));
    let began = Instant::now();
    service.machine.must("systemctl stop cardwatch");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!(service.property("Result"), "success");
    assert_eq!(service.property("ExecMainStatus"), "0");
    assert_eq!(service.machine.run("systemctl is-active cardwatch").stdout, "inactive");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_brings_what_the_configuration_says_now() {
    let service = Service::running().await;
    let pid = service.property("MainPID");
    let configuration = service.configuration();
    let (_, instance) = configuration.split_once("[instances.acme]").unwrap();
    service.rewrite(&format!("{configuration}\n[instances.globex]{instance}"));
    service.machine.must("systemctl reload cardwatch");
    service.wait_for_journal("the configuration was read again");
    assert!(service.get("/metrics").await.1.contains("domo_instance=\"globex\""));
    assert_eq!(service.property("MainPID"), pid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_of_a_bad_configuration_is_refused_and_the_old_one_goes_on() {
    let service = Service::running().await;
    let pid = service.property("MainPID");
    service.rewrite(&service.configuration().replace("pages", "pagse"));
    service.machine.must("systemctl reload cardwatch");
    service.wait_for_journal("the configuration was refused, and the old one goes on: ");
    assert!(service.journal().contains("pagse"), "{}", service.journal());
    assert!(service.get("/metrics").await.1.contains("cardwatch_config_last_reload_successful 0"));
    assert_eq!(service.property("ActiveState"), "active");
    assert_eq!(service.property("MainPID"), pid);
    assert_eq!(service.get("/readyz").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_has_a_sweep_with_its_fields() {
    let service = Service::running().await;
    service.wait_for_a_sweep().await;
    let lines = service.machine.must("journalctl --unit=cardwatch --no-pager --output=json");
    let entry = lines
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .find(|entry| entry["MESSAGE"].as_str().is_some_and(|message| message.contains("sweep completed")))
        .expect("a line of a sweep");
    assert_eq!(entry["PRIORITY"], "5", "{entry}");
    assert_eq!(entry["SYSLOG_IDENTIFIER"], "cardwatch", "{entry}");
    assert_eq!(entry["F_CARDS"], "12", "{entry}");
    assert_eq!(entry["F_OUTCOME"], "completed", "{entry}");
    assert_eq!(entry["F_DOMO_INSTANCE"], "acme", "{entry}");
    assert_eq!(entry["F_SWEEP"], "1", "{entry}");
}
