//! A card's page: everything that is known of one card.

use std::time::Duration;

use cardwatch::domain::card::CardState;
use cardwatch::domain::ids::{CardId, DatasetId, PageId};
use cardwatch::domain::owners::Owner;
use cardwatch::domain::snapshot::CardNow;

use crate::house::{Answer, House};
use crate::past::Past;
use crate::rooms::{showing, words};
use crate::scenes::{
    ago, broken, failed_run, muted, of, owned, paged, swept, undecided, unsupported, with_dataset, with_incident,
    working,
};

const WHY: &str = "Invalid column(s) referenced: region_name";

async fn page_of_card(house: &House, id: i64) -> Answer {
    house.ask("GET", &format!("/instances/acme/cards/{id}"), &[]).await
}

/// The page of an only card as one reads it.
async fn page_of(card: CardNow) -> String {
    let house = showing(swept("acme", [card])).await;
    words(&page_of_card(&house, 1).await.body)
}

#[tokio::test]
async fn a_broken_card_says_since_when_and_why() {
    let page = page_of(broken("Revenue by region", WHY, 15)).await;
    assert!(page.contains("Revenue by region ✕ broken since 07:45 UTC (15 min) · open in Domo"), "{page}");
    assert!(page.contains(&format!("Why {WHY} misconfigured card")), "{page}");
}

#[tokio::test]
async fn a_reason_is_shown_in_full() {
    let long = "the end of it is what matters ".repeat(200) + "END";
    let page = page_of(broken("Revenue by region", &long, 15)).await;
    assert!(page.contains(&long), "{page}");
}

#[tokio::test]
async fn foreign_text_is_shown_as_text() {
    let house = showing(swept("acme", [broken("<script>alert(1)</script>\u{202E}", "<img src=x>", 15)])).await;
    let page = page_of_card(&house, 1).await.body;
    assert!(page.contains("<h1>&lt;script&gt;alert(1)&lt;/script&gt;</h1>"), "{page}");
    assert!(page.contains("<code>&lt;img src=x&gt;</code>"), "{page}");
    assert!(!page.contains('\u{202E}'), "{page}");
}

#[tokio::test]
async fn a_card_that_was_not_decided_for_too_long_is_not_claimed_to_be_what_it_was() {
    let stale = CardState::Working { since: ago(9_000), decided_at: ago(3_000) };
    let page = page_of(CardNow { state: stale, ..working("Orders map") }).await;
    assert!(page.contains("? unchecked, last decided 31 Oct 2026, 06:00 UTC (2 days), when it worked"), "{page}");
}

#[tokio::test]
async fn a_card_that_could_not_be_checked_says_why() {
    let page = page_of(undecided("Board pack cover", "no access (403)")).await;
    assert!(page.contains("? unchecked: no sweep could decide it yet"), "{page}");
    assert!(page.contains("The last sweep could not check it. no access (403)"), "{page}");
}

#[tokio::test]
async fn an_unsupported_card_says_why_it_is() {
    let page = page_of(unsupported("Notebook")).await;
    assert!(page.contains("unsupported: Domo has no way to render it but in a browser"), "{page}");
}

