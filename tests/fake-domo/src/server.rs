//! From a request to the part that answers it: addresses, methods, credentials, and what is wrong
//! with the instance as a whole. Owns the refusals that are the same for every call; what a call
//! says when it is allowed is told by `login`, `listing`, `render` and `upstream`.
//!
//! A new call is a variant of [`Endpoint`]; the compiler asks for the rest.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    extract::{ConnectInfo, Query, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    response::Response,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    Condition, Login,
    answer::{self, Envelope},
    control, listing, login, render,
    state::{Shared, World},
    upstream,
    wire::Cut,
};

/// A body beyond this is not one of the client's that we test.
pub(crate) const MAX_BODY: usize = 1 << 20;

/// The calls that a Domo instance answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Endpoint<'p> {
    Login,
    Me,
    Pages,
    PageCards(i64),
    Cards,
    CardDetails,
    Apps,
    App(i64),
    Render(i64),
    Dataset(&'p str),
    Stream(i64),
    StreamRuns(i64),
    Schema(&'p str),
    User(i64),
    Functions,
    BlockedPage,
    Unknown,
}

/// One call on its way to an answer.
pub(crate) struct Incoming<'a> {
    pub(crate) shared: &'a Arc<Shared>,
    pub(crate) parts: &'a Parts,
    /// The body, where the call has one: JSON, checked.
    pub(crate) body: Value,
}

/// Every name of an endpoint.
const NAMES: [&str; 17] = [
    "login",
    "me",
    "pages",
    "page_cards",
    "cards",
    "card_details",
    "apps",
    "app",
    "render",
    "dataset",
    "stream",
    "stream_runs",
    "schema",
    "user",
    "functions",
    "blocked_page",
    "unknown",
];

/// The name of an endpoint, where there is one of that name.
pub(crate) fn endpoint_name(name: &str) -> Option<&'static str> {
    NAMES.into_iter().find(|known| *known == name)
}

impl<'p> Endpoint<'p> {
    fn of(path: &'p str) -> Self {
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let with_id = |id: &str, make: fn(i64) -> Self| id.parse().map_or(Self::Unknown, make);
        match segments.as_slice() {
            ["api", "content", "v1", "cards", "kpi", id, "render"] => with_id(id, Self::Render),
            ["api", "content", "v3", "stacks", id, "cards"] => with_id(id, Self::PageCards),
            ["api", "content", "v2", "authentication"] => Self::Login,
            ["api", "content", "v2", "users", "me"] => Self::Me,
            ["api", "content", "v2", "users", id] => with_id(id, Self::User),
            ["api", "data", "v3", "datasources", id] => Self::Dataset(id),
            ["api", "data", "v1", "streams", id] => with_id(id, Self::Stream),
            ["api", "data", "v1", "streams", id, "executions"] => with_id(id, Self::StreamRuns),
            ["api", "query", "v1", "datasources", id, "schema", "indexed"] => Self::Schema(id),
            ["api", "query", "v1", "functions", "statistics"] => Self::Functions,
            ["api", "content", "v1", "pages", "adminsummary"] => Self::Pages,
            ["api", "content", "v2", "cards", "adminsummary"] => Self::Cards,
            ["api", "content", "v1", "cards"] => Self::CardDetails,
            ["api", "content", "v1", "dataapps", "adminsummary"] => Self::Apps,
            ["api", "content", "v1", "dataapps", id] => with_id(id, Self::App),
            ["whitelist", "blocked"] => Self::BlockedPage,
            _ => Self::Unknown,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Me => "me",
            Self::Pages => "pages",
            Self::PageCards(_) => "page_cards",
            Self::Cards => "cards",
            Self::CardDetails => "card_details",
            Self::Apps => "apps",
            Self::App(_) => "app",
            Self::Render(_) => "render",
            Self::Dataset(_) => "dataset",
            Self::Stream(_) => "stream",
            Self::StreamRuns(_) => "stream_runs",
            Self::Schema(_) => "schema",
            Self::User(_) => "user",
            Self::Functions => "functions",
            Self::BlockedPage => "blocked_page",
            Self::Unknown => "unknown",
        }
    }

