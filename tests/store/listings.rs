//! What a sweep listed is what the next one is read against: each thing of each page and card.

use std::collections::BTreeSet;

use cardwatch::domain::ids::{AppId, CardId, PageId};
use cardwatch::domain::owners::Owner;
use cardwatch::domain::sweep::{CardKind, ListedCard, Listing, PageKind, Plan, Remembered, Scope};

use crate::house::{House, acme, plan};
use crate::nouns::{card, listing, owner, page};

/// Pages of every kind, a card on several, one on none, one that is no kpi.
pub(crate) fn motley() -> Listing {
    let mut pages = vec![page(-100_000, &[1]), page(10, &[1, 2]), page(20, &[3]), page(30, &[])];
    pages[1].kind = PageKind::View { app: Some(AppId(5)) };
    pages[2].kind = PageKind::View { app: None };
    let mut listing = listing(Scope::Instance, pages);
    listing.cards.insert(CardId(7), card(7));
    listing.loose.insert(CardId(7));
    let odd = listing.cards.get_mut(&CardId(3)).unwrap();
    odd.title = String::from("=\"<b>\"\r\n'); DROP TABLE card; -- é \u{202e}");
    odd.owners = [owner(7, "Ann \"A\" O'Hara"), Owner { user: None, name: String::new() }].into();
    odd.kind = CardKind::named("document");
    listing
}

#[tokio::test]
async fn the_next_plan_is_read_against_just_what_this_one_left() {
    let house = House::new().await;
    let plan = plan(motley());
    house.sweep_plan("acme", 0, plan.clone(), &[]).await;
    let remembered = house.store.remembered(&acme(), &BTreeSet::new()).await.unwrap();
    assert_eq!(remembered, left_by(&plan));
}

fn left_by(plan: &Plan) -> Remembered {
    let cards = plan.cards.iter().map(|(id, planned)| (*id, planned.card.clone())).collect();
    Remembered { pages: plan.pages.clone(), cards }
}

#[tokio::test]
async fn a_page_that_is_doubted_is_remembered_as_such() {
    let house = House::new().await;
    let mut doubting = plan(motley());
    doubting.pages.get_mut(&PageId(10)).unwrap().doubted = true;
    house.sweep_plan("acme", 0, doubting, &[]).await;
    let doubted =
        async |page| house.store.remembered(&acme(), &BTreeSet::new()).await.unwrap().pages[&PageId(page)].doubted;
    assert!(doubted(10).await && !doubted(20).await);
    house.sweep_plan("acme", 15, plan(motley()), &[]).await;
    assert!(!doubted(10).await);
}

async fn assert_known_when_listed_otherwise(change: impl FnOnce(&mut Listing)) {
    let house = House::new().await;
    house.sweep_plan("acme", 0, plan(motley()), &[]).await;
    let mut listing = motley();
    change(&mut listing);
    let plan = plan(listing);
    house.sweep_plan("acme", 15, plan.clone(), &[]).await;
    assert_eq!(house.store.remembered(&acme(), &BTreeSet::new()).await.unwrap(), left_by(&plan));
}

#[tokio::test]
async fn each_thing_of_a_page_changes_with_the_listing() {
    assert_known_when_listed_otherwise(|listing| listing.pages[1].title = "Renamed".to_owned()).await;
    assert_known_when_listed_otherwise(|listing| listing.pages[1].kind = PageKind::Page).await;
    assert_known_when_listed_otherwise(|listing| listing.pages[1].owners = [owner(5, "Dana")].into()).await;
}

#[tokio::test]
async fn each_thing_of_a_card_changes_with_the_listing() {
    let listed = |card: ListedCard| move |listing: &mut Listing| drop(listing.cards.insert(CardId(1), card));
    assert_known_when_listed_otherwise(listed(ListedCard { title: "New".into(), ..card(1) })).await;
    assert_known_when_listed_otherwise(listed(ListedCard { kind: CardKind::named("notebook"), ..card(1) })).await;
    assert_known_when_listed_otherwise(listed(ListedCard { owners: [].into(), ..card(1) })).await;
}
