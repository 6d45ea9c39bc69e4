//! Every command about experiments once, with what it says.

use reqwest::Method;
use serde_json::{Value, json};

use super::House;
use crate::house::{get, query, send};

/// Of the only experiment there is.
async fn id(house: &House) -> String {
    let listed = get(&house.pointsman.http, &house.pointsman.admin("/v1/experiments")).await;
    listed["items"][0]["id"].as_str().expect("there is one").to_owned()
}

/// Users ask once each, and those who are in it click.
async fn traffic(house: &House, users: u32) {
    let url = house.pointsman.rest("/collections/docs/points/query");
    let mut clicks = Vec::new();
    for user in 0..users {
        let answer =
            house.pointsman.http.post(&url).header("x-user-id", format!("u{user}")).json(&query()).send().await.expect("an answer");
        let token = answer.headers()["x-pointsman-decision"].to_str().expect("text").to_owned();
        clicks.push(json!({"token": token, "metric": "click", "value": user % 2}));
    }
    send(&house.pointsman.http, Method::POST, &house.pointsman.admin("/v1/feedback"), &json!(clicks)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_its_plan_to_its_winner() {
    let house = House::new("").await;
    let plan = house.told("experiment plan --mean 0.3 --lift 10 --per-day 1000").await;
    assert!(plan.contains("units") && plan.contains("days"), "{plan}");
    assert_eq!(house.told("experiment list").await, "there are no experiments");
    let made = house.told("experiment create ranking docs docs_v2 --metric click=binary --max-duration 1h --reason trial").await;
    let id = id(&house).await;
    assert!(made.starts_with(&format!("experiment  {id}\nalias       docs\nstate       running")), "{made}");
    house.refused("experiment create other docs docs_v2").await;
    assert!(house.told("experiment list").await.contains(&id));
    assert!(house.told(&format!("experiment show {id}")).await.contains("trial"));
    let assigned = house.told(&format!("experiment assign {id} u0")).await;
    assert!(assigned.contains("control") || assigned.contains("treatment"), "{assigned}");

    traffic(&house, 40).await;
    let shown = house.told(&format!("experiment analysis {id}")).await;
    assert!(shown.starts_with("Too few units to conclude anything: ") && shown.contains("click"), "{shown}");
    let report: Value = serde_json::from_str(&house.told(&format!("experiment analysis {id} -o json")).await).expect("JSON");
    let units: f64 = report["arms"].as_array().expect("arms").iter().filter_map(|arm| arm["units"].as_f64()).sum();
    assert_eq!(units, 40.0);
    let table = house.told(&format!("experiment analysis {id} --csv")).await;
    let comparisons = report["comparisons"].as_array().expect("a list").len();
    assert!(table.starts_with("arm,metric,role,") && table.lines().count() == comparisons + 1, "{table}");
    assert!(table.lines().skip(1).all(|line| line.contains("keep_running,insufficient_data")), "no line without the verdict: {table}");
    let arms = house.told(&format!("experiment analysis {id} --csv=arms")).await;
    let header: Vec<&str> = arms.lines().next().expect("a header").split(',').collect();
    let row: Vec<&str> =
        arms.lines().find(|line| line.starts_with("treatment,") && line.contains(",click,")).expect("a line").split(',').collect();
    let cell = |name: &str| row[header.iter().position(|column| *column == name).expect("a column")];
    let treatment = report["arms"].as_array().expect("arms").iter().find(|arm| arm["name"] == "treatment").expect("an arm");
    assert_eq!(cell("samples"), treatment["metrics"]["click"]["samples"].to_string());
    assert_eq!(house.told(&format!("experiment analysis {id} --csv=preferences")).await, "verdict,reason", "nothing is interleaved");

    let changed = house.told(&format!("experiment change {id} --weight control=0.2 --weight treatment=0.8")).await;
    assert!(changed.contains("0.8 of the units"), "{changed}");
    house.refused(&format!("experiment change {id} --weight control=0.2")).await;
    house.refused(&format!("experiment analysis {id} --phase 7")).await;
    let refused = house.refused(&format!("experiment stop {id} --late-feedback 1000d")).await;
    assert!(refused.contains("late_feedback: must be at most 366d"), "{refused}");
    assert!(house.told(&format!("experiment stop {id} --promote treatment --switch --late-feedback 0s")).await.contains("settling"));
    assert_eq!(house.told("alias show docs").await, "alias       docs\ncollection  docs_v2\nrouted      no");
    house.refused(&format!("experiment stop {id}")).await;
}
