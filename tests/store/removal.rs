//! What no listing holds any more is removed, not forgotten; a part removes nothing; reasons are stored once.

use std::collections::BTreeSet;

use cardwatch::domain::ids::{CardId, PageId};
use cardwatch::domain::sweep::Scope;
use cardwatch::domain::verdict::{Class, Reason, Verdict};

use crate::house::{House, acme, plan, plan_of, results, swept};
use crate::nouns::{fails, listing, page, unchecked, works};

async fn cards(house: &House) -> Vec<i64> {
    house.store.snapshot(&acme()).await.unwrap().cards.keys().map(|card| card.0).collect()
}

async fn pages(house: &House) -> Vec<(i64, Vec<i64>)> {
    let snapshot = house.store.snapshot(&acme()).await.unwrap();
    let ids = |cards: &[CardId]| cards.iter().map(|card| card.0).collect();
    snapshot.pages.iter().map(|(page, now)| (page.0, ids(&now.cards))).collect()
}

#[tokio::test]
async fn a_card_that_is_not_listed_any_more_is_not_shown_and_still_remembered() {
    let house = House::new().await;
    house.sweep(0, &[(1, fails("x")), (2, works())]).await;
    house.sweep(15, &[(2, works())]).await;
    assert_eq!(cards(&house).await, [2]);
    assert!(!house.store.remembered(&acme(), &BTreeSet::new()).await.unwrap().cards.contains_key(&CardId(1)));
    let memory = house.memory().await;
    assert!(memory.cards.get(&CardId(1)).unwrap().state.is_broken());
    assert!(!memory.present.contains(&CardId(1)));
}

#[tokio::test]
async fn a_card_that_comes_back_is_compared_with_what_was_known() {
    let house = House::new().await;
    house.sweep(0, &[(1, works()), (2, works())]).await;
    house.sweep(15, &[(2, works())]).await;
    let closing = house.sweep(30, &[(1, fails("x")), (2, works())]).await;
    assert_eq!(closing.report.unwrap().0.subject(), "[cardwatch] acme: 1 card broke (1 broken now)");
    assert_eq!(cards(&house).await, [1, 2]);
}

#[tokio::test]
async fn a_page_that_is_not_listed_any_more_is_not_shown() {
    let house = House::new().await;
    let both = listing(Scope::Pages, vec![page(10, &[1]), page(20, &[1, 2])]);
    house.sweep_plan("acme", 0, plan(both), &[]).await;
    house.sweep_plan("acme", 15, plan(listing(Scope::Pages, vec![page(10, &[1])])), &[]).await;
    assert_eq!(pages(&house).await, [(10, vec![1])]);
    assert!(!house.store.remembered(&acme(), &BTreeSet::new()).await.unwrap().pages.contains_key(&PageId(20)));
}

#[tokio::test]
async fn a_page_that_comes_back_holds_what_it_holds_now() {
    let house = House::new().await;
    house.sweep_plan("acme", 0, plan(listing(Scope::Pages, vec![page(10, &[1]), page(20, &[2])])), &[]).await;
    house.sweep_plan("acme", 15, plan(listing(Scope::Pages, vec![page(10, &[1])])), &[]).await;
    house.sweep_plan("acme", 30, plan(listing(Scope::Pages, vec![page(10, &[1]), page(20, &[3])])), &[]).await;
    assert_eq!(pages(&house).await, [(10, vec![1]), (20, vec![3])]);
}

#[tokio::test]
async fn a_part_removes_nothing() {
    let house = House::new().await;
    house.sweep_plan("acme", 0, plan(listing(Scope::Pages, vec![page(10, &[1, 2]), page(20, &[3])])), &[]).await;
    house.sweep_plan("acme", 15, plan(listing(Scope::Part, vec![page(10, &[1])])), &[]).await;
    assert_eq!(pages(&house).await, [(10, vec![1]), (20, vec![3])]);
    assert_eq!(cards(&house).await, [1, 2, 3]);
}

#[tokio::test]
async fn a_card_that_a_dying_sweep_brought_is_not_monitored() {
    let house = House::new().await;
    house.sweep(0, &[(1, works())]).await;
    let seen = [(1, works()), (2, fails("x"))];
    let mut sweep = house.begin(15, &plan_of(&seen)).await;
    house.store.append_results(&mut sweep, &results(15, &seen)).await.unwrap();
    drop(sweep);
    assert_eq!(cards(&house).await, [1]);
    assert!(house.texts("SELECT title FROM broken_now").await.is_empty());
    let closing = house.sweep(30, &seen).await;
    assert_eq!(closing.report.unwrap().0.subject(), "[cardwatch] acme: 1 card broken when first seen (1 broken now)");
    assert_eq!(cards(&house).await, [1, 2]);
}

#[tokio::test]
async fn a_sweep_that_dies_does_not_bring_a_removed_card_back() {
    let house = House::new().await;
    house.sweep(0, &[(1, works()), (2, works())]).await;
    house.sweep(15, &[(2, works())]).await;
    house.begin(30, &plan_of(&[(1, works()), (2, works())])).await;
    assert_eq!(cards(&house).await, [2]);
}

#[tokio::test]
async fn a_reason_is_stored_once_however_many_cards_and_sweeps_give_it() {
    let house = House::new().await;
    for minute in [0, 15] {
        house.sweep(minute, &[(1, fails("x")), (2, fails("x")), (3, unchecked())]).await;
    }
    assert_eq!(house.number("SELECT count(*) FROM reason").await, 2);
    assert_eq!(house.number("SELECT count(*) FROM render_result WHERE reason_id IS NOT NULL").await, 6);
}

#[tokio::test]
async fn one_text_of_two_classes_is_two_reasons() {
    let house = House::new().await;
    let of = |class| Verdict::Broken(Reason { class, text: "It failed".into() });
    house
        .sweep(0, &[(1, of(Class::Other)), (2, of(Class::QueryTimeout)), (3, Verdict::Unchecked("It failed".into()))])
        .await;
    let classes = house.texts("SELECT class FROM reason ORDER BY class").await;
    assert_eq!(classes, ["", "Other error", "Query timeout"].map(|class| Some(class.to_owned())));
}

#[tokio::test]
async fn a_card_without_data_keeps_the_note() {
    let house = House::new().await;
    house.sweep(0, &[(1, Verdict::Working { no_data: true })]).await;
    let row = house.texts("SELECT verdict || ': ' || reason FROM results").await;
    assert_eq!(row, [Some("working: no data".to_owned())]);
}

#[tokio::test]
async fn a_card_that_another_process_removes_during_a_sweep_is_monitored_by_it_nevertheless() {
    let house = House::new().await;
    let seen = [(1, works()), (2, works())];
    house.sweep(0, &seen).await;
    let sweep = house.begin(15, &plan_of(&seen)).await;
    house.execute("UPDATE card SET removed_at = 1 WHERE card_id = 2").await.unwrap();
    assert_eq!(cards(&house).await, [1]);
    let swept = swept(&sweep, 30, plan_of(&seen), &seen);
    house.finish(sweep, &swept).await.unwrap();
    assert_eq!(cards(&house).await, [1, 2]);
}
