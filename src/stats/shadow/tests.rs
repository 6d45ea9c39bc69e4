//! Summaries merge exactly, and reports say what was put in and how far it can be trusted.

use proptest::prelude::*;

use super::*;
use crate::stats::BUCKETS;
use crate::stats::ranking::{Hit, Likeness, PointKey};

/// Lists of ten with so many hits in common, at the top.
fn pair(common: u64) -> Paired {
    let list = |ids: &mut dyn Iterator<Item = u64>| ids.map(|id| Hit { id: PointKey(id), score: None }).collect::<Vec<_>>();
    let (reference, candidate) = (list(&mut (0..10)), list(&mut (0..common).chain(100..110 - common)));
    Paired { reference_hits: 10, candidate_hits: 10, likeness: Likeness::of(&reference, &candidate, 10) }
}

const EMPTIED: Paired = Paired { reference_hits: 10, candidate_hits: 0, likeness: None };

fn measure(report: &Report, measure: Measure) -> MeasureReport {
    *report.measures.iter().find(|of| of.measure == measure).expect("every measure is reported")
}

fn share(report: &Report, count: Count) -> ShareReport {
    *report.shares.iter().find(|share| share.of == count).expect("it is reported")
}

/// The bounds of an interval that has some.
fn bounds(interval: Option<Interval>) -> (f64, f64) {
    let interval = interval.expect("something was measured");
    interval.low.zip(interval.high).unwrap_or_else(|| panic!("no bounds in {interval:?}"))
}

/// Hashes of as many units as there are buckets, one in each.
fn units() -> impl Iterator<Item = u64> {
    (0..BUCKETS as u64).map(|bucket| (bucket << 50) | bucket)
}

/// Every unit gets the same pairs.
fn everywhere(series: &mut Series, pairs: &[Paired]) {
    units().for_each(|unit| pairs.iter().for_each(|pair| series.compared(unit, pair)));
}

#[test]
fn a_mean_is_that_of_what_was_recorded() {
    let mut summary = Summary::default();
    everywhere(&mut summary.shadow, &[pair(7), pair(8), pair(9)]);
    let overlap = measure(&summary.report(), Measure::Overlap);
    let shadow = overlap.shadow.expect("three in each bucket");
    assert!((shadow.value - 0.8).abs() < 1e-9 && shadow.observations == 3 * BUCKETS as u64, "{shadow:?}");
    assert_eq!((overlap.noise, overlap.excess), (None, None), "nobody measured the noise");
}

#[test]
fn what_the_reference_differs_from_itself_is_taken_off() {
    let mut summary = Summary::default();
    everywhere(&mut summary.shadow, &[pair(6), pair(8)]);
    everywhere(&mut summary.noise, &[pair(9)]);
    let overlap = measure(&summary.report(), Measure::Overlap);
    assert!((overlap.excess.expect("both were measured").value - 0.2).abs() < 1e-9, "{overlap:?}");
    let contrast = summary.excess(Measure::Overlap).expect("both were measured");
    assert!((contrast.estimate - 0.2).abs() < 1e-9 && contrast.variance > 0.0, "{contrast:?}");
}

#[test]
fn a_slower_shadow_is_in_excess_too() {
    let mut summary = Summary::default();
    for unit in units() {
        summary.shadow.timed(unit, 1_000, 2_000);
        summary.noise.timed(unit, 1_000, 1_000);
    }
    let excess = measure(&summary.report(), Measure::LogLatencyRatio).excess.expect("both were timed");
    assert!((excess.value - 2_f64.ln()).abs() < 1e-6, "{excess:?}");
}

