//! Every fault of a spec, each with its field.

use super::{DeploymentSpec, Source};
use crate::config::Period;
use crate::qdrant::QuerySource;
use crate::rollout::Guard;
use crate::routing::{SpecFault, check_name, check_new_name};

/// As for canaries: sums of lengths must stay far from the end of a `u64`.
const MAX_PERIOD: Period = Period::from_secs(366 * 86_400);

impl DeploymentSpec {
    /// What is wrong with it. `embedder` is whether there is one to make vectors of texts.
    #[must_use]
    pub fn check(&self, embedder: bool) -> Vec<SpecFault> {
        let mut faults = Vec::new();
        faults.extend(check_name(&self.alias, "alias"));
        faults.extend(self.collection.as_ref().and_then(|name| check_new_name(name, "collection")));
        if self.collection.as_ref() == Some(&self.alias) {
            faults.push(SpecFault::new("collection", "is the alias itself; the new collection needs a name of its own"));
        }
        if let Source::Collection(name) = &self.source {
            faults.extend(check_name(name, "source"));
        }
        if self.overrides.is_some() && matches!(self.source, Source::Snapshot(_)) {
            faults.push(SpecFault::new("overrides", "a snapshot brings its schema along"));
        }
        self.check_copy(&mut faults);
        self.check_lengths(&mut faults);
        Guard::check_all(&self.guards, "guards", &mut faults);
        for (index, query) in self.validation_queries.iter().enumerate() {
            if matches!(query.query, QuerySource::Text(_)) && !embedder {
                let reason = "needs an embedder, and none is configured; give a vector, or configure `embedder`";
                faults.push(SpecFault::new(format!("validation_queries[{index}].query.text"), reason));
            }
        }
        faults
    }

    fn check_copy(&self, faults: &mut Vec<SpecFault>) {
        for (field, count) in [("copy.parallel", self.copy.parallel), ("copy.page", self.copy.page)] {
            if count == 0 {
                faults.push(SpecFault::new(field, "must be at least 1"));
            }
        }
        if self.copy.points_per_second.is_some_and(|rate| !(rate.is_finite() && rate > 0.0)) {
            faults.push(SpecFault::new("copy.points_per_second", "must be a number above 0"));
        }
        if self.ready.min_indexed_share.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
            faults.push(SpecFault::new("ready.min_indexed_share", "must be from 0 to 1"));
        }
        if self.ready.min_points == 0 {
            faults.push(SpecFault::new("ready.min_points", "must be at least 1: an empty collection is never ready"));
        }
    }

    fn check_lengths(&self, faults: &mut Vec<SpecFault>) {
        let lengths = [
            ("ready_within", Some(self.ready_within)),
            ("watch", Some(self.watch)),
            ("watch_every", Some(self.watch_every)),
            ("retire_old", self.retire_old),
        ];
        for (field, length) in lengths {
            let Some(length) = length else { continue };
            if length > MAX_PERIOD {
                faults.push(SpecFault::new(field, format!("must be at most {MAX_PERIOD}, not {length}")));
            }
            if length.is_zero() && matches!(field, "ready_within" | "watch_every") {
                faults.push(SpecFault::new(field, "must be above zero"));
            }
        }
    }
}
