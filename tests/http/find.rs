//! Finding cards on the status page, and what becomes of addresses that anybody may have written.

use cardwatch::domain::snapshot::InstanceSnapshot;

use crate::house::{Answer, House, open};
use crate::scenes::{
    COLUMN, broken, muted, of, owned, paged, read, swept, undecided, watching, with_dataset, with_incident, working,
};

fn acme() -> InstanceSnapshot {
    let mut fed = working("Fed by orders");
    fed.datasets = with_dataset(swept("acme", []), "d-1", "Orders", None).datasets.into_keys().collect();
    let cards = [
        owned(&["Ann Berg"], broken("Revenue by region", COLUMN, 15)),
        muted("known", None, broken("Headcount", "500 Internal Server Error", 90)),
        undecided("Secret", "no access (403)"),
        working("Costs"),
        fed,
    ];
    let instance = with_dataset(swept("acme", cards), "d-1", "Orders", None);
    paged(paged(instance, 7, "Sales overview", &[1, 4]), 8, "Board pack", &[1])
}

fn globex() -> InstanceSnapshot {
    paged(swept("globex", [working("Costs of globex")]), 7, "Elsewhere", &[1])
}

async fn house() -> House {
    let house = House::with(open()).await;
    house.show_all([acme(), globex()]);
    house
}

/// So many working cards at one instance.
async fn full(cards: usize) -> House {
    let house = House::with(open()).await;
    house.show(swept("acme", (0..cards).map(|card| working(&format!("Card {card:05}")))));
    house
}

async fn ask(house: &House, path: &str) -> Answer {
    house.ask("GET", path, &[]).await
}

/// The titles that were found, in their order.
async fn found(house: &House, path: &str) -> Vec<String> {
    let answer = ask(house, path).await;
    assert_eq!(answer.status, 200, "{path}");
    let rows = answer.body.split("<tbody>").nth(1).unwrap_or_default();
    let links = rows.split("/cards/").skip(1);
    let titles = links.map(|link| link.split('>').nth(1).unwrap().split('<').next().unwrap().to_owned());
    titles.collect()
}

/// The heading and the sentence below it.
async fn told(house: &House, path: &str) -> (String, String) {
    let body = ask(house, path).await.body;
    let after = body.split("<h1>").nth(1).unwrap();
    let (heading, rest) = after.split_once("</h1>").unwrap();
    (read(heading), read(rest.split("<form").next().unwrap()))
}

#[tokio::test]
async fn words_are_looked_for_in_all_that_is_known_of_a_card() {
    let house = house().await;
    for (words, titles) in [
        ("REVENUE", vec!["Revenue by region"]),
        ("overview", vec!["Revenue by region", "Costs"]),
        ("ann", vec!["Revenue by region"]),
        ("orders", vec!["Fed by orders"]),
        ("internal+server", vec!["Headcount"]),
        ("costs+globex", vec!["Costs of globex"]),
    ] {
        assert_eq!(found(&house, &format!("/?q={words}")).await, titles, "{words}");
    }
}

#[tokio::test]
async fn a_title_that_has_changed_is_found_by_its_new_words_alone() {
    let house = House::with(open()).await;
    for (title, by_old, by_new) in [("Costs", 1, 0), ("Margin", 0, 1)] {
        house.show_all([swept("acme", [working(title)]), globex()]);
        assert_eq!(found(&house, "/?q=costs&instance=acme").await.len(), by_old, "{title}");
        assert_eq!(found(&house, "/?q=margin").await.len(), by_new, "{title}");
    }
}

#[tokio::test]
async fn each_filter_narrows_what_is_found() {
    let house = house().await;
    for (query, titles) in [
        ("state=broken", vec!["Revenue by region", "Headcount"]),
        ("state=unchecked", vec!["Secret"]),
        ("state=muted", vec!["Headcount"]),
        ("instance=globex", vec!["Costs of globex"]),
        ("instance=acme&page=7", vec!["Revenue by region", "Costs"]),
        ("instance=acme&page=7&state=working", vec!["Costs"]),
        ("q=costs&instance=acme", vec!["Costs"]),
    ] {
        assert_eq!(found(&house, &format!("/?{query}")).await, titles, "{query}");
    }
}

