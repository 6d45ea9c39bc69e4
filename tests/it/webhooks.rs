//! Events that are delivered: to whom, in which words, how often, and what a bad receiver changes.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::house::{PATIENCE, Pointsman, Upstream, alias, collection, get, send};
use crate::postgres::Cluster;
use crate::receiver::{Mood, Post, Receiver};

/// A variable that every process inherits; what is in it serves as the key.
const KEY_VARIABLE: &str = "PATH";

async fn upstream() -> Upstream {
    let upstream = Upstream::sandbox().await;
    for name in ["docs_v1", "docs_v2"] {
        collection(&upstream.rest, name).await;
    }
    alias(&upstream.rest, "docs", "docs_v1").await;
    upstream
}

/// The kill switch is the quickest way to an event: each turn is one.
async fn turn(pointsman: &Pointsman, on: bool) {
    send(&pointsman.http, Method::PUT, &pointsman.admin("/v1/kill-switch"), &json!({"on": on, "reason": "a test"})).await;
}

fn hook(name: &str, url: &str, events: &str, rest: &str) -> String {
    format!("  - {{name: {name}, url: '{url}', events: [{events}]{rest}}}\n")
}

async fn shown(pointsman: &Pointsman, name: &str) -> Value {
    let list = get(&pointsman.http, &pointsman.admin("/v1/webhooks")).await;
    list["items"].as_array().into_iter().flatten().find(|webhook| webhook["name"] == name).cloned().expect("it is listed")
}

