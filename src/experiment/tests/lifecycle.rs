//! From its creation to its end, and who is where meanwhile.

use proptest::prelude::*;
use serde_json::json;

use super::bench::{NOW, running, spec};
use crate::config::{Period, Timestamp};
use crate::experiment::{Experiment, Refusal, State};

fn after(seconds: u64) -> Timestamp {
    NOW.plus(Period::from_secs(seconds))
}

fn arm(experiment: &Experiment, unit: &str) -> Option<usize> {
    experiment.assign(experiment.phase().expect("it runs"), unit.as_bytes()).arm
}

#[test]
fn it_runs_for_its_time_and_then_settles() {
    let mut experiment = running("exp_a_1", &json!({"max_duration": "1h", "late_feedback": "10m", "time_resolution": "1h"}));
    assert_eq!((experiment.state(), experiment.phase().map(|phase| phase.number)), (State::Running, Some(1)));
    assert!(!experiment.tick(after(3_599)));
    assert!(experiment.tick(after(3_600)));
    assert_eq!(experiment.state(), State::Settling);
    assert!(experiment.takes_feedback(after(3_600 + 599)) && !experiment.takes_feedback(after(3_600 + 600)));
    assert_eq!(experiment.due_at(), Some(after(3_600 + 605)), "what was taken last has to be written by every replica");
    assert!(!experiment.holds_alias() && experiment.is_live());
    assert!(!experiment.tick(after(10_000)), "the end needs a report");
    experiment.end(after(10_000), json!([]));
    assert_eq!((experiment.state(), experiment.due_at()), (State::Ended, None));
    assert!(experiment.stop(after(10_001), None, "a", "b").is_err());
}

#[test]
fn a_pre_period_comes_before_the_split_and_deals_the_same_arms() {
    let mut experiment = running("exp_a_2", &json!({"start_at": after(60).millis(), "pre_period": "1h"}));
    assert_eq!((experiment.state(), experiment.phase()), (State::Scheduled, None));
    assert!(experiment.tick(after(60)));
    assert_eq!((experiment.state(), experiment.phase().map(|phase| phase.number)), (State::Baseline, Some(0)));
    let before: Vec<_> = (0..500).map(|unit| arm(&experiment, &format!("user-{unit}"))).collect();
    assert!(!experiment.takes_feedback(after(70)));
    assert!(experiment.tick(after(60 + 3_600)));
    assert_eq!((experiment.state(), experiment.phase().map(|phase| phase.number)), (State::Running, Some(1)));
    assert_eq!(before, (0..500).map(|unit| arm(&experiment, &format!("user-{unit}"))).collect::<Vec<_>>());
    assert_eq!(experiment.phases()[0].until, Some(after(60 + 3_600)));
}

#[test]
fn other_weights_begin_a_new_phase_and_more_exposure_does_not() {
    let mut experiment = running("exp_a_3", &json!({"exposure_percentage": 20.0}));
    experiment.reweigh(after(1), (None, Some(50.0)), "a", "more").expect("it runs");
    assert_eq!(experiment.phases().len(), 1);
    experiment.reweigh(after(2), (Some(vec![0.2, 0.8]), None), "a", "other weights").expect("it runs");
    experiment.reweigh(after(3), (None, Some(10.0)), "a", "less").expect("it runs");
    assert_eq!(
        experiment.phases().iter().map(|phase| (phase.number, phase.until)).collect::<Vec<_>>(),
        [(1, Some(after(2))), (2, Some(after(3))), (3, None)]
    );
    assert!(matches!(experiment.reweigh(after(4), (Some(vec![0.5, 0.6]), None), "a", "b"), Err(Refusal::Invalid(_))));
    assert!(matches!(experiment.reweigh(after(4), (Some(vec![1.0]), None), "a", "b"), Err(Refusal::Invalid(_))));
    assert!(matches!(experiment.reweigh(after(4), (None, Some(0.0)), "a", "b"), Err(Refusal::Invalid(_))));
    experiment.stop(after(5), Some(Period::from_secs(0)), "a", "enough").expect("it runs");
    assert!(matches!(experiment.reweigh(after(6), (None, Some(100.0)), "a", "b"), Err(Refusal::Illegal(_))));
}