#[tokio::test]
async fn what_is_broken_comes_first_and_of_it_what_broke_last() {
    let house = house().await;
    let titles = found(&house, "/?instance=acme").await;
    assert_eq!(titles, ["Revenue by region", "Headcount", "Secret", "Costs", "Fed by orders"]);
}

#[tokio::test]
async fn how_many_were_found_is_said_and_what_was_asked_for() {
    let house = house().await;
    let (heading, below) = told(&house, "/?state=broken&instance=acme&page=7&q=region").await;
    assert_eq!(
        (heading.as_str(), below.as_str()),
        ("1 card found", "broken · at acme · on page Sales overview · with “region”")
    );
}

#[tokio::test]
async fn a_row_tells_state_why_and_since_when() {
    let house = house().await;
    let words = read(&ask(&house, "/?state=broken").await.body);
    assert!(words.contains("✕ broken 07:45 UTC (15 min) acme Sales overview, Board pack Ann Berg"), "{words}");
    assert!(words.contains("Revenue by region Invalid column(s) referenced: region_name"), "{words}");
    let words = read(&ask(&house, "/?state=unchecked").await.body);
    assert!(words.contains("Secret no access (403) ? unchecked never decided"), "{words}");
}

#[tokio::test]
async fn the_form_keeps_what_was_asked_for() {
    let house = house().await;
    let body = ask(&house, "/?q=%22costs%22&instance=acme&page=7&state=no_data").await.body;
    for kept in [
        "name=\"q\" value=\"&quot;costs&quot;\"",
        "<option value=\"acme\" selected>",
        "<option value=\"7\" selected>Sales overview",
        "<option value=\"no_data\" selected>",
    ] {
        assert!(body.contains(kept), "{kept}: {body}");
    }
}

#[tokio::test]
async fn where_nothing_matches_it_is_said_with_a_way_back() {
    let house = house().await;
    let answer = ask(&house, "/?q=zebra").await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("<h1>No card found</h1>"));
    assert!(answer.body.contains("<a href=\"/\">Back to the status</a>"));
}

#[tokio::test]
async fn a_form_that_was_sent_empty_leads_to_the_status() {
    let house = house().await;
    let empty = ask(&house, "/?q=&instance=&page=&state=").await;
    assert!(empty.body.contains("2 cards do not render"), "{}", empty.body);
}

#[tokio::test]
async fn keys_that_nobody_knows_ask_for_nothing() {
    let house = house().await;
    assert!(ask(&house, "/?utm_source=mail&x=%00").await.body.contains("2 cards do not render"));
    assert_eq!(found(&house, "/?color=red&state=muted").await, ["Headcount"]);
}

