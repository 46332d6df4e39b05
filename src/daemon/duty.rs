//! The two tasks of one instance: one ticks when a sweep is due, one sweeps when told to. Owns the promise
//! that there are never two sweeps of an instance at once, and handing on what came of a sweep: the
//! snapshot to readers, the wake-up to the mailroom, the sign of life to the heart.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::heart::Beats;
use super::lasting::Lasting;
use super::schedule::Timekeeper;
use super::sweeper::{SweepEnd, SweepRequest, Sweeper, sweep_once};
use crate::config::valid::Concurrency;
use crate::domain::foreign;
use crate::domain::snapshot::{InstanceSnapshot, Snapshot};
use crate::domain::sweep::Outcome;
use crate::store::{ChangeMark, StoreError};

/// The permit to sweep an instance, of which there is one.
pub(super) type Turn = Arc<Semaphore>;

/// The two tasks of the instance that `sweeper` sweeps. A tick hands over its turn.
pub(super) fn of(
    sweeper: Sweeper,
    turn: Turn,
    snapshots: watch::Sender<Snapshot>,
    wake: Arc<Notify>,
    beats: Beats,
) -> (Ticker, Post) {
    let (send, orders) = mpsc::channel(1);
    let ticker = Ticker { sweeper: sweeper.clone(), turn: Arc::clone(&turn), orders: send };
    let (unread, unsaved) = (Lasting::default(), Lasting::default());
    (ticker, Post { sweeper, turn, orders, snapshots, wake, beats, seen: None, unread, unsaved, again: None })
}

/// Rings for one instance: hands its sweeper the turn, or counts a sweep as skipped.
pub(super) struct Ticker {
    sweeper: Sweeper,
    turn: Turn,
    orders: mpsc::Sender<OwnedSemaphorePermit>,
}

impl Ticker {
    /// Ticks whenever a sweep is due, and at once when one was missed, until asked to leave.
    pub(super) async fn tick_on_time(
        self,
        timekeeper: Timekeeper,
        missed: bool,
        leave: CancellationToken,
    ) -> anyhow::Result<()> {
        if missed {
            self.tick().await?;
        }
        while timekeeper.next_tick(&leave).await? {
            self.tick().await?;
        }
        Ok(())
    }

    async fn tick(&self) -> anyhow::Result<()> {
        let name = &self.sweeper.instance.name;
        if let Ok(turn) = Arc::clone(&self.turn).try_acquire_owned() {
            // A sweeper that has left takes no more orders.
            let _left = self.orders.send(turn).await;
            return Ok(());
        }
        let remedy = match self.sweeper.instance.concurrency {
            Concurrency::Auto => "a longer schedule helps",
            Concurrency::Fixed(_) => "a longer schedule or more concurrency helps",
        };
        tracing::warn!(domo_instance = %name, "sweep skipped: the one before still runs; {remedy}");
        if let Err(error) = self.sweeper.store.record_skipped(name, self.sweeper.pid, self.sweeper.clock.now()).await {
            tracing::error!(domo_instance = %name, "a skipped sweep could not be saved: {error}");
        }
        self.sweeper.metrics.ended(name, Outcome::Skipped);
        Ok(())
    }
}

/// Sweeps when told to, and hands on what came of it.
pub(super) struct Post {
    sweeper: Sweeper,
    turn: Turn,
    orders: mpsc::Receiver<OwnedSemaphorePermit>,
    snapshots: watch::Sender<Snapshot>,
    wake: Arc<Notify>,
    /// Where its signs of life go; nobody may hear them.
    beats: Beats,
    /// How far it has seen what others swept or muted.
    seen: Option<ChangeMark>,
    /// Why it cannot see that.
    unread: Lasting,
    /// Why the latest sweep could not be saved.
    unsaved: Lasting,
    /// When that sweep is made again, on the clock's `elapsed`.
    again: Option<Duration>,
}

/// An idle sweeper shows so often that it lives, and looks whether another process has changed what is true.
const IDLE_BEAT: Duration = Duration::from_secs(5);

/// A sweep that could not be saved is made again after this: the next one may be due tomorrow only.
const AGAIN_AFTER: Duration = Duration::from_mins(1);