    fn id(self) -> Option<i64> {
        match self {
            Self::PageCards(id)
            | Self::App(id)
            | Self::Render(id)
            | Self::Stream(id)
            | Self::StreamRuns(id)
            | Self::User(id) => Some(id),
            Self::Login
            | Self::Me
            | Self::Pages
            | Self::Cards
            | Self::CardDetails
            | Self::Apps
            | Self::Dataset(_)
            | Self::Schema(_)
            | Self::Functions
            | Self::BlockedPage
            | Self::Unknown => None,
        }
    }

    fn method(self) -> Method {
        match self {
            Self::Login | Self::Pages | Self::Cards | Self::Apps => Method::POST,
            Self::Render(_) => Method::PUT,
            Self::Me
            | Self::PageCards(_)
            | Self::CardDetails
            | Self::App(_)
            | Self::Dataset(_)
            | Self::Stream(_)
            | Self::StreamRuns(_)
            | Self::Schema(_)
            | Self::User(_)
            | Self::Functions
            | Self::BlockedPage
            | Self::Unknown => Method::GET,
        }
    }

    fn has_body(self) -> bool {
        self.method() != Method::GET
    }

    fn needs_admin(self) -> bool {
        matches!(self, Self::Pages | Self::Cards | Self::Apps)
    }
}

/// Answers one request, or closes its connection.
pub(crate) async fn serve(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    if let Some(rest) = parts.uri.path().strip_prefix("/_fake/") {
        return control::answer(&shared, &parts.method, rest, body).await;
    }
    let endpoint = Endpoint::of(parts.uri.path());
    shared.world().counts.called(endpoint.name(), endpoint.id());
    let mut down = shared.down.subscribe();
    let response = tokio::select! {
        biased;
        _ = down.wait_for(|down| *down) => None,
        response = answer(&shared, endpoint, &parts, body) => response,
    };
    let status = response.as_ref().map_or(0, |it| it.status().as_u16());
    shared.world().counts.answered(endpoint.name(), status);
    response.unwrap_or_else(|| cut.close())
}

/// The answer to a call; none closes the connection.
async fn answer(shared: &Arc<Shared>, endpoint: Endpoint<'_>, parts: &Parts, body: Body) -> Option<Response> {
    if let Some(refusal) = admit(shared, endpoint, parts) {
        return Some(refusal);
    }
    let body = if endpoint.has_body() {
        let bytes = to_bytes(body, MAX_BODY).await.unwrap_or_default();
        match serde_json::from_slice(&bytes) {
            Ok(body @ Value::Object(_)) => body,
            _ => return Some(bad_request(shared, parts, "The body is not a JSON object")),
        }
    } else {
        Value::Null
    };
    let request = Incoming { shared, parts, body };
    let trouble = shared.world().troubles.get(endpoint.name()).cloned();
    if let Some(trouble) = trouble {
        return trouble.answer(&request).await;
    }
    Some(match endpoint {
        Endpoint::Login => login::answer(&request),
        Endpoint::Me => login::me(&request),
        Endpoint::Pages => listing::pages(&request),
        Endpoint::PageCards(id) => listing::page_cards(&request, id),
        Endpoint::Cards => listing::cards(&request),
        Endpoint::CardDetails => listing::card_details(&request),
        Endpoint::Apps => listing::apps(&request),
        Endpoint::App(id) => listing::app(&request, id),
        Endpoint::Render(id) => return render::answer(&request, id).await,
        Endpoint::Dataset(id) => upstream::dataset(&request, id),
        Endpoint::Stream(id) => upstream::stream(&request, id),
        Endpoint::StreamRuns(id) => upstream::runs(&request, id),
        Endpoint::Schema(id) => upstream::schema(&request, id),
        Endpoint::User(id) => upstream::user(&request, id),
        Endpoint::Functions => upstream::functions(&request),
        Endpoint::BlockedPage => answer::not_allowed_page(),
        Endpoint::Unknown => request.refuse(StatusCode::NOT_FOUND, "Not Found"),
    })
}

