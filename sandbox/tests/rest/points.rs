//! Points: written in every way there is, and read by id, page and count.

use serde_json::{Value, json};

use crate::support::{Server, ids};

const POINTS: &str = "/collections/docs/points?wait=true";

async fn payload(server: &Server, id: u32) -> Value {
    server.get(&format!("/collections/docs/points/{id}")).await["payload"].clone()
}

#[tokio::test]
async fn upserts_take_lists_and_columns() {
    let server = Server::with_points().await;
    let columns =
        json!({"batch": {"ids": [20, "5c56c793-69f3-4fbf-87e6-c4bf54c28c26"], "vectors": [[1, 2], [3, 4]], "payloads": [{"a": 1}, null]}});
    let result = server.ok("PUT", POINTS, columns).await;
    assert_eq!(result["status"], "completed");
    assert!(result["operation_id"].is_u64());
    assert_eq!(payload(&server, 20).await, json!({"a": 1}));
    let uuid = server.get("/collections/docs/points/5c56c793-69f3-4fbf-87e6-c4bf54c28c26").await;
    assert_eq!(uuid["vector"], json!([3.0, 4.0]));
    let result = server.ok("PUT", "/collections/docs/points", json!({"points": [{"id": 21, "vector": [1, 2]}]})).await;
    assert_eq!(result["status"], "acknowledged");
}

#[tokio::test]
async fn an_upsert_replaces_everything() {
    let server = Server::with_points().await;
    server.ok("PUT", POINTS, json!({"points": [{"id": 1, "vector": [5, 5]}]})).await;
    let point = server.get("/collections/docs/points/1").await;
    assert_eq!(point["vector"], json!([5.0, 5.0]));
    assert_eq!(point["payload"], json!({}));
}

#[tokio::test]
async fn modes_decide_who_is_written() {
    let server = Server::with_points().await;
    let two = |mode: &str| json!({"points": [{"id": 1, "vector": [9, 9], "payload": {"new": true}}, {"id": 99, "vector": [9, 9]}], "update_mode": mode});
    server.ok("PUT", POINTS, two("insert_only")).await;
    assert_eq!(payload(&server, 1).await["n"], 1);
    assert_eq!(server.get("/collections/docs/points/99").await["id"], 99);

    server.ok("POST", "/collections/docs/points/delete?wait=true", json!({"points": [99]})).await;
    server.ok("PUT", POINTS, two("update_only")).await;
    assert_eq!(payload(&server, 1).await, json!({"new": true}));
    assert_eq!(server.fails("GET", "/collections/docs/points/99", Value::Null).await.0, 404);
}

#[tokio::test]
async fn an_update_filter_guards_existing_points_only() {
    let server = Server::with_points().await;
    let body = json!({
        "points": [
            {"id": 1, "vector": [9, 9], "payload": {"new": true}},
            {"id": 2, "vector": [9, 9], "payload": {"new": true}},
            {"id": 99, "vector": [9, 9], "payload": {"new": true}},
        ],
        "update_filter": {"must": [{"key": "group", "match": {"value": "even"}}]},
    });
    server.ok("PUT", POINTS, body).await;
    assert_eq!(payload(&server, 1).await["n"], 1);
    assert_eq!(payload(&server, 2).await, json!({"new": true}));
    assert_eq!(payload(&server, 99).await, json!({"new": true}));
}

