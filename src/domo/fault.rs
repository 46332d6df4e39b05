//! Why there was no answer. Owns reading the causes of a transport error; what to do about it is said in
//! [`error`](super::error).

use std::error::Error;
use std::io;

use rustls::InvalidMessage;

use crate::domain::foreign::without_number;

/// The longest text of a cause that is kept, in characters.
const LIMIT: usize = 200;

/// Why there was no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// Which part failed.
    pub(super) kind: Kind,
    /// The words of whoever noticed.
    pub(super) text: String,
}

/// Which part of a connection failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The name has no address.
    Name,
    /// Nobody listens there.
    Refused,
    /// The two sides do not agree on a protected connection.
    Tls,
    /// Anything else, a connection that broke among them.
    Other,
}

/// What a transport error says.
pub(super) fn of(error: &(dyn Error + 'static)) -> Fault {
    let mut fault = Fault { kind: Kind::Other, text: String::new() };
    let mut cause = Some(error);
    while let Some(error) = cause {
        // The deepest cause names the trouble; those above it only say that there is one.
        fault.text = words(error).chars().take(LIMIT).collect();
        if let Some(kind) = kind(error) {
            fault.kind = kind;
        }
        cause = error.source();
    }
    fault
}

fn words(error: &(dyn Error + 'static)) -> String {
    if let Some(inner) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        return words(inner);
    }
    if error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_incomplete_message) {
        return "the connection closed before the answer was whole".to_owned();
    }
    match error.downcast_ref() {
        Some(rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)) => "it does not speak TLS".to_owned(),
        _ => without_number(&error.to_string()),
    }
}

fn kind(error: &(dyn Error + 'static)) -> Option<Kind> {
    if error.is::<rustls::Error>() {
        return Some(Kind::Tls);
    }
    if let Some(error) = error.downcast_ref::<io::Error>() {
        // An I/O error may be but the wrapping of another, which its own source passes over.
        return match error.get_ref() {
            Some(inner) => kind(inner),
            None => (error.kind() == io::ErrorKind::ConnectionRefused).then_some(Kind::Refused),
        };
    }
    // hyper-util names the step in the text alone.
    error.to_string().starts_with("dns error").then_some(Kind::Name)
}
