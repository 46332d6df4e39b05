//! A mute keeps a broken card out of the mail, from the command that makes it to the end that it comes to; on the gauges
//! the card stays broken.

use std::time::Instant;

use fake_smtp::FakeSmtp;
use serde_json::json;

use crate::house::{Daemon, EACH_SECOND, Ended, House, PATIENCE};
use crate::orders::{BY_REGION, ORDERS, STOCK, acme, orders, subjects, sweep, text};

const MUTED: &str = "cardwatch_muted_cards{domo_instance=\"acme\"}";
const BROKEN: &str = "cardwatch_cards{domo_instance=\"acme\",state=\"broken\"}";

/// Ann mutes a card.
fn mute(house: &House, card: i64, options: &[&str]) {
    let card = card.to_string();
    let mut command = house.command(&[&["mute", &card, "--reason", "being repaired"], options].concat());
    command.env("SUDO_USER", "ann");
    let ended = Ended::of(command);
    assert_eq!(ended.code(), 0, "{}", ended.stderr());
}

/// The mutes of a card, the latest first: how each ended.
fn ends(house: &House, card: i64) -> Vec<serde_json::Value> {
    let history = house.run(&["history", &card.to_string(), "--format", "json"]).json();
    let mutes = history["mutes"].as_array().unwrap();
    assert!(mutes.iter().all(|mute| mute["by"] == "ann" && mute["reason"] == "being repaired"), "{mutes:?}");
    mutes.iter().map(|mute| mute["ended"]["how"].clone()).collect()
}

async fn wait_until_none_is_muted(daemon: &Daemon) {
    let began = Instant::now();
    while daemon.series(MUTED).await != Some(0.0) {
        assert!(began.elapsed() < PATIENCE, "{MUTED} never came to 0");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Cards that nobody was told of break, while mails wait for whoever asks for them.
async fn broken_untold() -> (House, FakeSmtp) {
    let (house, smtp) = orders().await;
    assert_eq!(sweep(&house), 0);
    house.domo.drop_column(ORDERS, "region_name");
    assert_eq!(house.run(&["sweep"]).code(), 1);
    (house, smtp)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mute_shows_on_the_gauge_of_a_running_daemon_within_seconds_and_ends_as_the_card_works_again() {
    let (mut house, smtp) = orders().await;
    house.instance("schedule", &format!("\"{EACH_SECOND}\""));
    let daemon = house.daemon().await;
    daemon.wait_for_whole_sweeps(1).await;
    house.domo.delete_dataset(STOCK);
    smtp.wait_for(1, PATIENCE).await.unwrap();
    mute(&house, 201, &[]);
    daemon.wait_for(MUTED, 1.0).await;
    assert_eq!(daemon.series(BROKEN).await, Some(2.0), "it stays broken");

    house.domo.restore_dataset(STOCK);
    let mails = smtp.wait_for(2, PATIENCE).await.unwrap();
    assert_eq!(mails[1].header("Subject").unwrap(), "[cardwatch] acme: 2 cards recovered (0 broken now)");
    wait_until_none_is_muted(&daemon).await;
    assert_eq!(ends(&house, 201), ["recovered"]);
    daemon.wait_for_whole_sweeps(1).await;
    house.domo.delete_dataset(STOCK);
    let mails = smtp.wait_for(3, PATIENCE).await.unwrap();
    let subject = mails[2].header("Subject").unwrap();
    assert_eq!(subject, "[cardwatch] acme: 2 cards broke (2 broken now)", "another breakage is told again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_muted_card_is_told_in_no_mail_until_somebody_unmutes_it() {
    let (house, smtp) = broken_untold().await;
    mute(&house, 101, &[]);
    assert_eq!(sweep(&house), 1);
    let told = text(&smtp.mails()[0]);
    assert_eq!(subjects(&smtp), ["[cardwatch] acme: 3 cards broke (4 broken now)"]);
    assert!(!told.contains("/kpis/details/101"), "{told}");
    assert_eq!((sweep(&house), smtp.mails().len()), (1, 1));
    assert_eq!(house.run(&["unmute", "101"]).code(), 0);
    assert_eq!(sweep(&house), 1);
    let told = text(&smtp.mails()[1]);
    assert!(told.starts_with("1 card broke at acme") && told.contains("/kpis/details/101"), "{told}");
    assert_eq!(ends(&house, 101), ["unmuted"]);
    let unmuted = house.run(&["mutes", "--all", "--format", "json"]).json();
    assert!(!unmuted["mutes"][0]["ended"]["by"].is_null(), "{unmuted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_breakage_that_nobody_was_told_of_the_recovery_is_not_told_either() {
    let (house, smtp) = broken_untold().await;
    for card in BY_REGION {
        mute(&house, card, &[]);
    }
    assert_eq!(sweep(&house), 1);
    house.domo.restore_column(ORDERS, "region_name");
    assert_eq!(sweep(&house), 0);
    assert_eq!(subjects(&smtp), [""; 0]);
    assert_eq!(ends(&house, 101), ["recovered"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_time_of_a_mute_is_up_the_gauge_says_so_at_once_and_the_next_sweep_tells_the_card() {
    let (house, smtp) = broken_untold().await;
    for card in BY_REGION {
        // Long enough for a slow machine to mute all four and to start a daemon.
        mute(&house, card, &["--for", "15s"]);
    }
    let daemon = house.daemon().await;
    assert_eq!(daemon.series(MUTED).await, Some(4.0));
    assert_eq!(acme(&house)["muted"], json!(4));
    wait_until_none_is_muted(&daemon).await;
    assert_eq!(acme(&house)["muted"], json!(0));
    assert_eq!(house.run(&["mutes"]).stdout(), "No card is muted.\n");
    daemon.kill();
    assert_eq!(subjects(&smtp), [""; 0]);
    assert_eq!(sweep(&house), 1);
    assert_eq!(subjects(&smtp), ["[cardwatch] acme: 4 cards broke (4 broken now)"]);
    assert_eq!(ends(&house, 101), ["expired"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mute_that_takes_the_place_of_another_keeps_both_in_the_history() {
    let (house, _smtp) = broken_untold().await;
    mute(&house, 101, &["--for", "1h"]);
    mute(&house, 101, &["--for", "3d"]);
    assert_eq!(ends(&house, 101), [json!(null), json!("unmuted")]);
    assert_eq!(house.run(&["mutes", "--format", "json"]).json()["mutes"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mute_outlives_a_kill_and_an_owner_of_the_card_is_not_mailed_either() {
    let (mut house, smtp) = broken_untold().await;
    house.set("alerts", "notify_owners = true\nowner_domains = [\"example.com\"]");
    for card in [101, 102] {
        mute(&house, card, &[]);
    }
    house.daemon().await.kill();
    let daemon = house.daemon().await;
    assert_eq!(daemon.series(MUTED).await, Some(2.0));
    daemon.kill();
    assert_eq!(sweep(&house), 1);
    let to: Vec<_> = smtp.mails().into_iter().flat_map(|mail| mail.to).collect();
    assert_eq!(to, ["bi-admins@example.com", "kim@example.com"]);
}
