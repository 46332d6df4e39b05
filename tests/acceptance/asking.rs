//! The commands that answer out of the database, and those that help an operator.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use fake_domo::{Behaviour, FakeDomo};
use serde_json::json;

use crate::house::{House, peak_memory_kib, read_to_end};
use crate::mailing::SmtpSink;

async fn small_house() -> House {
    House::beside(
        FakeDomo::empty()
            .page(10, "Sales overview")
            .page(20, "Board pack")
            .card(101, "Revenue by region", &[10, 20])
            .card(102, "Top regions", &[10]),
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn status_tells_what_is_broken_since_when_and_why() {
    let house = small_house().await;
    assert_eq!(house.run(&["sweep"]).code(), 0);
    assert_eq!(house.run(&["status"]).code(), 0);
    house.domo.set(101, Behaviour::broken("No indexed schema found"));
    house.run(&["sweep"]);
    let status = house.run(&["status", "--format", "json"]);
    assert_eq!(status.code(), 1);
    let status = status.json();
    let instance = &status["instances"][0];
    assert_eq!((&instance["working"], &instance["broken"]), (&json!(1), &json!(1)));
    let card = &instance["broken_cards"][0];
    assert_eq!(card["card_id"], 101);
    assert_eq!(card["pages"], json!(["Sales overview", "Board pack"]));
    assert_eq!(card["reason"], "No indexed schema found");
    assert_eq!(card["url"], format!("{}/kpis/details/101", house.domo.url()));
    let table = house.run(&["status"]).stdout();
    assert!(table.contains("acme: 1 of 2 cards broken") && table.contains("Revenue by region"), "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_only_reads_the_database_needs_no_secrets() {
    let mut house = small_house().await;
    house.run(&["sweep"]);
    house.instance("access_token", "{ credential = \"acme-token\" }");
    for arguments in [&["status"][..], &["history", "101"], &["export"], &["backup", "copy.db"]] {
        assert_eq!(house.run(arguments).code(), 0, "{arguments:?}");
    }
    assert_eq!(house.run(&["sweep"]).code(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn status_before_the_first_sweep_says_that_there_is_no_database() {
    let house = small_house().await;
    let status = house.run(&["status"]);
    assert_eq!(status.code(), 2);
    assert!(status.stderr().contains("there is no database at"), "{}", status.stderr());
}

#[tokio::test(flavor = "multi_thread")]
async fn history_tells_a_cards_transitions_and_results() {
    let house = small_house().await;
    house.run(&["sweep"]);
    house.domo.set(101, Behaviour::broken("No indexed schema found"));
    house.run(&["sweep"]);
    house.domo.heal(101);
    house.run(&["sweep"]);
    let history = house.run(&["history", "101", "--format", "json"]);
    assert_eq!(history.code(), 0, "{}", history.stderr());
    let history = history.json();
    let changes: Vec<_> =
        history["transitions"].as_array().unwrap().iter().map(|change| change["to"].clone()).collect();
    assert_eq!(changes, ["working", "broken"], "the latest first");
    let verdicts: Vec<_> =
        history["results"].as_array().unwrap().iter().map(|result| result["verdict"].clone()).collect();
    assert_eq!(verdicts, ["working", "broken", "broken", "working"], "the confirmation is a result too");
    assert!(house.run(&["history", "101"]).stdout().contains("Revenue by region"));
    assert_eq!(house.run(&["history", "999"]).code(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn export_streams_every_result_in_both_forms() {
    let house = small_house().await;
    house.run(&["sweep"]);
    house.run(&["sweep"]);
    let lines = house.run(&["export", "--format", "jsonl"]).stdout();
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(lines.lines().count(), 4);
    assert_eq!(
        (&first["instance"], &first["card_id"], &first["verdict"]),
        (&json!("acme"), &json!(101), &json!("working"))
    );
    let rows = house.run(&["export"]).stdout();
    assert!(
        rows.starts_with("instance,card_id,title,checked_at,verdict,reason,latency_ms\nacme,101,Revenue by region,20"),
        "{rows}"
    );
    assert_eq!(house.run(&["export", "--until", "1h"]).stdout().lines().count(), 1, "nothing is that old");
    assert_eq!(house.run(&["export", "--since", "yesterday"]).code(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn four_hundred_thousand_results_are_exported_in_constant_memory() {
    let house = small_house().await;
    house.run(&["sweep"]);
    fill_with_results(&house).await;
    let mut export = house.command(&["export", "--format", "jsonl"]).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(export.stdout.take().unwrap()).lines();
    let mut peak_kib = 0;
    let mut count = 0_u32;
    for line in lines {
        line.unwrap();
        count += 1;
        if count.is_multiple_of(50_000) {
            peak_kib = peak_kib.max(peak_memory_kib(export.id()));
        }
    }
    assert!(export.wait().unwrap().success());
    assert!(count > 400_000, "{count}");
    assert!((1..60 * 1024).contains(&peak_kib), "{peak_kib} KiB at its peak");
}

/// 400,000 of them: held in memory at once, they would be more than the export may take.
async fn fill_with_results(house: &House) {
    use sqlx::ConnectOptions as _;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(house.database());
    let mut connection = options.connect().await.unwrap();
    let fill = "WITH RECURSIVE sweeps(id) AS (SELECT 100 UNION ALL SELECT id + 1 FROM sweeps WHERE id < 200099)
        INSERT INTO sweep (sweep_id, instance_id, pid, started_at, finished_at, outcome)
        SELECT id, 1, 1, 1700000000000 + id * 1000, 1700000000500 + id * 1000, 'completed' FROM sweeps";
    sqlx::query(fill).execute(&mut connection).await.unwrap();
    let fill = "INSERT INTO render_result (sweep_id, card_key, round, verdict, at_s, latency_ms)
        SELECT sweep_id, card_key, 0, 0, 0, 250 FROM sweep, card WHERE sweep_id >= 100";
    sqlx::query(fill).execute(&mut connection).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_has_enough_is_no_error() {
    let house = small_house().await;
    house.run(&["sweep"]);
    fill_with_results(&house).await;
    let mut export = house.command(&["export"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(export.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let said = read_to_end(export.stderr.take().unwrap());
    assert_eq!((export.wait().unwrap().code(), said.as_str()), (Some(0), ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn check_config_online_signs_in_lists_and_opens_a_session() {
    let mut house = small_house().await;
    let sink = SmtpSink::start(house.folder()).await;
    house.mail_through(&sink.url());
    let checked = house.run(&["check-config", "--online"]);
    assert_eq!(checked.code(), 0, "{}{}", checked.stdout(), checked.stderr());
    assert!(checked.stdout().contains("acme: signed in; 2 cards on 2 pages"), "{}", checked.stdout());
    assert!(checked.stdout().contains("; as many renders at a time as it bears"), "{}", checked.stdout());
    assert!(sink.mails().is_empty());
    house.domo.expire_token();
    let checked = house.run(&["check-config", "--online"]);
    assert_eq!(checked.code(), 2);
    assert!(
        checked.stderr().starts_with("acme: failed: cannot sign in: Domo rejects the access token"),
        "{}",
        checked.stderr()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_mail_arrives_or_says_why_not() {
    let mut house = small_house().await;
    let mut sink = SmtpSink::start(house.folder()).await;
    house.mail_through(&sink.url());
    let sent = house.run(&["send-test-email", "--to", "me@example.com"]);
    assert_eq!(sent.code(), 0, "{}", sent.stderr());
    let mails = sink.wait_for(1).await;
    assert_eq!(
        (mails[0].header("Subject"), mails[0].header("To")),
        (Some("[cardwatch] test mail"), Some("me@example.com"))
    );
    sink.close();
    let sent = house.run(&["send-test-email"]);
    assert_eq!(sent.code(), 2);
    assert!(sent.stderr().contains("Connection refused"), "{}", sent.stderr());
}

#[tokio::test(flavor = "multi_thread")]
async fn sweep_with_alert_mails_as_the_daemon_would_and_without_it_tells_nobody() {
    let mut house = small_house().await;
    let sink = SmtpSink::start(house.folder()).await;
    house.mail_through(&sink.url());
    house.run(&["sweep"]);
    house.domo.set(101, Behaviour::broken("No indexed schema found"));
    house.run(&["sweep"]);
    assert!(sink.mails().is_empty());
    assert_eq!(house.run(&["sweep", "--alert"]).code(), 1);
    assert_eq!(sink.mails()[0].header("Subject"), Some("[cardwatch] acme: 1 card broke (1 broken now)"));
    assert_eq!(house.run(&["sweep", "--alert"]).code(), 1);
    assert_eq!(sink.mails().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn completions_and_man_page_need_no_configuration() {
    let house = small_house().await;
    std::fs::remove_file(house.folder().join("config.toml")).ok();
    for shell in ["bash", "zsh", "fish"] {
        let script = house.run(&["completions", shell]);
        assert!(script.code() == 0 && script.stdout().contains("check-config"), "{shell}");
    }
    let page = house.run(&["man"]);
    assert!(page.code() == 0 && page.stdout().contains(".TH cardwatch 1"), "{}", page.stdout());
}

/// Title, section, date, source and manual: `man` goes by their order.
const HEAD_OF_A_PAGE: &str =
    concat!(".TH cardwatch-check-config 1 \" \" \"cardwatch ", env!("CARGO_PKG_VERSION"), "\" \"User Commands\"\n");

#[tokio::test(flavor = "multi_thread")]
async fn each_command_has_a_man_page_of_its_own() {
    let house = small_house().await;
    let page = house.run(&["man", "check-config"]);
    assert!(page.code() == 0 && page.stdout().contains(HEAD_OF_A_PAGE), "{}", page.stdout());
    let none = house.run(&["man", "brake"]);
    assert_eq!(none.code(), 2);
    assert_eq!(none.stderr(), "error: there is no command 'brake'; 'cardwatch --help' lists the commands\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_one_clear_error() {
    let mut house = small_house().await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    house.set("http", "");
    let mut command = house.command(&["run"]);
    command.env("CARDWATCH_HTTP__LISTEN", format!("127.0.0.1:{port}"));
    let ended = command.output().unwrap();
    assert_eq!(ended.status.code(), Some(2));
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(
        said.contains(&format!("error: http.listen: cannot listen on 127.0.0.1:{port}: the port is taken; end ")),
        "{said}"
    );
}
