//! One call to Domo, with all its attempts. Owns the HTTP client, the timeout, the retries and the counting;
//! it does not own the session (its callers bring the key), nor when a call may be sent ([`flow`](super::flow)),
//! nor what an answer means.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::header::{HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use url::Url;

use super::body::{self, Content, Shape};
use super::call::{Call, Endpoint};
use super::conceal::{Secrets, conceal, secret_of};
use super::error::DomoError;
use super::fault::{self, Fault};
use super::flow::{Flow, Ticket};
use super::metrics::InstanceMetrics;
use super::pacing::Slowed;
use super::retry::{self, Next, Tries};
use super::transport::{Transport, Unanswered};
use crate::clock::{self, SharedClock};
use crate::config::secret::Secret;
use crate::config::valid::Instance;
use crate::domain::ids::InstanceName;
use crate::domain::verdict::status_that_counts;

/// The header that says who asks.
#[derive(Debug, Clone)]
pub(super) struct Key {
    /// Which of the two headers it is.
    pub(super) header: HeaderName,
    /// The session or access token; marked as sensitive.
    pub(super) value: HeaderValue,
    /// The same, as what must not be repeated.
    pub(super) secret: Secret,
    /// Counts the logins, so that of many that find a session ended one renews it.
    pub(super) generation: u64,
}

/// How one attempt ended.
#[derive(Debug)]
pub(super) enum Ended<T> {
    /// Somebody answered in HTTP.
    Answered(Reply<T>),
    /// Nobody did in time, so often.
    TimedOut(u32),
    /// No connection, or one that broke.
    Disconnected(Fault),
}

/// An answer in HTTP.
#[derive(Debug)]
pub(super) struct Reply<T> {
    /// The HTTP status.
    pub(super) http: u16,
    /// The status that counts: Domo wraps some failures in an HTTP 200 whose body has the true one.
    pub(super) status: u16,
    /// `Retry-After`.
    pub(super) retry_after: Option<Duration>,
    /// What the body held.
    pub(super) content: Content<T>,
}

impl<T: Shape> Reply<T> {
    fn new(http: u16, retry_after: Option<Duration>, content: Content<T>) -> Self {
        let inner = match &content {
            Content::Wanted(wanted) => wanted.status(),
            Content::Envelope(envelope) => envelope.status,
            Content::Empty | Content::OtherJson | Content::Redirect(_) | Content::Html(_) | Content::NotJson(_) => None,
        };
        Self { http, status: status_that_counts(http, inner), retry_after, content }
    }
}

/// One attempt: how it ended and how long that took.
#[derive(Debug)]
pub(super) struct Attempt<T> {
    /// How it ended.
    pub(super) ended: Ended<T>,
    /// From sending to the last byte.
    pub(super) latency: Duration,
}

impl<T> Attempt<T> {
    /// The status that counts, where somebody answered.
    pub(super) fn status(&self) -> Option<u16> {
        match &self.ended {
            Ended::Answered(reply) => Some(reply.status),
            Ended::TimedOut(_) | Ended::Disconnected(_) => None,
        }
    }
}

/// Talks to one instance.
#[derive(Debug)]
pub(super) struct Client {
    name: InstanceName,
    url: Url,
    secret: Secret,
    transport: Transport,
    clock: SharedClock,
    flow: Flow,
    timeout: Duration,
    attempts: u32,
    jitter: Mutex<fastrand::Rng>,
    metrics: InstanceMetrics,
}

impl Client {
    /// Makes ready to talk to an instance.
    pub(super) fn new(
        instance: &Instance,
        clock: SharedClock,
        metrics: InstanceMetrics,
        jitter_seed: u64,
    ) -> Result<Self, DomoError> {
        Ok(Self {
            name: instance.name.clone(),
            url: instance.url.clone(),
            secret: secret_of(&instance.credential).clone(),
            transport: transport(instance)?,
            flow: Flow::new(instance, Arc::clone(&clock), metrics.concurrency()),
            clock,
            timeout: instance.request_timeout,
            attempts: instance.attempts,
            jitter: Mutex::new(fastrand::Rng::with_seed(jitter_seed)),
            metrics,
        })
    }

    /// The instance's name, for logs.
    pub(super) fn name(&self) -> &InstanceName {
        &self.name
    }

