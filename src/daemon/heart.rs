//! The heartbeats of one instance: a task of its own, so that a dead man's switch that does not answer holds up
//! neither a sweep, nor its mail, nor a stop. Owns waiting for the next sign of life, and telling once that none is
//! taken and once that they are again; the request and its repeats are [`crate::heartbeat`]'s.

use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::lifecycle::Pulse;
use super::sweeper::SweepEnd;
use crate::clock::SharedClock;
use crate::domain::ids::InstanceName;
use crate::heartbeat::{Beat, Heartbeat, Missed};

/// Where the latest sign of life lies: one that was not sent before the next came is of no use any more.
pub(super) type Beats = watch::Sender<Option<Beat>>;

/// A heart that has nothing to send shows so often that it lives.
const IDLE_BEAT: Duration = Duration::from_secs(30);

/// Sends the signs of life of one instance.
pub(super) struct Heart {
    pub(super) name: InstanceName,
    pub(super) heartbeat: Heartbeat,
    pub(super) beats: watch::Receiver<Option<Beat>>,
    pub(super) clock: SharedClock,
    pub(super) pulse: Pulse,
}

impl Heart {
    /// Works until the sweeper has left and its last sign of life is sent, or until stopped, at once.
    pub(super) async fn work(mut self, leave: CancellationToken, stop: CancellationToken) -> anyhow::Result<()> {
        let mut failing = false;
        loop {
            self.pulse.beat(self.clock.elapsed());
            let sweeper_lives = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                changed = self.beats.changed() => changed.is_ok(),
                () = self.clock.sleep(IDLE_BEAT) => continue,
            };
            if !sweeper_lives {
                // Of a sweeper that died its own task tells.
                leave.cancelled().await;
                return Ok(());
            }
            let beat = self.beats.borrow_and_update().clone();
            let Some(beat) = beat else { continue };
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                sent = self.heartbeat.send(&beat) => tell(&self.name, sent.err().as_ref(), &mut failing),
            }
        }
    }
}

fn tell(name: &InstanceName, missed: Option<&Missed>, failing: &mut bool) {
    match missed {
        Some(missed) if !*failing => {
            tracing::warn!(domo_instance = %name, "the heartbeat is not taken, which is tried again after each sweep: {missed}");
        }
        Some(missed) => tracing::debug!(domo_instance = %name, "the heartbeat is still not taken: {missed}"),
        None if *failing => tracing::info!(domo_instance = %name, "the heartbeat is taken again"),
        None => tracing::debug!(domo_instance = %name, "the heartbeat is taken"),
    }
    *failing = missed.is_some();
}

impl SweepEnd {
    /// What a sweep of the whole instance tells its dead man's switch; `None` where it decided nothing.
    pub fn beat(&self) -> Option<Beat> {
        Beat::of(self.outcome, &self.counts)
    }
}
