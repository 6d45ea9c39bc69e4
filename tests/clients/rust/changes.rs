//! Payloads and vectors are set, replaced and cut; indexes come and go, with the queries that need one.

use qdrant_client::Payload;
use qdrant_client::qdrant::points_update_operation::{ClearPayload, DeletePoints, Operation, OverwritePayload, SetPayload};
use qdrant_client::qdrant::{
    ClearPayloadPointsBuilder, Condition, CreateFieldIndexCollectionBuilder, CreateVectorNameRequestBuilder,
    DeleteFieldIndexCollectionBuilder, DeletePayloadPointsBuilder, DeletePointVectorsBuilder, DeleteVectorNameRequestBuilder,
    DenseVectorCreationConfigBuilder, Direction, Distance, FacetCountsBuilder, FieldType, Filter, NamedVectors, OrderByBuilder, PointId,
    PointVectors, PointsIdsList, PointsSelector, PointsUpdateOperation, Query, QueryPointsBuilder, ScrollPointsBuilder,
    SetPayloadPointsBuilder, TextIndexParamsBuilder, TokenizerType, UpdateBatchPointsBuilder, UpdatePointVectorsBuilder,
    points_selector::PointsSelectorOneOf,
};
use serde_json::json;

use super::{Run, points};

fn ids(ids: impl IntoIterator<Item = u64>) -> PointsIdsList {
    PointsIdsList { ids: ids.into_iter().map(PointId::from).collect() }
}

fn selector(chosen: impl IntoIterator<Item = u64>) -> Option<PointsSelector> {
    Some(PointsSelector { points_selector_one_of: Some(PointsSelectorOneOf::Points(ids(chosen))) })
}

fn payload(json: serde_json::Value) -> Payload {
    Payload::try_from(json).expect("every payload here is an object")
}

pub(super) async fn run(run: &mut Run<'_>) {
    payloads(run).await;
    batch(run).await;
    vectors(run).await;
    indexes(run).await;
    ordered(run).await;
}

async fn payloads(run: &mut Run<'_>) {
    let client = run.client.clone();
    let at = run.at("plain");
    let checked = payload(json!({"checked": true, "by": "Ōno", "depth": {"of": [1, 2.5, null]}}));
    let set = SetPayloadPointsBuilder::new(&at, checked).points_selector(ids([1])).wait(true);
    run.answered("payloads.set", client.set_payload(set)).await;
    let basel = Filter::must([Condition::matches("city", "Basel".to_owned())]);
    let by_filter = SetPayloadPointsBuilder::new(&at, payload(json!({"country": "CH"}))).points_selector(basel).wait(true);
    run.answered("payloads.set.by_filter", client.set_payload(by_filter)).await;
    let only = SetPayloadPointsBuilder::new(&at, payload(json!({"only": ["this"]}))).points_selector(ids([3])).wait(true);
    run.answered("payloads.overwrite", client.overwrite_payload(only)).await;
    let keys = vec!["checked".to_owned(), "absent".to_owned()];
    let delete = DeletePayloadPointsBuilder::new(&at, keys).points_selector(ids([1])).wait(true);
    run.answered("payloads.delete", client.delete_payload(delete)).await;
    let clear = ClearPayloadPointsBuilder::new(&at).points(ids([4])).wait(true);
    run.answered("payloads.clear", client.clear_payload(clear)).await;
    run.answered("payloads.seen", client.scroll(all(&at))).await;
}

/// Operations of several kinds in one request; the upsert behind it puts the collection back to what it was.
async fn batch(run: &mut Run<'_>) {
    let client = run.client.clone();
    let at = run.at("plain");
    let operations = [
        Operation::SetPayload(SetPayload {
            payload: payload(json!({"step": 1})).into(),
            points_selector: selector([5]),
            ..SetPayload::default()
        }),
        Operation::OverwritePayload(OverwritePayload {
            payload: payload(json!({"step": 2})).into(),
            points_selector: selector([6]),
            ..OverwritePayload::default()
        }),
        Operation::ClearPayload(ClearPayload { points: selector([5]), ..ClearPayload::default() }),
        Operation::DeletePoints(DeletePoints { points: selector([8]), ..DeletePoints::default() }),
    ];
    let operations: Vec<PointsUpdateOperation> =
        operations.into_iter().map(|operation| PointsUpdateOperation { operation: Some(operation) }).collect();
    let request = UpdateBatchPointsBuilder::new(&at, operations).wait(true);
    run.answered("payloads.batch", client.update_points_batch(request)).await;
    run.answered("payloads.batch.seen", client.scroll(all(&at))).await;
    run.answered("payloads.restored", client.upsert_points(points::plain(&at))).await;
}

