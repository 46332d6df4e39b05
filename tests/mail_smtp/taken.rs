//! A letter is taken, tried again or refused, as a whole or for some of its recipients.

use std::sync::Arc;
use std::time::Duration;

use cardwatch::config::valid::SmtpTls;
use cardwatch::domain::report::Letter;
use cardwatch::mail::mailer::{Delivery, Mailer};
use fake_smtp::{FakeSmtp, Fault};
use tokio::sync::watch;

use crate::desk::{
    PASSWORD, Still, assert_says, at, date, deferred, email, letter, mailer, metrics, retry, send, send_with_fault,
    sent, with_login,
};
use crate::scripted_smtp::{Scripted, Tls};

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
    assert_says(&why, &["cannot connect to 127.0.0.1:", ": Connection refused; check host and port"]);
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
    assert_says(&why, &[" refused the sender: 550 not from you never; correct email.from"]);
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
    let Delivery::Sent { refused } = delivery else { panic!("{delivery:?}") };
    assert!(refused[0].starts_with("127.0.0.1:"), "{refused:?}");
    assert!(
        refused[0].ends_with(" refused the recipient a@example.com: 550 no such user: a@example.com"),
        "{refused:?}"
    );
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
    let Delivery::Rejected(why) = delivery else { panic!("{delivery:?}") };
    let said =
        " refused the recipient a@example.com: 550 no such user: a@example.com; correct email.to or instances.NAME.to";
    assert!(why.ends_with(said), "{why}");
}

#[tokio::test]
async fn who_was_served_is_left_out_when_the_others_are_tried_again() {
    let smtp = Scripted::start(Tls::Never);
    smtp.say("RCPT TO:<b@", "450 greylisted");
    let mailer = mailer(&email("127.0.0.1", smtp.port, SmtpTls::Offered));
    let one_waits = (format!("127.0.0.1:{} refused the recipient b@example.com: 450 greylisted", smtp.port), true);
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
    let refused = vec![format!("127.0.0.1:{} refused the recipient b@example.com: 550 gone", smtp.port)];
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
