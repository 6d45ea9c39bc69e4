//! The page for operators, with something under way.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};

use super::House;
use crate::house::{PATIENCE, get};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_canary_is_under_way_and_needs_a_person() {
    let house = House::new("").await;
    let id = house.slow_canary().await;
    house.until(&id, "stepping").await;
    house.told(&format!("canary pause {id} --reason lunch")).await;
    let page = house.told("status").await;
    assert!(page.contains(&format!("  {id}: docs_v1 -> docs_v2\n  waits for the operator: anna has paused it, lunch\n")), "{page}");
    assert!(page.contains(&format!("\n pointsman canary resume {id}\n")), "{page}");
    assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
    assert!(house.told("alias list").await.ends_with("no      canary canary: docs_v2"));
    assert!(house.told("collections").await.contains("canary docs: canary"));

    let status = house.pointsman.status().await;
    assert_eq!(status["under_way"][0]["id"], id.as_str(), "{status}");
    let traffic = status["traffic"].as_array().expect("a list");
    let collections: Vec<_> =
        traffic.iter().filter(|row| row["alias"] == "docs").map(|row| (&row["variant"], &row["collection"])).collect();
    assert_eq!(collections, [(&"canary".into(), &"docs_v2".into()), (&"stable".into(), &"docs_v1".into())], "{status}");
    assert_eq!(traffic[0]["replica"], status["replica"], "{status}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changes_is_a_line_where_the_page_cannot_be_drawn() {
    let house = House::new("").await;
    let mut watching = house.command("status --watch").stdout(Stdio::piped()).spawn().expect("the binary runs");
    let mut lines = BufReader::new(watching.stdout.take().expect("it is piped")).lines();
    let mut until = async |wanted: &str| {
        let met = async {
            while let Some(line) = lines.next_line().await.expect("it can be read") {
                if line.contains(wanted) {
                    return;
                }
            }
            panic!("it ended before it said {wanted}");
        };
        tokio::time::timeout(PATIENCE, met).await.unwrap_or_else(|_| panic!("it never said {wanted}"));
    };
    until("  this replica: ready").await;
    let made = house.told("canary create docs docs_v2 --start-at 2100-01-01T00:00:00Z --output json").await;
    let made: serde_json::Value = serde_json::from_str(&made).expect("JSON");
    let id = made["id"].as_str().expect("an id");
    until(&format!("canary {id} (docs_v1 -> docs_v2): scheduled, waits for its start at 2100-01-01T00:00:00Z")).await;
    house.told(&format!("canary abort {id}")).await;
    until(&format!("canary {id} (docs_v1 -> docs_v2): no longer")).await;
    watching.kill().await.expect("it is ours");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_experiment_is_under_way_for_people_and_for_a_scrape() {
    let house = House::new("").await;
    let made = house.told("experiment create ranking docs docs_v2 --metric click=binary --output json").await;
    let made: serde_json::Value = serde_json::from_str(&made).expect("JSON");
    let id = made["id"].as_str().expect("an id");
    let page = house.told("status").await;
    assert!(page.contains(&format!("  {id}: docs_v1 -> docs_v2\n")) && page.contains("experiment  running"), "{page}");
    assert!(house.told("alias list").await.contains("experiment treatment: docs_v2"));
    let http = &house.pointsman.http;
    let metrics = http.get(house.pointsman.admin("/metrics")).send().await.expect("an answer").text().await.expect("text");
    let wanted = format!(r#"pointsman_experiment_state{{alias="docs",experiment="{id}",state="running"}} 1"#);
    assert!(metrics.lines().any(|line| line == wanted), "{metrics}");
    assert_eq!(get(http, &house.pointsman.admin("/v1/status")).await["under_way"][0]["kind"], "experiment");
}
