//! Aliases through the admin API: features 2 to 13 of the aliases' promises.

use pointsman_sandbox::requests::Filter;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::{Pointsman, Upstream, alias, collection, get, origin, query, send};

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
        let pointsman = Pointsman::start(&upstream, "").await;
        Self { upstream, pointsman }
    }

    async fn call(&self, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
        let answer = self.pointsman.http.request(method, self.pointsman.admin(path)).json(body).send().await.expect("an answer");
        (answer.status(), answer.json().await.expect("JSON"))
    }

    async fn target(&self, alias: &str) -> Option<String> {
        let listed = get(&self.pointsman.http, &format!("{}/aliases", self.upstream.rest)).await;
        let aliases = listed["result"]["aliases"].as_array().expect("a list");
        let found = aliases.iter().find(|found| found["alias_name"] == alias)?;
        found["collection_name"].as_str().map(str::to_owned)
    }

    /// How many changes of aliases Qdrant has been asked for.
    fn alias_requests(&self) -> usize {
        self.upstream.engine().log.count(&Filter { operation: Some("UpdateAliases".to_owned()), ..Filter::default() })
    }
}

/// Features 3, 8 and 9: one request, the previous target in the answer, and in force when it is answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_switch_is_one_request_and_names_the_previous_target() {
    let house = House::new().await;
    let before = house.alias_requests();
    let (status, answer) =
        house.call(Method::POST, "/v1/aliases/docs/switch", &json!({"collection": "docs_v2", "expect": "docs_v1"})).await;
    assert_eq!(house.alias_requests(), before + 1, "feature 9: one request");
    assert_eq!(status, 200, "{answer}");
    assert_eq!((&answer["previous"], &answer["collection"], &answer["changed"]), (&json!("docs_v1"), &json!("docs_v2"), &json!(true)));
    assert_eq!(answer["next_name"], "docs_v3", "feature 12");
    let asked = house.pointsman.http.post(house.pointsman.rest("/collections/docs/points/query")).json(&query()).send().await;
    assert_eq!(origin(&asked.expect("an answer").json().await.expect("JSON")), "docs_v2");
    let (status, again) = house.call(Method::POST, "/v1/aliases/docs/switch", &json!({"collection": "docs_v2"})).await;
    assert_eq!((status, &again["changed"]), (StatusCode::OK, &json!(false)), "the same target: no write");
    let (status, stale) = house.call(Method::POST, "/v1/aliases/docs/switch", &json!({"collection": "docs_v1", "expect": "docs_v1"})).await;
    assert_eq!(status, 409, "{stale}");
    assert_eq!(house.target("docs").await.as_deref(), Some("docs_v2"));
    let audit = get(&house.pointsman.http, &house.pointsman.admin("/v1/audit?subject=docs")).await;
    let results: Vec<bool> = audit["items"].as_array().into_iter().flatten().map(|row| row["result"] == "ok").collect();
    assert_eq!(results, [false, true], "the refusal is audited too: {audit:#}");
    assert_eq!((&audit["items"][1]["before"], &audit["items"][1]["after"]), (&json!("docs_v1"), &json!("docs_v2")));
}

/// Features 2 and 4.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alias_that_is_there_moves_only_by_force() {
    let house = House::new().await;
    let (status, created) = house.call(Method::PUT, "/v1/aliases/news", &json!({"collection": "docs_v1"})).await;
    assert_eq!((status, &created["previous"]), (StatusCode::OK, &Value::Null), "{created}");
    let (status, _) = house.call(Method::PUT, "/v1/aliases/news", &json!({"collection": "docs_v2"})).await;
    assert_eq!(status, 409);
    assert_eq!(house.target("news").await.as_deref(), Some("docs_v1"), "a refusal changes nothing");
    let (status, forced) = house.call(Method::PUT, "/v1/aliases/news", &json!({"collection": "docs_v2", "force": true})).await;
    assert_eq!((status, &forced["previous"]), (StatusCode::OK, &json!("docs_v1")), "{forced}");
    let (status, deleted) = house.call(Method::DELETE, "/v1/aliases/news", &Value::Null).await;
    assert_eq!((status, &deleted["previous"]), (StatusCode::OK, &json!("docs_v2")), "{deleted}");
    assert_eq!(house.target("news").await, None);
    let gone = house.pointsman.http.get(house.pointsman.admin("/v1/aliases/news")).send().await.expect("an answer");
    assert_eq!(gone.status(), 404, "feature 5");
    assert_eq!(get(&house.pointsman.http, &house.pointsman.admin("/v1/aliases/docs")).await["collection"], "docs_v1");
    let (status, _) = house.call(Method::PUT, "/v1/aliases/news", &json!({"collection": "nowhere"})).await;
    assert_eq!(status, 404);
}

