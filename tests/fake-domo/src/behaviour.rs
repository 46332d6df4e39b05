//! What a card does when it is rendered. Owns the list of behaviours and which one is due at each
//! call; how a behaviour looks on the wire is [`crate::render`]'s.
//!
//! A new behaviour is a variant here, an arm in `render.rs` (the compiler asks for it), and, if it
//! means a broken card, a line in `shapes.rs`.

use serde::{Deserialize, Serialize};

/// What a card does when it is rendered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Behaviour {
    /// HTTP 200, a JSON object, `summary.status` is `success`.
    #[default]
    Renders,
    /// HTTP 200, `summary.status` is `not_ran`: the card's query gave no data.
    NoData,
    /// HTTP 200, `summary.status` is `error`, and not one word of why.
    SummaryError,
    /// HTTP 200, `summary.status` is `error`, and this text in `details.error`.
    SummaryErrorWith(String),
    /// HTTP 400 with one of the shapes that the envelope may take.
    BadRequest(Shape),
    /// HTTP 422 with this text in `details.error`.
    Unprocessable(String),
    /// HTTP 200 whose JSON body says this `status`, with [`crate::BODY_STATUS_REASON`] in
    /// `details.error`.
    BodyStatus(u16),
    /// HTTP 500 for ever.
    ServerError,
    /// HTTP 500 this many times; then the card renders.
    ServerErrorTimes(u32),
    /// This HTTP status with Domo's envelope: 401, 403, 404, 409, 502, 503, 504.
    Status(u16),
    /// No answer until the client goes away.
    Hangs,
    /// Renders after so many milliseconds.
    Slow {
        /// How long the answer takes.
        millis: u64,
    },
    /// HTTP 200 with an HTML page.
    Html,
    /// This HTTP status with an HTML page, as a proxy on the way would answer.
    HtmlStatus(u16),
    /// HTTP 200 with JSON that ends too early; as HTTP the answer is whole.
    CutJson,
    /// HTTP 200; the connection is closed in the middle of the body.
    BreaksOff,
    /// HTTP 200 with JSON that is an array.
    NotAnObject,
    /// HTTP 303 to the page that says that this address is not allowed.
    Redirect,
    /// HTTP 429.
    Throttled {
        /// The `Retry-After` header in seconds; none without it.
        #[serde(default)]
        retry_after: Option<u64>,
        /// How many times before the card renders; for ever without it.
        #[serde(default)]
        times: Option<u32>,
    },
    /// A valid answer of this size, sent in chunks, whose verdict comes at the very end.
    Large {
        /// The size of the body.
        megabytes: u32,
        /// What the end of the body says.
        #[serde(default)]
        ends: Ending,
    },
    /// One behaviour a call, in this order; the last one stays.
    Sequence(Vec<Behaviour>),
    /// Closes the connection without an answer.
    Disconnects,
}

/// The shapes of an HTTP 400. Where a shape has no text of its own in `details`, its text stands in
/// `message`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// `details.error` is this text.
    Error(String),
    /// `details.columns` lists these, `errorCode` is `ib:4100`, and there is no `details.error`.
    Columns(Vec<String>),
    /// There is no `details`; `message` is this text.
    NoDetails(String),
    /// `details.error` is null; `message` is this text.
    NullError(String),
    /// `details.error` is an object; `message` is this text.
    ErrorNotText(String),
    /// `details.error` is white space and `details.columns` is empty; `message` is this text.
    BlankError(String),
    /// The body has nothing but `message`.
    MessageOnly(String),
    /// The body has nothing but `status` and `statusReason`.
    StatusReasonOnly(String),
    /// There is no body.
    EmptyBody,
}

/// What the end of a large answer says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// HTTP 200, `summary.status` is `success`.
    #[default]
    Success,
    /// HTTP 200, `summary.status` is `error`, `details.error` is [`crate::LARGE_REASON`].
    SummaryError,
    /// HTTP 200, `status` is 400, `details.error` is [`crate::LARGE_REASON`].
    BodyStatus,
    /// HTTP 400, `details.error` is [`crate::LARGE_REASON`].
    BadRequest,
}

impl Behaviour {
    /// HTTP 400 with this text in `details.error`: the usual broken card.
    pub fn broken(error: &str) -> Self {
        Self::BadRequest(Shape::Error(error.to_owned()))
    }

    /// What is due at this call. Counts down what counts, so that the next call gets what is next.
    pub(crate) fn step(&mut self) -> Self {
        match self {
            Self::ServerErrorTimes(left) => count_down(left, Self::ServerError),
            Self::Throttled {
                retry_after,
                times: Some(left),
            } => {
                let throttled = Self::Throttled {
                    retry_after: *retry_after,
                    times: None,
                };
                count_down(left, throttled)
            }
            Self::Sequence(rest) if rest.len() > 1 => rest.remove(0).step(),
            Self::Sequence(rest) => rest.first_mut().map_or(Self::Renders, Self::step),
            other => other.clone(),
        }
    }
}

/// `due` while something is left, and one less of it from now on; then the card renders.
fn count_down(left: &mut u32, due: Behaviour) -> Behaviour {
    if *left == 0 {
        return Behaviour::Renders;
    }
    *left -= 1;
    due
}
