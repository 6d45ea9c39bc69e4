//! Searching: every kind of query, and the calls from before.

use serde_json::{Value, json};

use crate::support::{Server, ids};

async fn query(server: &Server, body: Value) -> Vec<u64> {
    let result = server.ok("POST", "/collections/docs/points/query", body).await;
    ids(&result["points"])
}

async fn index(server: &Server, field: &str, schema: &str) {
    let body = json!({"field_name": field, "field_schema": schema});
    server.ok("PUT", "/collections/docs/index?wait=true", body).await;
}

#[tokio::test]
async fn the_nearest_come_first() {
    let server = Server::with_points().await;
    assert_eq!(query(&server, json!({"query": [0, 1], "limit": 3})).await, [10, 9, 8]);
    assert_eq!(query(&server, json!({"query": [0, 1], "limit": 2, "offset": 2})).await, [8, 7]);
    assert_eq!(query(&server, json!({"query": {"nearest": [0, -1]}, "limit": 2})).await, [1, 2]);
    let even = json!({"must": [{"key": "group", "match": {"value": "even"}}]});
    assert_eq!(query(&server, json!({"query": [0, 1], "filter": even, "limit": 2})).await, [10, 8]);
    assert_eq!(query(&server, json!({"query": [0, 1], "score_threshold": 0.85})).await, [10, 9]);
    assert_eq!(query(&server, json!({"limit": 2})).await, [1, 2], "without a query by id");
}

#[tokio::test]
async fn a_query_by_id_leaves_the_example_out() {
    let server = Server::with_points().await;
    assert_eq!(query(&server, json!({"query": 10, "limit": 2})).await, [9, 8]);
    let (status, text) = server.fails("POST", "/collections/docs/points/query", json!({"query": 5555})).await;
    assert_eq!(status, 404, "{text}");
    // From another collection, the same id is another point.
    server.create("other").await;
    let point = json!({"points": [{"id": 10, "vector": [0, -1]}]});
    server.ok("PUT", "/collections/other/points?wait=true", point).await;
    let body = json!({"query": 10, "lookup_from": {"collection": "other"}, "limit": 2});
    assert_eq!(query(&server, body).await, [1, 2]);
    let body = json!({"query": 10, "lookup_from": {"collection": "nowhere"}});
    let (status, text) = server.fails("POST", "/collections/docs/points/query", body).await;
    assert_eq!((status, text.as_str()), (404, "Not found: Collection `nowhere` doesn't exist!"));
}

#[tokio::test]
async fn examples_recommend_and_contexts_discover() {
    let server = Server::with_points().await;
    for strategy in ["average_vector", "best_score", "sum_scores"] {
        let body = json!({"query": {"recommend": {"positive": [10], "negative": [1], "strategy": strategy}}, "limit": 2});
        assert_eq!(query(&server, body).await, [9, 8], "{strategy}");
    }
    let body = json!({"query": {"discover": {"target": [0, 1], "context": {"positive": 10, "negative": 1}}}, "limit": 1});
    assert_eq!(query(&server, body).await, [9]);
    let body = json!({"query": {"context": [{"positive": 10, "negative": 1}]}, "limit": 10});
    assert_eq!(query(&server, body).await.len(), 8);
    let body = json!({"query": {"relevance_feedback": {"target": [0, 1], "feedback": [{"example": 10, "score": 1.0}], "strategy": {"naive": {"a": 1.0, "b": 1.0, "c": 1.0}}}}, "limit": 1});
    assert_eq!(query(&server, body).await, [9]);
}

