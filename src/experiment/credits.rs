//! What was credited to hits of interleaved answers, by the team that had picked them. In sums, as everything that is seen.

use serde::{Deserialize, Serialize};

use crate::stats::BUCKETS;

/// One metric: what control and treatment have won in each statistics bucket of units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Credits(Vec<[f64; 2]>);

impl Default for Credits {
    fn default() -> Self {
        Self(vec![[0.0; 2]; BUCKETS])
    }
}

impl Credits {
    pub fn record(&mut self, bucket: usize, wins: [f64; 2]) {
        add(&mut self.0[bucket % BUCKETS], &wins);
    }

    pub fn merge(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(mine, theirs)| add(mine, theirs));
    }

    #[must_use]
    pub fn buckets(&self) -> &[[f64; 2]] {
        &self.0
    }

    /// Over all buckets.
    #[must_use]
    pub fn total(&self) -> [f64; 2] {
        let mut total = [0.0; 2];
        self.0.iter().for_each(|bucket| add(&mut total, bucket));
        total
    }
}

fn add(into: &mut [f64; 2], more: &[f64; 2]) {
    into.iter_mut().zip(more).for_each(|(into, more)| *into += more);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(wins: &[(usize, u8, u8)]) -> Credits {
        let mut credits = Credits::default();
        wins.iter().for_each(|(bucket, control, treatment)| credits.record(*bucket, [f64::from(*control), f64::from(*treatment)]));
        credits
    }

    proptest! {
        #[test]
        fn parts_add_up_to_the_whole(wins in prop::collection::vec((0..BUCKETS, any::<u8>(), any::<u8>()), 0..100), cut: prop::sample::Index) {
            let (left, right) = wins.split_at(cut.index(wins.len() + 1));
            let mut merged = of(left);
            merged.merge(&of(right));
            prop_assert_eq!(&merged, &of(&wins));
            let text = serde_json::to_string(&merged).expect("it is JSON");
            prop_assert_eq!(serde_json::from_str::<Credits>(&text).expect("it was written by itself"), merged);
        }
    }
}
