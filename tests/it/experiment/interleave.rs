//! Two arms, one answer.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use pointsman_sandbox::requests::Filter;
use qdrant_client::qdrant::{PointId, Query, QueryPoints, QueryPointsBuilder, QueryResponse, SearchPointsBuilder, SearchResponse};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{House, arm};
use crate::house::{PATIENCE, Pointsman, Upstream, alias, send};
use crate::wire::{Ended, call, framed};

/// Points of two collections in one space: the lower their number, the nearer to the question. Odd numbers are in both.
const SHARED: [u64; 3] = [1, 3, 5];
const CONTROL: [u64; 6] = [1, 2, 3, 4, 5, 6];
const TREATMENT: [u64; 6] = [1, 12, 3, 14, 5, 16];

async fn fill(upstream: &Upstream, name: &str, ids: &[u64]) {
    let (http, url) = (reqwest::Client::new(), format!("{}/collections/{name}", upstream.rest));
    // Where a real server has one of an earlier run.
    http.delete(&url).send().await.expect("an answer");
    send(&http, Method::PUT, &url, &json!({"vectors": {"size": 2, "distance": "Dot"}})).await;
    let point = |id: &u64| json!({"id": id, "vector": [100 - id % 10, 1], "payload": {"from": name}});
    let points: Vec<Value> = ids.iter().map(point).collect();
    send(&http, Method::PUT, &format!("{url}/points?wait=true"), &json!({"points": points})).await;
}

impl House {
    /// With an experiment that interleaves; its id.
    async fn interleaving(upstream: Upstream, arms: [&[u64]; 2], changes: Value) -> (Self, String) {
        Self::interleaving_with("", upstream, arms, changes).await
    }

    async fn interleaving_with(extra: &str, upstream: Upstream, [control, treatment]: [&[u64]; 2], changes: Value) -> (Self, String) {
        fill(&upstream, "docs_v1", control).await;
        fill(&upstream, "docs_v2", treatment).await;
        let gone = json!({"actions": [{"delete_alias": {"alias_name": "docs"}}]});
        reqwest::Client::new().post(format!("{}/collections/aliases", upstream.rest)).json(&gone).send().await.expect("an answer");
        alias(&upstream.rest, "docs", "docs_v1").await;
        let pointsman = Pointsman::start(&upstream, extra).await;
        let house = Self { upstream, pointsman };
        let mut spec = json!({"interleave": true});
        spec.as_object_mut().expect("an object").extend(changes.as_object().expect("an object").clone());
        let id = house.begin(spec).await;
        house.until(&id, "running").await;
        (house, id)
    }

