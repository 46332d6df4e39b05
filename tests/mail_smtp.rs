//! A letter reaches the SMTP server, or it is said why not: nothing that can be mended loses it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/scripted_smtp.rs"]
mod scripted_smtp;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cardwatch::clock::{Clock, SharedClock, Sleep};
use cardwatch::config::secret::Secret;
use cardwatch::config::valid::{Email, Login, SmtpServer, SmtpTls};
use cardwatch::domain::Timestamp;
use cardwatch::domain::report::Letter;
use cardwatch::mail::mailer::{Delivery, MailMetrics, Mailer};
use fake_smtp::{FakeSmtp, Fault, Mail};
use prometheus::Registry;
use scripted_smtp::{Scripted, Tls};
use tokio::sync::watch;

const PASSWORD: &str = "hunter2-secret";

/// A clock that stands still; what waits on it waits until the test says that time is up.
#[derive(Debug)]
struct Still(watch::Receiver<bool>);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        date()
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) -> Sleep {
        let mut up = self.0.clone();
        Box::pin(async move {
            if up.wait_for(|up| *up).await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }
}

fn still() -> SharedClock {
    Arc::new(Still(watch::channel(false).1))
}

fn date() -> Timestamp {
    "2026-11-24T13:06:07Z".parse().unwrap()
}

fn metrics() -> MailMetrics {
    MailMetrics::new(&Registry::new()).unwrap()
}

fn letter() -> Letter {
    Letter {
        message_id: "acme.17@cardwatch.example".to_owned(),
        references: Vec::new(),
        to: vec!["BI Admins <a@example.com>".to_owned(), "b@example.com".to_owned()],
        subject: "[cardwatch] acme: 1 card broke (1 broken now)".to_owned(),
        text: "1 card broke at acme\n.\n..\nGröße: 5 €\n".to_owned(),
        html: format!("<!DOCTYPE html><p>1 card broke: Größe {}</p>", "x".repeat(2_000)),
        csv: None,
    }
}

fn email(host: &str, port: u16, tls: SmtpTls) -> Email {
    Email {
        server: SmtpServer { host: host.to_owned(), port, tls },
        login: None,
        ca_file: None,
        from: "cardwatch <cardwatch@example.com>".parse().unwrap(),
        to: vec!["a@example.com".parse().unwrap()],
        link_base: None,
    }
}

fn with_login(email: Email) -> Email {
    Email { login: Some(Login { username: "watch".to_owned(), password: Secret::new(PASSWORD) }), ..email }
}

fn with_authority(email: Email) -> Email {
    Email { ca_file: Some(PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tls/ca.pem"))), ..email }
}

fn at(smtp: &FakeSmtp) -> Email {
    let port = smtp.url().rsplit_once(':').unwrap().1.parse().unwrap();
    email("127.0.0.1", port, SmtpTls::Offered)
}

fn mailer(email: &Email) -> Mailer {
    Mailer::new(email, still(), metrics()).unwrap()
}

async fn send(email: &Email) -> Delivery {
    mailer(email).send(&letter(), date()).await
}

async fn send_with_fault(fault: Fault) -> (Delivery, Vec<Mail>) {
    let smtp = FakeSmtp::start().await;
    smtp.set_fault(fault);
    let delivery = send(&at(&smtp)).await;
    (delivery, smtp.mails())
}

/// The reason for which a letter is kept for another try; it never holds the password.
fn retry(delivery: Delivery) -> String {
    let Delivery::Retry(why) = delivery else { panic!("{delivery:?}") };
    assert!(!why.contains(PASSWORD), "{why}");
    why
}

/// The reason for which a letter is kept for those who did not get it; whether anybody did.
fn deferred(delivery: Delivery) -> (String, bool) {
    let Delivery::Deferred { why, served } = delivery else { panic!("{delivery:?}") };
    (why, served)
}

fn sent() -> Delivery {
    Delivery::Sent { refused: Vec::new() }
}

/// Checks that `text` holds each of `parts`.
fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "'{part}' is not in: {text}");
    }
}

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

