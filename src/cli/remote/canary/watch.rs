//! Follows a canary to its end: a line for each transition, and one for each evaluation with its numbers.

use serde_json::Value;

use super::super::fields::{count, list, milliseconds, percent, percentage, words};
use super::super::moment::time;
use super::super::rollout::News;
use super::page::{refused, share, stage, stage_of, transitions};

/// What has been told.
#[derive(Debug, Default)]
pub(super) struct Seen {
    introduced: bool,
    /// The dropped ones too.
    transitions: u64,
    evaluation: Value,
}

impl News for Seen {
    /// What has already been followed is told in the order in which it came about: an evaluation leads to a transition.
    fn lines(&mut self, canary: &Value, now: i64) -> Vec<String> {
        let evaluated = self.fresh_evaluation(canary, now);
        let mut lines: Vec<String> = self.fresh_transitions(canary).into_iter().map(transition).collect();
        if self.introduced {
            lines.splice(0..0, evaluated);
            return lines;
        }
        self.introduced = true;
        let title = format!("{}: {} to {}", words(&canary["id"]), words(&canary["alias"]), words(&canary["collection"]));
        lines.insert(0, title);
        lines.extend(evaluated);
        lines
    }
}

impl Seen {
    /// Moments are not told with an evaluation: it is fresh when anything in it is.
    fn fresh_evaluation(&mut self, canary: &Value, now: i64) -> Option<String> {
        let evaluation: Value = ["window", "canary", "control", "shadow", "verdicts"].iter().map(|field| canary[*field].clone()).collect();
        if list(canary, "verdicts").next().is_none() || evaluation == self.evaluation {
            return None;
        }
        self.evaluation = evaluation;
        Some(evaluated(canary, now))
    }

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

fn evaluated(canary: &Value, now: i64) -> String {
    let verdicts: Vec<String> = list(canary, "verdicts").map(verdict).collect();
    if canary["shadow"]["under_way"] == true {
        return format!("{}  shadow: {}; {}", time(&now.into()), likeness(&canary["shadow"]), verdicts.join(", "));
    }
    let [served, control] = ["canary", "control"].map(|name| format!("{name} {}", numbers(&canary[name])));
    let share = percentage(&canary["current_percentage"]);
    format!("{}  stage {} at {share}: {served}; {control}; {}", time(&now.into()), stage(canary), verdicts.join(", "))
}

fn numbers(cohort: &Value) -> String {
    let counted = |field: &str, one: &str| count(cohort[field].as_u64().unwrap_or_default(), one, field);
    let (errors, p95) = (percent(&cohort["error_rate"]), milliseconds(&cohort["latency_p95_ms"]));
    let refused = refused(cohort).map(|refused| format!(", refused {refused}")).unwrap_or_default();
    format!("{}, {}, errors {errors}{refused}, p95 {p95}", counted("requests", "request"), counted("units", "unit"))
}

fn likeness(shadow: &Value) -> String {
    let compared = count(shadow["compared"].as_u64().unwrap_or_default(), "comparison", "comparisons");
    let (overlap, errors, emptied) = (words(&shadow["overlap"]), percent(&shadow["error_rate"]), percent(&shadow["emptied_rate"]));
    format!("{compared}, overlap {overlap}, errors {errors}, emptied {emptied}")
}

/// Whatever is not a pass says why.
fn verdict(evaluation: &Value) -> String {
    let (guard, verdict) = (words(&evaluation["guard"]), words(&evaluation["verdict"]));
    if verdict == "pass" { format!("{guard} pass") } else { format!("{guard} {verdict} ({})", words(&evaluation["reason"])) }
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
    fn each_transition_and_each_evaluation_is_told_once() {
        let mut seen = Seen::default();
        let first = [step("scheduled", "initializing", "its time has come")];
        let began = seen.lines(&canary(&first, 0), NOW);
        let line = "2026-11-21T12:01:00Z  scheduled -> initializing, stage 1 at 5 %: its time has come (by controller)";
        assert_eq!(began, ["canary_1: docs to docs_v2", line]);
        assert!(seen.lines(&canary(&first, 0), NOW).is_empty());
        let both = [first[0].clone(), step("initializing", "stepping", "the pre-checks have passed")];
        let went_on = seen.lines(&canary(&both, 7), NOW);
        let numbers = "7 requests, 1 unit, errors 1 %, p95 1.2 ms";
        let evaluated = format!(
            "2026-11-21T12:01:00Z  stage 1 of 3 at 5 %: canary {numbers}; control {numbers}; error_rate inconclusive (7 of 500 requests)"
        );
        assert!(went_on[0] == evaluated && went_on[1].contains("initializing -> stepping"), "{went_on:#?}");
        assert!(seen.lines(&canary(&both, 7), NOW + 1).is_empty());
        assert_eq!(seen.lines(&canary(&both, 8), NOW).len(), 1);
    }

    #[test]
    fn a_comparison_is_told_as_one() {
        let mut seen = Seen::default();
        let mut step = step("initializing", "shadowing", "the pre-checks passed");
        (step["shadow"], step["percentage"]) = (json!(true), json!(0.0));
        let mut told = canary(&[step], 1);
        told["shadow"] = json!({"under_way": true, "compared": 7, "overlap": 0.93, "error_rate": 0.0, "emptied_rate": 0.5});
        told["verdicts"] = json!([{"guard": "maximum_error_rate", "verdict": "pass", "reason": "few"}]);
        let lines = seen.lines(&told, NOW);
        assert_eq!(lines[1], "2026-11-21T12:01:00Z  initializing -> shadowing, shadow at 0 %: the pre-checks passed (by controller)");
        assert_eq!(
            lines[2],
            "2026-11-21T12:01:00Z  shadow: 7 comparisons, overlap 0.93, errors 0 %, emptied 50 %; maximum_error_rate pass"
        );
    }

    #[test]
    fn dropped_transitions_do_not_hide_fresh_ones() {
        let mut seen = Seen::default();
        let mut told = canary(&[step("a", "b", "one")], 0);
        seen.lines(&told, NOW);
        told["history"]["dropped"] = json!(40);
        told["history"]["last"] = json!([step("c", "d", "two"), step("d", "e", "three")]);
        let lines = seen.lines(&told, NOW);
        assert_eq!(lines.len(), 3, "as many as can still be told: {lines:#?}");
        told["history"]["dropped"] = json!(41);
        told["history"]["last"] = json!([step("d", "e", "three"), step("e", "f", "four")]);
        let lines = seen.lines(&told, NOW);
        assert!(lines.len() == 1 && lines[0].contains("four"), "{lines:#?}");
    }
}
