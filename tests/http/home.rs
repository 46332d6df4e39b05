//! What the status page says of each state, first in words and then in full.

use std::time::Duration;

use cardwatch::domain::maintenance::{Maintenance, Window};
use cardwatch::domain::schedule::Schedule;
use cardwatch::domain::sight::Blind;
use cardwatch::domain::snapshot::InstanceSnapshot;
use cardwatch::domain::sweep::Outcome;
use cardwatch::http::{InstanceSettings, Settings};

use crate::house::{Answer, House, open};
use crate::scenes::{
    ago, broken, failed_run, lost_column, muted, of, owned, paged, read, swept, undecided, unsupported, with_dataset,
    with_incident, working,
};

const COLUMN: &str = "Invalid column(s) referenced: region_name";

/// What an operator sets who watches acme, with these windows.
fn watching(windows: Vec<Window>) -> Settings {
    let acme = InstanceSettings { url: "https://acme.domo.com".parse().unwrap(), maintenance: Maintenance { windows } };
    Settings { instances: [("acme".parse().unwrap(), acme)].into(), ..open() }
}

/// A house whose daemon is well.
async fn ready() -> House {
    let house = House::with(watching(Vec::new())).await;
    let _ = house.readiness.send_replace(Ok(()));
    house
}

async fn showing(instances: impl IntoIterator<Item = InstanceSnapshot>) -> House {
    let house = ready().await;
    house.show_all(instances);
    house
}

async fn page(house: &House) -> Answer {
    let answer = house.ask("GET", "/", &[]).await;
    assert_eq!(answer.status, 200);
    answer
}

async fn words(house: &House) -> String {
    read(&page(house).await.body)
}

/// The first sentence, and how it is meant.
async fn answer(house: &House) -> (String, String) {
    let body = page(house).await.body;
    let h1 = body.split("<h1>").nth(1).unwrap().split("</h1>").next().unwrap();
    let mood = h1.split("class=\"").nth(1).unwrap().split('"').next().unwrap();
    (mood.to_owned(), read(h1))
}

fn said(mood: &str, words: &str) -> (String, String) {
    (mood.to_owned(), words.to_owned())
}

fn blind(name: &str) -> InstanceSnapshot {
    let mut instance = swept(name, [working("Revenue")]);
    instance.blind = Some(Blind { since: ago(20), sweeps: 2 });
    instance.last_completed = Some(ago(35));
    let last = instance.last_sweep.as_mut().unwrap();
    last.outcome = Outcome::Failed;
    last.trouble = Some("Domo refused the access token: make a new one".to_owned());
    instance
}

/// Two cards that broke of one cause.
fn orders() -> InstanceSnapshot {
    let cards = [
        of(12, owned(&["Sales BI"], broken("Revenue by region", COLUMN, 15))),
        of(12, owned(&["Ann", "Sales BI"], broken("Orders map", COLUMN, 14))),
        working("Costs"),
    ];
    let instance = with_incident(swept("acme", cards), 12, "Dataset Orders lost column region_name", COLUMN, &["d-1"]);
    paged(paged(instance, 7, "Sales overview", &[1, 2, 3]), 8, "Board pack", &[1])
}

#[tokio::test]
async fn it_is_good_news_that_every_card_renders() {
    let house = showing([paged(swept("acme", [working("Revenue"), working("Costs")]), 7, "Sales", &[1, 2])]).await;
    assert_eq!(answer(&house).await, said("good", "Every card renders"));
    assert!(words(&house).await.contains("2 cards on 1 page of acme"));
}

#[tokio::test]
async fn how_many_cards_do_not_render_is_said_first_and_from_how_many_causes() {
    let house = showing([orders()]).await;
    assert_eq!(answer(&house).await, said("bad", "2 cards do not render"));
    assert!(words(&house).await.contains("from 1 cause, out of 3 cards on 2 pages of acme"));
}

#[tokio::test]
async fn one_card_is_spoken_of_as_one() {
    let house = showing([swept("acme", [broken("Revenue", COLUMN, 15)])]).await;
    assert_eq!(answer(&house).await, said("bad", "1 card does not render"));
}

