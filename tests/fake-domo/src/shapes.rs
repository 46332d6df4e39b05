//! Every shape of a broken card with the reason that a reader of it must give. Owns the texts to
//! test with; the rule for the reason is the contract's: the first text with content of
//! `details.error`, `details.columns`, `message`, `statusReason`, the HTTP reason.

use std::sync::LazyLock;

use crate::{Behaviour, Ending, Shape};

/// The text in `details.error` of [`Behaviour::BodyStatus`].
pub const BODY_STATUS_REASON: &str = "Invalid column(s) referenced: region_name";

/// The text in `details.error` of a [`Behaviour::Large`] that does not end well.
pub const LARGE_REASON: &str = "Unable to parse SQL: unexpected end of input";

/// The reason of a [`Behaviour::SummaryError`], which gives none. By the letter of the rule it would be the
/// HTTP reason of a 200, 'OK', which explains nothing: cardwatch says what it saw.
pub const BARE_SUMMARY_ERROR_REASON: &str = "the card's summary has the status 'error'";

/// The texts that Domo is known, or likely, to write into `details.error`.
const TEXTS: [&str; 5] = [
    "Invalid column(s) referenced: dateymd",
    "Dataset 5e88c674-d499-4a97-a834-60797d0d17d4 is not indexed",
    "No indexed schema found",
    "Unable to parse SQL: SELECT `Umsatz` FROM WHERE (line 1, column 22)",
    "The following column(s) are missing from the datasource schema: region, order_total",
];

/// 4,000 characters with all that breaks a table, a mail, a page or a spreadsheet.
static NASTY_TEXT: LazyLock<String> = LazyLock::new(|| {
    let unit = "=cmd|'/C calc'!A0 \"quoted\" <script>alert(1)</script> & \\ \r\n\
                größe_日本語_столбец, région; 100 %\t{{x}} ";
    let text: String = unit.chars().cycle().take(3_999).collect();
    // White space at the end would be lost to whoever trims; a full stop is not.
    text + "."
});

/// 4,000 characters with quotes, `<script>`, CR LF, column names that are not ASCII, and a leading
/// `=`.
pub fn nasty_text() -> &'static str {
    NASTY_TEXT.as_str()
}

impl Behaviour {
    /// Every behaviour that means 'this card is broken' by its own answer alone, each with the
    /// reason that must be given for it.
    pub fn every_broken_shape() -> Vec<(Self, &'static str)> {
        let mut all: Vec<_> = TEXTS.map(|text| (Self::broken(text), text)).into();
        all.push((Self::broken(nasty_text()), nasty_text()));
        all.push((Self::broken("Bad Request"), "Bad Request"));
        all.extend(envelope_shapes());
        all.extend(other_statuses());
        all
    }

    /// The behaviours that say nothing about a card by themselves: a reader must look at the
    /// card's neighbours before it believes them.
    pub fn doubtful_shapes() -> Vec<Self> {
        vec![Self::ServerError, Self::Hangs]
    }
}

/// Each way in which the text is elsewhere than in `details.error`.
fn envelope_shapes() -> Vec<(Behaviour, &'static str)> {
    let shapes = [
        (Shape::Columns(vec!["order_total".into(), "größe".into()]), "order_total, größe"),
        (Shape::Columns(vec!["region".into()]), "region"),
        (Shape::NoDetails("Card is not configured".into()), "Card is not configured"),
        (Shape::NullError("Query failed".into()), "Query failed"),
        (Shape::ErrorNotText("Query was refused".into()), "Query was refused"),
        (Shape::BlankError("Bad Request".into()), "Bad Request"),
        (Shape::MessageOnly("Bad Request".into()), "Bad Request"),
        (Shape::StatusReasonOnly("Misconfigured card".into()), "Misconfigured card"),
        (Shape::EmptyBody, "Bad Request"),
    ];
    shapes.map(|(shape, reason)| (Behaviour::BadRequest(shape), reason)).into()
}

/// Broken cards that are not an HTTP 400, or not a small one.
fn other_statuses() -> Vec<(Behaviour, &'static str)> {
    let large = |ends| Behaviour::Large { megabytes: 2, ends };
    vec![
        (
            Behaviour::Unprocessable("Beast mode 'Margin' cannot be evaluated".into()),
            "Beast mode 'Margin' cannot be evaluated",
        ),
        (Behaviour::BodyStatus(400), BODY_STATUS_REASON),
        (Behaviour::BodyStatus(422), BODY_STATUS_REASON),
        (Behaviour::SummaryError, BARE_SUMMARY_ERROR_REASON),
        (Behaviour::SummaryErrorWith("Configuration or data issue".into()), "Configuration or data issue"),
        (large(Ending::SummaryError), LARGE_REASON),
        (large(Ending::BodyStatus), LARGE_REASON),
        (large(Ending::BadRequest), LARGE_REASON),
    ]
}