/// What is shown once nothing is owed any more: the receiver knows of a delivery before the sender has its answer, and
/// writes it down.
async fn settled(pointsman: &Pointsman, name: &str) -> Value {
    let settled = async {
        loop {
            let shown = shown(pointsman, name).await;
            if shown["pending"] == 0 {
                return shown;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, settled).await.expect("everything is settled in time")
}

fn signature(post: &Post) -> String {
    let key = std::env::var(KEY_VARIABLE).expect("it is set");
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("any key will do");
    mac.update(format!("{}.", post.header("x-pointsman-timestamp")).as_bytes());
    mac.update(&post.body);
    mac.finalize().into_bytes().iter().fold("sha256=".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

fn deliveries(posts: &[Post]) -> Vec<String> {
    posts.iter().map(|post| post.delivery().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_switched_alias_is_told_to_programs_and_to_people() {
    let (upstream, receiver) = (upstream().await, Receiver::start(Mood::Answers(200)).await);
    let program =
        hook("program", &receiver.url("/hook?token=1"), "'alias.*'", &format!(", secret_env: {KEY_VARIABLE}, headers: {{x-key: hush}}"));
    let people = hook("people", &receiver.url("/chat"), "alias.switched", ", format: slack");
    let pointsman = Pointsman::start(&upstream, &format!("webhooks:\n{program}{people}")).await;
    let request = pointsman.http.post(pointsman.admin("/v1/aliases/docs/switch")).json(&json!({"collection": "docs_v2"}));
    let request = request.header("x-pointsman-actor", "ann").header("x-pointsman-reason", "a < b & c > d");
    assert_eq!(request.send().await.expect("an answer").status(), 200);
    let posts = receiver.until("both are told", |posts| posts.len() == 2).await;
    let to = |path: &str| posts.iter().find(|post| post.path == path).expect("it was posted there");

    let post = to("/hook?token=1");
    assert_eq!((post.kind(), post.header("content-type"), post.header("x-key")), ("alias.switched", "application/json", "hush"));
    assert_eq!(post.header("x-pointsman-signature"), signature(post));
    let body = post.json();
    for (field, value) in [("kind", "alias.switched"), ("subject", "docs"), ("actor", "ann"), ("reason", "a < b & c > d")] {
        assert_eq!(body[field], value, "{body}");
    }
    assert_eq!(body["details"], json!({"previous": "docs_v1", "collection": "docs_v2"}));
    let listed = get(&pointsman.http, &pointsman.admin("/v1/events?subject=docs")).await["items"][0].clone();
    assert_eq!((&body["id"], &listed["kind"]), (&listed["id"], &json!("alias.switched")), "{listed}");

    let text = "The alias docs was switched from docs_v1 to docs_v2: a &lt; b &amp; c &gt; d (by ann)";
    assert_eq!(to("/chat").json(), json!({"text": text}));
    assert_eq!(to("/chat").header("x-pointsman-signature"), "", "nothing is signed without a key");

    let shown = settled(&pointsman, "program").await;
    assert!(!shown.to_string().contains("token"), "{shown}");
    assert_eq!((&shown["signed"], &shown["last"]["result"]), (&json!(true), &json!("delivered")), "{shown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_while_the_receiver_is_down_and_pointsman_dies() {
    let (upstream, receiver) = (upstream().await, Receiver::start(Mood::Answers(503)).await);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = folder.path().join("pointsman.db");
    let hook = hook("hook", &receiver.url("/"), "'kill_switch.*'", "");
    let config = format!("store: {{url: {store:?}}}\nwebhooks:\n{hook}");
    let mut pointsman = Pointsman::start(&upstream, &config).await;
    for on in [true, false, true] {
        turn(&pointsman, on).await;
    }
    let refused = receiver.until("it is tried and tried again", |posts| posts.len() >= 2).await;
    pointsman.child.kill().await.expect("it is ours");
    receiver.turn(Mood::Answers(200));
    let pointsman = Pointsman::start(&upstream, &config).await;
    receiver.until("all three arrive", |_| receiver.taken().len() >= 3).await;
    turn(&pointsman, false).await;
    let posts = receiver.until("so does the next one", |_| receiver.taken().len() >= 4).await;
    assert_eq!(receiver.taken(), ["kill_switch.on", "kill_switch.off", "kill_switch.on", "kill_switch.off"]);
    let taken: Vec<Post> = posts.iter().filter(|post| post.status == 200).cloned().collect();
    assert!(deliveries(&refused).iter().all(|id| *id == taken[0].delivery()), "one delivery, tried again under the same name");
    let ids: Vec<u64> = taken.iter().map(|post| post.json()["id"].as_u64().expect("a number")).collect();
    assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_for_good_is_given_up_and_holds_up_nothing() {
    let (upstream, receiver) = (upstream().await, Receiver::start(Mood::Answers(410)).await);
    let config = format!("webhooks:\n{}", hook("hook", &receiver.url("/"), "'kill_switch.*'", ""));
    let pointsman = Pointsman::start(&upstream, &config).await;
    turn(&pointsman, true).await;
    receiver.until("it is refused", |posts| posts.len() == 1).await;
    receiver.turn(Mood::Answers(200));
    turn(&pointsman, false).await;
    let posts = receiver.until("the next one arrives", |posts| posts.len() >= 2).await;
    assert_eq!(posts.iter().map(Post::kind).collect::<Vec<_>>(), ["kill_switch.on", "kill_switch.off"], "it was not tried again");
    let shown = settled(&pointsman, "hook").await;
    assert_eq!(shown["given_up"], 1, "{shown}");
    let counted = async {
        let lines = [
            r#"pointsman_webhook_deliveries_total{webhook="hook",result="given_up"} 1"#,
            r#"pointsman_webhook_deliveries_total{webhook="hook",result="delivered"} 1"#,
            r#"pointsman_outbox_pending{webhook="hook"} 0"#,
        ];
        loop {
            let metrics = pointsman.http.get(pointsman.admin("/metrics")).send().await.expect("metrics").text().await.expect("text");
            if lines.iter().all(|line| metrics.contains(line)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, counted).await.expect("metrics say so in time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_asks_for_time_gets_it() {
    // Longer than the first pause would be.
    const ASKED: u64 = 3;
    let (upstream, receiver) = (upstream().await, Receiver::start(Mood::AsksForTime { seconds: ASKED }).await);
    let config = format!("webhooks:\n{}", hook("hook", &receiver.url("/"), "'kill_switch.*'", ""));
    let pointsman = Pointsman::start(&upstream, &config).await;
    turn(&pointsman, true).await;
    receiver.until("it is asked to wait", |posts| !posts.is_empty()).await;
    receiver.turn(Mood::Answers(200));
    let posts = receiver.until("it comes again", |posts| posts.len() >= 2).await;
    let waited = posts[1].at - posts[0].at;
    // The store counts in whole milliseconds.
    assert!(waited + Duration::from_millis(2) >= Duration::from_secs(ASKED), "after {waited:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_receiver_holds_up_no_other() {
    let upstream = upstream().await;
    let (slow, quick) = (Receiver::start(Mood::Silent).await, Receiver::start(Mood::Answers(200)).await);
    let hooks = [hook("slow", &slow.url("/"), "'kill_switch.*'", ", timeout: 120s"), hook("quick", &quick.url("/"), "'kill_switch.*'", "")];
    let pointsman = Pointsman::start(&upstream, &format!("webhooks:\n{}", hooks.concat())).await;
    for on in [true, false, true] {
        turn(&pointsman, on).await;
    }
    quick.until("the quick one has all", |posts| posts.len() == 3).await;
    slow.until("the slow one has its first", |posts| posts.len() == 1).await;
    assert_eq!(shown(&pointsman, "slow").await["pending"], 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_can_be_tested_and_changed_under_way() {
    let (upstream, receiver) = (upstream().await, Receiver::start(Mood::Answers(200)).await);
    let with = |path: &str| format!("webhooks:\n{}", hook("hook", &receiver.url(path), "'kill_switch.*'", ""));
    let pointsman = Pointsman::start(&upstream, &with("/old")).await;
    let test = pointsman.admin("/v1/webhooks/hook/test");
    let told = send(&pointsman.http, Method::POST, &test, &json!(null)).await;
    assert_eq!((&told["delivered"], &told["status"]), (&json!(true), &json!(200)), "{told}");
    let post = receiver.posts().remove(0);
    assert_eq!((post.kind(), &post.json()["actor"]), ("webhook.test", &json!("admin")));
    receiver.turn(Mood::Answers(500));
    let told = send(&pointsman.http, Method::POST, &test, &json!(null)).await;
    assert_eq!(told["delivered"], false, "{told}");
    assert!(told["error"].as_str().is_some_and(|error| error.contains("500")), "{told}");
    let missing = pointsman.http.post(pointsman.admin("/v1/webhooks/nobody/test")).send().await.expect("an answer");
    assert_eq!(missing.status(), 404);

    receiver.turn(Mood::Answers(200));
    pointsman.configure(&upstream, &with("/new"));
    pointsman.signal("-HUP").await;
    let moved = async {
        loop {
            send(&pointsman.http, Method::POST, &test, &json!(null)).await;
            if receiver.posts().iter().any(|post| post.path == "/new") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, moved).await.expect("the new address is used in time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_controller_dies_the_other_delivers_what_is_owed() {
    let (upstream, receiver) = (upstream().await, Receiver::start(Mood::Answers(503)).await);
    let hook = hook("hook", &receiver.url("/"), "'kill_switch.*'", "");
    let config = format!("store: {{url: \"{}\"}}\nwebhooks:\n{hook}", Cluster::shared().database());
    let mut one = Pointsman::start(&upstream, &config).await;
    one.until("it steers", |status| status["store"]["controller"]["here"] == true).await;
    let other = Pointsman::start(&upstream, &config).await;
    turn(&other, true).await;
    turn(&one, false).await;
    let refused = receiver.until("the controller tries", |posts| !posts.is_empty()).await;
    one.child.kill().await.expect("it is ours");
    receiver.turn(Mood::Answers(200));
    let posts = receiver.until("both arrive", |_| receiver.taken().len() >= 2).await;
    assert_eq!(receiver.taken(), ["kill_switch.on", "kill_switch.off"]);
    let last = posts.last().expect("there are two").json();
    assert_ne!(last["instance"], refused[0].json()["instance"], "another replica sent it");
    let shown = settled(&other, "hook").await;
    assert_eq!(shown["last"]["kind"], "kill_switch.off", "{shown}");
}

/// Each step of a canary is told once, whatever notices come with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_tells_each_of_its_steps_once() {
    let (upstream, receiver) = (upstream().await, Receiver::start(Mood::Answers(200)).await);
    let events = "'canary.*', 'alias.*', 'retirement.*'";
    let pointsman = Pointsman::start(&upstream, &format!("webhooks:\n{}", hook("hook", &receiver.url("/"), events, ""))).await;
    let spec = json!({
        "alias": "docs", "collection": "docs_v2",
        "stages": [{"percentage": 5, "duration": "10m"}, {"percentage": 100, "duration": "0s"}],
        "check_interval": "1s", "warm_up": "0s", "watch": "0s", "retire_old": "24h",
    });
    let created = send(&pointsman.http, Method::POST, &pointsman.admin("/v1/canaries"), &spec).await;
    receiver.until("it begins", |posts| posts.len() == 3).await;
    for command in ["pause", "resume", "promote"] {
        let path = format!("/v1/canaries/{}/{command}", created["id"].as_str().expect("an id"));
        send(&pointsman.http, Method::POST, &pointsman.admin(&path), &json!({"reason": command})).await;
    }
    let expected = [
        "canary.scheduled",
        "canary.initializing",
        "canary.stage_changed",
        "canary.paused",
        "canary.stepping",
        "canary.stage_changed",
        "canary.promoting",
        "alias.switched",
        "canary.watching",
        "canary.completed",
        "retirement.scheduled",
    ];
    receiver.until("the whole story is told", |posts| posts.len() >= expected.len()).await;
    // A notice that doubled a step would have been told by now, or is before this.
    send(&pointsman.http, Method::PUT, &pointsman.admin("/v1/aliases/more"), &json!({"collection": "docs_v2"})).await;
    receiver.until("what comes last", |posts| posts.iter().any(|post| post.kind() == "alias.created")).await;
    assert_eq!(receiver.taken().iter().filter(|kind| *kind != "alias.created").collect::<Vec<_>>(), expected.iter().collect::<Vec<_>>());
    let paused = receiver.posts()[3].json();
    assert_eq!((&paused["actor"], &paused["reason"], &paused["subject"]), (&json!("admin"), &json!("pause"), &json!("docs")), "{paused}");
    assert_eq!(paused["details"]["canary"], created["id"]);
}
