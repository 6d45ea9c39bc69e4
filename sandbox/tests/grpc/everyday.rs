//! The everyday calls of the official client, over a real socket.

use std::collections::{BTreeMap, BTreeSet};

use qdrant_client::Payload;
use qdrant_client::qdrant as q;
use qdrant_client::qdrant::point_id::PointIdOptions;
use qdrant_client::qdrant::{
    Condition, CountPointsBuilder, CreateAliasBuilder, CreateCollectionBuilder, CreateFieldIndexCollectionBuilder, DeletePointsBuilder,
    Distance, Document, FacetCountsBuilder, FieldType, Filter, GetPointsBuilder, PointStruct, PrefetchQueryBuilder, Query,
    QueryBatchPointsBuilder, QueryPointGroupsBuilder, QueryPointsBuilder, RecommendInputBuilder, ScrollPointsBuilder,
    SearchMatrixPointsBuilder, SearchPointsBuilder, SetPayloadPointsBuilder, SparseVectorParamsBuilder, SparseVectorsConfigBuilder,
    UpdateBatchPointsBuilder, UpdateCollectionBuilder, UpsertPointsBuilder, VectorParamsBuilder, VectorsConfigBuilder,
};
use serde_json::json;

use super::support::{House, Outcome, failure, point};

fn numbers<'a>(ids: impl IntoIterator<Item = &'a Option<q::PointId>>) -> Vec<u64> {
    let number = |id: &Option<q::PointId>| match id.as_ref().and_then(|id| id.point_id_options.as_ref()) {
        Some(PointIdOptions::Num(number)) => *number,
        other => panic!("not a number: {other:?}"),
    };
    ids.into_iter().map(number).collect()
}

fn scored(points: &[q::ScoredPoint]) -> Vec<u64> {
    numbers(points.iter().map(|point| &point.id))
}

fn red() -> Filter {
    Filter::must([Condition::matches("colour", "red".to_owned())])
}

#[tokio::test]
#[expect(deprecated, reason = "`on_disk`, as Qdrant 1.18 has it")]
async fn collections_are_made_shown_changed_and_deleted() -> Outcome {
    let House { client, .. } = &House::open().await?;
    let vectors = VectorParamsBuilder::new(4, Distance::Cosine).on_disk(true);
    assert!(client.create_collection(CreateCollectionBuilder::new("one").vectors_config(vectors)).await?.result);
    assert!(client.collection_exists("one").await?);
    let listed: Vec<String> = client.list_collections().await?.collections.into_iter().map(|one| one.name).collect();
    assert_eq!(listed, ["one"]);

    let hnsw = q::HnswConfigDiffBuilder::default().m(24);
    client.update_collection(UpdateCollectionBuilder::new("one").hnsw_config(hnsw)).await?;
    let info = client.collection_info("one").await?.result.ok_or("no info")?;
    assert_eq!(info.status(), q::CollectionStatus::Green);
    assert!(info.optimizer_status.is_some_and(|status| status.ok));
    assert_eq!(info.points_count, Some(0));
    let config = info.config.ok_or("no config")?;
    assert_eq!(config.hnsw_config.and_then(|hnsw| hnsw.m), Some(24));
    let vectors = config.params.and_then(|params| params.vectors_config).and_then(|vectors| vectors.config);
    let Some(q::vectors_config::Config::Params(params)) = vectors else { panic!("the unnamed vector became {vectors:?}") };
    assert_eq!((params.size, params.distance(), params.on_disk), (4, Distance::Cosine, Some(true)));

    assert!(client.delete_collection("one").await?.result);
    assert!(!client.delete_collection("one").await?.result);
    assert!(!client.collection_exists("one").await?);
    Ok(())
}

