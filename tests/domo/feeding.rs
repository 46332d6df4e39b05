//! Which datasets feed a card is listed where Domo tells it, asked for where it does not, and never guessed.

use std::collections::BTreeMap;

use cardwatch::config::valid::Instance;
use cardwatch::domain::dataset::{Dataset, Feeding};
use cardwatch::domain::ids::{CardId, DatasetId, PageId};
use cardwatch::domain::sweep::Listing;
use cardwatch::domo::{CARDS_A_CALL, CardDatasets, Untold, Wanted};
use chrono::DateTime;
use fake_domo::{FakeDomo, Trouble};
use serde_json::{Value, json};

use crate::canned::{self, Canned, Seen};
use crate::desk::{Desk, instance, instance_at, pages, token};

const NOON: i64 = 1_734_458_216_000;

fn card(id: i64) -> CardId {
    CardId(id)
}

fn dataset(id: &str) -> DatasetId {
    DatasetId::new(id).unwrap()
}

fn datasets(ids: &[&str]) -> Feeding {
    ids.iter().map(|&id| dataset(id)).collect()
}

/// What feeds each card of a listing; none where it is not known.
fn fed(listing: &Listing) -> Vec<(i64, Option<Feeding>)> {
    listing.cards.values().map(|card| (card.id.0, card.datasets.clone())).collect()
}

/// Two cards that share a dataset, one of which has another as well, and one that nothing feeds.
async fn fake() -> fake_domo::Domo {
    let fake = FakeDomo::empty().page(10, "Sales").app(900, "Retail", &[(901, "Stores")]);
    let fake = (1..=3).fold(fake, |fake, id| fake.card(id, "A card", &[10])).card(4, "In an app", &[901]);
    let fake = fake.dataset("orders", "Orders", &["a"], &[1, 2, 4]).dataset("targets", "Targets", &["a"], &[2]);
    let fake = fake.start().await;
    fake.set_dataset("orders", "ERROR", NOON);
    fake
}

fn orders() -> Dataset {
    let updated_at = DateTime::from_timestamp_millis(NOON);
    Dataset { name: "Orders".to_owned(), state: Some("ERROR".to_owned()), updated_at }
}

/// A client of a server that answers the cards by id, and the one page, with this.
async fn server(cards: Value) -> (Canned, Desk) {
    let answer = move |seen: &Seen, _: usize| match seen.path.as_str() {
        path if path.ends_with("/stacks/10/cards") => canned::json(200, &json!({"cards": cards})),
        path if path.ends_with("/v1/cards") => canned::json(200, &cards),
        _ => canned::json(200, &json!({"id": 1})),
    };
    let server = Canned::serve(answer).await;
    let desk = Desk::with_patience(&instance_at(&server.url, token("t")), std::time::Duration::from_secs(10));
    (server, desk)
}

async fn asked(desk: &Desk, cards: &[i64]) -> Result<CardDatasets, Untold> {
    desk.domo.card_datasets(&cards.iter().copied().map(CardId).collect()).await
}

fn at(fake: &fake_domo::Domo) -> Desk {
    Desk::with_patience(&instance(fake), std::time::Duration::from_secs(10))
}

#[tokio::test]
async fn a_page_tells_which_datasets_feed_its_cards_and_what_they_are() {
    let fake = fake().await;
    let listing = Desk::at(&fake).domo.list(&pages(&[10])).await.unwrap();
    let expected =
        [(1, Some(datasets(&["orders"]))), (2, Some(datasets(&["orders", "targets"]))), (3, Some(datasets(&[])))];
    assert_eq!(fed(&listing), expected);
    assert_eq!(listing.datasets.keys().cloned().collect::<Feeding>(), datasets(&["orders", "targets"]));
    assert_eq!(listing.datasets[&dataset("orders")], orders());
}

#[tokio::test]
async fn the_list_of_all_cards_does_not_tell_but_for_views_that_are_listed_by_themselves() {
    let fake = fake().await;
    let listing = Desk::at(&fake).domo.list(&Wanted::Instance).await.unwrap();
    assert_eq!(fed(&listing), [(1, None), (2, None), (3, None), (4, None)]);
    assert_eq!(listing.datasets, BTreeMap::new());
}

