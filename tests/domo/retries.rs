//! How often a request is tried, and which attempt decides.

use std::time::Duration;

use cardwatch::domain::ids::CardId;
use cardwatch::domain::verdict::{Answer, Body, Finding, Rendered, judge};
use fake_domo::Behaviour::{self, *};
use fake_domo::{FakeDomo, Shape};

use crate::desk::{Desk, TIMEOUT, until};

/// A client, and a fake with one card that does these things in turn.
async fn card(does: &[Behaviour]) -> (fake_domo::Domo, Desk) {
    let fake = FakeDomo::empty().card(1, "A card", &[]).behaviour(1, Sequence(does.to_vec())).start().await;
    let desk = Desk::at(&fake);
    desk.domo.sign_in().await.unwrap();
    (fake, desk)
}

/// What comes of a card that does these things in turn, and how often it was asked.
async fn outcome(does: &[Behaviour]) -> (Finding, u64) {
    let (fake, desk) = card(does).await;
    (desk.finding(1).await, fake.renders_of(1))
}

/// Renders the card of [`card`] and ends the timeout of each attempt that comes to hang.
async fn render_with_timeouts(fake: &fake_domo::Domo, desk: &Desk, hangs_at: &[u64]) -> Rendered {
    let domo = desk.domo.clone();
    let render = tokio::spawn(async move { domo.render(CardId(1)).await.rendered });
    for attempt in hangs_at {
        until(|| fake.renders_of(1) == *attempt).await;
        desk.clock.advance(TIMEOUT);
    }
    render.await.unwrap()
}

const WORKING: Finding = Finding::Working { no_data: false };

fn is_doubtful(finding: &Finding) -> bool {
    matches!(finding, Finding::Doubtful(_))
}

#[tokio::test]
async fn a_permanent_answer_is_asked_for_once() {
    let permanent = [
        Renders,
        NoData,
        SummaryError,
        BadRequest(Shape::EmptyBody),
        Unprocessable("x".to_owned()),
        BodyStatus(400),
        Status(403),
        Status(404),
        Status(409),
        Html,
        CutJson,
        NotAnObject,
        Redirect,
    ];
    for behaviour in permanent {
        let (_, asked) = outcome(std::slice::from_ref(&behaviour)).await;
        assert_eq!(asked, 1, "{behaviour:?}");
    }
}

#[tokio::test]
async fn what_may_pass_is_asked_for_as_often_as_configured() {
    let passing =
        [ServerError, BodyStatus(500), Status(502), Status(503), Status(504), HtmlStatus(502), Disconnects, BreaksOff];
    for behaviour in passing {
        let (_, asked) = outcome(std::slice::from_ref(&behaviour)).await;
        assert_eq!(asked, 3, "{behaviour:?}");
    }
}

#[tokio::test]
async fn the_first_answer_that_settles_it_ends_the_attempts() {
    assert_eq!(outcome(&[ServerError, Renders]).await, (WORKING, 2));
    assert_eq!(outcome(&[Disconnects, Status(503), Renders]).await, (WORKING, 3));
    let (finding, asked) = outcome(&[ServerError, Behaviour::broken("No indexed schema found")]).await;
    assert!(matches!(finding, Finding::Broken(_)), "{finding:?}");
    assert_eq!(asked, 2);
}

#[tokio::test]
async fn a_card_that_fails_each_time_is_doubtful() {
    assert!(is_doubtful(&outcome(&[ServerError]).await.0));
    assert!(is_doubtful(&outcome(&[BodyStatus(500), ServerError, BodyStatus(500)]).await.0));
}

#[tokio::test]
async fn one_hindered_attempt_keeps_the_others_from_counting_against_the_card() {
    let hindrances =
        [Status(502), Status(503), Status(504), Disconnects, BreaksOff, Throttled { retry_after: None, times: None }];
    for hindrance in hindrances {
        for place in 0..3 {
            let mut does = vec![ServerError; 3];
            does[place] = hindrance.clone();
            let (finding, asked) = outcome(&does).await;
            assert!(matches!(finding, Finding::Hindered(_)), "{hindrance:?} at {place}: {finding:?}");
            assert_eq!(asked, 3);
        }
    }
}

#[tokio::test]
async fn the_hindrance_that_is_told_is_the_one_that_was_met() {
    let (finding, _) = outcome(&[ServerError, Status(503), ServerError]).await;
    assert_eq!(finding, Finding::Hindered("Domo is unavailable (503): Service Unavailable".to_owned()));
}