#[tokio::test]
async fn points_are_written_read_counted_and_deleted() -> Outcome {
    let house = House::open().await?;
    house.furnish("c").await?;
    let client = &house.client;
    let got = client.get_points(GetPointsBuilder::new("c", vec![2.into(), 9.into()]).with_payload(true).with_vectors(true)).await?.result;
    assert_eq!(numbers(got.iter().map(|point| &point.id)), [2]);
    assert_eq!(got[0].payload["number"], q::Value::from(2));
    let output = got[0].vectors.as_ref().and_then(q::VectorsOutput::get_vector);
    assert_eq!(output, Some(q::vector_output::Vector::Dense(q::DenseVector { data: vec![2.0, 0.0] })));

    let page = client.scroll(ScrollPointsBuilder::new("c").limit(4)).await?;
    assert_eq!(numbers(page.result.iter().map(|point| &point.id)), [0, 1, 2, 3]);
    let next = page.next_page_offset.ok_or("there is a second page")?;
    let page = client.scroll(ScrollPointsBuilder::new("c").limit(4).offset(next)).await?;
    assert_eq!(numbers(page.result.iter().map(|point| &point.id)), [4, 5]);
    assert_eq!(page.next_page_offset, None);

    client.delete_points(DeletePointsBuilder::new("c").points(red()).wait(true)).await?;
    let count = client.count(CountPointsBuilder::new("c").exact(true)).await?.result.ok_or("no count")?;
    assert_eq!(count.count, 3);
    Ok(())
}

