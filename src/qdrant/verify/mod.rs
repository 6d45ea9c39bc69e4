//! Whether a copy is one: counts, every id, and a seeded sample of whole points.
//!
//! Called by `control` after a copy and before a switch. Both collections are walked by id alone, side by side, which finds
//! every point that is missing or too many without holding more than a page of each; from the ids both have, a sample is
//! drawn whose payloads and vectors are compared. While writes go on, what differs may just be on its way: everything
//! suspicious is read again before it is called a difference.

mod compare;
mod points;
mod walk;

use std::collections::BTreeSet;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::copy::CopyJob;
use super::{Backoff, Failure};
use crate::protocol::points::PointId;

/// How closely to look.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct VerifySettings {
    /// Points compared as a whole.
    pub sample: usize,
    /// All points are compared, not a sample: where any of them may have been changed since it was copied.
    pub whole: bool,
    /// The same seed draws the same points from the same ids.
    pub seed: u64,
    /// Off where the vectors are meant to differ.
    pub vectors: bool,
    /// Relative to the larger number, and absolute below 1. Stored vectors may be rounded once more by a datatype.
    pub tolerance: f64,
    /// Times a difference is looked at again before it is one.
    pub looks: u32,
    pub between_looks: Duration,
}

impl Default for VerifySettings {
    fn default() -> Self {
        Self { sample: 1000, whole: false, seed: 0, vectors: true, tolerance: 1e-5, looks: 3, between_looks: Duration::from_millis(500) }
    }
}

/// What was found.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, JsonSchema)]
pub struct Verification {
    pub seed: u64,
    /// As counted by the walk.
    pub source_points: u64,
    pub target_points: u64,
    /// Points compared as a whole.
    pub compared: u64,
    /// Ids the source has and the target has not; all of them, also those not listed below.
    pub missing: u64,
    /// Ids the target has and the source has not.
    pub extra: u64,
    /// Points that are not the same on both sides, those that are missing or too many included.
    #[serde(default)]
    pub differing: u64,
    /// The first differences, by id.
    pub differences: Vec<PointDifference>,
    /// Which points differ, for those who bring them up to date. Not all where there are very many.
    #[serde(skip)]
    pub suspects: BTreeSet<PointId>,
}

/// One point that is not the same on both sides.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq, JsonSchema)]
pub struct PointDifference {
    pub id: PointId,
    pub kind: DifferenceKind,
    pub sentence: String,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq, PartialOrd, Ord, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    Missing,
    Extra,
    Payload,
    Vector,
    ShardKey,
}

impl Verification {
    /// Nothing is missing, too many, or different.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.missing == 0 && self.extra == 0 && self.differing == 0
    }
}

/// Differences that are listed; more are only counted.
const LISTED: usize = 200;
/// Ids of missing, surplus and different points that are held and looked at again, of each.
const HELD: usize = 100_000;

impl CopyJob {
    /// Compares source and target of the job.
    ///
    /// What was acknowledged before is compared as it is, also if Qdrant had not applied it yet.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub async fn verify(&self, settings: &VerifySettings) -> Result<Verification, Failure> {
        self.backoff().run(|| self.source.settle(&self.source_collection)).await?;
        let walk = walk::Walk::run(self, settings).await?;
        let suspects: Vec<PointId> = [&walk.missing.listed, &walk.extra.listed, &walk.suspects].into_iter().flatten().copied().collect();
        let mut differences = self.differences(&suspects, settings).await?;
        for _ in 0..settings.looks {
            if differences.is_empty() {
                break;
            }
            tokio::time::sleep(settings.between_looks).await;
            let mut again: Vec<PointId> = differences.iter().map(|difference| difference.id).collect();
            again.dedup();
            differences = self.differences(&again, settings).await?;
        }
        let suspects: BTreeSet<PointId> = differences.iter().map(|difference| difference.id).collect();
        let unlisted = walk.missing.unlisted() + walk.extra.unlisted();
        let of = |kind| differences.iter().filter(|difference| difference.kind == kind).count() as u64;
        let (missing, extra) = (walk.missing.unlisted() + of(DifferenceKind::Missing), walk.extra.unlisted() + of(DifferenceKind::Extra));
        Ok(Verification {
            seed: settings.seed,
            source_points: walk.source_points,
            target_points: walk.target_points,
            compared: walk.compared,
            missing,
            extra,
            differing: suspects.len() as u64 + unlisted,
            differences: differences.into_iter().take(LISTED).collect(),
            suspects,
        })
    }

    fn backoff(&self) -> Backoff {
        self.settings.backoff
    }
}