fn all(at: &str) -> ScrollPointsBuilder {
    ScrollPointsBuilder::new(at).limit(100).with_payload(true).with_vectors(true)
}

async fn vectors(run: &mut Run<'_>) {
    let client = run.client.clone();
    let at = run.at("named");
    let dense = NamedVectors::default().add_vector("dense", vec![0.9_f32, 0.8, 0.7, 0.6]);
    let changed = vec![PointVectors { id: Some(1.into()), vectors: Some(dense.into()) }];
    run.answered("vectors.update", client.update_vectors(UpdatePointVectorsBuilder::new(&at, changed).wait(true))).await;
    let cut = DeletePointVectorsBuilder::new(&at).points_selector(ids([1, 2])).vectors(vec!["multi".to_owned()]).wait(true);
    run.answered("vectors.delete", client.delete_vectors(cut)).await;
    run.answered("vectors.seen", client.scroll(all(&at))).await;
    run.answered("vectors.restored", client.upsert_points(points::named(&at))).await;
    let later = DenseVectorCreationConfigBuilder::new(3, Distance::Cosine).build();
    let create = CreateVectorNameRequestBuilder::new(&at, "later", later).wait(true);
    run.answered("vectors.name.create", client.create_vector_name(create)).await;
    let delete = DeleteVectorNameRequestBuilder::new(&at, "later").wait(true);
    run.answered("vectors.name.delete", client.delete_vector_name(delete)).await;
}

async fn indexes(run: &mut Run<'_>) {
    let client = run.client.clone();
    let at = run.at("plain");
    let fields = [
        ("indexes.create.keyword", "kind", FieldType::Keyword),
        ("indexes.create.integer", "year", FieldType::Integer),
        ("indexes.create.float", "price", FieldType::Float),
        ("indexes.create.datetime", "when", FieldType::Datetime),
    ];
    for (name, field, kind) in fields {
        let index = CreateFieldIndexCollectionBuilder::new(&at, field, kind).wait(true);
        run.answered(name, client.create_field_index(index)).await;
    }
    let words = TextIndexParamsBuilder::new(TokenizerType::Word).lowercase(true).phrase_matching(true);
    let text = CreateFieldIndexCollectionBuilder::new(&at, "text", FieldType::Text).field_index_params(words).wait(true);
    run.answered("indexes.create.text", client.create_field_index(text)).await;
    run.answered("indexes.listed", client.collection_info(&at)).await;
    run.answered("indexes.facet", client.facet(FacetCountsBuilder::new(&at, "kind").exact(true).limit(20))).await;
    for (name, condition) in [
        ("indexes.text", Condition::matches_text("text", "HARBOUR ships")),
        ("indexes.phrase", Condition::matches_phrase("text", "on the river")),
    ] {
        run.answered(name, client.scroll(all(&at).filter(Filter::must([condition])))).await;
    }
}

async fn ordered(run: &mut Run<'_>) {
    let client = run.client.clone();
    let at = run.at("plain");
    let newest = OrderByBuilder::new("year").direction(Direction::Desc.into());
    run.answered("indexes.scroll.ordered", client.scroll(all(&at).limit(4).order_by(newest))).await;
    let latest = Query::new_order_by(OrderByBuilder::new("when").direction(Direction::Desc.into()));
    run.answered("indexes.query.ordered", client.query(QueryPointsBuilder::new(&at).query(latest).limit(4))).await;
    let gone = DeleteFieldIndexCollectionBuilder::new(&at, "price").wait(true);
    run.answered("indexes.delete", client.delete_field_index(gone)).await;
}
