//! Who cardwatch is to Domo. Owns the session: signing in, keeping it between sweeps, renewing it once
//! for all who find it ended, and telling every failed login apart; it does not own the requests that
//! the session is used for.

use std::sync::Arc;

use hyper::Method;
use hyper::header::{HeaderName, HeaderValue};
use serde_json::json;
use tokio::sync::Mutex;

use super::body::{self, Content};
use super::call::{Call, Endpoint};
use super::client::{Attempt, Client, Ended, Key, Reply};
use super::error::{DomoError, SignInProblem};
use super::fault::{Fault, Kind};
use super::retry::Tries;
use super::wire::{LoggedIn, Me};
use crate::config::secret::Secret;
use crate::config::valid::{Credential, Login};
use crate::domain::foreign::clipped;
use crate::domain::obstacle::NOT_ALLOWED;

/// The title of the page that a network block shows.
const BLOCKED: &str = "Domo - Blocked";

/// The longest reason of Domo's that is repeated, in characters.
const REASON: usize = 200;

/// The session with one instance.
#[derive(Debug)]
pub(super) struct Session {
    credential: Credential,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    /// Nobody has signed in yet.
    Out,
    /// The key is believed good.
    In(Arc<Key>),
    /// Signing in failed. Nobody tries again until [`Session::sign_in`] is called.
    Refused(DomoError),
}

impl Session {
    /// A session that is yet to be had.
    pub(super) fn new(credential: &Credential) -> Result<Self, DomoError> {
        if let Credential::AccessToken(token) = credential {
            token_key(token)?;
        }
        Ok(Self { credential: credential.clone(), state: Mutex::new(State::Out) })
    }

    /// Signs in unless a key is believed good.
    pub(super) async fn sign_in(&self, client: &Client) -> Result<(), DomoError> {
        let mut state = self.state.lock().await;
        match &*state {
            State::In(_) => Ok(()),
            State::Out | State::Refused(_) => self.enter(&mut state, client, 1).await.map(|_| ()),
        }
    }

    /// The key for a request; signs in where nobody did yet.
    pub(super) async fn key(&self, client: &Client) -> Result<Arc<Key>, DomoError> {
        let mut state = self.state.lock().await;
        match &*state {
            State::In(key) => Ok(Arc::clone(key)),
            State::Refused(problem) => Err(problem.clone()),
            State::Out => self.enter(&mut state, client, 1).await,
        }
    }

    /// A fresh key in place of one that brought a 401. Of many who ask at once, one signs in.
    pub(super) async fn renew(&self, client: &Client, spent: &Key) -> Result<Arc<Key>, DomoError> {
        let mut state = self.state.lock().await;
        match &*state {
            State::In(key) if key.generation != spent.generation => return Ok(Arc::clone(key)),
            State::Refused(problem) => return Err(problem.clone()),
            State::In(_) | State::Out => {}
        }
        match &self.credential {
            Credential::AccessToken(_) => {
                let problem = DomoError::SignIn(SignInProblem::TokenRejected);
                *state = State::Refused(problem.clone());
                Err(problem)
            }
            Credential::Password(_) => {
                let key = self.enter(&mut state, client, spent.generation + 1).await?;
                tracing::debug!(domo_instance = %client.name(), "the session had ended and was renewed");
                Ok(key)
            }
        }
    }

    async fn enter(&self, state: &mut State, client: &Client, generation: u64) -> Result<Arc<Key>, DomoError> {
        let entered = match &self.credential {
            Credential::AccessToken(token) => prove(client, token_key(token)?).await,
            Credential::Password(login) => log_in(client, login, generation).await,
        };
        let entered = entered.map(Arc::new);
        *state = match &entered {
            Ok(key) => State::In(Arc::clone(key)),
            Err(problem) => State::Refused(problem.clone()),
        };
        entered
    }
}

fn token_key(token: &Secret) -> Result<Key, DomoError> {
    let header = HeaderName::from_static("x-domo-developer-token");
    let value = sensitive(token.expose()).ok_or_else(|| {
        DomoError::Setup("the access token holds characters that no token has; copy it anew".to_owned())
    })?;
    Ok(Key { header, value, secret: token.clone(), generation: 1 })
}

fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Asks Domo whose access token this is: the only way to learn that it is good.
async fn prove(client: &Client, key: Key) -> Result<Key, DomoError> {
    let call = Call::get(Endpoint::Me, "/api/content/v2/users/me");
    let mut tries = Tries::new(client.attempts());
    let attempt: Attempt<Me> = client.ask(&call, Some(&key), &mut tries).await;
    let proved = match answered(client, attempt) {
        Ok(reply) => match (reply.status, reply.content) {
            (401, _) => Err(SignInProblem::TokenRejected),
            (200, Content::Wanted(_)) => Ok(key),
            (status, content) => Err(refusal(client.host(), status, &content)),
        },
        Err(problem) => Err(problem),
    };
    proved.map_err(DomoError::SignIn)
}