#[tokio::test]
async fn what_a_list_says_of_datasets_is_taken_as_far_as_it_goes() {
    let cards = json!([
        {"id": 1, "datasources": [{"dataSourceId": "a", "dataSourceName": " ", "state": 3, "lastUpdated": "x"}, {"dataSourceId": " "}]},
        {"id": 2, "datasources": []},
        {"id": 3},
        {"id": 4, "datasources": "none"},
        {"id": 5, "datasources": [null, 3, {"dataSourceName": "Nameless"}]},
        {"id": 6, "datasources": [{"dataSourceId": 17, "dataSourceName": "By number"}]},
    ]);
    let (_server, desk) = server(cards).await;
    let listing = desk.domo.list(&Wanted::Part { ids: [PageId(10)].into() }).await.unwrap();
    let expected = [
        (1, Some(datasets(&["a"]))),
        (2, Some(datasets(&[]))),
        (3, None),
        (4, None),
        (5, None),
        (6, Some(datasets(&["17"]))),
    ];
    assert_eq!(fed(&listing), expected);
    let nameless = Dataset { name: "a".to_owned(), state: None, updated_at: None };
    assert_eq!(listing.datasets[&dataset("a")], nameless);
}

#[tokio::test]
async fn a_large_page_tells_its_datasets_too() {
    let notes = "x".repeat(100_000);
    let (_server, desk) = server(json!([{"id": 1, "notes": notes, "owners": [{"id": "7", "type": "USER", "displayName": "Dana"}],
        "datasources": [{"dataSourceId": "orders", "dataSourceName": "Orders", "state": "ERROR", "lastUpdated": NOON}]}])).await;
    let listing = desk.domo.list(&Wanted::Part { ids: [PageId(10)].into() }).await.unwrap();
    assert_eq!(listing.datasets[&dataset("orders")], orders());
    assert!(listing.cards[&card(1)].owners[0].user.is_some());
    let (cards, told) = asked(&desk, &[1]).await.unwrap();
    assert_eq!((cards[&card(1)].clone(), told[&dataset("orders")].clone()), (datasets(&["orders"]), orders()));
}

#[tokio::test]
async fn cards_are_asked_about_by_id() {
    let fake = fake().await;
    let (cards, told) = asked(&at(&fake), &[1, 3]).await.unwrap();
    assert_eq!(cards, [(card(1), datasets(&["orders"])), (card(3), datasets(&[]))].into());
    assert_eq!(told, [(dataset("orders"), orders())].into());
    assert_eq!(fake.calls("card_details"), 1);
}

#[tokio::test]
async fn a_card_that_domo_does_not_describe_is_not_in_the_answer() {
    let fake = fake().await;
    let (cards, _) = asked(&at(&fake), &[1, 77]).await.unwrap();
    assert_eq!(cards.keys().copied().collect::<Vec<_>>(), [card(1)]);
}

#[tokio::test]
async fn a_card_that_nobody_asked_about_is_not_in_the_answer_nor_is_what_feeds_it() {
    let of = |id: i64, dataset: &str| json!({"id": id, "datasources": [{"dataSourceId": dataset}]});
    let (_server, desk) = server(json!([of(1, "a"), of(2, "b"), null, "x", {"id": 3}])).await;
    let (cards, told) = asked(&desk, &[1, 3]).await.unwrap();
    assert_eq!(cards, [(card(1), datasets(&["a"]))].into());
    assert_eq!(told.keys().cloned().collect::<Feeding>(), datasets(&["a"]));
}

#[tokio::test]
async fn no_more_cards_are_asked_about_than_fit_in_a_call_and_none_need_no_call() {
    let (server, desk) = server(json!([])).await;
    asked(&desk, &[]).await.unwrap();
    assert_eq!(server.asked("/v1/cards"), 0);
    let many: Vec<i64> = (1..=60).collect();
    asked(&desk, &many).await.unwrap();
    let seen = server.seen();
    let query = &seen.last().unwrap().query;
    assert_eq!(query.split('&').next().unwrap().split(',').count(), CARDS_A_CALL);
}

#[tokio::test]
async fn cards_that_cannot_be_asked_about_are_told() {
    let fake = fake().await;
    let cases = [
        (Trouble::Status(403), "no access (403)"),
        (Trouble::Status(404), "not found (404)"),
        (Trouble::Html, "not an answer of Domo's: a page of HTML titled 'Domo - Login'"),
        (Trouble::Says("{}".to_owned()), "an answer of another shape"),
        (Trouble::Says("[".to_owned()), "not an answer of Domo's: JSON that ends early"),
    ];
    for (trouble, why) in cases {
        fake.set_trouble("card_details", Some(trouble));
        let told = asked(&at(&fake), &[1]).await.unwrap_err();
        assert_eq!(told.to_string(), format!("the datasets of cards: {why}"));
    }
    let twice = Desk::with_patience(&Instance { attempts: 3, ..instance(&fake) }, std::time::Duration::from_secs(10));
    fake.reset_counts();
    fake.set_trouble("card_details", Some(Trouble::Status(500)));
    asked(&twice, &[1]).await.unwrap_err();
    assert_eq!(fake.calls("card_details"), 1);
}