#[tokio::test]
async fn nothing_is_good_news_while_an_instance_cannot_be_checked() {
    let house = showing([blind("acme")]).await;
    assert_eq!(answer(&house).await, said("unsure", "cardwatch cannot check acme"));
    house.show_all([swept("acme", [working("Revenue")]), blind("globex")]);
    assert_eq!(answer(&house).await, said("unsure", "cardwatch cannot check globex"));
    house.show_all([blind("acme"), blind("globex"), blind("initech"), swept("hooli", [working("Revenue")])]);
    assert_eq!(answer(&house).await, said("unsure", "cardwatch cannot check 3 of 4 instances"));
}

#[tokio::test]
async fn an_instance_that_cannot_be_checked_is_told_beside_what_is_broken() {
    let house = showing([orders(), blind("globex")]).await;
    assert_eq!(answer(&house).await, said("bad", "2 cards do not render, and cardwatch cannot check globex"));
}

#[tokio::test]
async fn nothing_is_good_news_before_the_first_sweep_has_ended() {
    let empty = |name: &str| InstanceSnapshot::empty(name.parse().unwrap());
    let house = showing([empty("acme")]).await;
    assert_eq!(answer(&house).await, said("unsure", "Nothing was checked yet"));
    house.show_all([empty("acme"), swept("globex", [working("Revenue")])]);
    assert_eq!(answer(&house).await, said("unsure", "acme was not checked yet"));
}

#[tokio::test]
async fn nothing_is_good_news_once_what_was_known_is_too_old() {
    let house = showing([swept("acme", [working("Revenue")])]).await;
    house.clock.advance(Duration::from_hours(24));
    assert_eq!(answer(&house).await, said("unsure", "acme was not checked lately"));
}

#[tokio::test]
async fn a_card_that_nobody_could_check_keeps_the_news_from_being_good() {
    let house = showing([swept("acme", [working("Revenue"), undecided("Secret", "no access (403)")])]).await;
    assert_eq!(answer(&house).await, said("unsure", "No card is known to be broken"));
    assert!(words(&house).await.contains("1 not checked"));
}

#[tokio::test]
async fn a_card_that_flaps_keeps_the_news_from_being_good() {
    let mut flapping = working("Revenue");
    flapping.flapping = true;
    let house = showing([swept("acme", [flapping])]).await;
    assert_eq!(answer(&house).await, said("unsure", "No card is known to be broken"));
}

#[tokio::test]
async fn a_sweep_that_did_not_see_everything_keeps_the_news_from_being_good() {
    let mut acme = swept("acme", [working("Revenue")]);
    acme.last_sweep.as_mut().unwrap().trouble = Some("page 7 could not be listed".to_owned());
    let house = showing([acme]).await;
    assert_eq!(answer(&house).await, said("unsure", "No card is known to be broken"));
    assert!(words(&house).await.contains("The last sweep did not see everything. page 7 could not be listed"));
}

#[tokio::test]
async fn a_daemon_that_is_not_well_keeps_the_news_from_being_good_and_says_so() {
    let house = House::with(open()).await;
    house.show(swept("acme", [working("Revenue")]));
    assert_eq!(answer(&house).await, said("unsure", "No card is known to be broken"));
    assert!(words(&house).await.contains("cardwatch itself is not well: the mailroom has not moved for 601 s"));
}

#[tokio::test]
async fn without_an_instance_it_says_how_to_get_one() {
    let house = showing([]).await;
    assert_eq!(answer(&house).await, said("unsure", "No instance is configured"));
    assert!(words(&house).await.contains("Name one in the configuration, as [instances.NAME]"));
}

#[tokio::test]
async fn what_is_worth_a_look_is_counted_and_leads_to_the_cards() {
    let mut slow = working("Slow one");
    slow.rendering.slow_against = Some(Duration::from_secs(2));
    let mut empty = working("Empty one");
    empty.rendering.no_data_since = Some(ago(60));
    let cards = [slow, empty, unsupported("Notebook"), muted("known", None, broken("Revenue", COLUMN, 15))];
    let body = page(&showing([swept("acme", cards)]).await).await.body;
    for (state, words) in
        [("slow", "1 slow"), ("no_data", "1 without data"), ("unsupported", "1 of other types"), ("muted", "1 muted")]
    {
        assert!(body.contains(&format!("<a href=\"/?state={state}\">{words}</a>")), "{state}: {body}");
    }
}

