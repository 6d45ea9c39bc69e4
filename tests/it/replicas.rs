//! Two replicas on one PostgreSQL: one truth, one controller, the same decisions.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{PATIENCE, Pointsman, Upstream, alias, collection, get, query, send};
use crate::postgres::Cluster;
use crate::relay::Relay;

/// The decisions that are compared; each is a request.
const UNITS: usize = 10_000;

struct Pair {
    upstream: Upstream,
    one: Pointsman,
    other: Pointsman,
}

impl Pair {
    async fn new(database: &str) -> Self {
        Self::of([database, database]).await
    }

    /// Each with its own way to the same database.
    async fn of([here, there]: [&str; 2]) -> Self {
        let upstream = Upstream::sandbox().await;
        for name in ["docs_v1", "docs_v2"] {
            collection(&upstream.rest, name).await;
        }
        alias(&upstream.rest, "docs", "docs_v1").await;
        let store = |url| format!("store: {{url: \"{url}\"}}");
        let one = Pointsman::start(&upstream, &store(here)).await;
        let other = Pointsman::start(&upstream, &store(there)).await;
        Self { upstream, one, other }
    }
}

/// A canary of some seconds that is content with little.
fn canary() -> Value {
    json!({
        "alias": "docs", "collection": "docs_v2",
        "stages": [{"percentage": 50, "duration": "4s"}, {"percentage": 100, "duration": "0s"}],
        "check_interval": "1s", "warm_up": "0s", "watch": "1s", "minimum_requests": 20, "minimum_units": 10,
        "guards": [{"kind": "error_rate", "max": 0.5, "margin": 0.3}],
    })
}

/// Asks for some users; all are answered.
async fn ask(pointsman: &Pointsman) {
    for unit in 0..60 {
        let request = pointsman.http.post(pointsman.rest("/collections/docs/points/query")).header("x-user-id", format!("u{unit}"));
        assert_eq!(request.json(&query()).send().await.expect("an answer").status(), 200);
    }
}

async fn steers(pointsman: &Pointsman) -> bool {
    pointsman.status().await["store"]["controller"]["here"] == true
}

/// Also where it is held in it, since nobody has asked anything yet.
fn in_a_stage(canary: &Value) -> bool {
    ["stepping", "paused"].contains(&canary["state"].as_str().unwrap_or_default())
}

fn promotions(canary: &Value) -> usize {
    let history = canary["history"]["first"].as_array().expect("a list");
    history.iter().filter(|step| step["to"]["name"] == "promoting").count()
}

async fn shares(pointsman: &Pointsman) -> Value {
    get(&pointsman.http, &pointsman.admin("/v1/routes/docs")).await["allocation"].clone()
}

