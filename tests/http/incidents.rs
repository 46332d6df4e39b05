//! What the status page says of open incidents.

use crate::scenes::{
    COLUMN, ago, broken, evidence, failed_run, lost_column, muted, of, orders, page, paged, read, showing, sweeps,
    swept, with_dataset, with_incident, words,
};

#[tokio::test]
async fn an_incident_tells_why_since_when_how_far_it_reaches_and_whose_it_is() {
    let words = words(&showing([orders()]).await).await;
    assert!(
        words.contains(
            "Dataset Orders lost column region_name Invalid column(s) referenced: region_name Dataset d-1 2 cards on 2 \
             pages, owned by Sales BI, Ann · since 07:45 UTC, for 15 min · misconfigured card · incident 12 at acme"
        ),
        "{words}"
    );
}

#[tokio::test]
async fn an_incident_of_one_card_leaves_pages_and_owners_to_its_row() {
    let instance =
        with_incident(swept("acme", [of(12, broken("Revenue", COLUMN, 15))]), 12, "Domo refuses", COLUMN, &[]);
    let words = words(&showing([paged(instance, 7, "Sales overview", &[1])]).await).await;
    assert!(words.contains(&format!("Domo refuses {COLUMN} 1 card · since 07:45 UTC")), "{words}");
    assert!(words.contains("Sales overview"), "{words}");
}

#[tokio::test]
async fn an_incident_counts_thousands_of_cards_as_the_rest_of_the_page_does() {
    let cards = (0..1_200).map(|_| of(12, broken("Revenue", COLUMN, 15)));
    let acme = paged(swept("acme", cards), 7, "Sales overview", &[1, 2]);
    let words = words(&showing([with_incident(acme, 12, "Domo refuses", COLUMN, &[])]).await).await;
    assert!(words.contains("1,200 cards on 1 page · since 07:45 UTC"), "{words}");
}

#[tokio::test]
async fn a_long_reason_is_cut_shorter_on_the_status_page_than_on_the_page_of_its_incident() {
    let reason = "because ".repeat(50);
    let instance =
        with_incident(swept("acme", [of(12, broken("Revenue", &reason, 15))]), 12, "Domo refuses", &reason, &[]);
    let house = showing([instance]).await;
    let told = async |path| house.ask("GET", path, &[]).await.body.matches("because ").count();
    assert_eq!((told("/").await, told("/?incident=12").await), (29, 49));
}

#[tokio::test]
async fn an_incident_tells_what_domo_says_of_its_datasets() {
    let told = async |evidence| {
        let instance = with_dataset(orders(), "d-1", "Orders", Some(evidence));
        words(&showing([instance]).await).await
    };
    let failed = told(failed_run(2, "connection refused")).await;
    assert!(failed.contains("Dataset Orders: last run failed 07:58 UTC: connection refused"), "{failed}");
    let lost = told(lost_column("region_name")).await;
    let change =
        "Dataset Orders: lost column region_name between 03:00 UTC and 07:46 UTC; last run succeeded 07:38 UTC";
    assert!(lost.contains(change), "{lost}");
}

#[tokio::test]
async fn an_incident_lists_its_cards_by_id_as_mails_do_and_where_each_is_in_domo() {
    let body = page(&showing([orders()]).await).await.body;
    let place = |text: &str| body.find(text).unwrap_or_else(|| panic!("{text}: {body}"));
    let rows = place("<tbody>");
    let titles = ["<a href=\"/instances/acme/cards/1\">Revenue", "<a href=\"/instances/acme/cards/2\">Orders map</a>"];
    let [revenue, orders] = titles.map(|title| rows + body[rows..].find(title).unwrap());
    assert!(revenue < orders);
    place("<a href=\"/instances/acme/pages/7\">Sales overview</a>, <a href=\"/instances/acme/pages/8\">Board pack</a>");
    place("href=\"https://acme.domo.com/kpis/details/2\"");
    place("aria-label=\"last 31 sweeps: broken in the latest 2\"");
}

