use super::*;

const fn of(events: f64, count: f64) -> Excess {
    Excess { canary: Trials { count, events }, control: None }
}

fn between(canary: (f64, f64), control: (f64, f64), factor: f64) -> Excess {
    let control = Trials { count: control.1, events: control.0 };
    Excess { control: Some((control, factor)), ..of(canary.0, canary.1) }
}

impl Trials {
    /// The evidence against a share.
    fn ln_e_value(&self, share: f64) -> f64 {
        self.ln_mixture() + self.surprise(share)
    }
}

fn near(found: f64, expected: f64, by: f64) {
    assert!((found - expected).abs() <= by, "{found}, not {expected}");
}

#[test]
fn without_an_event_the_bound_is_known_in_closed_form() {
    for (count, bound) in [(42.0, 0.0782), (90.0, 0.0381)] {
        near(of(0.0, count).upper(0.05), bound, 5e-5);
        let (a, b) = PRIOR;
        let closed = 1.0 - (0.05 * (ln_beta(a, b + count) - ln_beta(a, b)).exp()).powf(1.0 / count);
        near(of(0.0, count).upper(0.05), closed, 1e-9);
        near(of(0.0, count).lower(0.05), 0.0, 0.0);
    }
}

/// scipy: the roots of `betaln(.1+s, 1+n-s) - betaln(.1, 1) - s*log(p) - (n-s)*log1p(-p) = -log(alpha)`.
#[test]
fn bounds_are_where_the_evidence_says_so() {
    for (events, count, alpha) in [(1.0, 42.0, 0.05), (3.0, 10.0, 0.01), (7.5, 90.25, 0.001), (40.0, 41.0, 0.05)] {
        let excess = of(events, count);
        for bound in [excess.lower(alpha), excess.upper(alpha)] {
            near(excess.canary.ln_e_value(bound), -alpha.ln(), 1e-6);
        }
        assert!(excess.lower(alpha) < excess.estimate() && excess.estimate() < excess.upper(alpha));
    }
}

#[test]
fn what_always_happens_is_bounded_from_below_and_by_one() {
    let all = of(12.0, 12.0);
    near(all.upper(0.05), 1.0, 0.0);
    near(all.canary.ln_e_value(all.lower(0.05)), -(0.05_f64.ln()), 1e-6);
}

#[test]
fn of_nothing_any_share_may_be() {
    let nothing = of(0.0, 0.0);
    assert_eq!((nothing.lower(0.05), nothing.upper(0.05), nothing.estimate()), (0.0, 1.0, 0.0));
    let both = between((0.0, 0.0), (0.0, 0.0), 1.0);
    assert_eq!((both.lower(0.05), both.upper(0.05)), (-1.0, 1.0));
}

/// By trying every pair of shares on a grid.
#[test]
fn a_difference_is_bounded_from_below_by_the_least_of_its_region() {
    for (canary, control, factor) in
        [((3.0, 40.0), (1.0, 60.0), 1.0), ((0.0, 30.0), (0.0, 30.0), 1.0), ((9.0, 9.0), (2.0, 50.0), 1.0), ((5.0, 20.0), (8.0, 80.0), 2.0)]
    {
        let excess = between(canary, control, factor);
        let mut lowest = f64::INFINITY;
        let shares = || (0..=1_000).map(|grain| f64::from(grain) / 1_000.0);
        for (share, other) in shares().flat_map(|share| shares().map(move |other| (share, other))) {
            let evidence = excess.canary.ln_e_value(share) + excess.control.expect("it has one").0.ln_e_value(other);
            if evidence < -(0.05_f64.ln()) {
                lowest = lowest.min(share - factor * other);
            }
        }
        near(excess.lower(0.05), lowest, 0.004);
    }
}

#[test]
fn a_difference_is_bounded_from_above_by_the_bounds_of_both_shares() {
    let bound = |share: Excess, of: fn(&Excess, f64) -> f64| of(&share, 0.025);
    let expected = bound(of(2.0, 400.0), Excess::upper) - 1.5 * bound(of(38.0, 7_600.0), Excess::lower);
    near(between((2.0, 400.0), (38.0, 7_600.0), 1.5).upper(0.05), expected, 1e-12);
}

#[test]
fn bounds_never_leave_the_range_of_a_difference() {
    for events in [0.0, 0.5, 3.0, 7.0] {
        for (count, alpha) in [(7.0, 0.5), (8.0, 1e-9), (1e9, 1e-4)] {
            let excess = between((events, count), (7.0 - events, 7.0), 1.0);
            let (lower, upper) = (excess.lower(alpha), excess.upper(alpha));
            assert!(-1.0 <= lower && lower <= upper && upper <= 1.0, "{events} of {count} at {alpha}: {lower} to {upper}");
        }
    }
}

#[test]
fn so_many_clean_units_are_enough_and_a_tenth_less_is_not() {
    for excess in [of(0.0, 42.0), of(1.0, 60.0), between((0.0, 42.0), (0.0, 400.0), 1.0)] {
        let needed = excess.clean_units_needed(0.05, 0.02).expect("some");
        let after = |more: f64| {
            let grown = (excess.canary.count + more) / excess.canary.count;
            let control = excess.control.map(|(control, factor)| (Trials { count: control.count * grown, ..control }, factor));
            Excess { canary: Trials { count: excess.canary.count + more, ..excess.canary }, control }.upper(0.05)
        };
        assert!(after(needed as f64) < 0.02 && after(needed as f64 * 0.9) > 0.02, "{needed}");
    }
    assert_eq!(of(0.0, 10.0).clean_units_needed(0.05, 0.0), None);
}

/// The whole expectation, not a sample of it.
#[test]
fn under_the_null_the_expected_evidence_is_one() {
    for share in [0.01, 0.2, 0.7] {
        let mut chance = (1.0_f64 - share).powi(30);
        let mut expected = 0.0;
        for events in 0..=30_u32 {
            let trials = Trials { count: 30.0, events: f64::from(events) };
            expected += chance * trials.ln_e_value(share).exp();
            chance *= f64::from(30 - events) / f64::from(events + 1) * share / (1.0 - share);
        }
        near(expected, 1.0, 1e-9);
    }
}
