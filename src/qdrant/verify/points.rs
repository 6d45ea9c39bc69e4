//! Reading the same points on both sides and comparing them.

use std::collections::HashMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::compare::{same_payload, vectors_that_differ};
use super::{DifferenceKind, PointDifference, VerifySettings};
use crate::protocol::points::PointId;
use crate::qdrant::copy::CopyJob;
use crate::qdrant::failure::FailureKind;
use crate::qdrant::points::Record;
use crate::qdrant::{Client, Failure};

/// Points a request.
const BATCH: usize = 128;

impl CopyJob {
    /// What differs between the two sides, in the order of ids.
    pub(super) async fn differences(&self, ids: &[PointId], settings: &VerifySettings) -> Result<Vec<PointDifference>, Failure> {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        let mut found = Vec::new();
        for batch in ids.chunks(BATCH) {
            let theirs = read(&self.source, &self.source_collection, batch, self).await?;
            let ours = read(&self.target, &self.target_collection, batch, self).await?;
            for id in batch {
                let differences = compare(*id, theirs.get(id), ours.get(id), settings);
                found.extend(differences.map_err(|error| self.target.failed("compare", FailureKind::Unreadable(error.to_string())))?);
            }
        }
        Ok(found)
    }
}

async fn read(client: &Client, collection: &str, ids: &[PointId], job: &CopyJob) -> Result<HashMap<PointId, Record>, Failure> {
    let records = job.backoff().run(|| client.retrieve(collection, ids)).await?;
    Ok(records.into_iter().map(|record| (record.id, record)).collect())
}

fn compare(
    id: PointId,
    theirs: Option<&Record>,
    ours: Option<&Record>,
    settings: &VerifySettings,
) -> Result<Vec<PointDifference>, serde_json::Error> {
    let difference = |kind, sentence: String| PointDifference { id, kind, sentence };
    let (theirs, ours) = match (theirs, ours) {
        (None, None) => return Ok(Vec::new()),
        (Some(_), None) => return Ok(vec![difference(DifferenceKind::Missing, format!("point {id} is not in the target"))]),
        (None, Some(_)) => return Ok(vec![difference(DifferenceKind::Extra, format!("point {id} is not in the source"))]),
        (Some(theirs), Some(ours)) => (theirs, ours),
    };
    let mut found = Vec::new();
    if !same_payload(&parsed(theirs.payload.as_deref())?, &parsed(ours.payload.as_deref())?) {
        found.push(difference(DifferenceKind::Payload, format!("point {id} has another payload in the target")));
    }
    if settings.vectors {
        let (theirs, ours) = (parsed(theirs.vector.as_deref())?, parsed(ours.vector.as_deref())?);
        for name in vectors_that_differ(&theirs, &ours, settings.tolerance) {
            let name = if name.is_empty() { "the unnamed vector".to_owned() } else { format!("vector `{name}`") };
            found.push(difference(DifferenceKind::Vector, format!("point {id} differs in {name}")));
        }
    }
    if theirs.shard_key != ours.shard_key {
        found.push(difference(DifferenceKind::ShardKey, format!("point {id} has another shard key in the target")));
    }
    Ok(found)
}

fn parsed(text: Option<&RawValue>) -> Result<Value, serde_json::Error> {
    text.map_or(Ok(Value::Null), |text| serde_json::from_str(text.get()))
}