#[tokio::test]
async fn payloads_merge_are_replaced_and_cleared() {
    let server = Server::with_points().await;
    let at = "/collections/docs/points/payload";
    server.ok("POST", &format!("{at}?wait=true"), json!({"payload": {"k": 1}, "points": [1]})).await;
    assert_eq!(payload(&server, 1).await, json!({"n": 1, "group": "odd", "k": 1}));
    server.ok("PUT", &format!("{at}?wait=true"), json!({"payload": {"only": {"deep": 1}}, "points": [1]})).await;
    assert_eq!(payload(&server, 1).await, json!({"only": {"deep": 1}}));
    server.ok("POST", &format!("{at}?wait=true"), json!({"payload": {"more": 2}, "key": "only", "points": [1]})).await;
    assert_eq!(payload(&server, 1).await["only"], json!({"deep": 1, "more": 2}));
    server.ok("POST", &format!("{at}/delete?wait=true"), json!({"keys": ["only.deep"], "points": [1]})).await;
    assert_eq!(payload(&server, 1).await["only"], json!({"more": 2}));
    let even = json!({"filter": {"must": [{"key": "group", "match": {"value": "even"}}]}});
    server.ok("POST", &format!("{at}/clear?wait=true"), even).await;
    assert_eq!(payload(&server, 2).await, json!({}));
    assert_eq!(payload(&server, 3).await["n"], 3);
}

#[tokio::test]
async fn a_missing_point_fails_but_the_others_are_changed() {
    let server = Server::with_points().await;
    let body = json!({"payload": {"k": 1}, "points": [1, 5555]});
    let (status, text) = server.fails("POST", "/collections/docs/points/payload?wait=true", body.clone()).await;
    assert_eq!((status, text.as_str()), (404, "Not found: No point with id 5555 found"));
    assert_eq!(payload(&server, 1).await["k"], 1);
    // Nobody waits, nobody hears.
    server.ok("POST", "/collections/docs/points/payload", body).await;
}

#[tokio::test]
async fn vectors_are_updated_and_deleted_by_name() {
    let server = Server::start().await;
    let schema =
        json!({"vectors": {"a": {"size": 2, "distance": "Dot"}, "b": {"size": 2, "distance": "Dot"}}, "sparse_vectors": {"s": {}}});
    server.ok("PUT", "/collections/docs", schema).await;
    let sparse = json!({"indices": [3, 1], "values": [0.5, 2.0]});
    server.ok("PUT", POINTS, json!({"points": [{"id": 1, "vector": {"a": [1, 2], "s": sparse}}]})).await;
    let update = json!({"points": [{"id": 1, "vector": {"b": [3, 4]}}]});
    server.ok("PUT", "/collections/docs/points/vectors?wait=true", update).await;
    let vector = server.get("/collections/docs/points/1").await["vector"].clone();
    assert_eq!(vector["a"], json!([1.0, 2.0]));
    assert_eq!(vector["b"], json!([3.0, 4.0]));
    assert_eq!(vector["s"], json!({"indices": [1, 3], "values": [2.0, 0.5]}));
    let delete = json!({"points": [1], "vector": ["a", "s"]});
    server.ok("POST", "/collections/docs/points/vectors/delete?wait=true", delete).await;
    assert_eq!(server.get("/collections/docs/points/1").await["vector"], json!({"b": [3.0, 4.0]}));
    let unknown = json!({"points": [1], "vector": ["zz"]});
    let (status, text) = server.fails("POST", "/collections/docs/points/vectors/delete?wait=true", unknown).await;
    assert_eq!((status, text.as_str()), (400, "Wrong input: Not existing vector name error: zz"));
}

#[tokio::test]
async fn matrices_of_whole_numbers_are_matrices() {
    let server = Server::start().await;
    let rows = json!({"size": 2, "distance": "Dot", "multivector_config": {"comparator": "max_sim"}});
    server.ok("PUT", "/collections/docs", json!({"vectors": {"rows": rows}})).await;
    let point = json!({"points": [{"id": 1, "vector": {"rows": [[1, 0], [0, 1]]}}]});
    server.ok("PUT", POINTS, point).await;
    let vector = server.get("/collections/docs/points/1").await["vector"].clone();
    assert_eq!(vector, json!({"rows": [[1.0, 0.0], [0.0, 1.0]]}));
    let body = json!({"query": [[1, 1], [1, 0]], "using": "rows"});
    let found = server.ok("POST", "/collections/docs/points/query", body).await;
    assert_eq!(found["points"][0]["score"], 2.0);
}

