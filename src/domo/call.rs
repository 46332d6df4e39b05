//! The calls that cardwatch makes, and a request as it is sent. Owns their names; sending is
//! [`client`](super::client)'s.

use std::borrow::Cow;
use std::time::Duration;

use hyper::Method;
use hyper::body::Bytes;

/// The calls that cardwatch makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// Trading user and password for a session.
    Login,
    /// Who am I?
    Me,
    /// The list of pages.
    Pages,
    /// The cards of one page.
    PageCards,
    /// The list of cards.
    Cards,
    /// The list of apps.
    Apps,
    /// One app.
    App,
    /// A render.
    Render,
    /// One dataset.
    Dataset,
    /// The stream that fills a dataset.
    Stream,
    /// The runs of a stream.
    StreamRuns,
    /// The columns of a dataset.
    Schema,
    /// Some cards, by id.
    CardDetails,
    /// One user.
    User,
    /// The count of beast modes.
    Functions,
}

impl Endpoint {
    /// The name that metrics and logs use.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Me => "me",
            Self::Pages => "pages",
            Self::PageCards => "page_cards",
            Self::Cards => "cards",
            Self::Apps => "apps",
            Self::App => "app",
            Self::Render => "render",
            Self::Dataset => "dataset",
            Self::Stream => "stream",
            Self::StreamRuns => "stream_runs",
            Self::Schema => "schema",
            Self::CardDetails => "card_details",
            Self::User => "user",
            Self::Functions => "functions",
        }
    }
}

/// A request, ready to be sent as often as it takes. It has no debug form: a login holds the password.
pub(super) struct Call {
    pub(super) endpoint: Endpoint,
    pub(super) method: Method,
    /// Path and query.
    pub(super) target: Bytes,
    pub(super) body: Option<Bytes>,
    pub(super) limit: Option<Duration>,
}

impl Call {
    /// Asks for what stands at a path, with its query.
    pub(super) fn get(endpoint: Endpoint, target: impl Into<Bytes>) -> Self {
        Self { endpoint, method: Method::GET, target: target.into(), body: None, limit: None }
    }

    /// Sends JSON to a path, with its query.
    pub(super) fn send(endpoint: Endpoint, method: Method, target: impl Into<Bytes>, json: impl Into<Bytes>) -> Self {
        Self { endpoint, method, target: target.into(), body: Some(json.into()), limit: None }
    }

    /// Where it goes, without the query.
    pub(super) fn path(&self) -> Cow<'_, str> {
        let end = self.target.iter().position(|byte| *byte == b'?').unwrap_or(self.target.len());
        String::from_utf8_lossy(&self.target[..end])
    }

    /// Not worth more time than this, neither waiting for its turn nor for an answer.
    pub(super) fn within(self, limit: Duration) -> Self {
        Self { limit: Some(limit), ..self }
    }
}
