//! What the status page says of each state, first in words and then in full.

use std::time::Duration;

use cardwatch::domain::maintenance::Window;
use cardwatch::domain::schedule::Schedule;
use cardwatch::domain::snapshot::InstanceSnapshot;

use crate::house::{House, open};
use crate::scenes::{
    COLUMN, ago, blind, broken, muted, of, orders, page, paged, read, showing, swept, undecided, unsupported, watching,
    with_incident, words, working,
};

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
    assert!(words(&house).await.contains("1 unchecked"));
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
    assert!(words(&house).await.contains("The last sweep did not see everything. Page 7 could not be listed"));
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
        [("slow", "1 slow"), ("no_data", "1 without data"), ("unsupported", "1 unsupported"), ("muted", "1 muted")]
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
