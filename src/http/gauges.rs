//! `/metrics`: the rooms' counters, and gauges of what is true, made anew for each scrape out of one
//! snapshot. Owns the names and labels of the gauges; since the registry is fresh, no label outlives what
//! it named, and after a restart the gauges are right because the snapshot is read from the database. What has to be
//! counted over all cards is [`kept`](super::kept) from one scrape to the next.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use prometheus::proto::MetricFamily;
use prometheus::{Encoder, GaugeVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder};

use super::series::Gauge;
use super::told::{CARD_BROKEN, PAGE_BROKEN_CARDS, PAGE_CARDS, Told};
use super::{Board, Settings};
use crate::domain::Timestamp;
use crate::domain::counted::Counted;
use crate::domain::search::Which;
use crate::domain::shown::Shown;
use crate::domain::snapshot::InstanceSnapshot;
use crate::domain::verdict::Class;
use crate::store::QueueState;

/// `/metrics`
pub(super) async fn metrics(State(board): State<Board>) -> Response {
    match scrape(&board).await {
        Ok(body) => ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], body).into_response(),
        Err(error) => {
            tracing::error!("cannot answer a scrape: {error}");
            (StatusCode::INTERNAL_SERVER_ERROR, format!("cannot make the metrics: {error}\n")).into_response()
        }
    }
}

async fn scrape(board: &Board) -> anyhow::Result<Vec<u8>> {
    let registry = Registry::new();
    let fresh = Fresh(&registry);
    let (cards, sweeps, own) = (CardGauges::new(&fresh)?, SweepGauges::new(&fresh)?, OwnGauges::new(&fresh)?);
    let settings = board.settings.borrow().clone();
    let now = board.clock.now();
    let snapshot = board.snapshot.borrow().clone();
    let counted = board.kept.counted(&snapshot, now, &settings);
    let told = board.kept.told(&snapshot, now, &settings);
    for ((instance, counted), told) in snapshot.iter().zip(&counted).zip(&told) {
        cards.show(instance, counted, told);
        sweeps.show(board, &settings, instance, now);
    }
    own.show(board.store.queue_state().await?, board.store.size().await?);
    let mut families = board.registry.gather();
    families.extend(registry.gather());
    text(&families, &told)
}

/// All of a scrape, in the order of the names.
fn text(families: &[MetricFamily], told: &[Arc<Told>]) -> anyhow::Result<Vec<u8>> {
    let of_each = |of: fn(&Told) -> &str| -> Vec<&str> { told.iter().map(|told| of(told)).collect() };
    let series = [
        (CARD_BROKEN, of_each(|told| &told.card_broken)),
        (PAGE_BROKEN_CARDS, of_each(|told| &told.page_broken_cards)),
        (PAGE_CARDS, of_each(|told| &told.page_cards)),
    ];
    let length: usize = series.iter().flat_map(|(_, series)| series).map(|series| series.len()).sum();
    let mut parts: Vec<(&str, Part<'_>)> =
        families.iter().map(|family| (family.name(), Part::Counted(family))).collect();
    parts.extend(series.into_iter().map(|(gauge, series)| (gauge.name, Part::Told(gauge, series))));
    parts.sort_by_key(|(name, _)| *name);
    let mut body = Vec::with_capacity(length + 64 * 1024);
    for (_, part) in parts {
        match part {
            Part::Counted(family) => TextEncoder::new().encode(std::slice::from_ref(family), &mut body)?,
            // The format has no words for a gauge without series.
            Part::Told(_, series) if series.iter().all(|series| series.is_empty()) => {}
            Part::Told(gauge, series) => {
                body.extend_from_slice(gauge.head().as_bytes());
                for series in series {
                    body.extend_from_slice(series.as_bytes());
                }
            }
        }
    }
    Ok(body)
}

/// A part of a scrape that has one name.
enum Part<'a> {
    Counted(&'a MetricFamily),
    /// The series of each instance.
    Told(Gauge, Vec<&'a str>),
}

const INSTANCE: &[&str] = &["domo_instance"];
const STATE: &[&str] = &["domo_instance", "state"];
const CLASS: &[&str] = &["domo_instance", "class"];

/// The registry of one scrape, in which each gauge is as it is made.
struct Fresh<'r>(&'r Registry);

impl Fresh<'_> {
    fn whole(&self, name: &str, labels: &[&str], help: &str) -> prometheus::Result<IntGaugeVec> {
        let gauge = IntGaugeVec::new(Opts::new(name, help), labels)?;
        self.0.register(Box::new(gauge.clone()))?;
        Ok(gauge)
    }

    fn seconds(&self, name: &str, help: &str) -> prometheus::Result<GaugeVec> {
        let gauge = GaugeVec::new(Opts::new(name, help), INSTANCE)?;
        self.0.register(Box::new(gauge.clone()))?;
        Ok(gauge)
    }

    fn one(&self, name: &str, help: &str) -> prometheus::Result<IntGauge> {
        let gauge = IntGauge::new(name, help)?;
        self.0.register(Box::new(gauge.clone()))?;
        Ok(gauge)
    }
}