#[test]
fn likeness_without_exception_is_not_certainty() {
    let mut summary = Summary::default();
    everywhere(&mut summary.shadow, &[pair(10)]);
    everywhere(&mut summary.noise, &[pair(10)]);
    let overlap = measure(&summary.report(), Measure::Overlap);
    assert_eq!(overlap.excess.map(|excess| excess.value), Some(0.0));
    let (low, high) = bounds(overlap.excess);
    assert!(low < -0.01 && high > 0.01 && high < 0.1, "{low} to {high}");
    let (low, high) = bounds(overlap.shadow);
    assert!(low < 0.99 && high == 1.0, "{low} to {high}: nothing overlaps by more than all of it");
    let (low, high) = bounds(share(&summary.report(), Count::Emptied).shadow);
    assert!(low == 0.0 && high > 0.01, "{low} to {high}: nothing is emptied less than never");
}

#[test]
fn one_query_asked_a_thousand_times_proves_nothing() {
    let mut summary = Summary::default();
    for _ in 0..1_000 {
        summary.shadow.compared(7, &pair(3));
        summary.noise.compared(7, &pair(10));
    }
    let overlap = measure(&summary.report(), Measure::Overlap);
    for interval in [overlap.shadow, overlap.noise, overlap.excess].into_iter().flatten() {
        assert_eq!((interval.low, interval.high), (None, None), "{interval:?}");
    }
    assert_eq!(summary.excess(Measure::Overlap), None);
}

/// Some queries are hard for both. That they are hard is no doubt about the difference.
#[test]
fn what_moves_both_series_alike_does_not_widen_the_excess() {
    let mut summary = Summary::default();
    for unit in units() {
        let hard = unit % BUCKETS as u64 % 5;
        summary.shadow.compared(unit, &pair(8 - hard));
        summary.noise.compared(unit, &pair(9 - hard));
    }
    let overlap = measure(&summary.report(), Measure::Overlap);
    let width = |(low, high): (f64, f64)| high - low;
    assert!(width(bounds(overlap.excess)) < width(bounds(overlap.shadow)) / 5.0, "{overlap:?}");
}

#[test]
fn new_empty_answers_are_a_share_of_all_comparisons() {
    let mut summary = Summary::default();
    everywhere(&mut summary.shadow, &[pair(10), pair(10), pair(10), EMPTIED]);
    summary.shadow.failed(1);
    let report = summary.report();
    let emptied = share(&report, Count::Emptied).shadow.expect("there were comparisons");
    assert!((emptied.value - 0.25).abs() < 1e-12, "{emptied:?}");
    assert_eq!(report.comparisons, 4 * BUCKETS as u64);
    assert_eq!(share(&report, Count::Failed).shadow.map(|failed| failed.value), Some(1.0), "no question was answered");
}

/// Queries of a unit are alike. Intervals that took them for independent would miss in half of all cases.
#[test]
fn intervals_hold_the_truth_as_often_as_they_say() {
    const RUNS: u64 = 100;
    let pairs: Vec<Paired> = (0..=10).map(pair).collect();
    let mut held = 0;
    for seed in 0..RUNS {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut summary = Summary::default();
        for _ in 0..200 {
            let unit = random.u64(..);
            // Every unit has its own likeness, 4 to 10 for the shadow, on average 7; and asks several times.
            let own = random.usize(4..=10);
            for _ in 0..random.u64(1..15) {
                summary.shadow.compared(unit, &pairs[own]);
                summary.noise.compared(unit, &pairs[random.usize(9..=10)]);
            }
        }
        let (low, high) = bounds(measure(&summary.report(), Measure::Overlap).excess);
        held += u64::from((low..high).contains(&0.25));
    }
    assert!((88..=100).contains(&held), "{held} of {RUNS} intervals at 95 % held the truth");
}

fn regression(query: u64, rbo_millionths: u32) -> Regression {
    Regression {
        query: format!("{query:016x}"),
        operation: "points.query".to_owned(),
        at_ms: query,
        index: 0,
        rbo_millionths,
        overlap_millionths: rbo_millionths,
        reference: Vec::new(),
        candidate: Vec::new(),
    }
}