#[tokio::test]
async fn a_login_is_used_where_configured() {
    let smtp = FakeSmtp::start().await;
    smtp.require_login("watch", PASSWORD);
    assert_eq!(send(&with_login(at(&smtp))).await, sent());
}

#[tokio::test]
async fn a_wrong_password_loses_no_letter() {
    let smtp = FakeSmtp::start().await;
    smtp.require_login("watch", "another");
    let why = retry(send(&with_login(at(&smtp))).await);
    assert_says(&why, &["rejected the login", "535 wrong user or password", "check email.username and email.password"]);
    assert!(smtp.mails().is_empty());
}

#[tokio::test]
async fn a_missing_login_loses_no_letter() {
    let smtp = FakeSmtp::start().await;
    smtp.require_login("watch", PASSWORD);
    let why = retry(send(&at(&smtp)).await);
    assert_says(&why, &["wants a login", "530", "set email.username and email.password"]);
}

#[tokio::test]
async fn a_login_that_the_server_does_not_know_of_is_explained() {
    let smtp = FakeSmtp::start().await;
    let why = retry(send(&with_login(at(&smtp))).await);
    assert_says(&why, &["offers no login by password", "leave email.username out"]);
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    for (fault, said) in [
        (Fault::RefuseConnections, "127.0.0.1"),
        (Fault::Greeting421, "421 try again later"),
        (Fault::DeferMail, "451 try again later"),
        (Fault::CloseInData, "broke off at the message"),
    ] {
        let (delivery, mails) = send_with_fault(fault.clone()).await;
        assert_says(&retry(delivery), &[said]);
        assert!(mails.is_empty(), "{fault:?}");
    }
}

#[tokio::test]
async fn nobody_listening_is_tried_again() {
    // Bound, so that no other test gets the port, and never listening.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = socket.local_addr().unwrap().port();
    let why = retry(send(&email("127.0.0.1", port, SmtpTls::Offered)).await);
    assert_says(&why, &["cannot connect to 127.0.0.1:", "refused", "check host and port"]);
}

#[tokio::test]
async fn a_lost_reply_leads_to_the_same_message_again() {
    let smtp = FakeSmtp::start().await;
    let mailer = mailer(&at(&smtp));
    smtp.set_fault(Fault::LoseReply);
    retry(mailer.send(&letter(), date()).await);
    smtp.set_fault(Fault::None);
    assert_eq!(mailer.send(&letter(), date()).await, sent());
    let ids: Vec<_> = smtp.mails().iter().map(|mail| mail.header("Message-ID").unwrap()).collect();
    assert_eq!(ids, ["<acme.17@cardwatch.example>", "<acme.17@cardwatch.example>"]);
}

#[tokio::test]
async fn a_refused_message_is_rejected_with_the_servers_words() {
    let (delivery, mails) = send_with_fault(Fault::RejectData).await;
    let Delivery::Rejected(why) = delivery else { panic!("{delivery:?}") };
    assert_says(&why, &["refused the message", "554 message refused"]);
    assert!(mails.is_empty());
}

#[tokio::test]
async fn a_refused_sender_is_rejected() {
    let smtp = Scripted::start(Tls::Never);
    smtp.say("MAIL", "550-not from you\r\n550 never");
    let delivery = send(&email("127.0.0.1", smtp.port, SmtpTls::Offered)).await;
    let Delivery::Rejected(why) = delivery else { panic!("{delivery:?}") };
    assert_says(&why, &["refused the sender", "550 not from you never"]);
}

#[tokio::test]
async fn a_server_that_refuses_us_as_a_whole_says_nothing_of_the_letter() {
    let smtp = Scripted::start(Tls::Never);
    smtp.say("greeting", "554 your address is on a list");
    let why = retry(send(&email("127.0.0.1", smtp.port, SmtpTls::Offered)).await);
    assert_says(&why, &["554 your address is on a list"]);
}

