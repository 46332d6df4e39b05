//! The demo keeps its promises: each mail of its script comes, and it leaves nothing behind however it
//! ends. It plays in real time.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use cardwatch::clock::Clock as _;
use cardwatch::daemon::clock::SystemClock;
use tempfile::TempDir;

/// The example beside this test, which `cargo test` builds along with it.
fn demo(folder: &TempDir) -> Command {
    let test = std::env::current_exe().unwrap();
    let path: PathBuf = test.parent().unwrap().parent().unwrap().join("examples/demo");
    assert!(path.is_file(), "run 'cargo build --example demo' first: there is no {}", path.display());
    let mut command = Command::new(path);
    command.env("TMPDIR", folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn leftovers(folder: &TempDir) -> Vec<PathBuf> {
    folder.path().read_dir().unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// A demo that has printed its first mail.
fn running_demo(folder: &TempDir) -> Child {
    let mut child = demo(folder).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut lines = lines.map(Result::unwrap);
    assert!(lines.any(|line| line.contains("3 cards broken when first seen")), "it ended without a mail");
    // Whoever reads on would keep the pipe open; the demo must bear that nobody does.
    std::thread::spawn(move || lines.for_each(drop));
    child
}

fn send_signal(child: &Child, name: &str) {
    let sent = Command::new("sh").arg("-c").arg(format!("kill -{name} {}", child.id())).status().unwrap();
    assert!(sent.success());
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn ends_well_within_two_seconds_of(signal: &str) {
    let folder = TempDir::new().unwrap();
    let child = running_demo(&folder);
    assert_eq!(leftovers(&folder).len(), 1, "it works in a folder of its own");
    let clock = SystemClock::start();
    send_signal(&child, signal);
    let ended = child.wait_with_output().unwrap();
    let took = clock.elapsed();
    assert!(ended.status.success(), "{ended:?}");
    assert!(took < Duration::from_secs(2), "it took {took:?}");
    assert_eq!(leftovers(&folder), Vec::<PathBuf>::new());
}

#[test]
fn the_script_is_played_once_with_each_promised_mail_and_nothing_is_left() {
    let folder = TempDir::new().unwrap();
    let ended = demo(&folder).arg("--once").output().unwrap();
    let told = stdout(&ended);
    assert!(ended.status.success(), "{told}\n{}", String::from_utf8_lossy(&ended.stderr));
    let subjects = [
        "[cardwatch] acme: 3 cards broken when first seen (3 broken now)  (to bi-admins@demo.example",
        "[cardwatch] acme: 6 cards broke (9 broken now)  (to bi-admins@demo.example",
        "[cardwatch] acme: 5 of your cards broke  (to dana.reyes@example.com",
        "[cardwatch] acme: 3 cards broke (12 broken now)  (to bi-admins@demo.example",
        "[cardwatch] acme: 2 cards broke (14 broken now)  (to bi-admins@demo.example",
        "[cardwatch] acme: 6 cards recovered (8 broken now)  (to bi-admins@demo.example",
        "[cardwatch] acme: 5 of your cards recovered  (to dana.reyes@example.com",
        "[cardwatch] acme: 8 cards recovered (0 broken now)  (to bi-admins@demo.example",
    ];
    assert!(told.contains("\n  page      http://127.0.0.1:"), "{told}");
    let mails = told.lines().filter(|line| line.contains("[cardwatch]"));
    // More than one comes where the machine is slow.
    let (digests, mails): (Vec<&str>, Vec<&str>) = mails.partition(|line| line.contains(" still broken "));
    assert!(digests.iter().any(|line| line.contains("11 cards still broken")), "{told}");
    assert_eq!(mails.len(), subjects.len(), "{told}");
    for (mail, subject) in mails.iter().zip(subjects) {
        assert!(mail.contains(subject), "{mail}");
    }
    for command in ["$ cardwatch mute ", "$ cardwatch mutes", "$ cardwatch status"] {
        assert!(told.contains(command), "nobody ran '{command}': {told}");
    }
    assert_eq!(leftovers(&folder), Vec::<PathBuf>::new());
}

#[test]
fn a_mail_is_kept_as_a_page_as_well_whose_links_lead_to_the_status_page() {
    let folder = TempDir::new().unwrap();
    let child = running_demo(&folder);
    let page = std::fs::read_to_string(leftovers(&folder)[0].join("mails/001.html")).unwrap();
    send_signal(&child, "TERM");
    assert!(child.wait_with_output().unwrap().status.success());
    let link = page.split("href=\"").find(|rest| rest.contains("/?incident=")).unwrap();
    assert!(link.starts_with("http://127.0.0.1:"), "{link}");
}

#[test]
fn ctrl_c_ends_it_at_once_and_leaves_nothing() {
    ends_well_within_two_seconds_of("INT");
}

#[test]
fn sigterm_ends_it_at_once_and_leaves_nothing() {
    ends_well_within_two_seconds_of("TERM");
}

#[test]
fn a_terminal_that_goes_away_ends_it_and_leaves_nothing() {
    ends_well_within_two_seconds_of("HUP");
}
