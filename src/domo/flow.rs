//! How calls reach an instance: each render through a gate, each call at the instance's pace. Owns the two and, where
//! nobody has set how many renders may be in flight, what is learnt of it from each answer; the arithmetic is in
//! [`window`](super::window) and [`pacing`](super::pacing). It sends nothing.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus::IntGauge;

use super::gate::{Gate, Place};
use super::pacing::{Pace, Pacer, Pass, Slowed};
use super::window::{FIRST, MOST, Sent, Window};
use crate::clock::SharedClock;
use crate::config::valid::{Concurrency, Instance};

/// The way to one instance.
#[derive(Debug)]
pub(super) struct Flow {
    gate: Gate,
    pacer: Pacer,
    /// None where the number of renders in flight is set.
    window: Option<Mutex<Window>>,
    clock: SharedClock,
    gauge: IntGauge,
}

/// A call that may be sent now; it is in flight until this is told how it ended, or dropped.
#[derive(Debug)]
pub(super) struct Ticket<'a> {
    flow: &'a Flow,
    pass: Pass,
    sent: Option<Sent>,
    place: Option<Place<'a>>,
}

impl Flow {
    /// The way that an instance's configuration asks for. `gauge` shows how many renders may be in flight.
    pub(super) fn new(instance: &Instance, clock: SharedClock, gauge: IntGauge) -> Self {
        let rate = instance.requests_per_second;
        let (pace, window) = match instance.concurrency {
            Concurrency::Auto => (Pace::steered(rate), Some(Window::new(clock.elapsed()))),
            Concurrency::Fixed(_) => (Pace::new(rate), None),
        };
        let size = match (instance.concurrency, &window) {
            (Concurrency::Fixed(size), _) => size.get(),
            (Concurrency::Auto, window) => window.as_ref().map_or(1, Window::size),
        };
        let pacer = Pacer::new(pace, Arc::clone(&clock));
        let flow = Self { gate: Gate::new(size), pacer, window: window.map(Mutex::new), clock, gauge };
        flow.steer();
        flow
    }

    /// The most renders that may ever be in flight.
    pub(super) fn most(concurrency: Concurrency) -> usize {
        match concurrency {
            Concurrency::Auto => MOST,
            Concurrency::Fixed(size) => NonZeroUsize::get(size),
        }
    }

    /// How many renders may be in flight now.
    pub(super) fn size(&self) -> usize {
        self.gate.size()
    }

    /// How many lists may be asked for at a time: what was found out holds for renders alone.
    pub(super) fn lists(&self) -> usize {
        if self.window.is_some() { self.size().min(FIRST as usize) } else { self.size() }
    }

    /// Waits until a call may be sent; a render also for its place.
    pub(super) async fn enter(&self, render: bool) -> Ticket<'_> {
        loop {
            let place = if render { Some(self.gate.enter().await) } else { None };
            let pass = self.pacer.admit().await;
            // While it waited for its turn the gate may have become smaller, because of a 429.
            if place.as_ref().is_some_and(Place::is_owed) {
                continue;
            }
            let sent = self.window().map(|mut window| window.sent(self.clock.elapsed()));
            return Ticket { flow: self, pass, sent, place };
        }
    }

    /// Lets gate and pace follow the window.
    fn steer(&self) {
        if let Some(window) = self.window() {
            self.gate.resize(window.size());
            self.pacer.space(window.gap());
        }
        self.gauge.set(i64::try_from(self.gate.size()).unwrap_or(i64::MAX));
    }

    fn window(&self) -> Option<MutexGuard<'_, Window>> {
        // Its numbers are of use whatever happened to the thread that held it.
        self.window.as_ref().map(|window| window.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Ticket<'_> {
    /// The call was answered as usual. `true` when with it the instance is asked at full pace again.
    pub(super) fn answered(mut self) -> bool {
        let now = self.flow.clock.elapsed();
        if let Some((mut window, sent)) = self.flow.window().zip(self.sent.take()) {
            window.answered(now, sent, self.place.is_some());
        }
        self.flow.steer();
        self.flow.pacer.ease()
    }

    /// The call was answered with a 429.
    pub(super) fn refused(mut self, retry_after: Option<Duration>) -> Slowed {
        let slowed = self.flow.pacer.slow_down(self.pass, retry_after);
        let now = self.flow.clock.elapsed();
        if let Some((mut window, sent)) = self.flow.window().zip(self.sent.take()) {
            window.refused(now, sent, slowed);
        }
        self.flow.steer();
        slowed
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if let Some((mut window, sent)) = self.flow.window().zip(self.sent.take()) {
            window.lost(self.flow.clock.elapsed(), sent);
        }
    }
}
