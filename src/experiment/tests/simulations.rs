//! Many made-up experiments through the real code: how often it cries wolf, and how often it misses one. Users are
//! clustered and heavy-tailed; seeds are fixed, so the figures are the same in each run. docs/statistics.md has them.

#![expect(clippy::print_stdout, reason = "figures for docs/statistics.md")]

use serde_json::json;

use super::bench::{Habits, Trial, USUAL};
use crate::experiment::analysis::{Comparison, Preference, Verdict};
use crate::stats::inference::Interval;

fn nobody_lost(_: usize) -> f64 {
    0.0
}

fn click(trial: &Trial, at_the_end: bool) -> Comparison {
    let report = trial.report(at_the_end);
    report.comparisons.into_iter().find(|comparison| comparison.metric == "click").expect("it is measured")
}

fn share(count: usize, of: usize) -> f64 {
    count as f64 / of as f64
}

/// At one look, at most 6 % of equal arms differ at 5 %; and the interval holds what is true, nothing, in at least 94 %.
#[test]
fn equal_arms_differ_at_one_look_as_often_as_was_said() {
    const RUNS: usize = 600;
    let (mut rejected, mut covered) = (0, 0);
    for seed in 0..RUNS {
        let mut trial = Trial::new(10_000 + seed as u64, &json!({}));
        trial.users(1_500, |_| USUAL, nobody_lost);
        let click = click(&trial, true);
        rejected += usize::from(click.p_value.is_some_and(|p| p < 0.05));
        let Interval { low, high } = click.interval.expect("there is a spread");
        covered += usize::from(low <= 0.0 && 0.0 <= high);
    }
    println!("one look: {:.1} % rejected, {:.1} % covered", 100.0 * share(rejected, RUNS), 100.0 * share(covered, RUNS));
    assert!(share(rejected, RUNS) <= 0.06 && share(covered, RUNS) >= 0.94, "{rejected} rejected, {covered} covered of {RUNS}");
}

/// Looked at a hundred times, at most 5 % of equal arms are ever called different; a fixed horizon would be wrong in far more.
#[test]
fn equal_arms_are_not_called_different_by_looking_often() {
    const RUNS: usize = 120;
    let (mut always, mut naive) = (0, 0);
    for seed in 0..RUNS {
        let mut trial = Trial::new(20_000 + seed as u64, &json!({"alias": null, "control": "docs_v1", "planned_units": 2_000}));
        let (mut fooled, mut peeked) = (false, false);
        for _ in 0..100 {
            trial.users(20, |_| USUAL, nobody_lost);
            let click = click(&trial, false);
            fooled |= click.always_valid_p_value.is_some_and(|p| p < 0.05);
            peeked |= click.p_value.is_some_and(|p| p < 0.05);
        }
        always += usize::from(fooled);
        naive += usize::from(peeked);
    }
    println!("100 looks: {:.1} % by the sequence, {:.1} % by peeking", 100.0 * share(always, RUNS), 100.0 * share(naive, RUNS));
    assert!(share(always, RUNS) <= 0.05, "{always} of {RUNS}");
    assert!(naive > 3 * always.max(1), "peeking at a fixed horizon is what this is for: {naive} against {always} of {RUNS}");
}

/// A canary's share with rare errors must not look better because it has had none yet.
#[test]
fn a_small_arm_with_rare_errors_is_not_called_better() {
    const RUNS: usize = 300;
    let mut better = 0;
    for seed in 0..RUNS {
        let mut trial = Trial::new(30_000 + seed as u64, &json!({"traffic_split": 0.02}));
        trial.users(2_000, |_| Habits { errors: 0.005, ..USUAL }, nobody_lost);
        let report = trial.report(true);
        let errors = report.comparisons.iter().find(|comparison| comparison.metric == "error_rate").expect("it is measured");
        better += usize::from(errors.better == Some(true));
    }
    println!("rare errors, 2 %: {:.1} % called better", 100.0 * share(better, RUNS));
    assert!(share(better, RUNS) <= 0.05, "{better} of {RUNS}");
}

/// True splits raise an alarm in at most 0.2 %; one in fifty units lost is found.
#[test]
fn a_split_raises_an_alarm_when_it_leaks_and_not_otherwise() {
    use crate::experiment::analysis::{Dealt, split_of};
    use crate::stats::UnitEstimate;
    use crate::stats::sample_ratio::chi_square;
    const DEALT: Dealt<'_> = Dealt { shares: &[0.5, 0.5], is_over: true };
    let mut random = fastrand::Rng::with_seed(40_000);
    let counts = |random: &mut fastrand::Rng, units: u64, share: f64| {
        let treated = (0..units).filter(|_| random.f64() < share).count() as u64;
        [units - treated, treated]
    };
    let exactly = |count: u64| UnitEstimate::exactly(count as f64);
    let alarms = (0..2_000).filter(|_| {
        let counts = counts(&mut random, 4_000, 0.5);
        assert!(chi_square(&counts, &[0.5, 0.5]).is_ok());
        split_of(&counts.map(exactly), &DEALT).alarm.is_some()
    });
    let alarms = alarms.count();
    println!("true splits: {:.2} % alarms", 100.0 * share(alarms, 2_000));
    assert!(share(alarms, 2_000) <= 0.002, "{alarms} of 2 000");
    let caught = (0..100).filter(|_| {
        let counts = counts(&mut random, 100_000, 0.49);
        split_of(&counts.map(exactly), &DEALT).alarm.is_some()
    });
    let caught = caught.count();
    println!("49/51: {caught} of 100 caught");
    assert!(caught >= 99, "{caught} of 100");
}

