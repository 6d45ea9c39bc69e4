//! Follows a deployment where there is no terminal: a line for each step, and one for what the copy came to.

use serde_json::Value;

use super::super::fields::{list, words};
use super::super::moment::time;
use super::super::rollout::News;
use super::page::progress;

/// What has been told.
#[derive(Debug, Default)]
pub(super) struct Seen {
    introduced: bool,
    steps: usize,
    error: Value,
}

impl News for Seen {
    fn lines(&mut self, deployment: &Value) -> Vec<String> {
        let mut lines = Vec::new();
        if !std::mem::replace(&mut self.introduced, true) {
            let [id, alias, collection] = ["id", "alias", "collection"].map(|field| words(&deployment[field]));
            lines.push(format!("{id}: {alias} to {collection}"));
        }
        let steps: Vec<&Value> = list(deployment, "history").collect();
        for step in steps.iter().skip(self.steps) {
            if step["from"]["name"] == "copying" && !deployment["progress"].is_null() {
                lines.push(format!("{}  copied {}", time(&step["at"]), progress(&deployment["progress"])));
            }
            lines.push(step_line(step));
        }
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
        let first = seen.lines(&deployment);
        assert_eq!((first.len(), first[0].as_str()), (2, "deployment_1: docs to docs_v2"));
        assert!(seen.lines(&deployment).is_empty());
        deployment["history"] = json!([step("checking"), step("creating")]);
        deployment["error"] = json!("no answer");
        let next = seen.lines(&deployment);
        assert!(next[0].contains("creating: because (by ada)") && next[1] == "attempt 0 failed: no answer", "{next:?}");
    }
}
