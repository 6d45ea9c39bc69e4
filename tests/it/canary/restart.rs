//! `kill -9` in every state: what was going on goes on.

use serde_json::{Value, json};

use super::{House, endless, pause, unavailable};
use crate::house::Pointsman;

/// Every state, how to come to it, and how it has to end after a restart.
const STATES: [(&str, Way, &str, &str); 10] = [
    ("scheduled", Way::Later, "completed", "docs_v2"),
    ("initializing", Way::Away, "completed", "docs_v2"),
    ("stepping", Way::Straight, "completed", "docs_v2"),
    ("paused", Way::Pause, "completed", "docs_v2"),
    ("promoting", Way::PromoteInVain, "completed", "docs_v2"),
    ("watching", Way::Watch, "aborted", "docs_v1"),
    ("rollback_failed", Way::AbortInVain, "aborted", "docs_v1"),
    ("completed", Way::ToTheEnd, "completed", "docs_v2"),
    ("aborted", Way::Abort, "aborted", "docs_v1"),
    ("failed", Way::AlreadyThere, "failed", "docs_v1"),
];

#[derive(Clone, Copy, Debug)]
enum Way {
    Later,
    Away,
    Straight,
    Pause,
    PromoteInVain,
    Watch,
    AbortInVain,
    ToTheEnd,
    Abort,
    AlreadyThere,
}

impl Way {
    fn plan(self) -> Value {
        let second = json!([{"percentage": 50, "duration": "3s"}, {"percentage": 100, "duration": "0s"}]);
        match self {
            // Far enough for the restart, near enough for the test.
            Self::Later => json!({"start_at": now() + 8_000}),
            Self::Straight | Self::Pause => json!({"stages": second}),
            // Somebody ends the stage before its time, however long that takes.
            Self::PromoteInVain | Self::Abort => json!({"stages": endless()}),
            Self::Watch | Self::AbortInVain => json!({"watch": "10m"}),
            Self::AlreadyThere => json!({"collection": "docs_v1"}),
            Self::Away | Self::ToTheEnd => json!({}),
        }
    }

    async fn go(self, house: &House, id: &str) {
        match self {
            Self::Later | Self::Away | Self::Straight | Self::Watch | Self::ToTheEnd | Self::AlreadyThere => {}
            Self::Pause => {
                // Nobody asks: a round of everybody may take longer than the stage.
                house.until_seen(id, "in its stage", |canary| canary["state"] == "stepping" || canary["state"] == "paused", pause).await;
                house.command(id, "pause").await;
            }
            Self::PromoteInVain => {
                house.until(id, &["stepping"]).await;
                house.fault("*", unavailable());
                house.command(id, "promote").await;
            }
            Self::AbortInVain => {
                house.until(id, &["watching"]).await;
                house.fault("*", unavailable());
                house.command(id, "abort").await;
            }
            Self::Abort => {
                house.until(id, &["stepping"]).await;
                house.command(id, "abort").await;
            }
        }
    }

    /// Where nobody can be served, nobody asks; nor where a round of everybody may take longer than the state lasts.
    fn asks(self) -> bool {
        !matches!(self, Self::Away | Self::Straight | Self::PromoteInVain | Self::AbortInVain)
    }
}

fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH).expect("after 1970");
    u64::try_from(since.as_millis()).expect("a date")
}

async fn over_a_restart(state: &str, way: Way, end: &str, target: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = format!("store: {{url: {:?}}}", folder.path().join("pointsman.db"));
    let mut house = House::new(&store).await;
    if matches!(way, Way::Away) {
        house.fault("*", unavailable());
    }
    let id = house.begin(way.plan()).await;
    way.go(&house, &id).await;
    let asking = async || if way.asks() { drop(house.ask_everybody().await) } else { pause().await };
    let before = house.until_seen(&id, state, |canary| canary["state"] == state, asking).await;
    house.pointsman.child.kill().await.expect("it is ours");
    house.mend();
    house.pointsman = Pointsman::start(&house.upstream, &store).await;
    let after = house.show(&id).await;
    let done = |canary: &Value| canary["history"]["total"].as_u64();
    assert!(done(&after) >= done(&before), "{state}: history was lost: {after:#}");
    match way {
        Way::Pause => drop(house.command(&id, "resume").await),
        Way::Watch => drop(house.command(&id, "abort").await),
        _ => {}
    }
    house.until(&id, &[end]).await;
    assert_eq!(house.target().await, target, "{state}");
    assert!(house.ask_everybody().await.values().all(|from| from == target), "{state}: somebody was left behind");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_before_and_in_its_stages_it_goes_on() {
    for (state, way, end, target) in &STATES[..4] {
        over_a_restart(state, *way, end, target).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_around_its_promotion_it_goes_on() {
    for (state, way, end, target) in &STATES[4..7] {
        over_a_restart(state, *way, end, target).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_after_its_end_it_stays_ended() {
    for (state, way, end, target) in &STATES[7..] {
        over_a_restart(state, *way, end, target).await;
    }
}
