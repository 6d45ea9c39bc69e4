//! An experiment's winner lacks the writes that went to the alias during the experiment.

use reqwest::StatusCode;
use serde_json::json;

use super::{House, problem};

async fn begun(house: &House) -> String {
    let spec = json!({"name": "ranking", "alias": "docs", "treatment": "docs_v2"});
    let (status, made) = house.post("/v1/experiments", &spec).await;
    assert_eq!(status, StatusCode::CREATED, "{made:#}");
    format!("/v1/experiments/{}", made["id"].as_str().expect("an id"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_winner_that_lacks_writes_does_not_get_the_alias_in_silence() {
    for by in ["switch", "canary"] {
        let house = House::new("").await;
        let path = begun(&house).await;
        house.write("docs", 3).await;
        let shown = house.show(&path).await;
        assert_eq!(shown["lost_if_promoted"]["treatment"]["acknowledged"], 3, "{shown:#}");
        assert!(shown["warnings"].to_string().contains("3 acknowledged writes"), "{shown:#}");
        let stop = json!({"promote": "treatment", "by": by});
        let (status, refused) = house.post(&format!("{path}/stop"), &stop).await;
        problem(status, &refused, 3);
        assert_eq!(house.show(&path).await["state"], "running", "nothing was changed");
        let accepted = json!({"promote": "treatment", "by": by, "accept_lost_writes": true});
        let (status, stopped) = house.post(&format!("{path}/stop"), &accepted).await;
        assert_eq!(status, StatusCode::OK, "{stopped:#}");
        if by == "switch" {
            assert_eq!(house.target().await, "docs_v2");
        } else {
            let canary = house.show("/v1/canaries").await["items"][0].clone();
            assert_eq!(
                (&canary["accepts_lost_writes"], &canary["lost_if_promoted"]["acknowledged"]),
                (&json!(true), &json!(3)),
                "{canary:#}"
            );
        }
    }
}
