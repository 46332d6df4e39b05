//! Sweeps are due when the clock on the wall says so, whatever that clock does. The real timekeeper, on a
//! clock that the test moves and sets.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/steps.rs"]
#[expect(dead_code, reason = "other tests move their clock otherwise")]
mod steps;

use std::sync::Arc;
use std::time::Duration;

use cardwatch::clock::Clock as _;
use cardwatch::daemon::lifecycle::Pulses;
use cardwatch::daemon::schedule::{Clockwork, Timekeeper, missed};
use cardwatch::domain::Timestamp;
use cardwatch::domain::maintenance::{Maintenance, Window};
use cardwatch::domain::schedule::Schedule;
use cardwatch::http::live::Live;
use chrono::TimeDelta;
use chrono_tz::Tz;
use steps::Steps;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_cron_scheduler::Job;
use tokio_util::sync::CancellationToken;

/// No look at the clock is longer after another.
const LOOK: Duration = Duration::from_secs(20);

fn schedule(text: &str) -> Schedule {
    Schedule::parse(text, Tz::UTC).unwrap()
}

fn at(text: &str) -> Timestamp {
    format!("2026-11-{text}:00Z").parse().unwrap()
}

/// A timekeeper at work since 08:00 on the 2nd of November, and the ticks that it gave.
struct Watch {
    clock: Arc<Steps>,
    live: Arc<Live>,
    pulses: Pulses,
    ticks: mpsc::UnboundedReceiver<Timestamp>,
    stop: CancellationToken,
    working: JoinHandle<()>,
}

impl Watch {
    async fn with(text: &str) -> Self {
        Self::with_maintenance(text, Maintenance::default()).await
    }

    async fn with_maintenance(text: &str, maintenance: Maintenance) -> Self {
        let (clock, live, pulses) = (Steps::new(), Arc::<Live>::default(), Pulses::default());
        let keeper = Timekeeper {
            clockwork: Clockwork::start().await.unwrap(),
            schedule: schedule(text),
            maintenance,
            clock: clock.clone(),
            live: Arc::clone(&live),
            pulse: pulses.add("the schedule", Duration::from_mins(2), Duration::ZERO),
        };
        let stop = CancellationToken::new();
        let (tick, ticks) = mpsc::unbounded_channel();
        let (now, ending) = (clock.clone(), stop.clone());
        let working = tokio::spawn(async move {
            while keeper.next_tick(&ending).await.unwrap() {
                tick.send(now.now()).unwrap();
            }
        });
        Self { clock, live, pulses, ticks, stop, working }
    }

    /// Lets time pass; the ticks that came of it.
    async fn pass(&mut self, minutes: u64) -> Vec<Timestamp> {
        self.clock.pass(Duration::from_mins(minutes)).await;
        let mut ticks = Vec::new();
        while let Ok(tick) = self.ticks.try_recv() {
            ticks.push(tick);
        }
        ticks
    }
}

/// That each tick came at its time, or within a look after it.
fn assert_ticks(ticks: &[Timestamp], due: &[&str]) {
    let due: Vec<_> = due.iter().map(|text| at(text)).collect();
    assert_eq!(ticks.len(), due.len(), "{ticks:?}, not {due:?}");
    for (tick, due) in ticks.iter().zip(due) {
        let late = (*tick - due).to_std().expect("none comes early");
        assert!(late <= LOOK, "{tick}, not {due}");
    }
}

#[tokio::test]
async fn a_tick_comes_at_each_time_that_is_due() {
    let mut watch = Watch::with("*/15 * * * *").await;
    assert_ticks(&watch.pass(50).await, &["02T08:15", "02T08:30", "02T08:45"]);
    assert_eq!(watch.live.next_sweep(), Some(at("02T09:00")));
    assert_eq!(watch.pulses.check(watch.clock.elapsed()), Ok(()));
}

#[tokio::test]
async fn a_clock_that_jumps_forward_by_hours_brings_one_tick_and_then_goes_on() {
    let mut watch = Watch::with("*/15 * * * *").await;
    assert_ticks(&watch.pass(20).await, &["02T08:15"]);
    watch.clock.jump(TimeDelta::hours(5));
    assert_ticks(&watch.pass(1).await, &["02T13:20"]);
    assert_ticks(&watch.pass(30).await, &["02T13:30", "02T13:45"]);
}

#[tokio::test]
async fn a_clock_that_jumps_back_by_hours_makes_no_sweep_wait_for_hours() {
    let mut watch = Watch::with("*/15 * * * *").await;
    assert_ticks(&watch.pass(20).await, &["02T08:15"]);
    watch.clock.jump(TimeDelta::hours(-5));
    assert_ticks(&watch.pass(30).await, &["02T03:30", "02T03:45"]);
    assert_eq!(watch.live.next_sweep(), Some(at("02T04:00")));
}

