//! An HTTP client that asks the fake as cardwatch would.

use fake_domo::Domo;
use reqwest::{Client, Method, RequestBuilder, Response, redirect::Policy};
use serde_json::{Value, json};

/// A client that follows no redirect.
pub(crate) fn client() -> Client {
    // Only the first of the tests in this process can install it; that is enough.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder().redirect(Policy::none());
    builder.build().expect("a client")
}

/// A request without credentials.
pub(crate) fn bare(domo: &Domo, method: Method, path: &str) -> RequestBuilder {
    client().request(method, format!("{}{path}", domo.url()))
}

/// A request with the access token.
pub(crate) fn with_token(domo: &Domo, method: Method, path: &str) -> RequestBuilder {
    bare(domo, method, path).header("x-domo-developer-token", domo.token())
}

/// The JSON that a GET comes to.
pub(crate) async fn get(domo: &Domo, path: &str) -> Value {
    json_of(with_token(domo, Method::GET, path)).await
}

/// The JSON that a POST of this body comes to.
pub(crate) async fn post(domo: &Domo, path: &str, body: &Value) -> Value {
    json_of(with_token(domo, Method::POST, path).json(body)).await
}

/// The JSON of a successful answer.
pub(crate) async fn json_of(request: RequestBuilder) -> Value {
    let response = request.send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    response.json().await.expect("JSON")
}

/// Renders a card with the usual parts.
pub(crate) async fn render(domo: &Domo, card: i64) -> Response {
    render_request(domo, card).send().await.expect("an answer")
}

/// A render that is not sent yet.
pub(crate) fn render_request(domo: &Domo, card: i64) -> RequestBuilder {
    let path = format!("/api/content/v1/cards/kpi/{card}/render?parts=dynamic,summary");
    with_token(domo, Method::PUT, &path).json(&json!({}))
}

/// The login call with these credentials.
pub(crate) fn login_request(domo: &Domo, user: &str, password: &str) -> RequestBuilder {
    let body = json!({"method": "password", "emailAddress": user, "password": password});
    bare(domo, Method::POST, "/api/content/v2/authentication").json(&body)
}

/// The login call with the right credentials.
pub(crate) async fn login(domo: &Domo) -> Response {
    let request = login_request(domo, &domo.user(), &domo.password());
    request.send().await.expect("an answer")
}
