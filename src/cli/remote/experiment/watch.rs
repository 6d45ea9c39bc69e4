//! Follows an experiment where there is no terminal: a line for each step, and one whenever the verdict changes.

use serde_json::Value;

use super::super::fields::{list, words};
use super::super::moment::time;
use super::super::rollout::News;
use super::headline::headline;

/// What has been told.
#[derive(Debug, Default)]
pub(super) struct Seen {
    introduced: bool,
    steps: usize,
    verdict: Value,
}

impl News for Seen {
    fn lines(&mut self, experiment: &Value) -> Vec<String> {
        let title = (!std::mem::replace(&mut self.introduced, true))
            .then(|| format!("{}: on {}", words(&experiment["id"]), words(&experiment["spec"]["alias"])));
        let steps: Vec<&Value> = list(experiment, "history").collect();
        let fresh = steps.iter().skip(self.steps).map(|step| {
            let [state, phase, actor, reason] = ["state", "phase", "actor", "reason"].map(|field| words(&step[field]));
            format!("{}  {state}, phase {phase}: {reason} (by {actor})", time(&step["at"]))
        });
        let mut lines: Vec<String> = title.into_iter().chain(fresh).collect();
        self.steps = steps.len();
        let report = &experiment["analysis"];
        if report.is_object() && report["decision"]["verdict"] != self.verdict {
            self.verdict = report["decision"]["verdict"].clone();
            lines.push(format!("{}  {}", time(&report["at"]), headline(report)));
        }
        lines
    }
}