impl Post {
    /// Sweeps on each order, until asked to leave between two sweeps, or stopped in the midst of one. What was
    /// ordered by then is swept.
    pub(super) async fn sweep_on_order(
        mut self,
        leave: CancellationToken,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        loop {
            self.sweeper.pulse.beat(self.sweeper.clock.elapsed());
            let (turn, ordered) = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                order = self.orders.recv() => match order {
                    Some(turn) => (turn, true),
                    None => return Ok(()),
                },
                () = leave.cancelled() => return Ok(()),
                () = self.sweeper.clock.sleep(IDLE_BEAT) => {
                    self.see_what_others_changed().await;
                    let Some(turn) = self.turn_to_sweep_again() else { continue };
                    (turn, false)
                }
            };
            let span = tracing::info_span!("sweep", domo_instance = %self.sweeper.instance.name, sweep = tracing::field::Empty);
            Box::pin(self.sweep(ordered, &stop)).instrument(span).await;
            drop(turn);
        }
    }

    fn turn_to_sweep_again(&self) -> Option<OwnedSemaphorePermit> {
        let due = self.again.is_some_and(|again| again <= self.sweeper.clock.elapsed());
        due.then(|| Arc::clone(&self.turn).try_acquire_owned().ok()).flatten()
    }

    /// One sweep, which a tick ordered or which is made again. A database that fails ends no task, and nothing is
    /// told twice.
    async fn sweep(&mut self, ordered: bool, stop: &CancellationToken) {
        self.again = None;
        match sweep_once(&self.sweeper, &SweepRequest::default(), stop).await {
            Ok(end) => {
                self.unsaved.is_over();
                log(&end);
                if end.mailed {
                    self.wake.notify_one();
                }
                if let Some(beat) = end.beat() {
                    self.beats.send_replace(Some(beat));
                }
            }
            Err(error) => {
                self.again = Some(self.sweeper.clock.elapsed() + AGAIN_AFTER);
                // What keeps failing is told at each sweep that is due, not at each that is made again.
                if self.unsaved.is_news(error.to_string()) || ordered {
                    self.sweeper.metrics.ended(&self.sweeper.instance.name, Outcome::Failed);
                    tracing::error!(
                        "the sweep could not be saved, no state was changed, and it is made again: {error}"
                    );
                }
            }
        }
        self.sweeper.live.end();
        if let Err(error) = self.publish_what_is_true().await {
            tracing::error!("what is true now cannot be read, gauges stay as they were: {error}");
        }
    }

    /// A `cardwatch sweep` or a `cardwatch mute` on the same database changes what is true as well. What cannot be read
    /// is looked for again until it can.
    async fn see_what_others_changed(&mut self) {
        let looked = self.publish_what_others_changed().await;
        let name = &self.sweeper.instance.name;
        match looked {
            Ok(()) => {
                if self.unread.is_over() {
                    tracing::info!(domo_instance = %name, "the database can be read again");
                }
            }
            Err(error) => {
                if self.unread.is_news(error.to_string()) {
                    tracing::error!(domo_instance = %name, "the database cannot be read, which is tried again: {error}");
                }
            }
        }
    }

    async fn publish_what_others_changed(&mut self) -> Result<(), StoreError> {
        let mark = self.sweeper.store.change_mark(&self.sweeper.instance.name).await?;
        if self.seen.as_ref() != Some(&mark) {
            self.publish_what_is_true().await?;
            self.seen = Some(mark);
        }
        Ok(())
    }

    async fn publish_what_is_true(&self) -> Result<(), StoreError> {
        let fresh = self.sweeper.store.snapshot(&self.sweeper.instance.name).await?;
        publish(&self.snapshots, fresh);
        Ok(())
    }
}

/// The text says the essentials by itself: a journal shows its fields only to whoever asks for them.
fn log(end: &SweepEnd) {
    let seconds = (end.finished_at - end.started_at).num_milliseconds().max(0) / 1000;
    let (outcome, counts) = (end.outcome.name(), end.counts);
    let trouble = end.trouble.as_deref().map(|trouble| foreign::one_line(trouble, TROUBLE_LIMIT));
    let but = trouble.as_ref().map(|trouble| format!("; {trouble}")).unwrap_or_default();
    match end.outcome {
        Outcome::Failed => tracing::error!(outcome, "cannot check cards{but}"),
        Outcome::Completed | Outcome::Partial if counts.decided() == 0 => {
            tracing::error!(outcome, cards = counts.all(), "cannot check cards{but}");
        }
        Outcome::Interrupted | Outcome::Skipped => tracing::info!(outcome, "sweep {outcome}{but}"),
        Outcome::Completed | Outcome::Partial => {
            let (cards, broken, unchecked, mailed) = (counts.all(), counts.broken, counts.unchecked, end.mailed);
            let counts = format!("{broken} of {cards} cards broken, {unchecked} unchecked");
            let ended = format!("sweep {outcome} in {seconds} s: {counts}");
            // What could not be listed needs a person's eye, sooner or later.
            if let Some(trouble) = trouble {
                let ended = format!("{ended}; not all could be seen: {trouble}");
                tracing::warn!(outcome, seconds, cards, broken, unchecked, mailed, "{ended}");
            } else {
                tracing::info!(outcome, seconds, cards, broken, unchecked, mailed, "{ended}");
            }
        }
    }
}

/// The trouble of a sweep is cut to so many characters in the log.
const TROUBLE_LIMIT: usize = 1_000;

fn publish(snapshots: &watch::Sender<Snapshot>, fresh: InstanceSnapshot) {
    let fresh = Arc::new(fresh);
    snapshots.send_modify(|all| {
        if let Some(old) = all.iter_mut().find(|old| old.name == fresh.name) {
            *old = Arc::clone(&fresh);
        }
    });
}