/// What is true of the cards of each instance.
struct CardGauges {
    cards: IntGaugeVec,
    series_dropped: IntGaugeVec,
    incidents_open: IntGaugeVec,
    muted: IntGaugeVec,
    slow: IntGaugeVec,
    no_data: IntGaugeVec,
    invalid_functions: IntGaugeVec,
}

impl CardGauges {
    fn new(fresh: &Fresh<'_>) -> prometheus::Result<Self> {
        Ok(Self {
            cards: fresh.whole("cardwatch_cards", STATE, "Distinct cards monitored, by state.")?,
            series_dropped: fresh.whole(
                "cardwatch_card_broken_series_dropped",
                INSTANCE,
                "Broken cards that have no series of their own because of the cap.",
            )?,
            incidents_open: fresh.whole(
                "cardwatch_incidents_open",
                CLASS,
                "Causes for which cards are broken now, by Domo's class.",
            )?,
            muted: fresh.whole("cardwatch_muted_cards", INSTANCE, "Broken cards that are muted.")?,
            slow: fresh.whole(
                "cardwatch_slow_cards",
                INSTANCE,
                "Cards that work and are slow by their own history.",
            )?,
            no_data: fresh.whole("cardwatch_no_data_cards", INSTANCE, "Cards that render without data.")?,
            invalid_functions: fresh.whole(
                "cardwatch_invalid_functions",
                INSTANCE,
                "Beast modes that are invalid, as Domo counted them lately; absent where it did not.",
            )?,
        })
    }

