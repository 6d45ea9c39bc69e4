//! What is concluded from clear cases, and from cases nothing can be concluded from.

use serde_json::json;

use super::bench::{Habits, NOW, Trial, USUAL};
use crate::experiment::analysis::{Comparison, Report, SplitAlarm, Verdict};

fn nobody_lost(_: usize) -> f64 {
    0.0
}

/// What users of each arm do.
type Behaviour = fn(usize) -> Habits;

fn of<'r>(report: &'r Report, metric: &str) -> &'r Comparison {
    report.comparisons.iter().find(|comparison| comparison.metric == metric).expect("it is measured")
}

#[test]
fn a_clear_winner_is_shipped_and_its_mirror_is_not() {
    for (clicks, verdict, better) in [(0.45, Verdict::Ship, true), (0.2, Verdict::DoNotShip, false)] {
        let mut trial = Trial::new(1, &json!({}));
        trial.users(4_000, |arm| if arm == 1 { Habits { clicks, ..USUAL } } else { USUAL }, nobody_lost);
        let report = trial.report(false);
        assert_eq!(report.decision.verdict, verdict, "{}", report.decision.sentence);
        let click = of(&report, "click");
        assert!(click.significant && click.better == Some(better), "{click:?}");
        assert!(click.always_valid_p_value >= click.p_value, "to look at any time costs something");
        assert!(report.decision.sentence.contains("`click`"), "{}", report.decision.sentence);
        assert_eq!(report.decision.arm.as_deref(), better.then_some("treatment"));
    }
}

#[test]
fn a_treatment_that_fails_a_third_of_its_requests_never_wins() {
    let mut trial = Trial::new(2, &json!({}));
    trial.users(4_000, |arm| if arm == 1 { Habits { clicks: 0.45, errors: 0.3, ..USUAL } } else { USUAL }, nobody_lost);
    let report = trial.report(false);
    assert_eq!(report.decision.verdict, Verdict::DoNotShip, "{}", report.decision.sentence);
    assert!(report.decision.sentence.contains("`error_rate`"), "{}", report.decision.sentence);
    assert_eq!(of(&report, "click").better, Some(true), "however much is clicked");
}

/// What is refused takes no time, and is no speed.
#[test]
fn a_treatment_that_refuses_what_the_control_serves_never_wins_and_is_no_faster() {
    let mut trial = Trial::new(22, &json!({}));
    trial.users(4_000, |arm| if arm == 1 { Habits { clicks: 0.45, refused: 0.3, ..USUAL } } else { USUAL }, nobody_lost);
    let report = trial.report(false);
    assert_eq!(report.decision.verdict, Verdict::DoNotShip, "{}", report.decision.sentence);
    let errors = of(&report, "error_rate");
    assert!(errors.treatment_mean.is_some_and(|rate| (0.25..0.36).contains(&rate)), "{errors:?}");
    let latency = of(&report, "latency_ms");
    assert!(!latency.significant, "{latency:?}");

    let mut trial = Trial::new(23, &json!({}));
    trial.users(2_000, |arm| if arm == 1 { Habits { refused: 1.0, ..USUAL } } else { USUAL }, nobody_lost);
    let report = trial.report(false);
    assert_eq!(report.decision.verdict, Verdict::DoNotShip, "its users are there, so the split is right: {}", report.decision.sentence);
    assert_eq!((of(&report, "error_rate").treatment_mean, of(&report, "latency_ms").treatment_mean), (Some(1.0), None));
}

#[test]
fn without_a_difference_it_goes_on_until_its_end() {
    let mut trial = Trial::new(3, &json!({}));
    trial.users(2_000, |_| USUAL, nobody_lost);
    assert_eq!(trial.report(false).decision.verdict, Verdict::KeepRunning);
    assert_eq!(trial.report(true).decision.verdict, Verdict::DoNotShip);
}

#[test]
fn before_the_split_nothing_is_concluded() {
    let mut trial = Trial::new(5, &json!({"pre_period": "1h"}));
    trial.users(4_000, |arm| if arm == 1 { Habits { clicks: 0.9, ..USUAL } } else { USUAL }, nobody_lost);
    let decision = trial.report(true).decision;
    assert_eq!((decision.verdict, decision.reason), (Verdict::KeepRunning, Some("baseline")), "whatever it shows");
}

