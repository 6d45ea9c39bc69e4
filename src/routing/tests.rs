//! Properties that must hold for every population and every history of weights.

use std::collections::HashSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::protocol::Read;

mod layer;

/// The published contract: `docs/assignment.md` lists the same values, computed with an independent implementation.
const GOLDEN: &[(&str, &str, u32)] = include!("golden.in");

#[test]
fn slots_are_the_published_ones() {
    for (salt, unit, slot) in GOLDEN {
        assert_eq!(Salt::new(salt).slot(unit.as_bytes()), *slot, "salt {salt:?}, unit {unit:?}");
    }
}

#[test]
fn long_units_are_hashed_like_short_ones() {
    for length in [0, 1, 300, 311, 312, 313, 400, 5000] {
        let unit = "u".repeat(length);
        let salt = Salt::new("s");
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&1_u32.to_le_bytes());
        bytes.extend_from_slice(&1_u32.to_le_bytes());
        bytes.extend_from_slice(b"s");
        bytes.extend_from_slice(unit.as_bytes());
        assert_eq!(salt.slot(unit.as_bytes()), slot::scale(xxhash_rust::xxh3::xxh3_64(&bytes)), "{length} bytes");
    }
}

/// Chi-square of `observed` against equal expectations.
fn chi_square(observed: &[u64]) -> f64 {
    let expected = observed.iter().sum::<u64>() as f64 / observed.len() as f64;
    observed.iter().map(|count| (*count as f64 - expected).powi(2) / expected).sum()
}

#[test]
fn slots_are_uniform() {
    let salt = Salt::new("route:docs");
    let mut bins = vec![0_u64; 100];
    for user in 0..200_000 {
        bins[salt.slot(format!("user-{user}").as_bytes()) as usize / 10_000] += 1;
    }
    // 99 degrees of freedom: 148.2 is exceeded once in a thousand.
    assert!(chi_square(&bins) < 148.2, "chi-square {}", chi_square(&bins));
}

/// Every pair of many salts, as of experiments, aliases and layers beside each other, over users whose ids are alike.
#[test]
fn salts_are_independent() {
    const UNITS: u64 = 20_000;
    let kinds = ["route:docs", "layer:docs", "holdout", "experiment:exp_a", "stats:exp_a"].map(str::to_owned);
    let salts = kinds.into_iter().chain((0..20).map(|number| format!("experiment:exp_{number}")));
    let tenths: Vec<Vec<u32>> = salts
        .map(|salt| Salt::new(&salt))
        .map(|salt| (0..UNITS).map(|user| salt.slot(format!("user-{user}").as_bytes()) / 100_000).collect())
        .collect();
    let mut highest = 0.0_f64;
    let mut sum = 0.0;
    let mut pairs = 0.0;
    for (place, one) in tenths.iter().enumerate() {
        for other in &tenths[place + 1..] {
            let mut cells = vec![0_u64; 100];
            one.iter().zip(other).for_each(|(row, column)| cells[(row * 10 + column) as usize] += 1);
            let found = chi_square(&cells);
            (highest, sum, pairs) = (highest.max(found), sum + found, pairs + 1.0);
        }
    }
    // 99 degrees of freedom: of 300 pairs one is beyond 165.4 once in a hundred times, and their mean, whose standard deviation
    // is 0.81, is not four of them away from 99.
    assert!(pairs == 300.0 && highest < 165.4, "{highest}, the highest of {pairs}");
    assert!((sum / pairs - 99.0).abs() < 4.0 * 0.81, "a mean of {}", sum / pairs);
}

fn weights(variants: usize) -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(0_u32..1000, variants).prop_filter_map("all zero", |weights| {
        let weights: Vec<f64> = weights.into_iter().map(f64::from).collect();
        (weights.iter().sum::<f64>() > 0.0).then_some(weights)
    })
}

fn histories() -> impl Strategy<Value = Vec<Vec<f64>>> {
    (2_usize..6).prop_flat_map(|variants| prop::collection::vec(weights(variants), 1..6))
}

