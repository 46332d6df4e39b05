//! Each failed login is told apart, in words that say what to do.

use fake_domo::{Condition, FakeDomo, Login};
use serde_json::json;

use crate::canned::{self, Canned};
use crate::desk::{Desk, instance, instance_at, password, token};

/// What a login says that ends like this.
async fn refused(login: Login) -> String {
    let fake = FakeDomo::empty().start().await;
    fake.set_login(login);
    Desk::with_password(&fake).domo.sign_in().await.unwrap_err().to_string()
}

/// The host of a fake, as messages name it.
const HOST: &str = "127.0.0.1";

#[tokio::test]
async fn the_right_password_signs_in() {
    let fake = FakeDomo::empty().start().await;
    Desk::with_password(&fake).domo.sign_in().await.unwrap();
    assert_eq!(fake.counts().into_iter().collect::<Vec<_>>(), [("login", 1)]);
}

#[tokio::test]
async fn a_login_without_a_word_on_second_factors_signs_in() {
    let fake = FakeDomo::empty().start().await;
    fake.set_login(Login::WithoutTwoFactorInfo);
    Desk::with_password(&fake).domo.sign_in().await.unwrap();
}

#[tokio::test]
async fn an_access_token_is_proved_by_asking_who_it_is() {
    let fake = FakeDomo::empty().start().await;
    Desk::at(&fake).domo.sign_in().await.unwrap();
    assert_eq!(fake.counts().into_iter().collect::<Vec<_>>(), [("me", 1)]);
}

#[tokio::test]
async fn a_wrong_password_is_told() {
    let fake = FakeDomo::empty().start().await;
    let instance = instance_at(&fake.url(), password(&fake.user(), "guess"));
    let error = Desk::new(&instance).domo.sign_in().await.unwrap_err();
    assert_eq!(error.brief(), "login rejected");
    assert_eq!(
        error.to_string(),
        "cannot sign in: wrong password or unknown user (INVALID_CREDENTIALS); correct username and password, \
         or use an access token if the instance signs in by single sign-on only"
    );
}

#[tokio::test]
async fn a_locked_account_is_told() {
    let text = refused(Login::Locked).await;
    assert_eq!(
        text,
        "cannot sign in: the account is locked (ACCOUNT_LOCKED); let a Domo admin unlock it, \
         and see that the password here is right"
    );
}

#[tokio::test]
async fn an_unknown_instance_is_told() {
    let text = refused(Login::UnknownInstance).await;
    assert_eq!(
        text,
        format!(
            "cannot sign in: Domo knows no instance at {HOST} (403); correct url, \
             the address that a browser shows when signed in"
        )
    );
}

#[tokio::test]
async fn an_empty_answer_is_told() {
    for login in [Login::EmptyObject, Login::Nothing, Login::EmptyToken] {
        let text = refused(login).await;
        assert_eq!(
            text,
            "cannot sign in: Domo took the login and gave no session (an empty answer); correct url, \
             or use an access token if the instance signs in by single sign-on only"
        );
    }
}

#[tokio::test]
async fn a_second_factor_is_told() {
    for login in [Login::TwoFactors, Login::Refused("MFA_REQUIRED".to_owned())] {
        let text = refused(login).await;
        assert_eq!(
            text,
            "cannot sign in: the user needs a second factor, which a daemon has not; \
             use an access token (Admin > Authentication > Access tokens)"
        );
    }
}

#[tokio::test]
async fn single_sign_on_is_told() {
    let text = refused(Login::Refused("SSO_ONLY".to_owned())).await;
    assert_eq!(
        text,
        "cannot sign in: the instance signs in by single sign-on only (SSO_ONLY); \
         use an access token (Admin > Authentication > Access tokens)"
    );
}

#[tokio::test]
async fn a_reason_that_nobody_documented_is_repeated() {
    let text = refused(Login::Refused("PASSWORD_EXPIRED".to_owned())).await;
    assert_eq!(
        text,
        "cannot sign in: Domo refuses the login and says 'PASSWORD_EXPIRED'; \
         sign in with a browser as this user to see what Domo wants"
    );
}

#[tokio::test]
async fn an_address_off_the_allow_list_is_told_and_the_redirect_not_followed() {
    let fake = FakeDomo::empty().start().await;
    fake.set_login(Login::AddressNotAllowed);
    for desk in [Desk::with_password(&fake), Desk::at(&fake)] {
        let text = desk.domo.sign_in().await.unwrap_err().to_string();
        assert_eq!(
            text,
            "cannot sign in: this machine's address is not on Domo's allow list (redirect to whitelist/blocked); \
             add it under Admin > Security > IP allowlist"
        );
    }
    assert_eq!(fake.calls("blocked_page"), 0);
}

