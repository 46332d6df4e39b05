//! The mailroom: takes letters from the outbox in their order and sends them until the server takes them
//! or refuses them for good. Owns when to try again; a letter is never dropped, and a repeat after a crash
//! carries the same Message-ID.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::lifecycle::Pulse;
use crate::clock::SharedClock;
use crate::mail::mailer::{Delivery, Mailer};
use crate::store::{QueuedLetter, Store, StoreError};

/// The first pause after a try that failed; it doubles with each further one, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(30);

/// A server that comes back is found within this.
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);

/// The queue is looked at this often, even when nobody calls.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// After the database failed.
const DATABASE_PAUSE: Duration = Duration::from_secs(5);

/// What the mailroom needs.
#[derive(Debug)]
pub struct Mailroom {
    /// Sends.
    pub mailer: Mailer,
    /// Holds the outbox.
    pub store: Store,
    /// The time.
    pub clock: SharedClock,
    /// Called when a letter was put into the outbox.
    pub wake: Arc<Notify>,
    /// Beats as the queue is looked at.
    pub pulse: Pulse,
}

/// How long to wait before try number `attempts + 1`.
pub fn pause_after(attempts: u32) -> Duration {
    let doublings = attempts.saturating_sub(1).min(16);
    (FIRST_PAUSE * 2u32.pow(doublings)).min(LONGEST_PAUSE)
}

impl Mailroom {
    /// Works until stopped. A letter whose time has not come holds back those behind it: it is the same
    /// server, and order is kept.
    pub async fn work(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            self.pulse.beat(self.clock.elapsed());
            let wait = match self.work_once(&stop).await {
                Ok(wait) => wait,
                Err(error) => {
                    tracing::error!(%error, "the outbox cannot be read or written; no mail is lost, it is tried again");
                    DATABASE_PAUSE
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.wake.notified(), if wait > DATABASE_PAUSE => {}
                () = self.clock.sleep(wait) => {}
            }
        }
    }

    /// Sends the letter that is next in line, if it is due. Returns how long to wait before looking again.
    async fn work_once(&self, stop: &CancellationToken) -> Result<Duration, StoreError> {
        let Some(queued) = self.store.next_letter().await? else { return Ok(LOOK_EVERY) };
        let due_in = (queued.next_attempt_at - self.clock.now()).to_std().unwrap_or_default();
        if !due_in.is_zero() {
            return Ok(due_in.min(LOOK_EVERY));
        }
        let delivery = tokio::select! {
            delivery = self.mailer.send(&queued.letter, queued.created_at) => delivery,
            () = stop.cancelled() => return Ok(Duration::ZERO),
        };
        // What the server has answered is written down before anything else is tried: a letter that it took
        // and that nobody marked would be sent again.
        while let Err(error) = self.record(&queued, &delivery).await {
            tracing::error!(%error, "what became of a mail cannot be saved; trying again");
            self.clock.sleep(DATABASE_PAUSE).await;
            if stop.is_cancelled() {
                break;
            }
        }
        Ok(Duration::ZERO)
    }

    async fn record(&self, queued: &QueuedLetter, delivery: &Delivery) -> Result<(), StoreError> {
        let now = self.clock.now();
        let subject = &queued.letter.subject;
        match delivery {
            Delivery::Sent { refused } => {
                self.store.mark_sent(queued.id, now).await?;
                tracing::info!(%subject, to = ?queued.letter.to, "mail sent");
                for refusal in refused {
                    tracing::error!(%subject, %refusal, "the mail server refused one recipient for good; correct 'to'");
                }
            }
            Delivery::Retry(error) => {
                let pause = pause_after(queued.attempts + 1);
                self.store.mark_retry(queued.id, error, now + pause).await?;
                let pause = humantime::format_duration(pause);
                tracing::warn!(%subject, %error, "mail not sent yet; next try in {pause}");
            }
            Delivery::Rejected(error) => {
                self.store.mark_rejected(queued.id, error, now).await?;
                tracing::error!(%subject, %error, "the mail server refused a mail for good; it is kept and not tried again");
            }
        }
        Ok(())
    }
}
