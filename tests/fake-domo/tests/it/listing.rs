//! Pages, cards and apps as they are listed.

use fake_domo::{Domo, FakeDomo, PageAnswer, Spec};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{get, post, with_token};

const PAGES: &str = "/api/content/v1/pages/adminsummary";
const CARDS: &str = "/api/content/v2/cards/adminsummary";
const APPS: &str = "/api/content/v1/dataapps/adminsummary";

/// Three levels of pages, an empty one, an app, a card on two pages, and one on none.
async fn small_domo() -> Domo {
    FakeDomo::empty()
        .page(1, "Sales")
        .subpage(2, 1, "EMEA")
        .subpage(3, 2, "Germany")
        .page(4, "Sandbox")
        .app(50, "Cockpit", &[(51, "Pipeline"), (52, "Forecast")])
        .card(100, "Revenue", &[1, 3])
        .card(101, "Orders", &[1])
        .card(102, "Win rate", &[51])
        .card(103, "Orphan", &[])
        .card_of_type(104, "Handbook", "document", &[1, -100_003])
        .start()
        .await
}

/// Every element of a list that comes in batches.
async fn all(domo: &Domo, path: &str, key: &str, limit: usize) -> Vec<Value> {
    let mut all = Vec::new();
    loop {
        let at = format!("{path}?limit={limit}&skip={}", all.len());
        let body = post(domo, &at, &json!({})).await;
        let batch = body[key].as_array().unwrap().clone();
        let last = batch.len() < limit;
        all.extend(batch);
        if last {
            return all;
        }
    }
}

fn numbers(values: &[Value], key: &str) -> Vec<i64> {
    values.iter().map(|value| value[key].as_i64().unwrap()).collect()
}

async fn page(domo: &Domo, id: i64) -> Value {
    let parts = "metadata,datasources,owners";
    get(domo, &format!("/api/content/v3/stacks/{id}/cards?parts={parts}")).await
}

async fn page_status(domo: &Domo, id: i64) -> u16 {
    let path = format!("/api/content/v3/stacks/{id}/cards");
    let response = with_token(domo, Method::GET, &path).send().await.unwrap();
    response.status().as_u16()
}

#[tokio::test]
async fn the_list_of_pages_has_no_system_pages_and_no_views_of_apps() {
    let domo = small_domo().await;
    let pages = all(&domo, PAGES, "pageAdminSummaries", 100).await;
    // By title: EMEA, Germany, Sales, Sandbox.
    assert_eq!(numbers(&pages, "pageId"), [2, 3, 1, 4]);
}

#[tokio::test]
async fn a_page_names_its_parent_and_the_top_page_or_null() {
    let domo = small_domo().await;
    let pages = all(&domo, PAGES, "pageAdminSummaries", 100).await;
    assert_eq!(pages[1]["parentPageId"], 2);
    assert_eq!(pages[1]["parentPageTitle"], "EMEA");
    assert_eq!(pages[1]["topPageId"], 1);
    assert_eq!(pages[2]["parentPageId"], Value::Null);
    assert_eq!(pages[2]["topPageId"], Value::Null);
}

#[tokio::test]
async fn the_card_count_of_an_empty_page_is_null() {
    let domo = small_domo().await;
    let pages = all(&domo, PAGES, "pageAdminSummaries", 100).await;
    assert_eq!(pages[2]["cardCount"], 3);
    assert_eq!(pages[3]["cardCount"], Value::Null);
}

#[tokio::test]
async fn pages_come_in_batches_that_miss_none_and_repeat_none() {
    let domo = FakeDomo::new(Spec::new(7).pages(342)).start().await;
    let pages = all(&domo, PAGES, "pageAdminSummaries", 100).await;
    let mut ids = numbers(&pages, "pageId");
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 342);
    assert_eq!(domo.calls("pages"), 4);
}

#[tokio::test]
async fn pages_can_be_asked_for_by_parent() {
    let domo = small_domo().await;
    let body = post(&domo, PAGES, &json!({"parentPageIds": [1, 2]})).await;
    let pages = body["pageAdminSummaries"].as_array().unwrap();
    assert_eq!(numbers(pages, "pageId"), [2, 3]);
    assert_eq!(body["totalPageCount"], 2);
}

#[tokio::test]
async fn more_than_ten_parents_give_nothing() {
    let domo = small_domo().await;
    let parents: Vec<i64> = (1..=11).collect();
    let body = post(&domo, PAGES, &json!({"parentPageIds": parents})).await;
    assert_eq!(body["pageAdminSummaries"], json!([]));
}