#[tokio::test]
async fn a_network_block_is_told_whatever_its_status() {
    for status in [200, 403] {
        let text = refused(Login::NetworkBlocked(status)).await;
        assert_eq!(
            text,
            "cannot sign in: a network policy blocks this instance (a page titled 'Domo - Blocked'); \
             ask whoever runs the network, or Domo, to let this machine through"
        );
    }
}

#[tokio::test]
async fn an_expired_access_token_is_told() {
    let fake = FakeDomo::empty().start().await;
    fake.expire_token();
    let error = Desk::at(&fake).domo.sign_in().await.unwrap_err();
    assert_eq!(error.brief(), "access token rejected");
    assert_eq!(
        error.to_string(),
        "cannot sign in: Domo rejects the access token (401: expired, revoked or mistyped); \
         make a new one under Admin > Authentication > Access tokens"
    );
    assert_eq!(fake.calls("me"), 1, "a 401 is an answer: there is no use in asking again");
}

#[tokio::test]
async fn a_page_to_sign_in_at_is_not_domo_s_answer() {
    let fake = FakeDomo::empty().start().await;
    fake.set_condition(Condition::LoginPage);
    let text = Desk::with_password(&fake).domo.sign_in().await.unwrap_err().to_string();
    assert_eq!(
        text,
        format!(
            "cannot sign in: {HOST} does not answer as Domo does (a page of HTML titled 'Domo - Login'); \
             correct url, or see to a proxy between"
        )
    );
}

#[tokio::test]
async fn a_redirect_elsewhere_points_to_single_sign_on_without_its_query() {
    let server = Canned::serve(|_, _| {
        let mut response = canned::text(302, "text/html", "");
        response.headers_mut().insert("location", "https://idp.example/saml?SAMLRequest=s3cret".parse().unwrap());
        response
    })
    .await;
    let desk = Desk::new(&instance_at(&server.url, password("a@b.c", "x")));
    let text = desk.domo.sign_in().await.unwrap_err().to_string();
    assert!(text.contains("single sign-on only (the login is sent on to idp.example/saml)"), "{text}");
}

#[tokio::test]
async fn an_instance_that_is_down_is_told_after_all_attempts() {
    let fake = FakeDomo::empty().start().await;
    fake.set_condition(Condition::Failing(503));
    let text = Desk::with_password(&fake).domo.sign_in().await.unwrap_err().to_string();
    assert_eq!(text, "cannot sign in: Domo is unavailable (503); the next sweep tries again");
    assert_eq!(fake.calls("login"), 3);
}

#[tokio::test]
async fn too_many_requests_are_told() {
    let fake = FakeDomo::empty().start().await;
    fake.set_condition(Condition::Throttled { retry_after: None });
    let text = Desk::at(&fake).domo.sign_in().await.unwrap_err().to_string();
    assert_eq!(text, "cannot sign in: Domo asks to slow down (429); sweep less often, or set requests_per_second");
}

#[tokio::test]
async fn an_answer_that_is_json_but_no_login_is_not_domo_s() {
    let server = Canned::serve(|_, _| canned::json(200, &json!([1]))).await;
    for credential in [password("a@b.c", "x"), token("t")] {
        let desk = Desk::new(&instance_at(&server.url, credential));
        let text = desk.domo.sign_in().await.unwrap_err().to_string();
        assert!(text.contains("does not answer as Domo does (JSON, but not what was asked for)"), "{text}");
    }
}

#[test]
fn a_token_that_fits_in_no_header_is_told_before_anything_is_sent() {
    let registry = prometheus::Registry::new();
    let metrics = cardwatch::domo::DomoMetrics::new(&registry).unwrap();
    let clock = crate::clock::TestClock::new(crate::desk::TIMEOUT);
    let instance = instance_at("https://acme.domo.com", token("two\nlines"));
    let error = cardwatch::domo::Domo::new(&instance, clock, &metrics, 1).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot make ready to talk to Domo: the access token holds characters that no token has; copy it anew"
    );
}

#[tokio::test]
async fn no_secret_is_printed() {
    let fake = FakeDomo::empty().card(1, "A", &[]).start().await;
    let session = Desk::with_password(&fake);
    session.domo.sign_in().await.unwrap();
    session.finding(1).await;
    let by_token = Desk::at(&fake);
    by_token.domo.sign_in().await.unwrap();
    fake.expire_token();
    let error = Desk::new(&instance(&fake)).domo.sign_in().await.unwrap_err();
    let printed = format!("{:?} {:?} {error:?} {error}", session.domo, by_token.domo);
    assert!(!printed.contains(&fake.password()) && !printed.contains(&fake.token()), "{printed}");
    assert!(!printed.contains("VjF8"), "a session token: {printed}");
}
