//! What lies behind the cards: datasets and what happens to them, owners' addresses, calls that fail.

use std::time::Duration;

use fake_domo::{Behaviour, Domo, FakeDomo, Owner, RunOrder, RunTimes, Spec, Trouble};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::client::{get, render, with_token};

const ORDERS: &str = "5e88c674-d499-4a97-a834-60797d0d17d4";
const NOON: i64 = 1_734_458_216_500;

/// A dataset with two columns that feeds two cards: one uses the region, the other the amount.
async fn domo_with_orders() -> Domo {
    let fake = FakeDomo::empty().page(10, "Sales").card(1, "Revenue", &[10]).card(2, "Orders", &[10]);
    let domo = fake.dataset(ORDERS, "Orders", &["region_name", "amount"], &[1, 2]).start().await;
    domo.use_columns(1, &["region_name"]);
    domo.use_columns(2, &["amount"]);
    domo
}

fn dataset_path() -> String {
    format!("/api/data/v3/datasources/{ORDERS}")
}

fn schema_path() -> String {
    format!("/api/query/v1/datasources/{ORDERS}/schema/indexed?includeHidden=false")
}

async fn status(domo: &Domo, path: &str) -> u16 {
    with_token(domo, Method::GET, path).send().await.unwrap().status().as_u16()
}

/// The status of a render and its `details.error`.
async fn rendered(domo: &Domo, card: i64) -> (u16, Value) {
    let response = render(domo, card).await;
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    (status, body["details"]["error"].clone())
}

