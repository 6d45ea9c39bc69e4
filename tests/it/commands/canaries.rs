//! Canaries by command: made, watched to their ends, steered.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

use super::{House, Said, said};
use crate::house::{get, query};

/// Stages of seconds, and content with little: what is under test is the command.
const QUICK: &str = "--check-interval 1s --warm-up 0s --minimum-requests 20 --minimum-units 10 \
                     --guard error_rate:max=0.5,margin=0.4";

impl House {
    /// Runs a command while many users keep asking.
    async fn under_traffic(&self, line: &str) -> Said {
        let ended = AtomicBool::new(false);
        let asking = async {
            while !ended.load(Ordering::Relaxed) {
                for unit in 0..200 {
                    let request = self.pointsman.http.post(self.pointsman.rest("/collections/docs/points/query"));
                    let answer = request.header("x-user-id", format!("user-{unit}")).json(&query()).send().await.expect("an answer");
                    assert_eq!(answer.status(), 200, "a user saw a failure");
                }
            }
        };
        let watching = async {
            let said = said(self.command(line)).await;
            ended.store(true, Ordering::Relaxed);
            said
        };
        tokio::join!(asking, watching).1
    }

    async fn canary(&self, id: &str) -> Value {
        get(&self.pointsman.http, &self.pointsman.admin(&format!("/v1/canaries/{id}"))).await
    }

    /// Makes a canary that nothing hurries; its id.
    pub(super) async fn slow_canary(&self) -> String {
        let made = self.told(&format!("canary create docs docs_v2 --stage 50%/10m/approval --stage 100% {QUICK} --output json")).await;
        let made: Value = serde_json::from_str(&made).expect("JSON");
        made["id"].as_str().expect("an id").to_owned()
    }

