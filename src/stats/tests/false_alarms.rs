//! How often equal variants are told apart: the price of an automatic rollback. Every run prints its seed when it counts.

use fastrand::Rng;

use super::traffic::{Population, THRESHOLDS, USUAL};
use crate::stats::guard::{
    AgainstControl, Rule, empty_share_against_control, error_rate, errors_against_control, latency_mean_against_control, latency_tail,
    latency_tail_against_control, top_score, top_score_against_control,
};
use crate::stats::sequence::widen;
use crate::stats::{Cohort, Compared, Contrast, EventSplit, Outcome, Ratio, UnitSet, Verdict};

const LOOKS: usize = 100;

/// Which of the guards that a canary has by default fails. All that a canary may fail falsely is spent on this one stage.
fn failing(compared: Compared<'_>) -> Option<&'static str> {
    let of = |part| Rule::sharing(0.01, part, 1);
    let (half, tenth) = (of(0.5), of(0.1));
    let verdicts = [
        ("errors against control", errors_against_control(compared, &half, AgainstControl::default(), 1.0)),
        ("error rate", error_rate(compared, &tenth, 0.05)),
        ("tail", latency_tail(compared, &tenth, 0.95, THRESHOLDS)),
        ("tail against control", latency_tail_against_control(compared, &tenth, 0.05, THRESHOLDS)),
        ("mean against control", latency_mean_against_control(compared, &tenth, 0.2)),
        ("empty results", empty_share_against_control(compared, &tenth, 0.05)),
    ];
    verdicts.into_iter().find(|(_, evaluation)| evaluation.verdict == Verdict::Fail).map(|(name, _)| name)
}

/// The guards over scores, each with all that a canary may fail falsely. The users' own means are spread around the minimum.
fn failing_by_score(compared: Compared<'_>) -> Option<&'static str> {
    let rule = Rule::sharing(0.01, 0.5, 1);
    let verdicts = [("minimum", top_score(compared, &rule, 0.72)), ("control", top_score_against_control(compared, &rule, 0.01))];
    verdicts.into_iter().find(|(_, evaluation)| evaluation.verdict == Verdict::Fail).map(|(name, _)| name)
}

type Guards = fn(Compared<'_>) -> Option<&'static str>;

/// Equal cohorts of so many users and requests; which guard failed first, at which look.
fn first_failure(guards: Guards, seed: u64, users: usize, requests: usize) -> Option<(&'static str, usize)> {
    let mut random = Rng::with_seed(seed);
    let populations = [(); 2].map(|()| Population::new(&mut random, users, USUAL));
    let mut cohorts = [Cohort::default(), Cohort::default()];
    (1..=LOOKS).find_map(|look| {
        for (population, cohort) in populations.iter().zip(&mut cohorts) {
            population.send(&mut random, requests / LOOKS, cohort);
        }
        let [canary, control] = &cohorts;
        Some((guards(Compared::with_control(canary, control))?, look))
    })
}

/// A third of a thousand runs for each weight; the whole thousand of each are in docs/statistics.md.
fn at_most_one_percent(guards: Guards, users: usize, requests: usize) {
    const RUNS: u64 = 334;
    let run = |seed| first_failure(guards, seed, users, requests).map(|(guard, look)| format!("seed {seed}: {guard} at look {look}"));
    let failed: Vec<String> = (0..RUNS).filter_map(run).collect();
    assert!(failed.len() as u64 * 100 <= RUNS, "{} of {RUNS} equal canaries of {users} users were rolled back: {failed:#?}", failed.len());
}

/// Of 6 000 users.
#[test]
fn equal_canaries_of_one_percent_are_not_rolled_back() {
    at_most_one_percent(failing, 60, 600);
}

#[test]
fn equal_canaries_of_five_percent_are_not_rolled_back() {
    at_most_one_percent(failing, 300, 1_500);
}

#[test]
fn equal_canaries_of_half_are_not_rolled_back() {
    at_most_one_percent(failing, 3_000, 3_000);
}

#[test]
fn equal_canaries_are_not_rolled_back_for_the_scores_of_their_hits() {
    at_most_one_percent(failing_by_score, 300, 1_500);
}

/// Users differ in how often their answers are slow. Read request by request, that is a difference between cohorts.
#[test]
fn requests_of_one_unit_are_not_so_many_witnesses() {
    const RUNS: u32 = 200;
    let (mut alarms, mut naive_alarms) = (0, 0);
    for seed in 0..u64::from(RUNS) {
        let mut random = Rng::with_seed(seed);
        let [canary, control] = [(); 2].map(|()| {
            let mut cohort = Cohort::default();
            Population::new(&mut random, 300, USUAL).send(&mut random, 3_000, &mut cohort);
            Ratio::of(cohort.buckets().iter().map(|sums| (sums.over_reference, sums.answered()))).expect("many buckets")
        });
        let harm = Contrast::difference(&canary, &control, 1.0);
        let naive = |ratio: &Ratio| ratio.value * (1.0 - ratio.value) / ratio.denominator;
        alarms += u32::from(harm.estimate > widen(1.96, harm.degrees) * harm.standard_error());
        naive_alarms += u32::from(harm.estimate > 1.96 * (naive(&canary) + naive(&control)).sqrt());
    }
    // 2.5 % is what one look at 1.96 standard errors may cost; twice that for the luck of two hundred runs.
    assert!(alarms * 20 <= RUNS, "{alarms} of {RUNS} equal canaries seem slower");
    assert!(naive_alarms * 10 > RUNS, "the trap is not there any more: {naive_alarms} of {RUNS}");
}

/// Units that share a cell vanish from the larger cohort more often. Read naively, that is harm.
#[test]
fn crowded_sets_of_units_do_not_look_like_harm() {
    let split = EventSplit::new(0.05, 1.0).expect("a share");
    let mut naive_alarms = 0;
    for seed in 0..20 {
        let mut random = Rng::with_seed(seed);
        let (mut canary, mut control) = (Cohort::default(), Cohort::default());
        let mut raw = (UnitSet::default(), UnitSet::default());
        for _ in 0..40_000 {
            let unit = random.u64(..);
            let (cohort, set) = if random.f64() < 0.05 { (&mut canary, &mut raw.0) } else { (&mut control, &mut raw.1) };
            cohort.record(unit, Outcome::Failed, THRESHOLDS);
            set.insert(unit);
        }
        let naive = split.ln_e_value(raw.0.occupied().into(), raw.1.occupied().into());
        naive_alarms += u32::from(naive > 1_000_f64.ln());
        let parameters = AgainstControl { canary_share: 0.05, ..AgainstControl::default() };
        let judged = errors_against_control(Compared::with_control(&canary, &control), &Rule::sharing(0.01, 0.5, 4), parameters, 1.0);
        assert_ne!(judged.verdict, Verdict::Fail, "seed {seed}: {}", judged.reason);
    }
    assert!(naive_alarms > 10, "the trap is not there any more: {naive_alarms} alarms");
}
