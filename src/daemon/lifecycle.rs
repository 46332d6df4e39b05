//! The life of the process: pulses, systemd's readiness and watchdog, the signals that end it. Owns
//! telling a daemon that works from one that only runs; what a task does is the task's.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use anyhow::Context as _;
use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::clock::SharedClock;
use crate::domain::foreign::without_number;

/// The sign of life of one task: it beats when the task has moved, not when the runtime turns.
#[derive(Debug, Clone)]
pub struct Pulse(Arc<Beating>);

#[derive(Debug)]
struct Beating {
    name: String,
    limit: Duration,
    /// On the clock's `elapsed`, in milliseconds.
    last: AtomicU64,
}

impl Pulse {
    /// A pulse that nobody watches, for a command that runs once.
    pub fn unwatched() -> Self {
        Self(Arc::new(Beating { name: String::new(), limit: Duration::MAX, last: AtomicU64::new(0) }))
    }

    /// The task moved; `elapsed` is the clock's.
    pub fn beat(&self, elapsed: Duration) {
        self.0.last.store(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// The pulses of every task that lives.
#[derive(Debug, Clone, Default)]
pub struct Pulses(Arc<Mutex<Vec<Weak<Beating>>>>);

impl Pulses {
    /// Adds a task that must move at least once within `limit`.
    pub fn add(&self, name: impl Into<String>, limit: Duration, elapsed: Duration) -> Pulse {
        let pulse = Pulse(Arc::new(Beating { name: name.into(), limit, last: AtomicU64::new(0) }));
        pulse.beat(elapsed);
        let mut pulses = self.lock();
        pulses.retain(|pulse| pulse.strong_count() > 0);
        pulses.push(Arc::downgrade(&pulse.0));
        drop(pulses);
        pulse
    }

    /// Which task has not moved within its limit.
    pub fn check(&self, elapsed: Duration) -> Result<(), String> {
        let stuck = self.lock().iter().filter_map(Weak::upgrade).find_map(|pulse| {
            let last = Duration::from_millis(pulse.last.load(Ordering::Relaxed));
            let still = elapsed.saturating_sub(last);
            (still > pulse.limit).then(|| format!("{} has not moved for {} s", pulse.name, still.as_secs()))
        });
        stuck.map_or(Ok(()), Err)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Weak<Beating>>> {
        // A panic while the list was held leaves it whole: only pushes happen under the lock.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Tells systemd how it stands, where it listens.
pub fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!("systemd could not be told: {}", without_number(&error.to_string()));
    }
}

/// Tells systemd that the configuration is read again; readiness ends it.
pub fn notify_reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(error) => {
            tracing::warn!("systemd could not be told of the reload: {}", without_number(&error.to_string()));
        }
    }
}

/// Feeds systemd's watchdog while every task moves, until stopped.
pub async fn feed_watchdog(pulses: Pulses, clock: SharedClock, stop: CancellationToken) {
    let Some(limit) = sd_notify::watchdog_enabled() else {
        stop.cancelled().await;
        return;
    };
    loop {
        match pulses.check(clock.elapsed()) {
            Ok(()) => notify(&[NotifyState::Watchdog]),
            Err(stuck) => tracing::error!("the watchdog is not fed, and systemd will start cardwatch again: {stuck}"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = clock.sleep(limit / 3) => {}
        }
    }
}

/// The signals that the process minds. Whoever holds this is not killed by one any more: it waits to be heeded.
#[derive(Debug)]
pub struct Signals {
    term: Signal,
    int: Signal,
    hup: Signal,
}

impl Signals {
    /// Takes them over from the kernel, within a runtime. Fails where that refuses.
    pub fn take() -> anyhow::Result<Self> {
        let take = |kind| signal(kind).context("signals cannot be taken over");
        Ok(Self {
            term: take(SignalKind::terminate())?,
            int: take(SignalKind::interrupt())?,
            hup: take(SignalKind::hangup())?,
        })
    }

    /// Cancels `stop` on SIGTERM or SIGINT, and asks for the configuration to be read again on SIGHUP.
    pub async fn heed(mut self, stop: CancellationToken, reload: mpsc::Sender<()>) {
        loop {
            let name = tokio::select! {
                _ = self.term.recv() => "SIGTERM",
                _ = self.int.recv() => "SIGINT",
                _ = self.hup.recv() => {
                    // One that waits already will read what is there by then.
                    let _waits = reload.try_send(());
                    continue;
                }
                () = stop.cancelled() => return,
            };
            tracing::info!(signal = name, "stopping");
            notify(&[NotifyState::Stopping]);
            stop.cancel();
        }
    }
}

/// Whether another process of this id lives and is a cardwatch too: one that began a sweep and may still
/// close it. The kernel gives ids out again, so the name is looked at as well.
pub fn is_other_cardwatch(pid: u32) -> bool {
    let name = |pid: &str| std::fs::read_to_string(format!("/proc/{pid}/comm")).ok();
    pid != std::process::id() && name(&pid.to_string()).is_some_and(|other| Some(other) == name("self"))
}
