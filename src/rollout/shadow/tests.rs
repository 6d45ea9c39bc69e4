//! The course of a shadow comparison, and what is no spec.

use std::collections::HashSet;

use serde_json::json;

use super::{Shadow, ShadowSpec, ShadowState};
use crate::config::{Period, Timestamp};
use crate::rollout::By;

const START: Timestamp = Timestamp::from_millis(1_795_424_400_000);

fn spec(changes: &serde_json::Value) -> ShadowSpec {
    let mut spec = json!({"alias": "docs", "collection": "docs_v2"});
    for (field, value) in changes.as_object().expect("an object") {
        spec[field] = value.clone();
    }
    serde_json::from_value(spec).expect("a spec")
}

fn shadow() -> Shadow {
    Shadow::create("shadow_1", spec(&json!({"max_duration": "1h"})), "docs_v1", START, &By::new("ada", "why not"))
}

fn after(seconds: u64) -> Timestamp {
    START.plus(Period::from_secs(seconds))
}

fn read_again(shadow: &Shadow) -> Shadow {
    let stored = serde_json::to_string(shadow).expect("a shadow is JSON");
    serde_json::from_str(&stored).expect("what was stored can be read")
}

#[test]
fn the_defaults_are_those_that_are_documented() {
    let spec = spec(&json!({}));
    assert_eq!((spec.from.as_str(), spec.percentage, spec.depth, spec.noise_percentage), ("stable", 100.0, 10, 10.0));
    assert_eq!((spec.payloads, spec.same_space, spec.max_duration), (false, true, Period::from_secs(86_400)));
    assert!(spec.check(&HashSet::new()).is_empty());
}

#[test]
fn it_stops_by_itself_settles_and_ends_with_what_is_known() {
    let mut shadow = shadow();
    assert_eq!((shadow.due_at(), shadow.tick(after(3_599))), (Some(after(3_600)), false));
    assert!(shadow.mirrors() && shadow.tick(after(3_601)));
    assert_eq!((shadow.state(), shadow.stopped_at(), shadow.due_at()), (ShadowState::Settling, Some(after(3_601)), Some(after(3_606))));
    assert!(!shadow.mirrors() && shadow.is_live() && !shadow.tick(after(9_000)), "its end needs a report");
    let mut shadow = read_again(&shadow);
    shadow.end(after(3_606), json!({"overlap": 1}));
    assert_eq!((shadow.is_live(), shadow.due_at(), shadow.report()), (false, None, Some(&json!({"overlap": 1}))));
    let steps: Vec<(ShadowState, &str)> = shadow.history().iter().map(|step| (step.state, step.actor.as_str())).collect();
    assert_eq!(steps, [(ShadowState::Running, "ada"), (ShadowState::Settling, "controller"), (ShadowState::Ended, "controller")]);
    assert_eq!(read_again(&shadow), shadow);
}

#[test]
fn it_is_stopped_once() {
    let mut shadow = shadow();
    let by = By::new("ada", "enough");
    shadow.stop(after(10), &by).expect("it runs");
    let before = shadow.clone();
    let refused = shadow.stop(after(11), &by).expect_err("it was stopped before");
    assert_eq!((shadow, refused.to_string().as_str()), (before, "the shadow comparison `shadow_1` is settling: it was stopped before"));
}

#[test]
fn every_fault_is_told_with_its_field() {
    let faulty = json!({
        "alias": "", "collection": "a/b", "from": "", "upstream": "nowhere", "percentage": 0, "noise_percentage": 0.00001, "depth": 101,
        "max_duration": "0s",
    });
    let faults = spec(&faulty).check(&HashSet::from(["default"]));
    let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["alias", "collection", "from", "upstream", "percentage", "noise_percentage", "depth", "max_duration"]);
    let none = spec(&json!({"noise_percentage": 0})).check(&HashSet::new());
    assert!(none.is_empty(), "whoever wants no noise floor has none: {none:?}");
}
