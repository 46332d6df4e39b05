//! What happened lately, as the status page tells it.

use crate::house::House;
use crate::past::Past;
use crate::scenes::{read, ready, swept, working};

/// A house where one card was listed, and its past.
async fn watched() -> (House, Past) {
    let house = ready().await;
    house.show(swept("acme", [working("Revenue")]));
    let mut past = Past::of(&house).await;
    for card in 1..=3 {
        past.card(card, "Revenue").await;
    }
    (house, past)
}

/// What stands below 'Lately'.
async fn lately(house: &House) -> String {
    let body = house.ask("GET", "/", &[]).await.body;
    let (_, below) = body.split_once(">Lately</h2>").unwrap();
    read(below.split("</main>").next().unwrap())
}

async fn tells(house: &House, told: &str) {
    let lately = lately(house).await;
    assert!(lately.contains(told), "no '{told}' in: {lately}");
}

#[tokio::test]
async fn cards_that_broke_are_counted_by_sweep() {
    let (house, mut past) = watched().await;
    let sweep = past.sweep(15, 2, 0).await;
    for card in [1, 2] {
        past.broke(sweep, card, 15, "gone").await;
    }
    tells(&house, "07:46 UTC 2 cards broke at acme").await;
    let later = past.sweep(5, 3, 0).await;
    past.broke(later, 3, 5, "gone").await;
    tells(&house, "07:56 UTC 1 card broke at acme 07:46 UTC 2 cards broke at acme").await;
}

#[tokio::test]
async fn cards_that_recovered_are_counted_by_sweep() {
    let (house, mut past) = watched().await;
    let sweep = past.sweep(15, 0, 0).await;
    past.recovered(sweep, 1, 15).await;
    tells(&house, "07:46 UTC 1 card recovered at acme").await;
}

#[tokio::test]
async fn a_sweep_that_failed_says_why_and_what_it_says_cannot_steer_the_page() {
    let (house, mut past) = watched().await;
    past.sweep_that(15, "failed", Some("Domo answered <b>503</b>\nfor a while"), 0, 0).await;
    tells(&house, "07:46 UTC a sweep failed at acme: Domo answered <b>503</b> for a while").await;
}

#[tokio::test]
async fn a_sweep_that_was_skipped_says_why() {
    let (house, mut past) = watched().await;
    past.sweep_that(15, "skipped", None, 0, 0).await;
    tells(&house, "07:46 UTC a sweep was skipped at acme: the one before still ran").await;
}

#[tokio::test]
async fn a_mail_says_to_whom_it_went_and_its_subject() {
    let (house, mut past) = watched().await;
    let sweep = past.sweep(15, 1, 0).await;
    past.mailed(sweep, "[cardwatch] acme: 1 card broke (1 broken now)", "admins@example.com", 14).await;
    tells(&house, "07:46 UTC mailed to admins@example.com: [cardwatch] acme: 1 card broke (1 broken now)").await;
}

#[tokio::test]
async fn each_leads_to_the_instance_where_it_happened() {
    let (house, mut past) = watched().await;
    let sweep = past.sweep(15, 1, 0).await;
    past.broke(sweep, 1, 15, "gone").await;
    let body = house.ask("GET", "/", &[]).await.body;
    let (_, below) = body.split_once(">Lately</h2>").unwrap();
    assert!(below.contains(r#"<a href="/instances/acme">acme</a>"#), "{below}");
}