async fn until(what: &str, limit: Duration, mut reached: impl AsyncFnMut() -> bool) -> Duration {
    let began = Instant::now();
    while !reached().await {
        assert!(began.elapsed() < limit, "{what}: not within {limit:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_reaches_every_replica_and_all_decide_alike() {
    let database = Cluster::shared().database();
    let pair = Pair::new(&database).await;
    pair.one.split("docs", "docs_v2", 70, 30).await;
    let wanted = shares(&pair.one).await;
    until("the route reaches the other replica", PATIENCE, async || shares(&pair.other).await == wanted).await;
    let salt = get(&pair.one.http, &pair.one.admin("/v1/routes/docs")).await["salt"].clone();
    for unit in (0..UNITS).step_by(UNITS / 200) {
        let path = format!("/v1/aliases/docs/decision?unit=user-{unit}");
        let [here, there] = [get(&pair.one.http, &pair.one.admin(&path)).await, get(&pair.other.http, &pair.other.admin(&path)).await];
        assert_eq!(here["salt"], salt);
        for field in ["slot", "variant", "collection", "reason"] {
            assert_eq!(here[field], there[field], "unit {unit}: {field}");
        }
    }
    let status = pair.one.status().await;
    let replicas = status["store"]["replicas"].as_array().expect("a list");
    assert_eq!(replicas.len(), 2, "{status:#}");
    assert!(replicas.iter().all(|replica| replica["live"] == true), "{status:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_change_at_another_replica_is_refused() {
    let database = Cluster::shared().database();
    let pair = Pair::new(&database).await;
    pair.one.split("docs", "docs_v2", 70, 30).await;
    let etag = get(&pair.one.http, &pair.one.admin("/v1/routes/docs")).await["revision"].as_u64().expect("a number");
    until("the route reaches the other replica", PATIENCE, async || {
        get(&pair.other.http, &pair.other.admin("/v1/routes/docs")).await["revision"] == etag
    })
    .await;
    let attempts = [&pair.one, &pair.other].map(|pointsman| {
        let url = pointsman.admin("/v1/routes/docs/weights");
        let share = if std::ptr::eq(pointsman, &pair.one) { 40 } else { 60 };
        let body = json!({"weights": {"stable": 100 - share, "candidate": share}});
        pointsman.http.patch(url).header("if-match", format!("\"{etag}\"")).json(&body).send()
    });
    let mut statuses = Vec::new();
    for answer in futures_util::future::join_all(attempts).await {
        statuses.push(answer.expect("an answer").status().as_u16());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412], "one wins, the other is told");
    until("both show what won", PATIENCE, async || shares(&pair.one).await == shares(&pair.other).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_controller_dies_the_other_goes_on_with_the_canary() {
    let database = Cluster::shared().database();
    let mut pair = Pair::new(&database).await;
    let spec = canary();
    let created = send(&pair.one.http, Method::POST, &pair.one.admin("/v1/canaries"), &spec).await;
    let id = created["id"].as_str().expect("it has an id").to_owned();
    let path = format!("/v1/canaries/{id}");
    until("the canary steps", PATIENCE, async || in_a_stage(&get(&pair.other.http, &pair.other.admin(&path)).await)).await;
    if !steers(&pair.one).await {
        std::mem::swap(&mut pair.one, &mut pair.other);
    }
    pair.one.child.kill().await.expect("it is ours");
    let survivor = &pair.other;
    until("the survivor steers", PATIENCE, async || steers(survivor).await).await;
    until("the canary is completed", PATIENCE * 2, async || {
        ask(survivor).await;
        get(&survivor.http, &survivor.admin(&path)).await["state"] == "completed"
    })
    .await;
    let canary = get(&survivor.http, &survivor.admin(&path)).await;
    assert_eq!(promotions(&canary), 1, "a step was made twice: {canary:#}");
    let listed = get(&survivor.http, &format!("{}/aliases", pair.upstream.rest)).await;
    assert_eq!(listed["result"]["aliases"][0]["collection_name"], "docs_v2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn losing_the_store_keeps_the_last_table_serving() {
    let mut cluster = tokio::task::spawn_blocking(Cluster::start).await.expect("it starts");
    let database = cluster.database();
    let pair = Pair::new(&database).await;
    pair.one.split("docs", "docs_v2", 0, 100).await;
    cluster.crash();
    until("it is noticed", PATIENCE, async || {
        let answer = pair.one.http.get(pair.one.admin("/readyz")).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "it goes on serving");
        answer.text().await.expect("text").contains("nothing can be changed")
    })
    .await;
    let request = pair.one.http.post(pair.one.rest("/collections/docs/points/query")).header("x-user-id", "u");
    let answer = request.json(&query()).send().await.expect("an answer");
    assert_eq!(answer.headers()["x-pointsman-variant"], "candidate", "the last table");
    let refused = pair.one.http.delete(pair.one.admin("/v1/routes/docs")).header("if-match", "*").send().await.expect("an answer");
    assert_eq!(refused.status(), 503);
    cluster.restart();
    until("it is back", PATIENCE, async || {
        let deleted = pair.one.http.delete(pair.one.admin("/v1/routes/docs")).header("if-match", "*").send().await.expect("an answer");
        // An earlier one may have been carried out, and its answer not have come in time.
        [204, 404].contains(&deleted.status().as_u16())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_controller_that_is_cut_off_serves_on_and_steers_no_more() {
    let database = Cluster::shared().database();
    let (link, through) = Relay::before(&database);
    let pair = Pair::of([&through, &database]).await;
    until("the first one steers", PATIENCE, async || steers(&pair.one).await).await;
    let created = send(&pair.one.http, Method::POST, &pair.one.admin("/v1/canaries"), &canary()).await;
    let path = format!("/v1/canaries/{}", created["id"].as_str().expect("it has an id"));
    until("the canary steps", PATIENCE, async || in_a_stage(&get(&pair.other.http, &pair.other.admin(&path)).await)).await;
    link.cut();
    until("the other one steers", PATIENCE, async || steers(&pair.other).await).await;
    until("the canary is completed", PATIENCE * 2, async || {
        ask(&pair.other).await;
        get(&pair.other.http, &pair.other.admin(&path)).await["state"] == "completed"
    })
    .await;
    ask(&pair.one).await;
    let here = get(&pair.one.http, &pair.one.admin(&path)).await;
    assert_ne!(here["state"], "completed", "it was cut off and cannot know");
    assert!(promotions(&here) == 0, "it went on steering: {here:#}");
    let refused = pair.one.http.post(pair.one.admin(&format!("{path}/pause"))).send().await.expect("an answer");
    assert_eq!(refused.status(), 503, "what cannot be kept is not acknowledged");
    link.mend();
    until("it has heard of everything", PATIENCE, async || get(&pair.one.http, &pair.one.admin(&path)).await["state"] == "completed").await;
    let canary = get(&pair.one.http, &pair.one.admin(&path)).await;
    assert_eq!(promotions(&canary), 1, "a step was made twice: {canary:#}");
}

/// Either replica deals a user to the same arm, and either knows what both have counted and were told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_experiment_is_the_sum_of_what_every_replica_has_seen() {
    let database = Cluster::shared().database();
    let pair = Pair::new(&database).await;
    let spec = json!({"name": "both", "alias": "docs", "treatment": "docs_v2", "metrics": [{"name": "click", "kind": "binary"}]});
    let made = send(&pair.one.http, Method::POST, &pair.one.admin("/v1/experiments"), &spec).await;
    let path = format!("/v1/experiments/{}", made["id"].as_str().expect("it has an id"));
    until("the experiment reaches the other replica", PATIENCE, async || {
        get(&pair.other.http, &pair.other.admin(&path)).await["state"] == "running"
    })
    .await;
    let arm = async |at: &Pointsman, unit: usize| {
        let unit = json!({"unit": format!("u{unit}")});
        send(&at.http, Method::POST, &at.admin(&format!("{path}/assignment")), &unit).await["arm"].clone()
    };
    for unit in 0..60 {
        assert_eq!(arm(&pair.one, unit).await, arm(&pair.other, unit).await, "unit {unit}");
    }
    for replica in [&pair.one, &pair.other] {
        ask(replica).await;
        let clicks: Vec<Value> = (0..60).map(|unit| json!({"unit": format!("u{unit}"), "metric": "click", "value": 1})).collect();
        send(&replica.http, Method::POST, &replica.admin(&format!("{path}/feedback")), &json!(clicks)).await;
    }
    let whole = async |at: &Pointsman| {
        let report = get(&at.http, &at.admin(&format!("{path}/analysis"))).await;
        let arms = report["arms"].as_array().expect("arms").clone();
        let sum = |read: fn(&Value) -> f64| arms.iter().map(read).sum::<f64>();
        let samples = |arm: &Value| arm["metrics"]["click"]["samples"].as_f64().unwrap_or(0.0);
        // Nobody is counted twice for having been at both.
        [sum(|arm| arm["requests"].as_f64().unwrap_or(0.0)), sum(samples), sum(|arm| arm["units"].as_f64().unwrap_or(0.0)).round()]
    };
    for replica in [&pair.one, &pair.other] {
        until("both know all of it", PATIENCE, async || whole(replica).await == [120.0, 120.0, 60.0]).await;
    }
}

/// Each mirrors what it is asked; either shows what both have compared.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shadow_is_the_sum_of_what_every_replica_has_compared() {
    let database = Cluster::shared().database();
    let pair = Pair::new(&database).await;
    let spec = json!({"alias": "docs", "collection": "docs_v2", "percentage": 100, "noise_percentage": 0});
    let made = send(&pair.one.http, Method::POST, &pair.one.admin("/v1/shadows"), &spec).await;
    let path = format!("/v1/shadows/{}", made["id"].as_str().expect("it has an id"));
    let shown = async |at: &Pointsman| get(&at.http, &at.admin(&path)).await;
    until("the shadow reaches the other replica", PATIENCE, async || shown(&pair.other).await["state"] == "running").await;
    for replica in [&pair.one, &pair.other] {
        ask(replica).await;
    }
    for replica in [&pair.one, &pair.other] {
        until("both know all of it", PATIENCE, async || shown(replica).await["report"]["comparisons"] == 120).await;
        let report = shown(replica).await["report"].clone();
        assert_eq!(report["counters"]["mirrored"], 120, "{report:#}");
    }
}

/// Of two that want the same part at the same moment one gets it; of two that want different parts, both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_never_give_a_part_of_an_alias_away_twice() {
    let database = Cluster::shared().database();
    let pair = Pair::new(&database).await;
    let create = |at: &Pointsman, name: &str, from: u32, to: u32| {
        let layer = json!({"from_percentage": from, "to_percentage": to});
        let spec = json!({"name": name, "alias": "docs", "treatment": "docs_v2", "layer": layer});
        at.http.post(at.admin("/v1/experiments")).json(&spec).send()
    };
    for round in 0..5 {
        let (from, to) = (round * 20, round * 20 + 10);
        let both = [create(&pair.one, "same", from, to), create(&pair.other, "same", from + 5, to)];
        let mut statuses = Vec::new();
        for answer in futures_util::future::join_all(both).await {
            statuses.push(answer.expect("an answer").status().as_u16());
        }
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409], "round {round}");
        let beside = [create(&pair.one, "a", to, to + 5), create(&pair.other, "b", to + 5, to + 10)];
        for answer in futures_util::future::join_all(beside).await {
            let answer = answer.expect("an answer");
            let status = answer.status();
            assert_eq!(status, 201, "round {round}: {}", answer.text().await.unwrap_or_default());
        }
    }
    let parts = async |at: &Pointsman| {
        let listed = get(&at.http, &at.admin("/v1/experiments?limit=100")).await;
        let part = |experiment: &Value| {
            let bound = |name: &str| experiment["spec"]["layer"][name].as_f64().expect("a number");
            (bound("from_percentage"), bound("to_percentage"))
        };
        let mut parts: Vec<(f64, f64)> = listed["items"].as_array().expect("a list").iter().map(part).collect();
        parts.sort_by(|one, other| one.0.total_cmp(&other.0));
        parts
    };
    until("both know of all", PATIENCE, async || parts(&pair.one).await.len() == 15 && parts(&pair.other).await.len() == 15).await;
    let parts = parts(&pair.one).await;
    assert!(parts.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{parts:?}");
    for unit in 0..60 {
        let path = format!("/v1/aliases/docs/decision?unit=u{unit}");
        let [here, there] = [get(&pair.one.http, &pair.one.admin(&path)).await, get(&pair.other.http, &pair.other.admin(&path)).await];
        for field in ["layer", "rollout", "slot", "variant", "reason"] {
            assert_eq!(here[field], there[field], "unit {unit}: {field}");
        }
    }
}

/// The second server is no copy of the first, as a standby would be: what comes of that shows which one is read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_on_several_hosts_is_followed_to_the_one_that_takes_writes() {
    let (mut first, mut second) = (Cluster::start(), Cluster::start());
    let [here, there] = [first.database(), second.database()];
    let upstream = Upstream::sandbox().await;
    for name in ["docs_v1", "docs_v2"] {
        collection(&upstream.rest, name).await;
    }
    alias(&upstream.rest, "docs", "docs_v1").await;
    drop(Pointsman::start(&upstream, &format!("store: {{url: \"{there}\"}}")).await);
    second.demote();
    let (_, second_home) = there.split_once("?host=").expect("it listens on a socket");
    let both = format!("{here},{second_home}&target_session_attrs=read-write");
    let pointsman = Pointsman::start(&upstream, &format!("store: {{url: \"{both}\"}}")).await;
    pointsman.split("docs", "docs_v2", 70, 30).await;

    first.demote();
    pointsman
        .until("the loss with each server's reason", |status| {
            let lost = status["store"]["lost"].as_str().unwrap_or_default();
            lost.matches("it is a standby, which takes no writes").count() == 2
        })
        .await;
    let asked = pointsman.http.post(pointsman.rest("/collections/docs/points/query")).header("x-user-id", "ada").json(&query());
    assert_eq!(asked.send().await.expect("an answer").status(), 200, "the last table goes on serving");

    second.promote();
    let url = pointsman.admin("/v1/routes/docs");
    let gone = async || pointsman.http.get(&url).send().await.expect("an answer").status() == 404;
    until("the second server is read as a whole", PATIENCE, gone).await;
    pointsman.split("docs", "docs_v2", 50, 50).await;
    assert_eq!(pointsman.status().await["store"]["lost"], Value::Null);
}
