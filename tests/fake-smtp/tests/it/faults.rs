//! What goes wrong when a test asks for it.

use std::time::Duration;

use fake_smtp::{FakeSmtp, Fault};

use crate::client::Client;

const SOON: Duration = Duration::from_secs(20);
const MAIL: &str = "Subject: one\r\n\r\nbody";

#[tokio::test]
async fn refused_connections_are_closed_at_once_and_counted() {
    let smtp = FakeSmtp::start().await;
    smtp.set_fault(Fault::RefuseConnections);
    let mut client = Client::connect(&smtp).await;
    assert!(client.reply().await.is_err());
    smtp.wait_for_connections(1, SOON).await.unwrap();
}

#[tokio::test]
async fn the_greeting_can_be_a_421() {
    let smtp = FakeSmtp::start().await;
    smtp.set_fault(Fault::Greeting421);
    let mut client = Client::connect(&smtp).await;
    assert_eq!(client.code().await.unwrap(), 421);
    assert!(client.reply().await.is_err());
}

#[tokio::test]
async fn a_sender_can_be_deferred_and_taken_later() {
    let smtp = FakeSmtp::start().await;
    smtp.set_fault(Fault::DeferMail);
    let mut client = Client::greeted(&smtp).await;
    assert_eq!(client.say("MAIL FROM:<a@example.com>").await, 451);
    smtp.set_fault(Fault::None);
    assert_eq!(client.mail(MAIL).await.unwrap(), 250);
}

#[tokio::test]
async fn one_recipient_can_be_rejected_and_the_others_taken() {
    let smtp = FakeSmtp::start().await;
    smtp.set_fault(Fault::RejectRecipient("gone@example.com".into()));
    let mut client = Client::greeted(&smtp).await;
    client.say("MAIL FROM:<a@example.com>").await;
    assert_eq!(client.say("RCPT TO:<gone@example.com>").await, 550);
    assert_eq!(client.say("RCPT TO:<here@example.com>").await, 250);
}

#[tokio::test]
async fn the_data_can_be_rejected() {
    let smtp = FakeSmtp::start().await;
    smtp.set_fault(Fault::RejectData);
    let mut client = Client::greeted(&smtp).await;
    assert_eq!(client.mail(MAIL).await.unwrap(), 554);
    assert!(smtp.mails().is_empty());
}

#[tokio::test]
async fn a_server_that_hangs_says_nothing_until_it_is_stopped() {
    let smtp = FakeSmtp::start().await;
    let mut client = Client::greeted(&smtp).await;
    smtp.set_fault(Fault::Hang);
    client.send("NOOP").await;
    smtp.shutdown().await;
    assert!(client.reply().await.is_err());
}

#[tokio::test]
async fn a_connection_closed_in_the_data_leaves_no_mail() {
    let smtp = FakeSmtp::start().await;
    smtp.set_fault(Fault::CloseInData);
    let mut client = Client::greeted(&smtp).await;
    assert!(client.mail(MAIL).await.is_err());
    assert!(smtp.mails().is_empty());
}

#[tokio::test]
async fn a_lost_reply_leaves_the_mail_and_the_client_in_doubt() {
    let smtp = FakeSmtp::start().await;
    smtp.set_fault(Fault::LoseReply);
    let mut client = Client::greeted(&smtp).await;
    assert!(client.mail(MAIL).await.is_err());
    assert_eq!(smtp.mails().len(), 1);
}

#[tokio::test]
async fn after_the_shutdown_its_port_is_free_for_the_next_one() {
    // No other test is on this address, and none gets the port meanwhile.
    let smtp = FakeSmtp::start_on("127.0.0.2:0".parse().unwrap()).await.unwrap();
    let mut client = Client::greeted(&smtp).await;
    let addr = smtp.url().trim_start_matches("smtp://").parse().unwrap();
    smtp.shutdown().await;
    assert!(client.reply().await.is_err());
    let next = FakeSmtp::start_on(addr).await.unwrap();
    Client::greeted(&next).await;
}
