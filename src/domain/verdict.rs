//! From what Domo answered to a verdict. Owns the verdict table and the settling of doubtful cards
//! against their neighbours; it does not own asking (that is `domo`) nor what a verdict does to a
//! card's state (that is [`card`](super::card)).
//!
//! A new row of the table is a new arm in [`judge`], and a line in `tests/domain/answers.rs`.

use std::time::Duration;

use super::foreign::clipped;
use super::obstacle::says;
use super::shown::Shown;

/// The longest reason that is kept, in characters; what is beyond is cut.
pub const REASON_LIMIT: usize = 8_000;

/// What one render said about a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The card renders; `no_data` when Domo did not run its query for want of data.
    Working {
        /// Domo said `not_ran`: the card shows nothing, yet nothing is wrong with it.
        no_data: bool,
    },
    /// The card does not render.
    Broken(Reason),
    /// Nobody could tell, and why.
    Unchecked(String),
    /// The card is of a type that has no render call.
    Unsupported,
}

impl Verdict {
    /// Whether the render told working from broken.
    pub fn is_decided(&self) -> bool {
        match self {
            Self::Working { .. } | Self::Broken(_) => true,
            Self::Unchecked(_) | Self::Unsupported => false,
        }
    }

    /// The word for it.
    pub fn shown(&self) -> Shown {
        match self {
            Self::Working { .. } => Shown::Working,
            Self::Broken(_) => Shown::Broken,
            Self::Unchecked(_) => Shown::Unchecked,
            Self::Unsupported => Shown::Unsupported,
        }
    }

    /// The text that explains the verdict; a working card with data needs none.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Working { no_data: false } | Self::Unsupported => None,
            Self::Working { no_data: true } => Some(NO_DATA),
            Self::Broken(reason) => Some(&reason.text),
            Self::Unchecked(why) => Some(why),
        }
    }
}

/// The note on a card that renders without data.
pub const NO_DATA: &str = "no data";

/// Why a card is broken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reason {
    /// Domo's own class of it.
    pub class: Class,
    /// The words, as Domo gave them where it gave any; never empty, at most [`REASON_LIMIT`] characters.
    pub text: String,
}

impl Reason {
    fn new(class: Class, text: &str) -> Self {
        Self { class, text: clip(text) }
    }
}

fn clip(text: &str) -> String {
    clipped(text.trim(), REASON_LIMIT)
}

/// Domo's own classes of a failed card load (its usage dataset 'Card Loads').
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A column, dataset or beast mode that the card refers to is not there, or the card is set up wrongly.
    Misconfigured,
    /// The query took too long.
    QueryTimeout,
    /// Anything else.
    Other,
}

impl Class {
    /// Every class, in the order in which reports speak of them.
    pub const ALL: [Self; 3] = [Self::Misconfigured, Self::QueryTimeout, Self::Other];

    /// Domo's name of the class.
    pub fn name(self) -> &'static str {
        match self {
            Self::Misconfigured => "Misconfigured card",
            Self::QueryTimeout => "Query timeout",
            Self::Other => "Other error",
        }
    }
}

/// What one render came to after all its attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rendered {
    /// Somebody answered in HTTP.
    Answered(Answer),
    /// No answer within the timeout, at each attempt.
    TimedOut {
        /// The timeout of one attempt.
        after: Duration,
        /// How often it was tried.
        attempts: u32,
    },
    /// No connection, or one that broke before the answer was whole; the text says how.
    Disconnected(String),
}

/// An HTTP answer to a render, reduced to what a verdict needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// What the body was.
    pub body: Body,
}

/// What the body of an answer was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Nothing at all.
    Empty,
    /// A JSON object, as Domo answers.
    Object(Envelope),
    /// JSON, but no object.
    OtherJson,
    /// Something that Domo's API does not say: a page of HTML, a cut text, a redirect. The text says what.
    Foreign(String),
}

