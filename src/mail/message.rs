//! A report as a letter. Owns the composing of both parts and of the attached list; it does not own the
//! subject (that is the report's) nor headers and encodings (those are the mailer's).

use lettre::message::Mailbox;
use url::Url;

use super::outline::{self, MOST_CARDS, Mood, Outline};
use super::{html, list, text};
use crate::domain::owners;
use crate::domain::report::{Letter, Report};

/// What a letter needs to know beyond its report.
#[derive(Debug, Clone)]
pub struct Envelope<'a> {
    /// The Message-ID, without angle brackets.
    pub message_id: String,
    /// The Message-IDs of the mails that it follows up, the first one first, without angle brackets.
    pub references: Vec<String>,
    /// Who gets it.
    pub to: &'a [Mailbox],
    /// Where the status page is reached from outside.
    pub link_base: Option<&'a Url>,
}

/// Composes the letter of a report: the same report and envelope always give the same letter. Beyond
/// 50 cards it shows the first ones of its groups in their order, and has the list attached.
pub fn compose(report: &Report, envelope: Envelope<'_>) -> Letter {
    let outline = outline::of(report, envelope.link_base);
    let csv = (outline::cards_in(report) > MOST_CARDS).then(|| list::list(report));
    letter(&outline, report.subject(), envelope, csv)
}

/// An owner as the recipient of a letter; `None` where the address is none. The display name is left out: it is
/// foreign text, and a header is no place for it.
pub fn recipient(address: &owners::Address) -> Option<Mailbox> {
    address.as_str().parse().ok().map(|address| Mailbox::new(None, address))
}

/// Composes the letter by which an operator sees whether mail arrives. `host` is the machine that sends it.
pub fn test_letter(message_id: String, to: &[Mailbox], host: &str) -> Letter {
    let version = env!("CARGO_PKG_VERSION");
    let outline = Outline {
        headline: "Mail from cardwatch arrives".to_owned(),
        mood: Mood::Plain,
        lead: None,
        summary: vec![
            format!("This is the test mail of cardwatch {version} on {host}."),
            "Nothing is wrong and nothing was checked: it only shows that reports will reach you.".to_owned(),
        ],
        trouble: None,
        preview: format!("The test mail of cardwatch {version} on {host}."),
        sections: Vec::new(),
        left_out: None,
        footer: vec!["Sent by 'cardwatch send-test-email'.".to_owned()],
        command: None,
        link: None,
    };
    let envelope = Envelope { message_id, references: Vec::new(), to, link_base: None };
    letter(&outline, "[cardwatch] test mail".to_owned(), envelope, None)
}

fn letter(outline: &Outline, subject: String, envelope: Envelope<'_>, csv: Option<String>) -> Letter {
    Letter {
        message_id: envelope.message_id,
        references: envelope.references,
        to: envelope.to.iter().map(Mailbox::to_string).collect(),
        text: text::write(outline),
        html: html::write(outline, &subject),
        subject,
        csv,
    }
}
