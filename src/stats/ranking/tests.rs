//! Values computed by others (docs/statistics.md), and what must hold of any pair of lists.

use proptest::prelude::*;

use super::*;

fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-11, "{found} is not {expected}");
}

fn list(ids: &[u64]) -> Vec<Hit> {
    ids.iter().map(|id| Hit { id: PointKey(*id), score: None }).collect()
}

/// Ids with scores.
fn scored(hits: &[(u64, f64)]) -> Vec<Hit> {
    hits.iter().map(|(id, score)| Hit { id: PointKey(*id), score: Some(*score) }).collect()
}

const SWAPPED: [u64; 10] = [1, 3, 2, 4, 6, 5, 8, 7, 10, 9];

fn straight() -> Vec<Hit> {
    list(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
}

#[test]
fn correlations_are_scipys() {
    let (a, b) = (straight(), list(&SWAPPED));
    close(kendall_tau_b(&a, &b).expect("ten in common"), 0.822_222_222_222);
    close(spearman(&a, &b).expect("ten in common"), 0.951_515_151_515);
}

/// scipy takes values for scores, the largest being the most important: the lists end where its begin.
#[test]
fn weighted_tau_is_scipys() {
    let order = |values: &[u64]| {
        let mut items: Vec<u64> = (0..10).collect();
        items.sort_by_key(|item| std::cmp::Reverse(values[usize::try_from(*item).expect("small")]));
        list(&items)
    };
    let tau = weighted_tau(&order(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), &order(&SWAPPED)).expect("ten in common");
    assert!((tau - 0.796_203_465_4).abs() < 5e-11, "{tau}");
}

#[test]
fn rbo_is_gespers() {
    let reversed = rbo(&list(&[1, 2, 3, 4, 5]), &list(&[5, 4, 3, 2, 1]), 0.9);
    assert!((reversed.truncated - 0.147_285).abs() < 5e-7 && (reversed.extrapolated - 0.737_775).abs() < 5e-7, "{reversed:?}");
    // Equation 11 by hand: 0, 0, 1, 3 and 5 in common.
    let sum = -5.0 * 0.9 - 5.0 * 0.81 / 2.0 - 4.0 * 0.729 / 3.0 - 2.0 * 0.6561 / 4.0;
    assert!((reversed.least - (sum - 5.0 * 0.1_f64.ln()) / 9.0).abs() < 1e-12, "{reversed:?}");
    let swapped = rbo(&straight(), &list(&SWAPPED), 0.9);
    assert!((swapped.truncated - 0.580_824_576_6).abs() < 5e-11, "{swapped:?}");
    assert!((swapped.extrapolated - 0.929_503_016_7).abs() < 5e-11, "{swapped:?}");
}

/// Computed by the formulas themselves, with overlaps counted by hand: 1, 1, 2, 2 in common down to depths 1 to 4.
#[test]
fn lists_of_uneven_length_are_compared_as_far_as_both_go_and_on() {
    let found = rbo(&list(&[1, 2, 3, 4]), &list(&[1, 3]), 0.5);
    // Depth 3: both of the short list's two are found.
    let seen = 0.5 + 0.25 * 0.5 + 0.125 * 2.0 / 3.0 + 0.0625 * 0.5;
    let beside = 1.0 * (3.0 - 2.0) / (2.0 * 3.0) * 0.125 + 1.0 * (4.0 - 2.0) / (2.0 * 4.0) * 0.0625;
    let extrapolated = seen + beside + ((2.0 - 1.0) / 4.0 + 1.0 / 2.0) * 0.0625;
    assert!((found.extrapolated - extrapolated).abs() < 1e-12, "{found:?} is not {extrapolated}");
    assert!(found.least <= found.extrapolated && found.extrapolated <= found.least + found.residual, "{found:?}");
}

#[test]
fn the_first_ten_hits_have_86_percent_of_the_weight() {
    let found = rbo(&straight(), &straight(), PERSISTENCE);
    assert!((found.extrapolated - 1.0).abs() < 1e-12);
    assert!((1.0 - found.residual - 0.855_585).abs() < 5e-7, "{found:?}");
}

#[test]
fn ndcg_is_the_published_one() {
    let grades = [3.0, 2.0, 3.0, 0.0, 1.0, 2.0];
    assert!((ndcg(&grades, &grades, Gain::Exponential) - 0.948_810_748_6).abs() < 5e-11);
    assert!((ndcg(&grades, &grades, Gain::Linear) - 0.960_808_194_3).abs() < 5e-11);
}

#[test]
fn average_precision_falls_with_each_stranger_above_a_relevant_hit() {
    let reference = list(&[1, 2, 3]);
    close(average_precision(&reference, &list(&[1, 9, 2, 8, 3])), (1.0 + 2.0 / 3.0 + 3.0 / 5.0) / 3.0);
    close(average_precision(&reference, &list(&[7, 8, 9])), 0.0);
}

#[test]
fn short_lists_can_overlap_in_full() {
    let (short, long) = (list(&[1, 2]), list(&[1, 2, 3, 4]));
    close(overlap_at_k(&short, &short, 10), 1.0);
    close(overlap_at_k(&short, &long, 10), 0.5);
    close(jaccard(&short, &long), 0.5);
    close(overlap_at_k(&long, &short, 2), 1.0);
}

#[test]
fn an_order_among_equal_scores_says_nothing() {
    let (a, b) = (scored(&[(1, 0.9), (2, 0.9), (3, 0.9), (4, 0.1)]), scored(&[(3, 0.9), (2, 0.9), (1, 0.9), (4, 0.1)]));
    let found = Likeness::of(&a, &b, 10).expect("there are hits");
    assert!(found.top1 && found.rbo == 1.0 && found.kendall == Some(1.0), "{found:?}");
    // Without scores the order is all there is.
    let bare = |hits: &[Hit]| hits.iter().map(|hit| Hit { score: None, ..*hit }).collect::<Vec<_>>();
    let found = Likeness::of(&bare(&a), &bare(&b), 10).expect("there are hits");
    assert!(!found.top1 && found.rbo < 0.9 && found.kendall < Some(0.5), "{found:?}");
}

#[test]
fn nothing_is_said_of_too_little() {
    assert_eq!(Likeness::of(&[], &[], 10), None);
    let found = Likeness::of(&list(&[1, 2, 3]), &list(&[1, 2, 7]), 10).expect("there are hits");
    assert_eq!((found.kendall, found.spearman, found.weighted_tau, found.score_drift), (None, None, None, None));
    let tied = scored(&[(1, 0.5), (2, 0.5), (3, 0.5)]);
    assert_eq!(kendall_tau_b(&tied, &list(&[1, 2, 3])), None);
}

#[test]
fn one_empty_list_has_nothing_in_common_with_the_other() {
    for (a, b) in [(list(&[1, 2]), list(&[])), (list(&[]), list(&[1, 2]))] {
        let found = Likeness::of(&a, &b, 10).expect("there are hits");
        assert_eq!((found.overlap, found.jaccard, found.top1, found.rbo, found.ndcg), (0.0, 0.0, false, 0.0, 0.0));
    }
}

#[test]
fn a_point_in_several_groups_counts_once() {
    let found = Likeness::of(&list(&[1, 2, 1, 3]), &list(&[1, 2, 3]), 3).expect("there are hits");
    assert_eq!((found.overlap, found.rbo), (1.0, 1.0));
}

#[test]
fn scores_drift_by_the_mean_distance_of_common_points() {
    let found = Likeness::of(&scored(&[(1, 0.9), (2, 0.5), (3, 0.4)]), &scored(&[(2, 0.8), (1, 0.8), (9, 0.1)]), 10);
    close(found.and_then(|found| found.score_drift).expect("two in common"), 0.2);
}

fn ranking() -> impl Strategy<Value = Vec<Hit>> {
    // Few ids and few scores, so that lists have much in common and ties.
    prop::collection::vec((0..12_u64, 0..4_u8), 0..15).prop_map(|hits| {
        let mut hits: Vec<Hit> = hits.into_iter().map(|(id, score)| Hit { id: PointKey(id), score: Some(f64::from(score)) }).collect();
        hits.sort_by(|a, b| b.score.partial_cmp(&a.score).expect("finite"));
        hits
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_list_is_as_like_itself_as_can_be(hits in ranking(), k in 1..20_usize) {
        if let Some(found) = Likeness::of(&hits, &hits, k) {
            prop_assert!(found.top1);
            for measure in [found.overlap, found.jaccard, found.average_precision, found.ndcg] {
                prop_assert_eq!(measure, 1.0);
            }
            prop_assert!((found.rbo - 1.0).abs() < 1e-12, "{}", found.rbo);
            for measure in [found.kendall, found.spearman, found.weighted_tau].into_iter().flatten() {
                prop_assert!((measure - 1.0).abs() < 1e-12, "{measure}");
            }
            prop_assert_eq!(found.score_drift, Some(0.0));
        } else {
            prop_assert!(hits.is_empty());
        }
    }

    #[test]
    fn every_measure_stays_in_its_range(a in ranking(), b in ranking(), k in 1..20_usize) {
        let Some(found) = Likeness::of(&a, &b, k) else { return Ok(()) };
        for measure in [found.overlap, found.jaccard, found.rbo, found.average_precision, found.ndcg] {
            prop_assert!((0.0..=1.0 + 1e-12).contains(&measure), "{found:?}");
        }
        for measure in [found.kendall, found.spearman, found.weighted_tau].into_iter().flatten() {
            prop_assert!((-1.0 - 1e-12..=1.0 + 1e-12).contains(&measure), "{found:?}");
        }
        let back = Likeness::of(&b, &a, k).expect("one has hits");
        prop_assert_eq!((found.overlap, found.jaccard, found.top1), (back.overlap, back.jaccard, back.top1));
        prop_assert!((found.rbo - back.rbo).abs() < 1e-12);
    }

    #[test]
    fn what_is_not_known_of_rbo_is_between_its_bounds(a in prop::sample::subsequence((0..12_u64).collect::<Vec<_>>(), 1..12), b in prop::sample::subsequence((0..12_u64).rev().collect::<Vec<_>>(), 1..12)) {
        let found = rbo(&list(&a), &list(&b), 0.9);
        prop_assert!(found.residual >= -1e-12, "{found:?}");
        prop_assert!(found.least - 1e-12 <= found.extrapolated && found.extrapolated <= found.least + found.residual + 1e-12, "{found:?}");
    }
}
