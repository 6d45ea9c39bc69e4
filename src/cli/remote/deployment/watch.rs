//! Follows a deployment to its end: a line for each step, and one whenever the copy has come further.

use serde_json::Value;

use super::super::fields::{list, words};
use super::super::moment::time;
use super::super::rollout::News;
use super::page::progress;

/// What has been told.
#[derive(Debug, Default)]
pub(super) struct Seen {
    steps: usize,
    points: Value,
    error: Value,
}

impl News for Seen {
    fn lines(&mut self, deployment: &Value, _now: i64) -> Vec<String> {
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
        let first = seen.lines(&deployment, 0);
        assert_eq!((first.len(), first[0].as_str()), (2, "deployment_1: docs to docs_v2"));
        assert!(seen.lines(&deployment, 0).is_empty());
        deployment["history"] = json!([step("checking"), step("creating")]);
        deployment["error"] = json!("no answer");
        let next = seen.lines(&deployment, 0);
        assert!(next[0].contains("creating: because (by ada)") && next[1] == "attempt 0 failed: no answer", "{next:?}");
    }
}
