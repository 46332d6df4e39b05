//! A sweep that finds nothing new writes what it measured and no more: another program has forbidden the rest.

use std::time::Duration;

use cardwatch::domain::closing::{Asked, Closing};

use crate::house::{House, plan, plan_of};
use crate::listings::motley;
use crate::nouns::{fails, works};

/// From now on such a write fails, and with it the transaction.
async fn forbid(house: &House, write: &str) {
    let trigger = format!("CREATE TRIGGER forbidden BEFORE {write} BEGIN SELECT RAISE(ABORT, 'written again'); END");
    house.execute(&trigger).await.unwrap();
}

/// As one that took that long would leave it.
fn renders_took(latency: Duration) -> impl FnOnce(&mut Closing) {
    move |closing| {
        for (_, memory) in &mut closing.cards {
            memory.rendering.latency = Some(latency);
        }
    }
}

#[tokio::test]
async fn of_a_card_that_works_as_before_only_the_latest_render_is_written() {
    let house = House::new().await;
    let seen = [(1, works()), (2, works())];
    house.sweep(0, &seen).await;
    forbid(&house, "UPDATE OF state, since, told, first_seen ON card_state").await;
    let took = renders_took(Duration::from_millis(700));
    house.sweep_as(15, plan_of(&seen), &seen, Asked::default(), took).await.unwrap();
    assert_eq!(house.number("SELECT count(*) FROM card_state WHERE latency_ms = 700 AND decided_at > since").await, 2);
}

#[tokio::test]
async fn a_card_that_breaks_is_written_whole() {
    let house = House::new().await;
    house.sweep(0, &[(1, works())]).await;
    forbid(&house, "UPDATE OF state, since, told, first_seen ON card_state").await;
    let seen = [(1, fails("x"))];
    let closed = house.sweep_as(15, plan_of(&seen), &seen, Asked::default(), |_| {}).await;
    assert!(closed.is_err_and(|error| error.to_string().contains("written again")));
}

#[tokio::test]
async fn pages_and_cards_that_are_listed_as_before_are_not_written_again() {
    let house = House::new().await;
    house.sweep_plan("acme", 0, plan(motley()), &[]).await;
    forbid(&house, "UPDATE ON page").await;
    house.sweep_plan("acme", 15, plan(motley()), &[]).await;
    house.execute("DROP TRIGGER forbidden").await.unwrap();
    forbid(&house, "UPDATE ON card").await;
    house.sweep_plan("acme", 30, plan(motley()), &[]).await;
}
