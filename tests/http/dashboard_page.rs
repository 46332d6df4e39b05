//! The page of one of Domo's pages: its cards, the broken ones first.

use std::time::Duration;

use cardwatch::domain::ids::{AppId, PageId};
use cardwatch::domain::snapshot::InstanceSnapshot;
use cardwatch::domain::sweep::PageKind;

use crate::house::Answer;
use crate::rooms::{showing, words};
use crate::scenes::{ago, broken, muted, paged, swept, undecided, unsupported, working};

async fn ask(instance: InstanceSnapshot, query: &str) -> Answer {
    showing(instance).await.ask("GET", &format!("/instances/acme/pages/40{query}"), &[]).await
}

/// Whether the words are there in this order.
fn in_order(text: &str, words: &[&str]) -> bool {
    let mut rest = text;
    words.iter().all(|word| match rest.split_once(word) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

fn four_cards() -> InstanceSnapshot {
    let cards = [
        working("a works"),
        undecided("b nobody knows", "no access (403)"),
        broken("c broke", "gone", 15),
        unsupported("d"),
    ];
    paged(swept("acme", cards), 40, "Sales overview", &[1, 2, 3, 4])
}

#[tokio::test]
async fn broken_cards_come_first_then_those_that_nobody_could_check() {
    let page = words(&ask(four_cards(), "").await.body);
    let table = page.split("Its cards").last().unwrap();
    assert!(in_order(table, &["c broke", "b nobody knows", "a works", "d"]), "{table}");
}

#[tokio::test]
async fn its_cards_are_counted_in_words() {
    let page = words(&ask(four_cards(), "").await.body);
    assert!(page.contains("Sales overview 1 of 4 cards does not render, 1 unchecked, 1 unsupported"), "{page}");
}

#[tokio::test]
async fn where_every_card_renders_it_says_so() {
    let instance = paged(swept("acme", [working("a"), working("b")]), 40, "Sales overview", &[1, 2]);
    let page = words(&ask(instance, "").await.body);
    assert!(page.contains("all 2 cards render"), "{page}");
}

#[tokio::test]
async fn where_nothing_is_known_it_does_not_say_that_cards_render() {
    let instance = paged(swept("acme", [undecided("a", "403")]), 40, "Sales overview", &[1]);
    let page = words(&ask(instance, "").await.body);
    assert!(page.contains("1 card, none known to work, 1 unchecked"), "{page}");
}

#[tokio::test]
async fn slow_empty_and_muted_cards_are_marked() {
    let mut slow = working("Slow one");
    slow.rendering.latency = Some(Duration::from_millis(31_400));
    slow.rendering.slow_against = Some(Duration::from_secs(2));
    let mut empty = working("Empty one");
    empty.rendering.no_data_since = Some(ago(60));
    let muted = muted("owner on leave", None, broken("Muted one", "gone", 15));
    let page = words(&ask(paged(swept("acme", [slow, empty, muted]), 40, "Sales", &[1, 2, 3]), "").await.body);
    assert!(page.contains("Slow one slow ● working"), "{page}");
    assert!(page.contains("31 s"), "{page}");
    assert!(page.contains("Empty one no data"), "{page}");
    assert!(page.contains("Muted one muted until it works: “owner on leave”"), "{page}");
}

#[tokio::test]
async fn a_large_page_is_shown_in_parts() {
    let cards: Vec<i64> = (1..=250).collect();
    let all = (1..=250).map(|number| working(&format!("Card {number:03}")));
    let instance = paged(swept("acme", all), 40, "Everything", &cards);
    let first = ask(instance.clone(), "").await.body;
    assert_eq!(first.matches("open in Domo").count(), 100 + 1, "and the page itself");
    assert!(first.contains(r#"href="/instances/acme/pages/40?from=100""#), "{first}");
    let last = words(&ask(instance, "?from=200").await.body);
    assert!(last.contains("Card 250") && !last.contains("Card 200"), "{last}");
    assert!(last.contains("201 to 250 of 250"), "{last}");
}

#[tokio::test]
async fn it_leads_to_the_page_in_domo() {
    let page = ask(four_cards(), "").await.body;
    assert!(page.contains(r#"href="https://acme.domo.com/page/40""#), "{page}");
}

#[tokio::test]
async fn a_view_of_an_app_leads_to_the_app() {
    let mut instance = four_cards();
    instance.pages.get_mut(&PageId(40)).unwrap().kind = PageKind::View { app: Some(AppId(7)) };
    let page = ask(instance, "").await.body;
    assert!(page.contains(r#"href="https://acme.domo.com/app-studio/7/pages/40""#), "{page}");
    assert!(words(&page).contains("view 40 of the App Studio app 7 Its cards"), "{page}");
}

#[tokio::test]
async fn a_system_page_has_an_address_too() {
    let mut instance = four_cards();
    let overview = instance.pages.remove(&PageId(40)).unwrap();
    instance.pages.insert(PageId(-100_000), overview);
    let answer = showing(instance).await.ask("GET", "/instances/acme/pages/-100000", &[]).await;
    assert_eq!(answer.status, 200);
    assert!(words(&answer.body).contains("system page -100000"), "{}", answer.body);
}

#[tokio::test]
async fn an_empty_page_says_so() {
    let answer = ask(paged(swept("acme", []), 40, "Empty", &[]), "").await;
    assert_eq!(answer.status, 200);
    assert!(words(&answer.body).contains("No card is on it."), "{}", answer.body);
}

#[tokio::test]
async fn a_page_that_is_not_monitored_is_not_found() {
    let answer = showing(four_cards()).await.ask("GET", "/instances/acme/pages/41", &[]).await;
    assert_eq!(answer.status, 404);
    assert!(words(&answer.body).contains("Page 41 is not among those that are monitored at acme"), "{}", answer.body);
}

#[tokio::test]
async fn what_is_no_number_is_refused() {
    assert_eq!(showing(four_cards()).await.status("/instances/acme/pages/x", &[]).await, 400);
    assert_eq!(ask(four_cards(), "?from=x").await.status, 400);
    assert_eq!(ask(four_cards(), "?from=-1").await.status, 400);
    assert_eq!(ask(four_cards(), "?from=").await.status, 200);
    assert_eq!(ask(four_cards(), "?from=99999999").await.status, 200, "the last part");
}
