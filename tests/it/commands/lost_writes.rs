//! Commands that would lose acknowledged writes say how many, and do it when they are told to.

use serde_json::{Value, json};

use super::House;
use crate::house::{PATIENCE, get, send};

impl House {
    /// Writes so many points through the alias, and waits until they are counted for this collection.
    async fn write(&self, count: u64, collection: &str) {
        for id in 0..count {
            let body = json!({"points": [{"id": 1_000 + id, "vector": [1.0, 1.0]}]});
            send(&self.pointsman.http, reqwest::Method::PUT, &self.pointsman.rest("/collections/docs/points?wait=true"), &body).await;
        }
        let counted = async || {
            let listed = get(&self.pointsman.http, &self.pointsman.admin("/v1/collections")).await;
            let mine = listed["items"].as_array().expect("a list").iter().find(|item| item["collection"] == collection).cloned();
            mine.unwrap_or_default()["writes"]["acknowledged"].as_u64().unwrap_or_default()
        };
        let all = async {
            while counted().await < count {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, all).await.expect("they are counted");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_writes_are_refused_shown_and_accepted() {
    let house = House::new("").await;
    let made = house.told("canary create docs docs_v2 --stage 50%/10m --stage 100% --check-interval 300ms --output json").await;
    let id = serde_json::from_str::<Value>(&made).expect("JSON")["id"].as_str().expect("an id").to_owned();
    house.write(3, "docs_v1").await;
    let refused = async {
        loop {
            let said = house.refused(&format!("canary promote {id}")).await;
            // Its pre-checks may still be under way.
            if !said.contains("cannot promote") {
                return said;
            }
        }
    };
    let refused = tokio::time::timeout(PATIENCE, refused).await.expect("it comes into its stage");
    assert!(refused.contains("3 acknowledged writes") && refused.contains("--accept-lost-writes"), "{refused}");
    let shown = house.told(&format!("canary show {id}")).await;
    assert!(shown.contains("3 acknowledged writes"), "{shown}");
    house.told(&format!("canary abort {id}")).await;

    let switched = async {
        loop {
            let said = house.run("alias switch docs docs_v2").await;
            if said.code == 0 {
                return said.out;
            }
        }
    };
    let switched = tokio::time::timeout(PATIENCE, switched).await.expect("the canary ends");
    assert!(switched.contains("`docs_v1` took 3 acknowledged writes"), "{switched}");
    house.write(2, "docs_v2").await;
    let back = house.refused("alias switch docs docs_v1").await;
    assert!(back.contains("2 acknowledged writes"), "{back}");
    house.told("alias switch docs docs_v1 --accept-lost-writes").await;
    let retired = house.refused("retire create docs_v2").await;
    assert!(retired.contains("2 acknowledged writes"), "{retired}");
    house.told("retire create docs_v2 --accept-lost-writes").await;
}
