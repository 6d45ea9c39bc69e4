//! Writing points that were read elsewhere, and deleting them.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Record;
use crate::protocol::points::PointId;
use crate::qdrant::client::{collection_path, operation};
use crate::qdrant::failure::FailureKind;
use crate::qdrant::schema::ShardKey;
use crate::qdrant::{Client, Failure};

/// What happens to points the target already has.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WriteMode {
    /// They stay: a write of a client to the new collection is newer than the copy. Needs Qdrant 1.17; an older one
    /// would ignore the mode and replace them.
    #[default]
    InsertOnly,
    /// They are replaced.
    Overwrite,
}

/// Half of what Qdrant takes by default, which leaves room for what stands around the points.
const MAX_BODY_BYTES: usize = 16 << 20;

#[derive(Serialize)]
struct Upsert<'a> {
    points: Vec<Point<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shard_key: Option<&'a ShardKey>,
    #[serde(skip_serializing_if = "Option::is_none")]
    update_mode: Option<&'a str>,
}

#[derive(Serialize)]
struct Point<'a> {
    id: PointId,
    vector: PointVector<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'a RawValue>,
}

/// A point without vectors is written with none, and not without the word.
#[derive(Serialize)]
#[serde(untagged)]
enum PointVector<'a> {
    Some(&'a RawValue),
    None {},
}

#[derive(Serialize)]
struct Delete<'a> {
    points: &'a [PointId],
}

#[derive(Deserialize)]
struct Answer {
    status: String,
}

impl Client {
    /// Writes points, each under its shard key, in as many requests as their size demands, and waits until they are applied.
    pub(in crate::qdrant) async fn upsert(&self, collection: &str, records: &[Record], mode: WriteMode) -> Result<(), Failure> {
        let mut by_key: BTreeMap<Option<&ShardKey>, Vec<&Record>> = BTreeMap::new();
        for record in records {
            by_key.entry(record.shard_key.as_ref()).or_default().push(record);
        }
        for (shard_key, records) in by_key {
            for part in parts(&records) {
                let points = part.iter().map(|record| point(record)).collect();
                let update_mode = (mode == WriteMode::InsertOnly).then_some("insert_only");
                self.write(Method::PUT, collection, "/points", &Upsert { points, shard_key, update_mode }).await?;
            }
        }
        Ok(())
    }

    /// Deletes points; those that are not there are deleted already.
    pub(in crate::qdrant) async fn delete_points(&self, collection: &str, points: &[PointId]) -> Result<(), Failure> {
        self.write(Method::POST, collection, "/points/delete", &Delete { points }).await
    }

    /// Returns once every write that was acknowledged before can be read. Qdrant acknowledges with `wait=false` what it applies
    /// later; the updates of a shard are applied in their order, so one harmless update that waits brings them all to their end:
    /// a deletion of nothing, which every shard has to take.
    pub(in crate::qdrant) async fn settle(&self, collection: &str) -> Result<(), Failure> {
        let nobody = serde_json::json!({"filter": {"must": [{"has_id": [uuid::Uuid::new_v4().to_string()]}]}});
        self.write(Method::POST, collection, "/points/delete", &nobody).await
    }

    async fn write(&self, method: Method, collection: &str, rest: &str, body: &impl Serialize) -> Result<(), Failure> {
        let timeout = self.timeout();
        // Qdrant is to give up first, and say so: its answer tells more than our own clock.
        let seconds = timeout.as_secs().saturating_sub(1).max(1);
        let path = format!("{}?wait=true&timeout={seconds}", collection_path(collection, rest));
        let operation = operation(&method, &path);
        let body = serde_json::to_vec(body).map_err(|error| self.failed(&operation, FailureKind::Unusable(error.to_string())))?;
        let answer: Answer = self.call_raw(method, &path, Some(Bytes::from(body)), timeout).await?;
        match answer.status.as_str() {
            "completed" => Ok(()),
            // Accepted, and so slow that more would only lengthen the queue: to the caller, as good as no answer.
            _ => Err(self.failed(&operation, FailureKind::Timeout(timeout))),
        }
    }
}

fn point(record: &Record) -> Point<'_> {
    let vector = record.vector.as_deref().map_or(PointVector::None {}, PointVector::Some);
    Point { id: record.id, vector, payload: record.payload.as_deref() }
}

/// Cuts where a request would become too large; a single point is sent whatever its size.
fn parts<'a, 'r>(records: &'a [&'r Record]) -> Vec<&'a [&'r Record]> {
    let size = |record: &Record| {
        let text = |raw: &Option<Box<RawValue>>| raw.as_ref().map_or(0, |raw| raw.get().len());
        text(&record.payload) + text(&record.vector) + 100
    };
    let (mut parts, mut start, mut bytes) = (Vec::new(), 0, 0);
    for (place, record) in records.iter().enumerate() {
        if bytes + size(record) > MAX_BODY_BYTES && place > start {
            parts.push(&records[start..place]);
            (start, bytes) = (place, 0);
        }
        bytes += size(record);
    }
    parts.push(&records[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::{MAX_BODY_BYTES, Record, parts};

    fn record(id: u64, bytes: usize) -> Record {
        let text = format!("{{\"id\": {id}, \"payload\": \"{}\"}}", "x".repeat(bytes));
        serde_json::from_str(&text).expect("a record")
    }

    #[test]
    fn large_points_are_sent_apart_and_none_is_lost() {
        let records =
            [record(1, 10), record(2, MAX_BODY_BYTES / 2), record(3, MAX_BODY_BYTES / 2), record(4, 2 * MAX_BODY_BYTES), record(5, 1)];
        let all: Vec<&Record> = records.iter().collect();
        let sizes: Vec<usize> = parts(&all).iter().map(|part| part.len()).collect();
        assert_eq!(sizes, [2, 1, 1, 1]);
    }
}