    pub(super) async fn until(&self, id: &str, state: &str) {
        let reached = async {
            while self.canary(id).await["state"] != state {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        let reached = tokio::time::timeout(crate::house::PATIENCE, reached).await;
        assert!(reached.is_ok(), "it never was {state}: {:#}", self.canary(id).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_is_made_and_watched_to_its_completion() {
    let house = House::new("").await;
    let watched =
        house.under_traffic(&format!("canary create docs docs_v2 --stage 50%/2s --stage 100% {QUICK} --watch-for 1s --watch")).await;
    assert_eq!((watched.code, watched.err.as_str()), (0, ""), "{watched:?}");
    let lines: Vec<&str> = watched.out.lines().collect();
    assert!(lines[0].starts_with("canary_") && lines[0].ends_with(": docs to docs_v2"), "{watched:?}");
    for change in
        ["scheduled -> initializing", "initializing -> stepping", "-> promoting", "promoting -> watching", "watching -> completed"]
    {
        assert!(lines.iter().any(|line| line.contains(change)), "no {change} in\n{}", watched.out);
    }
    let mut told = lines[1..].to_vec();
    told.dedup();
    assert_eq!(told.len(), lines.len() - 1, "a line a transition, and each once:\n{}", watched.out);
    let times: Vec<&str> = told.iter().filter_map(|line| line.split("  ").next()).collect();
    assert!(times.is_sorted(), "out of order:\n{}", watched.out);
    let listed = house.told("canary list").await;
    assert!(listed.lines().nth(1).is_some_and(|line| line.contains("  docs   docs_v2  completed  ")), "{listed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_that_is_rolled_back_ends_its_watch_with_a_failure() {
    let house = House::new("").await;
    let fault = serde_json::from_value(json!({"errors": [{"status": 500, "share": 1.0}]})).expect("a fault");
    std::fs::write(
        house.folder.path().join("plan.yaml"),
        "alias: docs\ncollection: docs_v2\nstages:\n- {percentage: 50, duration: 10m}\n- {percentage: 100, duration: 0s}\n",
    )
    .expect("the folder can be written");
    let made = house.told(&format!("canary create --file plan.yaml {QUICK} --output json --idempotency-key monday")).await;
    let again = house.told(&format!("canary create --file plan.yaml {QUICK} --output json --idempotency-key monday")).await;
    let id = |made: &str| serde_json::from_str::<Value>(made).expect("JSON")["id"].as_str().expect("an id").to_owned();
    assert_eq!(id(&made), id(&again), "the same key");
    house.until(&id(&made), "stepping").await;
    house.upstream.engine().faults.set("docs_v2", fault).expect("a valid fault");
    let watched = house.under_traffic(&format!("canary show {} --watch", id(&made))).await;
    assert_eq!(watched.code, 1, "{watched:?}");
    assert!(watched.out.lines().last().is_some_and(|line| line.contains(" -> rolled_back, ")), "{}", watched.out);
    assert!(watched.out.contains("error_rate"), "{}", watched.out);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_that_cannot_begin_says_why() {
    let house = House::new("").await;
    let refused = house.run("canary create docs nowhere --watch").await;
    assert_eq!((refused.code, refused.err.as_str()), (1, "refused (404): Qdrant has no collection `nowhere`"), "{refused:?}");
    let empty = serde_json::json!({"vectors": {"size": 2, "distance": "Dot"}});
    let url = format!("{}/collections/empty", house.upstream.rest);
    crate::house::send(&reqwest::Client::new(), reqwest::Method::PUT, &url, &empty).await;
    let failed = house.run("canary create docs empty --watch").await;
    assert_eq!(failed.code, 1, "{failed:?}");
    assert!(failed.out.lines().last().is_some_and(|line| line.contains("-> failed") && line.contains("`empty` is empty")), "{failed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_reaches_its_canary() {
    let house = House::new("").await;
    let id = house.slow_canary().await;
    assert!(house.refused("canary create docs docs_v2").await.contains("one thing at a time"));
    house.until(&id, "stepping").await;
    assert!(house.refused(&format!("canary approve {id}")).await.starts_with("refused (409): "));
    assert!(house.told("status").await.contains(&id));
    let paused = house.told(&format!("canary pause {id} --reason lunch")).await;
    assert!(paused.contains("state      paused: user"), "{paused}");
    let shown = house.told(&format!("canary show {id}")).await;
    assert!(shown.contains("anna        lunch") && shown.contains("CANARY  CONTROL"), "{shown}");
    assert!(house.told(&format!("canary resume {id}")).await.contains("state      stepping"));
    assert!(house.told(&format!("canary abort {id} --reason enough")).await.contains(&id));
    house.until(&id, "aborted").await;
    assert_eq!(house.run(&format!("canary show {id} --watch")).await.code, 1, "an ended one is told at once");

    let next = house.slow_canary().await;
    house.until(&next, "stepping").await;
    let skipped = house.told(&format!("canary skip {next}")).await;
    assert!(skipped.contains(&next), "{skipped}");
    house.until(&next, "watching").await;
    house.told(&format!("canary skip {next}")).await;
    house.until(&next, "completed").await;

    let back = house.told(&format!("canary create docs docs_v1 --stage 1%/10m --stage 100% {QUICK} --output json")).await;
    let back = serde_json::from_str::<Value>(&back).expect("JSON")["id"].as_str().expect("an id").to_owned();
    house.until(&back, "stepping").await;
    house.told(&format!("canary promote {back}")).await;
    house.until(&back, "watching").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alias_stands_for_its_canary() {
    let house = House::new("").await;
    let id = house.slow_canary().await;
    house.until(&id, "stepping").await;
    for said in ["docs", "latest", &id, &format!("{}…{}", &id[..12], &id[id.len() - 6..])] {
        let shown = house.told(&format!("canary show {said}")).await;
        assert!(shown.contains(&id), "{said}: {shown}");
    }
    assert!(house.told("canary pause docs").await.contains("paused: user"));
    let typo = house.run("canary show dosc").await;
    assert!(typo.code == 1 && typo.err.contains("did you mean `docs`?"), "{typo:?}");
}

/// The command ends, the canary does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_watch_says_how_to_watch_again() {
    let house = House::new("").await;
    let id = house.slow_canary().await;
    let mut command = house.command("canary show docs --watch");
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut watching = command.spawn().expect("the binary runs");
    let mut out = BufReader::new(watching.stdout.take().expect("it is piped")).lines();
    let first = tokio::time::timeout(crate::house::PATIENCE, out.next_line()).await.expect("in time").expect("it can be read");
    assert!(first.is_some_and(|line| line.starts_with(&id)));
    let pid = rustix::process::Pid::from_raw(watching.id().expect("it runs").cast_signed()).expect("a process");
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it is ours");
    let ended = tokio::time::timeout(crate::house::PATIENCE, watching.wait_with_output()).await.expect("in time").expect("it ends");
    let said = String::from_utf8(ended.stderr).expect("UTF-8");
    assert_eq!(ended.status.code(), Some(130), "{said}");
    assert!(said.contains(&format!("watch it again with:\n  pointsman canary show {id} --watch")), "{said}");
    assert_ne!(house.canary(&id).await["state"], "aborted");
}
