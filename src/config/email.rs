//! `[email]`. Owns what its values may be, and the list of recipients that an instance may have of its own.

use std::collections::BTreeSet;
use std::path::PathBuf;

use lettre::message::Mailbox;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::address;
use super::credential;
use super::problems::quote;
use super::section::{Entry, Read, Section};
use super::valid::{Email, SmtpTls};
use crate::domain::foreign::without_number;

const FROM_REMEDY: &str = "write the sender, like \"cardwatch <cardwatch@example.com>\"";
const TO_REMEDY: &str = "write a list of at least one mail address, like [\"bi-admins@example.com\"]";

/// `[email]`, where there is one.
pub(super) fn read(root: &mut Section<'_>) -> Read<Option<Email>> {
    if root.has("email") {
        return root.section("email").and_then(email).map(Some);
    }
    root.reading.warn(
        "email: there is no such section, so nobody is mailed when a card breaks; add it, or watch the metrics alone",
    );
    Ok(None)
}

fn email(mut section: Section<'_>) -> Read<Email> {
    let server = section.require("smtp", address::SMTP_REMEDY).and_then(|entry| entry.parse(address::smtp));
    let login = credential::login(&mut section);
    let ca_file = section.take("ca_file").map(|entry| certificates(&entry)).transpose();
    let from = section.require("from", FROM_REMEDY).and_then(|entry| entry.parse(address::mailbox));
    let to = section.require("to", TO_REMEDY).and_then(|entry| recipients(&entry));
    let link_base = section.take("link_base").map(|entry| entry.parse(address::link_base)).transpose();
    let reading = section.reading;
    section.finish();
    let email =
        Email { server: server?, login: login?, ca_file: ca_file?, from: from?, to: to?, link_base: link_base? };
    if email.login.is_some() && email.server.tls == SmtpTls::Offered && !email.server.is_local() {
        reading.warn(
            "email.smtp: the password goes in clear text where the server offers no STARTTLS; write ?tls=required",
        );
    }
    Ok(email)
}

/// Those who are mailed: at least one, each once.
pub(super) fn recipients(entry: &Entry<'_>) -> Read<Vec<Mailbox>> {
    let items = entry.list(TO_REMEDY)?;
    if items.is_empty() {
        return Err(entry.mistake("the list is empty", TO_REMEDY));
    }
    let mailboxes: Vec<Read<Mailbox>> = items.into_iter().map(|item| item.parse(address::mailbox)).collect();
    let mut seen = BTreeSet::new();
    for address in mailboxes.iter().flatten().map(|mailbox| mailbox.email.to_string()) {
        if !seen.insert(address.to_lowercase()) {
            entry.mistake(format!("{} is in it twice", quote(&address)), "remove one of them");
        }
    }
    mailboxes.into_iter().collect()
}

fn certificates(entry: &Entry<'_>) -> Read<PathBuf> {
    let remedy = "name a file of certificates in PEM, or remove the key";
    let given = entry.text()?;
    let path = entry.reading.path(given);
    // A device could be read for ever.
    let read = path.metadata().and_then(|file| if file.is_file() { std::fs::read(&path) } else { Ok(Vec::new()) });
    match read {
        Ok(bytes) if bytes.windows(PEM.len()).any(|window| window == PEM) => {
            if are_readable(&bytes) {
                return Ok(path);
            }
            Err(entry.mistake(format!("{} holds a certificate that cannot be read", quote(given)), remedy))
        }
        Ok(_) => Err(entry.mistake(format!("{} holds no certificate", quote(given)), remedy)),
        Err(error) => {
            let why = without_number(&error.to_string());
            Err(entry.mistake(format!("cannot read {}: {why}", quote(given)), remedy))
        }
    }
}

/// Whether every certificate of a file in PEM is one that a server can be checked against.
fn are_readable(pem: &[u8]) -> bool {
    let mut authorities = RootCertStore::empty();
    let mut found = CertificateDer::pem_slice_iter(pem);
    found.all(|found| found.is_ok_and(|found| authorities.add(found).is_ok())) && !authorities.is_empty()
}

/// What a certificate in PEM begins with (RFC 7468, section 5.1).
const PEM: &[u8] = b"-----BEGIN CERTIFICATE-----";