/// The power that was planned for is the power there is, within what chance does to 200 runs.
#[test]
fn power_is_what_the_planner_said() {
    use crate::stats::inference::power::power;
    const RUNS: usize = 200;
    let (mut found, mut said) = (0, 0.0);
    for seed in 0..RUNS {
        let mut trial = Trial::new(50_000 + seed as u64, &json!({}));
        trial.users(3_000, |arm| if arm == 1 { Habits { clicks: 0.345, ..USUAL } } else { USUAL }, nobody_lost);
        let click = click(&trial, true);
        found += usize::from(click.p_value.is_some_and(|p| p < 0.05));
        let detectable = click.detectable_difference.expect("there is a spread");
        // What is detectable with 80 % says how large a standard error is: 2.8 of them.
        said += power(0.045, detectable / 2.801_585_218, 0.05);
    }
    let (found, said) = (share(found, RUNS), said / RUNS as f64);
    println!("power: {:.1} %, planned {:.1} %", 100.0 * found, 100.0 * said);
    assert!((found - said).abs() < 0.1, "{found} found, {said} planned");
}

/// With a real improvement the verdict is `ship` sooner or later, and hardly ever with nothing to ship.
#[test]
fn improvements_are_shipped() {
    let mut shipped = 0;
    for seed in 0..40 {
        let mut trial = Trial::new(60_000 + seed, &json!({}));
        trial.users(5_000, |arm| if arm == 1 { Habits { clicks: 0.4, ..USUAL } } else { USUAL }, nobody_lost);
        shipped += usize::from(trial.report(false).decision.verdict == Verdict::Ship);
    }
    println!("a third more clicks: {shipped} of 40 shipped");
    assert!(shipped >= 36, "{shipped} of 40");
}

fn preference(trial: &Trial, at_the_end: bool) -> Preference {
    let preferences = trial.report(at_the_end).preferences.expect("it interleaves");
    preferences.into_iter().find(|preference| preference.metric == "click").expect("it can be credited")
}

/// Users who prefer neither list: at one look at most 6 % are said to prefer one, and the interval holds zero in at least
/// 94 %, heavy users of one taste or not. Wins counted as if each came from another user are wrong far more often.
#[test]
fn users_who_do_not_care_prefer_neither_arm() {
    const RUNS: usize = 600;
    let (mut rejected, mut covered, mut naive) = (0, 0, 0);
    for seed in 0..RUNS {
        let mut trial = Trial::new(70_000 + seed as u64, &json!({"interleave": true}));
        trial.choosers(1_500, 0.0);
        let click = preference(&trial, true);
        rejected += usize::from(click.p_value.is_some_and(|p| p < 0.05));
        naive += usize::from(click.binomial_p_value.is_some_and(|p| p < 0.05));
        let Interval { low, high } = click.interval.expect("there is a spread");
        covered += usize::from(low <= 0.0 && 0.0 <= high);
    }
    let [rejected, covered, naive] = [rejected, covered, naive].map(|count| share(count, RUNS));
    println!("no preference: {:.1} % rejected, {:.1} % covered, {:.1} % by the binomial", 100.0 * rejected, 100.0 * covered, 100.0 * naive);
    assert!(rejected <= 0.06 && covered >= 0.94, "{rejected} rejected, {covered} covered");
    assert!(naive > 2.0 * rejected, "clustering is what the buckets are for: {naive} against {rejected}");
}

/// The same looked at a hundred times.
#[test]
fn looking_often_finds_no_preference_that_is_not_there() {
    const RUNS: usize = 120;
    let mut fooled = 0;
    for seed in 0..RUNS {
        let mut trial = Trial::new(80_000 + seed as u64, &json!({"interleave": true, "planned_units": 2_000}));
        let mut ever = false;
        for _ in 0..100 {
            trial.choosers(20, 0.0);
            ever |= preference(&trial, false).always_valid_p_value.is_some_and(|p| p < 0.05);
        }
        fooled += usize::from(ever);
    }
    println!("no preference, 100 looks: {:.1} %", 100.0 * share(fooled, RUNS));
    assert!(share(fooled, RUNS) <= 0.05, "{fooled} of {RUNS}");
}

/// How few users it takes: the same taste shows between hits of one list long before it does between users of two arms.
#[test]
fn a_preference_is_found_with_few_users() {
    const RUNS: usize = 100;
    let (mut found, mut shipped) = (0, 0);
    for seed in 0..RUNS {
        let mut trial = Trial::new(90_000 + seed as u64, &json!({"interleave": true}));
        trial.choosers(1_000, 0.1);
        let click = preference(&trial, true);
        found += usize::from(click.better == Some(true));
        shipped += usize::from(trial.report(true).decision.verdict == Verdict::Ship);
    }
    println!("60 of 100 hits: found in {found} of {RUNS}, shipped in {shipped}");
    assert!(found >= 90 && shipped == found, "{found} found, {shipped} shipped of {RUNS}");
}
