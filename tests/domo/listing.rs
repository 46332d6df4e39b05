//! What there is to render is listed whole, and what cannot be listed is told with its remedy.

use std::collections::BTreeSet;

use cardwatch::config::valid::Instance;
use cardwatch::domain::ids::{AppId, CardId, PageId};
use cardwatch::domain::sweep::{Listing, PageKind, Scope};
use cardwatch::domo::Wanted;
use fake_domo::{Condition, FakeDomo, Owner, PageAnswer};
use serde_json::{Value, json};

use crate::canned::{self, Canned};
use crate::desk::{Desk, instance, instance_at, pages, token};

/// Pages, and the cards on each.
fn held(listing: &Listing) -> Vec<(i64, Vec<i64>)> {
    listing.pages.iter().map(|page| (page.id.0, page.cards.iter().map(|card| card.0).collect())).collect()
}

fn titles(listing: &Listing) -> Vec<&str> {
    listing.pages.iter().map(|page| page.title.as_str()).collect()
}

fn whys(listing: &Listing) -> Vec<(Option<i64>, &str)> {
    listing.unlisted.iter().map(|missing| (missing.page.map(|page| page.0), missing.why.as_str())).collect()
}

/// A small instance with every odd thing in it.
fn odd_instance() -> FakeDomo {
    FakeDomo::empty()
        .page(10, "Sales")
        .subpage(11, 10, "Sales EMEA")
        .subpage(12, 11, "Sales DE")
        .page(20, "Finance")
        .app(900, "Retail", &[(901, "Stores"), (902, "Stock")])
        .card(1, "On two pages", &[10, 12])
        .card_of_type(2, "A notebook", "document", &[10])
        .card(3, "Deep", &[12])
        .card(4, "In an app", &[901])
        .card(5, "On no page", &[])
        .card(6, "Favourite", &[-100_003])
}

#[tokio::test]
async fn pages_are_listed_with_all_below_them() {
    let fake = odd_instance().start().await;
    let listing = Desk::at(&fake).domo.list(&pages(&[10])).await.unwrap();
    assert_eq!(listing.scope, Scope::Pages);
    assert_eq!(held(&listing), [(10, vec![1, 2]), (11, vec![]), (12, vec![1, 3])]);
    assert_eq!(titles(&listing), ["Sales", "Sales EMEA", "Sales DE"]);
    assert!(listing.loose.is_empty() && listing.unlisted.is_empty());
}

#[tokio::test]
async fn without_subpages_only_the_pages_themselves_are_listed() {
    let fake = odd_instance().start().await;
    let wanted = Wanted::Pages { ids: [PageId(10)].into(), subpages: false };
    let listing = Desk::at(&fake).domo.list(&wanted).await.unwrap();
    assert_eq!(held(&listing), [(10, vec![1, 2])]);
    assert_eq!(fake.calls("pages"), 0);
}

#[tokio::test]
async fn a_part_is_just_its_pages() {
    let fake = odd_instance().start().await;
    let listing = Desk::at(&fake).domo.list(&Wanted::Part { ids: [PageId(10)].into() }).await.unwrap();
    assert_eq!((listing.scope, held(&listing)), (Scope::Part, vec![(10, vec![1, 2])]));
}

#[tokio::test]
async fn system_pages_are_listed_by_id_and_have_nothing_below_them() {
    let fake = odd_instance().start().await;
    let listing = Desk::at(&fake).domo.list(&pages(&[-100_003])).await.unwrap();
    assert_eq!((held(&listing), titles(&listing)), (vec![(-100_003, vec![6])], vec!["Favorites"]));
    assert_eq!(fake.calls("pages"), 0);
}

#[tokio::test]
async fn a_card_is_described_by_title_type_and_owners() {
    let fake = odd_instance().start().await;
    let owner = |name: &str, group| Owner { id: 7, name: name.to_owned(), group };
    fake.describe_card(2, &[owner("Dana", false), owner("BI team", true)], &[]);
    for wanted in [pages(&[10]), Wanted::Instance] {
        let listing = Desk::at(&fake).domo.list(&wanted).await.unwrap();
        let card = &listing.cards[&CardId(2)];
        assert_eq!((card.title.as_str(), &*card.kind.0), ("A notebook", "document"));
        let owners: Vec<&str> = card.owners.iter().map(|owner| owner.name.as_str()).collect();
        assert_eq!(owners, ["Dana", "BI team"]);
    }
}

