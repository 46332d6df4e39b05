//! Owners are known by id where they are users, and have the addresses that Domo gives; beast modes are counted.

use std::time::Duration;

use cardwatch::domain::ids::{CardId, PageId, UserId};
use cardwatch::domain::owners::{Address, Owner};
use cardwatch::domain::sweep::Listing;
use cardwatch::domo::{Untold, Wanted};
use fake_domo::{FakeDomo, Owner as FakeOwner, Trouble};
use serde_json::{Value, json};

use crate::canned::{self, Canned, Seen};
use crate::desk::{Desk, instance, instance_at, pages, token};

fn user(id: i64, name: &str) -> Owner {
    Owner { user: Some(UserId(id)), name: name.to_owned() }
}

fn group(name: &str) -> Owner {
    Owner { user: None, name: name.to_owned() }
}

/// Pages of Dana and of a group, with a card of both.
async fn fake() -> fake_domo::Domo {
    let fake = FakeDomo::empty().page(10, "Sales").subpage(11, 10, "EMEA").app(900, "Retail", &[(901, "Stores")]);
    let fake = fake.card(1, "Revenue", &[10]).card(2, "Orders", &[11]).card(3, "Stock", &[901]).start().await;
    let dana = FakeOwner { id: 7, name: "Dana Reyes".to_owned(), group: false };
    let team = FakeOwner { id: 8, name: "BI team".to_owned(), group: true };
    fake.describe_card(1, &[dana.clone(), team.clone()], &[]);
    fake.describe_page(10, &[dana]);
    fake.describe_page(11, &[team]);
    fake
}

fn at(fake: &fake_domo::Domo) -> Desk {
    Desk::with_patience(&instance(fake), Duration::from_secs(10))
}

/// Pages, and the owners of each.
fn owners(listing: &Listing) -> Vec<(i64, Vec<Owner>)> {
    listing.pages.iter().map(|page| (page.id.0, page.owners.to_vec())).collect()
}

async fn address(desk: &Desk, id: i64) -> Result<Option<Address>, Untold> {
    desk.domo.address(UserId(id)).await
}

/// A client of a server that answers whatever it is asked with this.
async fn answering(body: Value) -> Desk {
    let answer = move |seen: &Seen, _: usize| match seen.path.as_str() {
        path if path.ends_with("/me") => canned::json(200, &json!({"id": 1})),
        _ => canned::json(200, &body),
    };
    Desk::with_patience(&instance_at(&Canned::serve(answer).await.url, token("t")), Duration::from_secs(10))
}

#[tokio::test]
async fn a_user_who_owns_a_card_is_known_by_id_and_a_group_is_not() {
    let fake = fake().await;
    for wanted in [pages(&[10]), Wanted::Instance] {
        let listing = Desk::at(&fake).domo.list(&wanted).await.unwrap();
        assert_eq!(listing.cards[&CardId(1)].owners[..], [user(7, "Dana Reyes"), group("BI team")]);
    }
}

#[tokio::test]
async fn an_owner_is_taken_as_far_as_it_can_be_named() {
    let rows = json!([
        {"id": "7", "type": "USER", "displayName": "Dana"}, {"id": 8, "type": "user", "displayName": "Jonas"},
        {"id": 9, "type": "GROUP", "displayName": "BI team"}, {"id": 10, "displayName": "Untyped"},
        {"id": "x", "type": "USER", "displayName": "No id"}, {"id": 11, "type": "USER"}, {"id": 12, "type": "GROUP"},
        {"type": "USER"}, null, 3, "Dana",
    ]);
    let desk = answering(json!({"cards": [{"id": 1, "type": "kpi", "owners": rows}]})).await;
    let listing = desk.domo.list(&Wanted::Part { ids: [PageId(10)].into() }).await.unwrap();
    let expected =
        [user(7, "Dana"), user(8, "Jonas"), group("BI team"), group("Untyped"), group("No id"), user(11, "User 11")];
    assert_eq!(listing.cards[&CardId(1)].owners[..], expected[..]);
}

#[tokio::test]
async fn the_list_of_pages_tells_who_owns_a_page() {
    let fake = fake().await;
    let expected = [(10, vec![user(7, "Dana Reyes")]), (11, vec![group("BI team")])];
    let listing = Desk::at(&fake).domo.list(&pages(&[10])).await.unwrap();
    assert_eq!(owners(&listing), expected);
    let listing = Desk::at(&fake).domo.list(&Wanted::Instance).await.unwrap();
    assert_eq!(owners(&listing)[..2], expected);
}