#[tokio::test]
async fn a_clock_that_jumps_there_and_back_leaves_the_schedule_as_it_was() {
    let mut watch = Watch::with("0 9 * * *").await;
    assert_ticks(&watch.pass(30).await, &[]);
    watch.clock.jump(TimeDelta::hours(-3));
    assert_ticks(&watch.pass(10).await, &[]);
    watch.clock.jump(TimeDelta::hours(3));
    assert_ticks(&watch.pass(30).await, &["02T09:00"]);
}

#[tokio::test]
async fn a_daily_sweep_is_due_again_when_the_day_comes_again() {
    let mut watch = Watch::with("0 9 * * *").await;
    assert_ticks(&watch.pass(90).await, &["02T09:00"]);
    watch.clock.jump(TimeDelta::hours(-24));
    assert_ticks(&watch.pass(24 * 60).await, &["02T09:00"]);
}

/// Mails wait from half past eight for so many minutes.
fn waiting(minutes: u64) -> Maintenance {
    let window = Window { start: schedule("30 8 * * *"), duration: Duration::from_mins(minutes) };
    Maintenance { windows: vec![window] }
}

#[tokio::test]
async fn the_end_of_a_maintenance_window_is_a_time_for_a_sweep() {
    let mut watch = Watch::with_maintenance("0 12 * * *", waiting(50)).await;
    assert_ticks(&watch.pass(5 * 60).await, &["02T09:20", "02T12:00"]);
    assert_eq!(watch.live.next_sweep(), Some(at("03T09:20")));
}

#[tokio::test]
async fn a_window_that_ends_as_a_sweep_is_due_anyway_brings_one_tick() {
    let mut watch = Watch::with_maintenance("*/15 * * * *", waiting(30)).await;
    assert_ticks(&watch.pass(70).await, &["02T08:15", "02T08:30", "02T08:45", "02T09:00"]);
}

#[test]
fn a_maintenance_window_that_ended_while_nobody_kept_time_is_a_missed_sweep() {
    let (daily, waiting) = (schedule("0 12 * * *"), waiting(50));
    assert!(missed(&daily, &waiting, Some(at("02T08:40")), at("02T09:20")));
    assert!(!missed(&daily, &waiting, Some(at("02T08:40")), at("02T09:19")));
    assert!(!missed(&daily, &waiting, Some(at("02T09:20")), at("02T11:59")));
}

#[tokio::test]
async fn a_timekeeper_that_is_stopped_gives_no_tick() {
    let mut watch = Watch::with("*/15 * * * *").await;
    watch.clock.when_idle().await;
    watch.stop.cancel();
    watch.working.await.unwrap();
    assert!(watch.ticks.try_recv().is_err());
}

#[test]
fn the_first_sweep_of_all_is_due_at_once() {
    assert!(missed(&schedule("0 9 * * *"), &Maintenance::default(), None, at("02T08:00")));
}

#[test]
fn a_sweep_that_was_due_since_the_latest_began_was_missed() {
    let daily = schedule("0 9 * * *");
    assert!(missed(&daily, &Maintenance::default(), Some(at("01T09:00")), at("02T09:00")));
    assert!(
        missed(&daily, &Maintenance::default(), Some(at("01T09:00")), at("09T12:00")),
        "however many, it is one sweep"
    );
    assert!(!missed(&daily, &Maintenance::default(), Some(at("01T09:00")), at("02T08:59")));
    assert!(!missed(&daily, &Maintenance::default(), Some(at("02T09:00")), at("02T09:10")));
    assert!(!missed(&daily, &Maintenance::default(), Some(at("02T12:00")), at("02T12:00")));
}

#[test]
fn a_latest_sweep_that_a_wrong_clock_dated_ahead_is_not_waited_for() {
    assert!(missed(&schedule("0 9 * * *"), &Maintenance::default(), Some(at("05T09:00")), at("02T09:00")));
}

/// If this fails, tokio-cron-scheduler has learnt it, and `daemon::schedule` may become simpler: its cron jobs
/// take no five fields, and keep for good the offset that their zone has when they are made.
#[test]
fn tokio_cron_scheduler_by_itself_refuses_five_fields_and_knows_no_zone_but_an_offset() {
    assert!(Job::new("*/15 * * * *", |_, _| {}).is_err());
    let mut berlin = Job::new_tz("0 0 7 * * *", Tz::Europe__Berlin, |_, _| {}).unwrap();
    let kept = berlin.job_data().unwrap();
    assert!([3_600, 7_200].contains(&kept.time_offset_seconds));
}
