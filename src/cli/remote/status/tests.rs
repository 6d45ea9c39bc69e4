//! The page as people see it.

use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

use super::super::testing::PLAIN;
use super::page::page;

fn status() -> Value {
    let now = PLAIN.now;
    let minute = json!({"seconds": 62.3, "requests": 12, "errors": 0, "fallbacks": 0, "p95_ms": 14.0});
    let traffic = |variant: &str, collection: &str, requests: u64, errors: u64| {
        json!({"alias": "docs", "variant": variant, "upstream": "default", "collection": collection, "replica": "replica_1",
            "since": now - 7_200_000, "requests": requests, "errors": errors, "fallbacks": 0, "in_flight": 0, "p50_ms": 1.0,
            "p95_ms": 58.21, "p99_ms": 90.0, "last_minute": minute})
    };
    let mut idle = traffic("stable", "news_v1", 0, 0);
    idle["alias"] = "news".into();
    let canary = json!({"kind": "canary", "id": "canary_01M851NEQTWQB562D9TD7KTRX7", "alias": "docs", "from": "docs_v1", "to": ["docs_v2"],
        "state": "paused", "share_percent": 5.0, "progress": 0.12345, "time_left_seconds": null, "since": now,
        "waits_for": "the operator, to approve stage 1 of 3"});
    json!({
        "version": "0.1.0", "table_version": 28, "ready": true, "not_ready": [], "replica": "replica_1", "uptime_seconds": 10_900.0,
        "listing": {"age_seconds": 1.2, "failures": 0, "last_error": null, "protocol": "grpc", "aliases": 1, "collections": 3},
        "upstreams": [{"name": "default", "rest": "127.0.0.1:6333", "grpc": "127.0.0.1:6334", "tls": false, "in_flight": 0}],
        "routes": [], "workers": [], "config": {"rejected": [], "restart_needed": []}, "frozen": null,
        "under_way": [canary],
        "needs_attention": [{"what": "the canary `canary_01M851NEQTWQB562D9TD7KTRX7`",
            "why": "its stage has passed and waits for an approval: every guard passes",
            "next": "pointsman canary approve canary_01M851NEQTWQB562D9TD7KTRX7"}],
        "traffic": [traffic("canary", "docs_v2", 96, 1), idle],
        "held_alone": [{"only_in": ["docs_v0"], "missing_in": "docs_v1", "since": now, "acknowledged": 12, "unknown": 0, "bound": "exact"}],
        "store": {"revision": 2, "lost": null, "replica": "replica_1",
            "controller": {"replica": "replica_1", "epoch": 1, "here": true, "expires_in_seconds": 9.0},
            "replicas": [{"replica": "replica_1", "version": "0.1.0", "revision": 2, "lag": 0, "age_seconds": 0.2, "live": true}]},
    })
}

#[test]
fn the_page_tells_what_runs_what_it_waits_for_and_what_to_do_next() {
    let page = page(&status(), &json!({"on": false}), PLAIN);
    let wanted = "pointsman 0.1.0, ready, up 3 h
replica        replica_1
upstream       default: REST 127.0.0.1:6333, gRPC 127.0.0.1:6334, 0 in flight
aliases        1 alias, 3 collections, listed 1 s ago
kill switch    off
store          answers; this replica is the leader
configuration  in force

ALIAS  UNDER WAY  STATE   SHARE  DONE  LEFT
docs   canary     paused    5 %  12 %     -
  canary_01M851NEQTWQB562D9TD7KTRX7: docs_v1 -> docs_v2
  waits for the operator, to approve stage 1 of 3

NEEDS A PERSON, with the next command
the canary `canary_01M851NEQTWQB562D9TD7KTRX7`: its stage has passed and waits
  for an approval: every guard passes
 pointsman canary approve canary_01M851NEQTWQB562D9TD7KTRX7

TRAFFIC, as counted by replica_1
ALIAS  VARIANT  SHARE  REQUESTS  ERRORS  FALLBACKS      P95
docs   canary     5 %        96       1          0  58.2 ms
  docs_v2, since 2026-11-21T10:01:00Z (2 h ago); last 62 s: 12 requests, 0
    errors, 0 fallbacks, p95 14.0 ms
1 alias has served nothing yet

WRITES IN ONE COLLECTION ALONE
docs_v0 has 12 that docs_v1 lacks (exact), since 2026-11-21T12:01:00Z

REPLICA    VERSION  BEHIND  SEEN  LIVE  ROLE
replica_1  0.1.0         0  now   yes   leader, asked";
    assert_eq!(page, wanted);
}

#[test]
fn the_page_fits_80_columns_with_long_names_too() {
    let mut status = status();
    let long = "documents-of-the-knowledge-base-in-every-language-there-is";
    for list in ["under_way", "traffic"] {
        for field in ["alias", "variant", "collection"] {
            status[list][0][field] = long.into();
        }
    }
    status["traffic"][0]["requests"] = 123_456_789_u64.into();
    status["store"]["replicas"][0]["replica"] = "replica_01M851NEQTWQB562D9TD7KTRX7".into();
    let page = page(&status, &json!({"on": true, "actor": "boris", "reason": "an incident that takes long to tell", "since": 0}), PLAIN);
    let wide: Vec<&str> = page.lines().filter(|line| line.width() > 80).collect();
    assert!(wide.is_empty(), "{wide:#?}");
}

#[test]
fn nothing_under_way_is_said_in_words() {
    let page = page(&json!({"version": "0.1.0", "ready": false, "not_ready": ["draining"]}), &json!({"on": false}), PLAIN);
    assert!(page.starts_with("pointsman 0.1.0, not ready: draining\n"), "{page}");
    assert!(page.contains("Nothing is under way.") && page.contains("Nothing needs a person."), "{page}");
}