    /// The instance's host, for messages.
    pub(super) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_else(|| self.url.as_str())
    }

    /// Its host, for messages, with the port.
    pub(super) fn address(&self) -> String {
        let port = self.url.port_or_known_default().map(|port| format!(":{port}"));
        format!("{}{}", self.host(), port.unwrap_or_default())
    }

    /// The time.
    pub(super) fn clock(&self) -> &SharedClock {
        &self.clock
    }

    /// How often a request is tried.
    pub(super) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// How long one attempt may take.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// How many renders may be in flight now.
    pub(super) fn concurrency(&self) -> usize {
        self.flow.size()
    }

    /// How many lists may be asked for at a time.
    pub(super) fn lists(&self) -> usize {
        self.flow.lists()
    }

    /// Sends a call until an attempt decides.
    pub(super) async fn ask<T: Shape>(&self, call: &Call, key: Option<&Key>, tries: &mut Tries<T>) -> Attempt<T> {
        loop {
            let attempt = self.attempt(call, key).await;
            match tries.after(attempt, self.jitter()) {
                Next::Done(attempt) => return attempt,
                Next::Again { told, wait } => {
                    tracing::debug!(
                        domo_instance = %self.name,
                        endpoint = call.endpoint.name(),
                        path = %call.path(),
                        told,
                        ?wait,
                        "trying again"
                    );
                    if !wait.is_zero() {
                        self.clock.sleep(wait).await;
                    }
                }
            }
        }
    }

    async fn attempt<T: Shape>(&self, call: &Call, key: Option<&Key>) -> Attempt<T> {
        let Some(ticket) = self.admit(call).await else {
            return Attempt { ended: Ended::TimedOut(1), latency: Duration::ZERO };
        };
        let sent = self.clock.elapsed();
        let exchange = self.exchange(call, key);
        let timeout = call.limit.map_or(self.timeout, |limit| limit.min(self.timeout));
        let ended = match clock::within(self.clock.as_ref(), timeout, exchange).await {
            Some(Ok(reply)) => Ended::Answered(reply),
            Some(Err(error)) => Ended::Disconnected(fault::of(&error)),
            None => Ended::TimedOut(1),
        };
        let latency = self.clock.elapsed().saturating_sub(sent);
        self.note(call.endpoint, ticket, &ended, latency);
        Attempt { ended, latency }
    }

    /// Waits for the call's turn; none where that takes longer than the call is worth.
    async fn admit(&self, call: &Call) -> Option<Ticket<'_>> {
        let admitted = self.flow.enter(call.endpoint == Endpoint::Render);
        match call.limit {
            Some(limit) => clock::within(self.clock.as_ref(), limit, admitted).await,
            None => Some(admitted.await),
        }
    }

    async fn exchange<T: Shape>(&self, call: &Call, key: Option<&Key>) -> Result<Reply<T>, Unanswered> {
        let answer = self.transport.send(call, key).await?;
        let status = answer.status();
        let retry_after = answer.header(RETRY_AFTER).and_then(|text| retry::retry_after(text, self.clock.now()));
        let mut content = if status.is_redirection() {
            Content::Redirect(self.redirected_to(answer.header(LOCATION)))
        } else {
            body::read(answer).await?
        };
        conceal(&mut content, Secrets { own: &self.secret, session: key.map(|key| &key.secret) });
        Ok(Reply::new(status.as_u16(), retry_after, content))
    }

    /// Where a redirect leads, without what its query may give away.
    fn redirected_to(&self, location: Option<&str>) -> String {
        let Some(to) = location.and_then(|location| self.url.join(location).ok()) else {
            return "nowhere".to_owned();
        };
        match to.host_str() {
            Some(host) if Some(host) != self.url.host_str() => format!("{host}{}", to.path()),
            _ => to.path().to_owned(),
        }
    }

    /// Counts an attempt, and lets the flow follow from it.
    fn note<T>(&self, endpoint: Endpoint, ticket: Ticket<'_>, ended: &Ended<T>, latency: Duration) {
        let http = match ended {
            Ended::Answered(reply) => Some(reply.http),
            Ended::TimedOut(_) | Ended::Disconnected(_) => None,
        };
        self.metrics.request(endpoint.name(), http);
        if endpoint == Endpoint::Render {
            self.metrics.render(latency);
        }
        let Ended::Answered(reply) = ended else { return };
        match reply.status {
            429 => self.slow_down(ticket, reply.retry_after),
            500.. => {}
            _ => {
                if ticket.answered() {
                    tracing::info!(domo_instance = %self.name, "Domo is asked at full pace again");
                }
            }
        }
    }

    fn slow_down(&self, ticket: Ticket<'_>, retry_after: Option<Duration>) {
        match ticket.refused(retry_after) {
            Slowed::Began(wait) => {
                tracing::warn!(domo_instance = %self.name, ?wait, "Domo asks to slow down (429); all requests wait");
            }
            Slowed::Further(wait) => {
                tracing::debug!(domo_instance = %self.name, ?wait, "Domo asks to slow down further (429)");
            }
            Slowed::Known => {}
        }
    }

    fn jitter(&self) -> f64 {
        // The generator is usable whatever happened to the thread that held it.
        self.jitter.lock().unwrap_or_else(PoisonError::into_inner).f64()
    }
}

fn transport(instance: &Instance) -> Result<Transport, DomoError> {
    Transport::new(&instance.url, Flow::most(instance.concurrency)).map_err(|error| {
        DomoError::Setup(format!("TLS could not be set up ({}); install ca-certificates", fault::of(&error).text))
    })
}