    async fn post(&self, unit: &str, path: &str, body: &Value) -> Shown {
        let url = self.pointsman.rest(&format!("/collections/docs/{path}"));
        let answer = self.pointsman.http.post(url).header("x-user-id", unit).json(body).send().await.expect("an answer");
        let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().expect("text").to_owned());
        let [variant, token, fallback] = ["x-pointsman-variant", "x-pointsman-decision", "x-pointsman-fallback"].map(header);
        let status = answer.status();
        let body = answer.json().await.expect("JSON");
        Shown { status, variant: variant.unwrap_or_default(), token, fallback, body }
    }

    /// Until both arms have answered in time: on a busy machine the other may be later than users wait, which is counted.
    async fn both(&self, late: &mut u64, unit: &str, path: &str, body: &Value) -> Shown {
        loop {
            let shown = self.post(unit, path, body).await;
            if shown.variant == "interleaved" {
                return shown;
            }
            assert!(shown.status == 200 && shown.fallback.is_none() && *late < 100, "{}: {}", shown.variant, shown.body);
            *late += 1;
        }
    }

    /// The same by gRPC.
    async fn both_by_grpc(&self, late: &mut u64, unit: &str, method: &str, message: &impl prost::Message) -> Ended {
        let headers = [("x-user-id", unit), ("grpc-accept-encoding", "gzip")];
        loop {
            let ended = call(self.pointsman.grpc, method, &headers, framed(message)).await;
            if ended.text("x-pointsman-variant") == Some("interleaved") {
                return ended;
            }
            assert!(ended.status() == "0" && ended.text("x-pointsman-fallback").is_none() && *late < 100, "{:?}", ended.headers);
            *late += 1;
        }
    }

    /// A unit of each arm, the control's first.
    async fn units(&self, id: &str) -> [String; 2] {
        let mut found = [None, None];
        for unit in (0..).map(|unit| format!("someone-{unit}")) {
            let assigned = self.look(&format!("/v1/experiments/{id}/assignment?unit={unit}")).await;
            let arm = usize::from(assigned["arm"] == "treatment");
            found[arm].get_or_insert(unit);
            if let [Some(control), Some(treatment)] = &found {
                return [control.clone(), treatment.clone()];
            }
        }
        unreachable!("there are units without end")
    }

    async fn report(&self, id: &str) -> Value {
        self.look(&format!("/v1/experiments/{id}/analysis")).await
    }

    /// How many requests of both arms were not interleaved, by why.
    async fn apart(&self, id: &str) -> BTreeMap<String, u64> {
        let report = self.report(id).await;
        let mut all = BTreeMap::new();
        for name in ["control", "treatment"] {
            for (why, count) in arm(&report, name)["not_interleaved"].as_object().expect("it interleaves") {
                *all.entry(why.clone()).or_default() += count.as_u64().expect("a count");
            }
        }
        all
    }
}

struct Shown {
    status: StatusCode,
    variant: String,
    token: Option<String>,
    fallback: Option<String>,
    body: Value,
}

impl Shown {
    fn hits(&self) -> Vec<(u64, String)> {
        let list = if self.body["result"].is_array() { &self.body["result"] } else { &self.body["result"]["points"] };
        let hit = |hit: &Value| (hit["id"].as_u64().expect("an id"), hit["payload"]["from"].as_str().expect("a text").to_owned());
        list.as_array().unwrap_or_else(|| panic!("no hits in {}", self.body)).iter().map(hit).collect()
    }
}

fn query(limit: u64) -> Value {
    json!({"query": [1.0, 0.0], "limit": limit, "with_payload": true})
}