#[tokio::test]
async fn silence_at_each_attempt_is_a_timeout() {
    let (fake, desk) = card(&[Hangs]).await;
    let rendered = render_with_timeouts(&fake, &desk, &[1, 2, 3]).await;
    assert_eq!(rendered, Rendered::TimedOut { after: TIMEOUT, attempts: 3 });
}

#[tokio::test]
async fn silence_and_500_are_doubtful_together() {
    let (fake, desk) = card(&[Hangs, ServerError, Hangs]).await;
    let rendered = render_with_timeouts(&fake, &desk, &[1, 3]).await;
    assert_eq!(rendered, Rendered::TimedOut { after: TIMEOUT, attempts: 2 });
}

#[tokio::test]
async fn silence_and_503_are_hindered_together() {
    let (fake, desk) = card(&[Status(503), Hangs]).await;
    let finding = judge(&render_with_timeouts(&fake, &desk, &[2, 3]).await);
    assert!(matches!(finding, Finding::Hindered(_)), "{finding:?}");
}

#[tokio::test]
async fn a_renewed_session_costs_no_attempt() {
    let fake = FakeDomo::empty().card(1, "A card", &[]).start().await;
    let does = vec![Status(503), ServerError, Status(401), Renders];
    fake.set(1, Sequence(does));
    assert_eq!(Desk::with_password(&fake).finding(1).await, WORKING);
    fake.set(1, Sequence(vec![Status(503), Status(401), ServerError]));
    let finding = Desk::with_password(&fake).finding(1).await;
    assert!(matches!(finding, Finding::Hindered(_)), "the 503 is not forgotten: {finding:?}");
}

#[tokio::test]
async fn the_waits_grow_and_are_drawn() {
    let (_fake, desk) = card(&[Disconnects]).await;
    desk.finding(1).await;
    let slept = desk.clock.slept();
    assert_eq!(slept.len(), 2, "{slept:?}");
    assert!(slept[0] <= Duration::from_millis(500) && slept[1] <= Duration::from_secs(1), "{slept:?}");
    let (_fake, again) = card(&[Disconnects]).await;
    again.finding(1).await;
    assert_eq!(again.clock.slept(), slept, "the same seed draws the same");
}

#[tokio::test]
async fn latency_is_that_of_the_deciding_attempt_and_the_time_that_of_its_end() {
    let (fake, desk) = card(&[Hangs, Renders]).await;
    let domo = desk.domo.clone();
    let render = tokio::spawn(async move { domo.render(CardId(1)).await });
    until(|| fake.renders_of(1) == 1).await;
    desk.clock.advance(TIMEOUT);
    let render = render.await.unwrap();
    assert_eq!(render.latency, Duration::ZERO);
    assert_eq!(render.at, crate::clock::TestClock::start() + TIMEOUT + desk.clock.slept()[0]);
}

#[tokio::test]
async fn a_503_that_names_its_time_is_waited_for() {
    let server = crate::canned::Canned::serve(|_, number| {
        let status = if number == 1 { 503 } else { 200 };
        let mut response = crate::canned::json(status, &serde_json::json!({}));
        response.headers_mut().insert("retry-after", "42".parse().unwrap());
        response
    })
    .await;
    let desk = Desk::new(&crate::desk::instance_at(&server.url, crate::desk::token("t")));
    desk.domo.sign_in().await.unwrap();
    assert_eq!(desk.finding(1).await, WORKING);
    assert_eq!(desk.clock.slept(), [Duration::from_secs(42)]);
}

#[tokio::test]
async fn a_connection_that_breaks_in_the_middle_is_no_answer() {
    let (_fake, desk) = card(&[BreaksOff]).await;
    let rendered = desk.domo.render(CardId(1)).await.rendered;
    assert!(matches!(rendered, Rendered::Disconnected(_)), "{rendered:?}");
}

#[tokio::test]
async fn without_a_session_a_render_comes_to_a_401() {
    let fake = FakeDomo::empty().card(1, "A card", &[]).start().await;
    fake.expire_token();
    let rendered = Desk::at(&fake).domo.render(CardId(1)).await.rendered;
    assert_eq!(rendered, Rendered::Answered(Answer { status: 401, body: Body::Empty }));
    assert_eq!(fake.renders_of(1), 0);
}
