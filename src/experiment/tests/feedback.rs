//! Values that are placed, and values that are not.

use serde_json::json;
use ulid::Ulid;

use super::bench::{NOW, running};
use crate::config::Period;
use crate::experiment::{Credit, Experiment, Feedback, Interleaved, Place, Placed, Refused, Token, TokenKey};
use crate::interleaving::{MOST_HITS, Picks, Team};
use crate::protocol::points::PointId;
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

/// A value of one arm.
fn place(json: serde_json::Value) -> Result<Placed, Refused> {
    match feedback(json).place(&experiment(), &KEY, NOW)? {
        Place::Value(placed) => Ok(placed),
        Place::Credit(credit) => panic!("{credit:?} is no value of an arm"),
    }
}

/// Points of an interleaved answer.
fn credit(json: serde_json::Value) -> Result<Credit, Refused> {
    match feedback(json).place(&experiment(), &KEY, NOW)? {
        Place::Credit(credit) => Ok(credit),
        Place::Value(placed) => panic!("{placed:?} is no preference"),
    }
}

fn token(experiment: Ulid) -> String {
    KEY.seal(Token { experiment, phase: 1, arm: 1, bucket: 99 })
}

#[test]
fn a_token_says_everything() {
    let placed = place(json!({"token": token(Ulid::from_parts(1, 2)), "metric": "click", "value": 1})).expect("it is one of its own");
    assert_eq!(placed, Placed { phase: 1, slice: 1, arm: 1, bucket: Some(99), value: 1.0, below: 1.0 });
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
    let ratio = |value: f64, denominator: f64| {
        place(json!({"arm": "control", "metric": "rate", "value": value, "denominator": denominator})).map(|placed| placed.below)
    };
    assert_eq!(ratio(1e12, 1e-12), Ok(1e-12));
    for (value, denominator) in [(1.0, 0.0), (1.0, 1e-13), (1.0, 1e13), (-2e12, 1.0)] {
        assert!(matches!(ratio(value, denominator), Err(Refused::Value(_))), "{value} by {denominator}");
    }
    for (metric, endless) in [("spent", 1.1e12), ("spent", -1e300), ("bought", 1e9 + 1.0)] {
        assert!(matches!(value(metric, endless), Err(Refused::Value(_))), "{metric} {endless}: sums must stay numbers");
    }
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

const UUID: &str = "6f0c1b3a-9a1f-4f4e-8f38-0a4b5c6d7e8f";

/// Of an answer with the control's 1, the treatment's 2 and a UUID of the treatment's.
fn interleaved(experiment: Ulid) -> String {
    let uuid = PointId::Uuid(UUID.parse().expect("a UUID"));
    let picks = Picks::of(&[(Team::Control, PointId::Number(1)), (Team::Treatment, PointId::Number(2)), (Team::Treatment, uuid)]);
    KEY.seal_interleaved(&Interleaved { experiment, phase: 3, bucket: 99, picks })
}

#[test]
fn points_are_credited_to_the_teams_that_had_picked_them() {
    let token = interleaved(Ulid::from_parts(1, 2));
    let wins = |metric: &str, value: f64, points: serde_json::Value| {
        let credit = credit(json!({"token": token, "metric": metric, "value": value, "points": points}))?;
        assert_eq!((credit.phase, credit.bucket), (3, 99));
        Ok::<_, Refused>(credit.wins)
    };
    assert_eq!(wins("click", 1.0, json!([1])), Ok([1.0, 0.0]));
    assert_eq!(wins("click", 1.0, json!([2, UUID.to_uppercase()])), Ok([0.0, 2.0]));
    assert_eq!(wins("bought", 3.0, json!([1, 2, 2, 1])), Ok([3.0, 3.0]), "each point once");
    assert_eq!(wins("click", 0.0, json!([1])), Ok([0.0, 0.0]), "nothing was won");
    assert_eq!(wins("click", 1.0, json!([1, 7])), Err(Refused::Absent(PointId::Number(7))));
    assert_eq!(wins("click", 1.0, json!([])), Err(Refused::NoPoints));
    assert_eq!(wins("click", 1.0, json!(vec![1; MOST_HITS])), Ok([1.0, 0.0]));
    for many in [MOST_HITS + 1, 62_000] {
        assert_eq!(wins("click", 1.0, json!(vec![1; many])), Err(Refused::TooManyPoints(many)));
    }
    assert_eq!(wins("rating", 4.0, json!([1])), Err(Refused::NotCreditable("rating".to_owned())));
    assert!(matches!(wins("click", 2.0, json!([1])), Err(Refused::Value(_))));
}

/// Users saw hits of both arms, so nothing they did says anything of one alone; and the other way round.
#[test]
fn a_value_is_of_one_arm_or_of_hits_and_never_of_both() {
    let click = |mut json: serde_json::Value| {
        json["metric"] = "click".into();
        json["value"] = 1.into();
        feedback(json).place(&experiment(), &KEY, NOW)
    };
    assert_eq!(click(json!({"token": interleaved(Ulid::from_parts(1, 2))})), Err(Refused::NoPoints));
    assert_eq!(click(json!({"token": token(Ulid::from_parts(1, 2)), "points": [1]})), Err(Refused::Points));
    assert_eq!(click(json!({"arm": "control", "points": [1]})), Err(Refused::Points));
    assert_eq!(click(json!({"token": interleaved(Ulid::from_parts(1, 3)), "points": [1]})), Err(Refused::Elsewhere));
    let other = TokenKey::new([8; 32]).seal_interleaved(&Interleaved {
        experiment: Ulid::from_parts(1, 2),
        phase: 3,
        bucket: 99,
        picks: Picks::of(&[]),
    });
    assert_eq!(click(json!({"token": other, "points": [1]})), Err(Refused::Token));
}

#[test]
fn an_experiment_that_has_ended_takes_nothing() {
    let mut experiment = experiment();
    experiment.stop(NOW, Some(Period::from_secs(60)), "a", "b").expect("it runs");
    let click = feedback(json!({"arm": "control", "metric": "click", "value": 1}));
    assert!(click.place(&experiment, &KEY, NOW.plus(Period::from_secs(59))).is_ok(), "it may come late");
    assert_eq!(click.place(&experiment, &KEY, NOW.plus(Period::from_secs(60))), Err(Refused::Closed("settling")));
}
