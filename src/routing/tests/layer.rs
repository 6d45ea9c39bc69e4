//! Several experiments on one name.

use super::*;

const UNITS: usize = 4_000;

/// An experiment of two arms, `one_b` and so on, with this exposure in percent.
fn experiment(name: &str, exposure: f64, targeting: Targeting) -> Route<()> {
    let arms = ["a", "b"].map(|arm| target(&format!("{name}_{arm}")));
    Route {
        salt: Salt::new(&format!("experiment:exp_{name}")),
        allocation: Allocation::fresh(&[100.0 - exposure, exposure / 2.0, exposure / 2.0], 0),
        variants: std::iter::once(target(STABLE)).chain(arms).collect(),
        targeting,
        ..route(Anonymous::Random)
    }
}

fn split(anonymous: Anonymous, parts: Vec<(std::ops::Range<u32>, Route<()>)>) -> Split<()> {
    let parts = parts
        .into_iter()
        .map(|(slots, route)| Part { slots, route: Route { policy: SplitPolicy { anonymous, ..route.policy }, ..route } })
        .collect();
    Split::Layer(Layer::new(Salt::new("layer:docs"), target(STABLE), parts))
}

/// One has `[0, 40)` percent, the other `[60, 100)`, given in the wrong order.
fn two(exposure: f64) -> Split<()> {
    let plain = |name| experiment(name, exposure, Targeting::default());
    split(Anonymous::Random, vec![(600_000..SLOTS, plain("two")), (0..400_000, plain("one"))])
}

fn units() -> impl Iterator<Item = String> {
    (0..UNITS).map(|unit| format!("user-{unit}"))
}

fn no_draw() -> u32 {
    unreachable!("a unit needs no draw")
}

fn decided<'s>(split: &'s Split<()>, unit: &str) -> Decision<'s, ()> {
    split.decide(Read::Search, Unit::Id(unit.as_bytes()), None, |_| true, no_draw)
}

#[test]
fn a_unit_is_in_the_experiment_that_owns_its_place_and_dealt_by_that_ones_salt() {
    let split = two(100.0);
    let layer = Salt::new("layer:docs");
    for unit in units() {
        let (decision, place) = (decided(&split, &unit), layer.slot(unit.as_bytes()));
        let owner = if place < 400_000 { Some("one") } else { (place >= 600_000).then_some("two") };
        assert_eq!(decision.layer_slot, Some(place));
        let Some(owner) = owner else {
            assert_eq!((&*decision.target.variant, decision.reason, decision.slot), (STABLE, Reason::OutsidePart, None), "{unit}");
            assert!(decision.route.is_none());
            continue;
        };
        let slot = Salt::new(&format!("experiment:exp_{owner}")).slot(unit.as_bytes());
        let arm = if slot < 500_000 { "a" } else { "b" };
        assert_eq!(*decision.target.variant, *format!("{owner}_{arm}"), "{unit}");
        assert_eq!((decision.reason, decision.slot), (Reason::Weights, Some(slot)));
    }
}

/// Which experiment a unit is in says nothing of its arm.
#[test]
fn arms_are_independent_of_places() {
    let everybody = experiment("one", 100.0, Targeting::default());
    let layer = Salt::new("layer:docs");
    let mut cells = vec![0_u64; 100];
    for unit in (0..200_000).map(|unit| format!("user-{unit}")) {
        let (place, slot) = (layer.slot(unit.as_bytes()), everybody.salt.slot(unit.as_bytes()));
        cells[(place / 100_000 * 10 + slot / 100_000) as usize] += 1;
    }
    assert!(chi_square(&cells) < 148.2, "chi-square {}", chi_square(&cells));
}

