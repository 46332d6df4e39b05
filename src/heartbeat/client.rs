//! The request to the dead man's switch. Owns the HTTP client, the timeout, the repeats, and reading what the answer
//! means. The address is a secret: no error says anything of it, its host included.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Response, StatusCode};

use super::Beat;
use super::metrics::{Counted, HeartbeatMetrics};
use crate::clock::{SharedClock, within};
use crate::config::secret::SecretUrl;
use crate::config::valid::Instance;
use crate::domain::foreign::{causes, clipped, without_number};
use crate::domain::ids::InstanceName;

/// As long as Healthchecks.io advises.
const TIMEOUT: Duration = Duration::from_secs(10);

/// After a try that failed, as long as there is another.
const PAUSES: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(8)];

/// The longest text of a cause that is kept, in characters.
const CAUSE_LIMIT: usize = 200;

/// TLS could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("heartbeat_url: TLS could not be set up ({0}); install ca-certificates")]
pub struct NoClient(String);

/// Why a heartbeat was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Missed {
    why: String,
    /// Whether another try may help.
    again: bool,
}

impl Missed {
    fn for_now(why: impl Into<String>) -> Self {
        Self { why: why.into(), again: true }
    }

    fn for_good(why: impl Into<String>) -> Self {
        Self { why: why.into(), again: false }
    }
}

/// The way to the dead man's switch of one instance.
#[derive(Debug)]
pub struct Heartbeat {
    instance: InstanceName,
    url: SecretUrl,
    http: reqwest::Client,
    clock: SharedClock,
    counted: Counted,
}

impl Heartbeat {
    /// Makes ready to ask; `None` where the instance has no such address.
    pub fn of(instance: &Instance, clock: SharedClock, metrics: &HeartbeatMetrics) -> Result<Option<Self>, NoClient> {
        let Some(url) = instance.heartbeat.clone() else { return Ok(None) };
        let http = http_client(url.expose().scheme() == "https")?;
        let counted = metrics.of_instance(&instance.name);
        Ok(Some(Self { instance: instance.name.clone(), url, http, clock, counted }))
    }

    /// Sends a sign of life, a few times over where that may help: half a minute and a little more at most.
    pub async fn send(&self, beat: &Beat) -> Result<(), Missed> {
        let sent = self.send_with_patience(beat).await;
        let counter = if sent.is_ok() { &self.counted.sent } else { &self.counted.failed };
        counter.inc();
        sent
    }

    async fn send_with_patience(&self, beat: &Beat) -> Result<(), Missed> {
        let mut pauses = PAUSES.into_iter();
        loop {
            let asked = within(&*self.clock, TIMEOUT, self.ask(beat)).await;
            let asked = asked.unwrap_or_else(|| {
                Err(self.unheard(&format!("nobody answered within {}", humantime::format_duration(TIMEOUT))))
            });
            let Err(missed) = asked else { return Ok(()) };
            let Some(pause) = pauses.next().filter(|_| missed.again) else { return Err(missed) };
            self.clock.sleep(pause).await;
        }
    }

    async fn ask(&self, beat: &Beat) -> Result<(), Missed> {
        let request = self.http.post(self.url.expose().clone()).header(CONTENT_TYPE, "text/plain; charset=utf-8");
        let sent = request.body(beat.words().to_owned()).send().await;
        let response = sent.map_err(|error| self.unheard(&unsent(&error, &self.url)))?;
        judge(response).await
    }

    /// Nobody took it, and nobody refused it.
    fn unheard(&self, what: &str) -> Missed {
        Missed::for_now(format!("{what}; see to instances.{}.heartbeat_url and the network between", self.instance))
    }
}

/// Healthchecks.io answers 200 also where it takes nothing, and says so in the body.
async fn judge(mut response: Response) -> Result<(), Missed> {
    let status = response.status();
    if status.is_redirection() {
        let why = format!("the answer is a redirect ({status}), which is not followed; write the address it leads to");
        return Err(Missed::for_good(why));
    }
    if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT {
        return Err(Missed::for_now(format!("the service has trouble of its own ({status})")));
    }
    if !status.is_success() {
        let why =
            format!("the service refuses it ({status}); see there that the check exists, and copy its address anew");
        return Err(Missed::for_good(why));
    }
    // An answer that breaks off behind its head was one.
    match response.chunk().await.ok().flatten().as_deref() {
        Some(b"OK (not found)") => {
            Err(Missed::for_good("the service knows no check of this address; create one, or copy its address anew"))
        }
        Some(b"OK (rate limited)") => Err(Missed::for_good(
            "the service is asked too often; sweep less often, or give each instance its own check",
        )),
        _ => Ok(()),
    }
}

/// Why there was no answer, without any part of the address.
fn unsent(error: &reqwest::Error, url: &SecretUrl) -> String {
    let refused = |error: &io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
    if causes(error).filter_map(|cause| cause.downcast_ref()).any(refused) {
        return "nobody answers there (connection refused)".to_owned();
    }
    // What reqwest itself says has the address in it, and no more than that it could not be sent.
    let deepest = causes(error).skip(1).last().map(|deepest| without_number(&deepest.to_string()));
    let mut text = format!("no connection ({})", deepest.as_deref().unwrap_or("it could not be sent"));
    url.conceal(&mut text);
    clipped(&text, CAUSE_LIMIT)
}

/// A client that follows no redirect, asks no proxy, trusts what the system trusts, and keeps no connection: the next
/// heartbeat comes when every server has long closed it.
#[expect(clippy::disallowed_methods, reason = "this is where the client of heartbeats is built")]
fn http_client(tls: bool) -> Result<reqwest::Client, NoClient> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Another thread may have been faster, with the same provider: that is no failure.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    let builder = reqwest::Client::builder()
        .user_agent(concat!("cardwatch/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .pool_max_idle_per_host(0);
    // Without TLS, which is for loopback alone, a machine may do without certificates.
    let builder = if tls { builder } else { builder.tls_certs_only([]) };
    builder.build().map_err(|error| NoClient(error.source().map_or_else(|| error.to_string(), ToString::to_string)))
}
