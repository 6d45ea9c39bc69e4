//! Retirements through the admin API: what may be asked for, and what an operator is told.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::{Pointsman, Upstream, alias, collection, get};

async fn house() -> (Upstream, Pointsman) {
    let upstream = Upstream::sandbox().await;
    for name in ["docs_v1", "docs_v2", "docs_v3", "users_v1"] {
        collection(&upstream.rest, name).await;
    }
    alias(&upstream.rest, "docs", "docs_v3").await;
    let pointsman = Pointsman::start(&upstream, "").await;
    (upstream, pointsman)
}

async fn post(pointsman: &Pointsman, path: &str, body: &Value) -> (StatusCode, Value) {
    let request = pointsman.http.request(Method::POST, pointsman.admin(path)).json(body);
    let answer = request.send().await.expect("the admin API answers");
    (answer.status(), answer.json().await.expect("JSON"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retirement_is_scheduled_shown_and_cancelled() {
    let (_upstream, pointsman) = house().await;
    let (status, made) = post(&pointsman, "/v1/retirements", &json!({"collection": "docs_v1", "grace": "1h", "snapshot": true})).await;
    assert_eq!((status, &made["state"], &made["grace_ms"]), (StatusCode::CREATED, &json!("scheduled"), &json!(3_600_000)), "{made}");
    assert!(made["warnings"][0].as_str().expect("a short grace is said aloud").contains("shorter"), "{made}");
    let path = format!("/v1/retirements/{}", made["id"].as_str().expect("an id"));
    assert_eq!(get(&pointsman.http, &pointsman.admin(&path)).await, made);
    assert_eq!(get(&pointsman.http, &pointsman.admin("/v1/retirements")).await["items"], json!([made]));

    let (status, again) = post(&pointsman, "/v1/retirements", &json!({"collection": "docs_v1"})).await;
    assert_eq!(status, StatusCode::CONFLICT, "{again}");
    let (status, cancelled) = post(&pointsman, &format!("{path}/cancel"), &json!(null)).await;
    assert_eq!((status, &cancelled["state"]), (StatusCode::OK, &json!("cancelled")));
    let (status, twice) = post(&pointsman, &format!("{path}/cancel"), &json!(null)).await;
    assert_eq!(status, StatusCode::CONFLICT, "{twice}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_use_or_unknown_cannot_be_retired() {
    let (_upstream, pointsman) = house().await;
    pointsman.split("docs", "docs_v2", 90, 10).await;
    for (body, status) in [
        (json!({"collection": "docs_v3"}), StatusCode::CONFLICT),
        (json!({"collection": "docs_v2"}), StatusCode::CONFLICT),
        (json!({"collection": "nothing"}), StatusCode::NOT_FOUND),
        (json!({"collection": "docs"}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"collection": "docs_v1", "upstream": "mars"}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"collection": "docs_v1", "grace": "-1h"}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"collection": "docs_v1", "colour": "red"}), StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let (answered, problem) = post(&pointsman, "/v1/retirements", &body).await;
        assert_eq!(answered, status, "{body}: {problem}");
    }
    let (status, _) = post(&pointsman, "/v1/retirements/ret_0/cancel", &json!(null)).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(get(&pointsman.http, &pointsman.admin("/v1/retirements")).await["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_family_is_planned_first_and_retired_when_asked() {
    let (_upstream, pointsman) = house().await;
    let request = json!({"family": "docs", "keep_newest": 2});
    let (status, plan) = post(&pointsman, "/v1/retirements/plan", &request).await;
    assert_eq!(status, StatusCode::OK, "{plan}");
    let expected = json!([
        {"collection": "docs_v3", "kept": {"referred": ["alias `docs` of upstream `default` points at a collection of this name"]}},
        {"collection": "docs_v2", "kept": "newest"},
        {"collection": "docs_v1"},
    ]);
    assert_eq!((&plan["members"], &plan["scheduled"]), (&expected, &json!([])));
    let (status, applied) = post(&pointsman, "/v1/retirements/plan", &json!({"alias": "docs", "keep_newest": 2, "apply": true})).await;
    assert_eq!((status, &applied["scheduled"][0]["collection"]), (StatusCode::OK, &json!("docs_v1")), "{applied}");
    for faulty in [
        json!({"keep_newest": 1}),
        json!({"family": "docs", "alias": "docs", "keep_newest": 1}),
        json!({"family": "docs", "keep_newest": 0}),
    ] {
        let (status, problem) = post(&pointsman, "/v1/retirements/plan", &faulty).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{faulty}: {problem}");
    }
}
