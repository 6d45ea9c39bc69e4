//! Who may do what at the admin port: readers, applications that report, and operators.

use std::os::unix::fs::PermissionsExt;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::{Pointsman, Upstream, alias, collection, query};
use crate::wire::{call_on, dial, frame};

const OPERATOR: &str = "sesame";
const APPLICATION: &str = "barley";

/// A running experiment on `docs`, with units that are let in and kept out by name.
struct House {
    _upstream: Upstream,
    pointsman: Pointsman,
    experiment: String,
}

impl House {
    async fn new() -> Self {
        let upstream = Upstream::sandbox().await;
        collection(&upstream.rest, "docs_v1").await;
        collection(&upstream.rest, "docs_v2").await;
        alias(&upstream.rest, "docs", "docs_v1").await;
        let extra = format!("admin: {{token: {OPERATOR}, feedback_token: {APPLICATION}}}");
        let pointsman = Pointsman::start(&upstream, &extra).await;
        let mut house = Self { _upstream: upstream, pointsman, experiment: String::new() };
        let spec = json!({
            "name": "rights", "alias": "docs", "treatment": "docs_v2", "metrics": [{"name": "click", "kind": "binary"}],
            "targeting": {"deny": ["vip-denied"], "allow": {"vip-allowed": "treatment"}},
        });
        let (status, made) = house.ask(Method::POST, "/v1/experiments", Some(OPERATOR), Some(&spec)).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        house.experiment = format!("/v1/experiments/{}", made["id"].as_str().expect("it has an id"));
        house
    }

    async fn ask(&self, method: Method, path: &str, token: Option<&str>, body: Option<&Value>) -> (StatusCode, Value) {
        let mut request = self.pointsman.http.request(method, self.pointsman.admin(path));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.expect("an answer");
        (answer.status(), answer.json().await.unwrap_or_default())
    }