#[tokio::test]
async fn the_other_cards_of_its_incident_are_named() {
    let cards = [of(7, broken("Revenue", WHY, 15)), of(7, broken("Margin", WHY, 15)), of(7, broken("Orders", WHY, 15))];
    let house =
        showing(with_incident(swept("acme", cards), 7, "Dataset Orders lost column region_name", WHY, &[])).await;
    let page = page_of_card(&house, 1).await.body;
    assert!(
        page.contains(r#"Incident 7: <a href="/?incident=7">Dataset Orders lost column region_name</a>"#),
        "{page}"
    );
    let others = r#"<a href="/instances/acme/cards/2">Margin</a>, <a href="/instances/acme/cards/3">Orders</a>"#;
    assert!(page.contains("The same cause as 2 other cards: ") && page.contains(others), "{page}");
}

#[tokio::test]
async fn of_a_large_incident_a_few_cards_are_named_and_the_rest_is_a_number() {
    let cards = (0..500).map(|number| of(7, broken(&format!("Card {number}"), WHY, 15)));
    let house = showing(with_incident(swept("acme", cards), 7, "Dataset Orders lost a column", WHY, &[])).await;
    let page = page_of_card(&house, 1).await.body;
    assert!(page.contains(r#" and <a href="/?incident=7">489 more</a>"#), "{page}");
    assert_eq!(page.matches(r#"href="/instances/acme/cards/"#).count(), 10 + 1, "and the page itself: {page}");
}

#[tokio::test]
async fn a_mute_says_by_whom_until_when_and_why() {
    let page = page_of(muted("owner on leave", Some(ago(-120)), broken("Headcount", WHY, 15))).await;
    let told = "Muted until 10:00 UTC. No mail speaks of it, said ann 07:00 UTC: “owner on leave”";
    assert!(page.contains(told), "{page}");
}

#[tokio::test]
async fn every_page_that_holds_it_is_named() {
    let instance = (0..9).fold(swept("acme", [working("Revenue")]), |instance, id| {
        paged(instance, 40 + id, &format!("Page {id}"), &[1])
    });
    let page = page_of_card(&showing(instance).await, 1).await.body;
    for id in 0..9 {
        let link = format!(r#"<a href="/instances/acme/pages/{}">Page {id}</a>"#, 40 + id);
        assert!(page.contains(&link), "{link} in {page}");
    }
}

#[tokio::test]
async fn where_a_card_has_no_owner_those_of_its_pages_answer_for_it() {
    let mut instance = paged(swept("acme", [working("Revenue")]), 40, "Board pack", &[1]);
    instance.pages.get_mut(&PageId(40)).unwrap().owners = [Owner { user: None, name: "Finance BI".to_owned() }].into();
    let page = words(&page_of_card(&showing(instance).await, 1).await.body);
    assert!(page.contains("Owners Finance BI (of its pages: it has none itself)"), "{page}");
    assert!(page_of(owned(&["Ann"], working("Revenue"))).await.contains("Owners Ann Datasets"));
}

#[tokio::test]
async fn its_datasets_are_named_with_what_was_found_out_when_it_broke() {
    let mut card = broken("Revenue", WHY, 15);
    card.datasets = [DatasetId::new("a1").unwrap(), DatasetId::new("b2").unwrap()].into();
    let instance = with_dataset(swept("acme", [card]), "a1", "Orders", Some(failed_run(20, "connection refused")));
    let page = words(&page_of_card(&showing(instance).await, 1).await.body);
    assert!(page.contains("Orders: last run failed 07:40 UTC: connection refused b2"), "{page}");
}

#[tokio::test]
async fn a_slow_card_and_one_without_data_say_so() {
    let mut card = working("Revenue");
    card.rendering.latency = Some(Duration::from_millis(31_400));
    card.rendering.slow_against = Some(Duration::from_millis(2_100));
    card.rendering.no_data_since = Some(ago(60));
    let page = page_of(card).await;
    assert!(page.contains("Time to render 31 s slow 2.1 s was usual"), "{page}");
    assert!(page.contains("no data it renders without any since 07:00 UTC"), "{page}");
}

#[tokio::test]
async fn it_leads_to_the_card_in_domo() {
    let house = showing(swept("acme", [working("Revenue")])).await;
    let page = page_of_card(&house, 1).await.body;
    assert!(page.contains(r#"href="https://acme.domo.com/kpis/details/1""#), "{page}");
}

#[tokio::test]
async fn its_changes_are_told_with_the_mails_that_told_of_them() {
    let house = showing(swept("acme", [broken("Revenue", WHY, 15)])).await;
    let mut past = Past::of(&house).await;
    past.card(1, "Revenue").await;
    let (first, second, third) = (past.sweep(200, 1, 0).await, past.sweep(100, 0, 0).await, past.sweep(15, 1, 0).await);
    past.broke(first, 1, 200, "No indexed schema found").await;
    past.recovered(second, 1, 100).await;
    past.broke(third, 1, 15, WHY).await;
    past.mailed(third, "[cardwatch] acme: 1 card broke (1 broken now)", "admins@example.com", 14).await;
    let page = words(&page_of_card(&house, 1).await.body);
    let latest = format!(
        "07:45 UTC ✕ broke {WHY} mail 07:46 UTC to admins@example.com [cardwatch] acme: 1 card broke (1 broken now)"
    );
    assert!(page.contains(&latest), "{page}");
    assert!(page.contains("06:20 UTC ● recovered after 2 h no mail"), "{page}");
    assert!(page.contains("04:40 UTC ✕ broke No indexed schema found no mail"), "{page}");
}

#[tokio::test]
async fn its_latest_results_are_listed() {
    let house = showing(swept("acme", [broken("Revenue", WHY, 15)])).await;
    let mut past = Past::of(&house).await;
    past.card(1, "Revenue").await;
    let (first, second) = (past.sweep(30, 0, 0).await, past.sweep(15, 1, 0).await);
    past.result(first, 1, None, 240).await;
    past.result(second, 1, Some(WHY), 120).await;
    let page = words(&page_of_card(&house, 1).await.body);
    assert!(page.contains(&format!("07:45 UTC ✕ broken 0.12 s {WHY} 07:30 UTC ● working 0.24 s")), "{page}");
}

#[tokio::test]
async fn a_reason_is_told_in_full_once_while_it_lasts_and_again_where_results_unfold() {
    let house = showing(swept("acme", [broken("Revenue", WHY, 15)])).await;
    let mut past = Past::of(&house).await;
    past.card(1, "Revenue").await;
    for place in 0..17 {
        let sweep = past.sweep(200 - place, 1, 0).await;
        let why = if place == 15 { None } else { Some(WHY) };
        past.result(sweep, 1, why, 120).await;
    }
    let page = words(&page_of_card(&house, 1).await.body);
    let (in_sight, unfolds) = page.split_once("2 earlier results").unwrap();
    let results = in_sight.split("Verdict").last().unwrap();
    assert!(results.contains(&format!("broken 0.12 s {WHY} ")), "{results}");
    assert_eq!((results.matches(WHY).count(), results.matches("as above").count()), (2, 12), "{results}");
    assert_eq!((unfolds.matches(WHY).count(), unfolds.matches("as above").count()), (1, 1), "{unfolds}");
}

#[tokio::test]
async fn a_card_without_a_past_says_so() {
    let page = page_of(working("Revenue")).await;
    for told in ["Its state never changed.", "No result of it is kept.", "It did not render in the last 14 days."] {
        assert!(page.contains(told), "{told} in {page}");
    }
}

#[tokio::test]
async fn a_removed_card_is_still_told_of() {
    let house = showing(swept("acme", [])).await;
    let mut past = Past::of(&house).await;
    past.removed_card(9, "Old revenue").await;
    let sweep = past.sweep(200, 1, 0).await;
    past.broke(sweep, 9, 200, WHY).await;
    let answer = page_of_card(&house, 9).await;
    let page = words(&answer.body);
    assert_eq!(answer.status, 200, "{page}");
    assert!(page.contains("Old revenue – removed: no page that is monitored holds it any more"), "{page}");
    assert!(page.contains(&format!("04:40 UTC ✕ broke {WHY}")), "{page}");
}

#[tokio::test]
async fn a_card_that_never_was_is_not_found() {
    let house = showing(swept("acme", [working("Revenue")])).await;
    let answer = page_of_card(&house, 77).await;
    assert_eq!(answer.status, 404);
    assert!(words(&answer.body).contains("No sweep of acme has seen card 77 To the status page"), "{}", answer.body);
}

#[tokio::test]
async fn an_instance_that_is_not_configured_is_not_found() {
    let house = showing(swept("acme", [])).await;
    let answer = house.ask("GET", "/instances/globex/cards/1", &[]).await;
    assert_eq!(answer.status, 404);
    assert!(words(&answer.body).contains("No instance is called 'globex'"), "{}", answer.body);
}

#[tokio::test]
async fn an_id_that_is_no_number_is_refused() {
    let house = showing(swept("acme", [])).await;
    for id in ["abc", "1.5", "99999999999999999999", "%20", "%3Cb%3E"] {
        let answer = house.ask("GET", &format!("/instances/acme/cards/{id}"), &[]).await;
        assert_eq!(answer.status, 400, "{id}");
        assert!(answer.body.contains("is not the id of a card, which is a number"), "{}", answer.body);
    }
}

#[tokio::test]
async fn an_address_that_is_no_text_is_refused() {
    let house = showing(swept("acme", [])).await;
    let answer = house.ask("GET", "/instances/acme/cards/%FF", &[]).await;
    assert_eq!(answer.status, 400);
    assert!(words(&answer.body).contains("This address cannot be read"), "{}", answer.body);
}

#[tokio::test]
async fn a_database_that_cannot_be_read_is_owned_up_to() {
    let house = showing(swept("acme", [working("Revenue")])).await;
    house.store.close().await;
    let answer = page_of_card(&house, 1).await;
    assert_eq!(answer.status, 503);
    assert!(words(&answer.body).contains("The database cannot be read now; the log says why"), "{}", answer.body);
    assert!(!answer.body.contains("cardwatch.db"), "the reader may be anybody: {}", answer.body);
}

#[tokio::test]
async fn a_card_is_known_by_its_id_and_not_by_its_place() {
    let mut instance = swept("acme", []);
    instance.cards.insert(CardId(-5), working("Odd"));
    assert_eq!(page_of_card(&showing(instance).await, -5).await.status, 200);
}
