//! The rule.

use super::{CollectionReadiness, ReadyWhen};
use crate::qdrant::CollectionState;

impl ReadyWhen {
    /// Judges samples, oldest first: the last ones must all pass, and agree.
    #[must_use]
    pub fn judge(&self, samples: &[CollectionState]) -> CollectionReadiness {
        let Some(last) = samples.last() else {
            return CollectionReadiness { ready: false, reasons: vec!["there is no sample yet".to_owned()] };
        };
        let mut reasons = self.objections(last);
        if reasons.is_empty() {
            reasons.extend(self.unstable(samples, last));
        }
        CollectionReadiness { ready: reasons.is_empty(), reasons }
    }

    /// What speaks against one sample.
    fn objections(&self, sample: &CollectionState) -> Vec<String> {
        let mut reasons = Vec::new();
        match sample.status.as_str() {
            "green" => {}
            "yellow" => reasons.push("the status is yellow: it is being optimised, or a snapshot is taken".to_owned()),
            "grey" => {
                reasons.push(
                    "the status is grey: optimisations are pending and not begun; any change of the collection begins them".to_owned(),
                );
            }
            other => reasons.push(format!("the status is {other}")),
        }
        if let Some(error) = &sample.optimizer_error {
            reasons.push(format!("the optimizer failed: {error}"));
        }
        if sample.points_count < self.min_points {
            reasons.push(format!("it has {} points of at least {}", sample.points_count, self.min_points));
        }
        if let Some(share) = self.min_indexed_share {
            let indexed = sample.indexed_vectors_count as f64;
            // A share that is no number is reached by nothing.
            let enough = indexed >= share * sample.points_count as f64;
            if !enough {
                let needed = share * 100.0;
                reasons.push(format!("{indexed} vectors are indexed, less than {needed} % of {} points", sample.points_count));
            }
        }
        if sample.queued_updates > 0 {
            reasons.push(format!("{} accepted updates are not applied yet", sample.queued_updates));
        }
        if sample.deferred_points > 0 {
            reasons.push(format!("{} points are hidden until they are indexed", sample.deferred_points));
        }
        if sample.replicas.is_empty() {
            reasons.push("no replica is known".to_owned());
        }
        for replica in sample.replicas.iter().filter(|replica| replica.state != "Active") {
            let peer = replica.peer_id.map_or_else(|| "the node that answered".to_owned(), |peer| format!("peer {peer}"));
            reasons.push(format!("shard {} on {peer} is {}", replica.shard_id, replica.state));
        }
        if sample.shard_transfers > 0 {
            reasons.push(format!("{} shard transfers are under way", sample.shard_transfers));
        }
        reasons
    }

    fn unstable(&self, samples: &[CollectionState], last: &CollectionState) -> Option<String> {
        let wanted = self.stable_samples.max(1);
        let counts = |sample: &CollectionState| (sample.points_count, sample.indexed_vectors_count);
        let good = |sample: &&CollectionState| counts(sample) == counts(last) && self.objections(sample).is_empty();
        let row = samples.iter().rev().take_while(good).count();
        (row < wanted).then(|| format!("it has been like this for {row} of {wanted} samples"))
    }
}
