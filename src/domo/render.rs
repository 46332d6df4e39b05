//! Rendering one card. Owns the call and what its attempts come to; whether the card is broken by that
//! is judged in the domain.

use std::time::Duration;

use hyper::Method;

use super::Domo;
use super::call::{Call, Endpoint};
use super::client::{Attempt, Ended, Reply};
use super::wire::Said;
use crate::domain::Timestamp;
use crate::domain::ids::CardId;
use crate::domain::verdict::{Answer, Body, Rendered};

/// What a render came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Render {
    /// What [`crate::domain::verdict::judge`] judges.
    pub rendered: Rendered,
    /// How long the deciding attempt took, from sending to the last byte.
    pub latency: Duration,
    /// When the last attempt had ended.
    pub at: Timestamp,
}

impl Domo {
    /// Renders a card, with all attempts. At most [`Domo::concurrency`] renders are in flight at any
    /// time, however many are asked for.
    ///
    /// Where there is no session and none can be had, it comes to a 401; [`Domo::sign_in`] then tells why.
    pub async fn render(&self, card: CardId) -> Render {
        let target = format!("/api/content/v1/cards/kpi/{card}/render?{}", self.render_query);
        let call = Call::send(Endpoint::Render, Method::PUT, target, "{}");
        let (rendered, latency) = match self.ask::<Said>(&call).await {
            Ok(attempt) => self.rendered(attempt),
            Err(_) => (Rendered::Answered(Answer { status: 401, body: Body::Empty }), Duration::ZERO),
        };
        self.log(card, &rendered);
        Render { rendered, latency, at: self.client.clock().now() }
    }

    fn rendered(&self, Attempt { ended, latency }: Attempt<Said>) -> (Rendered, Duration) {
        let rendered = match ended {
            Ended::Answered(Reply { http, content, .. }) => {
                Rendered::Answered(Answer { status: http, body: content.into() })
            }
            Ended::TimedOut(attempts) => Rendered::TimedOut { after: self.client.timeout(), attempts },
            Ended::Disconnected(fault) => Rendered::Disconnected(fault.text),
        };
        (rendered, latency)
    }

    /// Leaves the trace id of a failed render in the log: Domo's support asks for it.
    fn log(&self, card: CardId, rendered: &Rendered) {
        let Rendered::Answered(Answer { status, body: Body::Object(envelope) }) = rendered else { return };
        if let Some(toe) = &envelope.trace {
            tracing::debug!(domo_instance = %self.client.name(), %card, status, toe, "Domo could not render a card");
        }
    }
}
