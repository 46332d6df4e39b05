//! The views that people with a SQL shell read.

use cardwatch::domain::sweep::Scope;

use crate::house::{House, plan};
use crate::nouns::{DAY, fails, listing, page, unchecked, works};

fn texts(rows: &[&str]) -> Vec<Option<String>> {
    rows.iter().map(|row| Some((*row).to_owned())).collect()
}

/// The house's cards seen just now by the wall clock, which is what `broken_now` goes by.
async fn move_to_now(house: &House) {
    house.execute("UPDATE card_state SET decided_at = unixepoch() * 1000").await.unwrap();
}

#[tokio::test]
async fn broken_now_names_each_broken_card_once_with_its_pages() {
    let house = House::new().await;
    let listing = listing(Scope::Pages, vec![page(10, &[1, 2]), page(20, &[1])]);
    house.sweep_plan("acme", 0, plan(listing), &[(1, fails("No such column")), (2, works())]).await;
    move_to_now(&house).await;
    let row = "SELECT json_array(instance, card_id, title, pages, since, reason, url) FROM broken_now";
    let expected = r#"["acme",1,"Card 1","Page 10, Page 20","2026-11-02T07:00:00Z","No such column","https://acme.domo.com/kpis/details/1"]"#;
    assert_eq!(house.texts(row).await, texts(&[expected]));
}

#[tokio::test]
async fn broken_now_shows_a_card_that_is_on_no_page() {
    let house = House::new().await;
    let mut listing = listing(Scope::Instance, vec![]);
    listing.cards.insert(cardwatch::domain::ids::CardId(7), crate::nouns::card(7));
    listing.loose.insert(cardwatch::domain::ids::CardId(7));
    house.sweep_plan("acme", 0, plan(listing), &[(7, fails("x"))]).await;
    move_to_now(&house).await;
    assert_eq!(house.texts("SELECT pages FROM broken_now").await, [None]);
}

#[tokio::test]
async fn broken_now_leaves_out_what_is_removed_stale_or_mended() {
    let house = House::new().await;
    house.sweep(0, &[(1, fails("x")), (2, fails("x")), (3, fails("x")), (4, fails("x"))]).await;
    house.sweep(15, &[(2, fails("x")), (3, works()), (4, unchecked())]).await;
    move_to_now(&house).await;
    let stale = format!("UPDATE card_state SET decided_at = decided_at - {} WHERE card_key = 2", DAY.as_millis());
    house.execute(&stale).await.unwrap();
    assert_eq!(house.texts("SELECT title FROM broken_now").await, texts(&["Card 4"]));
}

#[tokio::test]
async fn results_gives_each_render_in_plain_words() {
    let house = House::new().await;
    house.sweep(0, &[(1, works()), (2, fails("x")), (3, unchecked())]).await;
    let row = "SELECT json_array(instance, card_id, title, checked_at, verdict, reason, latency_ms)
                 FROM results ORDER BY card_id";
    assert_eq!(
        house.texts(row).await,
        texts(&[
            r#"["acme",1,"Card 1","2026-11-02T07:00:00Z","working",null,250]"#,
            r#"["acme",2,"Card 2","2026-11-02T07:00:00Z","broken","x",250]"#,
            r#"["acme",3,"Card 3","2026-11-02T07:00:00Z","unchecked","no access (403)",250]"#,
        ])
    );
}

#[tokio::test]
async fn results_shows_removed_cards_too() {
    let house = House::new().await;
    house.sweep(0, &[(1, works()), (2, works())]).await;
    house.sweep(15, &[(2, works())]).await;
    assert_eq!(house.number("SELECT count(*) FROM results WHERE card_id = 1").await, 1);
}

#[tokio::test]
async fn incidents_open_counts_the_cards_that_broken_now_shows() {
    let house = House::new().await;
    house.sweep(0, &[(1, fails("x")), (2, fails("x")), (3, fails("x")), (4, works())]).await;
    house.sweep(15, &[(1, fails("x")), (2, fails("x")), (3, works()), (4, works())]).await;
    move_to_now(&house).await;
    let stale = format!("UPDATE card_state SET decided_at = decided_at - {} WHERE card_key = 2", DAY.as_millis());
    house.execute(&stale).await.unwrap();
    let row = "SELECT json_array(instance, incident_id, class, opened_at, cards) FROM incidents_open";
    assert_eq!(house.texts(row).await, texts(&[r#"["acme",1,"Misconfigured card","2026-11-02T07:00:00Z",1]"#]));
    assert_eq!(house.texts("SELECT title FROM incidents_open").await, house.texts("SELECT title FROM incident").await);
    house.sweep(30, &[(4, works())]).await;
    assert!(house.texts(row).await.is_empty());
}