async fn log_in(client: &Client, login: &Login, generation: u64) -> Result<Key, DomoError> {
    let body = json!({
        "method": "password",
        "emailAddress": login.username,
        "password": login.password.expose(),
    });
    let call = Call::send(Endpoint::Login, Method::POST, "/api/content/v2/authentication", body.to_string());
    let mut tries = Tries::new(client.attempts());
    let attempt: Attempt<LoggedIn> = client.ask(&call, None, &mut tries).await;
    let token = answered(client, attempt).and_then(|reply| token_in(client.host(), reply.status, reply.content));
    token
        .map(|value| {
            let secret = Secret::new(value.to_str().unwrap_or_default());
            Key { header: HeaderName::from_static("x-domo-authentication"), value, secret, generation }
        })
        .map_err(DomoError::SignIn)
}

/// What an answer to a login comes to, whose HTTP status and body are these; `html` where its type is said to be HTML.
pub fn login_answered(host: &str, status: u16, body: &[u8], html: bool) -> Result<(), SignInProblem> {
    token_in(host, status, body::parse_whole(body, html, (200..300).contains(&status))).map(|_| ())
}

fn token_in(host: &str, status: u16, content: Content<LoggedIn>) -> Result<HeaderValue, SignInProblem> {
    match (status, content) {
        (200, Content::Wanted(answer)) => session_token(answer),
        (200, Content::Empty) => Err(SignInProblem::EmptyAnswer),
        (status, content) => Err(refusal(host, status, &content)),
    }
}

/// Logged in ⇔ a JSON object with a non-empty `sessionToken`; else why not.
fn session_token(answer: LoggedIn) -> Result<HeaderValue, SignInProblem> {
    if let Some(token) = answer.session_token.text() {
        return sensitive(&token).ok_or(SignInProblem::EmptyAnswer);
    }
    if let Some(reason) = answer.reason.text() {
        return Err(named(&reason));
    }
    let factor = answer.two_factor_info.object().and_then(|info| info.status.text());
    match factor {
        Some(status) if status != "VALID" => Err(SignInProblem::TwoFactors),
        Some(_) | None => Err(SignInProblem::EmptyAnswer),
    }
}

/// The problem of which Domo gives the name. Only the first two are documented; the others go by words
/// that such a name can hardly do without.
fn named(reason: &str) -> SignInProblem {
    let upper = reason.to_ascii_uppercase();
    let says = |words: &[&str]| words.iter().any(|word| upper.contains(word));
    let clipped = || clipped(reason, REASON);
    match upper.trim() {
        "INVALID_CREDENTIALS" => SignInProblem::WrongPassword,
        "ACCOUNT_LOCKED" => SignInProblem::Locked,
        _ if says(&["SSO", "SAML", "SINGLE_SIGN", "OIDC"]) => SignInProblem::SingleSignOn(clipped()),
        _ if says(&["FACTOR", "MFA", "2FA"]) => SignInProblem::TwoFactors,
        _ => SignInProblem::Refused(clipped()),
    }
}

fn answered<T>(client: &Client, attempt: Attempt<T>) -> Result<Reply<T>, SignInProblem> {
    match attempt.ended {
        Ended::Answered(reply) => Ok(reply),
        Ended::TimedOut(_) => Err(SignInProblem::TimedOut { host: client.host().to_owned(), after: client.timeout() }),
        Ended::Disconnected(fault) => Err(unreachable(client, fault)),
    }
}

fn unreachable(client: &Client, Fault { kind, text }: Fault) -> SignInProblem {
    let host = client.host().to_owned();
    match kind {
        Kind::Name => SignInProblem::NoSuchHost { host, text },
        Kind::Refused => SignInProblem::ConnectionRefused { address: client.address() },
        Kind::Tls => SignInProblem::Tls { host, text },
        Kind::Other => SignInProblem::Disconnected { host, text },
    }
}

/// What an answer means that is neither a success nor Domo's own word for a failed login.
fn refusal<T>(host: &str, status: u16, content: &Content<T>) -> SignInProblem {
    let host = host.to_owned();
    match content {
        Content::Redirect(to) if to.contains(NOT_ALLOWED) => return SignInProblem::AddressNotAllowed,
        Content::Redirect(to) => return SignInProblem::SingleSignOn(format!("the login is sent on to {to}")),
        Content::Html(Some(title)) if title.eq_ignore_ascii_case(BLOCKED) => return SignInProblem::NetworkBlocked,
        _ => {}
    }
    match (status, content.foreign()) {
        (429, _) => SignInProblem::Throttled,
        (500.., _) => SignInProblem::Unavailable { status },
        (_, Some(what)) => SignInProblem::NotDomo { host, what },
        (403, None) => SignInProblem::UnknownInstance { host },
        (200, None) => SignInProblem::NotDomo { host, what: "JSON, but not what was asked for".to_owned() },
        (status, None) => SignInProblem::NotDomo { host, what: format!("HTTP {status}") },
    }
}