#[tokio::test]
async fn a_tile_tells_what_broke_last_and_of_the_sweeps_before_and_after_now() {
    let house = showing([orders()]).await;
    house.live.of_instance(&"acme".parse().unwrap()).set_next_sweep(Some(ago(-10)));
    let words = words(&house).await;
    assert!(words.contains("acme 2 broken of 3 cards broke last: Orders map, 07:46 UTC"), "{words}");
    assert!(words.contains("last sweep 07:55 UTC, completed, took 41 s next sweep 08:10 UTC, in 10 min"), "{words}");
}

#[tokio::test]
async fn a_tile_tells_how_far_a_running_sweep_is() {
    let house = showing([orders()]).await;
    let live = house.live.of_instance(&"acme".parse().unwrap());
    live.begin(3);
    live.set_remaining(1);
    let body = page(&house).await.body;
    assert!(read(&body).contains("a sweep runs: 2 of 3 cards"));
    assert!(body.contains("<progress value=\"2\" max=\"3\">"));
}

#[tokio::test]
async fn a_tile_tells_why_an_instance_cannot_be_checked_and_how_it_stood_before() {
    let words = words(&showing([blind("acme")]).await).await;
    for told in [
        "Cannot check since 07:40 UTC. 2 sweeps in a row decided nothing. Domo refused the access token: make a new one",
        "0 of 1 card broken when last seen, 07:25 UTC",
        "last sweep 07:55 UTC, failed",
    ] {
        assert!(words.contains(told), "{words}");
    }
    assert!(!words.contains("0 broken"), "{words}");
}

#[tokio::test]
async fn a_tile_claims_nothing_of_what_is_too_long_ago() {
    let house = showing([blind("acme")]).await;
    house.clock.advance(Duration::from_hours(24));
    let words = words(&house).await;
    assert!(words.contains("1 card, none decided lately"), "{words}");
}

#[tokio::test]
async fn a_tile_tells_that_a_maintenance_window_is_open() {
    let start = Schedule::parse("0 7 * * *", chrono_tz::UTC).unwrap();
    let window = Window { start, duration: Duration::from_hours(2) };
    let house = House::with(watching(vec![window])).await;
    house.show(orders());
    let told = "Maintenance window until 09:00 UTC. Sweeps go on, mails wait.";
    assert!(words(&house).await.contains(told));
    house.clock.advance(Duration::from_hours(1));
    assert!(!words(&house).await.contains("Maintenance"));
}

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
async fn an_incident_lists_its_cards_by_title_and_where_each_is_in_domo() {
    let body = page(&showing([orders()]).await).await.body;
    let place = |text: &str| body.find(text).unwrap_or_else(|| panic!("{text}: {body}"));
    let rows = place("<tbody>");
    let titles = ["<a href=\"/instances/acme/cards/2\">Orders map</a>", "<a href=\"/instances/acme/cards/1\">Revenue"];
    let [orders, revenue] = titles.map(|title| rows + body[rows..].find(title).unwrap());
    assert!(orders < revenue);
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
    for incident in 1..=30 {
        let size = if incident == 30 { 15 } else { 1 };
        cards.extend((0..size).map(|card| of(incident, broken(&format!("Card {incident}-{card:02}"), COLUMN, 15))));
    }
    let mut acme = swept("acme", cards);
    for incident in 1..=30 {
        acme = with_incident(acme, incident, &format!("Cause {incident}"), COLUMN, &[]);
    }
    let body = page(&showing([acme]).await).await.body;
    assert_eq!(body.matches("<section class=\"incident").count(), 20);
    assert!(body.find("Cause 30").unwrap() < body.find("Cause 1<").unwrap());
    assert_eq!(body.matches(">Card 30-").count(), 10, "ten of its fifteen");
    assert!(body.contains("<a href=\"/?incident=30\">all 15 cards of this incident</a>"));
    assert!(read(&body).contains("10 smaller incidents with 10 cards: all broken cards"));
}