#[tokio::test]
async fn sub_pages_beyond_the_first_batch_are_found() {
    let fake = (0..250)
        .fold(FakeDomo::empty().page(10, "Top"), |fake, n| fake.subpage(1_000 + n, 10, &format!("Page {n:03}")));
    let fake = fake.start().await;
    let listing = Desk::at(&fake).domo.list(&pages(&[10])).await.unwrap();
    assert_eq!(listing.pages.len(), 251);
    assert_eq!(fake.calls("pages"), 3);
}

#[tokio::test]
async fn without_admin_rights_the_pages_themselves_are_listed_and_the_remedy_told() {
    let fake = odd_instance().start().await;
    fake.set_admin(false);
    let listing = Desk::at(&fake).domo.list(&pages(&[10, 20])).await.unwrap();
    assert_eq!(held(&listing), [(10, vec![1, 2]), (20, vec![])]);
    assert_eq!(titles(&listing), ["Sales", "Finance"]);
    let why = "sub-pages: no access (403); give the service user admin rights, or set include_subpages = false";
    assert_eq!(whys(&listing), [(None, why)]);
}

#[tokio::test]
async fn a_page_that_cannot_be_listed_is_told_with_its_remedy() {
    let fake = odd_instance().start().await;
    fake.set_page_answer(20, PageAnswer::Status(403));
    fake.set_page_answer(11, PageAnswer::Status(500));
    let listing = Desk::at(&fake).domo.list(&pages(&[10, 20, 77])).await.unwrap();
    assert_eq!(held(&listing), [(10, vec![1, 2]), (12, vec![1, 3])]);
    let expected = [
        (Some(11), "page 11: Domo is unavailable (500); the next sweep tries again"),
        (Some(20), "page 20: no access (403); share it with the service user"),
        (Some(77), "page 77: not found (404); correct its id in pages or --page"),
    ];
    assert_eq!(whys(&listing), expected);
}

#[tokio::test]
async fn an_excluded_page_is_not_asked_for() {
    let fake = odd_instance().start().await;
    fake.set_page_answer(11, PageAnswer::Status(403));
    let mut instance = instance(&fake);
    instance.exclusions.pages = [PageId(11)].into();
    let listing = Desk::new(&instance).domo.list(&pages(&[10])).await.unwrap();
    assert_eq!(held(&listing), [(10, vec![1, 2]), (12, vec![1, 3])]);
    assert!(listing.unlisted.is_empty(), "{:?}", listing.unlisted);
}

#[tokio::test]
async fn a_view_is_placed_in_its_app() {
    let fake = odd_instance().start().await;
    let listing = Desk::at(&fake).domo.list(&pages(&[901])).await.unwrap();
    assert_eq!(held(&listing), [(901, vec![4])]);
    assert_eq!(listing.pages[0].kind, PageKind::View { app: Some(AppId(900)) });
    assert_eq!(titles(&listing), ["Retail · Stores"]);
}

#[tokio::test]
async fn the_apps_are_asked_for_only_when_there_is_a_new_view() {
    let fake = odd_instance().start().await;
    let desk = Desk::at(&fake);
    desk.domo.list(&pages(&[10])).await.unwrap();
    assert_eq!(fake.calls("apps"), 0);
    for _ in 0..3 {
        desk.domo.list(&pages(&[901])).await.unwrap();
    }
    assert_eq!((fake.calls("apps"), fake.calls("app")), (1, 1));
}

#[tokio::test]
async fn a_view_whose_app_cannot_be_learnt_is_a_view_all_the_same() {
    let fake = odd_instance().start().await;
    fake.set_admin(false);
    let wanted = Wanted::Part { ids: [PageId(901)].into() };
    let listing = Desk::at(&fake).domo.list(&wanted).await.unwrap();
    assert_eq!(listing.pages[0].kind, PageKind::View { app: None });
    assert_eq!(titles(&listing), ["Stores"]);
    assert!(listing.unlisted.is_empty(), "{:?}", listing.unlisted);
}

#[tokio::test]
async fn the_whole_instance_is_listed_with_apps_and_cards_on_no_page() {
    let fake = odd_instance().start().await;
    let listing = Desk::at(&fake).domo.list(&Wanted::Instance).await.unwrap();
    assert_eq!(listing.scope, Scope::Instance);
    assert_eq!(held(&listing), [(10, vec![1, 2]), (12, vec![1, 3]), (901, vec![4]), (902, vec![])]);
    assert_eq!(titles(&listing), ["Sales", "Sales DE", "Retail · Stores", "Retail · Stock"]);
    assert_eq!(listing.pages[2].kind, PageKind::View { app: Some(AppId(900)) });
    assert_eq!(listing.cards.len(), 6);
    // That a card is a user's favourite is not said in the list of all cards.
    assert_eq!(listing.loose, [CardId(5), CardId(6)].into());
    assert!(listing.unlisted.is_empty(), "{:?}", listing.unlisted);
}