#[tokio::test]
async fn a_server_that_repeats_the_login_is_not_repeated() {
    // 'hunter2-secret', and NUL, 'watch', NUL, 'hunter2-secret'.
    for (mechanism, repeated) in [("PLAIN", "AHdhdGNoAGh1bnRlcjItc2VjcmV0"), ("LOGIN", "aHVudGVyMi1zZWNyZXQ=")] {
        let smtp = Scripted::start(Tls::Never);
        smtp.say("EHLO", &format!("250-scripted.example\r\n250 AUTH {mechanism}"));
        smtp.say("AUTH", &format!("535 what is {repeated}, or {PASSWORD}?"));
        let why = retry(send(&with_login(email("127.0.0.1", smtp.port, SmtpTls::Offered))).await);
        assert_says(&why, &["535 what is [secret], or [secret]?"]);
    }
}

#[tokio::test]
async fn one_bad_recipient_does_not_keep_the_letter_from_the_others() {
    let (delivery, mails) = send_with_fault(Fault::RejectRecipient("a@example.com".to_owned())).await;
    assert_eq!(delivery, Delivery::Sent { refused: vec!["a@example.com: 550 no such user: a@example.com".to_owned()] });
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, ["b@example.com"]);
    assert_says(&mails[0].header("To").unwrap(), &["a@example.com", "b@example.com"]);
}

#[tokio::test]
async fn a_letter_that_nobody_may_have_is_rejected() {
    let smtp = FakeSmtp::start().await;
    smtp.set_fault(Fault::RejectRecipient("a@example.com".to_owned()));
    let alone = Letter { to: vec!["a@example.com".to_owned()], ..letter() };
    let delivery = mailer(&at(&smtp)).send(&alone, date()).await;
    assert_eq!(delivery, Delivery::Rejected("a@example.com: 550 no such user: a@example.com".to_owned()));
}

#[tokio::test]
async fn who_was_served_is_left_out_when_the_others_are_tried_again() {
    let smtp = Scripted::start(Tls::Never);
    smtp.say("RCPT TO:<b@", "450 greylisted");
    let mailer = mailer(&email("127.0.0.1", smtp.port, SmtpTls::Offered));
    let one_waits = ("b@example.com: 450 greylisted".to_owned(), true);
    assert_eq!(deferred(mailer.send(&letter(), date()).await), one_waits);
    assert_eq!(deferred(mailer.send(&letter(), date()).await), one_waits, "whoever was served stays so");
    smtp.say("RCPT TO:<b@", "250 ok");
    assert_eq!(mailer.send(&letter(), date()).await, sent());
    let recipients: Vec<_> = smtp.heard().into_iter().filter(|line| line.starts_with("RCPT")).collect();
    assert_eq!(recipients[0], "RCPT TO:<a@example.com>");
    assert_eq!(recipients[1..], ["RCPT TO:<b@example.com>"; 3]);
    assert_eq!(smtp.heard().iter().filter(|line| *line == ".").count(), 2);
}

#[tokio::test]
async fn a_letter_that_reached_somebody_was_sent_though_the_rest_is_refused_later() {
    let smtp = Scripted::start(Tls::Never);
    smtp.say("RCPT TO:<b@", "450 greylisted");
    let mailer = mailer(&email("127.0.0.1", smtp.port, SmtpTls::Offered));
    deferred(mailer.send(&letter(), date()).await);
    smtp.say("RCPT TO:<b@", "550 gone");
    let refused = vec!["b@example.com: 550 gone".to_owned()];
    assert_eq!(mailer.send(&letter(), date()).await, Delivery::Sent { refused });
}

#[tokio::test]
async fn nobody_served_and_somebody_deferred_is_tried_again_for_all() {
    let smtp = Scripted::start(Tls::Never);
    smtp.say("RCPT TO:<a@", "550 gone");
    smtp.say("RCPT TO:<b@", "452 full");
    let (why, served) = deferred(send(&email("127.0.0.1", smtp.port, SmtpTls::Offered)).await);
    assert_says(&why, &["b@example.com: 452 full", "a@example.com: 550 gone"]);
    assert!(!served);
    assert!(!smtp.heard().contains(&"DATA".to_owned()));
}