#[tokio::test]
async fn a_page_that_is_not_in_the_list_of_pages_has_no_known_owners() {
    let fake = fake().await;
    let listing = Desk::at(&fake).domo.list(&pages(&[901])).await.unwrap();
    assert_eq!(owners(&listing), [(901, vec![])]);
    let listing = Desk::at(&fake).domo.list(&Wanted::Part { ids: [PageId(10)].into() }).await.unwrap();
    assert_eq!(owners(&listing), [(10, vec![])]);
}

#[tokio::test]
async fn an_instance_whose_pages_cannot_be_listed_is_listed_without_their_owners() {
    let fake = fake().await;
    for trouble in [Trouble::Status(403), Trouble::Status(500), Trouble::Html, Trouble::Says("{}".to_owned())] {
        fake.set_trouble("pages", Some(trouble));
        let listing = Desk::at(&fake).domo.list(&Wanted::Instance).await.unwrap();
        assert!(listing.unlisted.is_empty(), "{:?}", listing.unlisted);
        assert!(listing.pages.iter().all(|page| page.owners.is_empty()));
        assert_eq!(listing.cards.len(), 3);
    }
}

#[tokio::test]
async fn the_address_of_a_user_is_the_one_that_domo_gives() {
    let fake = fake().await;
    let desk = at(&fake);
    assert_eq!(address(&desk, 7).await, Ok(Address::new("dana@example.com")));
    fake.set_email(7, None);
    assert_eq!(address(&desk, 7).await, Ok(None));
    assert_eq!(address(&desk, 77).await, Ok(None), "a user that is gone");
    assert_eq!(fake.calls("user"), 3);
}

#[tokio::test]
async fn what_is_no_address_is_none() {
    let long = format!("{}@example.com", "a".repeat(250));
    let odd =
        [json!(null), json!(""), json!(" "), json!("dana"), json!("@example.com"), json!("dana@"), json!(7), json!([])];
    let harmful = [json!("a@b.c\r\nBcc: x@y.z"), json!("a b@c.d"), json!("<a@b.c>"), json!("a@b.c,d@e.f"), json!(long)];
    for email in odd.into_iter().chain(harmful) {
        let desk = answering(json!({"id": 7, "emailAddress": email})).await;
        assert_eq!(address(&desk, 7).await, Ok(None), "{email}");
    }
    let desk = answering(json!({"id": "7", "emailAddress": " dana@example.com "})).await;
    assert_eq!(address(&desk, 7).await, Ok(Address::new("dana@example.com")));
}

#[tokio::test]
async fn an_address_of_somebody_else_is_not_taken() {
    for other in [json!({"id": 8, "emailAddress": "jonas@example.com"}), json!({"emailAddress": "jonas@example.com"})] {
        let told = address(&answering(other).await, 7).await.unwrap_err();
        assert_eq!(told.to_string(), "user 7: an answer that is not about this user");
    }
}

#[tokio::test]
async fn an_address_that_cannot_be_asked_for_is_told() {
    let fake = fake().await;
    let cases = [
        (Trouble::Status(403), "no access (403)"),
        (Trouble::Status(503), "Domo is unavailable (503)"),
        (Trouble::Html, "not an answer of Domo's: a page of HTML titled 'Domo - Login'"),
        (Trouble::Says("[]".to_owned()), "an answer of another shape"),
        (Trouble::Says("{}".to_owned()), "an answer that is not about this user"),
    ];
    for (trouble, why) in cases {
        fake.set_trouble("user", Some(trouble));
        assert_eq!(address(&at(&fake), 7).await.unwrap_err().to_string(), format!("user 7: {why}"));
    }
}

#[tokio::test]
async fn invalid_beast_modes_are_counted_by_domo() {
    let fake = fake().await;
    fake.set_invalid_functions(3);
    assert_eq!(at(&fake).domo.invalid_functions().await, Ok(3));
    fake.set_trouble("functions", Some(Trouble::Status(403)));
    let told = at(&fake).domo.invalid_functions().await.unwrap_err();
    assert_eq!(told.to_string(), "invalid beast modes: no access (403)");
}

#[tokio::test]
async fn a_count_that_is_no_number_is_none() {
    assert_eq!(answering(json!({"invalid": "12"})).await.domo.invalid_functions().await, Ok(12));
    for count in [json!(null), json!(-1), json!("many"), json!([1]), json!(1.5)] {
        let told = answering(json!({"invalid": count})).await.domo.invalid_functions().await.unwrap_err();
        assert_eq!(told.to_string(), "invalid beast modes: an answer without the count", "{count}");
    }
}