/// The fields of Domo's answer that a verdict looks at; all others are ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Envelope {
    /// `status`, where it is a number.
    pub status: Option<u16>,
    /// `statusReason`.
    pub status_reason: Option<String>,
    /// `message`.
    pub message: Option<String>,
    /// `details.error`, where it is text.
    pub error: Option<String>,
    /// `details.columns`.
    pub columns: Vec<String>,
    /// `summary.status`.
    pub summary: Option<SummaryStatus>,
    /// `toe`: looks like a trace id for Domo's support.
    pub trace: Option<String>,
}

/// `summary.status`, as a client of Domo's types it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SummaryStatus {
    /// The card's summary was made.
    Success,
    /// There was no data to run it on.
    NotRan,
    /// A configuration or data issue.
    Error,
    /// A word that nobody has described.
    Unknown,
}

/// What one render told, before its neighbours are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The card renders.
    Working {
        /// See [`Verdict::Working`].
        no_data: bool,
    },
    /// The card is broken, beyond doubt.
    Broken(Reason),
    /// It is this card, or it is Domo: the neighbours tell.
    Doubtful(Reason),
    /// This card cannot be checked, and why.
    Hindered(String),
    /// The answer is not one of Domo's: a proxy, a login page, a cut text.
    Foreign(String),
    /// Not, or no longer, signed in.
    SignedOut,
}

impl Finding {
    /// Whether only the neighbours can tell.
    pub fn is_doubtful(&self) -> bool {
        matches!(self, Self::Doubtful(_))
    }
}

/// The status of an answer: that of HTTP, or the one in its body. Domo wraps some failures in an HTTP 200 whose body
/// carries the true status.
pub fn status_that_counts(http: u16, inner: Option<u16>) -> u16 {
    match (http, inner) {
        (200, Some(inner)) if inner >= 400 => inner,
        _ => http,
    }
}

/// The verdict table: what one render, after all attempts, tells about its card.
pub fn judge(rendered: &Rendered) -> Finding {
    match rendered {
        Rendered::Answered(answer) => judge_answer(answer),
        Rendered::TimedOut { after, attempts } => {
            let text = format!("no answer within {} s{}", after.as_secs(), times(*attempts));
            Finding::Doubtful(Reason::new(Class::QueryTimeout, &text))
        }
        Rendered::Disconnected(how) => Finding::Hindered(clip(&format!("{}: {how}", says::DISCONNECTED))),
    }
}

fn judge_answer(answer: &Answer) -> Finding {
    let none = Envelope::default();
    let envelope = match &answer.body {
        Body::Object(envelope) => envelope,
        Body::Empty | Body::OtherJson | Body::Foreign(_) => &none,
    };
    let status = status_that_counts(answer.status, envelope.status);
    let hindered = |what: &str| Finding::Hindered(with_detail(what, envelope));
    match status {
        401 => return Finding::SignedOut,
        403 => return hindered(says::NO_ACCESS),
        404 => return hindered(says::GONE),
        409 => return hindered("conflict (409)"),
        429 => return hindered(says::THROTTLED),
        502..=504 => return hindered(&format!("{} ({status})", says::UNAVAILABLE)),
        _ => {}
    }
    match (&answer.body, status) {
        (Body::Foreign(what), _) => Finding::Foreign(not_domo(what)),
        (Body::Object(envelope), 200) => judge_summary(envelope),
        (Body::Empty, 200) => Finding::Foreign(not_domo("an empty body")),
        (Body::OtherJson, 200) => Finding::Foreign(not_domo("JSON, but no object")),
        (_, 400 | 422) => Finding::Broken(Reason::new(Class::Misconfigured, &words(envelope, status))),
        (_, 500) => {
            let text = match words(envelope, status) {
                words if words == http_reason(status) => format!("500 {words}"),
                words => format!("500: {words}"),
            };
            Finding::Doubtful(Reason::new(Class::Other, &text))
        }
        (_, 300..=399) => Finding::Foreign(not_domo("a redirect")),
        _ => hindered(&format!("an answer that is not known of Domo ({status})")),
    }
}