#[test]
fn one_experiment_less_moves_nobody_of_the_others() {
    let (both, alone) = (two(100.0), split(Anonymous::Random, vec![(600_000..SLOTS, experiment("two", 100.0, Targeting::default()))]));
    for unit in units() {
        let (before, after) = (decided(&both, &unit), decided(&alone, &unit));
        let expected = if before.target.variant.starts_with("two") { &*before.target.variant } else { STABLE };
        assert_eq!(&*after.target.variant, expected, "{unit}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// I2, below a layer as without one.
    #[test]
    fn raising_the_exposure_only_adds_units(narrow in 1.0..50.0_f64, wide in 50.0..100.0_f64) {
        let before = two(narrow);
        let parts = [("one", 0..400_000), ("two", 600_000..SLOTS)].map(|(name, slots)| {
            let route = experiment(name, narrow, Targeting::default());
            let allocation = route.allocation.reweighted(&[100.0 - wide, wide / 2.0, wide / 2.0], 0);
            (slots, Route { allocation, ..route })
        });
        let after = split(Anonymous::Random, parts.into());
        for unit in units().take(1_000) {
            let (narrow, wide) = (decided(&before, &unit), decided(&after, &unit));
            prop_assert!(&*narrow.target.variant == STABLE || narrow.target.variant == wide.target.variant, "{}", unit);
        }
    }

    /// Whatever cuts the layer, a unit is where its place says, and nowhere else.
    #[test]
    fn parts_of_any_size_are_kept_apart(cuts in prop::collection::btree_set(0..SLOTS, 2..20)) {
        let cuts: Vec<u32> = cuts.into_iter().collect();
        // Every other piece is free.
        let pieces: Vec<_> = cuts.chunks_exact(2).map(|pair| pair[0]..pair[1]).collect();
        let named = |(index, slots): (usize, &std::ops::Range<u32>)| {
            (slots.clone(), experiment(&format!("exp{index}"), 100.0, Targeting::default()))
        };
        let split = split(Anonymous::Random, pieces.iter().enumerate().map(named).collect());
        for unit in units().take(500) {
            let decision = decided(&split, &unit);
            let place = decision.layer_slot.expect("a layer was asked");
            let owner = pieces.iter().position(|slots| slots.contains(&place));
            let expected = owner.map_or_else(|| STABLE.to_owned(), |index| format!("exp{index}_"));
            prop_assert!(decision.target.variant.starts_with(&expected), "{} at {}: {}", unit, place, decision.target.variant);
        }
    }
}

#[test]
fn who_was_chosen_is_let_in_wherever_he_stands() {
    let layer = Salt::new("layer:docs");
    let in_two = units().find(|unit| layer.slot(unit.as_bytes()) >= 600_000).expect("two fifths are");
    let in_one = units().find(|unit| layer.slot(unit.as_bytes()) < 400_000).expect("two fifths are");
    let one = Targeting::new([in_two.as_str()], [(in_two.as_str(), 2)], []);
    let two = Targeting::new([in_two.as_str()], [(in_one.as_str(), 1)], []);
    let split =
        split(Anonymous::Random, vec![(0..400_000, experiment("one", 100.0, one)), (600_000..SLOTS, experiment("two", 100.0, two))]);
    let allowed = decided(&split, &in_one);
    assert_eq!((&*allowed.target.variant, allowed.reason, allowed.layer_slot), ("two_a", Reason::Allowed, None));
    let denied = decided(&split, &in_two);
    assert_eq!((&*denied.target.variant, denied.reason), (STABLE, Reason::Denied), "denied by both, whatever else they say");
    let forced = split.decide(Read::Search, Unit::Id(in_one.as_bytes()), Some(b"one_b"), |_| true, no_draw);
    assert_eq!((&*forced.target.variant, forced.reason), ("one_b", Reason::Forced), "force comes before the list of another");
    let unknown = split.decide(Read::Search, Unit::Id(in_two.as_bytes()), Some(b"nobody"), |_| true, no_draw);
    assert_eq!(unknown.reason, Reason::Denied);
}

#[test]
fn headers_are_asked_for_by_each_experiment_alone() {
    let tier = Targeting::new([], [], [("x-tier", "free")]);
    let split = split(
        Anonymous::Random,
        vec![(0..400_000, experiment("one", 100.0, tier)), (600_000..SLOTS, experiment("two", 100.0, Targeting::default()))],
    );
    let without = |targeting: &Targeting| targeting.admits(|_| None);
    for unit in units() {
        let open = decided(&split, &unit);
        let closed = split.decide(Read::Search, Unit::Id(unit.as_bytes()), None, without, no_draw);
        if open.target.variant.starts_with("one") {
            assert_eq!((&*closed.target.variant, closed.reason), (STABLE, Reason::NotTargeted), "{unit}");
        } else {
            assert_eq!(closed.target.variant, open.target.variant, "{unit}");
        }
    }
    let forced = split.decide(Read::Search, Unit::Anonymous, Some(b"one_a"), without, || 500_000);
    assert_eq!((&*forced.target.variant, forced.reason), (STABLE, Reason::AnonymousRandom), "not even by force");
}

#[test]
fn nobody_in_particular_is_drawn_at_each_level() {
    let split = two(100.0);
    let draws = |one: u32, other: u32| {
        let drawn = std::cell::Cell::new(0);
        let draw = || if drawn.replace(drawn.get() + 1) == 0 { one } else { other };
        let decision = split.decide(Read::Search, Unit::Anonymous, None, |_| true, draw);
        (decision.target.variant.to_string(), decision.reason, decision.layer_slot, drawn.get())
    };
    let random = Reason::AnonymousRandom;
    assert_eq!(draws(0, 999_999), ("one_b".to_owned(), random, Some(0), 2));
    assert_eq!(draws(999_999, 0), ("two_a".to_owned(), random, Some(999_999), 2));
    assert_eq!(draws(400_000, 0), (STABLE.to_owned(), random, Some(400_000), 1));
    let parts = vec![(0..SLOTS, experiment("one", 100.0, Targeting::default()))];
    let quiet = self::split(Anonymous::Stable, parts);
    let kept = quiet.decide(Read::Search, Unit::Anonymous, None, |_| true, || unreachable!("nothing is drawn"));
    assert_eq!((&*kept.target.variant, kept.reason), (STABLE, Reason::AnonymousStable));
}

/// Two experiments on one alias may differ in what they split.
#[test]
fn each_part_has_a_policy_of_its_own() {
    let of = |anonymous, reads| Route { policy: SplitPolicy { anonymous, reads }, ..experiment("one", 100.0, Targeting::default()) };
    let wide = Part { slots: 0..500_000, route: of(Anonymous::Random, SplitReads::All) };
    let narrow = Part { slots: 500_000..SLOTS, route: of(Anonymous::Stable, SplitReads::Searches) };
    let layer = Salt::new("layer:docs");
    let split = Split::Layer(Layer::new(layer.clone(), target(STABLE), vec![wide, narrow]));
    for unit in units().take(500) {
        let expected = if layer.slot(unit.as_bytes()) < 500_000 { Reason::Weights } else { Reason::NotSplit };
        let decision = split.decide(Read::Bookkeeping, Unit::Id(unit.as_bytes()), None, |_| true, no_draw);
        assert_eq!((decision.reason, &*decision.target.variant == STABLE), (expected, expected == Reason::NotSplit), "{unit}");
    }
    for (slot, expected) in [(0, Reason::AnonymousRandom), (500_000, Reason::AnonymousStable)] {
        assert_eq!(split.decide(Read::Search, Unit::Anonymous, None, |_| true, || slot).reason, expected, "at {slot}");
    }
}
