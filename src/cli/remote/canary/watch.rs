//! Follows a canary where there is no terminal: a line for each transition, in order and once.

use serde_json::Value;

use super::super::fields::words;
use super::super::moment::time;
use super::super::rollout::News;
use super::page::{share, stage_of, transitions};

/// What has been told.
#[derive(Debug, Default)]
pub(super) struct Seen {
    introduced: bool,
    /// The dropped ones too.
    transitions: u64,
}

impl News for Seen {
    fn lines(&mut self, canary: &Value) -> Vec<String> {
        let title = (!std::mem::replace(&mut self.introduced, true))
            .then(|| format!("{}: {} to {}", words(&canary["id"]), words(&canary["alias"]), words(&canary["collection"])));
        title.into_iter().chain(self.fresh_transitions(canary).into_iter().map(transition)).collect()
    }
}

impl Seen {
    fn fresh_transitions<'c>(&mut self, canary: &'c Value) -> Vec<&'c Value> {
        let told: Vec<&Value> = transitions(canary).collect();
        let total = canary["history"]["dropped"].as_u64().unwrap_or_default() + told.len() as u64;
        let fresh = usize::try_from(total.saturating_sub(self.transitions)).unwrap_or(usize::MAX);
        self.transitions = total;
        told[told.len().saturating_sub(fresh)..].to_vec()
    }
}

fn transition(transition: &Value) -> String {
    let [from, to] = ["from", "to"].map(|field| words(&transition[field]["name"]));
    let place = if transition["shadow"] == true { "shadow".to_owned() } else { format!("stage {}", stage_of(transition)) };
    let change = if from == to { to } else { format!("{from} -> {to}") };
    let (share, actor, reason) = (share(transition), words(&transition["actor"]), words(&transition["reason"]));
    format!("{}  {change}, {place} at {share}: {reason} (by {actor})", time(&transition["at"]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_795_262_460_000;

    fn step(from: &str, to: &str, reason: &str) -> Value {
        json!({"at": NOW, "from": {"name": from}, "to": {"name": to}, "stage": 0, "percentage": 5.0, "actor": "controller", "reason": reason})
    }

    fn canary(first: &[Value], requests: u64) -> Value {
        let numbers = json!({"requests": requests, "units": 1, "error_rate": 0.01, "latency_p95_ms": 1.25});
        let verdicts = json!([{"guard": "error_rate", "verdict": "inconclusive", "reason": "7 of 500 requests"}]);
        json!({
            "id": "canary_1", "alias": "docs", "collection": "docs_v2", "state": "stepping", "current_stage": 0, "stages": 3,
            "current_percentage": 5.0, "window": 1, "canary": numbers, "control": numbers,
            "verdicts": if requests == 0 { json!([]) } else { verdicts },
            "history": {"first": first, "dropped": 0, "last": []},
        })
    }

    #[test]
    fn each_transition_is_told_once_and_in_order() {
        let mut seen = Seen::default();
        let first = [step("scheduled", "initializing", "its time has come")];
        let began = seen.lines(&canary(&first, 0));
        let line = "2026-11-21T12:01:00Z  scheduled -> initializing, stage 1 at 5 %: its time has come (by controller)";
        assert_eq!(began, ["canary_1: docs to docs_v2", line]);
        assert!(seen.lines(&canary(&first, 7)).is_empty(), "an evaluation is no transition");
        let both = [first[0].clone(), step("initializing", "stepping", "the pre-checks have passed")];
        let went_on = seen.lines(&canary(&both, 7));
        assert!(went_on.len() == 1 && went_on[0].contains("initializing -> stepping"), "{went_on:#?}");
        assert!(seen.lines(&canary(&both, 8)).is_empty());
    }

    #[test]
    fn a_comparison_is_told_as_one() {
        let mut step = step("initializing", "shadowing", "the pre-checks passed");
        (step["shadow"], step["percentage"]) = (json!(true), json!(0.0));
        let lines = Seen::default().lines(&canary(&[step], 1));
        assert_eq!(lines[1], "2026-11-21T12:01:00Z  initializing -> shadowing, shadow at 0 %: the pre-checks passed (by controller)");
    }

    #[test]
    fn dropped_transitions_do_not_hide_fresh_ones() {
        let mut seen = Seen::default();
        let mut told = canary(&[step("a", "b", "one")], 0);
        seen.lines(&told);
        told["history"]["dropped"] = json!(40);
        told["history"]["last"] = json!([step("c", "d", "two"), step("d", "e", "three")]);
        let lines = seen.lines(&told);
        assert_eq!(lines.len(), 3, "as many as can still be told: {lines:#?}");
        told["history"]["dropped"] = json!(41);
        told["history"]["last"] = json!([step("d", "e", "three"), step("e", "f", "four")]);
        let lines = seen.lines(&told);
        assert!(lines.len() == 1 && lines[0].contains("four"), "{lines:#?}");
    }
}
