//! What Domo, or a proxy before it, repeats of a credential is in nothing that is passed on.

use axum::response::Response;
use cardwatch::config::valid::Credential;
use cardwatch::domain::verdict::Finding;
use cardwatch::domo::Wanted;
use serde_json::{Value, json};

use crate::canned::{Canned, Seen, text};
use crate::desk::{Desk, instance_at, password, token};

const SECRET: &str = "x9dQ-session-or-token";
const IN_BASE64: &str = "eDlkUS1zZXNzaW9uLW9yLXRva2Vu";

/// Somebody's words with the secret in them, in both forms.
fn words() -> String {
    format!("no access for {SECRET} ({IN_BASE64})")
}

const KEPT: &str = "no access for [secret] ([secret])";

async fn desk(credential: Credential, answer: impl Fn(&Seen) -> Response + Send + Sync + 'static) -> Desk {
    let server = Canned::serve(move |seen, _| answer(seen)).await;
    Desk::new(&instance_at(&server.url, credential))
}

fn answer(status: u16, body: &Value) -> Response {
    text(status, "application/json", body.to_string())
}

/// Lets everybody in, with the secret as session, and answers the rest so.
fn after_login(status: u16, body: Value) -> impl Fn(&Seen) -> Response {
    move |seen| {
        if seen.path.ends_with("/authentication") {
            return answer(200, &json!({"sessionToken": SECRET}));
        }
        answer(status, &body)
    }
}

async fn refused(desk: &Desk) -> String {
    desk.domo.sign_in().await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_login_whose_refusal_repeats_the_password() {
    let desk = desk(password("dana@acme.com", SECRET), |_| answer(200, &json!({"reason": words()}))).await;
    let told = refused(&desk).await;
    assert!(told.contains(KEPT), "{told}");
}

#[tokio::test]
async fn a_page_of_html_whose_title_repeats_the_token() {
    let page = format!("<html><title>{}</title>", words());
    let told = refused(&desk(token(SECRET), move |_| text(200, "text/html", page.clone())).await).await;
    assert!(told.contains(KEPT), "{told}");
}

#[tokio::test]
async fn a_redirect_whose_path_repeats_the_token() {
    let moved =
        |_: &Seen| Response::builder().status(302).header("location", format!("/login/{SECRET}")).body("".into());
    let told = refused(&desk(token(SECRET), move |seen| moved(seen).unwrap()).await).await;
    assert!(told.contains("/login/[secret]"), "{told}");
}

#[tokio::test]
async fn a_list_whose_refusal_repeats_the_session() {
    let desk = desk(password("dana@acme.com", "other"), after_login(403, json!({"message": words()}))).await;
    let told = desk.domo.list(&Wanted::Instance).await.unwrap_err().to_string();
    assert!(told.contains(KEPT), "{told}");
}

#[tokio::test]
async fn a_render_whose_reason_repeats_the_session() {
    for body in [
        json!({"status": 400, "details": {"error": words()}}),
        json!({"status": 400, "details": {"columns": [words()]}}),
        json!({"status": 400, "message": words()}),
        json!({"status": 400, "statusReason": words()}),
    ] {
        for status in [200, 400] {
            let desk = desk(password("dana@acme.com", "other"), after_login(status, body.clone())).await;
            let Finding::Broken(reason) = desk.finding(1).await else { panic!("{body}") };
            assert_eq!(reason.text, KEPT, "{body}");
        }
    }
}

#[tokio::test]
async fn a_client_that_is_printed_shows_neither_its_credential_nor_its_session() {
    for credential in [token(SECRET), password("dana@acme.com", SECRET)] {
        let desk = desk(credential, after_login(200, json!({}))).await;
        desk.domo.sign_in().await.unwrap();
        let printed = format!("{:?} {:#?}", desk.domo, desk.domo);
        assert!(printed.contains("Domo") && !printed.contains(SECRET) && !printed.contains(IN_BASE64), "{printed}");
    }
}