#[tokio::test]
async fn ten_thousand_cards_of_which_many_are_broken_are_told_in_a_page_that_a_phone_can_hold() {
    let title = "A title of the usual length";
    let cards =
        (0..10_000).map(|card| if card < 800 { of(1 + card % 300, broken(title, COLUMN, 15)) } else { working(title) });
    let mut acme = swept("acme", cards);
    for incident in 1..=300 {
        acme = with_incident(acme, incident, title, COLUMN, &[]);
    }
    let house = showing([acme]).await;
    assert_eq!(answer(&house).await, said("bad", "800 cards do not render"));
    let body = page(&house).await.body;
    assert!(body.len() < 200_000, "{}", body.len());
    assert!(read(&body).contains("from 300 causes, out of 10,000 cards"));
}

#[tokio::test]
async fn text_that_others_wrote_is_never_taken_for_markup() {
    const EVIL: &str = "<script>alert(1)</script>\" onload=\"x";
    let cards = [of(12, owned(&[EVIL], muted(EVIL, None, broken(EVIL, EVIL, 15)))), undecided(EVIL, EVIL)];
    let mut acme = with_incident(swept("acme", cards), 12, EVIL, EVIL, &["d-1"]);
    acme = paged(with_dataset(acme, "d-1", EVIL, Some(failed_run(2, EVIL))), 7, EVIL, &[1, 2]);
    acme.last_sweep.as_mut().unwrap().trouble = Some(EVIL.to_owned());
    let house = showing([acme]).await;
    for path in ["/", "/?incident=12", "/?state=unchecked", "/?page=7", "/?q=%3Cscript%3E%22%20onload%3D%22x"] {
        let body = house.ask("GET", path, &[]).await.body;
        assert!(!body.contains("<script>") && !body.contains("\" onload"), "{path}: {body}");
        assert!(body.contains("&lt;script&gt;"), "{path}");
    }
}

#[tokio::test]
async fn text_that_others_wrote_is_cut_and_cannot_turn_the_line_round() {
    let long = format!("Revenue\u{202e}{}", "x".repeat(5_000));
    let house = showing([swept("acme", [broken(&long, &long, 15)])]).await;
    let body = house.ask("GET", "/?state=broken", &[]).await.body;
    assert!(!body.contains('\u{202e}') && !body.contains(&"x".repeat(300)));
}

#[tokio::test]
async fn a_browser_may_load_nothing_but_what_the_page_brings() {
    let house = showing([orders()]).await;
    let answer = page(&house).await;
    let policy = answer.header("content-security-policy").unwrap();
    for rule in ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"] {
        assert!(policy.contains(rule), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(!answer.body.contains(" style=") && !answer.body.contains(" onclick"));
}

#[tokio::test]
async fn what_the_page_brings_is_there_and_may_be_kept() {
    let house = showing([orders()]).await;
    let body = page(&house).await.body;
    let assets: Vec<&str> = body.split('"').filter(|text| text.starts_with("/assets/")).collect();
    assert_eq!(assets.len(), 2, "{body}");
    for asset in assets {
        let answer = house.ask("GET", asset, &[]).await;
        assert_eq!(answer.status, 200, "{asset}");
        assert!(answer.header("cache-control").unwrap().contains("immutable"), "{asset}");
    }
    assert_eq!(house.status("/assets/other.css", &[]).await, 404);
}

#[tokio::test]
async fn headings_follow_each_other_without_a_gap() {
    for instances in [vec![orders(), blind("globex")], vec![InstanceSnapshot::empty("acme".parse().unwrap())]] {
        let house = showing(instances).await;
        for path in ["/", "/?state=broken", "/?incident=12"] {
            let body = house.ask("GET", path, &[]).await.body;
            let levels: Vec<u32> = body
                .match_indices("<h")
                .filter_map(|(place, _)| body[place + 2..].chars().next()?.to_digit(10))
                .collect();
            assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1, "{path}: {levels:?}");
            assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{path}: {levels:?}");
        }
    }
}