/// Whether this is a draft of both rankings: every hit from its own collection, in its order, and no team far ahead.
fn is_draft(hits: &[(u64, String)], limit: usize) {
    assert_eq!(hits.len(), limit);
    let ids: HashSet<u64> = hits.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids.len(), limit, "{hits:?}");
    let of = |name: &str| hits.iter().filter(|(_, from)| from == name).map(|(id, _)| *id).collect::<Vec<_>>();
    for (name, ranking) in [("docs_v1", CONTROL), ("docs_v2", TREATMENT)] {
        let picked = of(name);
        assert!(ranking.iter().filter(|id| picked.contains(id)).eq(&picked), "{name}: {picked:?}");
        assert!(picked.len() * 2 + 1 >= limit && picked.len() * 2 <= limit + 1, "{hits:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_arms_answer_together_by_either_protocol() {
    let (house, id) = House::interleaving(Upstream::any().await, [&CONTROL, &TREATMENT], json!({})).await;
    let (mut firsts, mut late) = (HashSet::new(), 0);
    for user in 0..20 {
        let unit = format!("user-{user}");
        let shown = house.both(&mut late, &unit, "points/query", &query(5)).await;
        assert_eq!(shown.status, StatusCode::OK, "{}", shown.body);
        assert_eq!(shown.body["status"], "ok");
        is_draft(&shown.hits(), 5);
        firsts.insert(shown.hits()[0].1.clone());
        let search = json!({"vector": [1.0, 0.0], "limit": 4, "with_payload": true});
        let searched = house.both(&mut late, &unit, "points/search", &search).await;
        is_draft(&searched.hits(), 4);
    }
    assert_eq!(firsts.len(), 2, "a coin says who is first");

    let wanted = QueryPointsBuilder::new("docs").query(Query::new_nearest(vec![1.0, 0.0])).limit(5).with_payload(true).build();
    let searched = SearchPointsBuilder::new("docs", vec![1.0, 0.0], 5).with_payload(true).build();
    let from = |points: &[qdrant_client::qdrant::ScoredPoint]| -> Vec<(u64, String)> {
        use qdrant_client::qdrant::point_id::PointIdOptions::Num;
        let id = |id: Option<&PointId>| match id.and_then(|id| id.point_id_options.as_ref()) {
            Some(Num(number)) => *number,
            other => panic!("{other:?}"),
        };
        points.iter().map(|point| (id(point.id.as_ref()), point.payload["from"].as_str().expect("a text").to_owned())).collect()
    };
    for user in 0..10 {
        let unit = format!("user-{user}");
        let ended = house.both_by_grpc(&mut late, &unit, "qdrant.Points/Query", &wanted).await;
        assert_eq!(ended.status(), "0");
        is_draft(&from(&ended.message::<QueryResponse>().result), 5);
        let ended = house.both_by_grpc(&mut late, &unit, "qdrant.Points/Search", &searched).await;
        assert_eq!(ended.status(), "0");
        is_draft(&from(&ended.message::<SearchResponse>().result), 5);
        let token = ended.text("x-pointsman-decision").expect("it can be reported");
        let click = json!({"token": token, "metric": "click", "value": 1, "points": [1]});
        assert_eq!(house.change(Method::POST, "/v1/feedback", &click).await["accepted"], 1);
    }

    let report = house.report(&id).await;
    let sum = |field: &str| ["control", "treatment"].iter().map(|name| arm(&report, name)[field].as_f64().expect("a number")).sum::<f64>();
    assert_eq!((sum("interleaved_requests"), sum("requests")), (60.0, 0.0), "counted apart");
    assert_eq!(sum("units").round(), 20.0, "everybody is a unit of an arm all the same");
    let apart = house.apart(&id).await;
    assert_eq!(apart.get("partner").copied().unwrap_or(0), late, "{apart:?}");
    assert!(apart.keys().all(|why| why == "partner"), "{apart:?}");
    let metrics = house.pointsman.http.get(house.pointsman.admin("/metrics")).send().await.expect("metrics").text().await.expect("text");
    assert!(metrics.contains("pointsman_interleaved_requests_total{alias=\"docs\",variant=\"control\"}"), "{metrics}");
    house.pointsman.idle().await;
}

/// What does not fit is answered as if nothing were interleaved, and counted by why.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_is_split() {
    let (house, id) = House::interleaving(Upstream::sandbox().await, [&CONTROL, &TREATMENT], json!({})).await;
    let with = |field: &str, value: Value| {
        let mut body = query(3);
        body[field] = value;
        body
    };
    let large = json!({"must_not": [{"key": "from", "match": {"any": vec!["x".repeat(1_000); 1_200]}}]});
    let cases = [
        ("score_threshold", "points/query", with("score_threshold", json!(0.1))),
        ("offset", "points/query", with("offset", json!(1))),
        ("limit", "points/query", with("limit", json!(101))),
        ("query", "points/query", with("query", json!({"recommend": {"positive": [1]}}))),
        ("query", "points/recommend", json!({"positive": [1], "limit": 2})),
        ("batch", "points/query/batch", json!({"searches": [query(1)]})),
        ("batch", "points/search/batch", json!({"searches": [{"vector": [1.0, 0.0], "limit": 1}]})),
        ("grouping", "points/query/groups", json!({"query": [1.0, 0.0], "group_by": "from", "limit": 1})),
        ("size", "points/query", with("filter", large)),
    ];
    let mut expected: BTreeMap<String, u64> = BTreeMap::new();
    let arms = [("control", "docs_v1"), ("treatment", "docs_v2")];
    for (unit, (name, collection)) in house.units(&id).await.into_iter().zip(arms) {
        for (why, path, body) in &cases {
            let shown = house.post(&unit, path, body).await;
            assert_eq!((shown.status, shown.variant.as_str()), (StatusCode::OK, name), "{path}: {}", shown.body);
            let direct = format!("{}/collections/{collection}/{path}", house.upstream.rest);
            let direct = send(&house.pointsman.http, Method::POST, &direct, body).await;
            assert_eq!(shown.body["result"], direct["result"], "{why}: what the arm answers by itself");
            *expected.entry((*why).to_owned()).or_default() += 1;
        }
    }
    // The same by gRPC.
    let unit = &house.units(&id).await[0];
    let plain = || QueryPointsBuilder::new("docs").query(Query::new_nearest(vec![1.0, 0.0])).limit(3);
    let offset: QueryPoints = plain().offset(1).build();
    let threshold: QueryPoints = plain().score_threshold(0.1).build();
    for (why, message) in [("offset", offset), ("score_threshold", threshold)] {
        let ended = call(house.pointsman.grpc, "qdrant.Points/Query", &[("x-user-id", unit)], framed(&message)).await;
        assert_eq!((ended.status(), ended.text("x-pointsman-variant")), ("0", Some("control")), "{why}");
        *expected.entry(why.to_owned()).or_default() += 1;
    }
    assert_eq!(house.apart(&id).await, expected);
    let report = house.report(&id).await;
    let requests = ["control", "treatment"].map(|name| arm(&report, name)["requests"].as_u64().expect("a count"));
    assert_eq!(requests.iter().sum::<u64>(), expected.values().sum::<u64>(), "they are requests of their arms");
}

