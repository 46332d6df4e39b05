//! A letter arrives as it was composed, and says what a letter of a program has to.

use cardwatch::domain::report::Letter;
use fake_smtp::FakeSmtp;

use crate::desk::{assert_says, at, date, letter, mailer, send, sent};

#[tokio::test]
async fn a_letter_arrives_as_it_was_composed() {
    let smtp = FakeSmtp::start().await;
    assert_eq!(send(&at(&smtp)).await, sent());
    let [mail] = &smtp.mails()[..] else { panic!("one mail") };
    assert_eq!(mail.from, "cardwatch@example.com");
    assert_eq!(mail.to, ["a@example.com", "b@example.com"]);
    assert_eq!(mail.text().unwrap().replace("\r\n", "\n"), letter().text);
    assert_eq!(mail.html().unwrap(), letter().html);
    assert!(mail.attachments().is_empty());
    assert!(mail.raw.is_ascii(), "any server can relay it");
    assert!(mail.raw.lines().all(|line| line.len() <= 998), "no line is longer than SMTP allows");
}

#[tokio::test]
async fn its_headers_say_who_when_which_and_that_no_person_wrote_it() {
    let smtp = FakeSmtp::start().await;
    send(&at(&smtp)).await;
    let mail = &smtp.mails()[0];
    let header = |name: &str| mail.header(name).unwrap_or_else(|| panic!("no {name} in {}", mail.raw));
    assert_eq!(header("From"), "cardwatch <cardwatch@example.com>");
    assert_eq!(header("To"), "\"BI Admins\" <a@example.com>, b@example.com");
    assert_eq!(header("Subject"), letter().subject);
    assert_eq!(header("Date"), "Tue, 24 Nov 2026 13:06:07 +0000");
    assert_eq!(header("Message-ID"), "<acme.17@cardwatch.example>");
    assert_eq!(header("Auto-Submitted"), "auto-generated");
    assert_eq!(header("X-Auto-Response-Suppress"), "All");
    assert!(header("Content-Type").starts_with("multipart/alternative"));
    assert_eq!(mail.header("References"), None);
    assert_eq!(mail.header("In-Reply-To"), None);
}

#[tokio::test]
async fn the_text_stands_before_the_html() {
    let smtp = FakeSmtp::start().await;
    send(&at(&smtp)).await;
    let raw = &smtp.mails()[0].raw;
    assert!(raw.find("text/plain").unwrap() < raw.find("text/html").unwrap());
}

#[tokio::test]
async fn a_letter_that_follows_others_up_names_them_all() {
    let smtp = FakeSmtp::start().await;
    let references: Vec<String> = (1..=10).map(|n| format!("acme.{n}.{}@cardwatch.example", "f".repeat(90))).collect();
    let following = Letter { references: references.clone(), ..letter() };
    assert_eq!(mailer(&at(&smtp)).send(&following, date()).await, sent());
    let mail = &smtp.mails()[0];
    assert_eq!(mail.header("In-Reply-To").unwrap(), format!("<{}>", references[0]));
    let all = mail.header("References").unwrap();
    assert_eq!(
        all.split_whitespace().collect::<Vec<_>>(),
        references.iter().map(|id| format!("<{id}>")).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_list_is_attached_beside_both_parts() {
    let smtp = FakeSmtp::start().await;
    let list = "what,title\r\nbroke,\"Größe, €\"\r\n";
    let with_list = Letter { csv: Some(list.to_owned()), ..letter() };
    assert_eq!(mailer(&at(&smtp)).send(&with_list, date()).await, sent());
    let mail = &smtp.mails()[0];
    assert!(mail.header("Content-Type").unwrap().starts_with("multipart/mixed"));
    assert_says(&mail.raw, &["multipart/alternative", "text/csv; charset=utf-8"]);
    assert!(mail.text().unwrap().contains("1 card broke at acme"));
    assert_eq!(mail.html().unwrap(), letter().html);
    let [attached] = &mail.attachments()[..] else { panic!("one attachment") };
    assert_eq!((attached.name.as_str(), attached.content_type.as_str()), ("cards.csv", "text/csv"));
    assert_eq!(attached.text(), list);
}

#[tokio::test]
async fn names_of_recipients_survive_their_way_through_the_outbox() {
    let smtp = FakeSmtp::start().await;
    let people = ["Jörg Müller", "Doe, Jo", "a \"b\" c", "plain"];
    let boxes =
        people.map(|name| lettre::message::Mailbox::new(Some(name.to_owned()), "a@example.com".parse().unwrap()));
    let named = Letter { to: boxes.iter().map(ToString::to_string).collect(), ..letter() };
    assert_eq!(mailer(&at(&smtp)).send(&named, date()).await, sent());
    let to = smtp.mails()[0].header("To").unwrap();
    assert_says(&to, &["Jörg Müller", "Doe, Jo", "plain"]);
}
