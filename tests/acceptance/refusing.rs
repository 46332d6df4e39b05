//! A mail server that says no: it is logged, counted and shown by `status`, and holds nothing up.

use std::time::Instant;

use fake_domo::{Behaviour, FakeDomo, Spec};
use fake_smtp::{FakeSmtp, Fault};
use serde_json::{Value, json};

use crate::house::{Daemon, EACH_SECOND, House, PATIENCE};

/// A house that is swept each second and mails through this server.
async fn house_with(smtp: &FakeSmtp) -> House {
    let mut house = House::beside(FakeDomo::new(Spec::new(5).pages(4).cards(20))).await;
    house.mail_through(&smtp.url());
    house.instance("schedule", &format!("\"{EACH_SECOND}\""));
    house
}

fn break_card(house: &House, card: usize) {
    house.domo.set(house.domo.kpi_cards()[card], Behaviour::broken("No indexed schema found"));
}

fn errors(daemon: &Daemon, says: &str) -> usize {
    daemon.log().lines().filter(|line| line.contains(" ERROR ") && line.matches(says).count() >= 1).count()
}

async fn emails(daemon: &Daemon, result: &str) -> Option<f64> {
    daemon.series(&format!("cardwatch_emails_total{{result=\"{result}\"}}")).await
}

fn status(house: &House) -> Value {
    house.run(&["status", "--format", "json"]).json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_is_refused_for_good_is_an_error_counted_shown_and_in_nobodys_way() {
    let smtp = FakeSmtp::start().await;
    smtp.set_fault(Fault::RejectData);
    let house = house_with(&smtp).await;
    let daemon = house.daemon().await;
    daemon.wait_for_whole_sweeps(1).await;
    break_card(&house, 0);
    daemon.wait_for("cardwatch_emails_total{result=\"rejected\"}", 1.0).await;
    smtp.set_fault(Fault::None);
    break_card(&house, 1);
    let mails = smtp.wait_for(1, PATIENCE).await.unwrap();
    assert_eq!(mails[0].header("Subject").unwrap(), "[cardwatch] acme: 1 card broke (2 broken now)");
    daemon.wait_for("cardwatch_emails_total{result=\"sent\"}", 1.0).await;
    daemon.wait_until_mails_wait(0).await;

    assert_eq!((emails(&daemon, "rejected").await, emails(&daemon, "retried").await), (Some(1.0), Some(0.0)));
    assert_eq!(errors(&daemon, "refused a mail for good; it is kept and not tried again"), 1, "{}", daemon.log());
    let subject = "[cardwatch] acme: 1 card broke (1 broken now)";
    let shown = status(&house);
    assert_eq!((&shown["mails_waiting"], &shown["mails_rejected"][0]["subject"]), (&json!(0), &json!(subject)));
    assert!(shown["mails_rejected"][0]["error"].as_str().unwrap().contains("554 message refused"), "{shown}");
    let table = house.run(&["status"]).stdout();
    assert!(table.contains(&format!("mail refused for good: {subject}: ")) && table.contains("554"), "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_recipient_that_is_refused_is_an_error_counted_and_shown_though_the_mail_was_sent() {
    let smtp = FakeSmtp::start().await;
    smtp.set_fault(Fault::RejectRecipient("gone@example.com".to_owned()));
    let mut house = house_with(&smtp).await;
    house.instance("to", "[\"here@example.com\", \"gone@example.com\"]");
    let daemon = house.daemon().await;
    break_card(&house, 0);
    let mails = smtp.wait_for(1, PATIENCE).await.unwrap();
    assert_eq!(mails[0].to, ["here@example.com"]);
    daemon.wait_for("cardwatch_emails_total{result=\"rejected\"}", 1.0).await;
    daemon.wait_for("cardwatch_emails_total{result=\"sent\"}", 1.0).await;
    assert_eq!(errors(&daemon, "refused one recipient for good; correct email.to or instances.NAME.to: "), 1);
    let shown = status(&house);
    let error = shown["mails_rejected"][0]["error"].as_str().unwrap();
    assert!(error.contains("gone@example.com: 550 no such user"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_keeps_mail_waiting_and_status_says_why() {
    let smtp = FakeSmtp::start().await;
    smtp.require_login("watch", "another");
    let mut house = house_with(&smtp).await;
    house.set("email", "username = \"watch\"\npassword = \"hunter2\"");
    let daemon = house.daemon().await;
    break_card(&house, 0);
    daemon.wait_for("cardwatch_emails_total{result=\"retried\"}", 1.0).await;
    // The counter moves a moment before the reason is saved.
    let began = Instant::now();
    let mut shown = status(&house);
    while shown["mails_waiting_error"].is_null() && began.elapsed() < PATIENCE {
        shown = status(&house);
    }
    assert_eq!(shown["mails_waiting"], 1);
    assert!(shown["mails_waiting_error"].as_str().unwrap().contains("check email.username and email.password"));
    let table = house.run(&["status"]).stdout();
    assert!(table.contains("mails that wait to be sent: 1; 127.0.0.1:"), "{table}");
    assert_eq!(emails(&daemon, "rejected").await, Some(0.0));

    // Mended as an operator does: with the right password, and a restart or not.
    house.forget_section("email");
    house.mail_through(&smtp.url());
    house.set("email", "username = \"watch\"\npassword = \"another\"");
    house.write_config();
    assert!(std::process::Command::new("kill").args(["-HUP", &daemon.pid().to_string()]).status().unwrap().success());
    smtp.wait_for(1, PATIENCE).await.unwrap();
}