/// A partner that cannot answer changes nothing for the user, and neither does one that never does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partner_in_trouble_is_not_noticed() {
    let (house, id) = House::interleaving(Upstream::sandbox().await, [&CONTROL, &TREATMENT], json!({})).await;
    let [of_control, of_treatment] = house.units(&id).await;
    let faults = [
        json!({"errors": [{"status": 500, "share": 1.0}]}),
        json!({"errors": [{"status": 429, "share": 1.0}]}),
        json!({"connection": "close"}),
        json!({"connection": "stall"}),
        json!({"slow_body": {"chunk_bytes": 1, "delay_ms": 100}}),
    ];
    let alone: Vec<(u64, String)> = CONTROL[..5].iter().map(|id| (*id, "docs_v1".to_owned())).collect();
    let message = QueryPointsBuilder::new("docs").query(Query::new_nearest(vec![1.0, 0.0])).limit(5).with_payload(true).build();
    for fault in &faults {
        house.upstream.engine().faults.set("docs_v2", serde_json::from_value(fault.clone()).expect("a fault")).expect("a valid fault");
        let shown = house.post(&of_control, "points/query", &query(5)).await;
        assert_eq!((shown.status, shown.variant.as_str(), shown.fallback.as_deref()), (StatusCode::OK, "control", None), "{fault}");
        assert_eq!(shown.hits(), alone, "{fault}");
        let token = shown.token.expect("of its arm");
        let click = json!({"token": token, "metric": "click", "value": 1});
        assert_eq!(house.change(Method::POST, "/v1/feedback", &click).await["accepted"], 1, "it is an answer of one arm");
        let ended = call(house.pointsman.grpc, "qdrant.Points/Query", &[("x-user-id", &of_control)], framed(&message)).await;
        assert_eq!((ended.status(), ended.text("x-pointsman-variant")), ("0", Some("control")), "{fault}");
        assert_eq!(ended.message::<QueryResponse>().result.len(), 5);
    }
    let rounds = 2 * faults.len() as u64;
    assert_eq!(house.apart(&id).await, BTreeMap::from([("partner".to_owned(), rounds)]));

    // The user's own arm fails: stable answers, as it does without interleaving.
    house.upstream.engine().faults.set("docs_v2", serde_json::from_value(faults[0].clone()).expect("a fault")).expect("a valid fault");
    let shown = house.post(&of_treatment, "points/query", &query(5)).await;
    assert_eq!((shown.status, shown.variant.as_str(), shown.fallback.as_deref()), (StatusCode::OK, "stable", Some("status")));
    assert_eq!(shown.hits(), alone);
    assert_eq!(house.apart(&id).await, BTreeMap::from([("answer".to_owned(), 1), ("partner".to_owned(), rounds)]));
    // And what Qdrant refuses, it refuses in its own words.
    house.upstream.engine().faults.clear_all();
    let refused = house.post(&of_control, "points/query", &json!({"query": [1.0, 0.0, 0.0]})).await;
    assert_eq!((refused.status, refused.variant.as_str()), (StatusCode::BAD_REQUEST, "control"), "{}", refused.body);
    assert!(refused.body["status"]["error"].is_string(), "{}", refused.body);
    house.pointsman.idle().await;
    let report = house.report(&id).await;
    let errors = |name: &str| arm(&report, name)["metrics"]["error_rate"].is_null();
    assert!(errors("control") && errors("treatment"), "what both were asked says nothing of one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hits_are_credited_to_whoever_picked_them() {
    let metrics = json!([{"name": "click", "kind": "binary"}, {"name": "rating", "kind": "continuous"}]);
    let (house, id) = House::interleaving(Upstream::sandbox().await, [&CONTROL, &TREATMENT], json!({"metrics": metrics})).await;
    let path = format!("/v1/experiments/{id}/feedback");
    let (mut won, mut late) = ([0.0, 0.0], 0);
    for user in 0..30 {
        let shown = house.both(&mut late, &format!("user-{user}"), "points/query", &query(6)).await;
        let (hits, token) = (shown.hits(), shown.token.expect("it can be reported"));
        for (point, from) in &hits {
            let click = json!({"token": token, "metric": "click", "value": 1, "points": [point]});
            assert_eq!(house.change(Method::POST, &path, &click).await["accepted"], 1);
            won[usize::from(from == "docs_v2")] += 1.0;
        }
        // All or nothing, with the reason.
        for (why, mut wrong) in [
            ("not among the hits", json!({"points": [hits[0].0, 99]})),
            ("say with `points`", json!({})),
            ("neither binary nor a count", json!({"points": [hits[0].0], "metric": "rating"})),
        ] {
            let wrong_fields = wrong.as_object_mut().expect("an object");
            wrong_fields.entry("metric").or_insert(json!("click"));
            wrong_fields.extend([("token".to_owned(), json!(token)), ("value".to_owned(), json!(1))]);
            let (status, problem) = house.call(Method::POST, &path, &wrong).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
            assert!(problem["errors"][0]["reason"].to_string().contains(why), "{problem:#}");
        }
    }
    let click = &house.report(&id).await["preferences"][0];
    assert_eq!((click["control_wins"].as_f64(), click["treatment_wins"].as_f64()), (Some(won[0]), Some(won[1])), "{click:#}");
    let wanted = json!({"unit": "user-1", "metric": "click", "value": 1, "points": [1]});
    assert_eq!(house.call(Method::POST, &path, &wanted).await.0, StatusCode::UNPROCESSABLE_ENTITY);
}

