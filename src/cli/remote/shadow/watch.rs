//! Follows a shadow comparison where there is no terminal: a line for each step, and its sentence at the end.

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
}

impl News for Seen {
    fn lines(&mut self, shadow: &Value) -> Vec<String> {
        let [alias, from, collection] = ["alias", "from", "collection"].map(|field| words(&shadow["spec"][field]));
        let title = (!std::mem::replace(&mut self.introduced, true))
            .then(|| format!("{}: {alias}, {from} compared with {collection}", words(&shadow["id"])));
        let steps: Vec<&Value> = list(shadow, "history").collect();
        let fresh = steps.iter().skip(self.steps).map(|step| {
            let [state, actor, reason] = ["state", "actor", "reason"].map(|field| words(&step[field]));
            format!("{}  {state}: {reason} (by {actor})", time(&step["at"]))
        });
        let mut lines: Vec<String> = title.into_iter().chain(fresh).collect();
        if steps.len() > self.steps && shadow["state"] == "ended" {
            lines.push(headline(&shadow["report"], &from, &collection));
        }
        self.steps = steps.len();
        lines
    }
}
