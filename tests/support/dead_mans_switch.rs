//! A dead man's switch as a heartbeat sees it: a tiny HTTP server that notes what it is asked and answers as told.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};

/// Nothing here takes as long; what does has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// One request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ping {
    pub(crate) method: String,
    /// The path with its query.
    pub(crate) target: String,
    pub(crate) content_type: String,
    pub(crate) body: String,
}

/// How it answers.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// With this status and body.
    With(u16, &'static str),
    /// By sending elsewhere.
    Redirect(String),
    /// Never.
    Never,
}

#[derive(Debug)]
struct Desk {
    pings: Vec<Ping>,
    /// For the next requests; then for all others.
    first: Vec<Answer>,
    then: Answer,
}

/// A server that runs as long as the test.
#[derive(Debug, Clone)]
pub(crate) struct Switch {
    port: u16,
    desk: Arc<Mutex<Desk>>,
}

impl Switch {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let desk = Desk { pings: Vec::new(), first: Vec::new(), then: Answer::With(200, "OK") };
        let switch = Self { port, desk: Arc::new(Mutex::new(desk)) };
        let router = Router::new().fallback(answer).with_state(switch.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        switch
    }

    /// Its address, with this path and query.
    pub(crate) fn url(&self, target: &str) -> String {
        format!("http://127.0.0.1:{}{target}", self.port)
    }

    /// Answers the next requests like this, one each, and all others like `then`.
    pub(crate) fn answer(&self, first: impl IntoIterator<Item = Answer>, then: Answer) {
        let mut desk = self.desk();
        desk.first = first.into_iter().collect();
        desk.then = then;
    }

    pub(crate) fn pings(&self) -> Vec<Ping> {
        self.desk().pings.clone()
    }

    pub(crate) async fn wait_for(&self, pings: usize) -> Vec<Ping> {
        let began = Instant::now();
        while self.pings().len() < pings {
            assert!(began.elapsed() < PATIENCE, "only {} of {pings} pings came", self.pings().len());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.pings()
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap()
    }

    fn note(&self, ping: Ping) -> Answer {
        let mut desk = self.desk();
        desk.pings.push(ping);
        if desk.first.is_empty() { desk.then.clone() } else { desk.first.remove(0) }
    }
}

async fn answer(State(switch): State<Switch>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 100_000).await.unwrap();
    let answer = switch.note(Ping {
        method: head.method.to_string(),
        target: head.uri.to_string(),
        content_type: head.headers.get(header::CONTENT_TYPE).map_or("", |value| value.to_str().unwrap()).to_owned(),
        body: String::from_utf8(body.to_vec()).unwrap(),
    });
    match answer {
        Answer::With(status, body) => (StatusCode::from_u16(status).unwrap(), body).into_response(),
        Answer::Redirect(to) => (StatusCode::FOUND, [(header::LOCATION, to)]).into_response(),
        Answer::Never => std::future::pending().await,
    }
}