const USERS: u32 = 200;

/// Users who like what only the treatment has are found to; where both arms have the same, nothing is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_preference_of_users_is_found_and_none_where_there_is_none() {
    let seed = fastrand::u64(..);
    for (treatment, differs) in [(TREATMENT, true), (CONTROL, false)] {
        let mut random = fastrand::Rng::with_seed(seed);
        let (house, id) = House::interleaving(Upstream::sandbox().await, [&CONTROL, &treatment], json!({"planned_units": USERS})).await;
        let mut late = 0;
        for user in 0..USERS {
            let shown = house.both(&mut late, &format!("user-{user}"), "points/query", &query(6)).await;
            let liked = |hit: &&(u64, String)| if differs { !CONTROL.contains(&hit.0) || SHARED.contains(&hit.0) } else { true };
            let hits = shown.hits();
            let liked: Vec<u64> = hits.iter().filter(liked).map(|(id, _)| *id).collect();
            let click = json!({"token": shown.token, "metric": "click", "value": 1, "points": [liked[random.usize(..liked.len())]]});
            house.change(Method::POST, "/v1/feedback", &click).await;
        }
        let report = house.report(&id).await;
        let click = &report["preferences"][0];
        assert_eq!(
            click["control_wins"].as_f64().zip(click["treatment_wins"].as_f64()).map(|(a, b)| a + b),
            Some(f64::from(USERS)),
            "no click was lost"
        );
        if differs {
            // Three of four hits they like are the treatment's.
            assert_eq!((&click["better"], &click["significant"]), (&json!(true), &json!(true)), "seed {seed}: {click:#}");
        } else {
            // Five standard errors: a preference of nobody is as far from zero once in two million runs.
            let preference = click["preference"].as_f64().expect("there are wins");
            assert!(preference.abs() < 5.0 * 0.5 / f64::from(USERS).sqrt(), "seed {seed}: {click:#}");
            assert!(click["interval"]["low"].as_f64() <= click["preference"].as_f64(), "seed {seed}: {click:#}");
        }
    }
}

