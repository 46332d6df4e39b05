//! The clockwork: rings for each instance when its next sweep is due. Owns waiting; when that is, is
//! [`crate::domain::schedule`]'s to say. tokio-cron-scheduler does the waiting with one-shot jobs, armed
//! one at a time, since its own cron jobs overlap and forget the zone after their first tick.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::Notify;
use tokio_cron_scheduler::{Job, JobScheduler};
use tokio_util::sync::CancellationToken;

use super::lifecycle::Pulse;
use crate::clock::SharedClock;
use crate::domain::Timestamp;
use crate::domain::maintenance::{self, Maintenance};
use crate::domain::schedule::Schedule;
use crate::http::live::Live;

/// The wall clock is looked at this often, so that a clock that jumps makes no sweep late by more.
const LOOK_EVERY: Duration = Duration::from_secs(20);

/// The scheduler that waits. Cheap to clone.
#[derive(Clone)]
pub struct Clockwork(JobScheduler);

impl std::fmt::Debug for Clockwork {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clockwork")
    }
}

impl Clockwork {
    /// Starts it.
    pub async fn start() -> anyhow::Result<Self> {
        let scheduler = JobScheduler::new().await.context("the scheduler cannot be made")?;
        scheduler.start().await.context("the scheduler does not start")?;
        Ok(Self(scheduler))
    }

    /// Rings `bell` once, `wait` from now.
    async fn ring_after(&self, wait: Duration, bell: Arc<Notify>) -> anyhow::Result<()> {
        let job = Job::new_one_shot(wait, move |_, _| bell.notify_one()).context("a job cannot be made")?;
        self.0.add(job).await.context("a job cannot be scheduled")?;
        Ok(())
    }
}

/// What keeps one instance's time.
#[derive(Debug)]
pub struct Timekeeper {
    /// Waits.
    pub clockwork: Clockwork,
    /// When a sweep is due.
    pub schedule: Schedule,
    /// When mails wait: their end is a time for a sweep as well.
    pub maintenance: Maintenance,
    /// The time.
    pub clock: SharedClock,
    /// Is told of the next tick.
    pub live: Arc<Live>,
    /// Beats as time is kept.
    pub pulse: Pulse,
}

impl Timekeeper {
    /// Waits until a sweep is due; `false` when stopped. Fails when the clockwork does.
    pub async fn next_tick(&self, stop: &CancellationToken) -> anyhow::Result<bool> {
        loop {
            match self.wait_until_due(stop).await? {
                Waited::Due => return Ok(true),
                Waited::Stopped => return Ok(false),
                Waited::ClockWentBack => {}
            }
        }
    }

    async fn wait_until_due(&self, stop: &CancellationToken) -> anyhow::Result<Waited> {
        let began = self.clock.now();
        let due = maintenance::next_sweep(&self.schedule, &self.maintenance, began)
            .context("the schedule has no next instant")?;
        self.live.set_next_sweep(Some(due));
        let bell = Arc::new(Notify::new());
        self.arm(due, &bell).await?;
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(Waited::Stopped),
                () = bell.notified() => {
                    if self.clock.now() < due {
                        self.arm(due, &bell).await?;
                    }
                }
                () = self.clock.sleep(LOOK_EVERY) => {}
            }
            self.pulse.beat(self.clock.elapsed());
            let now = self.clock.now();
            if now >= due {
                return Ok(Waited::Due);
            }
            if now < began {
                return Ok(Waited::ClockWentBack);
            }
        }
    }

    async fn arm(&self, due: Timestamp, bell: &Arc<Notify>) -> anyhow::Result<()> {
        let wait = (due - self.clock.now()).to_std().unwrap_or_default();
        self.clockwork.ring_after(wait, Arc::clone(bell)).await
    }
}

/// How waiting for the next sweep ended.
enum Waited {
    Due,
    Stopped,
    /// Behind where the waiting began: another instant is the next one now.
    ClockWentBack,
}

/// Whether a sweep was missed while nobody kept time: the first one is due at once, and so is one whose
/// time came after the latest began. What a clock that was wrong dated ahead says nothing of what was missed.
pub fn missed(schedule: &Schedule, maintenance: &Maintenance, latest: Option<Timestamp>, now: Timestamp) -> bool {
    let due = |latest| maintenance::next_sweep(schedule, maintenance, latest);
    latest.is_none_or(|latest| latest > now || due(latest).is_some_and(|due| due <= now))
}