#[test]
fn figures_of_a_control_that_was_moved_come_with_a_warning() {
    let mut trial = Trial::new(6, &json!({}));
    trial.experiment.notice(NOW, "docs_v1");
    let warns = |trial: &Trial| trial.report(false).notes.iter().any(|note| note.contains("`docs_v1`, then `docs_v3`"));
    assert!(!warns(&trial));
    trial.experiment.notice(NOW, "docs_v3");
    assert!(warns(&trial));
}

#[test]
fn too_few_units_conclude_nothing() {
    let mut trial = Trial::new(4, &json!({}));
    trial.users(100, |arm| if arm == 1 { Habits { clicks: 0.9, ..USUAL } } else { USUAL }, nobody_lost);
    let decision = trial.report(false).decision;
    assert_eq!((decision.verdict, decision.reason), (Verdict::KeepRunning, Some("insufficient_data")));
    let missing = decision.missing_units.expect("some are missing");
    assert!((30..=70).contains(&missing), "{missing}");
}

#[test]
fn a_leaking_split_is_invalid_whatever_the_numbers_say() {
    let mut trial = Trial::new(5, &json!({}));
    trial.users(6_000, |arm| if arm == 1 { Habits { clicks: 0.6, ..USUAL } } else { USUAL }, |arm| if arm == 1 { 0.15 } else { 0.0 });
    let report = trial.report(false);
    assert_eq!((report.decision.verdict, report.split.alarm), (Verdict::Invalid, Some(SplitAlarm::Imbalance)));
    assert!(report.decision.sentence.contains("units where"), "{}", report.decision.sentence);
}

/// All of them are explained, none is an error, and none is called a difference.
#[test]
fn degenerate_data_is_explained() {
    let empty = Trial::new(6, &json!({})).report(false);
    assert_eq!(empty.decision.missing_units, Some(100));
    assert!(empty.comparisons.iter().all(|comparison| comparison.note.is_some() && !comparison.significant));

    let cases: [(&str, Behaviour); 4] = [
        ("no clicks at all", |_| Habits { clicks: 0.0, ..USUAL }),
        ("only errors", |_| Habits { errors: 1.0, ..USUAL }),
        ("only errors in one arm", |arm| Habits { errors: if arm == 1 { 1.0 } else { 0.0 }, ..USUAL }),
        ("no latency at all", |_| Habits { latency_ms: 0.0, ..USUAL }),
    ];
    for (case, habits) in cases {
        let mut trial = Trial::new(7, &json!({}));
        trial.users(2_000, habits, nobody_lost);
        let report = trial.report(true);
        let text = serde_json::to_string(&report).expect("a report is JSON");
        assert!(!text.contains("NaN"), "{case}");
        for comparison in &report.comparisons {
            let said = comparison.p_value.is_some() || comparison.note.is_some();
            assert!(said, "{case}: nothing is said of {comparison:?}");
        }
        assert_ne!(report.decision.verdict, Verdict::Ship, "{case}: {}", report.decision.sentence);
    }

    let mut one_arm = Trial::new(8, &json!({}));
    one_arm.users(1_000, |_| USUAL, |arm| if arm == 1 { 1.0 } else { 0.0 });
    let report = one_arm.report(false);
    assert_eq!(report.decision.verdict, Verdict::Invalid, "{}", report.decision.sentence);
    assert!(of(&report, "click").note.as_deref().is_some_and(|note| note.contains("treatment")));
}

#[test]
fn several_treatments_are_each_compared_with_the_control() {
    let arms = json!([
        {"name": "a", "weight": 0.4}, {"name": "b", "weight": 0.3, "collection": "docs_v2"}, {"name": "c", "weight": 0.3, "collection": "docs_v3"},
    ]);
    let mut trial = Trial::new(9, &json!({"arms": arms, "treatment": null}));
    trial.users(6_000, |arm| if arm == 2 { Habits { clicks: 0.5, ..USUAL } } else { USUAL }, nobody_lost);
    let report = trial.report(false);
    assert_eq!((report.decision.verdict, report.decision.arm.as_deref()), (Verdict::Ship, Some("c")));
    let clicks: Vec<_> = report.comparisons.iter().filter(|comparison| comparison.metric == "click").collect();
    assert_eq!(clicks.iter().map(|click| (click.arm.as_str(), click.significant)).collect::<Vec<_>>(), [("b", false), ("c", true)]);
}