/// Whoever was given a variant sees that one, and whoever is nobody sees one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_units_dealt_by_chance_are_interleaved() {
    let targeting = json!({"allow": {"qa": "treatment"}, "deny": ["bot"]});
    let (house, id) = House::interleaving(Upstream::sandbox().await, [&CONTROL, &TREATMENT], json!({"targeting": targeting})).await;
    for (unit, variant) in [("qa", "treatment"), ("bot", "stable")] {
        let shown = house.post(unit, "points/query", &query(3)).await;
        assert_eq!((shown.variant.as_str(), shown.token), (variant, None), "{unit}");
    }
    let searches = || house.upstream.engine().log.count(&Filter { operation: Some("query".to_owned()), ..Filter::default() });
    let before = searches();
    let nobody = house.pointsman.http.post(house.pointsman.rest("/collections/docs/points/query")).json(&query(3)).send().await;
    let nobody = nobody.expect("an answer");
    assert_ne!(nobody.headers()["x-pointsman-variant"], "interleaved", "whoever has no unit is not asked twice");
    assert_eq!(searches() - before, 1);
    assert!(house.apart(&id).await.is_empty());

    house.change(Method::POST, &format!("/v1/experiments/{id}/stop"), &json!({})).await;
    let after = house.post("user-1", "points/query", &query(3)).await;
    assert_eq!((after.variant.as_str(), after.token), ("", None), "the traffic is back");
    let (status, problem) =
        house.call(Method::POST, "/v1/experiments", &super::spec(&json!({"alias": null, "control": "docs_v1", "interleave": true}))).await;
    assert_eq!((status, &problem["errors"][0]["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("interleave")), "{problem:#}");
}

/// The whole question is read before anybody is asked, and not for longer than a request may take.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_that_does_not_come_is_over_in_time() {
    let arms: [&[u64]; 2] = [&CONTROL, &TREATMENT];
    let (house, _) = House::interleaving_with("timeouts: {total: 8s}", Upstream::sandbox().await, arms, json!({})).await;
    let mut client = TcpStream::connect(house.pointsman.rest).await.expect("accepted");
    let head = "POST /collections/docs/points/query HTTP/1.1\r\nhost: x\r\nx-user-id: user-1\r\ncontent-type: application/json\r\n\
                content-length: 1000\r\n\r\n{\"query\"";
    client.write_all(head.as_bytes()).await.expect("sent");
    let waiting = async {
        loop {
            let collections = house.look("/v1/collections").await;
            let in_use = collections["items"].as_array().into_iter().flatten().filter(|one| one["in_flight"] == 1).count();
            if in_use == 2 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("both collections are in use meanwhile");
    let mut answer = [0; 12];
    tokio::time::timeout(PATIENCE, client.read_exact(&mut answer)).await.expect("in time").expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 408");
    drop(client);
    house.pointsman.idle().await;
}
