//! Long computations at the admin port, as many as clients want: users and the controller notice nothing.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::house::{PATIENCE, Pointsman, Upstream, alias, collection, query, send};

/// More than have room to compute and to wait, of more questions than are shared.
const CLIENTS: usize = 96;
const QUESTIONS: usize = 48;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_many_analyses_are_asked_for_users_are_served_and_the_lease_is_kept() {
    let upstream = Upstream::sandbox().await;
    collection(&upstream.rest, "docs_v1").await;
    alias(&upstream.rest, "docs", "docs_v1").await;
    let pointsman = Pointsman::start(&upstream, "").await;
    let arms: Vec<Value> = (0..4).map(|arm| json!({"name": format!("arm-{arm}"), "weight": 0.25, "collection": "docs_v1"})).collect();
    let metrics: Vec<Value> = (0..8).map(|metric| json!({"name": format!("metric-{metric}"), "kind": "binary"})).collect();
    let spec = json!({"name": "large", "arms": arms, "metrics": metrics});
    let made = send(&pointsman.http, Method::POST, &pointsman.admin("/v1/experiments"), &spec).await;
    let path = format!("/v1/experiments/{}", made["id"].as_str().expect("it has an id"));
    let values: Vec<Value> =
        (0..800).map(|unit| json!({"unit": format!("u{unit}"), "metric": format!("metric-{}", unit % 8), "value": unit % 2})).collect();
    send(&pointsman.http, Method::POST, &pointsman.admin(&format!("{path}/feedback")), &json!(values)).await;
    let before = controller(&pointsman).await;

    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        // Different from others' by a range that ends later and later.
        let to = 4_000_000_000_000 + client % QUESTIONS;
        let request = pointsman.http.get(pointsman.admin(&format!("{path}/analysis?to={to}"))).timeout(PATIENCE * 5);
        clients.spawn(async move {
            let answer = request.send().await.expect("an answer");
            (answer.status(), answer.headers().get("retry-after").map(|value| value.to_str().expect("text").to_owned()))
        });
    }
    // A client without connections, so each question needs a new one.
    for _ in 0..5 {
        let answer = reqwest::Client::new().post(pointsman.rest("/collections/docs/points/query")).json(&query()).send().await;
        assert_eq!(answer.expect("a new connection is accepted and answered").status(), StatusCode::OK);
    }
    let (mut served, mut away) = (0, 0);
    while let Some(answered) = clients.join_next().await {
        match answered.expect("no panic") {
            (StatusCode::OK, _) => served += 1,
            (StatusCode::SERVICE_UNAVAILABLE, Some(after)) if after == "1" => away += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(served + away, CLIENTS);
    assert!(served > 0, "no client was served");
    assert_eq!(controller(&pointsman).await, before, "the lease has not changed hands");
}

/// Who steers, and since which change of hands.
async fn controller(pointsman: &Pointsman) -> (Value, Value) {
    let steers = pointsman.until("a controller", |status| status["store"]["controller"]["here"] == true).await;
    (steers["store"]["controller"]["replica"].clone(), steers["store"]["controller"]["epoch"].clone())
}
