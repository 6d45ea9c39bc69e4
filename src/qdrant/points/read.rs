//! Reading points: by page, by id, by chance, and how many there are.

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Record;
use crate::protocol::points::PointId;
use crate::qdrant::client::collection_path;
use crate::qdrant::{Client, Failure};

/// A page in the order of ids.
#[derive(Debug, Deserialize)]
pub(in crate::qdrant) struct Page {
    pub(in crate::qdrant) points: Vec<Record>,
    /// Where the next begins.
    pub(in crate::qdrant) next_page_offset: Option<PointId>,
}

impl Client {
    /// How many points a collection has, exactly.
    ///
    /// # Errors
    /// When they cannot be counted.
    pub async fn count_points(&self, collection: &str) -> Result<u64, Failure> {
        #[derive(Deserialize)]
        struct Counted {
            count: u64,
        }
        let path = collection_path(collection, "/points/count");
        let counted: Counted = self.call(Method::POST, &path, Some(&json!({"exact": true}))).await?;
        Ok(counted.count)
    }

    /// A page from `from` on; with `whole`, payloads and vectors too.
    pub(in crate::qdrant) async fn scroll(
        &self,
        collection: &str,
        from: Option<PointId>,
        limit: usize,
        whole: bool,
    ) -> Result<Page, Failure> {
        let mut body = json!({"limit": limit, "with_payload": whole, "with_vector": whole});
        if let Some(from) = from {
            body["offset"] = json!(from);
        }
        self.call(Method::POST, &collection_path(collection, "/points/scroll"), Some(&body)).await
    }

    /// Whole points by id, those that exist, in any order.
    pub(in crate::qdrant) async fn retrieve(&self, collection: &str, ids: &[PointId]) -> Result<Vec<Record>, Failure> {
        let body = json!({"ids": ids, "with_payload": true, "with_vector": true});
        self.call(Method::POST, &collection_path(collection, "/points"), Some(&body)).await
    }

    /// Ids that Qdrant picks by chance.
    pub(in crate::qdrant) async fn random_ids(&self, collection: &str, count: usize) -> Result<Vec<PointId>, Failure> {
        #[derive(Deserialize)]
        struct Found {
            points: Vec<Record>,
        }
        let body = json!({"query": {"sample": "random"}, "limit": count, "with_payload": false, "with_vector": false});
        let found: Found = self.query(collection, &body).await?;
        Ok(found.points.into_iter().map(|point| point.id).collect())
    }

    /// `POST …/points/query`.
    pub(in crate::qdrant) async fn query<T: serde::de::DeserializeOwned>(&self, collection: &str, body: &Value) -> Result<T, Failure> {
        self.call(Method::POST, &collection_path(collection, "/points/query"), Some(body)).await
    }
}