#[tokio::test]
async fn a_message_that_the_server_cannot_take_now_is_told_from_a_server_that_takes_none() {
    let smtp = Scripted::start(Tls::Never);
    for (step, reply) in [("DATA", "451 not now"), (".", "452 no room")] {
        smtp.say(step, reply);
        let (why, served) = deferred(send(&email("127.0.0.1", smtp.port, SmtpTls::Offered)).await);
        assert_says(&why, &[reply]);
        assert!(!served);
        smtp.say("DATA", "354 go on");
    }
}

#[tokio::test]
async fn a_letter_that_is_no_message_is_rejected_without_a_connection() {
    let smtp = FakeSmtp::start().await;
    let delivery = mailer(&at(&smtp)).send(&Letter { to: vec!["nobody".to_owned()], ..letter() }, date()).await;
    let Delivery::Rejected(why) = delivery else { panic!("{delivery:?}") };
    assert_says(&why, &["'nobody' is not a mail address"]);
    let delivery = mailer(&at(&smtp)).send(&Letter { to: Vec::new(), ..letter() }, date()).await;
    assert!(matches!(delivery, Delivery::Rejected(_)), "{delivery:?}");
    assert_eq!(smtp.connections(), 0);
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up_in_time() {
    let smtp = FakeSmtp::start().await;
    smtp.set_fault(Fault::Hang);
    let (time, up) = watch::channel(false);
    let mailer = Mailer::new(&at(&smtp), Arc::new(Still(up)), metrics()).unwrap();
    let sending = tokio::spawn(async move { mailer.send(&letter(), date()).await });
    smtp.wait_for_connections(1, Duration::from_secs(10)).await.unwrap();
    assert!(!sending.is_finished());
    time.send_replace(true);
    let why = retry(sending.await.unwrap());
    assert!(why.contains("within 60 s") || why.contains("within 5 min"), "{why}");
}

#[tokio::test]
async fn starttls_is_used_where_offered_and_its_certificate_checked() {
    for tls in [SmtpTls::Offered, SmtpTls::Required] {
        let smtp = Scripted::start(Tls::OnDemand);
        let email = with_authority(with_login(email("localhost", smtp.port, tls)));
        assert_eq!(send(&email).await, sent());
        let heard = smtp.heard();
        let place = |command: &str| heard.iter().position(|line| line.starts_with(command)).unwrap();
        assert!(place("STARTTLS") < place("AUTH") && place("AUTH") < place("MAIL"), "{heard:?}");
    }
}

#[tokio::test]
async fn tls_at_once_works() {
    let smtp = Scripted::start(Tls::AtOnce);
    let email = with_authority(with_login(email("localhost", smtp.port, SmtpTls::Wrapped)));
    assert_eq!(send(&email).await, sent());
}

#[tokio::test]
async fn an_unknown_authority_is_not_trusted() {
    for (server, tls) in [(Tls::OnDemand, SmtpTls::Offered), (Tls::AtOnce, SmtpTls::Wrapped)] {
        let smtp = Scripted::start(server);
        let mut email = with_authority(with_login(email("localhost", smtp.port, tls)));
        // Trusts a certificate, but not the one that vouches for the server.
        email.ca_file = Some(PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tls/other-ca.pem")));
        let why = retry(send(&email).await);
        assert_says(&why, &["the certificate of localhost:", "is not trusted", "email.ca_file"]);
        assert!(!smtp.heard().iter().any(|line| line.starts_with("AUTH") || line.starts_with("MAIL")));
    }
}

#[tokio::test]
async fn a_certificate_for_another_host_is_not_trusted() {
    let smtp = Scripted::start(Tls::OnDemand);
    let why = retry(send(&with_authority(email("127.0.0.1", smtp.port, SmtpTls::Required))).await);
    assert_says(&why, &["the certificate of 127.0.0.1:", "is not trusted", "write the host name"]);
}

#[tokio::test]
async fn tls_that_is_required_and_not_offered_sends_nothing() {
    let smtp = Scripted::start(Tls::Never);
    let email = with_authority(with_login(email("localhost", smtp.port, SmtpTls::Required)));
    assert_says(&retry(send(&email).await), &["does not offer STARTTLS, which email.smtp requires"]);
    assert!(!smtp.heard().iter().any(|line| line.starts_with("AUTH") || line.starts_with("MAIL")));
}

#[tokio::test]
async fn tls_with_a_server_that_speaks_none_names_the_remedy() {
    let smtp = Scripted::start(Tls::Never);
    let why = retry(send(&with_authority(email("localhost", smtp.port, SmtpTls::Wrapped))).await);
    assert_says(&why, &["no TLS with localhost:", "smtps://"]);
}

#[tokio::test]
async fn a_password_leaves_the_machine_only_under_tls() {
    let smtp = Scripted::start(Tls::Never);
    // 0.0.0.0 leads to this machine, but does not say so.
    let why = retry(send(&with_login(email("0.0.0.0", smtp.port, SmtpTls::Offered))).await);
    assert_says(&why, &["the password is not sent in clear"]);
    assert!(!smtp.heard().iter().any(|line| line.starts_with("AUTH")));
}

#[test]
fn a_bad_file_of_certificates_is_told_at_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing.pem");
    let empty = directory.path().join("empty.pem");
    let broken = directory.path().join("broken.pem");
    std::fs::write(&empty, "no certificate").unwrap();
    std::fs::write(&broken, "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n").unwrap();
    for file in [missing, empty, broken] {
        let email = Email { ca_file: Some(file.clone()), ..email("localhost", 25, SmtpTls::Offered) };
        let error = Mailer::new(&email, still(), metrics()).err().unwrap().to_string();
        assert_says(&error, &[file.to_str().unwrap(), "set email.ca_file to a readable file of PEM certificates"]);
    }
}

#[tokio::test]
async fn a_check_signs_in_and_sends_nothing() {
    let smtp = Scripted::start(Tls::OnDemand);
    let email = with_authority(with_login(email("localhost", smtp.port, SmtpTls::Required)));
    mailer(&email).check().await.unwrap();
    let heard = smtp.heard();
    let verbs: Vec<_> = heard.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(verbs, ["greeting", "EHLO", "STARTTLS", "EHLO", "AUTH", "NOOP", "QUIT"]);
}

#[tokio::test]
async fn a_failed_check_names_the_remedy_and_never_the_password() {
    let smtp = FakeSmtp::start().await;
    smtp.require_login("watch", "another");
    let error = mailer(&with_login(at(&smtp))).check().await.unwrap_err();
    assert_says(&error.to_string(), &["rejected the login", "check email.username and email.password"]);
    assert!(!format!("{error:?}").contains(PASSWORD));
}

#[tokio::test]
async fn each_try_is_counted_by_what_became_of_it() {
    let smtp = FakeSmtp::start().await;
    let registry = Registry::new();
    let counted = MailMetrics::new(&registry).unwrap();
    assert_eq!(registry.gather()[0].name(), "cardwatch_emails_total");
    let count = |result: &str| counted.emails_total.with_label_values(&[result]).get();
    assert_eq!(registry.gather()[0].get_metric().len(), 3, "the series exist from the start");
    let mailer = Mailer::new(&at(&smtp), still(), counted.clone()).unwrap();
    for fault in [Fault::DeferMail, Fault::Greeting421, Fault::RejectData, Fault::None] {
        smtp.set_fault(fault);
        mailer.send(&letter(), date()).await;
    }
    assert_eq!([count("sent"), count("retried"), count("rejected")], [1, 2, 1]);
    smtp.set_fault(Fault::RejectRecipient("a@example.com".to_owned()));
    mailer.send(&letter(), date()).await;
    assert_eq!([count("sent"), count("retried"), count("rejected")], [2, 2, 2], "sent to some, refused for others");
}
