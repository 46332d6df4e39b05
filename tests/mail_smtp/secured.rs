//! Logins and TLS: a password leaves the machine only under TLS, and a server has to prove who it is.

use std::path::PathBuf;

use cardwatch::config::valid::{Email, SmtpTls};
use cardwatch::mail::mailer::Mailer;
use fake_smtp::FakeSmtp;

use crate::desk::{PASSWORD, assert_says, at, email, metrics, retry, send, sent, still, with_authority, with_login};
use crate::scripted_smtp::{Scripted, Tls};

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
    assert_says(&why, &["no TLS with localhost:", ": it does not speak TLS; check whether it is smtps://"]);
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
    for (file, what) in [
        (missing, "cannot read '"),
        (empty, "' holds no certificate; "),
        (broken, "' holds a certificate that cannot be read ("),
    ] {
        let email = Email { ca_file: Some(file.clone()), ..email("localhost", 25, SmtpTls::Offered) };
        let error = Mailer::new(&email, still(), metrics()).err().unwrap().to_string();
        assert_says(
            &error,
            &["email.ca_file: ", file.to_str().unwrap(), what, "name a file of certificates in PEM, or remove the key"],
        );
    }
}
