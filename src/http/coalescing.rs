//! Request coalescing: one answer for all who ask the same at the same time. Owns who waits for whom; what is answered is
//! each handler's.
//!
//! While an answer is being made, further readers of the same address wait, and the next one is made for all of them
//! together. It begins after each of them has asked, so that nobody is given what was true before his question; and
//! however many screens show a page, it costs what one costs.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::response::Parts;
use axum::http::{Method, Response};
use axum::middleware::Next;
use tokio::sync::OnceCell;

use super::body::whole;

/// The answers that are being made, by address.
#[derive(Clone, Default)]
pub(super) struct Coalescer {
    queues: Arc<Mutex<HashMap<String, Arc<Queue>>>>,
}

/// Those who ask for one address.
#[derive(Default)]
struct Queue {
    /// Held while an answer is being made: one at a time.
    making: tokio::sync::Mutex<()>,
    /// The answer that has not been begun, which whoever comes may share.
    next: Mutex<Option<Arc<OnceCell<Answer>>>>,
}

type Answer = (Parts, Bytes);

/// Shares answers to GET among those who wait for the same address. What an answer depends on beside its address has
/// to be settled outside of this layer.
pub(super) async fn share(State(coalescer): State<Coalescer>, request: Request, next: Next) -> Response<Body> {
    if request.method() != Method::GET {
        return next.run(request).await;
    }
    let address = request.uri().to_string();
    let (parts, body) = coalescer.ask(&address, || async { whole(next.run(request).await).await }).await;
    Response::from_parts(parts, Body::from(body))
}

impl Coalescer {
    async fn ask<F: Future<Output = Answer>>(&self, address: &str, make: impl FnOnce() -> F) -> Answer {
        let place = Place {
            coalescer: self,
            address,
            queue: Arc::clone(held(&self.queues).entry(address.to_owned()).or_default()),
        };
        place.queue.ask(make).await
    }
}

impl Queue {
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

/// A reader in a queue; the last one takes it away.
struct Place<'a> {
    coalescer: &'a Coalescer,
    address: &'a str,
    queue: Arc<Queue>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut queues = held(&self.coalescer.queues);
        // This one's and the map's own.
        if Arc::strong_count(&self.queue) <= 2 {
            queues.remove(self.address);
        }
    }
}

/// No reader leaves anything half done under a lock.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
