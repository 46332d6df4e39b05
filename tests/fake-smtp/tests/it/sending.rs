//! The protocol where nothing goes wrong.

use std::time::Duration;

use fake_smtp::{FakeSmtp, TimedOut};

use crate::client::Client;

const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_mail_is_kept_with_its_envelope() {
    let smtp = FakeSmtp::start().await;
    let mut client = Client::greeted(&smtp).await;
    assert_eq!(
        client.mail("Subject: hello\r\n\r\nbody").await.unwrap(),
        250
    );
    assert_eq!(client.say("QUIT").await, 221);
    let mails = smtp.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].from, "watch@example.com");
    assert_eq!(mails[0].to, ["bi@example.com"]);
    assert_eq!(mails[0].raw, "Subject: hello\r\n\r\nbody\r\n");
}

#[tokio::test]
async fn a_doubled_dot_at_the_start_of_a_line_is_single() {
    let smtp = FakeSmtp::start().await;
    let mut client = Client::greeted(&smtp).await;
    client
        .mail("Subject: dots\r\n\r\n..\r\n..x\r\na..b")
        .await
        .unwrap();
    assert_eq!(smtp.mails()[0].text().unwrap(), ".\r\n.x\r\na..b\r\n");
}

#[tokio::test]
async fn several_mails_go_through_one_connection() {
    let smtp = FakeSmtp::start().await;
    let mut client = Client::greeted(&smtp).await;
    client.mail("Subject: one\r\n\r\n").await.unwrap();
    client.mail("Subject: two\r\n\r\n").await.unwrap();
    assert_eq!(smtp.mails().len(), 2);
    assert_eq!(smtp.connections(), 1);
}

#[tokio::test]
async fn a_reset_forgets_the_envelope() {
    let smtp = FakeSmtp::start().await;
    let mut client = Client::greeted(&smtp).await;
    client.say("MAIL FROM:<a@example.com>").await;
    client.say("RCPT TO:<b@example.com>").await;
    assert_eq!(client.say("RSET").await, 250);
    assert_eq!(client.say("DATA").await, 503);
    assert_eq!(client.say("NOOP").await, 250);
}

#[tokio::test]
async fn commands_out_of_order_are_refused() {
    let smtp = FakeSmtp::start().await;
    let mut client = Client::connect(&smtp).await;
    client.code().await.unwrap();
    assert_eq!(client.say("MAIL FROM:<a@example.com>").await, 503);
    assert_eq!(client.say("HELO test").await, 250);
    assert_eq!(client.say("RCPT TO:<b@example.com>").await, 503);
    assert_eq!(client.say("MAIL a@example.com").await, 501);
    assert_eq!(client.say("TURN").await, 502);
}

#[tokio::test]
async fn who_waits_for_mails_is_woken_by_them() {
    let smtp = FakeSmtp::start().await;
    let waiting = tokio::spawn({
        let smtp = smtp.clone();
        async move { smtp.wait_for(2, SOON).await }
    });
    let mut client = Client::greeted(&smtp).await;
    client.mail("Subject: one\r\n\r\n").await.unwrap();
    client.mail("Subject: two\r\n\r\n").await.unwrap();
    let mails = waiting.await.unwrap().unwrap();
    assert_eq!(mails[1].header("subject").unwrap(), "two");
}

#[tokio::test]
async fn who_waits_in_vain_is_told_what_came() {
    let smtp = FakeSmtp::start().await;
    let waited = smtp.wait_for(1, Duration::ZERO).await;
    assert_eq!(waited, Err(TimedOut { wanted: 1, came: 0 }));
    let told = waited.unwrap_err().to_string();
    assert_eq!(told, "waited for 1, but 0 came");
}

#[tokio::test]
async fn a_subscriber_gets_each_mail() {
    let smtp = FakeSmtp::start().await;
    let mut mails = smtp.subscribe();
    let mut client = Client::greeted(&smtp).await;
    client.mail("Subject: one\r\n\r\n").await.unwrap();
    assert_eq!(
        mails.recv().await.unwrap().header("Subject").unwrap(),
        "one"
    );
}

#[tokio::test]
async fn without_signing_in_nothing_is_taken_where_a_login_is_required() {
    let smtp = FakeSmtp::start().await;
    smtp.require_login("cardwatch", "s3cret");
    let mut client = Client::greeted(&smtp).await;
    assert_eq!(client.say("MAIL FROM:<a@example.com>").await, 530);
}

#[tokio::test]
async fn the_right_user_signs_in_by_plain() {
    let smtp = FakeSmtp::start().await;
    smtp.require_login("cardwatch", "s3cret");
    let mut client = Client::greeted(&smtp).await;
    // "\0cardwatch\0s3cret"
    assert_eq!(client.say("AUTH PLAIN AGNhcmR3YXRjaABzM2NyZXQ=").await, 235);
    assert_eq!(client.mail("Subject: one\r\n\r\n").await.unwrap(), 250);
}

#[tokio::test]
async fn the_right_user_signs_in_by_login() {
    let smtp = FakeSmtp::start().await;
    smtp.require_login("cardwatch", "s3cret");
    let mut client = Client::greeted(&smtp).await;
    assert_eq!(client.say("AUTH LOGIN").await, 334);
    assert_eq!(client.say("Y2FyZHdhdGNo").await, 334);
    assert_eq!(client.say("czNjcmV0").await, 235);
}

#[tokio::test]
async fn a_wrong_password_is_a_535() {
    let smtp = FakeSmtp::start().await;
    smtp.require_login("cardwatch", "other");
    let mut client = Client::greeted(&smtp).await;
    assert_eq!(client.say("AUTH PLAIN AGNhcmR3YXRjaABzM2NyZXQ=").await, 535);
    assert_eq!(client.say("AUTH CRAM-MD5").await, 504);
}
