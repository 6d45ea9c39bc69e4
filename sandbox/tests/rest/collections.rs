//! Collections: made, shown, changed, deleted, and what is refused.

use pointsman_sandbox::SandboxOptions;
use serde_json::{Value, json};

use crate::support::Server;

#[tokio::test]
async fn the_info_of_a_collection_can_be_used_to_make_another() {
    let server = Server::start().await;
    let body = json!({
        "vectors": {
            "text": {"size": 3, "distance": "Cosine", "on_disk": true, "hnsw_config": {"m": 8}},
            "rows": {"size": 2, "distance": "Dot", "multivector_config": {"comparator": "max_sim"}},
        },
        "sparse_vectors": {"words": {"modifier": "idf", "index": {"on_disk": false}}},
        "hnsw_config": {"ef_construct": 128},
        "optimizers_config": {"indexing_threshold": 500},
        "quantization_config": {"scalar": {"type": "int8", "always_ram": true}},
        "metadata": {"owner": "search"},
        "strict_mode_config": {"enabled": true, "max_query_limit": 100},
        "shard_number": 2,
    });
    server.ok("PUT", "/collections/src", body).await;
    let info = server.get("/collections/src").await;
    let config = &info["config"];
    assert_eq!(info["status"], "green");
    assert_eq!(info["optimizer_status"], "ok");
    assert_eq!(info["update_queue"]["length"], 0);
    assert_eq!(config["hnsw_config"]["ef_construct"], 128);
    assert_eq!(config["hnsw_config"]["m"], 16);
    assert_eq!(config["optimizer_config"]["indexing_threshold"], 500);
    assert_eq!(config["optimizer_config"]["flush_interval_sec"], 5);
    assert_eq!(config["params"]["shard_number"], 2);
    assert_eq!(config["metadata"]["owner"], "search");

    let mut clone = config["params"].clone();
    clone["hnsw_config"] = config["hnsw_config"].clone();
    clone["optimizers_config"] = config["optimizer_config"].clone();
    clone["wal_config"] = config["wal_config"].clone();
    clone["quantization_config"] = config["quantization_config"].clone();
    clone["strict_mode_config"] = config["strict_mode_config"].clone();
    clone["metadata"] = config["metadata"].clone();
    server.ok("PUT", "/collections/dst", clone).await;
    assert_eq!(server.get("/collections/dst").await["config"], *config);
}

