//! What cannot be checked is news: one mail that says why and since when, one when it is over, and each obstacle
//! with its own words and remedy in mail, `status` and log.

use fake_domo::{Behaviour, Condition, FakeDomo, Login, PageAnswer, Spec};
use fake_smtp::{FakeSmtp, Mail};
use serde_json::json;

use crate::house::{Daemon, EACH_SECOND, House, PATIENCE};

const UP: &str = "cardwatch_domo_up{domo_instance=\"acme\"}";

/// Two pages with two cards each, and a server that takes mails.
async fn house() -> (House, FakeSmtp) {
    let fake = FakeDomo::empty()
        .page(10, "Sales overview")
        .page(20, "Board pack")
        .card(101, "Revenue by region", &[10])
        .card(102, "Top regions", &[10])
        .card(201, "Margin", &[20])
        .card(202, "Cash", &[20]);
    let mut house = House::beside(fake).await;
    let smtp = FakeSmtp::start().await;
    house.mail_through(&smtp.url());
    house.instance("pages", "[10, 20]");
    house.instance("include_subpages", "false");
    house.instance("schedule", &format!("\"{EACH_SECOND}\""));
    (house, smtp)
}

async fn mails(smtp: &FakeSmtp, count: usize) -> Vec<Mail> {
    smtp.wait_for(count, PATIENCE).await.unwrap()
}

fn subject(mail: &Mail) -> String {
    mail.header("Subject").unwrap()
}

/// A mail's text on one line, as if it were not wrapped.
fn text(mail: &Mail) -> String {
    mail.text().unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn wait_for_failed_sweeps(daemon: &Daemon, more: f64) {
    const FAILED: &str = "cardwatch_sweeps_total{domo_instance=\"acme\",outcome=\"failed\"}";
    let before = daemon.series(FAILED).await.unwrap();
    daemon.wait_for(FAILED, before + more).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_expires_is_one_mail_and_its_renewal_another() {
    let (house, smtp) = house().await;
    let daemon = house.daemon().await;
    daemon.wait_for_whole_sweeps(1).await;
    house.domo.expire_token();
    let lost = mails(&smtp, 1).await.remove(0);
    assert_eq!(subject(&lost), "[cardwatch] acme: cannot check cards: access token rejected");
    let says = text(&lost);
    assert!(
        says.starts_with("cardwatch cannot check cards at acme 2 sweeps in a row decided nothing, since "),
        "{says}"
    );
    assert!(says.contains("make a new one under Admin > Authentication > Access tokens."), "{says}");
    assert!(says.contains("When they were last decided, none of 4 cards was broken."), "{says}");
    wait_for_failed_sweeps(&daemon, 3.0).await;
    assert_eq!(smtp.mails().len(), 1, "it is said once");
    assert_eq!((daemon.series(UP).await, daemon.get("/readyz").await.0), (Some(0.0), 200));
    let status = house.run(&["status"]).stdout();
    assert!(status.contains("\n  cannot check since 20") && status.contains("make a new one under Admin"), "{status}");
    let instance = &house.run(&["status", "--format", "json"]).json()["instances"][0];
    assert!(instance["cannot_check"]["sweeps"].as_u64().unwrap() >= 5, "{instance}");

    house.domo.renew_token();
    let again = mails(&smtp, 2).await.remove(1);
    assert_eq!(subject(&again), "[cardwatch] acme: checking again (0 broken now)");
    assert_eq!(again.header("In-Reply-To"), lost.header("Message-ID"), "it threads under what it ends");
    daemon.wait_for_whole_sweeps(2).await;
    assert_eq!((smtp.mails().len(), daemon.series(UP).await), (2, Some(1.0)));
    assert!(!house.run(&["status"]).stdout().contains("cannot check"));
    assert_eq!(house.run(&["status", "--format", "json"]).json()["instances"][0]["cannot_check"], json!(null));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_while_nobody_can_look_is_told_in_the_mail_that_ends_it() {
    let (house, smtp) = house().await;
    let daemon = house.daemon().await;
    daemon.wait_for_whole_sweeps(1).await;
    house.domo.set_condition(Condition::Failing(503));
    assert_eq!(subject(&mails(&smtp, 1).await[0]), "[cardwatch] acme: cannot check cards: Domo unavailable");
    house.domo.set(101, Behaviour::broken("No indexed schema found"));
    house.domo.set_condition(Condition::Healthy);
    let again = mails(&smtp, 2).await.remove(1);
    assert_eq!(subject(&again), "[cardwatch] acme: 1 card broke (1 broken now)");
    assert!(text(&again).contains(" at acme Cards can be checked again: since "), "{}", text(&again));
    daemon.wait_for_whole_sweeps(2).await;
    assert_eq!(smtp.mails().len(), 2);
}

/// An obstacle is met by the first sweep: its words stand in the mail, its remedy in mail, status and log too.
async fn cannot_check(prepare: impl FnOnce(&mut House), brief: &str, remedy: &str) {
    let (mut house, smtp) = house().await;
    house.set("alerts", "blind_after = 1");
    prepare(&mut house);
    let daemon = house.daemon().await;
    let mail = mails(&smtp, 1).await.remove(0);
    assert_eq!(subject(&mail), format!("[cardwatch] acme: cannot check cards: {brief}"));
    let status = house.run(&["status"]).stdout();
    assert!(status.contains("cannot check since "), "{status}");
    for (place, words) in [("mail", text(&mail)), ("status", status), ("log", daemon.log())] {
        assert!(words.contains(remedy), "'{remedy}' is missing in the {place}:\n{words}");
    }
    assert!(daemon.log().contains("ERROR") && daemon.log().contains("cannot check cards; "), "{}", daemon.log());
    assert_eq!((daemon.series(UP).await, daemon.get("/readyz").await.0), (Some(0.0), 200));
}

/// Each card behaves like this.
fn every_card(behaviour: Behaviour) -> impl FnOnce(&mut House) {
    move |house| {
        for card in house.domo.kpi_cards() {
            house.domo.set(card, behaviour.clone());
        }
    }
}

fn sign_in_by_password(house: &mut House) {
    let (user, password) = (house.domo.user(), house.domo.password());
    house.forget("access_token");
    house.instance("username", &format!("\"{user}\""));
    house.instance("password", &format!("\"{password}\""));
}

/// Names an obstacle: how it comes about, in a few words, the remedy.
macro_rules! obstacles {
    ($($name:ident: $prepare:expr => $brief:expr, $remedy:expr;)*) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            cannot_check($prepare, $brief, $remedy).await;
        })*
    };
}