#[tokio::test]
async fn a_view_that_the_card_list_named_is_not_listed_again() {
    let fake = odd_instance().start().await;
    Desk::at(&fake).domo.list(&Wanted::Instance).await.unwrap();
    let asked: Vec<Option<i64>> =
        fake.call_log().iter().filter(|call| call.endpoint == "page_cards").map(|call| call.id).collect();
    assert_eq!(asked, [Some(902)]);
}

#[tokio::test]
async fn every_batch_of_the_card_list_is_asked_for() {
    let fake = (0..301).fold(FakeDomo::empty().page(10, "All"), |fake, n| fake.card(n + 1, &format!("{n:03}"), &[10]));
    let fake = fake.start().await;
    let listing = Desk::at(&fake).domo.list(&Wanted::Instance).await.unwrap();
    assert_eq!((listing.cards.len(), fake.calls("cards")), (301, 4));
}

#[tokio::test]
async fn without_admin_rights_the_whole_instance_cannot_be_listed() {
    let fake = odd_instance().start().await;
    fake.set_admin(false);
    let error = Desk::at(&fake).domo.list(&Wanted::Instance).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot list cards: all cards: no access (403); give the service user admin rights, or set pages to a list of ids"
    );
}

#[tokio::test]
async fn an_instance_that_fails_cannot_be_listed() {
    let fake = odd_instance().start().await;
    let desk = Desk::at(&fake);
    desk.domo.sign_in().await.unwrap();
    fake.set_condition(Condition::Failing(503));
    let error = desk.domo.list(&Wanted::Instance).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot list cards: all cards: Domo is unavailable (503); the next sweep tries again"
    );
}