#[tokio::test]
async fn patches_are_laid_over_what_is_there() {
    let server = Server::start().await;
    server.create("docs").await;
    let patch = json!({
        "optimizers_config": {"indexing_threshold": 1, "max_optimization_threads": "auto"},
        "hnsw_config": {"m": 32, "ef_construct": null},
        "params": {"read_fan_out_factor": 2},
        "metadata": {"a": 1},
        "vectors": {"": {"on_disk": true}},
    });
    server.ok("PATCH", "/collections/docs", patch).await;
    server.ok("PATCH", "/collections/docs", json!({"metadata": {"b": 2}})).await;
    let config = server.get("/collections/docs").await["config"].clone();
    assert_eq!(config["optimizer_config"]["indexing_threshold"], 1);
    assert_eq!(config["hnsw_config"]["m"], 32);
    assert_eq!(config["hnsw_config"]["ef_construct"], 100);
    assert_eq!(config["params"]["read_fan_out_factor"], 2);
    assert_eq!(config["params"]["vectors"]["on_disk"], true);
    assert_eq!(config["metadata"], json!({"a": 1, "b": 2}));
    let (status, _) = server.fails("PATCH", "/collections/docs", json!({"vectors": {"no": {"on_disk": true}}})).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn refusals_have_qdrants_status_and_text() {
    let server = Server::start().await;
    server.create("docs").await;
    let body = json!({"vectors": {"size": 2, "distance": "Dot"}});
    let long = format!("/collections/{}", "x".repeat(256));
    let cases = [
        ("PUT", "/collections/docs", body.clone(), 409, "Wrong input: Collection `docs` already exists!"),
        ("PUT", "/collections/a%2Fb", body.clone(), 422, "collection name cannot contain \"/\" char"),
        ("PUT", "/collections/a:b", body.clone(), 422, "collection name cannot contain \":\" char"),
        ("PUT", long.as_str(), body.clone(), 422, "Validation error in path parameters: [collection_name: "),
        ("PUT", "/collections/x", json!({"vectors": {"size": 0, "distance": "Dot"}}), 422, "value 0 invalid"),
        ("PUT", "/collections/x", json!({"vectors": {"size": 2}}), 400, "Format error in JSON body: "),
        ("PUT", "/collections/x", json!({"sharding_method": "custom"}), 501, "custom sharding"),
        ("GET", "/collections/x", Value::Null, 404, "Not found: Collection `x` doesn't exist!"),
        ("PATCH", "/collections/x", json!({}), 404, "Not found: Collection `x` doesn't exist!"),
        ("PUT", "/collections/x/index", json!({"field_name": "a", "field_schema": "keyword"}), 404, "Collection `x`"),
    ];
    for (method, path, body, status, text) in cases {
        let (found, error) = server.fails(method, path, body).await;
        assert_eq!(found, status, "{method} {path}: {error}");
        assert!(error.contains(text), "{method} {path}: {error}");
    }
}

#[tokio::test]
async fn payload_indexes_show_in_the_schema() {
    let server = Server::with_points().await;
    let index = "/collections/docs/index?wait=true";
    server.ok("PUT", index, json!({"field_name": "n", "field_schema": "integer"})).await;
    let full = json!({"field_name": "group", "field_schema": {"type": "keyword", "is_tenant": true}});
    server.ok("PUT", index, full).await;
    let schema = server.get("/collections/docs").await["payload_schema"].clone();
    assert_eq!(schema["n"]["data_type"], "integer");
    assert_eq!(schema["n"].get("params"), None);
    assert_eq!(schema["n"]["points"], 10);
    assert_eq!(schema["group"]["params"]["is_tenant"], true);
    server.ok("DELETE", "/collections/docs/index/n?wait=true", Value::Null).await;
    assert_eq!(server.get("/collections/docs").await["payload_schema"].get("n"), None);
}

#[tokio::test]
async fn vectors_come_and_go() {
    let server = Server::start().await;
    let body = json!({"vectors": {"a": {"size": 2, "distance": "Dot"}}});
    server.ok("PUT", "/collections/docs", body).await;
    let path = "/collections/docs/vectors/b?wait=true";
    server.ok("PUT", path, json!({"dense": {"size": 3, "distance": "Cosine"}})).await;
    let point = json!({"points": [{"id": 1, "vector": {"b": [1, 0, 0]}}]});
    server.ok("PUT", "/collections/docs/points?wait=true", point).await;
    let vectors = server.get("/collections/docs").await["config"]["params"]["vectors"].clone();
    assert_eq!(vectors["b"]["size"], 3);
    server.ok("DELETE", path, Value::Null).await;
    let vectors = server.get("/collections/docs").await["config"]["params"]["vectors"].clone();
    assert_eq!(vectors.get("b"), None);
}

#[tokio::test]
async fn a_data_folder_survives_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = SandboxOptions { data_dir: Some(folder.path().to_owned()), ..SandboxOptions::default() };
    let server = Server::start_with(options.clone()).await;
    server.create("docs").await;
    let point = json!({"points": [{"id": 1, "vector": [1, 2], "payload": {"kept": true}}]});
    server.ok("PUT", "/collections/docs/points?wait=true", point).await;
    let alias = json!({"actions": [{"create_alias": {"alias_name": "al", "collection_name": "docs"}}]});
    server.ok("POST", "/collections/aliases", alias).await;
    // A connection that the client keeps for later would be waited for.
    drop(server.client);
    server.sandbox.shutdown().await.expect("a clean end");

    let server = Server::start_with(options).await;
    let found = server.get("/collections/al/points/1").await;
    assert_eq!(found["payload"]["kept"], true);
    let changed = json!({"payload": {"kept": "still"}, "points": [1]});
    server.ok("POST", "/collections/al/points/payload?wait=true", changed).await;
    let found = server.get("/collections/docs/points/1").await;
    assert_eq!(found["payload"]["kept"], "still", "a write after a restart counts");
}
