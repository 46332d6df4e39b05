//! Addresses: of Domo instances, of the status page, of the SMTP server, of people. Owns parsing each into
//! what is allowed. An address may carry a password where it should not; then no message repeats it.

use std::net::SocketAddr;

use lettre::message::Mailbox;
use url::{Host, Url};

use super::problems::{Mistake, quote};
use super::valid::{SmtpServer, SmtpTls};

/// The remedy for an instance without a usable address.
pub(super) const DOMO_REMEDY: &str = "write the address of the instance alone, like \"https://acme.domo.com\"";

/// The remedy for mail without a usable server.
pub(super) const SMTP_REMEDY: &str =
    "write \"smtp://HOST:PORT\", \"smtp://HOST:PORT?tls=required\" or \"smtps://HOST:PORT\"";

const LINK_REMEDY: &str =
    "write the address at which people reach the status page, like \"https://cardwatch.example.com\"";

/// The address of a Domo instance: `https://`, or `http://` on loopback; a host, perhaps a port, nothing else.
pub(super) fn domo(text: &str) -> Result<Url, Mistake> {
    let url = parse(text, WEB, DOMO_REMEDY)?;
    web(&url, text, DOMO_REMEDY)?;
    if !matches!(url.path(), "" | "/") {
        return Err(Mistake::new(format!("{} has a path", shown(text)), DOMO_REMEDY));
    }
    if url.scheme() == "http" && !url.host().is_some_and(|host| is_loopback(&host)) {
        let what = format!("{} would send the credential in clear text", shown(text));
        return Err(Mistake::new(what, "write https://, since http:// is for loopback alone"));
    }
    Ok(url)
}

/// The address of the status page, perhaps below a path.
pub(super) fn link_base(text: &str) -> Result<Url, Mistake> {
    let url = parse(text, WEB, LINK_REMEDY)?;
    web(&url, text, LINK_REMEDY)?;
    Ok(url)
}

/// The SMTP server. Its port is 25 by default, and 465 for `smtps://`.
pub(super) fn smtp(text: &str) -> Result<SmtpServer, Mistake> {
    let url = parse(text, ["smtp", "smtps"], SMTP_REMEDY)?;
    let wrong = |what: &str| Mistake::new(format!("{} {what}", shown(text)), SMTP_REMEDY);
    let wrapped = url.scheme() == "smtps";
    let port = if wrapped { 465 } else { 25 };
    let host = match url.host() {
        Some(Host::Domain(name)) if !name.contains('%') => name.to_owned(),
        Some(Host::Ipv4(address)) => address.to_string(),
        Some(Host::Ipv6(address)) => address.to_string(),
        Some(Host::Domain(_)) | None => return Err(wrong("names no host")),
    };
    let tls = match (url.query(), wrapped) {
        (None, false) => SmtpTls::Offered,
        (None, true) => SmtpTls::Wrapped,
        (Some("tls=required"), false) => SmtpTls::Required,
        (Some("tls=required"), true) => return Err(wrong("needs no ?tls=, for smtps:// is TLS from the first byte")),
        (Some(_), _) => return Err(wrong("has a query other than ?tls=required")),
    };
    if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
        return Err(wrong("has a path or a fragment"));
    }
    match url.port().unwrap_or(port) {
        0 => Err(wrong("has the port 0")),
        port => Ok(SmtpServer { host, port, tls }),
    }
}

/// A mail address, with or without a display name.
pub(super) fn mailbox(text: &str) -> Result<Mailbox, Mistake> {
    text.parse().map_err(|_| {
        Mistake::new(
            format!("{} is not a mail address", quote(text)),
            "write \"name@example.com\" or \"Name <name@example.com>\"",
        )
    })
}

/// An address to listen on.
pub(super) fn listen(text: &str) -> Result<SocketAddr, Mistake> {
    text.parse().map_err(|_| {
        Mistake::new(
            format!("{} is not an address to listen on", quote(text)),
            "write IP:PORT, like \"127.0.0.1:9917\" or \"[::]:9917\"",
        )
    })
}

/// Whether only this machine reaches a listener.
pub(super) fn is_on_loopback(listen: SocketAddr) -> bool {
    listen.ip().to_canonical().is_loopback()
}

/// Whether a host is this machine.
pub(super) fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// The schemes of the web.
const WEB: [&str; 2] = ["https", "http"];

/// Parses an address of one of two schemes, and refuses one that may hold a login without repeating it.
fn parse(text: &str, schemes: [&str; 2], remedy: &str) -> Result<Url, Mistake> {
    if text.contains('@') {
        return Err(Mistake::new("the address holds a login, which has keys of its own", remedy));
    }
    let written = text.trim_start().split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    if !written.is_some_and(|scheme| schemes.contains(&scheme.as_str())) {
        let [one, other] = schemes;
        let what = format!("{} begins with neither {one}:// nor {other}://", shown(text));
        return Err(Mistake::new(what, remedy));
    }
    Url::parse(text).map_err(|error| match error {
        // In `smtp://user:secret` the secret stands where the port is.
        url::ParseError::InvalidPort => Mistake::new("the address has no valid port", remedy),
        error => Mistake::new(format!("{} is not an address: {error}", shown(text)), remedy),
    })
}

/// An address for a message, without a query, which may hold anything.
fn shown(text: &str) -> String {
    quote(text.split_once('?').map_or(text, |(address, _)| address))
}

fn web(url: &Url, text: &str, remedy: &str) -> Result<(), Mistake> {
    let wrong = |what: &str| Err(Mistake::new(format!("{} {what}", shown(text)), remedy));
    match (url.query(), url.fragment()) {
        (Some(_), _) => wrong("has a query"),
        (None, Some(_)) => wrong("has a fragment"),
        (None, None) => Ok(()),
    }
}