fn owners(allocation: &Allocation) -> Vec<usize> {
    (0..SLOTS).step_by(97).map(|slot| allocation.owner(slot)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// I2: whoever grows only gains, whoever shrinks only loses; nobody else moves.
    #[test]
    fn a_change_of_weights_moves_the_minimum(history in histories()) {
        let mut allocation = Allocation::fresh(&history[0], 0);
        for weights in &history[1..] {
            let next = allocation.reweighted(weights, 0);
            let total: u32 = (0..weights.len()).map(|variant| next.size(variant)).sum();
            prop_assert_eq!(total, SLOTS);
            let grew: Vec<bool> = (0..weights.len()).map(|v| next.size(v) > allocation.size(v)).collect();
            for (before, after) in owners(&allocation).into_iter().zip(owners(&next)) {
                prop_assert!(before == after || (grew[after] && !grew[before]));
            }
            let moved: u32 = moved(&allocation, &next);
            let change: u32 = (0..weights.len()).map(|v| next.size(v).abs_diff(allocation.size(v))).sum();
            prop_assert_eq!(moved * 2, change);
            allocation = next;
        }
    }

    /// A canary owns `[0, r)` whatever path it took there, so a restart cannot move anybody.
    #[test]
    fn two_variants_do_not_depend_on_their_history(history in prop::collection::vec(weights(2), 1..8)) {
        let last = history.last().expect("at least one").clone();
        let path = history.iter().fold(Allocation::whole(0), |allocation, weights| allocation.reweighted(weights, 0));
        prop_assert_eq!(path, Allocation::fresh(&last, 0));
    }

    #[test]
    fn intervals_cover_all_slots_without_gaps(history in histories()) {
        let allocation = history.iter().fold(Allocation::whole(0), |allocation, weights| allocation.reweighted(weights, 0));
        let mut at = 0;
        for interval in allocation.intervals() {
            prop_assert_eq!(interval.start, at);
            prop_assert!(interval.end > interval.start);
            at = interval.end;
        }
        prop_assert_eq!(at, SLOTS);
    }

    #[test]
    fn shares_are_exact_to_a_slot(weights in weights(4)) {
        let allocation = Allocation::fresh(&weights, 0);
        let sum: f64 = weights.iter().sum();
        for (variant, weight) in weights.iter().enumerate() {
            let exact = weight / sum * f64::from(SLOTS);
            prop_assert!((f64::from(allocation.size(variant)) - exact).abs() <= 4.0);
        }
    }
}

/// How many slots changed hands, counted exactly over the cut points of both.
fn moved(before: &Allocation, after: &Allocation) -> u32 {
    let mut cuts: Vec<u32> = before.intervals().iter().chain(after.intervals()).flat_map(|i| [i.start, i.end]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    cuts.windows(2).filter(|pair| before.owner(pair[0]) != after.owner(pair[0])).map(|pair| pair[1] - pair[0]).sum()
}

fn target(variant: &str) -> Arc<Target<()>> {
    let rename = (variant != STABLE).then(|| format!("docs_{variant}").into());
    Arc::new(Target { variant: variant.into(), upstream: 0, collection: "docs_v1".into(), rename, handle: () })
}

fn route(anonymous: Anonymous) -> Route<()> {
    let variants = vec![target(STABLE), target("candidate")];
    Route {
        salt: Salt::new("route:docs"),
        allocation: Allocation::fresh(&[90.0, 10.0], 0),
        variants,
        stable: 0,
        policy: SplitPolicy { anonymous, reads: SplitReads::Searches },
        watch: None,
        interleaving: None,
        targeting: Targeting::default(),
        holdout: Holdout::default(),
    }
}

#[test]
fn decides_by_unit_by_force_and_for_nobody() {
    let route = route(Anonymous::Random);
    let mut on_candidate = HashSet::new();
    for user in 0..1000 {
        let unit = format!("user-{user}");
        let decision = route.decide(Read::Search, Unit::Id(unit.as_bytes()), None, || unreachable!("a unit needs no draw"));
        assert_eq!(decision.reason, Reason::Weights);
        assert_eq!(&*decision.target.variant == "candidate", route.salt.slot(unit.as_bytes()) < 100_000);
        if &*decision.target.variant == "candidate" {
            on_candidate.insert(user);
        }
    }
    assert!((70..130).contains(&on_candidate.len()), "{} of 1000 at 10 %", on_candidate.len());
    let forced = route.decide(Read::Search, Unit::Anonymous, Some(b"candidate"), || 999_999);
    assert_eq!((&*forced.target.variant, forced.reason), ("candidate", Reason::Forced));
    let unknown = route.decide(Read::Search, Unit::Anonymous, Some(b"nobody"), || 999_999);
    assert_eq!((&*unknown.target.variant, unknown.reason), (STABLE, Reason::AnonymousRandom));
    let drawn = route.decide(Read::Search, Unit::Anonymous, None, || 99_999);
    assert_eq!(&*drawn.target.variant, "candidate");
}

#[test]
fn anonymous_requests_can_be_kept_on_stable() {
    let route = route(Anonymous::Stable);
    let decision = route.decide(Read::Search, Unit::Anonymous, None, || unreachable!("nothing is drawn"));
    assert_eq!((&*decision.target.variant, decision.reason), (STABLE, Reason::AnonymousStable));
}

/// What belongs together sees one collection: without a unit bookkeeping never leaves stable, with one it does where the
/// policy says so, and then goes where the unit's searches go.
#[test]
fn every_kind_of_read_goes_where_its_policy_says() {
    let (none, user) = (Unit::Anonymous, Unit::Id(b"user-1"));
    let cases = [
        (Read::Search, user, Anonymous::Stable, SplitReads::Searches, Reason::Weights),
        (Read::Search, user, Anonymous::Random, SplitReads::All, Reason::Weights),
        (Read::Search, none, Anonymous::Stable, SplitReads::Searches, Reason::AnonymousStable),
        (Read::Search, none, Anonymous::Stable, SplitReads::All, Reason::AnonymousStable),
        (Read::Search, none, Anonymous::Random, SplitReads::Searches, Reason::AnonymousRandom),
        (Read::Search, none, Anonymous::Random, SplitReads::All, Reason::AnonymousRandom),
        (Read::Bookkeeping, user, Anonymous::Stable, SplitReads::Searches, Reason::NotSplit),
        (Read::Bookkeeping, user, Anonymous::Random, SplitReads::Searches, Reason::NotSplit),
        (Read::Bookkeeping, user, Anonymous::Stable, SplitReads::All, Reason::Weights),
        (Read::Bookkeeping, none, Anonymous::Stable, SplitReads::Searches, Reason::AnonymousStable),
        (Read::Bookkeeping, none, Anonymous::Random, SplitReads::Searches, Reason::AnonymousStable),
        (Read::Bookkeeping, none, Anonymous::Random, SplitReads::All, Reason::AnonymousStable),
    ];
    for (read, unit, anonymous, reads, reason) in cases {
        let policy = SplitPolicy { anonymous, reads };
        let alone = Route { policy, allocation: Allocation::fresh(&[0.0, 100.0], 0), ..route(anonymous) };
        let part = Part { slots: 0..SLOTS, route: Route { policy, allocation: Allocation::fresh(&[0.0, 100.0], 0), ..route(anonymous) } };
        let shared = Layer::new(Salt::new("layer:docs"), target(STABLE), vec![part]);
        for split in [Split::Route(alone), Split::Layer(shared)] {
            let decision = split.decide(read, unit, None, |_| true, || 0);
            let dealt = matches!(reason, Reason::Weights | Reason::AnonymousRandom);
            let expected = (reason, if dealt { "candidate" } else { STABLE });
            assert_eq!((decision.reason, &*decision.target.variant), expected, "{read:?} of {unit:?} under {policy:?}");
            assert_eq!(decision.reason.is_kept(), !dealt);
            let forced = split.decide(read, unit, Some(b"candidate"), |_| true, || 0);
            assert_eq!((forced.reason, &*forced.target.variant), (Reason::Forced, "candidate"), "a choice is a choice");
        }
    }
}

#[test]
fn a_list_of_units_does_not_widen_which_reads_are_split() {
    let targeting = Targeting::new([], [("user-1", 1)], []);
    let decided = |reads, read| {
        let policy = SplitPolicy { reads, ..SplitPolicy::default() };
        let route = Route { policy, targeting: targeting.clone(), ..route(Anonymous::Stable) };
        route.decide(read, Unit::Id(b"user-1"), None, || unreachable!("nothing is drawn")).reason
    };
    assert_eq!(decided(SplitReads::Searches, Read::Search), Reason::Allowed);
    assert_eq!(decided(SplitReads::Searches, Read::Bookkeeping), Reason::NotSplit);
    assert_eq!(decided(SplitReads::All, Read::Bookkeeping), Reason::Allowed);
}

fn spec(variants: &[(&str, f64, Option<&str>)]) -> RouteSpec {
    let variant = |(name, weight, collection): &(&str, f64, Option<&str>)| VariantSpec {
        name: (*name).to_owned(),
        weight: *weight,
        collection: collection.map(str::to_owned),
        upstream: None,
    };
    RouteSpec { variants: variants.iter().map(variant).collect(), salt: None, anonymous: None, split: None }
}

#[test]
fn specs_say_everything_that_is_wrong() {
    let upstreams = HashSet::from(["default"]);
    assert_eq!(spec(&[("stable", 95.0, None), ("candidate", 5.0, Some("docs_v2"))]).check(&upstreams), vec![]);
    let fields = |spec: &RouteSpec| spec.check(&upstreams).into_iter().map(|fault| fault.field).collect::<Vec<_>>();
    assert_eq!(fields(&spec(&[("stable", 1.0, None)])), ["variants"]);
    assert_eq!(fields(&spec(&[("a", 1.0, Some("x")), ("b", 1.0, Some("y"))])), ["variants"]);
    assert_eq!(fields(&spec(&[("stable", 1.0, Some("x")), ("b", 1.0, None)])), ["variants[0].collection", "variants[1].collection"]);
    assert_eq!(
        fields(&spec(&[("stable", f64::NAN, None), ("b", -1.0, Some("y"))])),
        ["variants[0].weight", "variants[1].weight", "variants"]
    );
    assert_eq!(fields(&spec(&[("stable", 0.0, None), ("b", 0.0, Some("y"))])), ["variants"]);
    assert_eq!(fields(&spec(&[("stable", 1.0, None), ("b b", 1.0, Some("y/z")), ("b b", 0.0, Some("y"))])).len(), 4);
    let mut elsewhere = spec(&[("stable", 1.0, None), ("b", 1.0, Some("y"))]);
    elsewhere.variants[1].upstream = Some("other".to_owned());
    assert_eq!(fields(&elsewhere), ["variants[1].upstream"]);
}