/// The refusal of a call that goes no further.
fn admit(shared: &Arc<Shared>, endpoint: Endpoint<'_>, parts: &Parts) -> Option<Response> {
    let mut world = shared.world();
    if endpoint == Endpoint::BlockedPage {
        return None;
    }
    let refused = |status: StatusCode, message: &str| envelope_of(shared, parts, status, message);
    if let Some(response) = condition(&world, &refused).or_else(|| host(&world, &refused)) {
        return Some(response);
    }
    if endpoint == Endpoint::Unknown {
        return None;
    }
    if parts.method != endpoint.method() {
        return Some(wrong_method(endpoint, &refused));
    }
    if endpoint == Endpoint::Login {
        return None;
    }
    if let Err((status, message)) = credentials(&mut world, &parts.headers) {
        return Some(refused(status, message));
    }
    let forbidden = endpoint.needs_admin() && !world.admin;
    forbidden.then(|| refused(StatusCode::FORBIDDEN, "Forbidden"))
}

/// What the instance as a whole answers when it is not healthy.
fn condition(world: &World, refused: &impl Fn(StatusCode, &str) -> Response) -> Option<Response> {
    match world.condition {
        Condition::Healthy
        | Condition::Down
        | Condition::Capacity { .. }
        | Condition::Workers(_)
        | Condition::InFlight { .. }
        | Condition::Bucket { .. } => None,
        Condition::Throttled { retry_after } => {
            let response = refused(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
            Some(answer::retry_after(response, retry_after))
        }
        Condition::Failing(code) => {
            let status = answer::status(code);
            Some(refused(status, answer::reason_of(status)))
        }
        Condition::LoginPage => Some(answer::login_page(StatusCode::OK)),
    }
}

/// What a host answers that does not let this client come as far as to sign in.
fn host(world: &World, refused: &impl Fn(StatusCode, &str) -> Response) -> Option<Response> {
    match world.login {
        Login::UnknownInstance => Some(refused(StatusCode::FORBIDDEN, "Forbidden")),
        Login::AddressNotAllowed => Some(answer::not_allowed()),
        Login::NetworkBlocked(code) => Some(answer::blocked_page(answer::status(code))),
        Login::Normal
        | Login::WithoutTwoFactorInfo
        | Login::WrongPassword
        | Login::Locked
        | Login::Refused(_)
        | Login::TwoFactors
        | Login::EmptyObject
        | Login::Nothing
        | Login::EmptyToken => None,
    }
}

fn wrong_method(endpoint: Endpoint<'_>, refused: &impl Fn(StatusCode, &str) -> Response) -> Response {
    let mut response = refused(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
    if let Ok(allowed) = HeaderValue::from_str(endpoint.method().as_str()) {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}

/// Exactly one kind of credential, and a good one.
fn credentials(world: &mut World, headers: &HeaderMap) -> Result<(), (StatusCode, &'static str)> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let signed_in = match (text("x-domo-authentication"), text("x-domo-developer-token")) {
        (Some(_), Some(_)) => {
            let message = "Two kinds of credentials in one request";
            return Err((StatusCode::BAD_REQUEST, message));
        }
        (Some(session), None) => world.use_session(session),
        (None, Some(token)) => world.token_valid && token == world.user.token,
        (None, None) => false,
    };
    let message = "Full authentication is required to access this resource";
    signed_in.then_some(()).ok_or((StatusCode::UNAUTHORIZED, message))
}

fn bad_request(shared: &Shared, parts: &Parts, message: &str) -> Response {
    envelope_of(shared, parts, StatusCode::BAD_REQUEST, message)
}

fn envelope_of(shared: &Shared, parts: &Parts, status: StatusCode, message: &str) -> Response {
    let envelope = Envelope { status, path: parts.uri.path(), toe: shared.toe() };
    answer::json(status, &envelope.value(message))
}

impl Incoming<'_> {
    /// The query of the address; a bad one is as good as none.
    pub(crate) fn query<T: DeserializeOwned + Default>(&self) -> T {
        Query::try_from_uri(&self.parts.uri).map_or_else(|_| T::default(), |Query(query)| query)
    }

    /// Domo's envelope with this status and message.
    pub(crate) fn refuse(&self, status: StatusCode, message: &str) -> Response {
        envelope_of(self.shared, self.parts, status, message)
    }

    /// The envelope of this call, to put more into.
    pub(crate) fn envelope(&self, status: StatusCode) -> Envelope<'_> {
        Envelope { status, path: self.parts.uri.path(), toe: self.shared.toe() }
    }
}
