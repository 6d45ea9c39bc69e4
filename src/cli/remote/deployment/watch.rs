//! Follows a deployment to its end: a line for each step, and one whenever the copy has come further.

use std::process::ExitCode;
use std::time::Duration;

use serde_json::Value;

use super::super::fields::{list, words};
use super::super::moment::time;
use super::super::session::{Patience, Session};
use super::super::table::harmless;
use super::super::{Outcome, at};
use super::page::{is_over, progress};
use crate::cli::say;

const EVERY: Duration = Duration::from_secs(1);

/// Success only for a deployment that has completed. As JSON, it is told whole, on one line, whenever it has changed.
pub(super) async fn to_the_end(session: &Session, id: &str) -> Outcome {
    let (mut seen, mut patience) = (Seen::default(), Patience::default());
    loop {
        if let Some(answer) = patience.hear(session.api.get(&at(&["v1", "deployments", id]), &[]).await)? {
            let lines = if session.is_for_people() { seen.news(&answer.json) } else { seen.changed(answer.text) };
            for line in lines {
                if say(format_args!("{}", harmless(&line))) != ExitCode::SUCCESS {
                    return Ok(ExitCode::FAILURE);
                }
            }
            if is_over(&answer.json) {
                return Ok(if answer.json["state"] == "completed" { ExitCode::SUCCESS } else { ExitCode::FAILURE });
            }
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// What has been told.
#[derive(Debug, Default)]
struct Seen {
    steps: usize,
    points: Value,
    error: Value,
    text: String,
}

impl Seen {
    fn changed(&mut self, text: String) -> Vec<String> {
        if text == self.text {
            return Vec::new();
        }
        self.text.clone_from(&text);
        vec![text]
    }

    fn news(&mut self, deployment: &Value) -> Vec<String> {
        let mut lines = Vec::new();
        if self.steps == 0 {
            let [id, alias, collection] = ["id", "alias", "collection"].map(|field| words(&deployment[field]));
            lines.push(format!("{id}: {alias} to {collection}"));
        }
        let copy = &deployment["progress"];
        if !copy.is_null() && copy["points"] != self.points {
            self.points = copy["points"].clone();
            lines.push(format!("copied {}", progress(copy)));
        }
        let steps: Vec<&Value> = list(deployment, "history").collect();
        lines.extend(steps.iter().skip(self.steps).map(|step| step_line(step)));
        self.steps = steps.len();
        let error = &deployment["error"];
        if !error.is_null() && *error != self.error {
            lines.push(format!("attempt {} failed: {}", deployment["attempts"], words(error)));
        }
        self.error = error.clone();
        lines
    }
}

fn step_line(step: &Value) -> String {
    let (to, reason, actor) = (words(&step["to"]["name"]), words(&step["reason"]), words(&step["actor"]));
    format!("{}  {to}: {reason} (by {actor})", time(&step["at"]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_step_is_told_once() {
        let step = |to: &str| json!({"at": 0, "from": {"name": "checking"}, "to": {"name": to}, "actor": "ada", "reason": "because"});
        let mut deployment = json!({"id": "deployment_1", "alias": "docs", "collection": "docs_v2", "progress": null, "error": null,
            "attempts": 0, "history": [step("checking")]});
        let mut seen = Seen::default();
        let first = seen.news(&deployment);
        assert_eq!((first.len(), first[0].as_str()), (2, "deployment_1: docs to docs_v2"));
        assert!(seen.news(&deployment).is_empty());
        deployment["history"] = json!([step("checking"), step("creating")]);
        deployment["error"] = json!("no answer");
        let next = seen.news(&deployment);
        assert!(next[0].contains("creating: because (by ada)") && next[1] == "attempt 0 failed: no answer", "{next:?}");
    }
}
