//! What a check finds without sending anything, and what is counted.

use cardwatch::config::valid::SmtpTls;
use cardwatch::mail::mailer::{MailMetrics, Mailer};
use fake_smtp::{FakeSmtp, Fault};
use prometheus::Registry;

use crate::desk::{PASSWORD, assert_says, at, date, email, letter, mailer, still, with_authority, with_login};
use crate::scripted_smtp::{Scripted, Tls};

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
