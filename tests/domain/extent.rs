//! How far an incident reaches, in words.

use cardwatch::domain::extent::{in_words, many, on_pages};
use cardwatch::domain::ids::{CardId, PageId};
use cardwatch::domain::owners::Owner;
use cardwatch::domain::report::OwnerCount;
use cardwatch::domain::snapshot::{CardNow, InstanceSnapshot};

use crate::nouns::owner;
use crate::search::{card, instance, working};

#[test]
fn one_is_said_in_the_singular() {
    assert_eq!([0, 1, 2].map(|count| many(count, "page", "pages")), ["0 pages", "1 page", "2 pages"]);
}

#[test]
fn cards_are_said_to_be_on_pages_where_there_are_several_cards_and_any_page() {
    let said = |count, pages| on_pages(count, pages, many);
    assert_eq!(said(30, 4), "30 cards on 4 pages");
    assert_eq!(said(2, 1), "2 cards on 1 page");
    assert_eq!(said(2, 0), "2 cards");
    assert_eq!(said(1, 4), "1 card", "which pages these are is told beside it");
}

#[test]
fn people_and_groups_are_counted_apart() {
    let said = |people, groups| in_words(3, Some(2), Some(OwnerCount { people, groups }));
    assert_eq!(said(2, 1), "3 cards on 2 pages, owned by 2 people and 1 group");
    assert_eq!(said(1, 0), "3 cards on 2 pages, owned by 1 person");
    assert_eq!(said(0, 2), "3 cards on 2 pages, owned by 2 groups");
    assert_eq!(said(0, 0), "3 cards on 2 pages");
}

#[test]
fn what_nobody_counted_is_not_said() {
    let owners = OwnerCount { people: 2, groups: 0 };
    assert_eq!(in_words(3, None, None), "3 cards");
    assert_eq!(in_words(3, None, Some(owners)), "3 cards, owned by 2 people");
    assert_eq!(in_words(1, Some(4), Some(owners)), "1 card", "whose it is is told beside it");
}

#[test]
fn each_owner_counts_once_users_by_their_id_and_groups_by_their_name() {
    let group = |name: &str| Owner { user: None, name: name.to_owned() };
    let owners = [owner(1, "Ann"), owner(1, "Ann Li"), owner(2, "Ann"), group("BI"), group("BI"), group("Sales")];
    assert_eq!(OwnerCount::of(&owners), OwnerCount { people: 2, groups: 2 });
}

/// Cards 1 and 2 of Ann and 4 without an owner on page 10, which is Bob's, and card 3 of Carl on page 20, Dora's.
fn reach(cards: &[i64]) -> String {
    let owned = |user, name, page| CardNow { owners: [owner(user, name)].into(), ..card("A", working(), &[page]) };
    let cards_now = [
        (1, owned(1, "Ann", 10)),
        (2, owned(1, "Ann", 10)),
        (3, owned(3, "Carl", 20)),
        (4, card("B", working(), &[10])),
    ];
    let mut acme: InstanceSnapshot = (*instance("acme", cards_now)).clone();
    for (page, user, name) in [(10, 2, "Bob"), (20, 4, "Dora")] {
        acme.pages.get_mut(&PageId(page)).unwrap().owners = [owner(user, name)].into();
    }
    acme.extent(&cards.iter().copied().map(CardId).collect::<Vec<_>>())
}

#[test]
fn an_incident_reaches_the_pages_and_owners_of_its_own_cards() {
    assert_eq!(reach(&[1, 2]), "2 cards on 1 page, owned by 1 person");
    assert_eq!(reach(&[1, 2, 3]), "3 cards on 2 pages, owned by 2 people");
}

#[test]
fn a_card_without_an_owner_is_its_pages_owners() {
    assert_eq!(reach(&[1, 4]), "2 cards on 1 page, owned by 2 people");
    assert_eq!(reach(&[3, 4]), "2 cards on 2 pages, owned by 2 people", "Carl and Bob, and not Dora");
}
