//! Health, status, metrics, decisions, the log's level.

use axum::http::{Method, StatusCode, header};

use super::client::Api;
use crate::control::testing::{config, list, listing};
use crate::routing::Split;

#[tokio::test]
async fn ready_from_the_first_listing_until_told_to_stop() {
    let api = Api::unlisted(config()).await;
    assert_eq!(api.get("/livez").await.status, StatusCode::OK);
    let early = api.get("/readyz").await;
    assert_eq!((early.status, early.problem().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "not-ready"));
    list(&api.control, listing(&[], &[])).await;
    assert_eq!(api.get("/readyz").await.status, StatusCode::OK);
    api.control.readiness().set_draining();
    let late = api.get("/readyz").await;
    assert!(late.json()["detail"].as_str().is_some_and(|detail| detail.contains("stopping")));
    assert_eq!(api.get("/livez").await.status, StatusCode::OK, "a process that drains is alive");
}

#[tokio::test]
async fn status_shows_what_each_variant_did() {
    let api = Api::new().await;
    let body = r#"{"variants": [{"name": "stable", "weight": 3}, {"name": "candidate", "collection": "missing", "weight": 1}]}"#;
    api.call(Method::PUT, "/v1/routes/docs", &[], body).await;
    let live = api.control.live();
    let candidate = &live.table.entry("docs").split.as_ref().and_then(Split::route).expect("it was put").variants[1].handle;
    candidate.series.shard(0).begin();
    candidate.series.shard(1).fallback(crate::metrics::FallbackCause::Missing);
    candidate.usage.begin(0);

    let status = api.get("/v1/status").await.json();
    assert_eq!((&status["ready"], &status["listing"]["aliases"]), (&true.into(), &2.into()));
    let route = &status["routes"][0];
    assert!(route["warnings"][0].as_str().is_some_and(|warning| warning.contains("`missing`")), "{route}");
    let variant = &route["variants"][1];
    assert_eq!((&variant["share_percent"], &variant["in_flight"], &variant["fallbacks"]), (&25.0.into(), &1.into(), &1.into()));
    assert_eq!(status["upstreams"][0]["in_flight"], 1);
    assert_eq!(status["config"]["serving"], "first");
    let workers = status["workers"].as_array().expect("there are workers");
    assert_eq!(workers.len(), 2);
}

#[tokio::test]
async fn metrics_are_text() {
    let api = Api::new().await;
    let answer = api.get("/metrics").await;
    assert!(answer.header(header::CONTENT_TYPE).starts_with("text/plain"));
    let text = String::from_utf8(answer.body).expect("the text format is UTF-8");
    assert!(text.contains("\npointsman_ready 1\n") && text.contains("\npointsman_aliases 2\n"), "{text}");
}

#[tokio::test]
async fn who_is_turned_away_is_counted() {
    let mut guarded = config();
    guarded.admin.token = Some(crate::config::Secret::new("sesame"));
    let api = Api::unlisted(guarded).await;
    let refused = [
        ("unauthorized", [("authorization", "Bearer other"), ("content-type", "application/json")]),
        ("foreign_host", [("host", "evil.example"), ("content-type", "application/json")]),
        ("cross_site", [("origin", "https://evil.example"), ("content-type", "application/json")]),
        ("media_type", [("authorization", "Bearer sesame"), ("content-type", "text/plain")]),
    ];
    for (times, (_, headers)) in refused.iter().enumerate() {
        for _ in 0..=times {
            api.call(Method::PUT, "/v1/kill-switch", headers, r#"{"on": true}"#).await;
        }
    }
    let text = String::from_utf8(api.get("/metrics").await.body).expect("the text format is UTF-8");
    for (times, (reason, _)) in refused.iter().enumerate() {
        let line = format!("pointsman_admin_requests_refused_total{{reason=\"{reason}\"}} {}\n", times + 1);
        assert!(text.contains(&line), "{line}{text}");
    }
    assert!(!api.control.kill_switch.show().on);
}

#[tokio::test]
async fn decisions_can_be_asked_for() {
    let api = Api::new().await;
    let decision = api.get("/v1/aliases/docs/decision?unit=user-1").await.json();
    let expected = serde_json::json!({
        "alias": "docs", "unit": "user-1", "read": "search", "revision": api.control.live().table.revision, "salt": null, "slot": null,
        "layer": null, "rollout": null, "variant": "stable", "collection": "docs_v1", "cohort": null, "reason": "transparent",
    });
    assert_eq!(decision, expected);
    assert_eq!(api.get("/v1/aliases/a%2Fb%20c/decision").await.json()["collection"], "docs_v1");
    assert_eq!(api.get("/v1/aliases/nobody/decision?unit=u").await.problem(), "unknown-name");
    assert_eq!(api.get("/v1/aliases/docs/decision?user=u").await.problem(), "malformed");
}

#[tokio::test]
async fn collections_say_who_uses_them() {
    let api = Api::new().await;
    let items = api.get("/v1/collections").await.json()["items"].clone();
    let docs = items.as_array().into_iter().flatten().find(|item| item["collection"] == "docs_v1").cloned();
    let docs = docs.expect("it was listed");
    assert_eq!(docs["aliases"], serde_json::json!(["a/b c", "docs"]));
    assert_eq!((&docs["listed"], &docs["in_flight"]), (&true.into(), &0.into()));
}

#[tokio::test]
async fn the_log_level_changes() {
    let api = Api::new().await;
    let wanted = r#"{"filter": "pointsman=debug"}"#;
    assert_eq!(api.call(Method::PUT, "/log-level", &[], wanted).await.json()["filter"], "pointsman=debug");
    assert_eq!(api.get("/log-level").await.json()["filter"], "pointsman=debug");
    let audit = api.get("/v1/audit").await.json();
    let row = &audit["items"][0];
    assert_eq!((&row["action"], &row["after"]), (&"log_level.set".into(), &"pointsman=debug".into()), "{audit:#}");
    let refused = api.call(Method::PUT, "/log-level", &[], r#"{"filter": ""}"#).await;
    assert_eq!((refused.problem().as_str(), refused.json()["errors"][0]["field"].as_str()), ("invalid", Some("filter")));
}

#[tokio::test]
async fn unknown_paths_are_problems() {
    let api = Api::new().await;
    for path in ["/", "/v1", "/v2/status", "/v1/status/", "/v1/routes/a/b"] {
        let answer = api.get(path).await;
        assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::NOT_FOUND, "unknown-path"), "{path}");
    }
}