fn judge_summary(envelope: &Envelope) -> Finding {
    match envelope.summary {
        None | Some(SummaryStatus::Success | SummaryStatus::Unknown) => Finding::Working { no_data: false },
        Some(SummaryStatus::NotRan) => Finding::Working { no_data: true },
        Some(SummaryStatus::Error) => {
            // The HTTP reason of a 200 is 'OK', which explains nothing.
            let text = first_text(envelope).unwrap_or_else(|| "the card's summary has the status 'error'".to_owned());
            Finding::Broken(Reason::new(Class::Misconfigured, &text))
        }
    }
}

/// The first text with content of `details.error`, `details.columns`, `message`, `statusReason`, the HTTP reason.
fn words(envelope: &Envelope, status: u16) -> String {
    first_text(envelope).unwrap_or_else(|| http_reason(status).to_owned())
}

fn first_text(envelope: &Envelope) -> Option<String> {
    let named: Vec<&str> =
        envelope.columns.iter().map(|column| column.trim()).filter(|name| !name.is_empty()).collect();
    let columns = named.join(", ");
    [envelope.error.as_deref(), Some(&columns), envelope.message.as_deref(), envelope.status_reason.as_deref()]
        .into_iter()
        .flatten()
        .find(|text| !text.trim().is_empty())
        .map(str::to_owned)
}

fn with_detail(what: &str, envelope: &Envelope) -> String {
    let detail = [envelope.error.as_deref(), envelope.message.as_deref()]
        .into_iter()
        .flatten()
        .find(|text| !text.trim().is_empty());
    clip(&detail.map_or_else(|| what.to_owned(), |detail| format!("{what}: {detail}")))
}

fn not_domo(what: &str) -> String {
    clip(&format!("{}: {what}", says::NOT_DOMO))
}

fn http_reason(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        422 => "Unprocessable Entity",
        500 => "Internal Server Error",
        _ => "error",
    }
}

/// ', 3 times'; nothing where it was tried once, which goes without saying.
fn times(count: u32) -> String {
    match count {
        0 | 1 => String::new(),
        2 => ", twice".to_owned(),
        n => format!(", {n} times"),
    }
}

/// How the other renders went, against which a doubtful one is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Neighbours {
    /// How many other cards were rendered.
    pub rendered: usize,
    /// How many of them were told working from broken.
    pub decided: usize,
}

impl Neighbours {
    /// No others were rendered.
    pub const NONE: Self = Self { rendered: 0, decided: 0 };

    /// Counts cards, of each of which it is told whether it was decided.
    pub fn of(cards: impl Iterator<Item = bool>) -> Self {
        cards.fold(Self::NONE, |others, decided| Self {
            rendered: others.rendered + 1,
            decided: others.decided + usize::from(decided),
        })
    }

    /// All but one doubtful card, which was counted among them.
    #[must_use]
    pub fn without_a_doubtful_one(self) -> Self {
        Self { rendered: self.rendered.saturating_sub(1), ..self }
    }

    /// Whether Domo answered the others well enough that a doubtful card is to blame itself: there are
    /// others, and at least 80 % of them were decided.
    pub fn vouch(self) -> bool {
        self.rendered > 0 && self.decided * 5 >= self.rendered * 4
    }
}

/// Settles one finding. `neighbours` speaks of the *other* renders.
pub fn settle(finding: Finding, neighbours: Neighbours) -> Verdict {
    match finding {
        Finding::Working { no_data } => Verdict::Working { no_data },
        Finding::Broken(reason) => Verdict::Broken(reason),
        Finding::Doubtful(reason) if neighbours.vouch() => Verdict::Broken(reason),
        Finding::Doubtful(reason) => Verdict::Unchecked(clip(&format!(
            "{} (only {} of {} other cards could be decided, {}",
            reason.text,
            neighbours.decided,
            neighbours.rendered,
            says::MAYBE_DOMO,
        ))),
        Finding::Hindered(why) | Finding::Foreign(why) => Verdict::Unchecked(why),
        Finding::SignedOut => Verdict::Unchecked("not signed in (401)".to_owned()),
    }
}
