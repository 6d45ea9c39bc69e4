//! Any partition of the requests, merged in any order, is the same summary: replicas cannot disagree.

use proptest::prelude::*;

use crate::stats::guard::{AgainstControl, Compared, Rule, errors_against_control, latency_mean_against_control};
use crate::stats::{Cohort, Found, Outcome, Refusal, Thresholds};

const THRESHOLDS: Thresholds = Thresholds { limit_us: 200_000, reference_us: 8_000 };

/// A request, and the replica that sees it.
fn observed() -> impl Strategy<Value = (u64, Outcome, usize)> {
    let found = prop_oneof![Just(None), Just(Some(Found::Nothing)), (-5_000_000..5_000_000_i64).prop_map(|score| Some(Found::Best(score)))];
    let answered =
        (0..4_000_000_u64, 0..1_000_000_u64, found).prop_map(|(latency_us, bytes, found)| Outcome::Answered { latency_us, bytes, found });
    // Few units, so that the same ones turn up at several replicas.
    let unit = (0..60_u64).prop_map(|unit| unit.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let refusal = prop_oneof![Just(Refusal::Unauthorized), Just(Refusal::Missing), Just(Refusal::Other)];
    let refused = (refusal, any::<bool>()).prop_map(
        |(refusal, compared)| {
            if compared { Outcome::Refused(refusal) } else { Outcome::ClientsFault(refusal) }
        },
    );
    (unit, prop_oneof![1 => Just(Outcome::Failed), 1 => refused, 4 => answered], 0..4_usize)
}

fn summary<'a>(requests: impl IntoIterator<Item = &'a (u64, Outcome, usize)>) -> Cohort {
    let mut cohort = Cohort::default();
    for (unit, outcome, _) in requests {
        cohort.record(*unit, *outcome, THRESHOLDS);
    }
    cohort
}

fn merged(parts: impl IntoIterator<Item = Cohort>) -> Cohort {
    parts.into_iter().fold(Cohort::default(), |mut sum, part| {
        sum.merge(&part);
        sum
    })
}

fn stored(cohort: &Cohort) -> String {
    serde_json::to_string(cohort).expect("a cohort is JSON")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_partition_in_any_order_is_the_whole(requests in prop::collection::vec(observed(), 0..200), shuffled in any::<u64>()) {
        let whole = summary(&requests);
        let mut requests = requests;
        fastrand::Rng::with_seed(shuffled).shuffle(&mut requests);
        let parts: Vec<Cohort> = (0..4).map(|replica| summary(requests.iter().filter(|(.., at)| *at == replica))).collect();
        let forth = merged(parts.iter().cloned());
        let back = merged(parts.iter().rev().cloned());
        let nested = merged([merged([parts[3].clone(), parts[0].clone()]), merged([parts[2].clone(), parts[1].clone()])]);
        for sum in [&forth, &back, &nested] {
            prop_assert_eq!(sum, &whole);
            prop_assert_eq!(stored(sum), stored(&whole));
        }
    }

    #[test]
    fn what_was_stored_comes_back_and_merges_on(requests in prop::collection::vec(observed(), 0..200)) {
        let parts = (0..4).map(|replica| summary(requests.iter().filter(|(.., at)| *at == replica)));
        let restored = parts.map(|part| serde_json::from_str(&stored(&part)).expect("its own JSON"));
        prop_assert_eq!(merged(restored), summary(&requests));
    }

    #[test]
    fn guards_see_no_difference(canary in prop::collection::vec(observed(), 1..200), control in prop::collection::vec(observed(), 1..200)) {
        let split = |requests: &[(u64, Outcome, usize)]| {
            merged((0..4).rev().map(|replica| summary(requests.iter().filter(|(.., at)| *at == replica))))
        };
        let whole = (summary(&canary), summary(&control));
        let parts = (split(&canary), split(&control));
        let judged = |(canary, control): &(Cohort, Cohort)| {
            let (compared, rule) = (Compared::with_control(canary, control), Rule::sharing(0.01, 0.5, 4));
            (errors_against_control(compared, &rule, AgainstControl::default(), 1.0), latency_mean_against_control(compared, &rule, 0.2))
        };
        prop_assert_eq!(judged(&parts), judged(&whole));
    }
}

#[test]
fn sums_of_slow_requests_do_not_overflow() {
    let mut cohort = Cohort::default();
    for _ in 0..3 {
        cohort.record(0, Outcome::Answered { latency_us: u64::MAX / 2, bytes: u64::MAX / 2, found: None }, THRESHOLDS);
    }
    assert_eq!(cohort.totals().latency_us, u64::MAX);
    let restored: Cohort = serde_json::from_str(&stored(&cohort)).expect("its own JSON");
    assert_eq!(restored, cohort);
}

#[test]
fn a_document_of_before_bytes_were_counted_is_read_without_them() {
    let mut cohort = Cohort::default();
    cohort.record(3, Outcome::Answered { latency_us: 5, bytes: 70, found: None }, THRESHOLDS);
    let mut document = serde_json::to_value(&cohort).expect("a cohort is JSON");
    let bytes = document.as_object_mut().and_then(|document| document.remove("bytes")).expect("they are written");
    assert_eq!(bytes[3], 70);
    let read: Cohort = serde_json::from_value(document).expect("what an earlier version wrote");
    assert_eq!((read.totals().latency_us, read.totals().bytes), (5, 0));
}

#[test]
fn a_document_of_before_refusals_were_counted_is_read_without_them() {
    let mut cohort = Cohort::default();
    cohort.record(3, Outcome::Answered { latency_us: 5, bytes: 70, found: None }, THRESHOLDS);
    let before = serde_json::to_value(&cohort).expect("a cohort is JSON");
    assert!(before.get("refusals").is_none(), "replicas of an earlier release could not read it: {before}");
    let refused = (3, Refusal::Unauthorized);
    cohort.record(refused.0, Outcome::Refused(refused.1), THRESHOLDS);
    cohort.record(refused.0, Outcome::ClientsFault(Refusal::Missing), THRESHOLDS);
    let mut document = serde_json::to_value(&cohort).expect("a cohort is JSON");
    let read: Cohort = serde_json::from_value(document.clone()).expect("its own JSON");
    assert_eq!((read.totals().refused, read.totals().all_refused(), read.units_refused().occupied()), (1, 2, 1));
    document.as_object_mut().expect("an object").remove("refusals");
    let read: Cohort = serde_json::from_value(document).expect("what an earlier version wrote");
    assert_eq!((read.totals().requests, read.totals().all_refused()), (1, 0));
}

#[test]
fn damaged_documents_are_refused_by_column() {
    let mut document = serde_json::to_value(Cohort::default()).expect("a cohort is JSON");
    document["errors"] = serde_json::json!([1, 2]);
    let fault = serde_json::from_value::<Cohort>(document).expect_err("too short").to_string();
    assert!(fault.contains("`errors`") && fault.contains("not 2"), "{fault}");
}