#[tokio::test]
async fn the_id_of_a_listed_page_is_text_and_that_of_a_card_a_number() {
    let domo = small_domo().await;
    let body = page(&domo, 1).await;
    assert_eq!(body["id"], "1");
    assert_eq!(body["type"], "page");
    assert_eq!(body["cards"][0]["id"], 100);
    assert_eq!(body["cards"][0]["urn"], "100");
    assert_eq!(body["cards"][0]["owners"][0]["id"], "1200000002");
}

#[tokio::test]
async fn a_card_has_only_the_parts_asked_for() {
    let domo = small_domo().await;
    let body = get(&domo, "/api/content/v3/stacks/1/cards?parts=metadata").await;
    let card = &body["cards"][0];
    assert!(card["metadata"]["chartType"].is_string());
    assert!(card.get("owners").is_none());
    assert!(card.get("datasources").is_none());
}

#[tokio::test]
async fn a_view_of_an_app_serves_as_a_page_of_another_type() {
    let domo = small_domo().await;
    let body = page(&domo, 51).await;
    assert_eq!(body["type"], "dav");
    assert_eq!(body["cards"][0]["id"], 102);
}

#[tokio::test]
async fn system_pages_exist_and_hold_cards() {
    let domo = small_domo().await;
    assert_eq!(page(&domo, -100_003).await["cards"][0]["id"], 104);
    assert_eq!(page(&domo, -100_000).await["cards"], json!([]));
}

#[tokio::test]
async fn a_missing_page_is_a_404() {
    let domo = small_domo().await;
    assert_eq!(page_status(&domo, 9).await, 404);
    domo.remove_page(4);
    assert_eq!(page_status(&domo, 4).await, 404);
}

#[tokio::test]
async fn a_page_can_refuse_or_hide_its_cards() {
    let domo = small_domo().await;
    for status in [403, 404, 500] {
        domo.set_page_answer(1, PageAnswer::Status(status));
        assert_eq!(page_status(&domo, 1).await, status);
    }
    domo.set_page_answer(1, PageAnswer::NoCards);
    assert_eq!(page(&domo, 1).await["cards"], json!([]));
    domo.set_page_answer(1, PageAnswer::Cards);
    assert_eq!(page(&domo, 1).await["cards"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn the_list_of_all_cards_has_one_row_a_card_with_every_page() {
    let domo = small_domo().await;
    let cards = all(&domo, CARDS, "cardAdminSummaries", 2).await;
    // By title: Handbook, Orders, Orphan, Revenue, Win rate.
    assert_eq!(numbers(&cards, "id"), [104, 101, 103, 100, 102]);
    let revenue = &cards[3]["pageHierarchy"];
    assert_eq!(numbers(revenue.as_array().unwrap(), "pageId"), [1, 3]);
    assert_eq!(revenue[1]["parentPageTitle"], "EMEA");
    assert_eq!(cards[2]["pageHierarchy"], json!([]));
    assert_eq!(cards[0]["type"], "document");
}

#[tokio::test]
async fn cards_by_id_leave_out_what_does_not_exist() {
    let domo = small_domo().await;
    let body = get(&domo, "/api/content/v1/cards?urns=103,9,100&parts=owners").await;
    assert_eq!(numbers(body.as_array().unwrap(), "id"), [103, 100]);
    assert_eq!(get(&domo, "/api/content/v1/cards?urns=9").await, json!([]));
}

#[tokio::test]
async fn apps_are_listed_and_name_their_views() {
    let domo = small_domo().await;
    let body = post(&domo, APPS, &json!({"orderBy": "title"})).await;
    assert_eq!(body["dataAppAdminSummaries"][0]["dataAppId"], 50);
    assert_eq!(body["totalDataAppCount"], 1);
    let app = get(&domo, "/api/content/v1/dataapps/50").await;
    assert_eq!(numbers(app["views"].as_array().unwrap(), "viewId"), [51, 52]);
}

#[tokio::test]
async fn the_lists_of_admins_need_admin_rights() {
    let domo = small_domo().await;
    domo.set_admin(false);
    for path in [PAGES, CARDS, APPS] {
        let request = with_token(&domo, Method::POST, path).json(&json!({}));
        assert_eq!(request.send().await.unwrap().status(), 403, "{path}");
    }
    assert_eq!(page_status(&domo, 1).await, 200);
}