#[test]
fn an_arm_without_weight_is_not_waited_for() {
    let arms = json!([
        {"name": "a", "weight": 0.5}, {"name": "b", "weight": 0.5, "collection": "docs_v2"}, {"name": "c", "weight": 0.0, "collection": "docs_v3"},
    ]);
    let mut trial = Trial::new(10, &json!({"arms": arms, "treatment": null}));
    trial.users(4_000, |arm| if arm == 1 { Habits { clicks: 0.45, ..USUAL } } else { USUAL }, nobody_lost);
    let decision = trial.report(false).decision;
    assert_eq!((decision.verdict, decision.arm.as_deref()), (Verdict::Ship, Some("b")), "{}", decision.sentence);
}

#[test]
fn a_preference_decides_like_any_goal() {
    for (taste, verdict, better) in [(0.2, Verdict::Ship, true), (-0.2, Verdict::DoNotShip, false)] {
        let mut trial = Trial::new(20, &json!({"interleave": true}));
        trial.choosers(4_000, taste);
        let report = trial.report(false);
        assert_eq!(report.decision.verdict, verdict, "{}", report.decision.sentence);
        assert!(report.decision.sentence.contains("of interleaved hits with `click`"), "{}", report.decision.sentence);
        let preference = &report.preferences.expect("it interleaves")[0];
        assert!(preference.significant && preference.better == Some(better), "{preference:?}");
        assert!(preference.always_valid_p_value >= preference.p_value, "to look at any time costs something");
        let signs = preference.sign_test.as_ref().expect("there are wins");
        assert_eq!(signs.for_treatment > signs.for_control, better, "{signs:?}");
        assert!(report.arms.iter().all(|arm| arm.requests == 0 && arm.interleaved_requests > Some(0)), "counted apart");
        assert!(report.arms.iter().map(|arm| arm.units).sum::<f64>() > 3_900.0, "and still units of their arms");
    }
}

#[test]
fn of_what_should_be_rare_the_winner_has_less() {
    let reports = json!([{"name": "click", "kind": "count", "direction": "lower_is_better"}]);
    let mut trial = Trial::new(21, &json!({"interleave": true, "metrics": reports}));
    trial.choosers(4_000, 0.2);
    let report = trial.report(false);
    assert_eq!(report.decision.verdict, Verdict::DoNotShip, "{}", report.decision.sentence);
}

/// A list can only be merged of an arm that answers, so a preference knows nothing of an arm that does not.
#[test]
fn a_preferred_arm_that_fails_is_not_shipped() {
    let mut trial = Trial::new(22, &json!({"interleave": true}));
    trial.choosers(4_000, 0.2);
    trial.failures(1);
    let report = trial.report(false);
    assert_eq!(report.decision.verdict, Verdict::DoNotShip, "{}", report.decision.sentence);
    assert!(report.decision.sentence.contains("`paired_error_rate` rose"), "{}", report.decision.sentence);
}

#[test]
fn a_handful_of_wins_proves_nothing() {
    let mut trial = Trial::new(23, &json!({"interleave": true, "minimum_units": 1}));
    let nothing = trial.report(true).preferences.expect("it interleaves");
    assert!(nothing[0].note.is_some() && nothing[0].p_value.is_none(), "{nothing:?}");
    let credits = trial.seen.credits.entry("click".to_owned()).or_default();
    (0..4).for_each(|bucket| credits.record(bucket, [0.0, 1.0]));
    let few = &trial.report(true).preferences.expect("it interleaves")[0];
    assert_eq!((few.control_wins, few.treatment_wins, few.preference), (0.0, 4.0, Some(0.5)));
    assert!(!few.significant, "{few:?}");
    assert_eq!(few.binomial_p_value, Some(0.125), "two of the sixteen ways four coins fall");
    assert_eq!(few.sign_test.as_ref().map(|signs| (signs.for_control, signs.for_treatment, signs.ties)), Some((0, 4, 0)));
}

