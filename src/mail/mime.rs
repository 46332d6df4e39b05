//! A letter as a message in MIME. Owns headers and encodings; it does not own the words, nor who of the
//! recipients gets it in the end.

use std::time::SystemTime;

use lettre::Message;
use lettre::message::header::{ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Attachment, Body, Mailbox, MultiPart, SinglePart};

use crate::domain::Timestamp;
use crate::domain::report::Letter;

/// The name of the attached list.
const LIST_NAME: &str = "cards.csv";

/// Why a letter is no message: trying again would not help.
#[derive(Debug, thiserror::Error)]
pub(super) enum Malformed {
    /// A recipient is not an address.
    #[error("'{address}' is not a mail address: {why}")]
    Recipient {
        address: String,
        #[source]
        why: lettre::address::AddressError,
    },
    /// The list's name is no type, or a header is missing.
    #[error("no message can be made of it: {0}")]
    Message(String),
}

/// Builds the message: text first, then HTML, so that a program shows the last one it can; with a list,
/// both are the first part of a mixed message.
pub(super) fn message(from: &Mailbox, letter: &Letter, date: Timestamp) -> Result<Message, Malformed> {
    let mut builder = Message::builder()
        .from(from.clone())
        .date(SystemTime::from(date))
        .subject(&letter.subject)
        .message_id(Some(bracketed(&letter.message_id)))
        .header(AutoSubmitted)
        .header(NoAutoResponse);
    for address in &letter.to {
        let parsed = address.parse::<Mailbox>();
        builder = builder.to(parsed.map_err(|why| Malformed::Recipient { address: address.clone(), why })?);
    }
    if let Some(first) = letter.references.first() {
        let all: Vec<_> = letter.references.iter().map(|id| bracketed(id)).collect();
        builder = builder.in_reply_to(bracketed(first)).references(all.join(" "));
    }
    let both = MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone());
    let whole = match &letter.csv {
        None => both,
        Some(list) => MultiPart::mixed().multipart(both).singlepart(attached(list)?),
    };
    builder.multipart(whole).map_err(|error| Malformed::Message(error.to_string()))
}

fn bracketed(message_id: &str) -> String {
    format!("<{message_id}>")
}

/// Base64, since only that keeps the list's line ends and long lines as they are, whoever relays it.
fn attached(list: &str) -> Result<SinglePart, Malformed> {
    let broken = |error: &dyn std::fmt::Display| Malformed::Message(error.to_string());
    let kind = ContentType::parse("text/csv; charset=utf-8").map_err(|error| broken(&error))?;
    let body = Body::new_with_encoding(list.as_bytes().to_vec(), ContentTransferEncoding::Base64)
        .map_err(|_| broken(&"the list cannot be encoded"))?;
    Ok(Attachment::new(LIST_NAME.to_owned()).body(body, kind))
}

macro_rules! fixed_header {
    ($(#[$doc:meta])* $type:ident, $name:literal, $value:literal) => {
        $(#[$doc])*
        #[derive(Clone)]
        struct $type;

        impl Header for $type {
            fn name() -> HeaderName {
                HeaderName::new_from_ascii_str($name)
            }

            fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
                Ok(Self)
            }

            fn display(&self) -> HeaderValue {
                HeaderValue::new(Self::name(), $value.to_owned())
            }
        }
    };
}

fixed_header!(
    /// Keeps vacation programs from answering (RFC 3834).
    AutoSubmitted, "Auto-Submitted", "auto-generated"
);
fixed_header!(
    /// Keeps Exchange from answering (MS-OXCMAIL, 'X-Auto-Response-Suppress').
    NoAutoResponse, "X-Auto-Response-Suppress", "All"
);
