//! Values that are placed, and values that are not.

use serde_json::json;
use ulid::Ulid;

use super::bench::{NOW, running};
use crate::config::Period;
use crate::experiment::{Experiment, Feedback, Placed, Refused, Token, TokenKey};
use crate::stats::Cohort;

const KEY: TokenKey = TokenKey::new([7; 32]);

fn experiment() -> Experiment {
    running(
        &format!("exp_test_{}", Ulid::from_parts(1, 2)),
        &json!({
            "exposure_percentage": 50.0,
            "targeting": {"deny": ["bot"], "allow": {"qa": "treatment"}},
            "metrics": [
                {"name": "click", "kind": "binary"},
                {"name": "rating", "kind": "continuous", "minimum": 1.0, "maximum": 5.0},
                {"name": "spent", "kind": "continuous", "winsorize": [0.0, 100.0]},
                {"name": "bought", "kind": "count"},
                {"name": "rate", "kind": "ratio"},
                {"name": "error_rate", "role": "goal"},
            ],
        }),
    )
}

fn feedback(json: serde_json::Value) -> Feedback {
    serde_json::from_value(json).expect("the form of feedback")
}

fn place(json: serde_json::Value) -> Result<Placed, Refused> {
    feedback(json).place(&experiment(), &KEY, NOW)
}

fn token(experiment: Ulid) -> String {
    KEY.seal(Token { experiment, phase: 1, arm: 1, bucket: 99 })
}

#[test]
fn a_token_says_everything() {
    let placed = place(json!({"token": token(Ulid::from_parts(1, 2)), "metric": "click", "value": 1})).expect("it is one of its own");
    assert_eq!(placed, Placed { phase: 1, arm: 1, bucket: Some(99), value: 1.0, below: 1.0 });
    assert_eq!(place(json!({"token": token(Ulid::from_parts(1, 3)), "metric": "click", "value": 1})), Err(Refused::Elsewhere));
    assert_eq!(place(json!({"token": "forged", "metric": "click", "value": 1})), Err(Refused::Token));
}

#[test]
fn a_unit_is_assigned_once_more() {
    let experiment = experiment();
    let phase = experiment.phase().expect("it runs");
    let assigned = |unit: &str| experiment.assign(phase, unit.as_bytes());
    let units: Vec<String> = (0..100).map(|unit| format!("user-{unit}")).collect();
    let (inside, outside): (Vec<&String>, Vec<&String>) = units.iter().partition(|unit| assigned(unit).arm.is_some());
    assert!(inside.len() > 20 && outside.len() > 20);
    let found = place(json!({"unit": inside[0], "metric": "click", "value": 0})).expect("it is inside");
    let expected = assigned(inside[0]);
    assert_eq!((Some(found.arm), found.bucket), (expected.arm, Some(Cohort::bucket(expected.hash))));
    for unit in [outside[0].as_str(), "bot", "qa"] {
        assert_eq!(place(json!({"unit": unit, "metric": "click", "value": 0})), Err(Refused::Outside), "{unit}");
    }
}

#[test]
fn an_arm_alone_has_no_unit() {
    let placed = place(json!({"arm": "treatment", "metric": "click", "value": 1})).expect("there is such an arm");
    assert_eq!((placed.arm, placed.bucket), (1, None));
    assert_eq!(place(json!({"arm": "nobody", "metric": "click", "value": 1})), Err(Refused::Arm("nobody".to_owned())));
    assert_eq!(place(json!({"metric": "click", "value": 1})), Err(Refused::Whose));
    assert_eq!(place(json!({"arm": "control", "unit": "user-1", "metric": "click", "value": 1})), Err(Refused::Whose));
}

#[test]
fn values_are_those_of_their_metric() {
    let value = |metric: &str, value: f64| place(json!({"arm": "control", "metric": metric, "value": value})).map(|placed| placed.value);
    assert_eq!(value("rating", 5.0), Ok(5.0));
    assert_eq!(value("spent", 1e9), Ok(100.0), "counted as the most there is");
    assert_eq!(value("bought", 3.0), Ok(3.0));
    for (metric, wrong) in [("click", 0.5), ("rating", 5.1), ("rating", 0.9), ("bought", 1.5), ("bought", -1.0)] {
        assert!(matches!(value(metric, wrong), Err(Refused::Value(_))), "{metric} {wrong}");
    }
    let nan = Feedback { value: f64::NAN, ..feedback(json!({"arm": "control", "metric": "spent", "value": 1})) };
    assert!(matches!(nan.place(&experiment(), &KEY, NOW), Err(Refused::Value(_))));
    for undeclared in ["likes", "latency_ms", "error_rate"] {
        assert_eq!(value(undeclared, 1.0), Err(Refused::Metric(undeclared.to_owned())));
    }
    let ratio = place(json!({"arm": "control", "metric": "rate", "value": 3, "denominator": 10})).expect("a ratio");
    assert_eq!((ratio.value, ratio.below), (3.0, 10.0));
    for wrong in [
        json!({"arm": "control", "metric": "rate", "value": 3}),
        json!({"arm": "control", "metric": "click", "value": 1, "denominator": 2}),
    ] {
        assert!(matches!(place(wrong), Err(Refused::Value(_))));
    }
}

#[test]
fn an_experiment_that_has_ended_takes_nothing() {
    let mut experiment = experiment();
    experiment.stop(NOW, Some(Period::from_secs(60)), "a", "b").expect("it runs");
    let click = feedback(json!({"arm": "control", "metric": "click", "value": 1}));
    assert!(click.place(&experiment, &KEY, NOW.plus(Period::from_secs(59))).is_ok(), "it may come late");
    assert_eq!(click.place(&experiment, &KEY, NOW.plus(Period::from_secs(60))), Err(Refused::Closed("settling")));
}
