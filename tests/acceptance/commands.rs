//! What a command says when it cannot do what it was asked, and that the exit code tells no other story.

use std::fs::{File, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use fake_domo::{Behaviour, FakeDomo, Spec};
use fake_smtp::{FakeSmtp, Fault};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::house::{Ended, House, PATIENCE, read_to_end};
use crate::port::free_port;

async fn small_house() -> House {
    House::beside(FakeDomo::new(Spec::new(3).pages(2).cards(6))).await
}

fn assert_refused(ended: &Ended, error: &str) {
    assert_eq!((ended.code(), ended.stderr()), (2, format!("error: {error}\n")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_as_csv_says_on_stderr_why_cards_could_not_be_checked() {
    let house = small_house().await;
    house.domo.expire_token();
    let swept = house.run(&["sweep", "--format", "csv"]);
    assert_eq!((swept.code(), swept.stdout().lines().count()), (2, 1), "{}", swept.stdout());
    let said = swept.stderr();
    assert!(said.starts_with("acme: cannot check cards; cannot sign in: Domo rejects the access token"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_as_csv_says_on_stderr_what_it_could_not_see() {
    let house = small_house().await;
    let page = house.domo.pages().into_iter().find(|page| page.id > 0).unwrap().id.to_string();
    let swept = house.run(&["sweep", "--page", &page, "--page", "999", "--format", "csv"]);
    assert!(swept.stdout().lines().count() > 1, "{}", swept.stdout());
    let said = swept.stderr();
    assert!(said.starts_with("acme: partial; ") && said.contains("999"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_that_cannot_be_handed_over_does_not_hide_what_the_sweep_found() {
    let mut house = small_house().await;
    house.mail_through(&format!("smtp://127.0.0.1:{}", free_port()));
    house.domo.set(house.domo.kpi_cards()[0], Behaviour::broken("No indexed schema found"));
    let swept = house.run(&["sweep", "--alert"]);
    assert_eq!(swept.code(), 1, "{}", swept.stderr());
    assert_eq!(swept.errors().matches("the mail waits in the outbox").count(), 1, "{}", swept.stderr());
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_that_could_not_be_handed_over_goes_out_with_the_next_sweep_though_nothing_is_new() {
    let (mut house, smtp) = (small_house().await, FakeSmtp::start().await);
    house.mail_through(&smtp.url());
    house.domo.set(house.domo.kpi_cards()[0], Behaviour::broken("No indexed schema found"));
    smtp.set_fault(Fault::DeferMail);
    let swept = house.run(&["sweep", "--alert"]);
    assert!(swept.errors().contains("the mail waits in the outbox"), "{}", swept.stderr());
    smtp.set_fault(Fault::None);
    assert_eq!(house.run(&["sweep"]).code(), 1);
    assert!(smtp.mails().is_empty(), "only --alert mails");
    for _ in 0..2 {
        let swept = house.run(&["sweep", "--alert"]);
        assert_eq!((swept.code(), swept.stderr().as_str()), (1, ""));
        assert_eq!(smtp.mails().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_for_no_mail_server() {
    let (mut house, smtp) = (small_house().await, FakeSmtp::start().await);
    house.mail_through(&smtp.url());
    house.domo.set(house.domo.kpi_cards()[0], Behaviour::broken("No indexed schema found"));
    smtp.set_fault(Fault::Hang);
    let mut command = house.command(&["sweep", "--alert"]);
    let mut sweeping = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    smtp.wait_for_connections(1, PATIENCE).await.unwrap();
    assert!(Command::new("kill").args(["-INT", &sweeping.id().to_string()]).status().unwrap().success());
    let began = Instant::now();
    let said = read_to_end(sweeping.stderr.take().unwrap());
    assert_eq!(sweeping.wait().unwrap().code(), Some(1), "{said}");
    assert!(began.elapsed() < Duration::from_secs(10), "it took {:?}", began.elapsed());
    assert!(said.contains("the mail waits in the outbox") && said.contains("cardwatch was stopped first"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_command_on_the_past_knows_the_instances_of_the_configuration_and_of_the_database() {
    let house = small_house().await;
    house.run(&["sweep"]);
    house.write("UPDATE instance SET name = 'old'").await;
    let card = house.domo.kpi_cards()[0].to_string();
    let mute = ["mute", &card, "--reason", "x"];
    for command in [&["export"][..], &["history", &card], &mute, &["unmute", &card]] {
        let mistyped = house.run(&[command, &["--instance", "acmee"]].concat());
        assert_refused(&mistyped, "--instance: there is no instance 'acmee'; known are: acme, old");
    }
    for command in [&["export"][..], &["history", &card]] {
        let old = house.run(&[command, &["--instance", "old"]].concat());
        assert_eq!((old.code(), old.stderr().as_str()), (0, ""));
        assert!(old.stdout().contains(&card), "{}", old.stdout());
    }
    let muted = house.run(&[&mute[..], &["--instance", "old"]].concat());
    assert!(muted.stderr().contains(&format!("card {card} is working: there is nothing to acknowledge")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_to_export_that_ends_before_it_begins_is_refused() {
    let house = small_house().await;
    house.run(&["sweep"]);
    let export = |since, until| house.run(&["export", "--since", since, "--until", until]);
    assert_refused(&export("1h", "2h"), "--since: it is not before --until; swap them, or leave one out");
    assert_eq!(export("2h", "1h").code(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_no_sweep_has_seen_is_told_the_same_by_each_command() {
    let house = small_house().await;
    house.run(&["sweep"]);
    for command in [&["history", "5"][..], &["mute", "5", "--reason", "x"], &["unmute", "5"]] {
        let says = "no sweep has seen card 5; its id is the number at the end of its address in Domo";
        assert_refused(&house.run(command), says);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_is_no_number_is_refused_with_the_place_to_find_it() {
    let house = small_house().await;
    for command in [&["history", "abc"][..], &["sweep", "--page", "abc"], &["mute", "abc", "--reason", "x"]] {
        let ended = house.run(command);
        assert_eq!(ended.code(), 2);
        let said = ended.stderr();
        assert!(said.contains(": write the number at the end of its address in Domo\n"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_for_a_test_mail_that_is_none_is_refused_with_the_way_to_write_one() {
    let mut house = small_house().await;
    house.mail_through("smtp://127.0.0.1:1");
    let sent = house.run(&["send-test-email", "--to", "foo"]);
    assert_refused(&sent, "--to: 'foo' is not a mail address; write name@example.com");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_stdout_that_takes_nothing_is_one_clear_error() {
    let house = small_house().await;
    house.run(&["sweep"]);
    let json = ["sweep", "--format", "json"];
    for arguments in [&["status"][..], &["export"], &["man"], &["completions", "bash"], &json, &["check-config"]] {
        let mut command = house.command(arguments);
        command.stdout(File::options().write(true).open("/dev/full").unwrap());
        let ended = Ended::of(command);
        let says = "error: cannot write to stdout: No space left on device (os error 28); free some space, or write \
                    elsewhere";
        assert_eq!((ended.code(), ended.errors().as_str()), (2, says), "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_to_listen_on_of_another_machine_is_refused_with_a_remedy_that_fits() {
    let mut house = small_house().await;
    house.set("http", "");
    let mut command = house.command(&["run"]);
    command.env("CARDWATCH_HTTP__LISTEN", "192.0.2.1:9917").env("CARDWATCH_HTTP__PUBLIC_WITHOUT_AUTH", "true");
    let says = "error: http.listen: cannot listen on 192.0.2.1:9917: it is no address of this machine; set one that 'ip \
                address' shows";
    assert_eq!(Ended::of(command).errors(), says);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_stderr_does_not_lead_to_gets_no_lines() {
    let house = small_house().await;
    let mut command = house.command(&["check-config"]);
    command.env("JOURNAL_STREAM", "1:2");
    let checked = Ended::of(command);
    assert_eq!(checked.code(), 0, "{}", checked.stderr());
    assert!(checked.stderr().contains("email: there is no such section"), "{}", checked.stderr());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_stderr_leads_to_gets_the_lines() {
    let house = small_house().await;
    let path = house.folder().join("stderr");
    let stderr = File::create(&path).unwrap();
    let stream = stderr.metadata().unwrap();
    let mut command = house.command(&["check-config"]);
    command.env("JOURNAL_STREAM", format!("{}:{}", stream.dev(), stream.ino())).stderr(stderr);
    let checked = Ended::of(command);
    let said = std::fs::read_to_string(path).unwrap();
    // Where no journal runs, that is told instead.
    assert!(checked.code() == 0 || said.starts_with("error: --log-format: systemd's journal cannot"), "{said}");
    assert!(!said.contains("there is no such section"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_as_csv_that_is_interrupted_says_so_on_stderr() {
    let house = small_house().await;
    for card in house.domo.kpi_cards() {
        house.domo.set(card, Behaviour::Hangs);
    }
    let mut command = house.command(&["sweep", "--format", "csv"]);
    let sweep = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while house.domo.calls("render") == 0 {
        tokio::task::yield_now().await;
    }
    assert!(Command::new("kill").args(["-INT", &sweep.id().to_string()]).status().unwrap().success());
    let ended = sweep.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(2));
    assert!(said.starts_with("acme: interrupted"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_leaves_the_database_of_another_program_as_it_was() {
    let house = small_house().await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(house.database()).create_if_missing(true);
    let mut other = options.connect().await.unwrap();
    sqlx::query("CREATE TABLE card (title TEXT)").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    let before = std::fs::read(house.database()).unwrap();
    let said = house.run(&["run"]).errors();
    assert!(said.ends_with("is the database of another program; name another file"), "{said}");
    assert_eq!(std::fs::read(house.database()).unwrap(), before);
    let mut files: Vec<_> = std::fs::read_dir(house.folder()).unwrap().map(|file| file.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["cardwatch.db", "config.toml"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_one_of_several_instances_wants_to_know_of_which() {
    let mut house = small_house().await;
    house.set("instances.globex", &format!("url = \"{}\"\naccess_token = \"t\"\npages = \"all\"", house.domo.url()));
    let error = "--page: several instances are configured; say which one with --instance: acme, globex";
    assert_refused(&house.run(&["sweep", "--page", "1"]), error);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_that_is_to_mail_without_a_way_to_says_that_nobody_is_mailed() {
    let swept = small_house().await.run(&["sweep", "--alert"]);
    let said = swept.stderr();
    assert!(said.contains("--alert: there is no [email] section, so nobody is mailed"), "{said}");
    assert_eq!(swept.code(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_folder_says_that_it_is_no_file() {
    let mut house = small_house().await;
    let folder = house.folder().to_owned();
    house.set("storage", &format!("path = \"{}\"", folder.display()));
    let said = house.run(&["backup", "copy.db"]).errors();
    assert!(said.contains("cannot be opened; see that it is a file"), "{said}");
}

/// Anybody but who runs the tests: root may look into every folder.
const NOBODY: u32 = 65534;

/// Runs a command as somebody else, who has to find the binary and the configuration; as the same user where nobody may
/// become another, to whom the folder is closed just as well.
fn run_as_nobody(house: &House, arguments: &[&str]) -> Ended {
    let command = house.command(arguments);
    if chown(house.folder().join("config.toml"), Some(NOBODY), None).is_err() {
        return Ended::of(command);
    }
    let binary = house.folder().join("cardwatch");
    if !binary.exists() {
        std::fs::copy(command.get_program(), &binary).unwrap();
    }
    let nobody = NOBODY.to_string();
    let mut other = Command::new("setpriv");
    other.args(["--reuid", &nobody, "--regid", &nobody, "--clear-groups"]).arg(binary).args(arguments);
    other.current_dir(house.folder()).env_clear();
    Ended::of(other)
}

fn allow(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_in_a_folder_that_is_closed_to_the_user_is_not_told_as_missing() {
    let mut house = small_house().await;
    let closed = house.folder().join("closed");
    std::fs::create_dir(&closed).unwrap();
    house.keep_database_in(&closed);
    assert_eq!(house.run(&["sweep"]).code(), 0);
    allow(house.folder(), 0o755);
    allow(&closed, 0o000);
    let says = format!(
        "storage.path: this user may not look into {}; run the command as the user that runs cardwatch, or as root",
        closed.display()
    );
    for arguments in [&["status"][..], &["export"], &["history", "1"], &["sweep"], &["backup", "copy.db"]] {
        let ended = run_as_nobody(&house, arguments);
        assert_eq!((ended.code(), ended.errors()), (2, format!("error: {says}")), "{arguments:?}");
    }
    allow(&closed, 0o700);
}