obstacles! {
    an_expired_token: |house| house.domo.expire_token() => "access token rejected",
        "make a new one under Admin > Authentication > Access tokens";
    a_login_that_asks_for_two_factors:
        |house| { sign_in_by_password(house); house.domo.set_login(Login::TwoFactors); } => "second factor needed",
        "the user needs a second factor, which a daemon has not; use an access token";
    an_address_off_the_allow_list: |house| house.domo.set_login(Login::AddressNotAllowed) => "address not allowed",
        "add it under Admin > Security > IP allowlist";
    pages_that_list_no_card: |house| { house.domo.empty_page(10); house.domo.empty_page(20); } => "no cards to check",
        "see that pages names the right ones, and share them with the service user";
    pages_that_are_gone: |house| { house.domo.remove_page(10); house.domo.remove_page(20); } => "not found",
        "page 10: not found (404); correct its id in pages or --page; nor could the other page be listed";
    pages_that_nobody_shares: |house| {
        for page in [10, 20] { house.domo.set_page_answer(page, PageAnswer::Status(403)); }
    } => "no access", "page 10: no access (403); share it with the service user";
    renders_that_are_throttled: every_card(Behaviour::Throttled { retry_after: None, times: None }) =>
        "too many requests", "said of 4 of 4 cards; sweep less often, or set requests_per_second";
    renders_that_domo_cannot_serve: every_card(Behaviour::Status(503)) => "Domo unavailable",
        "said of 4 of 4 cards; the next sweep tries again; if it lasts, ask Domo's support";
    renders_that_are_a_page_of_html: every_card(Behaviour::Html) => "not an answer of Domo's",
        "said of 4 of 4 cards; see whether a proxy or a sign-in page stands between";
    renders_that_fail_for_every_card: every_card(Behaviour::ServerError) => "every render fails",
        "open a card in a browser as the service user";
    a_domo_that_is_down: |house| house.domo.set_condition(Condition::Failing(503)) => "Domo unavailable",
        "Domo is unavailable (503); the next sweep tries again";
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_not_domos_end_a_sweep_with_what_to_see_to() {
    let house = House::beside(FakeDomo::new(Spec::new(5).pages(3).cards(60))).await;
    for card in house.domo.kpi_cards() {
        house.domo.set(card, Behaviour::Html);
    }
    let swept = house.run(&["sweep", "--format", "json"]);
    let error = swept.json()["instances"][0]["error"].as_str().unwrap().to_owned();
    assert!(error.contains("10 answers in a row were not Domo's, so the sweep ended early; the last was "), "{error}");
    assert!(error.ends_with("; see whether url is right, or a proxy stands between"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_was_asked_for_by_hand_says_nothing_about_the_instance() {
    let (mut house, smtp) = house().await;
    house.set("alerts", "blind_after = 1");
    assert_eq!(house.run(&["sweep"]).code(), 0);
    let by_hand = house.run(&["sweep", "--page", "77", "--alert"]);
    assert!(by_hand.code() == 2 && by_hand.stdout().contains("page 77: not found (404)"), "{}", by_hand.stdout());
    for card in [101, 102] {
        house.domo.set(card, Behaviour::Status(503));
    }
    let by_hand = house.run(&["sweep", "--page", "10", "--alert"]);
    assert!(by_hand.code() == 2 && by_hand.stdout().contains("said of 2 of 2 cards"), "{}", by_hand.stdout());
    assert!(smtp.mails().is_empty());
    assert!(!house.run(&["status"]).stdout().contains("cannot check since"));
}

/// A page answers like this, and a card of the other breaks: the mail about the card says so too, and so do
/// status and log; the instance is not blind for it.
async fn a_page_is_missing(answer: PageAnswer, words: &str) {
    let (house, smtp) = house().await;
    assert_eq!(house.run(&["sweep"]).code(), 0);
    house.domo.set_page_answer(20, answer);
    house.domo.set(101, Behaviour::broken("No indexed schema found"));
    assert_eq!(house.run(&["sweep", "--alert"]).code(), 1);
    let mail = mails(&smtp, 1).await.remove(0);
    assert_eq!(subject(&mail), "[cardwatch] acme: 1 card broke (1 broken now)");
    assert!(text(&mail).contains(&format!("This sweep did not see everything: {words}")), "{}", text(&mail));
    let status = house.run(&["status"]).stdout();
    assert!(status.contains(words) && !status.contains("cannot check"), "{status}");
    assert!(status.starts_with("acme: 1 of 4 cards broken"), "its cards are watched on: {status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_not_shared_any_more_while_others_are() {
    a_page_is_missing(PageAnswer::Status(403), "page 20: no access (403); share it with the service user").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_gone_while_others_are_there() {
    a_page_is_missing(PageAnswer::Status(404), "page 20: not found (404); correct its id in pages or --page").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_lists_no_cards_all_at_once() {
    let words = "page 20 ('Board pack') held 2 cards and now lists none, which is not believed until the next sweep says \
                 so too; see whether it is still shared with the service user";
    a_page_is_missing(PageAnswer::NoCards, words).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_warns_of_a_page_that_is_missing_and_of_one_that_is_believed_to_be_empty() {
    let (house, smtp) = house().await;
    let mut daemon = house.daemon().await;
    daemon.wait_for_whole_sweeps(1).await;
    house.domo.set_page_answer(20, PageAnswer::NoCards);
    daemon.wait_for_log("lists none, which is not believed until the next sweep says so too").await;
    daemon.wait_for_log("lists none for the second time, so that what is on no other page is monitored no more").await;
    house.domo.set_page_answer(20, PageAnswer::Status(403));
    daemon.wait_for_log("page 20: no access (403); share it with the service user").await;
    let log = daemon.log();
    let warns = |words: &str| log.lines().any(|line| line.contains("WARN") && line.contains(words));
    assert!(warns("is not believed") && warns("monitored no more") && warns("no access (403)"), "{log}");
    assert_eq!((daemon.series(UP).await, smtp.mails().len()), (Some(1.0), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_nobody_could_decide_for_too_long_is_shown_as_unchecked() {
    let (house, _smtp) = house().await;
    house.domo.set(101, Behaviour::broken("No indexed schema found"));
    assert_eq!(house.run(&["sweep"]).code(), 1);
    assert_eq!(house.run(&["status"]).code(), 1);
    let shift = "UPDATE card_state SET decided_at = decided_at - 90000000, since = since - 90000000";
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(house.database());
    let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
    sqlx::query(shift).execute(&mut connection).await.unwrap();
    let status = house.run(&["status"]);
    assert_eq!(status.code(), 0, "it is not claimed to be broken");
    assert!(status.stdout().starts_with("acme: 0 of 4 cards broken, 4 unchecked"), "{}", status.stdout());
}
