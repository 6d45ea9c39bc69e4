//! Experiments that share an alias: a unit is in one of them at most.

use proptest::prelude::*;
use serde_json::json;

use super::bench::{NOW, Trial, USUAL, running, spec};
use crate::config::Period;
use crate::experiment::{Experiment, ExperimentSpec, Feedback, LayerPart, Place, Refused, TokenKey, layer_salt};
use crate::routing::SLOTS;

fn part(from_percentage: f64, to_percentage: f64) -> LayerPart {
    LayerPart { from_percentage, to_percentage }
}

fn with_part(id: &str, from: f64, to: f64, exposure: f64) -> Experiment {
    running(id, &json!({"layer": part(from, to), "exposure_percentage": exposure}))
}

fn arm(experiment: &Experiment, unit: &str) -> Option<usize> {
    experiment.assign(experiment.phase().expect("it runs"), unit.as_bytes()).arm
}

#[test]
fn parts_are_whole_slots_and_the_default_is_all_of_them() {
    assert_eq!(part(0.0, 12.5).slots(), 0..125_000);
    assert_eq!(part(33.3333, 66.6667).slots(), 333_333..666_667);
    assert_eq!(part(0.0, 0.0001).slots(), 0..1);
    let old: ExperimentSpec = serde_json::from_value(json!({"name": "a", "treatment": "b"})).expect("one from before there were layers");
    assert!(old.layer.is_whole());
    assert_eq!(old.layer.slots(), 0..SLOTS);
    assert_eq!(part(0.0, 12.5).to_string(), "0-12.5 %");
}

#[test]
fn parts_that_touch_do_not_overlap() {
    assert!(!part(0.0, 50.0).overlaps(&part(50.0, 100.0)) && !part(50.0, 100.0).overlaps(&part(0.0, 50.0)));
    assert!(part(0.0, 50.0001).overlaps(&part(50.0, 100.0)) && part(20.0, 30.0).overlaps(&part(0.0, 100.0)));
    assert_eq!(LayerPart::free([part(60.0, 100.0), part(10.0, 40.0)]), [part(0.0, 10.0), part(40.0, 60.0)]);
    assert_eq!(LayerPart::free([]), [part(0.0, 100.0)]);
    assert_eq!(LayerPart::free([part(0.0, 100.0)]), []);
}

#[test]
fn what_is_no_part_is_refused() {
    let faults = |changes: serde_json::Value| {
        let mut whole = json!({"name": "a", "alias": "docs", "treatment": "docs_v2"});
        whole.as_object_mut().expect("an object").extend(changes.as_object().expect("an object").clone());
        let spec: ExperimentSpec = serde_json::from_value(whole).expect("the form of a spec");
        spec.normalized(&std::collections::HashSet::new())
            .expect_err("it is faulty")
            .into_iter()
            .map(|fault| fault.field)
            .collect::<Vec<_>>()
    };
    assert_eq!(faults(json!({"layer": part(-1.0, 101.0)})), ["layer.from_percentage", "layer.to_percentage"]);
    assert_eq!(faults(json!({"layer": part(0.0, 0.000_05)})), ["layer.to_percentage"]);
    for (from, to) in [(50.0, 50.0), (60.0, 50.0)] {
        assert_eq!(faults(json!({"layer": part(from, to)})), ["layer"]);
    }
    let nameless = json!({"alias": null, "control": "docs_v1", "layer": part(0.0, 50.0)});
    assert_eq!(faults(nameless), ["layer"], "without an alias there is nothing to share");
}

