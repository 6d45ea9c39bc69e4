//! Events as they happen.

use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::House;
use crate::house::PATIENCE;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_followed_from_the_past_into_the_present() {
    let house = House::new("").await;
    aborted_canary(&house).await;
    let mut following =
        house.command("events --follow --subject docs --output json").stdout(Stdio::piped()).spawn().expect("the binary runs");
    let mut lines = BufReader::new(following.stdout.take().expect("it is piped")).lines();
    let mut next = async || {
        let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.expect("in time").expect("it can be read").expect("it goes on");
        serde_json::from_str::<Value>(&line).expect("one event a line")
    };
    let first = next().await;
    assert_eq!((&first["kind"], &first["subject"]), (&"canary.scheduled".into(), &"docs".into()), "{first}");
    let past = next().await;
    assert_eq!((&past["kind"], &past["subject"]), (&"canary.aborted".into(), &"docs".into()), "{past}");
    let id = aborted_canary(&house).await;
    for kind in ["canary.scheduled", "canary.aborted"] {
        let present = next().await;
        assert_eq!((&present["kind"], &present["body"]["canary"]), (&kind.into(), &id), "{present}");
    }
    following.kill().await.expect("it is ours");

    let all = house.told("events --subject docs").await;
    assert!(all.lines().next().is_some_and(|head| head.starts_with("ID  TIME")) && all.lines().count() == 5, "{all}");
    let after = house.told(&format!("events --subject docs --after {}", past["id"])).await;
    assert!(after.lines().count() == 2 && after.ends_with("  canary.aborted          docs  enough"), "{after}");
    let listed: Value =
        serde_json::from_str(house.told("events --subject docs --after 0 -o json").await.lines().next().expect("a line")).expect("JSON");
    assert_eq!(listed, first);
}

/// A canary that had not begun: its events are its creation and its end.
async fn aborted_canary(house: &House) -> Value {
    let made = house.told("canary create docs docs_v2 --start-at 2100-01-01T00:00:00Z --output json").await;
    let mut made: Value = serde_json::from_str(&made).expect("JSON");
    house.told(&format!("canary abort {} --reason enough", made["id"].as_str().expect("an id"))).await;
    made["id"].take()
}
