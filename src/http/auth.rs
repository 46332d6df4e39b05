//! Who may read: HTTP basic authentication (RFC 7617). Owns the comparison, which takes the same time whatever
//! was sent, and the last word where a whole network could read and nobody said that it may.

use std::iter;
use std::net::SocketAddr;

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use subtle::{Choice, ConstantTimeEq};
use tokio::sync::watch::Receiver;

use super::Settings;
use crate::config::valid::Login;

/// Who can reach the listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// This machine alone.
    Machine,
    /// Whoever is in the network.
    Network,
}

impl Reach {
    /// Who can reach a listener at this address.
    pub fn of(address: SocketAddr) -> Self {
        if address.ip().to_canonical().is_loopback() { Self::Machine } else { Self::Network }
    }
}

/// What a request has to pass.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) settings: Receiver<Settings>,
    pub(super) reach: Reach,
}

/// Lets a request through that carries the login, or any where none is needed.
pub(super) async fn require(State(door): State<Door>, request: Request, next: Next) -> Response {
    let (login, public) = {
        let settings = door.settings.borrow();
        (settings.basic_auth.clone(), settings.public_without_auth)
    };
    match (login, door.reach) {
        (Some(login), _) if !knows(&request, &login) => challenge(),
        // A reload may take the login away, and the listener stays where it is until a restart.
        (None, Reach::Network) if !public => closed(),
        (Some(_), _) | (None, Reach::Machine | Reach::Network) => next.run(request).await,
    }
}

fn challenge() -> Response {
    let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"cardwatch\", charset=\"UTF-8\"")];
    (StatusCode::UNAUTHORIZED, challenge, "a user name and password are needed (http.basic_auth)\n").into_response()
}

fn closed() -> Response {
    let why = "no login is configured, and this address is open to the network (http.basic_auth, \
               http.public_without_auth)\n";
    (StatusCode::FORBIDDEN, why).into_response()
}

fn knows(request: &Request, login: &Login) -> bool {
    let sent = request.headers().get(header::AUTHORIZATION).map(header::HeaderValue::as_bytes).unwrap_or_default();
    // The scheme is no secret, and its case does not matter (RFC 9110, section 11.1).
    let (scheme, sent) = sent.split_at(sent.len().min(SCHEME.len()));
    let wanted = STANDARD.encode(format!("{}:{}", login.username, login.password.expose()));
    scheme.eq_ignore_ascii_case(SCHEME) && bool::from(same(sent, wanted.as_bytes()))
}

const SCHEME: &[u8] = b"Basic ";

/// Whether `sent` is what was wanted, in a time that depends on what was wanted alone, not on how much of it was
/// right or how long it was.
fn same(sent: &[u8], wanted: &[u8]) -> Choice {
    let padded = sent.iter().chain(iter::repeat(&0));
    let bytes = wanted.iter().zip(padded).fold(Choice::from(1), |same, (wanted, sent)| same & wanted.ct_eq(sent));
    bytes & sent.len().ct_eq(&wanted.len())
}
