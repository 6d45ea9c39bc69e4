//! Building one family without repeating the crate's setters.

use prometheus::proto::{Counter, Gauge, Histogram, LabelPair, Metric, MetricFamily, MetricType};

const PREFIX: &str = "pointsman_";

/// A family that collects samples.
pub(super) struct Family {
    name: String,
    help: &'static str,
    kind: MetricType,
    samples: Vec<Metric>,
}

impl Family {
    pub(super) fn counter(name: &str, help: &'static str) -> Self {
        Self::new(name, help, MetricType::COUNTER)
    }

    pub(super) fn gauge(name: &str, help: &'static str) -> Self {
        Self::new(name, help, MetricType::GAUGE)
    }

    pub(super) fn histogram(name: &str, help: &'static str) -> Self {
        Self::new(name, help, MetricType::HISTOGRAM)
    }

    fn new(name: &str, help: &'static str, kind: MetricType) -> Self {
        Self { name: format!("{PREFIX}{name}"), help, kind, samples: Vec::default() }
    }

    #[expect(clippy::cast_precision_loss, reason = "Prometheus knows only floats; counts past 2^53 are not met in practice")]
    pub(super) fn add(&mut self, labels: &[(&str, &str)], value: u64) {
        self.add_float(labels, value as f64);
    }

    /// Adds a sample of a counter that would only say zero to nobody.
    pub(super) fn add_nonzero(&mut self, labels: &[(&str, &str)], value: u64) {
        if value > 0 {
            self.add(labels, value);
        }
    }

    pub(super) fn add_float(&mut self, labels: &[(&str, &str)], value: f64) {
        let mut sample = Metric::from_label(pairs(labels));
        if self.kind == MetricType::COUNTER {
            let mut counter = Counter::default();
            counter.set_value(value);
            sample.set_counter(counter);
        } else {
            let mut gauge = Gauge::default();
            gauge.set_value(value);
            sample.set_gauge(gauge);
        }
        self.samples.push(sample);
    }

    pub(super) fn add_histogram(&mut self, labels: &[(&str, &str)], histogram: Histogram) {
        let mut sample = Metric::from_label(pairs(labels));
        sample.set_histogram(histogram);
        self.samples.push(sample);
    }

    pub(super) fn build(self) -> MetricFamily {
        let mut family = MetricFamily::default();
        family.set_name(self.name);
        family.set_help(self.help.to_owned());
        family.set_field_type(self.kind);
        family.set_metric(self.samples);
        family
    }
}

fn pairs(labels: &[(&str, &str)]) -> Vec<LabelPair> {
    let pair = |(name, value): &(&str, &str)| {
        let mut pair = LabelPair::default();
        pair.set_name((*name).to_owned());
        pair.set_value((*value).to_owned());
        pair
    };
    labels.iter().map(pair).collect()
}
