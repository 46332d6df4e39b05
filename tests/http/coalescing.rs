//! Readers who ask the same at the same time share an answer, and none is told what was true before he asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::{self, Body};
use axum::http::{Request, Response, StatusCode};
use cardwatch::http::{self, Board, Reach};
use futures::future::{join, join_all};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use tokio::task::{JoinHandle, yield_now};

use crate::facts::{broken, instance, showing, working};
use crate::house::House;

async fn house() -> House {
    showing([instance("acme", [working(), broken()])]).await
}

/// What answers, and how often the status page was made.
struct Answering {
    router: TowerToHyperService<axum::Router>,
    made: Arc<AtomicUsize>,
}

impl Answering {
    fn of(house: &House) -> Self {
        let made = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&made);
        let readiness = Arc::new(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok(())
        });
        let board = Board { readiness, ..house.board.clone() };
        Self { router: TowerToHyperService::new(http::router(board, Reach::Machine)), made }
    }

    fn made(&self) -> usize {
        self.made.load(Ordering::Relaxed)
    }

    async fn ask(&self, address: &str) -> (StatusCode, String) {
        self.ask_with(Request::get(address)).await
    }

    async fn ask_with(&self, request: axum::http::request::Builder) -> (StatusCode, String) {
        let answer: Response<Body> = self.router.call(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = body::to_bytes(body, usize::MAX).await.unwrap();
        (parts.status, String::from_utf8(body.to_vec()).unwrap())
    }
}

#[tokio::test]
async fn readers_who_wait_for_the_same_page_share_one() {
    let house = house().await;
    let answering = Answering::of(&house);
    let answers = join_all((0..16).map(|_| answering.ask("/"))).await;
    assert!(answers.iter().all(|(status, body)| *status == 200 && body.contains("acme")));
    // Mostly one for the first, who waited for nobody, and one for all others: more where the database is so quick that
    // a page is there before the next reader has asked.
    assert!(answering.made() < 16, "made {} times", answering.made());
}

#[tokio::test]
async fn a_reader_who_waits_for_nobody_gets_a_page_of_his_own() {
    let house = house().await;
    let answering = Answering::of(&house);
    for made in 1..=3 {
        answering.ask("/").await;
        assert_eq!(answering.made(), made);
    }
}

#[tokio::test]
async fn an_answer_that_was_begun_before_a_change_is_not_given_to_who_asks_after_it() {
    let house = house().await;
    let answering = Arc::new(Answering::of(&house));
    let early = begun(&answering).await;
    house.show(instance("globex", [working()]));
    let (early, (_, late)) = join(early, answering.ask("/")).await;
    let (_, early) = early.unwrap();
    assert!(early.contains("acme") && !early.contains("globex"));
    assert!(late.contains("globex") && !late.contains("acme"));
}

#[tokio::test]
async fn what_differs_by_a_query_is_not_shared() {
    let house = house().await;
    let answering = Answering::of(&house);
    let ask = |state: &str| {
        let address = format!("/api/v1/cards?state={state}");
        let answering = &answering;
        async move { answering.ask(&address).await.1 }
    };
    let (working, broken) = join(ask("working"), ask("broken")).await;
    assert!(working.contains(r#""state":"working""#) && !working.contains(r#""state":"broken""#), "{working}");
    assert!(broken.contains(r#""state":"broken""#) && !broken.contains(r#""state":"working""#), "{broken}");
}

#[tokio::test]
async fn a_reader_who_has_the_answer_does_not_keep_it_from_others() {
    let house = house().await;
    let answering = Answering::of(&house);
    let address = "/api/v1/sweeps";
    let asks = (0..6).map(|place| {
        let request = Request::get(address);
        answering.ask_with(if place % 2 == 0 { request.header("If-None-Match", "*") } else { request })
    });
    let answers: Vec<u16> = join_all(asks).await.iter().map(|(status, _)| status.as_u16()).collect();
    assert_eq!(answers, [304, 200, 304, 200, 304, 200]);
}

#[tokio::test]
async fn a_reader_who_leaves_while_his_page_is_made_leaves_the_others_theirs() {
    let house = house().await;
    let answering = Arc::new(Answering::of(&house));
    let (leaving, waiting, also_waiting) = (begun(&answering).await, begun(&answering).await, begun(&answering).await);
    leaving.abort();
    yield_now().await;
    waiting.abort();
    assert_eq!(also_waiting.await.unwrap().0, 200);
    assert_eq!(answering.ask("/").await.0, 200);
}

/// A reader of the status page who has asked, and mostly waits for the database now.
async fn begun(answering: &Arc<Answering>) -> JoinHandle<(StatusCode, String)> {
    let answering = Arc::clone(answering);
    let asked = tokio::spawn(async move { answering.ask("/").await });
    yield_now().await;
    asked
}
