//! HTTP basic authentication. Owns the comparison, which takes the same time whatever was sent.

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq;
use tokio::sync::watch::Receiver;

use super::Settings;

/// Lets a request through that carries the login, or any where none is configured.
pub(super) async fn require(State(settings): State<Receiver<Settings>>, request: Request, next: Next) -> Response {
    let Some(login) = settings.borrow().basic_auth.clone() else { return next.run(request).await };
    let sent = request.headers().get(header::AUTHORIZATION).map(header::HeaderValue::as_bytes).unwrap_or_default();
    let wanted = format!("{}:{}", login.username, login.password.expose());
    let wanted = format!("Basic {}", STANDARD.encode(wanted));
    if bool::from(sent.ct_eq(wanted.as_bytes())) {
        return next.run(request).await;
    }
    let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"cardwatch\", charset=\"UTF-8\"")];
    (StatusCode::UNAUTHORIZED, challenge, "a user name and password are needed (http.basic_auth)\n").into_response()
}