/// A server that answers lists with what is given for a part of their path, and knows nothing else.
async fn lists(answers: Vec<(&'static str, u16, Value)>) -> (Canned, Desk) {
    let server = Canned::serve(move |seen, _| {
        if seen.path.ends_with("/me") {
            return canned::json(200, &json!({"id": 1}));
        }
        let found = answers.iter().find(|(part, ..)| seen.path.contains(part));
        found
            .map_or_else(|| canned::json(404, &json!({"status": 404})), |(_, status, body)| canned::json(*status, body))
    })
    .await;
    let desk = Desk::new(&Instance { attempts: 1, ..instance_at(&server.url, token("t")) });
    (server, desk)
}

#[tokio::test]
async fn ids_are_read_as_numbers_and_as_text_and_what_is_missing_has_a_name() {
    let stack = json!({"id": 10, "cards": [
        {"id": "7", "title": null, "type": "kpi", "owners": [{"id": 1}, {"displayName": " "}, "x", {"displayName": "Dana"}]},
        {"id": 8, "owners": null},
        {"id": 9, "title": 12, "type": ["kpi"], "owners": {"displayName": "Dana"}},
        {"title": "without an id"}, null, 17, "text", [],
    ]});
    let (_server, desk) = lists(vec![("stacks/10", 200, stack)]).await;
    let listing = desk.domo.list(&Wanted::Part { ids: [PageId(10)].into() }).await.unwrap();
    assert_eq!((held(&listing), titles(&listing)), (vec![(10, vec![7, 8, 9])], vec!["Page 10"]));
    let told: Vec<_> =
        listing.cards.values().map(|card| (card.title.as_str(), &*card.kind.0, card.owners.len())).collect();
    assert_eq!(told, [("Card 7", "kpi", 1), ("Card 8", "unknown", 0), ("Card 9", "unknown", 0)]);
}

#[tokio::test]
async fn an_answer_without_its_list_is_not_an_empty_page() {
    for stack in [json!({}), json!({"title": "Sales"}), json!({"cards": "none"}), json!({"cards": {}})] {
        let (_server, desk) = lists(vec![("stacks/10", 200, stack.clone())]).await;
        let error = desk.domo.list(&Wanted::Part { ids: [PageId(10)].into() }).await.unwrap_err();
        assert!(error.to_string().contains("page 10: an answer without its list"), "{stack}: {error}");
    }
}

#[tokio::test]
async fn a_null_instead_of_a_list_is_an_empty_page() {
    let (_server, desk) = lists(vec![("stacks/10", 200, json!({"cards": null}))]).await;
    let listing = desk.domo.list(&Wanted::Part { ids: [PageId(10)].into() }).await.unwrap();
    assert_eq!(held(&listing), [(10, vec![])]);
}

#[tokio::test]
async fn a_refusal_within_a_200_is_a_refusal() {
    let refusal = json!({"status": 403, "statusReason": "Forbidden", "message": "Not yours"});
    let (_server, desk) = lists(vec![("stacks/10", 200, refusal), ("stacks/20", 200, json!({"cards": []}))]).await;
    let listing = desk.domo.list(&Wanted::Part { ids: [PageId(10), PageId(20)].into() }).await.unwrap();
    let why = "page 10: no access (403): Not yours; share it with the service user";
    assert_eq!(whys(&listing), [(Some(10), why)]);
}

#[tokio::test]
async fn a_server_that_ignores_skip_does_not_hold_us_for_ever() {
    let rows: Vec<Value> = (0..100).map(|id| json!({"id": id, "type": "kpi"})).collect();
    let (server, desk) = lists(vec![("cards/adminsummary", 200, json!({"cardAdminSummaries": rows}))]).await;
    let listing = desk.domo.list(&Wanted::Instance).await.unwrap();
    assert_eq!(listing.cards.len(), 100);
    assert_eq!(server.asked("cards/adminsummary"), 2);
}

#[tokio::test]
async fn pages_that_are_below_each_other_do_not_hold_us_for_ever() {
    let tree = json!({"pageAdminSummaries": [
        {"pageId": "10", "pageTitle": "A", "parentPageId": 11},
        {"pageId": 11, "pageTitle": "B", "parentPageId": "10"},
        {"pageId": 12, "parentPageId": 12},
        {"pageTitle": "without an id"}, null,
    ]});
    let stack = json!({"cards": []});
    let (_server, desk) = lists(vec![("pages/adminsummary", 200, tree), ("stacks/", 200, stack)]).await;
    let listing = desk.domo.list(&pages(&[10])).await.unwrap();
    let ids: BTreeSet<i64> = listing.pages.iter().map(|page| page.id.0).collect();
    assert_eq!((ids, titles(&listing)), ([10, 11].into(), vec!["A", "B"]));
}

#[tokio::test]
async fn an_instance_without_app_studio_is_complete() {
    let cards = json!({"cardAdminSummaries": [{"id": 1, "type": "kpi", "pageHierarchy": [{"pageId": "10"}]}]});
    let (_server, desk) = lists(vec![("cards/adminsummary", 200, cards)]).await;
    let listing = desk.domo.list(&Wanted::Instance).await.unwrap();
    assert_eq!((held(&listing), titles(&listing)), (vec![(10, vec![1])], vec!["Page 10"]));
    assert!(listing.unlisted.is_empty(), "{:?}", listing.unlisted);
}

#[tokio::test]
async fn apps_that_cannot_be_listed_are_told() {
    let cards = json!({"cardAdminSummaries": []});
    let (_server, desk) = lists(vec![("cards/adminsummary", 200, cards), ("dataapps", 403, json!({}))]).await;
    let listing = desk.domo.list(&Wanted::Instance).await.unwrap();
    let why = "App Studio apps: no access (403); give the service user admin rights, or set pages to a list of ids";
    assert_eq!(whys(&listing), [(None, why)]);
}

#[tokio::test]
async fn one_app_that_cannot_be_read_is_told_and_the_others_are_listed() {
    let apps = json!({"dataAppAdminSummaries": [{"dataAppId": 900, "title": "Retail"}, {"dataAppId": "950"}]});
    let retail = json!({"views": [{"viewId": "901"}, {"title": "without an id"}]});
    let answers = vec![
        ("cards/adminsummary", 200, json!({"cardAdminSummaries": []})),
        ("dataapps/adminsummary", 200, apps),
        ("dataapps/900", 200, retail),
        ("dataapps/950", 403, json!({})),
        ("stacks/901", 200, json!({"type": "dav", "cards": [{"id": 4, "type": "kpi"}]})),
    ];
    let (_server, desk) = lists(answers).await;
    let listing = desk.domo.list(&Wanted::Instance).await.unwrap();
    assert_eq!((held(&listing), titles(&listing)), (vec![(901, vec![4])], vec!["Retail · View 901"]));
    assert_eq!(whys(&listing), [(None, "App Studio app 950: no access (403); share it with the service user")]);
    assert!(listing.loose.is_empty());
}
