//! Tasks that render cards, each one card after the other. Owns how many there are, and that no card is asked for twice;
//! what the answers mean, and saving them, is [`rounds`](super::rounds)'s.

use std::sync::{Arc, Mutex, PoisonError};
use std::vec;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tracing::Instrument as _;

use crate::domain::ids::CardId;
use crate::domo::{Domo, Render};

/// So many tasks for each render that may be in flight: there is always a next one while a card waits for its next
/// attempt, or an answer for being taken.
const TASKS: usize = 2;

/// The renders of some cards. Dropped, it asks for no more.
pub(super) struct Renderers {
    domo: Arc<Domo>,
    waiting: Arc<Waiting>,
    tasks: JoinSet<()>,
    said: mpsc::Sender<(CardId, Render)>,
    answers: mpsc::Receiver<(CardId, Render)>,
}

/// The cards that nobody has begun to render.
struct Waiting(Mutex<vec::IntoIter<CardId>>);

impl Waiting {
    fn cards(&self) -> std::sync::MutexGuard<'_, vec::IntoIter<CardId>> {
        // Taking a card is one step, so that a panic elsewhere leaves no half of it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Renderers {
    /// Begins to render cards.
    pub(super) fn begin(domo: &Arc<Domo>, cards: Vec<CardId>) -> Self {
        let (said, answers) = mpsc::channel((domo.concurrency() * TASKS).max(1));
        let waiting = Arc::new(Waiting(Mutex::new(cards.into_iter())));
        Self { domo: Arc::clone(domo), waiting, tasks: JoinSet::new(), said, answers }
    }

    /// The next card that was rendered; none once all were. Nothing is lost where this is cancelled.
    pub(super) async fn next(&mut self) -> Option<(CardId, Render)> {
        self.fill();
        while !self.tasks.is_empty() {
            tokio::select! {
                biased;
                answer = self.answers.recv() => return answer,
                Some(ended) = self.tasks.join_next() => {
                    ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
                }
            }
        }
        self.answers.try_recv().ok()
    }

    fn fill(&mut self) {
        while self.tasks.len() < self.domo.concurrency() * TASKS && self.waiting.cards().len() > 0 {
            let (domo, waiting, said) = (Arc::clone(&self.domo), Arc::clone(&self.waiting), self.said.clone());
            // What is logged on the way says of which sweep.
            self.tasks.spawn(render_on(domo, waiting, said).in_current_span());
        }
    }
}

/// Renders card after card, until none waits or nobody listens.
async fn render_on(domo: Arc<Domo>, waiting: Arc<Waiting>, said: mpsc::Sender<(CardId, Render)>) {
    loop {
        let Some(card) = waiting.cards().next() else { return };
        let render = domo.render(card).await;
        if said.send((card, render)).await.is_err() {
            return;
        }
    }
}
