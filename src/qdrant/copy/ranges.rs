//! Sharing the id space out between lanes.

use super::checkpoint::RangeCheckpoint;
use crate::protocol::points::PointId;

/// Random ids asked for, for each lane: enough that the largest lane is rarely half again the average.
pub(super) const SAMPLES_A_LANE: usize = 64;

/// At most `lanes` ranges that cover every id there is and will be, cut at quantiles of a sample.
pub(super) fn split(mut sample: Vec<PointId>, lanes: usize) -> Vec<RangeCheckpoint> {
    sample.sort_unstable();
    let mut cuts: Vec<PointId> = (1..lanes).filter_map(|lane| sample.get(lane * sample.len() / lanes).copied()).collect();
    cuts.dedup();
    let starts = std::iter::once(None).chain(cuts.iter().copied().map(Some));
    let ends = cuts.iter().copied().map(Some).chain(std::iter::once(None));
    starts.zip(ends).map(|(next, until)| RangeCheckpoint { next, until, copied: 0, done: false }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::split;
    use crate::protocol::points::PointId;

    fn id() -> impl Strategy<Value = PointId> {
        prop_oneof![any::<u64>().prop_map(PointId::Number), any::<u128>().prop_map(|number| PointId::Uuid(Uuid::from_u128(number)))]
    }

    proptest! {
        #[test]
        fn every_id_is_in_exactly_one_range(sample in prop::collection::vec(id(), 0..50), lanes in 1_usize..9, probe in id()) {
            let ranges = split(sample.clone(), lanes);
            prop_assert!(ranges.len() <= lanes);
            for probe in sample.into_iter().chain([probe]) {
                let holding = ranges.iter().filter(|range| {
                    range.next.is_none_or(|next| probe >= next) && range.until.is_none_or(|until| probe < until)
                });
                prop_assert_eq!(holding.count(), 1);
            }
        }
    }

    #[test]
    fn ranges_of_an_even_sample_are_even() {
        let sample: Vec<PointId> = (0..100).rev().map(PointId::Number).collect();
        let cuts: Vec<_> = split(sample, 4).into_iter().map(|range| range.until).collect();
        assert_eq!(cuts, [Some(PointId::Number(25)), Some(PointId::Number(50)), Some(PointId::Number(75)), None]);
    }
}
