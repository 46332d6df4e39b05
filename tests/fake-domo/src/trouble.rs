//! What can be wrong with the calls of one kind, while all others are well. Owns the list and its looks; renders have
//! behaviours of their own, card by card.

use std::future;

use axum::{http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};

use crate::{answer, server::Incoming};

/// What is wrong with every call of one endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// This HTTP status with Domo's envelope.
    Status(u16),
    /// No answer until the client goes away.
    Hangs,
    /// HTTP 200 with an HTML page to sign in at.
    Html,
    /// HTTP 200 with text that is not JSON.
    Junk,
    /// HTTP 200 with this text as JSON, whatever it is.
    Says(String),
    /// Closes the connection without an answer.
    Disconnects,
}

impl Trouble {
    /// The answer; none closes the connection.
    pub(crate) async fn answer(self, request: &Incoming<'_>) -> Option<Response> {
        match self {
            Self::Status(code) => {
                let status = answer::status(code);
                Some(request.refuse(status, answer::reason_of(status)))
            }
            Self::Hangs => future::pending().await,
            Self::Html => Some(answer::login_page(StatusCode::OK)),
            Self::Junk => Some(answer::json_bytes(StatusCode::OK, "upstream connect error")),
            Self::Says(text) => Some(answer::json_bytes(StatusCode::OK, text)),
            Self::Disconnects => None,
        }
    }
}
