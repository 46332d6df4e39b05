//! One answer for all who ask the same at the same time. Owns who waits for whom; what is answered is each handler's.
//!
//! While an answer is being made, further readers of the same address wait, and the next one is made for all of them
//! together. It begins after each of them has asked, so that nobody is given what was true before his question; and
//! however many screens show a page, it costs what one costs.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{self, Body, Bytes};
use axum::extract::{Request, State};
use axum::http::response::Parts;
use axum::http::{Method, Response, StatusCode};
use axum::middleware::Next;
use tokio::sync::OnceCell;

/// No answer is larger, in bytes: each list is bounded, and its texts are.
const LARGEST: usize = 64 * 1024 * 1024;

/// The answers that are being made, by address.
#[derive(Clone, Default)]
pub(super) struct Kitchen {
    lines: Arc<Mutex<HashMap<String, Arc<Line>>>>,
}

/// Those who ask for one address.
#[derive(Default)]
struct Line {
    /// Held while an answer is being made: one at a time.
    making: tokio::sync::Mutex<()>,
    /// The answer that has not been begun, which whoever comes may share.
    next: Mutex<Option<Arc<OnceCell<Answer>>>>,
}

#[derive(Clone)]
struct Answer {
    parts: Parts,
    body: Bytes,
}

/// Shares answers to GET among those who wait for the same address. What an answer depends on beside its address has
/// to be settled outside of this layer.
pub(super) async fn share(State(kitchen): State<Kitchen>, request: Request, next: Next) -> Response<Body> {
    if request.method() != Method::GET {
        return next.run(request).await;
    }
    let address = request.uri().to_string();
    let answer = kitchen.ask(&address, || whole(next.run(request))).await;
    Response::from_parts(answer.parts, Body::from(answer.body))
}

impl Kitchen {
    async fn ask<F: Future<Output = Answer>>(&self, address: &str, make: impl FnOnce() -> F) -> Answer {
        let place = Place {
            kitchen: self,
            address,
            line: Arc::clone(held(&self.lines).entry(address.to_owned()).or_default()),
        };
        place.line.ask(make).await
    }
}

impl Line {
    async fn ask<F: Future<Output = Answer>>(&self, make: impl FnOnce() -> F) -> Answer {
        let shared = Arc::clone(held(&self.next).get_or_insert_default());
        // Where the reader who makes it goes away, another of those who wait takes over.
        let answer = shared.get_or_init(|| async {
            let _turn = self.making.lock().await;
            // It begins: whoever comes from here on waits for the one after it.
            held(&self.next).take_if(|next| Arc::ptr_eq(next, &shared));
            make().await
        });
        answer.await.clone()
    }
}

/// A reader in a line; the last one closes it.
struct Place<'a> {
    kitchen: &'a Kitchen,
    address: &'a str,
    line: Arc<Line>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut lines = held(&self.kitchen.lines);
        // This one's and the map's own.
        if Arc::strong_count(&self.line) <= 2 {
            lines.remove(self.address);
        }
    }
}

/// No reader leaves anything half done under a lock.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An answer with all of its body.
async fn whole(answer: impl Future<Output = Response<Body>>) -> Answer {
    let (mut parts, body) = answer.await.into_parts();
    let body = body::to_bytes(body, LARGEST).await.unwrap_or_else(|_| {
        tracing::error!("an answer is too large to be sent");
        parts.status = StatusCode::INTERNAL_SERVER_ERROR;
        Bytes::from_static(b"this answer is too large\n")
    });
    Answer { parts, body }
}
