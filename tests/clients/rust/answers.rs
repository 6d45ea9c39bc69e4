//! Turns the client's answers into JSON that two runs can be compared by: times and hardware counters out, floats
//! rounded, orders settled that the server leaves open. The points inside answers are in `answers/points.rs`.

mod points;

use std::collections::BTreeMap;

use qdrant_client::qdrant::{
    BatchResult, CollectionExistsResponse, CollectionInfo, CollectionOperationResponse, CountResponse, CreateSnapshotResponse,
    DeleteSnapshotResponse, DiscoverResponse, FacetResponse, GetCollectionInfoResponse, GetResponse, GroupsResult, HealthCheckReply,
    ListAliasesResponse, ListCollectionsResponse, ListSnapshotsResponse, PointsOperationResponse, QueryBatchResponse, QueryGroupsResponse,
    QueryResponse, RecommendResponse, ScrollResponse, SearchBatchResponse, SearchGroupsResponse, SearchMatrixOffsetsResponse,
    SearchMatrixPairsResponse, SearchResponse, UpdateBatchResponse, UpdateResult, vectors_config,
};
use serde_json::{Value, json};

use points::{id, ranked, retrieved, rounded, scored};

/// An answer whose volatile parts are known.
pub(crate) trait Answer {
    fn canonical(self) -> Value;
}

/// A listing that holds other runs' names as well: only those with this prefix count.
pub(super) struct Ours<T>(pub(super) String, pub(super) T);

/// Points drawn at random: only who came is compared.
pub(super) struct Drawn(pub(super) QueryResponse);

macro_rules! answers {
    ($($response:ty: $answer:ident => $canonical:expr;)*) => {$(
        impl Answer for $response {
            fn canonical(self) -> Value {
                let $answer = self;
                $canonical
            }
        }
    )*};
}

answers! {
    bool: answer => json!(answer);
    HealthCheckReply: answer => json!([answer.title, answer.version, answer.commit]);
    CollectionOperationResponse: answer => json!(answer.result);
    CollectionExistsResponse: answer => json!(answer.result.map(|result| result.exists));
    GetCollectionInfoResponse: answer => json!(answer.result.map(collection));
    CountResponse: answer => json!(answer.result.map(|result| result.count));
    PointsOperationResponse: answer => json!(answer.result.map(|result| update(&result)));
    UpdateBatchResponse: answer => answer.result.iter().map(update).collect();
    GetResponse: answer => sorted(answer.result.into_iter().map(retrieved));
    ScrollResponse: answer => json!({
        "points": answer.result.into_iter().map(retrieved).collect::<Vec<_>>(),
        "next": answer.next_page_offset.map(id),
    });
    QueryResponse: answer => ranked(answer.result);
    SearchResponse: answer => ranked(answer.result);
    RecommendResponse: answer => ranked(answer.result);
    DiscoverResponse: answer => ranked(answer.result);
    QueryBatchResponse: answer => batch(answer.result);
    SearchBatchResponse: answer => batch(answer.result);
    QueryGroupsResponse: answer => json!(answer.result.map(groups));
    SearchGroupsResponse: answer => json!(answer.result.map(groups));
    FacetResponse: answer => sorted(answer.hits.into_iter().map(|hit| json!([format!("{:?}", hit.value), hit.count])));
    SearchMatrixPairsResponse: answer => sorted(answer.result.unwrap_or_default().pairs.into_iter().map(|pair| {
        json!([pair.a.map(id), pair.b.map(id), rounded(pair.score)])
    }));
    SearchMatrixOffsetsResponse: answer => offsets(answer);
    CreateSnapshotResponse: answer => json!(answer.snapshot_description.map(|made| made.size > 0));
    ListSnapshotsResponse: answer => json!(answer.snapshot_descriptions.len());
    DeleteSnapshotResponse: _answer => Value::Null;
    Drawn: answer => sorted(answer.0.result.into_iter().map(|point| json!(point.id.map(id))));
}

impl Answer for Ours<ListCollectionsResponse> {
    fn canonical(self) -> Value {
        let Self(prefix, listed) = self;
        sorted(listed.collections.into_iter().filter(|one| one.name.starts_with(&prefix)).map(|one| json!(one.name)))
    }
}

impl Answer for Ours<ListAliasesResponse> {
    fn canonical(self) -> Value {
        let Self(prefix, listed) = self;
        let ours = listed.aliases.into_iter().filter(|one| one.alias_name.starts_with(&prefix));
        sorted(ours.map(|one| json!([one.alias_name, one.collection_name])))
    }
}

fn sorted(items: impl Iterator<Item = Value>) -> Value {
    let mut items: Vec<Value> = items.collect();
    items.sort_by_cached_key(Value::to_string);
    Value::Array(items)
}

fn update(result: &UpdateResult) -> Value {
    json!([result.operation_id, result.status().as_str_name()])
}

fn batch(results: Vec<BatchResult>) -> Value {
    results.into_iter().map(|one| ranked(one.result)).collect()
}

fn groups(result: GroupsResult) -> Value {
    let group = |group: qdrant_client::qdrant::PointGroup| {
        json!({
            "id": format!("{:?}", group.id),
            "hits": group.hits.into_iter().map(scored).collect::<Vec<_>>(),
            "lookup": group.lookup.map(retrieved),
        })
    };
    result.groups.into_iter().map(group).collect()
}

/// Rows and columns are offsets into a sample of any order: they are read back as the points they stand for.
fn offsets(answer: SearchMatrixOffsetsResponse) -> Value {
    let found = answer.result.unwrap_or_default();
    let at = |offset: &u64| usize::try_from(*offset).ok().and_then(|offset| found.ids.get(offset)).cloned().map(id);
    let cells = found.offsets_row.iter().zip(&found.offsets_col).zip(&found.scores);
    sorted(cells.map(|((row, column), score)| json!([at(row), at(column), rounded(*score)])))
}

/// Without colour, optimiser and segment figures, which follow the optimiser's own timing.
fn collection(info: CollectionInfo) -> Value {
    let schema: BTreeMap<String, String> = info.payload_schema.into_iter().map(|(field, schema)| (field, format!("{schema:?}"))).collect();
    let config = info.config.unwrap_or_default();
    let params = config.params.unwrap_or_default();
    json!({
        "points": info.points_count,
        "schema": schema,
        "vectors": params.vectors_config.and_then(|vectors| vectors.config).map(vectors),
        "sparse": params.sparse_vectors_config.map(|sparse| texts(sparse.map)),
        "replicas": [params.replication_factor, params.write_consistency_factor, Some(params.shard_number)],
        "hnsw": format!("{:?}", config.hnsw_config),
        "optimizers": format!("{:?}", config.optimizer_config),
        "quantization": format!("{:?}", config.quantization_config),
    })
}

fn vectors(config: vectors_config::Config) -> Value {
    match config {
        vectors_config::Config::Params(params) => json!(format!("{params:?}")),
        vectors_config::Config::ParamsMap(named) => json!(texts(named.map)),
    }
}

/// A map in its own order, which the wire's is not.
fn texts<T: std::fmt::Debug>(map: std::collections::HashMap<String, T>) -> BTreeMap<String, String> {
    map.into_iter().map(|(name, value)| (name, format!("{value:?}"))).collect()
}
