//! The parts that need neither a store nor a socket.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::backoff::{self, pause};
use super::sentence::{escape, of};
use super::transport::{Attempt, judge};
use super::{message, signature};
use crate::config::{Config, WebhookFormat};
use crate::control::engine::announce;
use crate::control::plan::Webhook;
use crate::store::{AuditEntry, Change, Event, NewEvent, Timestamp};

fn event(kind: &str, subject: &str, body: Value) -> Event {
    Event { id: 41, at: Timestamp::from_millis(1_700_000_000_123), revision: 7, kind: kind.to_owned(), subject: subject.to_owned(), body }
}

/// Computed with `printf '1700000000.{"id":1}' | openssl dgst -sha256 -hmac 'correct horse'`.
#[test]
fn a_signature_is_the_hmac_of_timestamp_and_body() {
    assert_eq!(
        signature::sign("correct horse", "1700000000", br#"{"id":1}"#),
        "sha256=3cf6e06c5af764d471a5797d00758d0ea24ca0dbd83d39679cac2ac7522474cf"
    );
}

#[test]
fn pauses_double_up_to_an_hour_and_last_a_day() {
    let middle = |attempts| pause(attempts, None, 0.5);
    assert_eq!((1..=4).map(middle).map(|pause| pause.as_secs()).collect::<Vec<_>>(), [1, 2, 4, 8]);
    assert_eq!([middle(13), middle(60), middle(u64::MAX)], [Duration::from_secs(3_600); 3]);
    let mut attempts = 1;
    let mut age = Duration::ZERO;
    while !backoff::is_over(age) {
        age += middle(attempts);
        attempts += 1;
    }
    assert!((30..40).contains(&attempts), "{attempts} attempts in a day");
}

#[test]
fn pauses_are_spread_by_a_fifth() {
    assert_eq!([pause(4, None, 0.0), pause(4, None, 1.0)], [Duration::from_millis(6_400), Duration::from_millis(9_600)]);
}

#[test]
fn a_receiver_that_asks_for_time_gets_it_but_no_more_than_an_hour() {
    let asked = |seconds| pause(1, Some(Duration::from_secs(seconds)), 0.5).as_secs();
    assert_eq!([asked(0), asked(30), asked(1_000_000)], [1, 30, 3_600]);
}

#[test]
fn only_answers_that_nothing_can_mend_end_a_delivery() {
    let answer = |code: u16| judge(StatusCode::from_u16(code).expect("a status"), &HeaderMap::new());
    for code in [200, 202, 204] {
        assert!(matches!(answer(code), Attempt::Delivered(_)), "{code}");
    }
    for code in [400, 405, 410, 413, 415, 422] {
        assert!(matches!(answer(code), Attempt::Refused(_)), "{code}");
    }
    for code in [302, 401, 403, 404, 408, 409, 425, 429, 500, 503, 504] {
        assert!(matches!(answer(code), Attempt::Failed { asked: None, .. }), "{code}");
    }
    let headers = HeaderMap::from_iter([(http::header::RETRY_AFTER, http::HeaderValue::from_static("7"))]);
    let Attempt::Failed { asked, .. } = judge(StatusCode::TOO_MANY_REQUESTS, &headers) else { panic!("it is tried again") };
    assert_eq!(asked, Some(Duration::from_secs(7)));
}

#[test]
fn a_message_says_who_did_what_to_what_and_why() {
    let event =
        event("alias.switched", "docs", json!({"actor": "ann", "reason": "new model", "previous": "docs_v1", "collection": "docs_v2"}));
    let body: Value = serde_json::from_slice(&message::body(WebhookFormat::Json, &event, "replica_1")).expect("it is JSON");
    let expected = json!({
        "id": 41,
        "time": "2023-11-14T22:13:20.123Z",
        "kind": "alias.switched",
        "subject": "docs",
        "actor": "ann",
        "reason": "new model",
        "details": {"previous": "docs_v1", "collection": "docs_v2"},
        "instance": "replica_1",
    });
    assert_eq!(body, expected);
}

#[test]
fn a_chat_is_told_in_one_sentence() {
    let switched =
        event("alias.switched", "docs", json!({"actor": "ann", "reason": "new model", "previous": "docs_v1", "collection": "docs_v2"}));
    assert_eq!(of(&switched), "The alias docs was switched from docs_v1 to docs_v2: new model (by ann)");
    let stage = json!({"actor": "controller", "reason": "all guards pass", "transition": {"percentage": 25.0}});
    assert_eq!(of(&event("canary.stage_changed", "docs", stage)), "The canary of docs is at 25 % now: all guards pass (by controller)");
    assert_eq!(of(&event("deployment.rolled_back", "docs", json!({"reason": ""}))), "Deployment rolled back: docs");
    assert_eq!(of(&event("kill_switch.off", "", json!(null))), "The kill switch is off");
}

#[test]
fn nothing_in_a_sentence_is_markup() {
    assert_eq!(escape("a < b & c > d &amp; <!channel>"), "a &lt; b &amp; c &gt; d &amp;amp; &lt;!channel&gt;");
    let loud = event("x", "<!here>", json!({}));
    let body: Value = serde_json::from_slice(&message::body(WebhookFormat::Slack, &loud, "i")).expect("it is JSON");
    assert_eq!(body, json!({"text": "X: &lt;!here&gt;"}));
}

fn webhooks(yaml: &str, variables: &[(&str, &str)]) -> Result<Vec<Webhook>, Vec<String>> {
    let config: Config = serde_saphyr::from_str(yaml).expect("it is a configuration");
    let variable = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    Webhook::all(&config.webhooks, variable).map_err(|faults| faults.iter().map(ToString::to_string).collect())
}

#[test]
fn an_event_is_owed_to_whoever_wants_its_kind() {
    let yaml = "webhooks: [{name: all, url: 'http://h/1'}, {name: canaries, url: 'http://h/2', events: ['canary.*', lease.lost]}]";
    let webhooks = webhooks(yaml, &[]).expect("nothing is missing");
    let audit = AuditEntry {
        actor: "ann".to_owned(),
        action: "test".to_owned(),
        subject: "docs".to_owned(),
        before: None,
        after: None,
        reason: Some("why not".to_owned()),
        result: "ok".to_owned(),
    };
    let new = |kind: &str, body: Value| NewEvent { kind: kind.to_owned(), subject: "docs".to_owned(), body };
    let mut change = Change::new(audit, Vec::new());
    change.events = vec![new("alias.switched", json!({})), new("canary.paused", json!({"actor": "bob"})), new("lease.lost", json!({}))];
    announce(&mut change, &webhooks);
    let owed: Vec<_> = change.outbox.iter().map(|delivery| (delivery.destination.as_str(), delivery.event)).collect();
    assert_eq!(owed, [("all", 0), ("all", 1), ("canaries", 1), ("all", 2), ("canaries", 2)]);
    assert_eq!(change.events[0].body, json!({"actor": "ann", "reason": "why not"}));
    assert_eq!(change.events[1].body["actor"], "bob", "who is named already stays");
}

#[test]
fn a_missing_secret_is_named_and_nothing_shows_what_is_secret() {
    let yaml = "webhooks: [{name: a, url: 'https://h.example/T0/B0/x?k=1', secret_env: HOOK_KEY, headers: {authorization: Bearer hush}}]";
    let faults = webhooks(yaml, &[("HOOK_KEY", "")]).expect_err("it is empty");
    assert_eq!(
        faults,
        ["webhooks[0].secret_env: the environment variable HOOK_KEY is not set: set it where `serve` runs, or leave `secret_env` out"]
    );
    let shown = format!("{:?}", webhooks(yaml, &[("HOOK_KEY", "hush")]).expect("it is there"));
    assert!(shown.contains("https://h.example") && !["hush", "T0", "k=1"].iter().any(|secret| shown.contains(secret)), "{shown}");
}