#[tokio::test]
async fn a_batch_stops_at_the_first_failure() {
    let server = Server::with_points().await;
    let body = json!({"operations": [
        {"upsert": {"points": [{"id": 50, "vector": [1, 1]}]}},
        {"set_payload": {"payload": {"a": 1}, "points": [5555]}},
        {"delete": {"points": [50]}},
    ]});
    let (status, _) = server.fails("POST", "/collections/docs/points/batch?wait=true", body).await;
    assert_eq!(status, 404);
    assert_eq!(server.get("/collections/docs/points/50").await["id"], 50);
    let body = json!({"operations": [
        {"overwrite_payload": {"payload": {"b": 1}, "points": [50]}},
        {"delete_payload": {"keys": ["b"], "points": [50]}},
        {"clear_payload": {"points": [50]}},
        {"update_vectors": {"points": [{"id": 50, "vector": [2, 2]}]}},
        {"delete_vectors": {"points": [50], "vector": [""]}},
        {"delete": {"filter": {"must": [{"has_id": [50]}]}}},
    ]});
    let result = server.ok("POST", "/collections/docs/points/batch?wait=true", body).await;
    assert_eq!(result.as_array().map(Vec::len), Some(6));
    assert_eq!(server.fails("GET", "/collections/docs/points/50", Value::Null).await.0, 404);
}

#[tokio::test]
async fn pages_follow_one_another_to_the_end() {
    let server = Server::with_points().await;
    let mut offset = Value::Null;
    let mut seen = Vec::new();
    loop {
        let body = json!({"limit": 4, "offset": offset, "with_payload": false});
        let page = server.ok("POST", "/collections/docs/points/scroll", body).await;
        seen.extend(ids(&page["points"]));
        offset = page["next_page_offset"].clone();
        if offset.is_null() {
            break;
        }
    }
    assert_eq!(seen, (1..=10).collect::<Vec<_>>());
}

#[tokio::test]
async fn reading_by_id_brings_nothing_unasked() {
    let server = Server::with_points().await;
    let found = server.ok("POST", "/collections/docs/points", json!({"ids": [3, 5555, 1]})).await;
    assert_eq!(found, json!([{"id": 3}, {"id": 1}]));
    let body = json!({"ids": [3], "with_payload": ["n"], "with_vector": true});
    let found = server.ok("POST", "/collections/docs/points", body).await;
    assert_eq!(found[0]["payload"], json!({"n": 3}));
    assert_eq!(found[0]["vector"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn bad_writes_are_refused_before_they_begin() {
    let server = Server::with_points().await;
    let good = json!({"id": 70, "vector": [1, 1]});
    let cases = [
        (json!({"points": [good, {"id": 71, "vector": [1, 1, 1]}]}), 400, "Wrong input: Vector dimension error: expected dim: 2, got 3"),
        (json!({"points": [good, {"id": 71, "vector": {"zz": [1, 1]}}]}), 400, "Wrong input: Not existing vector name error: zz"),
        (json!({"points": []}), 400, "Bad request: Empty update request"),
        (json!({"nothing": 1}), 400, "Invalid PointInsertOperations format"),
        (json!({"points": [{"id": "not-a-uuid", "vector": [1, 1]}]}), 400, "Format error in JSON body: "),
        (json!({"batch": {"ids": [1, 2], "vectors": [[1, 2]]}}), 422, "must be equal"),
        (json!({"points": [{"id": 70, "vector": {"text": "a", "model": "some/model"}}]}), 500, "InferenceService is not initialized"),
    ];
    for (body, status, text) in cases {
        let (found, error) = server.fails("PUT", POINTS, body).await;
        assert_eq!(found, status, "{error}");
        assert!(error.contains(text), "{error}");
    }
    let count = server.ok("POST", "/collections/docs/points/count", json!({"exact": true})).await;
    assert_eq!(count["count"], 10);
}
