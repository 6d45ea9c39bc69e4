//! Names are looked at before anything is answered: what Pointsman makes has a plain name, what it is to use is there.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::{Pointsman, Upstream, alias, collection, get};

/// `docs` and an alias with a space in its name point at `docs_v1`; `docs_v2` is there as well.
struct House {
    upstream: Upstream,
    pointsman: Pointsman,
}

impl House {
    async fn new() -> Self {
        let upstream = Upstream::sandbox().await;
        for name in ["docs_v1", "docs_v2"] {
            collection(&upstream.rest, name).await;
        }
        alias(&upstream.rest, "docs", "docs_v1").await;
        alias(&upstream.rest, "my docs", "docs_v1").await;
        let pointsman = Pointsman::start(&upstream, "").await;
        Self { upstream, pointsman }
    }

    async fn call(&self, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
        let answer = self.pointsman.http.request(method, self.pointsman.admin(path)).json(body).send().await.expect("an answer");
        (answer.status(), answer.json().await.expect("JSON"))
    }

    async fn aliases(&self) -> usize {
        let listed = get(&self.pointsman.http, &format!("{}/aliases", self.upstream.rest)).await;
        listed["result"]["aliases"].as_array().expect("a list").len()
    }
}

/// Everything that names a collection, with the field it names it in; `NAME` stands for the collection.
fn uses() -> Vec<(Method, &'static str, Value, &'static str)> {
    let arms = json!([{"name": "control", "weight": 0.5}, {"name": "other", "weight": 0.5, "collection": "NAME"}]);
    vec![
        (Method::PUT, "/v1/aliases/docs", json!({"collection": "NAME", "force": true}), "collection"),
        (Method::POST, "/v1/aliases/docs/switch", json!({"collection": "NAME", "force": true}), "collection"),
        (Method::POST, "/v1/canaries", json!({"alias": "docs", "collection": "NAME"}), "collection"),
        (Method::POST, "/v1/deployments", json!({"alias": "docs", "source": "collection:NAME"}), "source"),
        (Method::POST, "/v1/deployments", json!({"alias": "docs", "source": "collection:NAME", "dry_run": true}), "source"),
        (
            Method::POST,
            "/v1/experiments",
            json!({"name": "test", "alias": "docs", "arms": arms, "metrics": [{"name": "click", "kind": "binary"}]}),
            "arms[1].collection",
        ),
        (Method::POST, "/v1/shadows", json!({"alias": "docs", "collection": "NAME"}), "collection"),
        (Method::POST, "/v1/retirements", json!({"collection": "NAME"}), "collection"),
    ]
}

fn naming(spec: &Value, name: &str) -> Value {
    serde_json::from_str(&spec.to_string().replace("NAME", name)).expect("JSON")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collection_that_is_not_there_is_refused_with_the_one_that_may_be_meant() {
    let house = House::new().await;
    for (method, path, spec, _) in uses() {
        let (status, problem) = house.call(method.clone(), path, &naming(&spec, "dcos_v2")).await;
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert_eq!(status, StatusCode::NOT_FOUND, "{method} {path}: {problem}");
        assert!(detail.contains("no collection `dcos_v2`; did you mean `docs_v2`?"), "{method} {path}: {problem}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alias_in_place_of_a_collection_is_refused_with_where_it_points() {
    let house = House::new().await;
    let route = json!({"variants": [{"name": "stable", "weight": 1}, {"name": "other", "weight": 1, "collection": "NAME"}]});
    let routes = (Method::PUT, "/v1/routes/docs", route, "variants[1].collection");
    for (method, path, spec, field) in uses().into_iter().chain([routes]) {
        let (status, problem) = house.call(method.clone(), path, &naming(&spec, "my docs")).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{method} {path}: {problem}");
        let wanted = json!([{"field": field, "reason": "`my docs` is an alias of `docs_v1`; name the collection itself"}]);
        assert_eq!(problem["errors"], wanted, "{method} {path}: {problem}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mistyped_alias_is_refused_with_the_one_that_may_be_meant() {
    let house = House::new().await;
    for (method, path, spec, _) in uses().into_iter().filter(|(.., spec, _)| spec["alias"] == "docs") {
        let mut spec = naming(&spec, "docs_v2");
        spec["alias"] = json!("dcos");
        let (status, problem) = house.call(method.clone(), path, &spec).await;
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert_eq!(status, StatusCode::NOT_FOUND, "{method} {path}: {problem}");
        assert!(detail.contains("no alias `dcos`; did you mean `docs`?"), "{method} {path}: {problem}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_pointsman_makes_has_a_plain_name() {
    let house = House::new().await;
    let long = "a".repeat(256);
    for name in ["..%2Fetc", "a%00b", "a%20b", "%C3%A4", "a.b", long.as_str()] {
        for (method, path) in [(Method::PUT, format!("/v1/aliases/{name}")), (Method::POST, format!("/v1/aliases/{name}/switch"))] {
            let (status, problem) = house.call(method, &path, &json!({"collection": "docs_v1"})).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{path}: {problem}");
        }
        let made = percent_encoding::percent_decode_str(name).decode_utf8_lossy().into_owned();
        let spec = json!({"alias": "docs", "source": "external", "collection": made});
        let (status, problem) = house.call(Method::POST, "/v1/deployments", &spec).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{made}: {problem}");
    }
    assert_eq!(house.aliases().await, 2, "nothing was made");
}

/// What others have made is used as it is called.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alias_that_is_there_may_be_called_anything() {
    let house = House::new().await;
    let (status, moved) = house.call(Method::POST, "/v1/aliases/my%20docs/switch", &json!({"collection": "docs_v2"})).await;
    assert_eq!(status, StatusCode::OK, "{moved}");
    let (status, preview) =
        house.call(Method::POST, "/v1/deployments", &json!({"alias": "my docs", "source": "collection:docs_v1", "dry_run": true})).await;
    assert_eq!(status, StatusCode::OK, "{preview}");
    assert!(preview["collection"].as_str().is_some_and(|name| name.starts_with("my-docs_")), "{preview}");
    let (status, gone) = house.call(Method::DELETE, "/v1/aliases/my%20docs", &Value::Null).await;
    assert_eq!((status, house.aliases().await), (StatusCode::OK, 1), "{gone}");
}

/// Nothing is asked of a folder above.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_between_folders_is_no_name() {
    let house = House::new().await;
    for (method, path, spec, field) in uses().into_iter().filter(|(.., field)| *field != "arms[1].collection") {
        let (status, problem) = house.call(method.clone(), path, &naming(&spec, "..")).await;
        assert!(status.is_client_error(), "{method} {path}, {field}: {problem}");
    }
}