#[tokio::test]
async fn payloads_and_vectors_change_alone() -> Outcome {
    let house = House::open().await?;
    house.furnish("c").await?;
    let client = &house.client;
    let extra = Payload::try_from(json!({"tags": ["a", "b"], "nested": {"deep": 1.5}}))?;
    let ids = || q::PointsIdsList { ids: vec![1.into()] };
    let done = client.set_payload(SetPayloadPointsBuilder::new("c", extra).points_selector(ids()).wait(true)).await?.result;
    assert_eq!(done.map(|done| done.status()), Some(q::UpdateStatus::Completed));
    client.delete_payload(q::DeletePayloadPointsBuilder::new("c", vec!["colour".to_owned()]).points_selector(ids()).wait(true)).await?;
    let vectors = vec![q::PointVectors { id: Some(1.into()), vectors: Some(vec![7.0, 8.0].into()) }];
    client.update_vectors(q::UpdatePointVectorsBuilder::new("c", vectors).wait(true)).await?;

    let got = client.get_points(GetPointsBuilder::new("c", vec![1.into()]).with_payload(true).with_vectors(true)).await?.result;
    let payload: BTreeMap<_, _> = got[0].payload.clone().into_iter().collect();
    assert_eq!(serde_json::to_value(payload)?, json!({"nested": {"deep": 1.5}, "number": 1, "tags": ["a", "b"]}));
    let output = got[0].vectors.as_ref().and_then(q::VectorsOutput::get_vector);
    assert_eq!(output, Some(q::vector_output::Vector::Dense(q::DenseVector { data: vec![7.0, 8.0] })));

    client
        .overwrite_payload(SetPayloadPointsBuilder::new("c", Payload::try_from(json!({"only": true}))?).points_selector(ids()).wait(true))
        .await?;
    let got = client.get_points(GetPointsBuilder::new("c", vec![1.into()]).with_payload(true)).await?.result;
    assert_eq!(got[0].payload.len(), 1);
    client.clear_payload(q::ClearPayloadPointsBuilder::new("c").points(ids()).wait(true)).await?;
    let got = client.get_points(GetPointsBuilder::new("c", vec![1.into()]).with_payload(true)).await?.result;
    assert!(got[0].payload.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_batch_is_applied_in_order_and_stops_at_the_first_failure() -> Outcome {
    use q::points_update_operation::{DeletePoints, Operation, PointStructList, SetPayload};
    let house = House::open().await?;
    house.furnish("c").await?;
    let step = |operation| q::PointsUpdateOperation { operation: Some(operation) };
    let upsert = |number| step(Operation::Upsert(PointStructList { points: vec![point(number)], ..Default::default() }));
    let select = |number: u64| Some(q::PointsSelector::from(vec![q::PointId::from(number)]));
    let delete = step(Operation::DeletePoints(DeletePoints { points: select(0), ..Default::default() }));
    let done = house.client.update_points_batch(UpdateBatchPointsBuilder::new("c", vec![upsert(10), delete]).wait(true)).await?;
    assert_eq!(done.result.iter().map(q::UpdateResult::status).collect::<Vec<_>>(), [q::UpdateStatus::Completed; 2]);

    let payload = [("a".to_owned(), 1.into())].into();
    let missing = step(Operation::SetPayload(SetPayload { payload, points_selector: select(99), ..Default::default() }));
    let failed =
        house.client.update_points_batch(UpdateBatchPointsBuilder::new("c", vec![upsert(11), missing, upsert(12)]).wait(true)).await;
    let (code, text) = failure(failed);
    assert_eq!((code, text.as_str()), (tonic::Code::NotFound, "Not found: No point with id 99 found"));
    let all = house.client.scroll(ScrollPointsBuilder::new("c").limit(100)).await?;
    assert_eq!(numbers(all.result.iter().map(|point| &point.id)), [1, 2, 3, 4, 5, 10, 11]);
    Ok(())
}

#[tokio::test]
async fn queries_of_every_kind_answer() -> Outcome {
    let house = House::open().await?;
    house.furnish("c").await?;
    let client = &house.client;
    let query = |query: Query| QueryPointsBuilder::new("c").query(query).limit(3);
    let near = client.query(query(Query::new_nearest(vec![2.2_f32, 0.0])).with_payload(true)).await?.result;
    assert_eq!(scored(&near), [2, 3, 1]);
    assert_eq!(near[0].payload["colour"], q::Value::from("red"));
    let by_id = client.query(query(Query::new_nearest(0)).filter(red())).await?.result;
    assert_eq!(scored(&by_id), [2, 4]);
    let like = RecommendInputBuilder::default().add_positive(5).add_negative(0);
    assert_eq!(scored(&client.query(query(Query::new_recommend(like))).await?.result)[0], 4);
    let prefetch = |at: f32| PrefetchQueryBuilder::default().query(Query::new_nearest(vec![at, 0.0])).limit(2_u64);
    let fused =
        QueryPointsBuilder::new("c").add_prefetch(prefetch(0.1)).add_prefetch(prefetch(0.9)).query(Query::new_fusion(q::Fusion::Rrf));
    assert_eq!(scored(&client.query(fused).await?.result).into_iter().collect::<BTreeSet<_>>(), [0, 1].into());
    let sample = client.query(query(Query::new_sample(q::Sample::Random))).await?.result;
    assert_eq!(sample.len(), 3);
    let integer = CreateFieldIndexCollectionBuilder::new("c", "number", FieldType::Integer).wait(true);
    client.create_field_index(integer).await?;
    let order = q::OrderByBuilder::new("number").direction(q::Direction::Desc.into());
    assert_eq!(scored(&client.query(query(Query::new_order_by(order))).await?.result), [5, 4, 3]);
    let pair = q::ContextInputPair { positive: Some(5.into()), negative: Some(0.into()) };
    let context = q::ContextInput { pairs: vec![pair] };
    let discover = q::DiscoverInput { target: Some(q::VectorInput::new_dense(vec![4.0, 0.0])), context: Some(context.clone()) };
    assert_eq!(scored(&client.query(query(Query::new_discover(discover))).await?.result)[0], 4);
    assert_eq!(client.query(query(Query::new_context(context))).await?.result.len(), 3);
    Ok(())
}

#[tokio::test]
async fn older_searches_and_batches_answer_alike() -> Outcome {
    let house = House::open().await?;
    house.furnish("c").await?;
    let client = &house.client;
    let search = || SearchPointsBuilder::new("c", vec![3.1, 0.0], 2).build();
    assert_eq!(scored(&client.search_points(search()).await?.result), [3, 4]);
    let batch = client.search_batch_points(q::SearchBatchPointsBuilder::new("c", vec![search(), search()])).await?.result;
    assert_eq!(batch.iter().map(|one| scored(&one.result)).collect::<Vec<_>>(), [[3, 4], [3, 4]]);
    let recommend = q::RecommendPointsBuilder::new("c", 2).add_positive(0).build();
    assert_eq!(scored(&client.recommend(recommend).await?.result), [1, 2]);
    let target = q::TargetVector::from(q::target_vector::Target::Single(q::VectorExample::from(q::vector_example::Example::Id(3.into()))));
    let discover = client.discover(q::DiscoverPointsBuilder::new("c", Vec::new(), 2).target(target).build()).await?.result;
    assert_eq!(scored(&discover).into_iter().collect::<BTreeSet<_>>(), [2, 4].into());
    let queries = [0.0_f32, 5.0].map(|at| QueryPointsBuilder::new("c").query(vec![at, 0.0]).limit(1).build());
    let batch = client.query_batch(QueryBatchPointsBuilder::new("c", queries.to_vec())).await?.result;
    assert_eq!(batch.iter().map(|one| scored(&one.result)).collect::<Vec<_>>(), [[0], [5]]);
    Ok(())
}

#[tokio::test]
async fn groups_facets_and_matrices_answer() -> Outcome {
    let house = House::open().await?;
    house.furnish("c").await?;
    let client = &house.client;
    client.create_field_index(CreateFieldIndexCollectionBuilder::new("c", "colour", FieldType::Keyword).wait(true)).await?;
    let groups = QueryPointGroupsBuilder::new("c", "colour").query(vec![0.0, 0.0]).group_size(2_u64).limit(5_u64);
    let groups = client.query_groups(groups).await?.result.ok_or("no groups")?.groups;
    let named = |group: &q::PointGroup| match group.id.as_ref().and_then(|id| id.kind.clone()) {
        Some(q::group_id::Kind::StringValue(name)) => (name, scored(&group.hits)),
        other => panic!("a colour became {other:?}"),
    };
    assert_eq!(groups.iter().map(named).collect::<Vec<_>>(), [("red".to_owned(), vec![0, 2]), ("blue".to_owned(), vec![1, 3])]);
    let older = q::SearchPointGroupsBuilder::new("c", vec![0.0, 0.0], 5, "colour", 1);
    assert_eq!(client.search_groups(older).await?.result.map_or(0, |result| result.groups.len()), 2);

    let facet = client.facet(FacetCountsBuilder::new("c", "colour").exact(true)).await?.hits;
    assert_eq!(facet.iter().map(|hit| hit.count).collect::<Vec<_>>(), [3, 3]);
    let info = client.collection_info("c").await?.result.ok_or("no info")?;
    assert_eq!(info.payload_schema["colour"].data_type(), q::PayloadSchemaType::Keyword);

    let matrix = || SearchMatrixPointsBuilder::new("c").sample(6).limit(2);
    let pairs = client.search_matrix_pairs(matrix()).await?.result.ok_or("no pairs")?.pairs;
    assert_eq!(pairs.len(), 12);
    assert!(pairs.iter().all(|pair| pair.a != pair.b));
    let offsets = client.search_matrix_offsets(matrix()).await?.result.ok_or("no offsets")?;
    assert_eq!((offsets.ids.len(), offsets.scores.len(), offsets.offsets_col.len()), (6, 12, 12));
    Ok(())
}

#[tokio::test]
async fn named_sparse_and_multi_vectors_come_back_as_they_went() -> Outcome {
    let House { client, .. } = &House::open().await?;
    let mut vectors = VectorsConfigBuilder::default();
    vectors.add_named_vector_params("dense", VectorParamsBuilder::new(2, Distance::Dot));
    let multi = q::MultiVectorConfigBuilder::new(q::MultiVectorComparator::MaxSim);
    vectors.add_named_vector_params("rows", VectorParamsBuilder::new(2, Distance::Dot).multivector_config(multi));
    let mut sparse = SparseVectorsConfigBuilder::default();
    sparse.add_named_vector_params("words", SparseVectorParamsBuilder::default().modifier(q::Modifier::Idf));
    client.create_collection(CreateCollectionBuilder::new("c").vectors_config(vectors).sparse_vectors_config(sparse)).await?;

    let given = q::NamedVectors::default()
        .add_vector("dense", q::Vector::new_dense(vec![1.0, 2.0]))
        .add_vector("rows", q::Vector::new_multi(vec![vec![1.0, 0.0], vec![0.0, 1.0]]))
        .add_vector("words", q::Vector::new_sparse(vec![3, 8], vec![0.5, 0.25]));
    client.upsert_points(UpsertPointsBuilder::new("c", vec![PointStruct::new(1, given, Payload::new())]).wait(true)).await?;
    let got = client.get_points(GetPointsBuilder::new("c", vec![1.into()]).with_vectors(true)).await?.result;
    let vectors = got[0].vectors.as_ref().ok_or("no vectors")?;
    let named = |name| vectors.get_vector_by_name(name);
    assert_eq!(named("dense"), Some(q::vector_output::Vector::Dense(q::DenseVector { data: vec![1.0, 2.0] })));
    let rows = [[1.0, 0.0], [0.0, 1.0]].map(|row| q::DenseVector { data: row.to_vec() });
    assert_eq!(named("rows"), Some(q::vector_output::Vector::MultiDense(q::MultiDenseVector { vectors: rows.to_vec() })));
    let words = q::SparseVector { values: vec![0.5, 0.25], indices: vec![3, 8] };
    assert_eq!(named("words"), Some(q::vector_output::Vector::Sparse(words)));
    Ok(())
}

#[tokio::test]
async fn texts_are_embedded_by_the_engine() -> Outcome {
    let House { client, .. } = &House::open().await?;
    let mut sparse = SparseVectorsConfigBuilder::default();
    sparse.add_named_vector_params("text", SparseVectorParamsBuilder::default().modifier(q::Modifier::Idf));
    client.create_collection(CreateCollectionBuilder::new("c").sparse_vectors_config(sparse)).await?;
    let texts = ["the signal box at the junction", "a locomotive takes on water", "points are worked by levers"];
    let document = |text: &str| Document::new(text, "qdrant/bm25");
    let points = texts
        .iter()
        .zip(0_u64..)
        .map(|(text, id)| PointStruct::new(id, q::NamedVectors::default().add_vector("text", document(text)), Payload::new()));
    client.upsert_points(UpsertPointsBuilder::new("c", points.collect::<Vec<_>>()).wait(true)).await?;
    let found = client.query(QueryPointsBuilder::new("c").query(Query::new_nearest(document("levers"))).using("text")).await?.result;
    assert_eq!(scored(&found), [2]);
    Ok(())
}

#[tokio::test]
async fn an_alias_is_moved_in_one_request() -> Outcome {
    let house = House::open().await?;
    house.furnish("old").await?;
    house.furnish("new").await?;
    let client = &house.client;
    client.create_alias(CreateAliasBuilder::new("old", "live")).await?;
    assert!(client.collection_exists("live").await?);
    client.delete_points(DeletePointsBuilder::new("new").points(red()).wait(true)).await?;
    let count = || client.count(CountPointsBuilder::new("live").exact(true));
    assert_eq!(count().await?.result.map(|result| result.count), Some(6));
    client.create_alias(CreateAliasBuilder::new("new", "live")).await?;
    assert_eq!(count().await?.result.map(|result| result.count), Some(3));
    let aliases = client.list_aliases().await?.aliases;
    assert_eq!(aliases, [q::AliasDescription { alias_name: "live".to_owned(), collection_name: "new".to_owned() }]);
    assert_eq!(client.list_collection_aliases("live").await?.aliases, []);
    client.delete_collection("new").await?;
    assert_eq!(client.list_aliases().await?.aliases, []);
    Ok(())
}

#[tokio::test]
async fn snapshots_are_made_listed_and_deleted() -> Outcome {
    let house = House::open().await?;
    house.furnish("c").await?;
    let client = &house.client;
    client.create_alias(CreateAliasBuilder::new("c", "live")).await?;
    let made = client.create_snapshot("live").await?.snapshot_description.ok_or("no description")?;
    assert!(made.name.starts_with("c-") && made.size > 0 && made.creation_time.is_some(), "{made:?}");
    assert_eq!(client.list_snapshots("c").await?.snapshot_descriptions, std::slice::from_ref(&made));
    client.delete_snapshot(q::DeleteSnapshotRequestBuilder::new("c", made.name.as_str())).await?;
    assert_eq!(client.list_snapshots("c").await?.snapshot_descriptions, []);
    let (code, _) = failure(client.delete_snapshot(q::DeleteSnapshotRequestBuilder::new("c", made.name)).await);
    assert_eq!(code, tonic::Code::NotFound);
    Ok(())
}

#[tokio::test]
async fn a_collection_is_one_active_shard() -> Outcome {
    let house = House::open().await?;
    house.furnish("c").await?;
    let info = house.client.collection_cluster_info("c").await?;
    assert_eq!(
        info.local_shards.iter().map(|shard| (shard.points_count, shard.state())).collect::<Vec<_>>(),
        [(6, q::ReplicaState::Active)]
    );
    assert_eq!(house.client.list_shard_keys("c").await?.shard_keys, []);
    Ok(())
}