/// As certain as the units allow: no worse than by a fifth, while a margin of a thousandth is never reached.
#[test]
fn a_guardrail_is_no_worse_than_by_its_margin() {
    let metrics = |margin: f64| {
        json!({"metrics": [
            {"name": "click", "kind": "binary", "non_inferiority_margin": margin},
            {"name": "latency_ms", "role": "guardrail", "non_inferiority_margin": margin},
        ]})
    };
    for (margin, expected) in [(0.2, true), (0.001, false)] {
        let mut trial = Trial::new(10, &metrics(margin));
        trial.users(6_000, |_| USUAL, nobody_lost);
        for at_the_end in [false, true] {
            let report = trial.report(at_the_end);
            for metric in ["click", "latency_ms"] {
                let found = &of(&report, metric).non_inferiority;
                assert_eq!(found.non_inferior, Some(expected), "{metric} with {margin}: {found:?}");
                assert!(found.always_valid_p_value >= found.p_value, "to look at any time costs something: {found:?}");
                assert_eq!(found.score_p_value.is_some(), metric == "click");
            }
            assert_eq!(of(&report, "error_rate").non_inferiority.margin, None);
        }
    }
}

#[test]
fn what_is_worse_by_more_than_its_margin_is_not_called_no_worse() {
    let metrics = json!({"metrics": [{"name": "click", "kind": "binary", "non_inferiority_margin": 0.05}]});
    let mut trial = Trial::new(11, &metrics);
    trial.users(6_000, |arm| if arm == 1 { Habits { clicks: 0.25, ..USUAL } } else { USUAL }, nobody_lost);
    let found = of(&trial.report(true), "click").non_inferiority.clone();
    assert_eq!(found.non_inferior, Some(false), "{found:?}");
    assert!(found.p_value > Some(0.9) && found.score_p_value > Some(0.9), "{found:?}");
}

#[test]
fn power_is_told_for_the_lift_that_was_asked_for() {
    let of_lift = |lift: f64| {
        let mut trial = Trial::new(12, &json!({"metrics": [{"name": "click", "kind": "binary", "lift_percent": lift}]}));
        trial.users(2_000, |_| USUAL, nobody_lost);
        of(&trial.report(false), "click").power.clone()
    };
    let (small, large) = (of_lift(2.0), of_lift(40.0));
    for power in [&small, &large] {
        assert!(power.now <= power.at_end && power.always_valid_now <= power.now, "{power:?}");
        assert!(power.units_needed <= power.units_needed_always_valid, "{power:?}");
    }
    assert!(small.now < Some(0.2) && small.units_needed > Some(2_000), "{small:?}");
    assert!(large.now > Some(0.99) && large.units_needed <= Some(2_000), "{large:?}");
}

#[test]
fn exact_tests_are_there_where_there_are_few_values() {
    let mut trial = Trial::new(13, &json!({}));
    trial.users(60, |arm| if arm == 1 { Habits { clicks: 0.6, ..USUAL } } else { USUAL }, nobody_lost);
    let report = trial.report(false);
    let few = of(&report, "click");
    assert!(few.share.fisher_p_value.is_some() && few.share.control_interval.is_some() && few.share.pooled_z_p_value.is_some(), "{few:?}");
    assert!(few.ranks.brunner_munzel_p_value.is_some(), "{few:?}");
    let shift = few.ranks.shift_interval.expect("there are buckets");
    assert!(few.hodges_lehmann.is_some_and(|middle| (shift.low..=shift.high).contains(&middle)), "{few:?}");
    trial.users(6_000, |_| USUAL, nobody_lost);
    let report = trial.report(false);
    let many = of(&report, "click");
    assert!(many.share.fisher_p_value.is_none() && many.share.barnard_p_value.is_none(), "{many:?}");
    assert!(many.share.agresti_caffo_interval.is_some(), "{many:?}");
    assert_eq!(of(&report, "latency_ms").share, Default::default(), "no share");
}
