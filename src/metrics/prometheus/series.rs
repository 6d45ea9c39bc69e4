//! The families that are labelled by alias and variant.

use prometheus::proto::MetricFamily;

use super::family::Family;
use super::latency;
use crate::metrics::{FallbackCause, NotInterleaved, Outcome, Registry, Totals};
use crate::protocol::{Class, Protocol};

/// One family each, filled series by series.
struct Families {
    requests: Family,
    first_byte: Family,
    duration: Family,
    request_bytes: Family,
    response_bytes: Family,
    anonymous: Family,
    forced: Family,
    fallbacks: Family,
    split_writes: Family,
    interleaved: Family,
    not_interleaved: Family,
    in_flight: Family,
}

pub(super) fn collect(registry: &Registry) -> Vec<MetricFamily> {
    let mut families = Families::new();
    for ((alias, variant), totals) in registry.variants() {
        families.add(&alias, &variant, &totals);
    }
    families.build()
}

impl Families {
    fn new() -> Self {
        Self {
            requests: Family::counter("requests_total", "Requests finished, by how they ended."),
            first_byte: Family::histogram("request_first_byte_seconds", "From a request's head to the head of its answer."),
            duration: Family::histogram("request_duration_seconds", "From a request's head to the last byte of its answer."),
            request_bytes: Family::counter("request_bytes_total", "Bytes of request bodies."),
            response_bytes: Family::counter("response_bytes_total", "Bytes of answer bodies."),
            anonymous: Family::counter("anonymous_requests_total", "Requests without a user id."),
            forced: Family::counter("forced_requests_total", "Requests that named their variant (identity.force_header)."),
            fallbacks: Family::counter("fallbacks_total", "Reads of a variant that stable answered instead, by cause."),
            split_writes: Family::counter("split_writes_total", "Writes through a split alias; they went to stable only."),
            interleaved: Family::counter("interleaved_requests_total", "Searches that both arms of an experiment answered together."),
            not_interleaved: Family::counter(
                "not_interleaved_requests_total",
                "Reads of an experiment that interleaves which one arm answered alone, by why.",
            ),
            in_flight: Family::gauge("in_flight", "Requests of a variant being worked on now."),
        }
    }

    fn add(&mut self, alias: &str, variant: &str, totals: &Totals) {
        let labels = [("alias", alias), ("variant", variant)];
        self.add_requests(alias, variant, totals);
        self.add_latencies(alias, variant, totals);
        self.request_bytes.add_nonzero(&labels, totals.request_bytes);
        self.response_bytes.add_nonzero(&labels, totals.response_bytes);
        self.anonymous.add_nonzero(&labels, totals.anonymous);
        self.forced.add_nonzero(&labels, totals.forced);
        self.split_writes.add_nonzero(&labels, totals.split_writes);
        self.in_flight.add(&labels, totals.in_flight);
        self.interleaved.add_nonzero(&labels, totals.interleavings.interleaved);
        for why in NotInterleaved::ALL {
            let labels = [("alias", alias), ("variant", variant), ("reason", why.label())];
            self.not_interleaved.add_nonzero(&labels, totals.interleavings.not_interleaved(why));
        }
        for cause in FallbackCause::ALL {
            let labels = [("alias", alias), ("variant", variant), ("cause", cause.label())];
            self.fallbacks.add_nonzero(&labels, totals.fallbacks(cause));
        }
    }

    fn add_requests(&mut self, alias: &str, variant: &str, totals: &Totals) {
        for protocol in Protocol::ALL {
            for class in Class::ALL {
                for outcome in Outcome::ALL {
                    let labels = [
                        ("alias", alias),
                        ("variant", variant),
                        ("protocol", protocol.label()),
                        ("class", class.label()),
                        ("outcome", outcome.label()),
                    ];
                    self.requests.add_nonzero(&labels, totals.requests(protocol, class, outcome));
                }
            }
        }
    }

    fn add_latencies(&mut self, alias: &str, variant: &str, totals: &Totals) {
        for class in Class::ALL {
            let Some((first_byte, total)) = totals.latency(class) else { continue };
            let labels = [("alias", alias), ("variant", variant), ("class", class.label())];
            for (family, snapshot) in [(&mut self.first_byte, first_byte), (&mut self.duration, total)] {
                if snapshot.count() > 0 {
                    family.add_histogram(&labels, latency::histogram(snapshot));
                }
            }
        }
    }

    fn build(self) -> Vec<MetricFamily> {
        let Self { requests, first_byte, duration, request_bytes, response_bytes, anonymous, fallbacks, split_writes, .. } = self;
        let Self { forced, interleaved, not_interleaved, in_flight, .. } = self;
        let requests = [requests, first_byte, duration, request_bytes, response_bytes, anonymous, fallbacks, split_writes];
        requests.into_iter().chain([forced, interleaved, not_interleaved, in_flight]).map(Family::build).collect()
    }
}
