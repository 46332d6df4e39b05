//! Gauges with a series for each page or card. Owns making them as they are told of: a registry is made for values that
//! change under many hands, and would cost more than all the rest of a scrape for thousands that are read once.

use prometheus::proto::{Gauge, LabelPair, Metric, MetricFamily, MetricType};

/// A gauge and its series.
pub(super) struct Series {
    name: &'static str,
    help: &'static str,
    metrics: Vec<Metric>,
}

impl Series {
    pub(super) fn new(name: &'static str, help: &'static str) -> Self {
        Self { name, help, metrics: Vec::new() }
    }

    /// One series more, whose labels differ from those of every other.
    #[expect(clippy::cast_precision_loss, reason = "counts of cards stay exact up to 2^53")]
    pub(super) fn push(&mut self, labels: &[(&str, &str)], count: usize) {
        let pair = |(name, value): &(&str, &str)| {
            let mut pair = LabelPair::default();
            pair.set_name((*name).to_owned());
            pair.set_value((*value).to_owned());
            pair
        };
        let mut gauge = Gauge::default();
        gauge.set_value(count as f64);
        let mut metric = Metric::from_label(labels.iter().map(pair).collect());
        metric.set_gauge(gauge);
        self.metrics.push(metric);
    }

    /// As a scrape tells it; `None` where there is no series, which the format has no words for.
    pub(super) fn family(self) -> Option<MetricFamily> {
        let mut family = MetricFamily::default();
        family.set_name(self.name.to_owned());
        family.set_help(self.help.to_owned());
        family.set_field_type(MetricType::GAUGE);
        let is_empty = self.metrics.is_empty();
        family.set_metric(self.metrics);
        (!is_empty).then_some(family)
    }
}
