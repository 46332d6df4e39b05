//! The mailroom: takes letters from the outbox in their order and sends them until the server takes them
//! or refuses them for good. Owns when to try again, and when a letter gives way to those behind it; a letter
//! is never dropped, and a repeat after a crash carries the same Message-ID.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::lasting::Lasting;
use super::lifecycle::Pulse;
use crate::clock::{SharedClock, within};
use crate::mail::mailer::{Delivery, Mailer};
use crate::store::{Claim, QueuedLetter, Store, StoreError};

/// The first pause after a try that failed; it doubles with each further one, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(30);

/// A server that comes back is found within this.
const LONGEST_PAUSE: Duration = Duration::from_mins(15);

/// The queue is looked at this often, even when nobody calls.
const LOOK_EVERY: Duration = Duration::from_mins(1);

/// After the database failed.
const DATABASE_PAUSE: Duration = Duration::from_secs(5);

/// How long a stop waits for what the server says of the message that it was just given.
const LAST_ANSWER: Duration = Duration::from_secs(3);

/// A letter that the server takes for nobody, though it takes mail, holds back those behind it to the same people for so
/// long after it was composed.
const HOLDS_BACK: Duration = Duration::from_hours(24);

/// Sends what lies in the outbox.
#[derive(Debug)]
pub struct Mailroom {
    mailer: Mailer,
    store: Store,
    clock: SharedClock,
    pulse: Pulse,
    /// The letters that give way to those behind them.
    aside: Mutex<BTreeMap<i64, Aside>>,
}

/// A letter that gives way to others until its next try.
#[derive(Debug)]
struct Aside {
    /// When that is, on the clock's `elapsed`.
    until: Duration,
    /// Who gets none of the letters behind it before it, so that order is kept.
    readers: Vec<String>,
}

/// What need not be waited for.
struct GivesWay {
    letters: BTreeSet<i64>,
    /// The recipients who wait for their turn.
    readers: BTreeSet<String>,
    /// When to look again.
    wait: Duration,
}

/// How long to wait before try number `attempts + 1`.
pub fn pause_after(attempts: u32) -> Duration {
    let doublings = attempts.saturating_sub(1).min(16);
    (FIRST_PAUSE * 2u32.pow(doublings)).min(LONGEST_PAUSE)
}

/// What became of [`Mailroom::send_what_is_due`].
#[derive(Debug, PartialEq, Eq)]
pub enum Errand {
    /// Nothing is due any more.
    Done,
    /// Another process sends from this outbox.
    DaemonDoesIt,
    /// A letter waits for its next try; the text says why.
    Waiting(String),
}

impl Mailroom {
    /// A mailroom for the outbox of `store`.
    pub fn new(mailer: Mailer, store: Store, clock: SharedClock, pulse: Pulse) -> Self {
        Self { mailer, store, clock, pulse, aside: Mutex::default() }
    }

