//! Signing in, and what comes of not being signed in.

use fake_domo::{Domo, FakeDomo, Login};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::client::{bare, client, get, json_of, login, login_request, render, with_token};

const ME: &str = "/api/content/v2/users/me";

async fn domo_with(mode: Login) -> Domo {
    let domo = FakeDomo::empty().start().await;
    domo.set_login(mode);
    domo
}

async fn me_with_session(domo: &Domo, session: &str) -> Response {
    let request = bare(domo, Method::GET, ME).header("x-domo-authentication", session);
    request.send().await.unwrap()
}

async fn session_of(domo: &Domo) -> String {
    let body: Value = login(domo).await.json().await.unwrap();
    body["sessionToken"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_right_password_opens_a_session() {
    let domo = domo_with(Login::Normal).await;
    let body: Value = login(&domo).await.json().await.unwrap();
    assert_eq!(body["success"], true);
    assert_eq!(body["twoFactorInfo"]["status"], "VALID");
    let session = body["sessionToken"].as_str().unwrap();
    assert_eq!(me_with_session(&domo, session).await.status(), 200);
}

#[tokio::test]
async fn a_session_token_is_good_only_as_it_was_given() {
    let domo = domo_with(Login::Normal).await;
    let decoded = session_of(&domo)
        .await
        .replace("%2B", "+")
        .replace("%3D", "=");
    assert_eq!(me_with_session(&domo, &decoded).await.status(), 401);
}

#[tokio::test]
async fn a_success_may_come_without_two_factor_info() {
    let domo = domo_with(Login::WithoutTwoFactorInfo).await;
    let body: Value = login(&domo).await.json().await.unwrap();
    assert!(body.get("twoFactorInfo").is_none());
    assert!(!body["sessionToken"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_are_a_200_without_success() {
    let domo = domo_with(Login::Normal).await;
    let refusal = json!({"success": false, "reason": "INVALID_CREDENTIALS"});
    let wrong_password = login_request(&domo, &domo.user(), "guess");
    assert_eq!(json_of(wrong_password).await, refusal);
    let unknown_user = login_request(&domo, "nobody@acme.example", &domo.password());
    assert_eq!(json_of(unknown_user).await, refusal);
}

#[tokio::test]
async fn refusals_name_their_reason() {
    let domo = domo_with(Login::Normal).await;
    let modes = [
        (Login::WrongPassword, "INVALID_CREDENTIALS"),
        (Login::Locked, "ACCOUNT_LOCKED"),
        (Login::Refused("SSO_REQUIRED".into()), "SSO_REQUIRED"),
    ];
    for (mode, reason) in modes {
        domo.set_login(mode);
        let body: Value = login(&domo).await.json().await.unwrap();
        assert_eq!(body, json!({"success": false, "reason": reason}));
    }
}

#[tokio::test]
async fn an_empty_answer_is_a_200() {
    let domo = domo_with(Login::EmptyObject).await;
    assert_eq!(login(&domo).await.text().await.unwrap(), "{}");
    domo.set_login(Login::Nothing);
    let response = login(&domo).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.text().await.unwrap(), "");
}

#[tokio::test]
async fn two_factors_give_no_token() {
    let domo = domo_with(Login::TwoFactors).await;
    let body: Value = login(&domo).await.json().await.unwrap();
    assert!(body.get("sessionToken").is_none());
    assert_ne!(body["twoFactorInfo"]["status"], "VALID");
}

#[tokio::test]
async fn an_empty_token_is_no_success_whatever_it_says() {
    let domo = domo_with(Login::EmptyToken).await;
    let body: Value = login(&domo).await.json().await.unwrap();
    assert_eq!(body["success"], true);
    assert_eq!(body["sessionToken"], "");
}

#[tokio::test]
async fn an_unknown_instance_is_a_403_without_success() {
    let domo = domo_with(Login::UnknownInstance).await;
    let response = login(&domo).await;
    assert_eq!(response.status(), 403);
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["statusReason"], "Forbidden");
    assert!(body.get("success").is_none());
}

#[tokio::test]
async fn an_address_that_is_not_allowed_is_sent_away_with_any_credentials() {
    let domo = domo_with(Login::AddressNotAllowed).await;
    let me = with_token(&domo, Method::GET, ME).send().await.unwrap();
    for response in [login(&domo).await, me] {
        assert_eq!(response.status(), 303);
        let to = response.headers()["location"].to_str().unwrap();
        assert!(to.contains("whitelist/blocked"));
    }
}

#[tokio::test]
async fn a_network_block_is_a_page_of_html() {
    let domo = domo_with(Login::NetworkBlocked(200)).await;
    let response = login(&domo).await;
    assert_eq!(response.status(), 200);
    let text = response.text().await.unwrap();
    assert!(text.contains("<title>Domo - Blocked</title>"));
}

#[tokio::test]
async fn a_dropped_session_is_a_401_with_a_trace_id_and_the_next_one_is_good() {
    let domo = domo_with(Login::Normal).await;
    let first = session_of(&domo).await;
    domo.drop_sessions();
    let response = me_with_session(&domo, &first).await;
    assert_eq!(response.status(), 401);
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["statusReason"], "Unauthorized");
    assert_eq!(body["path"], ME);
    assert!(!body["toe"].as_str().unwrap().is_empty());
    let second = session_of(&domo).await;
    assert_eq!(me_with_session(&domo, &second).await.status(), 200);
}

#[tokio::test]
async fn a_session_can_end_after_some_calls() {
    let domo = domo_with(Login::Normal).await;
    domo.end_sessions_after(Some(2));
    let session = session_of(&domo).await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(me_with_session(&domo, &session).await.status().as_u16());
    }
    assert_eq!(statuses, [200, 200, 401]);
}

#[tokio::test]
async fn an_expired_access_token_is_a_401_until_it_is_renewed() {
    let domo = domo_with(Login::Normal).await;
    domo.expire_token();
    assert_eq!(render(&domo, 1).await.status(), 401);
    domo.renew_token();
    assert_eq!(get(&domo, ME).await["active"], true);
}

#[tokio::test]
async fn no_credentials_are_a_401_and_two_kinds_a_400() {
    let domo = domo_with(Login::Normal).await;
    let none = bare(&domo, Method::GET, ME).send().await.unwrap();
    assert_eq!(none.status(), 401);
    let session = session_of(&domo).await;
    let both = with_token(&domo, Method::GET, ME).header("x-domo-authentication", session);
    assert_eq!(both.send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn a_wrong_method_is_a_405_that_names_the_right_one() {
    let domo = domo_with(Login::Normal).await;
    let path = "/api/content/v2/authentication";
    let response = with_token(&domo, Method::GET, path).send().await.unwrap();
    assert_eq!(response.status(), 405);
    assert_eq!(response.headers()["allow"], "POST");
}

#[tokio::test]
async fn a_body_that_is_not_json_is_a_400() {
    let domo = domo_with(Login::Normal).await;
    let calls = [
        (Method::POST, "/api/content/v2/authentication"),
        (Method::POST, "/api/content/v1/pages/adminsummary"),
        (
            Method::PUT,
            "/api/content/v1/cards/kpi/1/render?parts=summary",
        ),
    ];
    for (method, path) in calls {
        let request = with_token(&domo, method, path).body("method=password");
        assert_eq!(request.send().await.unwrap().status(), 400, "{path}");
    }
}

#[tokio::test]
async fn a_missing_content_type_is_no_reason_to_refuse() {
    let domo = FakeDomo::empty().card(1, "Revenue", &[]).start().await;
    let path = "/api/content/v1/cards/kpi/1/render?parts=summary";
    let request = with_token(&domo, Method::PUT, path).body("{}");
    assert_eq!(request.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_render_without_parts_is_a_400() {
    let domo = FakeDomo::empty().card(1, "Revenue", &[]).start().await;
    for query in ["", "?parts="] {
        let path = format!("/api/content/v1/cards/kpi/1/render{query}");
        let request = with_token(&domo, Method::PUT, &path).json(&json!({}));
        assert_eq!(request.send().await.unwrap().status(), 400);
    }
}

#[tokio::test]
async fn an_unknown_address_is_a_404() {
    let domo = domo_with(Login::Normal).await;
    let response = client()
        .get(format!("{}/api/nothing", domo.url()))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 404);
    assert_eq!(domo.calls("unknown"), 1);
}
