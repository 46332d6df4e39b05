//! What broke cards have in common is one incident, from its first card to its last: in mail, status, gauge and
//! database.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use serde_json::json;

use crate::house::{EACH_SECOND, PATIENCE};
use crate::orders::{BY_REGION, OF_STOCK, ORDERS, STOCK, acme, cards_of, orders, subjects, sweep, text, time_in};

const MISCONFIGURED: &str = "cardwatch_incidents_open{class=\"Misconfigured card\",domo_instance=\"acme\"}";

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_column_is_one_mail_and_one_incident_until_it_is_back_and_a_deleted_dataset_another() {
    let (mut house, smtp) = orders().await;
    house.instance("schedule", &format!("\"{EACH_SECOND}\""));
    let daemon = house.daemon().await;
    daemon.wait_for_whole_sweeps(1).await;
    assert_eq!(daemon.series(MISCONFIGURED).await, Some(0.0));

    let failed_at = Utc::now() - TimeDelta::minutes(7);
    house.domo.fail_run(ORDERS, "Column region_name not found in source", failed_at.timestamp_millis());
    assert_eq!(house.domo.drop_column(ORDERS, "region_name"), BY_REGION);
    let mails = smtp.wait_for(1, PATIENCE).await.unwrap();
    assert_eq!(subjects(&smtp), ["[cardwatch] acme: 4 cards broke (4 broken now)"]);
    let told = text(&mails[0]);
    let title = "Dataset Orders lost column region_name: 4 cards on 3 pages, owned by 2 people";
    let failed = time_in(&told, failed_at);
    let run = format!("Dataset Orders: last run failed {failed}: Column region_name not found");
    let incident: i64 = house.ask("SELECT incident_id FROM incident").await;
    for words in [title, &run, &format!("incident {incident}, misconfigured card, since ")] {
        assert!(told.contains(words), "'{words}' is missing in: {told}");
    }
    assert!(mails[0].html().unwrap().contains("Column region_name not found"));
    daemon.wait_for(MISCONFIGURED, 1.0).await;
    let now = acme(&house);
    assert_eq!(cards_of(&now), [json!(BY_REGION)]);
    assert_eq!(now["incidents"][0]["title"], "Dataset Orders lost column region_name");
    assert_eq!(now["incidents"][0]["datasets"][0]["last_run"]["outcome"], "failed");
    let table = house.run(&["status"]).stdout();
    assert!(table.contains("  4 cards on 3 pages, owned by 2 people, since "), "as in the mail:\n{table}");
    let members = "SELECT count(*) FROM incident_card JOIN incident USING (incident_id)
                    WHERE left_at IS NULL AND closed_at IS NULL";
    assert_eq!(house.ask::<i64>(members).await, 4);

    daemon.wait_for_whole_sweeps(1).await;
    house.domo.delete_dataset(STOCK);
    let mails = smtp.wait_for(2, PATIENCE).await.unwrap();
    let told = text(&mails[1]);
    for words in ["Dataset Stock is gone: 2 cards on 1 page", "Dataset Stock: gone, or not shown"] {
        assert!(told.contains(words), "'{words}' is missing in: {told}");
    }
    assert!(!told.contains("Orders"), "what was told is not told again: {told}");
    daemon.wait_for(MISCONFIGURED, 2.0).await;
    assert_eq!(cards_of(&acme(&house)), [json!(BY_REGION), json!(OF_STOCK)]);

    daemon.wait_for_whole_sweeps(1).await;
    house.domo.restore_column(ORDERS, "region_name");
    let mails = smtp.wait_for(3, PATIENCE).await.unwrap();
    assert_eq!(mails[2].header("Subject").unwrap(), "[cardwatch] acme: 4 cards recovered (2 broken now)");
    assert_eq!(mails[2].header("In-Reply-To"), mails[0].header("Message-ID"));
    let over = format!("Incident {incident} (Dataset Orders lost column region_name) is over.");
    assert!(text(&mails[2]).contains(&over), "{}", text(&mails[2]));
    daemon.wait_for_whole_sweeps(1).await;
    assert_eq!(daemon.series(MISCONFIGURED).await, Some(1.0));
    assert_eq!(cards_of(&acme(&house)), [json!(OF_STOCK)]);
    assert_eq!(house.ask::<i64>("SELECT incident_id FROM incident WHERE closed_at IS NOT NULL").await, incident);
    assert_eq!(house.ask::<i64>("SELECT count(*) FROM incidents_open").await, 1);
    assert_eq!(smtp.mails().len(), 3, "{:?}", subjects(&smtp));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_keeps_its_id_as_it_grows_and_shrinks_and_closes_with_its_last_card() {
    let (house, smtp) = orders().await;
    house.domo.use_columns(104, &["amount"]);
    assert_eq!(sweep(&house), 0);
    house.domo.drop_column(ORDERS, "region_name");
    assert_eq!(sweep(&house), 1);
    let opened = acme(&house)["incidents"][0].take();
    assert_eq!(opened["card_ids"], json!([101, 102, 103]));

    house.domo.use_columns(104, &["region_name"]);
    sweep(&house);
    let grown = acme(&house)["incidents"][0].take();
    assert_eq!((&grown["id"], &grown["opened_at"]), (&opened["id"], &opened["opened_at"]));
    assert_eq!(grown["card_ids"], json!(BY_REGION));
    let mails = smtp.mails();
    assert_eq!(mails[1].header("Subject").unwrap(), "[cardwatch] acme: 1 card broke (4 broken now)");
    assert!(text(&mails[1]).contains("lost column region_name: 1 of its 4 cards"), "{}", text(&mails[1]));

    for card in [101, 102] {
        house.domo.use_columns(card, &["amount"]);
    }
    sweep(&house);
    let shrunk = acme(&house)["incidents"][0].take();
    assert_eq!((&shrunk["id"], &shrunk["card_ids"]), (&opened["id"], &json!([103, 104])));
    assert!(!text(&smtp.mails()[2]).contains("is over"));

    house.domo.restore_column(ORDERS, "region_name");
    assert_eq!(sweep(&house), 0);
    assert_eq!(acme(&house)["incidents"], json!([]));
    assert!(text(&smtp.mails()[3]).contains(&format!("Incident {} (", opened["id"])));
    let history = house.run(&["history", "101", "--format", "json"]).json();
    assert_eq!(history["incidents"][0]["id"], opened["id"]);
    assert!(!history["incidents"][0]["left_at"].is_null());

    house.domo.drop_column(ORDERS, "region_name");
    sweep(&house);
    let again = acme(&house)["incidents"][0].take();
    assert!(again["id"].as_i64() > opened["id"].as_i64(), "an id is given once: {again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_of_a_page_leaves_the_cards_elsewhere_in_their_incident() {
    let (house, _smtp) = orders().await;
    assert_eq!(sweep(&house), 0);
    house.domo.drop_column(ORDERS, "region_name");
    assert_eq!(house.run(&["sweep", "--page", "10"]).code(), 1);
    let first = acme(&house)["incidents"][0].take();
    assert_eq!(first["card_ids"], json!([101, 102]), "only these were looked at");
    assert_eq!(house.run(&["sweep", "--page", "30"]).code(), 1);
    let now = acme(&house);
    assert_eq!(cards_of(&now), [json!([101, 102, 104])]);
    assert_eq!(now["incidents"][0]["id"], first["id"]);

    for card in [101, 102] {
        house.domo.use_columns(card, &["amount"]);
    }
    assert_eq!(house.run(&["sweep", "--page", "10"]).code(), 0);
    let now = acme(&house);
    assert_eq!(cards_of(&now), [json!([104])]);
    assert_eq!(now["incidents"][0]["id"], first["id"]);
    assert_eq!(sweep(&house), 1);
    let now = acme(&house);
    assert_eq!(cards_of(&now), [json!([103, 104])]);
    assert_eq!(now["incidents"][0]["id"], first["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_starts_again_knows_the_incidents_at_its_first_scrape() {
    let (house, _smtp) = orders().await;
    assert_eq!(sweep(&house), 0);
    house.domo.drop_column(ORDERS, "region_name");
    house.domo.delete_dataset(STOCK);
    sweep(&house);
    let before = acme(&house)["incidents"].take();
    house.daemon().await.kill();
    let daemon = house.daemon().await;
    assert_eq!(daemon.series(MISCONFIGURED).await, Some(2.0));
    assert_eq!(acme(&house)["incidents"], before);
    let (_, took) = daemon.stop("-TERM");
    assert!(took < Duration::from_secs(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_columns_that_a_dataset_lost_between_two_looks_are_told() {
    let (house, smtp) = orders().await;
    assert_eq!(sweep(&house), 0);
    house.domo.drop_column(ORDERS, "region_name");
    sweep(&house);
    assert!(!text(&smtp.mails()[0]).contains("lost column region_name between"), "there was no earlier look");
    house.domo.restore_column(ORDERS, "region_name");
    assert_eq!(sweep(&house), 0);
    house.domo.drop_column(ORDERS, "amount");
    sweep(&house);
    let told = text(&smtp.mails()[2]);
    assert!(told.contains("Dataset Orders: lost column amount and gained column region_name "), "{told}");
    let table = house.run(&["status"]).stdout();
    assert!(table.contains("dataset Orders: lost column amount and gained column region_name "), "{table}");
    let orders = acme(&house)["incidents"][0]["datasets"][0].take();
    assert_eq!(orders["schema_change"]["lost"], json!(["amount"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_columns_that_a_dataset_lost_after_an_incident_opened_are_not_offered_as_its_cause() {
    let (house, smtp) = orders().await;
    assert_eq!(sweep(&house), 0);
    house.domo.drop_column(ORDERS, "region_name");
    sweep(&house);
    house.domo.drop_column(ORDERS, "amount");
    sweep(&house);
    let told = text(&smtp.mails()[1]);
    assert!(told.contains("Dataset Orders lost columns amount and region_name: 1 of its 5 cards"), "{told}");
    assert!(told.contains("Dataset Orders: last run succeeded ") && !told.contains("lost column amount"), "{told}");
    let table = house.run(&["status"]).stdout();
    assert!(table.contains("dataset Orders: last run succeeded ") && !table.contains("lost column amount"), "{table}");
    assert_eq!(acme(&house)["incidents"][0]["datasets"][0]["schema_change"], json!(null));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_whose_last_card_is_deleted_is_over_and_nobody_is_told_that_it_recovered() {
    let (house, smtp) = orders().await;
    assert_eq!(sweep(&house), 0);
    house.domo.delete_dataset(STOCK);
    assert_eq!(sweep(&house), 1);
    house.domo.remove_card(201);
    assert_eq!(sweep(&house), 1);
    assert_eq!(cards_of(&acme(&house)), [json!([202])]);
    house.domo.add_card(203, "Stock turnover", &[40]);
    house.domo.remove_card(202);
    assert_eq!(sweep(&house), 0);
    assert_eq!(acme(&house)["incidents"], json!([]));
    assert_eq!(house.ask::<i64>("SELECT count(*) FROM incident WHERE closed_at IS NULL").await, 0);
    assert_eq!(house.daemon().await.series(MISCONFIGURED).await, Some(0.0));
    assert_eq!(subjects(&smtp), ["[cardwatch] acme: 2 cards broke (2 broken now)"]);
}
