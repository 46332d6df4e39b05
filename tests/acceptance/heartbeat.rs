//! The dead man's switch: it hears of each sweep that decided something and of no other, and one that is dead holds up
//! nothing.

use std::process::Command;
use std::time::Duration;

use fake_domo::{Behaviour, FakeDomo, Spec};

use crate::dead_mans_switch::{Answer, Switch};
use crate::house::{Daemon, EACH_SECOND, House, NEVER};
use crate::mailing::watched_house;

const SENT: &str = "cardwatch_heartbeats_total{domo_instance=\"acme\",result=\"sent\"}";
const FAILED: &str = "cardwatch_heartbeats_total{domo_instance=\"acme\",result=\"failed\"}";

/// A house of 12 cards, swept by command, whose heartbeats go to a switch.
async fn house_with_switch() -> (House, Switch) {
    let mut house = House::beside(FakeDomo::new(Spec::new(3).pages(2).cards(12))).await;
    let switch = Switch::start().await;
    house.instance("heartbeat_url", &format!("\"{}\"", switch.url("/ping/acme")));
    (house, switch)
}

fn outcomes(outcome: &str) -> String {
    format!("cardwatch_sweeps_total{{domo_instance=\"acme\",outcome=\"{outcome}\"}}")
}

fn hang_up(house: &House, daemon: &Daemon) {
    house.write_config();
    assert!(Command::new("kill").args(["-HUP", &daemon.pid().to_string()]).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_shows_life_once_after_each_sweep_that_decided_something() {
    let (house, switch) = house_with_switch().await;
    house.domo.set(house.domo.kpi_cards()[0], Behaviour::broken("No indexed schema found"));
    let daemon = house.daemon().await;
    daemon.wait_for(SENT, 1.0).await;
    let working = house.domo.kpi_cards().len() - 1;
    let body = &switch.pings()[0].body;
    assert!(body.starts_with("12 cards: ") && body.contains(&format!("{working} working, 1 broken")), "{body}");
    assert_eq!(daemon.series(FAILED).await, Some(0.0));
    assert_eq!(daemon.stop("-TERM").0, Some(0));
    // Another process has swept a moment ago, so that none is due.
    let daemon = house.daemon().await;
    assert_eq!(daemon.series(SENT).await, Some(0.0), "both series are there from the start");
    assert_eq!(switch.pings().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_that_failed_or_decided_nothing_is_no_sign_of_life() {
    let (mut house, switch) = house_with_switch().await;
    house.instance("schedule", &format!("\"{EACH_SECOND}\""));
    house.domo.expire_token();
    let daemon = house.daemon().await;
    daemon.wait_for(&outcomes("failed"), 2.0).await;
    assert_eq!((switch.pings().len(), daemon.series(SENT).await), (0, Some(0.0)));

    for card in house.domo.kpi_cards() {
        house.domo.set(card, Behaviour::Status(403));
    }
    house.domo.renew_token();
    daemon.wait_for(&outcomes("partial"), 2.0).await;
    assert_eq!((switch.pings().len(), daemon.series(SENT).await), (0, Some(0.0)));

    house.domo.heal_all();
    switch.wait_for(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_that_was_skipped_is_no_sign_of_life() {
    let (mut house, switch) = house_with_switch().await;
    house.instance("schedule", &format!("\"{EACH_SECOND}\""));
    house.instance("request_timeout", "\"20s\"");
    house.domo.set(house.domo.kpi_cards()[0], Behaviour::Slow { millis: 4_000 });
    let daemon = house.daemon().await;
    daemon.wait_for(&outcomes("skipped"), 2.0).await;
    assert_eq!(switch.pings().len(), 0, "the first still runs");
    switch.wait_for(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_by_command_shows_life_unless_it_is_of_some_pages_alone() {
    let (house, switch) = house_with_switch().await;
    assert_eq!(house.run(&["sweep"]).code(), 0);
    assert_eq!(switch.pings().len(), 1);
    let page = house.ask::<i64>("SELECT min(page_id) FROM page").await.to_string();
    assert_eq!(house.run(&["sweep", "--page", &page]).code(), 0);
    house.domo.expire_token();
    assert_eq!(house.run(&["sweep"]).code(), 2);
    assert_eq!(switch.pings().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_switch_changes_nothing_of_a_sweep_by_command_but_a_warning() {
    let (house, switch) = house_with_switch().await;
    switch.answer([], Answer::With(404, ""));
    let swept = house.run(&["sweep", "--format", "json"]);
    assert_eq!((swept.code(), &swept.json()["instances"][0]["outcome"]), (0, &"completed".into()));
    let said = swept.stderr();
    assert_eq!(said.matches("the heartbeat of acme is not taken: the service refuses it (404 Not Found)").count(), 1);
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_switch_holds_up_neither_sweeps_nor_mail_nor_the_stop() {
    let (mut house, sink) = watched_house().await;
    let switch = Switch::start().await;
    switch.answer([], Answer::Never);
    house.instance("heartbeat_url", &format!("\"{}\"", switch.url("/ping/acme")));
    let daemon = house.daemon().await;
    switch.wait_for(1).await;
    house.domo.set(house.domo.kpi_cards()[0], Behaviour::broken("No indexed schema found"));
    let mails = sink.wait_for(1).await;
    assert_eq!(mails[0].header("Subject"), Some("[cardwatch] acme: 1 card broke (1 broken now)"));
    daemon.wait_for_whole_sweeps(2).await;
    assert_eq!(switch.pings().len(), 1, "it still waits for the answer to the first");
    let (code, took) = daemon.stop("-TERM");
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(7), "it took {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_that_fails_is_told_once_and_once_when_it_works_again() {
    let (mut house, switch) = house_with_switch().await;
    house.instance("schedule", &format!("\"{EACH_SECOND}\""));
    switch.answer([], Answer::With(404, ""));
    let mut daemon = house.daemon().await;
    daemon.wait_for(FAILED, 3.0).await;
    switch.answer([], Answer::With(200, "OK"));
    daemon.wait_for_line("the heartbeat is taken again").await;
    daemon.wait_for(SENT, 2.0).await;
    let log = daemon.log();
    assert_eq!(log.matches("the heartbeat").count(), 2, "{log}");
    let warned = log.lines().find(|line| line.contains("WARN") && line.contains("the heartbeat is not taken")).unwrap();
    assert!(warned.contains("acme") && warned.contains("404 Not Found"), "{warned}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_takes_up_another_address_and_leaves_no_series_where_there_is_none() {
    let (mut house, switch) = house_with_switch().await;
    house.instance("schedule", &format!("\"{EACH_SECOND}\""));
    let mut daemon = house.daemon().await;
    switch.wait_for(1).await;
    let other = Switch::start().await;
    house.instance("heartbeat_url", &format!("\"{}\"", other.url("/other")));
    hang_up(&house, &daemon);
    other.wait_for(2).await;
    let before = switch.pings().len();
    other.wait_for(other.pings().len() + 2).await;
    assert_eq!(switch.pings().len(), before, "the old address is asked no more");

    house.instance("heartbeat_url", "\"ftp://example.com/x\"");
    hang_up(&house, &daemon);
    daemon.wait_for_line("instances.acme.heartbeat_url: the address begins with neither").await;
    house.forget("heartbeat_url");
    hang_up(&house, &daemon);
    daemon.wait_until_gone("cardwatch_heartbeats_total").await;
    daemon.wait_for_whole_sweeps(1).await;
    assert_eq!(daemon.series(SENT).await, None, "the last of the old sweeper did not bring it back");
}

#[tokio::test(flavor = "multi_thread")]
async fn checking_the_configuration_feigns_no_life() {
    let (mut house, switch) = house_with_switch().await;
    house.instance("schedule", &format!("\"{NEVER}\""));
    assert_eq!(house.run(&["check-config"]).code(), 0);
    let checked = house.run(&["check-config", "--online"]);
    assert_eq!(checked.code(), 0, "{}", checked.stderr());
    let said = checked.stdout();
    assert!(said.contains("; heartbeat_url is set, and is asked after sweeps alone\n"), "{said}");
    assert_eq!(switch.pings().len(), 0);
}
