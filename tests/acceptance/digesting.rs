//! The reminder is one useful mail; slow and empty cards are in it, in status and on gauges, and are never mailed as
//! broken.

use std::time::Duration;

use fake_domo::Behaviour;
use fake_smtp::FakeSmtp;
use serde_json::json;

use crate::house::House;
use crate::orders::{BY_REGION, ORDERS, STOCK, acme, orders, subjects, sweep, text};

/// A day and an hour go by.
async fn a_day_later(house: &House) {
    house.write("UPDATE card_state SET told_at = told_at - 25 * 3600000, since = since - 25 * 3600000").await;
    house.write("UPDATE instance SET last_digest_at = last_digest_at - 25 * 3600000").await;
    house.write("UPDATE incident SET opened_at = opened_at - 25 * 3600000").await;
    house.write("UPDATE transition SET at = at - 25 * 3600000").await;
}

/// Six cards broke, of two causes, and the admins were told.
async fn broken() -> (House, FakeSmtp) {
    let (house, smtp) = orders().await;
    assert_eq!(sweep(&house), 0);
    house.domo.drop_column(ORDERS, "region_name");
    house.domo.delete_dataset(STOCK);
    assert_eq!(sweep(&house), 1);
    (house, smtp)
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_day_one_mail_tells_what_is_still_broken_by_cause_and_age_and_how_many_are_muted() {
    let (house, smtp) = broken().await;
    house.run(&["mute", "104", "--reason", "known"]);
    house.domo.set_invalid_functions(3);
    assert_eq!((sweep(&house), smtp.mails().len()), (1, 1), "nothing is new");
    a_day_later(&house).await;
    house.write("UPDATE instance SET functions_counted_at = functions_counted_at - 25 * 3600000").await;
    assert_eq!(sweep(&house), 1);
    let mails = smtp.mails();
    assert_eq!(mails[1].header("Subject").unwrap(), "[cardwatch] acme: 5 cards still broken");
    let told = text(&mails[1]);
    for words in [
        "Dataset Orders lost column region_name: 3 of its 4 cards",
        "Dataset Stock is gone: 2 cards on 1 page",
        ", for 25 hours",
        "1 more broken card is muted.",
        "Domo counts 3 invalid beast modes.",
    ] {
        assert!(told.contains(words), "'{words}' is missing in: {told}");
    }
    assert!(!told.contains("/kpis/details/104"), "{told}");
    assert_eq!((sweep(&house), smtp.mails().len()), (1, 2), "once a day");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_only_muted_cards_are_still_broken_no_reminder_comes() {
    let (house, smtp) = broken().await;
    for card in BY_REGION.into_iter().chain([201, 202]) {
        assert_eq!(house.run(&["mute", &card.to_string(), "--reason", "known"]).code(), 0);
    }
    a_day_later(&house).await;
    assert_eq!(sweep(&house), 1);
    assert_eq!(smtp.mails().len(), 1, "{:?}", subjects(&smtp));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_becomes_slow_by_its_own_history_is_counted_and_told_and_never_mailed_as_broken() {
    let (mut house, smtp) = orders().await;
    house.instance("request_timeout", "\"30s\"");
    for _ in 0..8 {
        assert_eq!(sweep(&house), 0);
    }
    house.domo.set_card_latency(105, Duration::from_millis(5_300));
    assert_eq!(sweep(&house), 0);
    assert_eq!(subjects(&smtp), [""; 0]);
    let slow = acme(&house)["slow_cards"].take();
    assert_eq!((slow.as_array().unwrap().len(), &slow[0]["card_id"]), (1, &json!(105)));
    assert!(slow[0]["latency_ms"].as_u64() >= Some(5_300) && slow[0]["usual_ms"].as_u64() < Some(1_000), "{slow}");
    let table = house.run(&["status"]).stdout();
    assert!(table.contains("Order value") && table.contains("Slow: took"), "{table}");
    let history = house.run(&["history", "105"]).stdout();
    assert!(history.contains("slow: it took 5."), "{history}");
    let daemon = house.daemon().await;
    assert_eq!(daemon.series("cardwatch_slow_cards{domo_instance=\"acme\"}").await, Some(1.0));
    assert_eq!(daemon.series("cardwatch_cards{domo_instance=\"acme\",state=\"broken\"}").await, Some(0.0));
    daemon.kill();

    // The reminder tells of it, once there is one.
    house.domo.drop_column(ORDERS, "region_name");
    assert_eq!(sweep(&house), 1);
    assert!(!text(&smtp.mails()[0]).contains("Order value"), "{}", text(&smtp.mails()[0]));
    a_day_later(&house).await;
    assert_eq!(sweep(&house), 1);
    let told = text(&smtp.mails()[1]);
    assert!(told.contains("1 card is slow") && told.contains("Order value"), "{told}");

    house.domo.set_card_latency(105, Duration::ZERO);
    assert_eq!(sweep(&house), 1);
    assert_eq!(acme(&house)["slow_cards"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_without_data_is_counted_at_once_and_told_in_the_reminder_after_days_and_never_mailed_as_broken() {
    let (house, smtp) = orders().await;
    assert_eq!(sweep(&house), 0);
    house.domo.set(105, Behaviour::NoData);
    assert_eq!(sweep(&house), 0);
    assert_eq!(subjects(&smtp), [""; 0]);
    assert_eq!(acme(&house)["no_data_cards"][0]["card_id"], 105);
    let daemon = house.daemon().await;
    assert_eq!(daemon.series("cardwatch_no_data_cards{domo_instance=\"acme\"}").await, Some(1.0));
    daemon.kill();

    house.domo.drop_column(ORDERS, "region_name");
    sweep(&house);
    a_day_later(&house).await;
    sweep(&house);
    assert!(!text(&smtp.mails()[1]).contains("Order value"), "not for days yet");
    a_day_later(&house).await;
    house.write("UPDATE card_state SET no_data_since = no_data_since - 50 * 3600000").await;
    sweep(&house);
    let told = text(&smtp.mails()[2]);
    assert!(told.contains("1 card has had no data for days") && told.contains("Order value"), "{told}");
    assert!(house.run(&["status"]).stdout().contains("Without data since"));
}
