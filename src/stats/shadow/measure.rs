//! The closed set of what is measured of a pair of answers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::stats::ranking::Likeness;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    Overlap,
    Jaccard,
    Top1,
    Rbo,
    Kendall,
    Spearman,
    WeightedTau,
    AveragePrecision,
    Ndcg,
    /// The logarithm of how many times longer the second answer took.
    LogLatencyRatio,
    ScoreDrift,
}

/// Where a measure's values lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// 0 to 1, 1 being the same.
    Unit,
    /// -1 to 1, 1 being the same.
    Signed,
    /// Anywhere, 0 being the same.
    Open,
}

impl Measure {
    pub const ALL: [Self; 11] = [
        Self::Overlap,
        Self::Jaccard,
        Self::Top1,
        Self::Rbo,
        Self::Kendall,
        Self::Spearman,
        Self::WeightedTau,
        Self::AveragePrecision,
        Self::Ndcg,
        Self::LogLatencyRatio,
        Self::ScoreDrift,
    ];

    #[must_use]
    pub const fn range(self) -> Range {
        match self {
            Self::Overlap | Self::Jaccard | Self::Top1 | Self::Rbo | Self::AveragePrecision | Self::Ndcg => Range::Unit,
            Self::Kendall | Self::Spearman | Self::WeightedTau => Range::Signed,
            Self::LogLatencyRatio | Self::ScoreDrift => Range::Open,
        }
    }

    /// Its value for a pair of lists; none where it has none, and for what is measured by answer and not by list.
    #[must_use]
    pub fn of(self, likeness: &Likeness) -> Option<f64> {
        match self {
            Self::Overlap => Some(likeness.overlap),
            Self::Jaccard => Some(likeness.jaccard),
            Self::Top1 => Some(f64::from(u8::from(likeness.top1))),
            Self::Rbo => Some(likeness.rbo),
            Self::Kendall => likeness.kendall,
            Self::Spearman => likeness.spearman,
            Self::WeightedTau => likeness.weighted_tau,
            Self::AveragePrecision => Some(likeness.average_precision),
            Self::Ndcg => Some(likeness.ndcg),
            Self::LogLatencyRatio => None,
            Self::ScoreDrift => likeness.score_drift,
        }
    }

    pub(super) const fn index(self) -> usize {
        self as usize
    }
}