#[tokio::test]
async fn a_muted_card_stays_on_the_page_and_says_until_when_and_why() {
    let cards = [of(12, muted("owner on <leave>", Some(ago(-120)), broken("Headcount", COLUMN, 15)))];
    let house = showing([with_incident(swept("acme", cards), 12, "Domo refuses", COLUMN, &[])]).await;
    let words = words(&house).await;
    assert!(words.contains("Headcount muted until 10:00 UTC: “owner on <leave>”"), "{words}");
    assert!(words.contains("misconfigured card · muted · incident 12"), "{words}");
}

#[tokio::test]
async fn the_largest_incidents_come_first_and_no_page_is_endless() {
    let mut cards = Vec::new();
    for incident in 1..=50 {
        let size = if incident == 30 { 15 } else { 1 };
        cards.extend((0..size).map(|card| of(incident, broken(&format!("Card {incident}-{card:02}"), COLUMN, 15))));
    }
    let mut acme = swept("acme", cards);
    for incident in 1..=50 {
        acme = with_incident(acme, incident, &format!("Cause {incident}"), COLUMN, &[]);
    }
    let body = page(&showing([acme]).await).await.body;
    assert_eq!(body.matches("<section class=\"incident").count(), 6, "with their first cards");
    assert_eq!(body.matches(">Cause ").count(), 40, "those with a line each among them");
    assert!(body.find("Cause 30").unwrap() < body.find("Cause 1<").unwrap());
    assert_eq!(body.matches(">Card 30-").count(), 5, "five of its fifteen");
    assert!(body.contains("<a href=\"/?incident=30\">all 15 cards of this incident</a>"));
    assert!(read(&body).contains("10 smaller incidents with 10 cards: all broken cards"));
}

#[tokio::test]
async fn evidence_of_an_earlier_breakage_does_not_explain_this_one() {
    let mut earlier = failed_run(100, "connection refused");
    earlier.looked_at = ago(99);
    let instance = with_dataset(orders(), "d-1", "Orders", Some(earlier));
    let words = words(&showing([instance]).await).await;
    assert!(words.contains("Dataset Orders: state SUCCESS, updated 1 Nov 2026, 23:40 UTC"), "{words}");
}

#[tokio::test]
async fn of_many_datasets_those_of_which_something_is_known_are_told() {
    let datasets: Vec<String> = (1..=9).map(|number| format!("d-{number}")).collect();
    let ids: Vec<&str> = datasets.iter().map(String::as_str).collect();
    let mut instance = with_incident(orders(), 12, "Several datasets are gone", COLUMN, &ids);
    let gone = cardwatch::domain::dataset::Evidence { gone: true, ..evidence() };
    instance = with_dataset(instance, "d-9", "Orders", Some(gone));
    let words = words(&showing([instance]).await).await;
    let told = "Dataset Orders: gone, or not shown to the service user Dataset d-1 Dataset d-2 and 6 more datasets";
    assert!(words.contains(told), "{words}");
}

#[tokio::test]
async fn a_strip_is_told_in_words() {
    for (well, failed, after, told) in [
        (31, 0, 0, "last 31 sweeps: working"),
        (3, 2, 0, "last 5 sweeps: broken in the latest 2"),
        (3, 2, 4, "last 9 sweeps: working in the latest 4, broken in 2 before"),
        (1, 0, 0, "last sweep: working"),
    ] {
        let mut card = broken("Revenue", COLUMN, 15);
        card.recent = sweeps(well, failed);
        for _ in 0..after {
            card.recent = card.recent.after(&cardwatch::domain::verdict::Verdict::Working { no_data: false });
        }
        let instance = with_incident(swept("acme", [of(12, card)]), 12, "Dataset Orders is gone", COLUMN, &[]);
        let body = page(&showing([instance]).await).await.body;
        assert!(body.contains(&format!("aria-label=\"{told}\"")), "{told}: {body}");
    }
}
