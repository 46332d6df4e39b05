//! In a maintenance window sweeps go on and mails wait; what is still so when it ends comes as one mail, at its end.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Timelike as _, Utc};
use fake_smtp::FakeSmtp;
use serde_json::json;

use crate::house::{House, PATIENCE};
use crate::orders::{ORDERS, STOCK, acme, orders, subjects, sweep, text, time_in};

const MAINTENANCE: &str = "cardwatch_maintenance{domo_instance=\"acme\"}";

/// A window of ten minutes opens each day so that it is over this much from now, to the second; returns that instant.
fn window_that_ends_in(house: &mut House, left: TimeDelta) -> DateTime<Utc> {
    let until = (Utc::now() + left).with_nanosecond(0).unwrap();
    let from = until - TimeDelta::minutes(10);
    let start = format!("{} {} {} * * *", from.second(), from.minute(), from.hour());
    house.instance("maintenance", &format!("[{{ start = \"{start}\", duration = \"10m\" }}]"));
    until
}

/// All is well as a window opens that is open for a while yet.
async fn house() -> (House, FakeSmtp) {
    let (mut house, smtp) = orders().await;
    assert_eq!(sweep(&house), 0);
    window_that_ends_in(&mut house, TimeDelta::minutes(9));
    (house, smtp)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_in_a_window_comes_as_one_mail_at_its_end_without_waiting_for_the_next_sweep_that_is_due() {
    let (mut house, smtp) = orders().await;
    assert_eq!(sweep(&house), 0);
    let until = window_that_ends_in(&mut house, TimeDelta::seconds(10));
    let daemon = house.daemon().await;
    assert_eq!(daemon.series(MAINTENANCE).await, Some(1.0));
    let next = daemon.series("cardwatch_sweep_next_timestamp_seconds{domo_instance=\"acme\"}").await;
    assert_eq!(next, until.timestamp().to_string().parse().ok(), "its end is a time for a sweep");
    house.domo.drop_column(ORDERS, "region_name");
    house.domo.delete_dataset(STOCK);
    assert_eq!(sweep(&house), 1);
    house.domo.restore_dataset(STOCK);
    assert_eq!(sweep(&house), 1);
    daemon.wait_for("cardwatch_cards{domo_instance=\"acme\",state=\"broken\"}", 4.0).await;
    assert_eq!(house.ask::<i64>("SELECT count(*) FROM outbox").await, 0, "nothing is even written");

    let mails = smtp.wait_for(1, PATIENCE).await.unwrap();
    let late = Utc::now() - until;
    assert!((TimeDelta::zero()..TimeDelta::seconds(15)).contains(&late), "{late}");
    assert_eq!(mails[0].header("Subject").unwrap(), "[cardwatch] acme: 4 cards broke (4 broken now)");
    let told = text(&mails[0]);
    let from = time_in(&told, until - TimeDelta::minutes(10));
    let waited = format!("Mails waited for maintenance from {from} to");
    assert!(told.contains(&waited), "'{waited}' is missing in: {told}");
    assert!(told.contains("Dataset Orders: last run succeeded"), "what was found out then is told now: {told}");
    assert!(!told.contains("Stock"), "what broke and works again is not told: {told}");
    assert_eq!(daemon.series(MAINTENANCE).await, Some(0.0));
    assert_eq!(acme(&house)["maintenance_until"], json!(null));
    assert_eq!(sweep(&house), 1);
    assert_eq!(smtp.mails().len(), 1, "{:?}", subjects(&smtp));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_breakage_and_its_recovery_within_a_window_send_nothing_then_or_later() {
    let (mut house, smtp) = house().await;
    house.domo.drop_column(ORDERS, "region_name");
    assert_eq!(sweep(&house), 1);
    assert_eq!(house.domo.calls("dataset"), 1, "what explains it is asked for all the same");
    house.domo.restore_column(ORDERS, "region_name");
    assert_eq!(sweep(&house), 0);
    house.forget("maintenance");
    assert_eq!(sweep(&house), 0);
    assert_eq!(subjects(&smtp), [""; 0]);
    assert_eq!(house.ask::<i64>("SELECT count(*) FROM transition WHERE to_state = 'broken'").await, 4, "it is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_of_what_was_told_before_waits_for_the_end_too() {
    let (mut house, smtp) = orders().await;
    assert_eq!(sweep(&house), 0);
    house.domo.drop_column(ORDERS, "region_name");
    assert_eq!(sweep(&house), 1);
    window_that_ends_in(&mut house, TimeDelta::minutes(9));
    house.domo.restore_column(ORDERS, "region_name");
    assert_eq!(sweep(&house), 0);
    assert_eq!(smtp.mails().len(), 1);
    house.forget("maintenance");
    assert_eq!(sweep(&house), 0);
    let mails = smtp.mails();
    assert_eq!(mails[1].header("Subject").unwrap(), "[cardwatch] acme: 4 cards recovered (0 broken now)");
    assert_eq!(mails[1].header("In-Reply-To"), mails[0].header("Message-ID"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owners_wait_as_the_admins_do() {
    let (mut house, smtp) = house().await;
    house.set("alerts", "notify_owners = true\nowner_domains = [\"example.com\"]");
    house.domo.drop_column(ORDERS, "region_name");
    assert_eq!(sweep(&house), 1);
    assert_eq!(smtp.mails().len(), 0);
    house.forget("maintenance");
    assert_eq!(sweep(&house), 1);
    let to: Vec<_> = smtp.mails().into_iter().flat_map(|mail| mail.to).collect();
    assert_eq!(to, ["bi-admins@example.com", "dana@example.com", "kim@example.com"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn status_tells_the_end_of_the_window_and_the_sweep_that_is_due_then() {
    let (mut house, _smtp) = house().await;
    let until = window_that_ends_in(&mut house, TimeDelta::minutes(9));
    let now = acme(&house);
    let until = until.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    assert_eq!((&now["maintenance_until"], &now["next_sweep"]), (&json!(until), &json!(until)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_was_down_as_a_window_ended_sweeps_and_mails_when_it_starts() {
    let (mut house, smtp) = orders().await;
    assert_eq!(sweep(&house), 0);
    window_that_ends_in(&mut house, TimeDelta::seconds(4));
    house.domo.drop_column(ORDERS, "region_name");
    assert_eq!(sweep(&house), 1);
    house.daemon().await.kill();
    while !acme(&house)["maintenance_until"].is_null() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let _daemon = house.daemon().await;
    let mails = smtp.wait_for(1, PATIENCE).await.unwrap();
    assert_eq!(mails[0].header("Subject").unwrap(), "[cardwatch] acme: 4 cards broke (4 broken now)");
    assert!(text(&mails[0]).contains("Mails waited for maintenance"), "{}", text(&mails[0]));
}