#[test]
fn a_control_that_was_moved_is_noticed_once_for_each_move() {
    let mut experiment = running("exp_a_5", &json!({}));
    let steps = experiment.history().len();
    assert!(experiment.notice(after(1), "docs_v1") && !experiment.notice(after(2), "docs_v1"));
    assert_eq!(experiment.history().len(), steps, "where it was to begin with is no news");
    assert!(experiment.notice(after(3), "docs_v3") && experiment.notice(after(4), "docs_v1"));
    assert_eq!(experiment.control_was(), ["docs_v1", "docs_v3", "docs_v1"]);
    assert!(experiment.history()[steps].reason.contains("from `docs_v1` to `docs_v3` past Pointsman"));
    let noticed = (5..100).filter(|second| experiment.notice(after(*second), &format!("docs_v{second}"))).count();
    assert_eq!(noticed, 13, "a list of sixteen is long enough");

    let named =
        json!({"arms": [{"name": "a", "collection": "docs_v1", "weight": 0.5}, {"name": "b", "collection": "docs_v2", "weight": 0.5}]});
    let mut spec = named;
    spec["treatment"] = serde_json::Value::Null;
    let mut named = running("exp_a_6", &spec);
    assert!(!named.notice(after(1), "docs_v1"), "a control with a name of its own stays where it is");
    experiment.stop(after(200), None, "a", "enough").expect("it runs");
    assert!(!experiment.notice(after(201), "docs_v2"), "what comes after it is not its concern");
}

#[test]
fn late_feedback_is_not_waited_for_for_ever() {
    let mut experiment = running("exp_a_7", &json!({}));
    let years = Some(Period::from_secs(400 * 86_400));
    assert!(matches!(experiment.stop(after(1), years, "a", "b"), Err(Refusal::Invalid(_))));
    assert_eq!(experiment.state(), State::Running);
}

#[test]
fn it_is_written_and_read_back_as_it_is() {
    let experiment = running("exp_a_4", &json!({"targeting": {"deny": ["bot"], "headers": {"x-tier": "free"}}}));
    let text = serde_json::to_string(&experiment).expect("it is JSON");
    assert_eq!(serde_json::from_str::<Experiment>(&text).expect("it was written by itself"), experiment);
}

#[test]
fn every_fault_is_named() {
    let faults = |json: serde_json::Value| {
        let whole: crate::experiment::ExperimentSpec = serde_json::from_value(json).expect("the form of a spec");
        let faults = whole.normalized(&std::collections::HashSet::new()).expect_err("it is faulty");
        faults.into_iter().map(|fault| fault.field).collect::<Vec<_>>()
    };
    assert_eq!(faults(json!({"name": "a"})), ["treatment"]);
    assert_eq!(faults(json!({"name": "a", "treatment": "b", "traffic_split": 1.5})), ["traffic_split"]);
    assert_eq!(faults(json!({"name": "a", "treatment": "b", "arms": [{"name": "c", "weight": 1.0}]})), ["arms"]);
    let arms = |weights: [f64; 2]| json!([{"name": "control", "weight": weights[0]}, {"name": "b", "weight": weights[1], "collection": "docs_v2"}]);
    assert_eq!(faults(json!({"name": "a", "alias": "docs", "arms": arms([0.5, 0.6])})), ["arms"]);
    assert_eq!(faults(json!({"name": "a", "arms": arms([0.5, 0.5])})), ["arms[0].collection"], "without an alias nothing is stable");
    assert_eq!(faults(json!({"name": "a", "control": "b", "treatment": "c", "interleave": true})), ["interleave"], "without an alias");
    let three: Vec<_> = ["x", "y", "z"].iter().map(|name| json!({"name": name, "weight": 0.5, "collection": name})).collect();
    let three = json!({"name": "a", "alias": "docs", "arms": three, "interleave": true});
    assert_eq!(faults(three), ["interleave", "arms"], "of three arms, whose weights are wrong too");
    let broken = json!({
        "name": "a b", "alias": "docs", "arms": arms([0.5, 0.5]), "exposure_percentage": 101.0, "alpha": 0.0, "planned_units": 0,
        "max_duration": "0s", "targeting": {"allow": {"u": "nobody"}, "headers": {"a b": "c"}},
        "metrics": [{"name": "x"}, {"name": "latency_ms", "kind": "count"}, {"name": "x", "kind": "binary", "minimum": 2.0, "maximum": 1.0}],
    });
    assert_eq!(
        faults(broken),
        [
            "name",
            "exposure_percentage",
            "metrics[0].kind",
            "metrics[1].kind",
            "metrics[2].name",
            "metrics[2].maximum",
            "targeting.allow[u]",
            "targeting.headers[a b]",
            "alpha",
            "planned_units",
            "max_duration",
        ]
    );
}