    fn show(&self, instance: &InstanceSnapshot, counted: &Counted, told: &Told) {
        let name = instance.name.as_str();
        for shown in Shown::ALL {
            self.cards.with_label_values(&[name, shown.name()]).set(whole(counted.counts.of(shown)));
        }
        self.series_dropped.with_label_values(&[name]).set(whole(told.dropped));
        let open = || counted.incidents.keys().filter_map(|id| instance.incidents.get(id));
        for class in Class::ALL {
            let of_class = open().filter(|incident| incident.reason.class == class).count();
            self.incidents_open.with_label_values(&[name, class.name()]).set(whole(of_class));
        }
        self.muted.with_label_values(&[name]).set(whole(counted.in_set(Which::Muted)));
        self.slow.with_label_values(&[name]).set(whole(counted.slow.len()));
        self.no_data.with_label_values(&[name]).set(whole(counted.no_data.len()));
        if let Some(count) = instance.invalid_functions {
            self.invalid_functions.with_label_values(&[name]).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }
}

/// What is true of the sweeps of each instance.
struct SweepGauges {
    maintenance: IntGaugeVec,
    domo_up: IntGaugeVec,
    last_completed: GaugeVec,
    next: GaugeVec,
    overdue: IntGaugeVec,
    last_duration: GaugeVec,
    remaining: IntGaugeVec,
}

impl SweepGauges {
    fn new(fresh: &Fresh<'_>) -> prometheus::Result<Self> {
        Ok(Self {
            maintenance: fresh.whole(
                "cardwatch_maintenance",
                INSTANCE,
                "1 while a maintenance window is open: sweeps go on, mails wait.",
            )?,
            domo_up: fresh.whole(
                "cardwatch_domo_up",
                INSTANCE,
                "1 when the latest sweep could sign in, list cards and decide one.",
            )?,
            last_completed: fresh.seconds(
                "cardwatch_sweep_last_completed_timestamp_seconds",
                "When the latest sweep ended that decided every card.",
            )?,
            next: fresh.seconds("cardwatch_sweep_next_timestamp_seconds", "When the next sweep is due.")?,
            overdue: fresh.whole(
                "cardwatch_sweeps_overdue",
                INSTANCE,
                "Intervals of the schedule that passed without a sweep that decided anything.",
            )?,
            last_duration: fresh.seconds("cardwatch_sweep_last_duration_seconds", "How long the latest sweep took.")?,
            remaining: fresh.whole(
                "cardwatch_sweep_cards_remaining",
                INSTANCE,
                "Cards that the running sweep has still to decide.",
            )?,
        })
    }

    fn show(&self, board: &Board, settings: &Settings, instance: &InstanceSnapshot, now: Timestamp) {
        let name = instance.name.as_str();
        let (live, set) = (board.live.of_instance(&instance.name), settings.instances.get(&instance.name));
        let overdue = set.map_or(0, |set| instance.overdue(&set.schedule, live.kept_since(), now));
        self.overdue.with_label_values(&[name]).set(whole(overdue));
        let open = set.and_then(|set| set.maintenance.span_at(now));
        self.maintenance.with_label_values(&[name]).set(i64::from(open.is_some()));
        self.domo_up.with_label_values(&[name]).set(i64::from(instance.domo_up()));
        self.remaining.with_label_values(&[name]).set(whole(live.remaining()));
        self.next.with_label_values(&[name]).set(live.next_sweep().map_or(0.0, seconds));
        self.last_completed.with_label_values(&[name]).set(instance.last_completed.map_or(0.0, seconds));
        let took =
            instance.last_sweep.as_ref().map_or(0.0, |sweep| seconds(sweep.finished_at) - seconds(sweep.started_at));
        self.last_duration.with_label_values(&[name]).set(took);
    }
}

/// What is true of cardwatch itself.
struct OwnGauges {
    queue_length: IntGauge,
    queue_oldest: prometheus::Gauge,
    store_size: IntGauge,
    build_info: IntGaugeVec,
}

impl OwnGauges {
    fn new(fresh: &Fresh<'_>) -> prometheus::Result<Self> {
        let queue_oldest = prometheus::Gauge::new(
            "cardwatch_email_queue_oldest_timestamp_seconds",
            "When the oldest mail that waits to be sent was composed, 0 when none waits.",
        )?;
        fresh.0.register(Box::new(queue_oldest.clone()))?;
        Ok(Self {
            queue_length: fresh.one("cardwatch_email_queue_length", "Mails that wait to be sent.")?,
            queue_oldest,
            store_size: fresh.one("cardwatch_store_size_bytes", "Size of the database.")?,
            build_info: fresh.whole("cardwatch_build_info", &["version"], "1, with the version that runs.")?,
        })
    }

    fn show(&self, queue: QueueState, store_size: u64) {
        self.queue_length.set(i64::try_from(queue.length).unwrap_or(i64::MAX));
        self.queue_oldest.set(queue.oldest.map_or(0.0, seconds));
        self.store_size.set(i64::try_from(store_size).unwrap_or(i64::MAX));
        self.build_info.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
    }
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 stay exact for 280,000 years")]
fn seconds(at: Timestamp) -> f64 {
    at.timestamp_millis() as f64 / 1000.0
}