/// Feature 13.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_incompatible_collection_is_refused_with_every_difference() {
    let house = House::new().await;
    let wide = json!({"vectors": {"size": 3, "distance": "Cosine"}});
    send(&house.pointsman.http, Method::PUT, &format!("{}/collections/wide", house.upstream.rest), &wide).await;
    let (status, problem) = house.call(Method::POST, "/v1/aliases/docs/switch", &json!({"collection": "wide"})).await;
    assert_eq!(status, 409, "{problem}");
    let fields: Vec<&str> = problem["errors"].as_array().into_iter().flatten().filter_map(|error| error["field"].as_str()).collect();
    assert!(fields.iter().any(|field| field.ends_with("size")) && fields.iter().any(|field| field.ends_with("distance")), "{problem}");
    assert_eq!(house.target("docs").await.as_deref(), Some("docs_v1"));
    let report = get(&house.pointsman.http, &house.pointsman.admin("/v1/aliases/docs/compatibility?collection=wide")).await;
    assert_eq!(report["compatible"], false, "{report}");
    let fine = get(&house.pointsman.http, &house.pointsman.admin("/v1/aliases/docs/compatibility?collection=docs_v2")).await;
    assert_eq!(fine["compatible"], true, "{fine}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollout_keeps_its_alias_unless_it_is_forced() {
    let house = House::new().await;
    let spec = json!({"alias": "docs", "collection": "docs_v2", "stages": [{"percentage": 5, "duration": "10m"}, {"percentage": 100, "duration": "0s"}]});
    let created = send(&house.pointsman.http, Method::POST, &house.pointsman.admin("/v1/canaries"), &spec).await;
    collection(&house.upstream.rest, "docs_v3").await;
    let (status, refused) = house.call(Method::POST, "/v1/aliases/docs/switch", &json!({"collection": "docs_v3"})).await;
    assert_eq!(status, 409, "{refused}");
    let (status, forced) = house.call(Method::POST, "/v1/aliases/docs/switch", &json!({"collection": "docs_v3", "force": true})).await;
    assert_eq!(status, 200, "{forced}");
    assert_eq!(house.target("docs").await.as_deref(), Some("docs_v3"));
    let path = format!("/v1/canaries/{}", created["id"].as_str().expect("an id"));
    let ended = async {
        while get(&house.pointsman.http, &house.pointsman.admin(&path)).await["state"] != "superseded" {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(crate::house::PATIENCE, ended).await.expect("the canary ends");
}

/// Such a listing asks with Pointsman's own key, and costs Qdrant more than the refusal.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_of_names_that_are_refused_list_nothing() {
    let upstream = Upstream::sandbox().await;
    collection(&upstream.rest, "docs_v1").await;
    collection(&upstream.rest, "docs_v2").await;
    let refuses = serde_json::from_value(json!({"errors": [{"status": 403, "share": 1.0}]})).expect("a fault");
    upstream.engine().faults.set("docs_v2", refuses).expect("a valid fault");
    let pointsman = Pointsman::start(&upstream, "aliases: {refresh: 1h}").await;
    let listings = || upstream.engine().log.count(&Filter { operation: Some("ListAliases".to_owned()), ..Filter::default() });
    let before = listings();
    let (aliases, deleted) = (pointsman.rest("/collections/aliases"), pointsman.rest("/collections/docs_v2"));
    let made = |collection: &str| json!({"actions": [{"create_alias": {"alias_name": "docs", "collection_name": collection}}]});
    for _ in 0..20 {
        let refused = pointsman.http.post(&aliases).json(&made("nowhere")).send().await.expect("an answer").status();
        assert_eq!(refused, StatusCode::NOT_FOUND);
        assert_eq!(pointsman.http.delete(&deleted).send().await.expect("an answer").status(), StatusCode::FORBIDDEN);
    }
    assert_eq!(listings(), before);
    send(&pointsman.http, Method::POST, &aliases, &made("docs_v1")).await;
    assert_eq!(listings(), before + 1, "what was changed is listed, once");
}

/// An upstream that fails is an error, and nothing else changes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_upstream_changes_nothing() {
    let house = House::new().await;
    let fault = serde_json::from_value(json!({"errors": [{"status": 500, "share": 1.0}]})).expect("a fault");
    house.upstream.engine().faults.set("docs_v2", fault).expect("a valid fault");
    let (status, problem) = house.call(Method::POST, "/v1/aliases/docs/switch", &json!({"collection": "docs_v2"})).await;
    assert_eq!(status, 502, "{problem}");
    assert_eq!(house.target("docs").await.as_deref(), Some("docs_v1"));
    let decided = get(&house.pointsman.http, &house.pointsman.admin("/v1/aliases/docs/decision?unit=u")).await;
    assert_eq!(decided["collection"], "docs_v1");
}

/// Feature 6: what an alias has left is deleted after its grace, and not if somebody wants it back meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_collection_it_leaves_is_retired_and_going_back_keeps_it() {
    let house = House::new().await;
    let (status, answer) =
        house.call(Method::POST, "/v1/aliases/docs/switch", &json!({"collection": "docs_v2", "retire_old": "60m"})).await;
    assert_eq!(status, 200, "{answer}");
    let path = format!("/v1/retirements/{}", answer["retirement"].as_str().expect("an id"));
    let scheduled = get(&house.pointsman.http, &house.pointsman.admin(&path)).await;
    assert_eq!(
        (&scheduled["collection"], &scheduled["state"], &scheduled["grace_ms"]),
        (&json!("docs_v1"), &json!("scheduled"), &json!(3_600_000))
    );
    let (status, back) = house.call(Method::POST, "/v1/aliases/docs/switch", &json!({"collection": "docs_v1"})).await;
    assert_eq!((status, &back["retirement"]), (StatusCode::OK, &Value::Null), "{back}");
    let cancelled = get(&house.pointsman.http, &house.pointsman.admin(&path)).await;
    assert_eq!((&cancelled["state"], &cancelled["reasons"]), (&json!("cancelled"), &json!(["the alias `docs` leads to it"])));
}
