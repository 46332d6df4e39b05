//! A house whose cards are fed by datasets and owned by people, and what is mailed of it.

use chrono::{DateTime, Datelike as _, Utc};
use fake_domo::{FakeDomo, Owner};
use fake_smtp::{FakeSmtp, Mail};

use crate::house::House;

pub(crate) const ORDERS: &str = "3f1c2d4e-0a1b-4c2d-a3e4-5f6071829304";
pub(crate) const STOCK: &str = "77aa88bb-99cc-4dd0-a1e2-f30415263748";

/// The 15th of March 2024, in milliseconds since 1970.
pub(crate) const LONG_AGO: i64 = 1_710_500_000_000;

/// The cards that use the column `region_name` of Orders, on three pages.
pub(crate) const BY_REGION: [i64; 4] = [101, 102, 103, 104];

/// The cards that Stock feeds.
pub(crate) const OF_STOCK: [i64; 2] = [201, 202];

pub(crate) const DANA: i64 = 7_001;
pub(crate) const KIM: i64 = 7_002;

pub(crate) fn person(id: i64, name: &str) -> Owner {
    Owner { id, name: name.to_owned(), group: false }
}

/// Dana owns 101, 102 and 105, Kim 103 and 104 and what Stock feeds. All is well.
pub(crate) async fn orders() -> (House, FakeSmtp) {
    let mut house = House::beside(
        FakeDomo::empty()
            .page(10, "Sales overview")
            .page(20, "Board pack")
            .page(30, "Operations")
            .page(40, "Warehouse")
            .card(101, "Revenue by region", &[10, 20])
            .card(102, "Top regions", &[10])
            .card(103, "Margin by region", &[20])
            .card(104, "Returns by region", &[30])
            .card(105, "Order value", &[10])
            .card(201, "Stock level", &[40])
            .card(202, "Stock age", &[40]),
    )
    .await;
    for (owner, cards) in
        [(person(DANA, "Dana Reyes"), &[101, 102, 105][..]), (person(KIM, "Kim Lee"), &[103, 104, 201, 202])]
    {
        for card in cards {
            house.domo.describe_card(*card, std::slice::from_ref(&owner), &[]);
        }
    }
    house.domo.add_dataset(ORDERS, "Orders", &["region_name", "amount", "order_id"]);
    house.domo.add_dataset(STOCK, "Stock", &["quantity"]);
    for dataset in [ORDERS, STOCK] {
        house.domo.succeed_run(dataset, LONG_AGO);
    }
    house.domo.feed(ORDERS, &[101, 102, 103, 104, 105]);
    house.domo.feed(STOCK, &OF_STOCK);
    for card in BY_REGION {
        house.domo.use_columns(card, &["region_name"]);
    }
    house.domo.use_columns(105, &["amount"]);
    house.instance("pages", "[10, 20, 30, 40]");
    let smtp = FakeSmtp::start().await;
    house.mail_through(&smtp.url());
    (house, smtp)
}

/// Sweeps once and mails what is due; returns the exit code.
pub(crate) fn sweep(house: &House) -> i32 {
    house.run(&["sweep", "--alert"]).code()
}

pub(crate) fn subjects(smtp: &FakeSmtp) -> Vec<String> {
    smtp.mails().iter().map(|mail| mail.header("Subject").unwrap()).collect()
}

/// The text of a mail as if it stood on one line.
pub(crate) fn text(mail: &Mail) -> String {
    mail.text().unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A time as a mail's text writes it: with the day where the sweep that it tells of was on another one.
pub(crate) fn time_in(text: &str, at: DateTime<Utc>) -> String {
    let form = match (text.contains(&format!("Sweep of {}", at.format("%-d %B,"))), at.month(), at.day()) {
        (true, _, _) => "%H:%M",
        (false, 12, 31) => "%-d %B %Y, %H:%M",
        (false, _, _) => "%-d %B, %H:%M",
    };
    at.format(form).to_string()
}

/// The only instance, as `status` tells it.
pub(crate) fn acme(house: &House) -> serde_json::Value {
    house.run(&["status", "--format", "json"]).json()["instances"][0].take()
}

/// The cards of each open incident, the largest first.
pub(crate) fn cards_of(acme: &serde_json::Value) -> Vec<serde_json::Value> {
    acme["incidents"].as_array().unwrap().iter().map(|incident| incident["card_ids"].clone()).collect()
}
