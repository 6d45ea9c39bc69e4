//! Every form of filter, query and configuration goes into the engine's types, and configurations come back as they went.

use std::ops::Not;

use qdrant_client::qdrant as q;
use qdrant_client::qdrant::{Condition, Filter, GeoPoint, GeoRadius, PointId, Query, Range};
use serde_json::{Value, json};

use super::{Malformed, collections, filters, ids, indexes, info, queries, reads, typed, vectors, writes};
use crate::engine::{self, CollectionConfig, QueryInterface, QueryRequest, UpdateOperation, VectorValue, VectorsValue};

const UUID: &str = "7f1c9e2a-0c3b-4f6e-9a55-2d3e1b0a9c77";

fn all_conditions() -> Vec<Condition> {
    let corner = |lon, lat| GeoPoint { lon, lat };
    let square = || q::GeoLineString { points: vec![corner(0.0, 0.0), corner(1.0, 0.0), corner(1.0, 1.0), corner(0.0, 0.0)] };
    let time = |seconds| q::Timestamp { seconds, nanos: 500_000_000 };
    vec![
        Condition::matches("city", "London".to_owned()),
        Condition::matches("count", 3),
        Condition::matches("open", true),
        Condition::matches("city", vec!["London".to_owned(), "Paris".to_owned()]),
        Condition::matches("count", vec![1, 2]),
        Condition::matches("city", q::r#match::MatchValue::from(vec!["Rome".to_owned()]).not()),
        Condition::matches("count", q::r#match::MatchValue::from(vec![7]).not()),
        Condition::matches_text("text", "a few words"),
        Condition::matches_phrase("text", "a phrase"),
        Condition::matches_text_any("text", "any of these"),
        Condition::range("price", Range { gte: Some(1.5), lt: Some(9.0), ..Range::default() }),
        Condition::datetime_range(
            "at",
            q::DatetimeRange { gt: Some(time(1_700_000_000)), lte: Some(time(1_800_000_000)), ..Default::default() },
        ),
        Condition::geo_radius("place", GeoRadius { center: Some(corner(13.4, 52.5)), radius: 1000.0 }),
        Condition::geo_bounding_box("place", q::GeoBoundingBox { top_left: Some(corner(0.0, 2.0)), bottom_right: Some(corner(2.0, 0.0)) }),
        Condition::geo_polygon("place", q::GeoPolygon { exterior: Some(square()), interiors: vec![square()] }),
        Condition::values_count("tags", q::ValuesCount { gte: Some(2), ..Default::default() }),
        Condition::is_empty("tags"),
        Condition::is_null("tags"),
        Condition::has_id([PointId::from(UUID)]),
        Condition::has_vector("image"),
        Condition::nested("parts", Filter::must([Condition::matches("name", "bolt".to_owned())])),
        Filter::should([Condition::is_empty("inner")]).into(),
    ]
}

#[test]
fn every_condition_reaches_the_engine() {
    for condition in all_conditions() {
        let message = format!("{condition:?}");
        let filter = filters::filter(Filter::must([condition.clone()])).expect("the condition is well formed");
        let engine: qdrant_edge::Filter = typed(filter).expect("REST has this condition");
        let shown = serde_json::to_value(&engine).expect("filters can be written");
        let sent = filters::condition(condition).expect("the condition is well formed");
        assert_same(&sent, &shown["must"][0], &message);
    }
}

/// What was sent is in what the engine shows; the engine adds nulls for what was not said, and writes times its own way.
fn assert_same(sent: &Value, shown: &Value, context: &str) {
    match (sent, shown) {
        (Value::Object(fields), _) => fields.iter().for_each(|(key, value)| assert_same(value, &shown[key.as_str()], context)),
        (Value::Array(items), Value::Array(others)) => {
            assert_eq!(items.len(), others.len(), "{context}");
            items.iter().zip(others).for_each(|(a, b)| assert_same(a, b, context));
        }
        (Value::String(_), Value::String(time)) if context.contains("Timestamp") && time.contains('T') => {}
        _ => assert_eq!(sent, shown, "{context}"),
    }
}

#[test]
fn all_clauses_of_a_filter_are_kept() {
    let mut filter = Filter::must([Condition::is_null("a")]);
    filter.should = vec![Condition::is_null("b")];
    filter.must_not = vec![Condition::is_null("c"), Condition::is_null("d")];
    filter.min_should = Some(q::MinShould { conditions: vec![Condition::is_null("e")], min_count: 1 });
    let engine: qdrant_edge::Filter = typed(filters::filter(filter).expect("well formed")).expect("known to REST");
    let lengths = [engine.must, engine.should, engine.must_not].map(|clause| clause.map_or(0, |conditions| conditions.len()));
    assert_eq!(lengths, [1, 1, 2]);
    assert_eq!(engine.min_should.map(|min| (min.conditions.len(), min.min_count)), Some((1, 1)));
}

#[test]
fn a_bad_uuid_is_named() {
    let error = ids::id(PointId { point_id_options: Some(q::point_id::PointIdOptions::Uuid("nope".to_owned())) });
    assert_eq!(error, Err(Malformed::new("Unable to parse UUID: nope")));
}

fn query_of(query: Query) -> engine::Query {
    let body = reads::query(q::QueryPoints { query: Some(query), ..Default::default() }).expect("well formed");
    match typed::<QueryRequest>(body).expect("known to REST").query {
        Some(QueryInterface::Query(query)) => query,
        other => panic!("not a kind of query: {other:?}"),
    }
}

#[test]
fn every_kind_of_query_keeps_its_kind() {
    use engine::Query as E;
    let input = || q::VectorInput::new_dense(vec![0.1, 0.2]);
    let recommend = q::RecommendInput {
        positive: vec![q::VectorInput::new_id(1)],
        negative: vec![input()],
        strategy: Some(q::RecommendStrategy::BestScore.into()),
    };
    let pair = || q::ContextInputPair { positive: Some(input()), negative: Some(q::VectorInput::new_id(UUID.to_owned())) };
    let context = || q::ContextInput { pairs: vec![pair()] };
    assert!(matches!(query_of(Query::new_nearest(vec![0.5_f32, 1.0])), E::Nearest { mmr: None, .. }));
    assert!(matches!(query_of(Query::new_recommend(recommend)), E::Recommend { .. }));
    let discover = q::DiscoverInput { target: Some(input()), context: Some(context()) };
    assert!(matches!(query_of(Query::new_discover(discover)), E::Discover { discover } if discover.context.len() == 1));
    assert!(matches!(query_of(Query::new_context(context())), E::Context { context } if context.len() == 1));
    assert!(matches!(query_of(Query::new_fusion(q::Fusion::Dbsf)), E::Fusion { fusion: engine::Fusion::Dbsf }));
    assert!(matches!(query_of(Query::new_sample(q::Sample::Random)), E::Sample { .. }));
    let rrf = q::Rrf { k: Some(60), weights: vec![1.0, 2.0] };
    assert!(matches!(query_of(Query::new_rrf(rrf)), E::Rrf { rrf } if rrf.k == Some(60) && rrf.weights == Some(vec![1.0, 2.0])));
    let start = q::StartFrom { value: Some(q::start_from::Value::Integer(5)) };
    let order = q::OrderBy { key: "at".to_owned(), direction: Some(q::Direction::Desc.into()), start_from: Some(start) };
    assert!(matches!(query_of(Query::new_order_by(order)), E::OrderBy { .. }));
    let mmr = q::Mmr { diversity: Some(0.25), candidates_limit: Some(50) };
    let spread = query_of(Query::new_nearest_with_mmr(input(), mmr));
    assert!(matches!(spread, E::Nearest { mmr: Some(mmr), .. } if mmr.diversity == Some(0.25) && mmr.candidates_limit == Some(50)));
}

#[test]
fn a_text_is_passed_on_to_be_embedded() {
    let document = q::Document { text: "signal box".to_owned(), model: "qdrant/bm25".to_owned(), ..Default::default() };
    let sent = queries::query(Query::new_nearest(document)).expect("well formed");
    assert_eq!(sent, json!({"nearest": {"text": "signal box", "model": "qdrant/bm25"}}));
}

#[test]
fn formulas_keep_their_tree() {
    use q::Expression;
    let formula = q::Formula {
        expression: Some(Expression::sum_with([
            Expression::variable("$score"),
            Expression::mult_with([Expression::constant(0.5), Expression::condition(Condition::is_null("gone"))]),
        ])),
        defaults: [("weight".to_owned(), q::Value::from(2))].into(),
    };
    let sent = queries::query(Query::new_formula(formula)).expect("well formed");
    assert_eq!(sent["formula"], json!({"sum": ["$score", {"mult": [0.5, {"is_null": {"key": "gone"}}]}]}));
    let read: engine::Query = typed(sent).expect("known to REST");
    assert!(matches!(read, engine::Query::Formula { defaults, .. } if defaults["weight"] == json!(2)));
}

#[test]
fn prefetches_nest() {
    let inner = q::PrefetchQuery { limit: Some(7), ..Default::default() };
    let outer = q::PrefetchQuery { prefetch: vec![inner], using: Some("text".to_owned()), ..Default::default() };
    let body = reads::query(q::QueryPoints { prefetch: vec![outer], limit: Some(3), ..Default::default() }).expect("well formed");
    let request: QueryRequest = typed(body).expect("known to REST");
    assert_eq!(request.prefetch[0].using.as_deref(), Some("text"));
    assert_eq!(request.prefetch[0].prefetch[0].limit, Some(7));
}

#[test]
fn vectors_of_old_and_new_clients_are_the_same() {
    #[expect(deprecated, reason = "older clients still write these fields")]
    let old = |data: Vec<f32>, indices: Option<Vec<u32>>, vectors_count| q::Vector {
        data,
        indices: indices.map(|data| q::SparseIndices { data }),
        vectors_count,
        vector: None,
    };
    let point = |vector| vectors::of_point(Some(q::Vectors { vectors_options: Some(q::vectors::VectorsOptions::Vector(vector)) }));
    assert_eq!(point(old(vec![1.0, 2.0], None, None)), Ok(VectorsValue::Single(vec![1.0, 2.0])));
    assert_eq!(point(q::Vector::new_dense(vec![1.0, 2.0])), Ok(VectorsValue::Single(vec![1.0, 2.0])));
    let rows = VectorsValue::MultiDense(vec![vec![1.0, 2.0], vec![3.0, 4.0]]);
    assert_eq!(point(old(vec![1.0, 2.0, 3.0, 4.0], None, Some(2))), Ok(rows.clone()));
    assert_eq!(point(q::Vector::new_multi(vec![vec![1.0, 2.0], vec![3.0, 4.0]])), Ok(rows));
    assert_eq!(point(old(vec![1.0], Some(vec![4]), None)), Err(Malformed::new("Sparse vector must be named")));
    let named = q::NamedVectors { vectors: [("s".to_owned(), old(vec![0.5], Some(vec![9]), None))].into() };
    let read = vectors::of_point(Some(q::Vectors { vectors_options: Some(q::vectors::VectorsOptions::Vectors(named)) }));
    let Ok(VectorsValue::Named(read)) = read else { panic!("named vectors became {read:?}") };
    assert!(matches!(&read["s"], VectorValue::Sparse(sparse) if sparse.indices == [9] && sparse.values == [0.5]));
}

#[test]
fn every_step_of_a_batch_reaches_the_engine() {
    use q::points_update_operation as op;
    let points = || Some(q::PointsSelector::from(vec![PointId::from(1), PointId::from(UUID)]));
    let payload = || [("a".to_owned(), q::Value::from("b"))].into();
    let point = q::PointStruct { id: Some(5.into()), vectors: Some(vec![1.0].into()), payload: payload() };
    let changed = q::PointVectors { id: Some(5.into()), vectors: Some(vec![1.0].into()) };
    let list = op::PointStructList { points: vec![point], update_mode: Some(q::UpdateMode::InsertOnly.into()), ..Default::default() };
    let steps = vec![
        op::Operation::Upsert(list),
        op::Operation::DeletePoints(op::DeletePoints { points: points(), ..Default::default() }),
        op::Operation::SetPayload(op::SetPayload { payload: payload(), points_selector: points(), ..Default::default() }),
        op::Operation::OverwritePayload(op::OverwritePayload { payload: payload(), points_selector: points(), ..Default::default() }),
        op::Operation::DeletePayload(op::DeletePayload { keys: vec!["a.b".to_owned()], points_selector: points(), ..Default::default() }),
        op::Operation::ClearPayload(op::ClearPayload { points: points(), ..Default::default() }),
        op::Operation::UpdateVectors(op::UpdateVectors { points: vec![changed], ..Default::default() }),
        op::Operation::DeleteVectors(op::DeleteVectors {
            points_selector: points(),
            vectors: Some(q::VectorsSelector { names: vec!["v".to_owned()] }),
            ..Default::default()
        }),
    ];
    let read: Vec<UpdateOperation> =
        steps.into_iter().map(|step| writes::step(q::PointsUpdateOperation { operation: Some(step) }).expect("known to REST")).collect();
    assert!(matches!(
        read.as_slice(),
        [
            UpdateOperation::Upsert(upsert),
            UpdateOperation::Delete(_),
            UpdateOperation::SetPayload(_),
            UpdateOperation::OverwritePayload(_),
            UpdateOperation::DeletePayload(_),
            UpdateOperation::ClearPayload(_),
            UpdateOperation::UpdateVectors(_),
            UpdateOperation::DeleteVectors(_),
        ] if upsert.update_mode == Some(qdrant_edge::UpdateMode::InsertOnly)
    ));
}

fn quantizations() -> Vec<q::QuantizationConfig> {
    let setting =
        q::binary_quantization_query_encoding::Variant::Setting(q::binary_quantization_query_encoding::Setting::Scalar8Bits.into());
    let methods = [
        q::quantization_config::Quantization::Scalar(q::ScalarQuantization {
            r#type: q::QuantizationType::Int8.into(),
            quantile: Some(0.5),
            always_ram: Some(true),
            ..Default::default()
        }),
        q::quantization_config::Quantization::Product(q::ProductQuantization {
            compression: q::CompressionRatio::X32.into(),
            always_ram: None,
            ..Default::default()
        }),
        q::quantization_config::Quantization::Binary(q::BinaryQuantization {
            always_ram: Some(false),
            encoding: Some(q::BinaryQuantizationEncoding::OneAndHalfBits.into()),
            query_encoding: Some(q::BinaryQuantizationQueryEncoding { variant: Some(setting) }),
            ..Default::default()
        }),
        q::quantization_config::Quantization::Turboquant(q::TurboQuantization {
            always_ram: None,
            bits: Some(q::TurboQuantBitSize::Bits15.into()),
            ..Default::default()
        }),
    ];
    methods.into_iter().map(|method| q::QuantizationConfig { quantization: Some(method) }).collect()
}

#[test]
fn a_configuration_comes_back_as_it_went() {
    for quantization in quantizations() {
        let params = q::VectorParams {
            size: 4,
            distance: q::Distance::Manhattan.into(),
            hnsw_config: Some(q::HnswConfigDiff { m: Some(24), ..Default::default() }),
            quantization_config: Some(quantization),
            on_disk: Some(true),
            datatype: Some(q::Datatype::Float16.into()),
            multivector_config: Some(q::MultiVectorConfig { comparator: q::MultiVectorComparator::MaxSim.into() }),
            ..Default::default()
        };
        let sparse = q::SparseVectorParams {
            index: Some(q::SparseIndexConfig { full_scan_threshold: Some(10), on_disk: Some(true), ..Default::default() }),
            modifier: Some(q::Modifier::Idf.into()),
        };
        let vectors = q::VectorsConfig {
            config: Some(q::vectors_config::Config::ParamsMap(q::VectorParamsMap { map: [("v".to_owned(), params)].into() })),
        };
        let sparse = q::SparseVectorConfig { map: [("s".to_owned(), sparse)].into() };
        let message = q::CreateCollection {
            vectors_config: Some(vectors.clone()),
            sparse_vectors_config: Some(sparse.clone()),
            metadata: [("owner".to_owned(), q::Value::from("ops"))].into(),
            ..Default::default()
        };
        let request = typed(collections::create(message).expect("well formed")).expect("known to REST");
        let config = CollectionConfig::create(request).expect("a good configuration");
        let back = info::info(&json!({"status": "grey", "optimizer_status": "ok", "segments_count": 2, "config": config}));
        assert_eq!(back.status(), q::CollectionStatus::Grey);
        let config = back.config.expect("the configuration is in it");
        assert_eq!(config.metadata["owner"], q::Value::from("ops"));
        let params = config.params.expect("the parameters are in it");
        assert_eq!(params.vectors_config, Some(vectors));
        assert_eq!(params.sparse_vectors_config, Some(sparse));
    }
}

#[test]
fn index_parameters_come_back_as_they_went() {
    use q::payload_index_params::IndexParams;
    let text = q::TextIndexParams {
        tokenizer: q::TokenizerType::Multilingual.into(),
        lowercase: Some(true),
        min_token_len: Some(2),
        phrase_matching: Some(true),
        stopwords: Some(q::StopwordsSet { languages: vec!["english".to_owned()], custom: vec!["pointsman".to_owned()] }),
        ..Default::default()
    };
    let all = [
        ("keyword", IndexParams::KeywordIndexParams(q::KeywordIndexParams { is_tenant: Some(true), ..Default::default() })),
        (
            "integer",
            IndexParams::IntegerIndexParams(q::IntegerIndexParams { lookup: Some(true), range: Some(false), ..Default::default() }),
        ),
        ("text", IndexParams::TextIndexParams(text)),
    ];
    for (kind, params) in all {
        let message = q::PayloadIndexParams { index_params: Some(params) };
        let sent = indexes::schema(None, Some(message.clone())).expect("well formed");
        let schema: qdrant_edge::PayloadFieldSchema = typed(sent).expect("known to REST");
        let shown = json!({"status": "green", "payload_schema": {"field": {"data_type": kind, "params": schema, "points": 3}}});
        let back = info::info(&shown);
        assert_eq!(back.payload_schema["field"].points, Some(3));
        assert_eq!(back.payload_schema["field"].params, Some(message));
    }
    assert_eq!(indexes::schema(Some(q::FieldType::Datetime.into()), None), Ok(json!("datetime")));
}

#[test]
fn alias_actions_keep_their_order() {
    let create = q::CreateAlias { collection_name: "c".to_owned(), alias_name: "a".to_owned() };
    let delete = q::DeleteAlias { alias_name: "a".to_owned() };
    let actions = [q::alias_operations::Action::DeleteAlias(delete), q::alias_operations::Action::CreateAlias(create)];
    let message = q::ChangeAliases {
        actions: actions.into_iter().map(|action| q::AliasOperations { action: Some(action) }).collect(),
        timeout: None,
    };
    let read: Vec<engine::AliasAction> = typed(collections::alias_actions(message).expect("well formed")).expect("known to REST");
    assert!(matches!(read.as_slice(), [engine::AliasAction::DeleteAlias { .. }, engine::AliasAction::CreateAlias { .. }]));
}