#[tokio::test]
async fn prefetches_are_fused_rescored_and_reordered() {
    let server = Server::with_points().await;
    let prefetch = json!([{"query": [0, 1], "limit": 3}, {"query": [0, -1], "limit": 3}]);
    for query_kind in [json!({"fusion": "rrf"}), json!({"fusion": "dbsf"}), json!({"rrf": {"k": 60, "weights": [1.0, 1.0]}})] {
        let body = json!({"prefetch": prefetch, "query": query_kind, "limit": 10});
        let mut found = query(&server, body).await;
        found.sort_unstable();
        assert_eq!(found, [1, 2, 3, 8, 9, 10], "{query_kind}");
    }
    let body = json!({"prefetch": prefetch, "query": [0, 1], "limit": 2});
    assert_eq!(query(&server, body).await, [10, 9]);
    let body =
        json!({"prefetch": {"query": [0, 1], "limit": 5}, "query": {"formula": {"sum": ["$score", {"mult": [-1.0, "n"]}]}}, "limit": 2});
    assert_eq!(query(&server, body).await, [6, 7], "the larger the number, the worse");
    let (status, text) = server.fails("POST", "/collections/docs/points/query", json!({"prefetch": prefetch})).await;
    assert_eq!(status, 400);
    assert!(text.contains("A query is needed to merge the prefetches"), "{text}");
}

#[tokio::test]
async fn fields_order_and_chance_samples() {
    let server = Server::with_points().await;
    let (status, text) = server.fails("POST", "/collections/docs/points/query", json!({"query": {"order_by": "n"}})).await;
    assert_eq!(status, 400);
    assert!(text.contains("No range index for `order_by` key: `n`"), "{text}");
    index(&server, "n", "integer").await;
    let body = json!({"query": {"order_by": {"key": "n", "direction": "desc"}}, "limit": 3});
    assert_eq!(query(&server, body).await, [10, 9, 8]);
    let mut sample = query(&server, json!({"query": {"sample": "random"}, "limit": 10})).await;
    sample.sort_unstable();
    assert_eq!(sample, (1..=10).collect::<Vec<_>>());
    let body = json!({"query": {"nearest": [0, 1], "mmr": {"diversity": 0.5, "candidates_limit": 10}}, "limit": 3});
    let found = server.ok("POST", "/collections/docs/points/query", body).await;
    assert_eq!(found["points"][0]["id"], 10);
    assert_eq!(found["points"][0].get("vector"), None, "nobody asked for vectors");
}

#[tokio::test]
async fn groups_hold_the_best_of_each_value() {
    let server = Server::with_points().await;
    server.create("groups").await;
    let body = json!({"query": [0, 1], "group_by": "group", "group_size": 2, "limit": 5, "with_payload": true});
    let result = server.ok("POST", "/collections/docs/points/query/groups", body).await;
    let groups = result["groups"].as_array().expect("groups").clone();
    assert_eq!(groups.len(), 2);
    assert_eq!(groups[0]["id"], "even");
    assert_eq!(ids(&groups[0]["hits"]), [10, 8]);
    assert_eq!(groups[0]["hits"][0]["payload"]["n"], 10);
    assert_eq!(ids(&groups[1]["hits"]), [9, 7]);

    let point = json!({"points": [{"id": 10, "vector": [1, 1], "payload": {"title": "ten"}}]});
    server.ok("PUT", "/collections/groups/points?wait=true", point).await;
    let body = json!({"vector": [0, 1], "limit": 1, "group_by": "n", "group_size": 1, "with_lookup": "groups"});
    let result = server.ok("POST", "/collections/docs/points/search/groups", body).await;
    assert_eq!(result["groups"][0]["lookup"]["payload"]["title"], "ten");
}

#[tokio::test]
async fn facets_count_and_matrices_compare() {
    let server = Server::with_points().await;
    let (status, text) = server.fails("POST", "/collections/docs/facet", json!({"key": "group"})).await;
    assert_eq!(status, 400);
    assert!(text.contains("No appropriate index for faceting: `group`"), "{text}");
    index(&server, "group", "keyword").await;
    let facet = server.ok("POST", "/collections/docs/facet", json!({"key": "group", "exact": true})).await;
    let mut hits = facet["hits"].as_array().expect("hits").clone();
    hits.sort_by_key(Value::to_string);
    assert_eq!(hits, [json!({"value": "even", "count": 5}), json!({"value": "odd", "count": 5})]);

    let body = json!({"sample": 4, "limit": 3});
    let pairs = server.ok("POST", "/collections/docs/points/search/matrix/pairs", body.clone()).await;
    assert_eq!(pairs["pairs"].as_array().map(Vec::len), Some(12));
    let offsets = server.ok("POST", "/collections/docs/points/search/matrix/offsets", body).await;
    assert_eq!(offsets["ids"].as_array().map(Vec::len), Some(4));
    assert_eq!(offsets["scores"].as_array().map(Vec::len), Some(12));
}