async fn runs(domo: &Domo) -> Vec<i64> {
    let stream = domo.datasets()[0].stream.unwrap();
    let runs = get(domo, &format!("/api/data/v1/streams/{stream}/executions?limit=2&offset=0")).await;
    runs.as_array().unwrap().iter().map(|run| run["executionId"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn a_dropped_column_breaks_the_cards_that_use_it_until_it_is_back() {
    let domo = domo_with_orders().await;
    assert_eq!(domo.drop_column(ORDERS, "region_name"), [1]);
    assert_eq!(rendered(&domo, 1).await, (400, json!("Invalid column(s) referenced: region_name")));
    assert_eq!(rendered(&domo, 2).await.0, 200);
    assert_eq!(get(&domo, &schema_path()).await["tables"][0]["columns"][0]["name"], "amount");
    domo.restore_column(ORDERS, "region_name");
    assert_eq!(rendered(&domo, 1).await.0, 200);
}

#[tokio::test]
async fn a_card_uses_the_same_column_each_time_where_none_is_named() {
    let columns = || async { FakeDomo::new(Spec::new(7).cards(40)).start().await.cards() };
    let (one, other) = (columns().await, columns().await);
    assert_eq!(one, other);
    let kpi: Vec<_> = one.iter().filter(|card| card.kind == "kpi").collect();
    assert!(kpi.iter().all(|card| card.columns.len() == 1));
    assert!(kpi.iter().any(|card| card.columns != kpi[0].columns), "all use one column");
}

#[tokio::test]
async fn a_deleted_dataset_breaks_its_cards_and_is_not_found_until_it_is_back() {
    let domo = domo_with_orders().await;
    assert_eq!(domo.delete_dataset(ORDERS), [1, 2]);
    assert_eq!(rendered(&domo, 2).await, (400, json!(format!("Dataset {ORDERS} is not indexed"))));
    assert_eq!((status(&domo, &dataset_path()).await, status(&domo, &schema_path()).await), (404, 400));
    domo.restore_dataset(ORDERS);
    assert_eq!((rendered(&domo, 2).await.0, status(&domo, &dataset_path()).await), (200, 200));
}

#[tokio::test]
async fn what_a_card_does_by_itself_goes_before_what_its_dataset_does_to_it() {
    let domo = domo_with_orders().await;
    domo.delete_dataset(ORDERS);
    domo.set(1, Behaviour::ServerError);
    domo.set(2, Behaviour::NoData);
    assert_eq!((rendered(&domo, 1).await.0, rendered(&domo, 2).await.0), (500, 400));
    domo.heal_all();
    assert_eq!((rendered(&domo, 1).await.0, rendered(&domo, 2).await.0), (200, 200));
}

#[tokio::test]
async fn a_run_that_fails_leaves_the_data_and_changes_the_state() {
    let domo = domo_with_orders().await;
    domo.succeed_run(ORDERS, NOON);
    domo.fail_run(ORDERS, "Login failed", NOON + 60_000);
    let dataset = get(&domo, &dataset_path()).await;
    assert_eq!((dataset["state"].as_str(), dataset["lastUpdated"].as_i64()), (Some("ERROR"), Some(NOON)));
    let card = &get(&domo, "/api/content/v3/stacks/10/cards?parts=datasources").await["cards"][0]["datasources"][0];
    assert_eq!((card["state"].as_str(), card["lastUpdated"].as_i64()), (Some("ERROR"), Some(NOON)));
    let stream = get(&domo, &format!("/api/data/v1/streams/{}", dataset["streamId"])).await;
    assert_eq!(stream["lastExecution"]["errors"][0]["message"], "Login failed");
    assert_eq!(stream["lastSuccessfulExecution"]["endedAt"], json!(1_734_458_216.5));
    assert_eq!(stream["currentExecution"], Value::Null);
}

#[tokio::test]
async fn a_run_that_has_not_ended_is_the_current_one() {
    let domo = domo_with_orders().await;
    domo.begin_run(ORDERS, NOON);
    let stream = get(&domo, &format!("/api/data/v1/streams/{}", domo.datasets()[0].stream.unwrap())).await;
    assert_eq!(stream["currentExecution"]["currentState"], "ACTIVE");
    assert_eq!((&stream["currentExecution"]["endedAt"], &stream["lastExecution"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn runs_are_listed_in_either_order_and_with_either_kind_of_time() {
    let domo = domo_with_orders().await;
    for minute in 0..3 {
        domo.succeed_run(ORDERS, NOON + minute * 60_000);
    }
    assert_eq!(runs(&domo).await, [1, 2]);
    domo.set_runs(RunOrder::NewestFirst, RunTimes::Millis);
    assert_eq!(runs(&domo).await, [3, 2]);
    let stream = get(&domo, &format!("/api/data/v1/streams/{}", domo.datasets()[0].stream.unwrap())).await;
    assert_eq!(stream["lastExecution"]["endedAt"], NOON + 120_000);
}

#[tokio::test]
async fn a_dataset_without_a_stream_names_none() {
    let domo = domo_with_orders().await;
    domo.set_stream(ORDERS, None);
    assert!(get(&domo, &dataset_path()).await.get("streamId").is_none());
    assert_eq!(status(&domo, "/api/data/v1/streams/371").await, 404);
}

#[tokio::test]
async fn an_owner_has_an_address_unless_it_is_a_group_or_a_test_says_otherwise() {
    let domo = domo_with_orders().await;
    let owner = |id, name: &str, group| Owner { id, name: name.to_owned(), group };
    domo.describe_card(1, &[owner(7, "Jonas Weiß", false), owner(8, "Finance BI", true)], &[]);
    assert_eq!(get(&domo, "/api/content/v2/users/7").await["emailAddress"], "jonas@example.com");
    assert_eq!(status(&domo, "/api/content/v2/users/8").await, 404);
    domo.set_email(7, None);
    assert!(get(&domo, "/api/content/v2/users/7").await.get("emailAddress").is_none());
    domo.add_user(9, "Mei Tanaka", Some("mei@acme.example"));
    assert_eq!(get(&domo, "/api/content/v2/users/9").await["emailAddress"], "mei@acme.example");
}

#[tokio::test]
async fn a_page_has_the_owners_that_it_is_given() {
    let domo = domo_with_orders().await;
    domo.describe_page(10, &[Owner { id: 7, name: "Finance BI".to_owned(), group: true }]);
    let pages = crate::client::post(&domo, "/api/content/v1/pages/adminsummary", &json!({})).await;
    let owner = json!({"id": 7, "type": "GROUP", "displayName": "Finance BI"});
    assert_eq!(pages["pageAdminSummaries"][0]["owners"], json!([owner]));
}

#[tokio::test]
async fn the_count_of_invalid_beast_modes_is_what_a_test_says() {
    let domo = domo_with_orders().await;
    domo.set_invalid_functions(3);
    assert_eq!(get(&domo, "/api/query/v1/functions/statistics").await["invalid"], 3);
}

#[tokio::test]
async fn the_calls_of_one_endpoint_can_fail_while_the_others_are_well() {
    let domo = domo_with_orders().await;
    domo.set_trouble("schema", Some(Trouble::Status(403)));
    assert_eq!((status(&domo, &schema_path()).await, status(&domo, &dataset_path()).await), (403, 200));
    domo.set_trouble("schema", Some(Trouble::Says("[]".to_owned())));
    assert_eq!(get(&domo, &schema_path()).await, json!([]));
    for trouble in [Trouble::Html, Trouble::Junk] {
        domo.set_trouble("schema", Some(trouble));
        let response = with_token(&domo, Method::GET, &schema_path()).send().await.unwrap();
        assert!(response.json::<Value>().await.is_err());
    }
    domo.set_trouble("schema", Some(Trouble::Disconnects));
    assert!(with_token(&domo, Method::GET, &schema_path()).send().await.is_err());
    domo.set_trouble("schema", None);
    assert_eq!((status(&domo, &schema_path()).await, domo.calls("schema")), (200, 6));
}

#[tokio::test]
async fn one_card_can_be_slow_whatever_comes_of_its_render() {
    let domo = domo_with_orders().await;
    domo.set_card_latency(1, Duration::from_millis(80));
    domo.set(1, Behaviour::broken("No indexed schema found"));
    let began = Instant::now();
    assert_eq!(rendered(&domo, 1).await.0, 400);
    assert!(began.elapsed() >= Duration::from_millis(80));
}