#[test]
fn a_unit_is_in_one_experiment_at_most_and_dealt_there_as_without_a_layer() {
    let [one, two] = [with_part("exp_l_1", 0.0, 40.0, 100.0), with_part("exp_l_2", 40.0, 70.0, 50.0)];
    let alone = running("exp_l_1", &json!({}));
    let layer = layer_salt("docs");
    for unit in (0..4_000).map(|unit| format!("user-{unit}")) {
        let place = layer.slot(unit.as_bytes());
        assert_eq!(arm(&one, &unit), arm(&alone, &unit).filter(|_| place < 400_000), "{unit}");
        assert!(arm(&two, &unit).is_none() || (400_000..700_000).contains(&place), "{unit}");
        assert!(arm(&one, &unit).is_none() || arm(&two, &unit).is_none(), "{unit} is in both");
    }
}

#[test]
fn feedback_of_a_unit_outside_the_part_is_refused() {
    let key = TokenKey::new([7; 32]);
    let experiment = with_part("exp_l_3", 20.0, 60.0, 100.0);
    let layer = layer_salt("docs");
    for unit in (0..200).map(|unit| format!("user-{unit}")) {
        let inside = (200_000..600_000).contains(&layer.slot(unit.as_bytes()));
        let click: Feedback = serde_json::from_value(json!({"unit": unit, "metric": "click", "value": 1})).expect("the form of feedback");
        match click.place(&experiment, &key, NOW) {
            Ok(Place::Credit(credit)) => panic!("{unit} has nothing to do with {credit:?}"),
            Ok(Place::Value(placed)) => assert!(inside && Some(placed.arm) == arm(&experiment, &unit), "{unit}"),
            Err(refused) => assert!(!inside && refused == Refused::Outside, "{unit}"),
        }
    }
}

/// All arms share the part, so what is expected of them is what it was.
#[test]
fn a_part_leaves_the_split_as_it_should_be() {
    let mut trial = Trial::new(11, &json!({"layer": part(10.0, 40.0), "traffic_split": 0.2}));
    trial.users(20_000, |_| USUAL, |_| 0.0);
    let split = trial.report(false).split;
    let total: f64 = split.units.iter().sum();
    assert!((5_700.0..6_300.0).contains(&total), "{total} of 20 000 are in three tenths");
    assert!((split.expected[0] - total * 0.8).abs() < 1e-6 && (split.expected[1] - total * 0.2).abs() < 1e-6, "{split:?}");
    assert_eq!(split.alarm, None, "{split:?}");
}

#[test]
fn the_part_is_written_with_all_defaults() {
    let text = serde_json::to_value(spec(&json!({}))).expect("it is JSON");
    assert_eq!(text["layer"], json!({"from_percentage": 0.0, "to_percentage": 100.0}));
}

proptest! {
    /// I2 below a layer: more exposure adds units of the part and moves none; other weights move the fewest.
    #[test]
    fn few_units_move_inside_a_part(narrow in 1.0..50.0_f64, wide in 50.0..100.0_f64, weight in 0.05..0.95_f64) {
        let mut experiment = with_part("exp_l_4", 25.0, 75.0, narrow);
        let units: Vec<String> = (0..1_000).map(|unit| format!("user-{unit}")).collect();
        let where_they_are = |experiment: &Experiment| units.iter().map(|unit| arm(experiment, unit)).collect::<Vec<_>>();
        let before = where_they_are(&experiment);
        experiment.reweigh(NOW.plus(Period::from_secs(1)), (None, Some(wide)), "a", "more").expect("it runs");
        let grown = where_they_are(&experiment);
        prop_assert!(before.iter().zip(&grown).all(|(before, now)| before.is_none() || before == now));
        experiment.reweigh(NOW.plus(Period::from_secs(2)), (Some(vec![1.0 - weight, weight]), None), "a", "other").expect("it runs");
        let dealt = where_they_are(&experiment);
        let shrank = usize::from(weight < 0.5);
        let strangers = grown.iter().zip(&dealt).filter(|(before, now)| before != now && **before != Some(shrank)).count();
        // Quotas are whole slots: one that rounding moves may be owned already.
        prop_assert!(strangers <= 1, "{} left an arm that grew", strangers);
    }
}