#[tokio::test]
async fn the_older_calls_answer_lists() {
    let server = Server::with_points().await;
    let search = json!({"vector": [0, 1], "limit": 2});
    let found = server.ok("POST", "/collections/docs/points/search", search.clone()).await;
    assert_eq!(ids(&found), [10, 9]);
    assert!(found[0]["version"].is_u64() && found[0].get("payload").is_none(), "{found}");
    let found =
        server.ok("POST", "/collections/docs/points/search/batch", json!({"searches": [search, {"vector": [0, -1], "limit": 1}]})).await;
    assert_eq!((ids(&found[0]), ids(&found[1])), (vec![10, 9], vec![1]));
    let found = server.ok("POST", "/collections/docs/points/recommend", json!({"positive": [10], "limit": 1})).await;
    assert_eq!(ids(&found), [9]);
    let (status, text) = server.fails("POST", "/collections/docs/points/recommend", json!({"positive": [5555], "limit": 1})).await;
    assert_eq!((status, text.as_str()), (404, "Not found: No point with id 5555 found"));
    let discover = json!({"target": [0, 1], "context": [{"positive": 10, "negative": 1}], "limit": 1});
    let found = server.ok("POST", "/collections/docs/points/discover", discover).await;
    assert_eq!(ids(&found), [9]);
    let found = server.ok("POST", "/collections/docs/points/query/batch", json!({"searches": [{"query": [0, 1], "limit": 1}]})).await;
    assert_eq!(ids(&found[0]["points"]), [10]);
}

#[tokio::test]
async fn texts_are_embedded_with_the_engines_own_model() {
    let server = Server::start().await;
    server.ok("PUT", "/collections/docs", json!({"sparse_vectors": {"text": {"modifier": "idf"}}})).await;
    let text = |text: &str| json!({"text": text, "model": "qdrant/bm25"});
    let points = json!({"points": [
        {"id": 1, "vector": {"text": text("The quick brown fox jumps over the lazy dog")}},
        {"id": 2, "vector": {"text": text("A slow turtle crosses the road")}},
    ]});
    server.ok("PUT", "/collections/docs/points?wait=true", points).await;
    let found = query(&server, json!({"query": text("jumping foxes"), "using": "text"})).await;
    assert_eq!(found, [1], "words are stemmed");
    let found = query(&server, json!({"query": text("turtles"), "using": "text"})).await;
    assert_eq!(found, [2]);
}

#[tokio::test]
async fn bad_queries_are_refused() {
    let server = Server::with_points().await;
    let cases = [
        (json!({"query": [1, 2, 3]}), 400, "Wrong input: Vector dimension error: expected dim: 2, got 3"),
        (json!({"query": [1, 2], "using": "zz"}), 400, "Wrong input: Not existing vector name error: zz"),
        (json!({"query": [1, 2], "limit": 0}), 422, "limit: value 0 invalid, must be 1 or larger"),
        (json!({"query": [1, 2], "filter": {"bogus": 1}}), 400, "Format error in JSON body: unknown field `bogus`"),
        (json!({"query": {"unknown": 1}}), 400, "Expected some form of vector, id, or a type of query"),
        (json!({"query": {"recommend": {}}}), 400, "Positive vectors should not be empty with `average` strategy"),
    ];
    for (body, status, text) in cases {
        let (found, error) = server.fails("POST", "/collections/docs/points/query", body).await;
        assert_eq!(found, status, "{error}");
        assert!(error.contains(text), "{error}");
    }
}