#[tokio::test]
async fn an_address_that_cannot_be_answered_says_why_and_lets_ask_anew() {
    let house = house().await;
    let long = format!("/?q={}", "x".repeat(201));
    let longer = format!("/?x={}", "x".repeat(2_001));
    for (path, status, why) in [
        ("/?state=purple", 400, "No state is called 'purple': there are broken, unchecked, working"),
        ("/?page=seven", 400, "'seven' is not the number of a page"),
        ("/?page=99999999999999999999", 400, "'99999999999999999999' is not the number of a page"),
        ("/?from=-1&q=x", 400, "'-1' is not the number of a first card"),
        ("/?incident=x", 400, "'x' is not the number of an incident"),
        ("/?instance=hooli", 404, "No instance is called 'hooli'"),
        ("/?instance=%3Cb%3E", 404, "No instance is called '<b>'"),
        ("/?incident=99", 404, "Incident 99 is over, or never was"),
        (&long, 400, "The text to search for is longer than 200 characters"),
        (&longer, 400, "The address is longer than 2000 bytes"),
    ] {
        let answer = ask(&house, path).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(read(&answer.body).contains(why), "{path}: {}", read(&answer.body));
        assert!(answer.body.contains("<a href=\"/\">"), "{path}");
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_are_searched_for_in_vain() {
    let house = house().await;
    for query in ["q=%ff%fe", "q=%", "q=%zz", "q=%00%1b[31m", "&&&=&q=zebra&="] {
        assert!(ask(&house, &format!("/?{query}")).await.body.contains("No card found"), "{query}");
    }
}

#[tokio::test]
async fn a_page_that_is_not_monitored_holds_no_card_and_is_told_so() {
    let house = house().await;
    let (heading, below) = told(&house, "/?page=-100000").await;
    assert_eq!((heading.as_str(), below.as_str()), ("No card found", "on page -100000, which is not monitored"));
}

#[tokio::test]
async fn a_page_is_that_of_the_instance_that_is_looked_at_and_leads_into_domo() {
    let house = house().await;
    house.settings.send_replace(watching(Vec::new()));
    let (_, below) = told(&house, "/?instance=acme&page=7").await;
    assert_eq!(below, "at acme · on page Sales overview open in Domo: Sales overview");
    assert_eq!(told(&house, "/?instance=globex&page=7").await.1, "at globex · on page Elsewhere");
    assert!(ask(&house, "/?instance=acme&page=7").await.body.contains("href=\"https://acme.domo.com/page/7\""));
}

#[tokio::test]
async fn a_long_list_comes_in_parts_that_lead_to_each_other() {
    let house = full(120).await;
    for (path, first, count, before, after) in [
        ("/?state=working", "Card 00000", 50, None, Some("50")),
        ("/?state=working&from=50", "Card 00050", 50, Some("/?state=working"), Some("100")),
        ("/?state=working&from=100", "Card 00100", 20, Some("/?state=working&amp;from=50"), None),
    ] {
        let titles = found(&house, path).await;
        assert_eq!((titles[0].as_str(), titles.len()), (first, count), "{path}");
        let body = ask(&house, path).await.body;
        assert_eq!(body.contains("rel=\"prev\""), before.is_some(), "{path}");
        assert!(before.is_none_or(|before| body.contains(&format!("rel=\"prev\" href=\"{before}\""))), "{path}");
        assert_eq!(body.contains("rel=\"next\""), after.is_some(), "{path}");
        let next = |from| format!("rel=\"next\" href=\"/?state=working&amp;from={from}\"");
        assert!(after.is_none_or(|after| body.contains(&next(after))), "{path}");
    }
}

#[tokio::test]
async fn a_part_that_is_not_there_is_the_last_one() {
    let house = full(120).await;
    for from in ["119", "120", "100000", "18446744073709551615"] {
        let (heading, below) = told(&house, &format!("/?state=working&from={from}")).await;
        assert_eq!((heading.as_str(), below.as_str()), ("120 cards found", "working · 101 to 120 of 120"), "{from}");
    }
}

#[tokio::test]
async fn what_fits_one_part_has_no_pager() {
    let house = full(50).await;
    assert!(!ask(&house, "/?state=working").await.body.contains("class=\"pager\""));
}

#[tokio::test]
async fn an_incident_has_an_address_of_its_own_with_all_of_its_cards() {
    let cards = (0..70).map(|card| of(12, broken(&format!("Card {card:02}"), COLUMN, 15)));
    let house = House::with(open()).await;
    house.show(with_incident(swept("acme", cards), 12, "Dataset Orders lost a column", COLUMN, &[]));
    let answer = ask(&house, "/?incident=12").await;
    assert!(answer.body.contains("<h1><span class=\"bad\">Dataset Orders lost a column</span></h1>"));
    assert!(read(&answer.body).contains("70 cards · since 07:45 UTC, for 15 min · misconfigured card"));
    assert_eq!(found(&house, "/?incident=12").await.len(), 50);
    let rest = found(&house, "/?incident=12&from=50").await;
    assert_eq!((rest.len(), rest[0].as_str()), (20, "Card 50"));
}

#[tokio::test]
async fn an_incident_that_is_over_says_so_in_a_page() {
    let house = House::with(open()).await;
    house.show(with_incident(swept("acme", [working("Revenue")]), 12, "Dataset Orders lost a column", COLUMN, &[]));
    let answer = ask(&house, "/?incident=12").await;
    assert_eq!(answer.status, 404);
    assert!(read(&answer.body).contains("Incident 12 is over"), "{}", answer.body);
}

#[tokio::test]
async fn searching_changes_nothing() {
    let house = house().await;
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        assert_eq!(house.ask(method, "/?q=costs", &[]).await.status, 405, "{method}");
    }
}
