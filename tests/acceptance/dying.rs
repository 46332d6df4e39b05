//! The end of the process, asked for or not: nothing is lost, nothing is told twice.

use std::time::Duration;

use fake_domo::Behaviour;

use crate::house::{EACH_SECOND, NEVER};
use crate::mailing::watched_house;

/// What a scrape says of cards: the gauges that must survive a restart.
fn of_cards(scrape: &[String]) -> Vec<String> {
    let names = ["cardwatch_cards{", "cardwatch_page_", "cardwatch_card_broken", "cardwatch_domo_up"];
    scrape.iter().filter(|line| names.iter().any(|name| line.starts_with(name))).cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_kill_9_the_first_scrape_shows_the_same_gauges_and_no_mail_is_sent_twice() {
    let (mut house, sink) = watched_house().await;
    for card in &house.domo.kpi_cards()[..4] {
        house.domo.set(*card, Behaviour::broken("No indexed schema found"));
    }
    let daemon = house.daemon().await;
    sink.wait_for(1).await;
    daemon.wait_for_whole_sweeps(1).await;
    let before = of_cards(&daemon.scrape().await);
    assert!(before.contains(&"cardwatch_cards{domo_instance=\"acme\",state=\"broken\"} 4".to_owned()), "{before:?}");
    daemon.kill();

    house.instance("schedule", &format!("\"{NEVER}\""));
    let daemon = house.daemon().await;
    assert_eq!(of_cards(&daemon.scrape().await), before);
    daemon.kill();

    house.instance("schedule", &format!("\"{EACH_SECOND}\""));
    let daemon = house.daemon().await;
    daemon.wait_for_whole_sweeps(2).await;
    assert_eq!(sink.mails().len(), 1);
    assert_eq!(house.ask::<String>("PRAGMA integrity_check").await, "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_was_composed_before_the_kill_is_sent_after_the_restart() {
    let (house, mut sink) = watched_house().await;
    sink.close();
    house.domo.set(house.domo.kpi_cards()[0], Behaviour::broken("No indexed schema found"));
    let daemon = house.daemon().await;
    daemon.wait_for("cardwatch_email_queue_length", 1.0).await;
    daemon.kill();
    sink.open_again().await;
    let daemon = house.daemon().await;
    let mails = sink.wait_for(1).await;
    assert_eq!(mails[0].header("Subject"), Some("[cardwatch] acme: 1 card broken when first seen (1 broken now)"));
    drop(daemon);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_that_was_killed_is_marked_interrupted_and_changes_no_state() {
    let (mut house, _sink) = watched_house().await;
    house.instance("request_timeout", "\"60s\"");
    house.instance("schedule", &format!("\"{NEVER}\""));
    house.domo.set(house.domo.kpi_cards()[0], Behaviour::Hangs);
    let daemon = house.daemon().await;
    daemon.wait_for("cardwatch_renders_total{domo_instance=\"acme\",verdict=\"working\"}", 20.0).await;
    let saved = house.ask::<i64>("SELECT count(*) FROM render_result").await;
    assert!(saved >= 20, "a result is a row soon after it exists");
    daemon.kill();
    let daemon = house.daemon().await;
    assert_eq!(house.ask::<i64>("SELECT count(*) FROM sweep WHERE outcome = 'interrupted'").await, 1);
    assert_eq!(house.ask::<i64>("SELECT count(*) FROM card_state").await, 0);
    assert!(daemon.log().contains("a sweep was interrupted"), "{}", daemon.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_and_sigint_in_mid_sweep_end_it_cleanly_within_ten_seconds() {
    for signal in ["-TERM", "-INT"] {
        let (mut house, _sink) = watched_house().await;
        house.instance("request_timeout", "\"60s\"");
        house.domo.set(house.domo.kpi_cards()[0], Behaviour::Hangs);
        let daemon = house.daemon().await;
        daemon.wait_for("cardwatch_renders_total{domo_instance=\"acme\",verdict=\"working\"}", 20.0).await;
        let (code, took) = daemon.stop(signal);
        assert_eq!(code, Some(0));
        assert!(took < Duration::from_secs(10), "{signal} took {took:?}");
        assert_eq!(house.ask::<String>("SELECT outcome FROM sweep").await, "interrupted");
        assert!(house.ask::<i64>("SELECT count(*) FROM render_result").await >= 20, "what was decided is kept");
    }
}
