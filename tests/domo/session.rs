//! The session is kept between sweeps and renewed once, for all who find it ended.

use cardwatch::domain::verdict::Finding;
use fake_domo::{Behaviour, FakeDomo, Login};
use serde_json::json;

use crate::canned::{self, Canned};
use crate::desk::{Desk, instance_at, pages, password, token};

const WORKING: Finding = Finding::Working { no_data: false };

fn cards(fake: FakeDomo, count: i64) -> FakeDomo {
    (1..=count).fold(fake, |fake, id| fake.card(id, "A card", &[10]))
}

async fn fake(count: i64) -> fake_domo::Domo {
    cards(FakeDomo::empty().page(10, "Sales"), count).start().await
}

#[tokio::test]
async fn one_login_serves_many_sweeps() {
    let fake = fake(1).await;
    let desk = Desk::with_password(&fake);
    for _ in 0..3 {
        desk.domo.sign_in().await.unwrap();
        desk.domo.list(&pages(&[10])).await.unwrap();
        assert_eq!(desk.finding(1).await, WORKING);
    }
    assert_eq!(fake.calls("login"), 1);
}

#[tokio::test]
async fn one_look_at_a_token_serves_many_sweeps() {
    let fake = fake(1).await;
    let desk = Desk::at(&fake);
    for _ in 0..3 {
        desk.domo.sign_in().await.unwrap();
        assert_eq!(desk.finding(1).await, WORKING);
    }
    assert_eq!((fake.calls("me"), fake.calls("login")), (1, 0));
}

#[tokio::test]
async fn a_hundred_renders_that_find_the_session_ended_cause_one_login() {
    let fake = fake(100).await;
    let mut instance = instance_at(&fake.url(), password(&fake.user(), &fake.password()));
    instance.concurrency = crate::desk::fixed(100);
    let desk = Desk::new(&instance);
    desk.domo.sign_in().await.unwrap();
    fake.drop_sessions();
    let ids: Vec<i64> = (1..=100).collect();
    let findings = desk.findings(&ids).await;
    assert!(findings.iter().all(|finding| *finding == WORKING), "{findings:?}");
    assert_eq!(fake.calls("login"), 2);
}

#[tokio::test]
async fn a_session_that_ends_while_listing_is_renewed() {
    let fake = fake(1).await;
    let desk = Desk::with_password(&fake);
    desk.domo.sign_in().await.unwrap();
    fake.drop_sessions();
    assert_eq!(desk.domo.list(&pages(&[10])).await.unwrap().cards.len(), 1);
    assert_eq!(fake.calls("login"), 2);
}

#[tokio::test]
async fn a_session_that_ends_again_and_again_is_renewed_each_time() {
    let fake = fake(6).await;
    fake.end_sessions_after(Some(2));
    let desk = Desk::with_password(&fake);
    for card in 1..=6 {
        assert_eq!(desk.finding(card).await, WORKING);
    }
    assert_eq!(fake.calls("login"), 3);
}

#[tokio::test]
async fn a_second_401_is_the_answer() {
    let fake = fake(1).await;
    fake.set(1, Behaviour::Status(401));
    let desk = Desk::with_password(&fake);
    assert_eq!(desk.finding(1).await, Finding::SignedOut);
    assert_eq!((fake.calls("login"), fake.calls("render")), (2, 2));
}

#[tokio::test]
async fn a_401_within_a_200_renews_the_session_too() {
    let fake = fake(1).await;
    fake.set(1, Behaviour::Sequence(vec![Behaviour::BodyStatus(401), Behaviour::Renders]));
    assert_eq!(Desk::with_password(&fake).finding(1).await, WORKING);
    assert_eq!(fake.calls("login"), 2);
}

#[tokio::test]
async fn a_second_401_ends_a_listing() {
    let server = Canned::serve(|seen, _| {
        if seen.path.ends_with("authentication") {
            return canned::json(200, &json!({"sessionToken": "VjF8"}));
        }
        canned::json(401, &json!({"status": 401}))
    })
    .await;
    let desk = Desk::new(&instance_at(&server.url, password("a@b.c", "x")));
    let error = desk.domo.list(&pages(&[10])).await.unwrap_err();
    assert_eq!(error.brief(), "session refused");
    assert!(error.to_string().starts_with("Domo ended the session and refuses the new one too (401 twice)"), "{error}");
    assert_eq!(server.asked("authentication"), 2);
}

#[tokio::test]
async fn with_an_access_token_a_401_is_final() {
    let fake = fake(1).await;
    let desk = Desk::at(&fake);
    desk.domo.sign_in().await.unwrap();
    fake.expire_token();
    assert_eq!(desk.finding(1).await, Finding::SignedOut);
    assert_eq!((fake.calls("render"), fake.calls("login"), fake.calls("me")), (1, 0, 1));
}

#[tokio::test]
async fn an_access_token_that_expires_before_a_listing_is_told() {
    let fake = fake(1).await;
    let desk = Desk::at(&fake);
    desk.domo.sign_in().await.unwrap();
    fake.expire_token();
    let error = desk.domo.list(&pages(&[10])).await.unwrap_err();
    assert_eq!(error.brief(), "access token rejected");
}

#[tokio::test]
async fn an_access_token_that_is_good_again_is_taken_by_the_next_sweep() {
    let fake = fake(1).await;
    let desk = Desk::at(&fake);
    fake.expire_token();
    desk.domo.sign_in().await.unwrap_err();
    fake.renew_token();
    desk.domo.sign_in().await.unwrap();
    assert_eq!(desk.finding(1).await, WORKING);
}

#[tokio::test]
async fn a_failed_login_is_not_tried_again_by_each_card() {
    let fake = fake(20).await;
    let desk = Desk::with_password(&fake);
    desk.domo.sign_in().await.unwrap();
    fake.drop_sessions();
    fake.set_login(Login::Locked);
    let ids: Vec<i64> = (1..=20).collect();
    let findings = desk.findings(&ids).await;
    assert!(findings.iter().all(|finding| *finding == Finding::SignedOut), "{findings:?}");
    assert_eq!(fake.calls("login"), 2);
    assert_eq!(desk.domo.sign_in().await.unwrap_err().brief(), "account locked");
}

#[tokio::test]
async fn the_session_token_is_sent_exactly_as_it_came() {
    let server = Canned::serve(|seen, _| {
        if seen.path.ends_with("authentication") {
            return canned::json(200, &json!({"success": true, "sessionToken": "ab%2B%3D%3D"}));
        }
        canned::json(200, &json!({}))
    })
    .await;
    Desk::new(&instance_at(&server.url, password("a@b.c", "x"))).finding(1).await;
    let seen = server.seen();
    assert_eq!(seen[1].headers["x-domo-authentication"], "ab%2B%3D%3D");
    assert!(!seen[1].headers.contains_key("x-domo-developer-token"));
    assert!(!seen[0].headers.contains_key("x-domo-authentication"));
}

#[tokio::test]
async fn an_access_token_goes_in_its_own_header() {
    let server = Canned::serve(|_, _| canned::json(200, &json!({}))).await;
    Desk::new(&instance_at(&server.url, token("DDCI"))).finding(1).await;
    for seen in server.seen() {
        assert_eq!(seen.headers["x-domo-developer-token"], "DDCI");
        assert!(!seen.headers.contains_key("x-domo-authentication"));
        assert_eq!(seen.headers["user-agent"], concat!("cardwatch/", env!("CARGO_PKG_VERSION")));
    }
}