    async fn read(&self, path: &str, token: Option<&str>) -> Value {
        let (status, read) = self.ask(Method::GET, path, token, None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {read}");
        read
    }

    /// How many units the analysis knows of.
    async fn units(&self) -> f64 {
        let report = self.read(&format!("{}/analysis", self.experiment), None).await;
        let arms = report["arms"].as_array().expect("arms");
        arms.iter().map(|arm| arm["units"].as_f64().unwrap_or(0.0)).sum::<f64>().round()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looking_at_assignments_counts_nobody_and_asking_for_them_needs_a_right() {
    let house = House::new().await;
    let path = format!("{}/assignment", house.experiment);
    for unit in 0..60 {
        let looked = house.read(&format!("{path}?unit=u{unit}"), None).await;
        assert_eq!((&looked["counted"], &looked["token"]), (&json!(false), &Value::Null), "{looked}");
    }
    assert_eq!(house.units().await, 0.0);
    for token in [None, Some("wrong")] {
        let (status, refused) = house.ask(Method::POST, &path, token, Some(&json!({"unit": "u1"}))).await;
        assert!(status == StatusCode::UNAUTHORIZED && refused["detail"].to_string().contains("admin.feedback_token"), "{refused}");
    }
    for (unit, token) in (0..10).map(|unit| (unit, if unit % 2 == 0 { OPERATOR } else { APPLICATION })) {
        let (status, assigned) = house.ask(Method::POST, &path, Some(token), Some(&json!({"unit": format!("u{unit}")}))).await;
        assert!(status == StatusCode::OK && assigned["counted"] == true && assigned["token"].is_string(), "{assigned}");
    }
    assert_eq!(house.units().await, 10.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_reports_and_changes_nothing_else() {
    let house = House::new().await;
    let value = json!({"unit": "u1", "metric": "click", "value": 1});
    let (_, assigned) =
        house.ask(Method::POST, &format!("{}/assignment", house.experiment), Some(APPLICATION), Some(&json!({"unit": "u1"}))).await;
    let by_token = json!({"token": assigned["token"], "metric": "click", "value": 1});
    for (path, value) in [(format!("{}/feedback", house.experiment), &value), ("/v1/feedback".to_owned(), &by_token)] {
        assert_eq!(house.ask(Method::POST, &path, None, Some(value)).await.0, StatusCode::UNAUTHORIZED, "{path}");
        for token in [APPLICATION, OPERATOR] {
            let (status, taken) = house.ask(Method::POST, &path, Some(token), Some(value)).await;
            assert_eq!((status, &taken["accepted"]), (StatusCode::OK, &json!(1)), "{path}");
        }
    }
    for (method, path, body) in [
        (Method::PUT, "/v1/kill-switch".to_owned(), json!({"on": true})),
        (Method::POST, "/v1/experiments".to_owned(), json!({})),
        (Method::POST, format!("{}/stop", house.experiment), json!({})),
        (Method::POST, "/v1/aliases/docs/switch".to_owned(), json!({"collection": "docs_v2"})),
        (Method::POST, "/v1/token-key/rotate".to_owned(), json!({})),
        (Method::POST, "/v1/experiments/plan".to_owned(), json!({"mean": 0.1, "lift_percent": 10})),
    ] {
        let (status, refused) = house.ask(method, &path, Some(APPLICATION), Some(&body)).await;
        assert!(status == StatusCode::UNAUTHORIZED && refused["detail"].to_string().contains("admin.token"), "{path}: {refused}");
    }
    assert_eq!(house.read("/v1/kill-switch", None).await["on"], false);
    assert_eq!(house.read("/v1/aliases/docs", None).await["collection"], "docs_v1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_of_users_are_for_the_operator() {
    let house = House::new().await;
    for path in [house.experiment.as_str(), "/v1/experiments", "/v1/audit"] {
        for token in [None, Some("wrong"), Some(APPLICATION)] {
            let shown = house.read(path, token).await.to_string();
            assert!(!shown.contains("vip-") && shown.contains(r#""hidden":{"deny":1,"allow":1}"#), "{path}: {shown}");
        }
        let shown = house.read(path, Some(OPERATOR)).await.to_string();
        assert!(shown.contains("vip-denied") && shown.contains("vip-allowed") && !shown.contains("hidden"), "{path}: {shown}");
    }
}

/// With a leaked key: what was signed with it is refused from now on, and answers carry tokens of the new one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_of_an_earlier_key_are_taken_as_long_as_was_said() {
    let house = House::new().await;
    let token = async || {
        let unit = json!({"unit": "u1"});
        let path = format!("{}/assignment", house.experiment);
        house.ask(Method::POST, &path, Some(APPLICATION), Some(&unit)).await.1["token"].as_str().expect("it counts").to_owned()
    };
    let is_taken = async |token: &str| {
        let value = json!({"token": token, "metric": "click", "value": 1});
        house.ask(Method::POST, "/v1/feedback", Some(APPLICATION), Some(&value)).await.0.is_success()
    };
    let first = token().await;
    let rotate = async |body: Value| {
        let (status, rotated) = house.ask(Method::POST, "/v1/token-key/rotate", Some(OPERATOR), Some(&body)).await;
        assert_eq!(status, StatusCode::OK, "{rotated}");
        rotated
    };
    assert_eq!(rotate(json!({"overlap": "1h", "reason": "as every year"})).await["keys"], 2);
    let second = token().await;
    assert_ne!(first, second);
    assert!(is_taken(&first).await && is_taken(&second).await);
    let answer = house.pointsman.http.post(house.pointsman.rest("/collections/docs/points/query"));
    let answer = answer.header("x-user-id", "u1").json(&query()).send().await.expect("an answer");
    let carried = answer.headers()["x-pointsman-decision"].to_str().expect("text").to_owned();
    assert_eq!(carried, second, "the data path signs with the new key");
    assert_eq!(rotate(json!({"overlap": "0s"})).await["keys"], 1);
    assert!(!is_taken(&first).await && !is_taken(&second).await && is_taken(&token().await).await);
    let audit = house.read("/v1/audit", Some(OPERATOR)).await;
    assert_eq!(audit["items"][0]["action"], "token_key.rotate", "{audit}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection_is_one_for_each_port() {
    let upstream = Upstream::sandbox().await;
    collection(&upstream.rest, "docs_v1").await;
    let pointsman = Pointsman::start(&upstream, "listen: {max_connections: 1}").await;
    // One connection: the official client opens several.
    let grpc = dial(pointsman.grpc).await;
    for _ in 0..3 {
        // The client keeps its connection between the rounds.
        let rest = pointsman.http.get(pointsman.rest("/collections/docs_v1/points/1")).send().await.expect("an answer");
        assert!(rest.status().is_success());
        rest.bytes().await.expect("whole");
        assert_eq!(call_on(&grpc, "qdrant.Collections/List", &[], frame(0, 0, b"")).await.status(), "0");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_running_pointsman_stores_is_its_owners() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("state").join("pointsman.db");
    let upstream = Upstream::sandbox().await;
    let pointsman = Pointsman::start(&upstream, &format!("store: {{url: {file:?}}}")).await;
    pointsman.http.put(pointsman.admin("/v1/kill-switch")).json(&json!({"on": false})).send().await.expect("an answer");
    let files: Vec<_> =
        std::fs::read_dir(folder.path().join("state")).expect("it is there").map(|file| file.expect("an entry").path()).collect();
    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        let mode = std::fs::metadata(&file).expect("it is there").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}: {mode:o}", file.display());
    }
}
