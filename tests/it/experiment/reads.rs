//! Which reads the arms answer, and what is counted of them.

use reqwest::Method;
use serde_json::{Value, json};

use super::{House, arm};

const USERS: usize = 20;

/// The variant that answers this user's retrieval of a point by its id.
async fn retrieve(house: &House, user: &str) -> String {
    let request = house.pointsman.http.post(house.pointsman.rest("/collections/docs/points")).json(&json!({"ids": [1]}));
    let answer = request.header("x-user-id", user).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    answer.headers()["x-pointsman-variant"].to_str().expect("text").to_owned()
}

/// Each user searches, and then opens what was found: who answered the searches, and who the retrievals.
async fn everybody(house: &House) -> (Vec<String>, Vec<String>) {
    let (mut searches, mut retrievals) = (Vec::new(), Vec::new());
    for user in (0..USERS).map(|user| format!("user-{user}")) {
        searches.push(house.ask(&[("x-user-id", &user)]).await.arm.expect("the alias is split"));
        retrievals.push(retrieve(house, &user).await);
    }
    (searches, retrievals)
}

fn requests(report: &Value) -> u64 {
    ["control", "treatment"].iter().map(|name| arm(report, name)["requests"].as_u64().expect("a count")).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_arm_answers_searches_and_stable_what_is_looked_up() {
    let house = House::new("").await;
    let id = house.begin(json!({})).await;
    house.until(&id, "running").await;
    let shown = house.look(&format!("/v1/experiments/{id}")).await;
    assert_eq!((&shown["spec"]["split"], &shown["spec"]["anonymous"]), (&json!("searches"), &json!("stable")));
    let (searches, retrievals) = everybody(&house).await;
    assert!(searches.iter().all(|arm| arm == "control" || arm == "treatment"), "{searches:?}");
    assert_eq!(retrievals, vec!["stable"; USERS]);
    assert_eq!(house.ask(&[]).await.arm.as_deref(), Some("stable"), "a request without a user id is in no arm");
    // Only then the last answer is counted too.
    house.pointsman.idle().await;
    let report = house.look(&format!("/v1/experiments/{id}/analysis")).await;
    assert_eq!(requests(&report), USERS as u64, "searches are measured, and nothing else");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_all_reads_split_an_arm_answers_every_read_of_its_users() {
    let house = House::new("").await;
    let id = house.begin(json!({"split": "all"})).await;
    house.until(&id, "running").await;
    let (searches, retrievals) = everybody(&house).await;
    assert_eq!(searches, retrievals);
    house.pointsman.idle().await;
    let report = house.look(&format!("/v1/experiments/{id}/analysis")).await;
    assert_eq!(requests(&report), 2 * USERS as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_an_alias_there_is_nothing_to_split() {
    let house = House::new("").await;
    let spec = json!({"alias": null, "control": "docs_v1", "split": "all", "anonymous": "random"});
    let (status, problem) = house.call(Method::POST, "/v1/experiments", &super::spec(&spec)).await;
    assert_eq!(status, 422, "{problem:#}");
    let fields: Vec<&Value> = problem["errors"].as_array().expect("a list").iter().map(|error| &error["field"]).collect();
    assert_eq!(fields, ["anonymous", "split"]);
}
