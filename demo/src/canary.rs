//! A canary as an operator's program sees it: created, looked at again and again, until it has ended. Called by `play`.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::collections::{ALIAS, Version};
use crate::error::DemoError;
use crate::http::Api;

const LOOK_EVERY: Duration = Duration::from_millis(250);
/// The shares of the users that each canary goes through, in per cent. Three tenths of a thousand users are as many as the
/// guards need to be sure.
const SHARES: [u32; 3] = [30, 60, 100];

/// How long a canary takes its time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Of each stage but the last.
    pub(crate) stage: Duration,
    pub(crate) last_stage: Duration,
    /// After the alias has moved.
    pub(crate) watch: Duration,
}

/// What `GET /v1/canaries/{id}` says of it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Canary {
    pub(crate) id: String,
    pub(crate) collection: String,
    pub(crate) state: String,
    pub(crate) current_stage: usize,
    pub(crate) current_percentage: f64,
    pub(crate) time_left_ms: Option<u64>,
    #[serde(default)]
    pub(crate) verdicts: Vec<Verdict>,
    pub(crate) plan: Plan,
    history: History,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Plan {
    pub(crate) stages: Vec<Stage>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Stage {
    pub(crate) percentage: f64,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Verdict {
    pub(crate) guard: String,
    /// `pass`, `fail` or `inconclusive`.
    pub(crate) verdict: String,
}

#[derive(Clone, Debug, Deserialize)]
struct History {
    first: Vec<Transition>,
    last: Vec<Transition>,
}

/// A step that Pointsman took, in its own words.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Transition {
    /// Milliseconds since 1970.
    pub(crate) at: u64,
    pub(crate) to: State,
    pub(crate) percentage: f64,
    pub(crate) reason: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct State {
    pub(crate) name: String,
}

/// What was seen of a canary, and when the question was sent.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    pub(crate) asked: Instant,
    pub(crate) canary: Canary,
}

impl Canary {
    pub(crate) async fn create(admin: &Api, to: Version, pace: Pace) -> Result<Self, DemoError> {
        admin.post_as("/v1/canaries", &spec(to, pace)).await
    }

    pub(crate) fn transitions(&self) -> impl Iterator<Item = &Transition> {
        self.history.first.iter().chain(&self.history.last)
    }

    /// The first step into this state.
    pub(crate) fn step_to(&self, state: &str) -> Option<&Transition> {
        self.transitions().find(|transition| transition.to.name == state)
    }

    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.state.as_str(), "completed" | "rolled_back" | "aborted" | "superseded" | "failed")
    }

    /// Its share was only ever raised so far.
    pub(crate) fn is_forward(&self) -> bool {
        self.step_to("rolling_back").is_none() && (!self.has_ended() || self.state == "completed")
    }

    /// Looks until it has ended, without holding up the caller.
    pub(crate) fn follow(self, admin: &Api, asked: Instant) -> Following {
        let (sender, looks) = watch::channel(Look { asked, canary: self });
        let task = tokio::spawn(look_again(admin.clone(), sender));
        Following { looks, task }
    }
}

/// Stops looking when dropped.
#[derive(Debug)]
pub(crate) struct Following {
    pub(crate) looks: watch::Receiver<Look>,
    task: JoinHandle<()>,
}

impl Drop for Following {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn look_again(admin: Api, sender: watch::Sender<Look>) {
    let path = format!("/v1/canaries/{}", sender.borrow().canary.id);
    while !sender.borrow().canary.has_ended() {
        tokio::time::sleep(LOOK_EVERY).await;
        let asked = Instant::now();
        // A look that failed is made good by the next; a canary that is never seen to end breaks its promise.
        if let Ok(canary) = admin.get_as(&path).await {
            sender.send_replace(Look { asked, canary });
        }
    }
}

fn spec(to: Version, pace: Pace) -> Value {
    let length = |time: Duration| format!("{}ms", time.as_millis());
    let last = SHARES.len() - 1;
    let stage =
        |(index, share)| json!({ "percentage": share, "duration": length(if index == last { pace.last_stage } else { pace.stage }) });
    json!({
        "alias": ALIAS,
        "collection": to.collection(),
        "stages": SHARES.iter().enumerate().map(stage).collect::<Vec<_>>(),
        "guards": [
            { "kind": "error_rate", "max": 0.05, "margin": 0.03 },
            { "kind": "client_errors", "margin": 0.05 },
            // A debug build on a busy machine is slow and must pass.
            { "kind": "latency", "statistic": "p95", "max_ms": 10_000 },
        ],
        "minimum_requests": 200,
        "minimum_units": 100,
        "warm_up": "0s",
        "check_interval": "1s",
        "watch": length(pace.watch),
        "retire_old": null,
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A canary to the version, in this state, with these steps behind it.
    pub(crate) fn canary(to: Version, state: &str, percentage: f64, steps: &[(&str, f64, &str)]) -> Canary {
        let steps: Vec<Value> = steps
            .iter()
            .enumerate()
            .map(|(index, (to, percentage, reason))| {
                json!({ "at": 1_000 * index, "to": { "name": to }, "percentage": percentage, "reason": reason })
            })
            .collect();
        let plan = json!({ "stages": SHARES.map(|share| json!({ "percentage": share })) });
        let value = json!({
            "id": "canary_1", "collection": to.collection(), "state": state, "current_stage": 0, "current_percentage": percentage,
            "time_left_ms": 4_000, "plan": plan, "history": { "first": steps, "last": [] },
            "verdicts": [{ "guard": "error_rate", "verdict": "pass" }, { "guard": "latency_p95", "verdict": "inconclusive" }],
        });
        serde_json::from_value(value).expect("what the API says can be read")
    }

    #[test]
    fn a_canary_is_forward_until_its_first_step_back() {
        assert!(canary(Version::Two, "stepping", 30.0, &[("stepping", 30.0, "the pre-checks passed")]).is_forward());
        assert!(canary(Version::Two, "completed", 100.0, &[]).is_forward());
        for state in ["rolling_back", "rolled_back"] {
            let back = canary(Version::Two, state, 0.0, &[("rolling_back", 0.0, "`error_rate` fails")]);
            assert!(!back.is_forward(), "{state}");
            assert_eq!(back.step_to("rolling_back").map(|step| step.reason.as_str()), Some("`error_rate` fails"));
        }
        assert!(!canary(Version::Two, "failed", 0.0, &[]).is_forward());
    }
}