#[test]
fn the_worst_are_kept_each_query_once() {
    let mut worst = Worst::default();
    // Twice each, the second time worse.
    for (query, rbo) in (0..50).zip(500_000..).chain((0..50).zip(100_000..)) {
        worst.keep(regression(query, rbo));
    }
    let kept: Vec<u32> = worst.as_slice().iter().map(|regression| regression.rbo_millionths).collect();
    assert_eq!(kept, (100_000..100_020).collect::<Vec<_>>());
    assert!(!worst.admits(500_000) && worst.admits(0));
    worst.keep(regression(7, 1_000_000));
    assert_eq!(worst.as_slice().len(), MAX_WORST, "what has not changed is no regression");
}

#[derive(Clone, Debug)]
enum Event {
    Compared { noise: bool, common: u64 },
    Emptied,
    Failed(u64),
    Dropped(usize),
    Worst(u64, u32),
}

fn event() -> impl Strategy<Value = (u64, Event, usize)> {
    let event = prop_oneof![
        4 => (any::<bool>(), 0..=10_u64).prop_map(|(noise, common)| Event::Compared { noise, common }),
        1 => Just(Event::Emptied),
        1 => (0..9_u64).prop_map(Event::Failed),
        1 => (0..Dropped::ALL.len()).prop_map(Event::Dropped),
        2 => (0..40_u64, 0..1_000_000_u32).prop_map(|(query, rbo)| Event::Worst(query, rbo)),
    ];
    (any::<u64>(), event, 0..4_usize)
}

fn summary<'a>(events: impl IntoIterator<Item = &'a (u64, Event, usize)>) -> Summary {
    let mut summary = Summary::default();
    for (hash, event, _) in events {
        match event {
            Event::Compared { noise: false, common } => summary.shadow.compared(*hash, &pair(*common)),
            Event::Compared { noise: true, common } => summary.noise.compared(*hash, &pair(*common)),
            Event::Emptied => summary.shadow.compared(*hash, &EMPTIED),
            Event::Failed(at_ms) => {
                summary.shadow.failed(*hash);
                let failure = Failure { at_ms: *at_ms, reason: format!("{hash}") };
                summary.last_failure = summary.last_failure.take().max(Some(failure));
            }
            Event::Dropped(why) => summary.counters.drop(Dropped::ALL[*why], 1),
            Event::Worst(query, rbo) => summary.worst.keep(regression(*query, *rbo)),
        }
    }
    summary
}

fn merged(parts: impl IntoIterator<Item = Summary>) -> Summary {
    parts.into_iter().fold(Summary::default(), |mut sum, part| {
        sum.merge(&part);
        sum
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_partition_in_any_order_is_the_whole(events in prop::collection::vec(event(), 0..200), shuffled in any::<u64>()) {
        let whole = summary(&events);
        let mut events = events;
        fastrand::Rng::with_seed(shuffled).shuffle(&mut events);
        let parts: Vec<Summary> = (0..4).map(|replica| summary(events.iter().filter(|(.., at)| *at == replica))).collect();
        let nested = merged([merged([parts[3].clone(), parts[0].clone()]), merged([parts[2].clone(), parts[1].clone()])]);
        prop_assert_eq!(&merged(parts), &whole);
        prop_assert_eq!(&nested, &whole);
        let stored = serde_json::to_string(&whole).expect("a summary is JSON");
        prop_assert_eq!(serde_json::from_str::<Summary>(&stored).expect("its own JSON"), whole);
    }
}

#[test]
fn damaged_documents_are_refused_by_column() {
    let mut series = Series::default();
    series.failed(0);
    let mut document = serde_json::to_value(series).expect("a series is JSON");
    document["counts"]["failed"] = serde_json::json!([1, 2]);
    let fault = serde_json::from_value::<Series>(document).expect_err("too short").to_string();
    assert!(fault.contains("Failed") && fault.contains("not 2"), "{fault}");
}
