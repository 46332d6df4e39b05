//! What Domo says of the datasets of broken cards: asked for when cards newly break and not else, a few calls, and never
//! at the price of the report.

use fake_domo::{FakeDomo, Trouble};
use fake_smtp::FakeSmtp;
use serde_json::json;

use crate::house::House;
use crate::orders::{BY_REGION, LONG_AGO, ORDERS, acme, cards_of, orders, subjects, sweep, text};

const UPSTREAM: [&str; 4] = ["dataset", "stream", "stream_runs", "schema"];

/// The calls about datasets since this was last asked.
fn calls(house: &House) -> u64 {
    let calls = UPSTREAM.iter().map(|endpoint| house.domo.calls(endpoint)).sum();
    house.domo.reset_counts();
    calls
}

#[tokio::test(flavor = "multi_thread")]
async fn domo_is_asked_about_datasets_only_when_cards_newly_break() {
    let (house, smtp) = orders().await;
    assert_eq!(sweep(&house), 0);
    assert_eq!(calls(&house), 0, "nothing is broken");
    house.domo.drop_column(ORDERS, "region_name");
    sweep(&house);
    assert_eq!(calls(&house), 3, "the dataset, its stream, its schema");
    assert_eq!(sweep(&house), 1);
    assert_eq!(calls(&house), 0, "nothing is newly broken");
    house.domo.restore_column(ORDERS, "region_name");
    assert_eq!(sweep(&house), 0);
    assert_eq!(calls(&house), 0, "cards recovered");
    assert_eq!(smtp.mails().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_over_many_datasets_asks_about_the_five_that_feed_most_cards() {
    let cards = || {
        (0..8_i64)
            .flat_map(|dataset| (0..=i64::from(dataset > 2)).map(move |card| (dataset, 100 + 10 * dataset + card)))
    };
    let fake = cards()
        .fold(FakeDomo::empty().page(10, "All"), |fake, (_, card)| fake.card(card, &format!("Card {card}"), &[10]));
    let mut house = House::beside(fake).await;
    let id = |dataset: i64| format!("00000000-0000-4000-a000-00000000000{dataset}");
    for dataset in 0..8 {
        house.domo.add_dataset(&id(dataset), &format!("Source {dataset}"), &["name"]);
        house.domo.succeed_run(&id(dataset), LONG_AGO);
    }
    for (dataset, card) in cards() {
        house.domo.feed(&id(dataset), &[card]);
    }
    house.instance("pages", "[10]");
    let smtp = FakeSmtp::start().await;
    house.mail_through(&smtp.url());
    assert_eq!(sweep(&house), 0);
    calls(&house);
    for dataset in 0..8 {
        house.domo.drop_column(&id(dataset), "name");
    }
    assert_eq!(sweep(&house), 1);
    assert_eq!(house.domo.calls("dataset"), 5);
    let all = calls(&house);
    assert!(all <= 15, "{all} calls");
    let told = text(&smtp.mails()[0]);
    for dataset in 3..8 {
        assert!(told.contains(&format!("Dataset Source {dataset}: last run succeeded ")), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_wrong_with_these_calls_the_report_goes_out_without_them_and_the_log_says_so() {
    let (mut house, smtp) = orders().await;
    house.instance("request_timeout", "\"1s\"");
    assert_eq!(sweep(&house), 0);
    let troubles = [
        Trouble::Status(403),
        Trouble::Status(500),
        Trouble::Status(401),
        Trouble::Html,
        Trouble::Junk,
        Trouble::Says("[null]".to_owned()),
        Trouble::Disconnects,
        Trouble::Hangs,
    ];
    for (round, trouble) in troubles.into_iter().enumerate() {
        for endpoint in UPSTREAM {
            house.domo.set_trouble(endpoint, Some(trouble.clone()));
        }
        house.domo.drop_column(ORDERS, "region_name");
        let broke = house.run(&["--log-level", "debug", "sweep", "--alert"]);
        assert_eq!(broke.code(), 1, "{trouble:?}");
        let log = broke.stderr();
        assert!(log.contains("not learnt from Domo: dataset "), "{trouble:?}: {log}");
        let mails = smtp.mails();
        assert_eq!(mails.len(), 2 * round + 1, "{trouble:?}: {log}");
        let told = text(&mails[2 * round]);
        assert!(told.contains("Dataset Orders lost column region_name: 4 cards on 3 pages"), "{trouble:?}: {told}");
        house.domo.restore_column(ORDERS, "region_name");
        assert_eq!(sweep(&house), 0);
        // Else they flap.
        house.write("DELETE FROM transition").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_list_names_no_datasets_those_of_newly_broken_cards_are_asked_for() {
    let (mut house, smtp) = orders().await;
    house.instance("pages", "\"all\"");
    assert_eq!(sweep(&house), 0);
    assert_eq!(house.domo.calls("card_details"), 0);
    house.domo.drop_column(ORDERS, "region_name");
    sweep(&house);
    assert_eq!(house.domo.calls("card_details"), 1);
    let told = text(&smtp.mails()[0]);
    assert!(told.contains("Dataset Orders lost column region_name: 4 cards on 3 pages"), "{told}");
    assert_eq!(sweep(&house), 1);
    assert_eq!(house.domo.calls("card_details"), 1, "it is known now");
    assert_eq!(subjects(&smtp).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_datasets_cannot_be_asked_for_either_the_cards_are_grouped_without_them() {
    let (mut house, smtp) = orders().await;
    house.instance("pages", "\"all\"");
    assert_eq!(sweep(&house), 0);
    house.domo.set_trouble("card_details", Some(Trouble::Status(403)));
    house.domo.drop_column(ORDERS, "region_name");
    let broke = house.run(&["--log-level", "debug", "sweep", "--alert"]);
    let log = broke.stderr();
    assert!(log.contains("not learnt from Domo: the datasets of cards: "), "{log}");
    let told = text(&smtp.mails()[0]);
    assert!(told.contains("Column region_name is missing: 4 cards on 3 pages"), "{told}");
    assert_eq!(cards_of(&acme(&house)), [json!(BY_REGION)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_domo_said_of_an_earlier_breakage_is_not_told_of_a_new_one() {
    let (house, smtp) = orders().await;
    assert_eq!(sweep(&house), 0);
    house.domo.delete_dataset(ORDERS);
    assert_eq!(sweep(&house), 1);
    assert!(text(&smtp.mails()[0]).contains("Dataset Orders: gone, or not shown"), "{}", text(&smtp.mails()[0]));
    house.domo.restore_dataset(ORDERS);
    assert_eq!(sweep(&house), 0);
    for endpoint in UPSTREAM {
        house.domo.set_trouble(endpoint, Some(Trouble::Status(503)));
    }
    house.domo.drop_column(ORDERS, "region_name");
    assert_eq!(sweep(&house), 1);
    let told = text(&smtp.mails()[2]);
    assert!(!told.contains("Dataset Orders: "), "{told}");
    let table = house.run(&["status"]).stdout();
    assert!(!table.contains("gone, or not shown"), "{table}");
    let orders = acme(&house)["incidents"][0]["datasets"][0].take();
    assert_eq!((&orders["gone"], &orders["looked_at"]), (&json!(null), &json!(null)));
}
