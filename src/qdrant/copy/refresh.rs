//! Making some points in the target what they are in the source, whatever the copy did to them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{CopyFailed, CopyJob};
use crate::protocol::points::PointId;
use crate::qdrant::WriteMode;

/// Points a request.
const BATCH: usize = 256;

/// What became of the points.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
pub struct Refreshed {
    pub written: u64,
    /// Not in the source, and not in the target any more.
    pub deleted: u64,
}

impl CopyJob {
    /// Reads points from the source and writes or deletes them in the target. May be repeated at will. A write to one
    /// of these points between the reading and the writing is lost again in the target: the journal of writes must
    /// give the id once more, or hold such writes back.
    ///
    /// # Errors
    /// When reading or writing fails for good; some of the points may be done.
    pub async fn refresh(&self, ids: &BTreeSet<PointId>) -> Result<Refreshed, CopyFailed> {
        let Self { source, source_collection, target, target_collection, settings } = self;
        let ids: Vec<PointId> = ids.iter().copied().collect();
        let mut refreshed = Refreshed::default();
        for batch in ids.chunks(BATCH) {
            let found = settings.backoff.run(|| source.retrieve(source_collection, batch)).await?;
            let present: BTreeSet<PointId> = found.iter().map(|record| record.id).collect();
            let absent: Vec<PointId> = batch.iter().copied().filter(|id| !present.contains(id)).collect();
            if !found.is_empty() {
                settings.backoff.run(|| target.upsert(target_collection, &found, WriteMode::Overwrite)).await?;
            }
            if !absent.is_empty() {
                settings.backoff.run(|| target.delete_points(target_collection, &absent)).await?;
            }
            refreshed.written += found.len() as u64;
            refreshed.deleted += absent.len() as u64;
        }
        Ok(refreshed)
    }
}
