//! Reading points by id, by page and by count.

use qdrant_edge::{CountRequest, FacetRequest, FacetResponse, PointId, Record, ScrollRequest, WithPayloadInterface, WithVector};
use serde::Deserialize;

use super::error::{EngineError, EngineResult};
use super::store::Store;

/// `POST /collections/{name}/points`.
#[derive(Clone, Debug, Deserialize)]
pub struct RetrieveRequest {
    /// Which.
    pub ids: Vec<PointId>,
    /// Which payload to return.
    #[serde(default)]
    pub with_payload: Option<WithPayloadInterface>,
    /// Which vectors to return.
    #[serde(default, alias = "with_vectors")]
    pub with_vector: Option<WithVector>,
}

impl Store {
    /// Points by id, those that exist. Nothing said means no payload: that is what a server does.
    pub fn retrieve(&self, name: &str, request: RetrieveRequest) -> EngineResult<Vec<Record>> {
        let collection = self.collection(name)?;
        let payload = request.with_payload.unwrap_or(WithPayloadInterface::Bool(false));
        Ok(collection.shard().retrieve(&request.ids, Some(payload), request.with_vector)?)
    }

    /// One point with everything it has; 404 when it is missing.
    pub fn point(&self, name: &str, id: PointId) -> EngineResult<Record> {
        let collection = self.collection(name)?;
        let found = collection.shard().retrieve(&[id], Some(WithPayloadInterface::Bool(true)), Some(WithVector::Bool(true)))?;
        found.into_iter().next().ok_or_else(|| EngineError::not_found(format_args!("Point with id {id} does not exists!")))
    }

    /// A page of points and where the next begins.
    pub fn scroll(&self, name: &str, request: ScrollRequest) -> EngineResult<(Vec<Record>, Option<PointId>)> {
        if request.limit == Some(0) {
            return Err(at_least("limit", 1));
        }
        if request.order_by.is_some() && request.offset.is_some() {
            return Err(EngineError::bad_request(
                "Cannot use an `offset` when using `order_by`. The alternative for paging is to use `order_by.start_from` and a filter to exclude the IDs that you've already seen for the `order_by.start_from` value",
            ));
        }
        let collection = self.collection(name)?;
        Ok(collection.shard().scroll(request)?)
    }

    /// How many points match.
    pub fn count(&self, name: &str, request: CountRequest) -> EngineResult<usize> {
        Ok(self.collection(name)?.shard().count(request)?)
    }

    /// How often each value of a field occurs.
    pub fn facet(&self, name: &str, request: FacetRequest) -> EngineResult<FacetResponse> {
        if request.limit == 0 {
            return Err(at_least("limit", 1));
        }
        Ok(self.collection(name)?.shard().facet(request)?)
    }
}

/// The failure of a number that is too small.
pub(super) fn at_least(field: &str, minimum: usize) -> EngineError {
    EngineError::validation("JSON body", field, format_args!("value 0 invalid, must be {minimum} or larger"))
}
