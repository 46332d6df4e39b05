//! Why there was no answer. Owns reading the causes of a transport error; what to do about it is said in
//! [`error`](super::error).

use std::error::Error;
use std::io;

use rustls::InvalidMessage;

use crate::domain::foreign::{causes, clipped, without_number};

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
    let kind = causes(error).filter_map(kind).last().unwrap_or(Kind::Other);
    let text = causes(error).last().map(words).unwrap_or_default();
    Fault { kind, text: clipped(&text, LIMIT) }
}

fn words(error: &(dyn Error + 'static)) -> String {
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
        return (error.kind() == io::ErrorKind::ConnectionRefused).then_some(Kind::Refused);
    }
    // hyper-util names the step in the text alone.
    error.to_string().starts_with("dns error").then_some(Kind::Name)
}