    /// Works until stopped; `wake` says that a letter was put into the outbox. A letter whose time has not
    /// come holds back those behind it, since it is the same server, and order is kept; not so where it is known
    /// to be the letter: one mailbox that is full, or one mistake in an address, must not silence the rest.
    pub async fn work(self, wake: Arc<Notify>, stop: CancellationToken) -> anyhow::Result<()> {
        let mut claim = None;
        let mut hindered = Lasting::default();
        while !stop.is_cancelled() {
            self.pulse.beat(self.clock.elapsed());
            let wait = match self.work_in_turn(&mut claim, &stop).await {
                Ok(wait) => {
                    if hindered.is_over() {
                        tracing::info!("mail can be sent again");
                    }
                    wait
                }
                Err(error) => {
                    if hindered.is_news(format!("{error:#}")) {
                        tracing::error!("no mail can be sent now, none is lost, and it is tried again: {error:#}");
                    }
                    DATABASE_PAUSE
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = wake.notified(), if wait > DATABASE_PAUSE => {}
                () = self.clock.sleep(wait) => {}
            }
        }
        Ok(())
    }

    /// Works while no other process does: a daemon and a `sweep --alert` do not both send a letter.
    async fn work_in_turn(&self, claim: &mut Option<Claim>, stop: &CancellationToken) -> anyhow::Result<Duration> {
        if claim.is_none() {
            let Some(held) = Claim::of_mailroom(self.store.path())? else { return Ok(DATABASE_PAUSE) };
            // Whoever starts a daemon may just have mended what kept mail from leaving.
            self.store.make_letters_due(self.clock.now()).await?;
            *claim = Some(held);
        }
        Ok(self.work_once(stop).await?)
    }

    /// Sends every letter that is due, once, for a command that does not stay. A stop ends it as it ends
    /// [`Mailroom::work`].
    pub async fn send_what_is_due(&self, stop: &CancellationToken) -> anyhow::Result<Errand> {
        let Some(_held) = Claim::of_mailroom(self.store.path())? else { return Ok(Errand::DaemonDoesIt) };
        while !stop.is_cancelled() {
            let wait = self.work_once(stop).await?;
            if !wait.is_zero() {
                let error = self.store.waiting_error().await?;
                return Ok(error.map_or(Errand::Done, Errand::Waiting));
            }
        }
        let all_sent = self.store.queue_state().await?.length == 0;
        Ok(if all_sent { Errand::Done } else { Errand::Waiting("cardwatch was stopped first".to_owned()) })
    }

    /// Sends the letter that is next in line, if it is due. Returns how long to wait before looking again.
    async fn work_once(&self, stop: &CancellationToken) -> Result<Duration, StoreError> {
        let GivesWay { letters, readers, wait } = self.who_gives_way();
        let Some(queued) = self.store.next_letter(&letters, &readers).await? else { return Ok(wait) };
        let due_in = self.due_in(&queued);
        if !due_in.is_zero() {
            return Ok(due_in.min(wait));
        }
        let Some(delivery) = self.send(&queued, stop).await else { return Ok(Duration::ZERO) };
        self.put_aside(&queued, &delivery);
        self.record_for_sure(&queued, &delivery, stop).await;
        Ok(Duration::ZERO)
    }

    /// Tries once; `None` when stopped before the server has answered. It is given a moment for that: a message
    /// that it took without our knowing is sent again.
    async fn send(&self, queued: &QueuedLetter, stop: &CancellationToken) -> Option<Delivery> {
        let mut sending = Box::pin(self.mailer.send(&queued.letter, queued.created_at));
        tokio::select! {
            biased;
            delivery = &mut sending => Some(delivery),
            () = stop.cancelled() => within(&*self.clock, LAST_ANSWER, sending).await,
        }
    }

    /// How long until a letter's time comes. No letter waits for longer than its pause: a next try that lies
    /// further ahead was written down by a clock that has been set back since.
    fn due_in(&self, queued: &QueuedLetter) -> Duration {
        let due_in = (queued.next_attempt_at - self.clock.now()).to_std().unwrap_or_default();
        let pause = if queued.attempts == 0 { Duration::ZERO } else { pause_after(queued.attempts) };
        if due_in > pause { Duration::ZERO } else { due_in }
    }

    /// The letters whose next try the others need not wait for.
    fn who_gives_way(&self) -> GivesWay {
        let now = self.clock.elapsed();
        let aside = self.aside();
        let waiting = aside.iter().filter(|(_, aside)| aside.until > now);
        let soonest = waiting.clone().map(|(_, aside)| aside.until.saturating_sub(now)).min();
        GivesWay {
            letters: waiting.clone().map(|(id, _)| *id).collect(),
            readers: waiting.flat_map(|(_, aside)| &aside.readers).cloned().collect(),
            wait: soonest.map_or(LOOK_EVERY, |soonest| soonest.min(LOOK_EVERY)),
        }
    }

    /// A letter that the server does not take now gives way until its next try: to all, where somebody got it or nobody
    /// could for too long, else to those to other people. An owner's full mailbox keeps no mail from the admins.
    fn put_aside(&self, queued: &QueuedLetter, delivery: &Delivery) {
        let age = (self.clock.now() - queued.created_at).to_std().unwrap_or_default();
        let until = self.clock.elapsed() + pause_after(queued.attempts + 1);
        match delivery {
            Delivery::Deferred { served, .. } => {
                let waits = !served && age < HOLDS_BACK;
                let readers = if waits { queued.letter.to.clone() } else { Vec::new() };
                self.aside().insert(queued.id, Aside { until, readers });
            }
            Delivery::Retry(_) | Delivery::Sent { .. } | Delivery::Rejected(_) => {
                self.aside().remove(&queued.id);
            }
        }
    }

    fn aside(&self) -> MutexGuard<'_, BTreeMap<i64, Aside>> {
        // The map is whole between any two steps: a panic elsewhere does not spoil it.
        self.aside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the server has answered is written down before anything else is tried: a letter that it took and
    /// that nobody marked would be sent again.
    async fn record_for_sure(&self, queued: &QueuedLetter, delivery: &Delivery, stop: &CancellationToken) {
        let mut hindered = Lasting::default();
        while let Err(error) = self.record(queued, delivery).await {
            if hindered.is_news(error.to_string()) {
                tracing::error!("what became of a mail cannot be saved, which is tried again: {error}");
            }
            self.pulse.beat(self.clock.elapsed());
            self.clock.sleep(DATABASE_PAUSE).await;
            if stop.is_cancelled() {
                break;
            }
        }
    }

    async fn record(&self, queued: &QueuedLetter, delivery: &Delivery) -> Result<(), StoreError> {
        let now = self.clock.now();
        let subject = &queued.letter.subject;
        match delivery {
            Delivery::Sent { refused } if refused.is_empty() => {
                self.store.mark_sent(queued.id, now).await?;
                tracing::info!(%subject, to = ?queued.letter.to, "mail sent: {subject}");
            }
            Delivery::Sent { refused } => {
                self.store.mark_sent_in_part(queued.id, &refused.join("; "), now).await?;
                tracing::info!(%subject, to = ?queued.letter.to, "mail sent, but not to everyone: {subject}");
                for refusal in refused {
                    tracing::error!(%subject, "the mail server refused one recipient for good; correct email.to or instances.NAME.to: {refusal}");
                }
            }
            Delivery::Retry(error) | Delivery::Deferred { why: error, .. } => {
                let pause = pause_after(queued.attempts + 1);
                self.store.mark_retry(queued.id, error, now + pause).await?;
                let pause = humantime::format_duration(pause);
                tracing::warn!(%subject, "mail not sent yet, next try in {pause}: {error}");
            }
            Delivery::Rejected(error) => {
                self.store.mark_rejected(queued.id, error, now).await?;
                tracing::error!(%subject, "the mail server refused a mail for good; it is kept and not tried again: {error}");
            }
        }
        Ok(())
    }
}
