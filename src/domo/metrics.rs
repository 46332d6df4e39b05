//! What the client counts. Owns its counters and histograms, made from the registry that it is given;
//! and the gauge of how many renders may be in flight; gauges of what is saved are `http`'s, from the snapshot.

use std::collections::HashMap;
use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{Histogram, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};

use crate::domain::ids::InstanceName;

/// Seconds. A card takes a tenth of one when its data is small, and Domo gives up after about sixty.
const BUCKETS: [f64; 11] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 90.0];

/// The counters of all instances.
#[derive(Debug, Clone)]
pub struct DomoMetrics {
    requests: IntCounterVec,
    renders: HistogramVec,
    concurrency: IntGaugeVec,
}

impl DomoMetrics {
    /// Registers them. Fails where they are registered already.
    pub fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let requests = IntCounterVec::new(
            Opts::new(
                "cardwatch_domo_requests_total",
                "Requests to Domo, by endpoint and HTTP status ('error' without an answer).",
            ),
            &["domo_instance", "endpoint", "status"],
        )?;
        let renders = HistogramVec::new(
            HistogramOpts::new(
                "cardwatch_render_duration_seconds",
                "How long the renders of cards took, each attempt by itself.",
            )
            .buckets(BUCKETS.to_vec()),
            &["domo_instance"],
        )?;
        let concurrency = IntGaugeVec::new(
            Opts::new("cardwatch_render_concurrency", "Renders that may be in flight now."),
            &["domo_instance"],
        )?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(renders.clone()))?;
        registry.register(Box::new(concurrency.clone()))?;
        Ok(Self { requests, renders, concurrency })
    }

    /// The counters of one instance; what can be known of them exists from now on.
    pub(super) fn for_instance(&self, name: &InstanceName) -> InstanceMetrics {
        for endpoint in ["login", "pages", "cards", "render"] {
            let _from_the_start = self.requests.with_label_values(&[name.as_str(), endpoint, "200"]);
        }
        InstanceMetrics {
            name: name.clone(),
            requests: self.requests.clone(),
            renders: self.renders.with_label_values(&[name.as_str()]),
            concurrency: self.concurrency.with_label_values(&[name.as_str()]),
        }
    }

    /// Lets the series of an instance vanish that is no longer configured.
    pub fn forget(&self, name: &InstanceName) {
        // It fails only where there is no such series.
        let _ = self.renders.remove_label_values(&[name.as_str()]);
        let _ = self.concurrency.remove_label_values(&[name.as_str()]);
        for family in self.requests.collect() {
            for metric in family.get_metric() {
                let labels: HashMap<&str, &str> =
                    metric.get_label().iter().map(|pair| (pair.name(), pair.value())).collect();
                if labels.get("domo_instance") == Some(&name.as_str()) {
                    let _ = self.requests.remove(&labels);
                }
            }
        }
    }
}

/// The counters of one instance.
#[derive(Debug)]
pub(super) struct InstanceMetrics {
    name: InstanceName,
    requests: IntCounterVec,
    renders: Histogram,
    concurrency: IntGauge,
}

impl InstanceMetrics {
    /// Counts a request; `None` = nobody answered.
    pub(super) fn request(&self, endpoint: &str, status: Option<u16>) {
        let status = status.map_or_else(|| "error".to_owned(), |status| status.to_string());
        self.requests.with_label_values(&[self.name.as_str(), endpoint, &status]).inc();
    }

    /// The gauge of how many renders may be in flight.
    pub(super) fn concurrency(&self) -> IntGauge {
        self.concurrency.clone()
    }

    /// Takes note of how long a render took.
    pub(super) fn render(&self, latency: Duration) {
        self.renders.observe(latency.as_secs_f64());
    }
}