proptest! {
    /// Raising the exposure adds units and moves none; a change of weights moves half the sum of the changes.
    #[test]
    fn few_units_move(first in 1.0..50.0_f64, second in 50.0..100.0_f64, weight in 0.05..0.95_f64) {
        let mut experiment = running("exp_b", &json!({"exposure_percentage": first}));
        let units: Vec<String> = (0..2_000).map(|unit| format!("user-{unit}")).collect();
        let where_they_are = |experiment: &Experiment| units.iter().map(|unit| arm(experiment, unit)).collect::<Vec<_>>();
        let narrow = where_they_are(&experiment);
        experiment.reweigh(after(1), (None, Some(second)), "a", "more").expect("it runs");
        let wide = where_they_are(&experiment);
        prop_assert!(narrow.iter().zip(&wide).all(|(before, now)| before.is_none() || before == now));
        let slots = |experiment: &Experiment| experiment.phase().map(|phase| phase.allocation.clone()).expect("it runs");
        let before = slots(&experiment);
        experiment.reweigh(after(2), (Some(vec![1.0 - weight, weight]), None), "a", "other weights").expect("it runs");
        let now = slots(&experiment);
        let moved = (0..crate::routing::SLOTS).step_by(100).filter(|slot| before.owner(*slot) != now.owner(*slot)).count() as f64;
        let expected = (weight - 0.5).abs() * second / 100.0 * 10_000.0;
        prop_assert!((moved - expected).abs() <= 3.0, "{} of 10 000 moved, {} had to", moved, expected);
    }

    #[test]
    fn arms_of_two_experiments_are_independent(seed in 0..1_000_u32) {
        let [one, two] = ["exp_c_1", "exp_c_2"].map(|id| running(id, &json!({})));
        let mut cells = [[0_i32; 2]; 2];
        for unit in 0..2_000 {
            let unit = format!("{seed}-{unit}");
            cells[arm(&one, &unit).expect("all are in")][arm(&two, &unit).expect("all are in")] += 1;
        }
        // 500 are expected in each; five standard deviations are 97.
        prop_assert!(cells.iter().flatten().all(|count| (count - 500).abs() < 97), "{cells:?}");
    }
}

#[test]
fn the_short_form_is_two_arms() {
    let spec = spec(&json!({"control": "docs_v1", "traffic_split": 0.2}));
    let arms: Vec<_> = spec.arms.iter().map(|arm| (arm.name.as_str(), arm.weight, arm.collection.as_deref())).collect();
    assert_eq!(arms, [("control", 0.8, Some("docs_v1")), ("treatment", 0.2, Some("docs_v2"))]);
}
