//! Do bad events fall into the canary more often than its share of units explains? An exact answer at any moment.
//!
//! Given that some unit had an event, under the null it is a canary unit with probability `share`, the canary's part of the
//! compared units: assignment saw to that by hashing, whatever units do and however much they do of it. If the canary
//! multiplies the odds by `m`, that probability is `t = m share / (1 - share + m share)`. The e-value is the likelihood ratio
//! averaged over several `m` above one. It is a non-negative martingale under the null, and a supermartingale if the canary
//! does less harm than control, so by Ville's inequality it ever reaches `1/alpha` with probability alpha at most: no
//! burn-in, any number of looks, any stopping. Integers are all it needs.
//!
//! Mixing over odds above one makes it one-sided. A Beta prior cut off below `share` does the same; over weights of 5 % and
//! 50 % and odds of 1.5 to 10 neither was ahead, and this one says in plain numbers which harm it looks for.
//!
//! What is counted must be units, each once: requests of one unit fail together (docs/statistics.md has the numbers).

/// The multiples of the odds that are looked for, in equal parts. Harm between and beyond them is found too, a little later.
const ODDS: [f64; 8] = [1.25, 1.5, 2.0, 3.0, 4.0, 6.0, 10.0, 16.0];

/// The test, for one share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EventSplit {
    /// For each of [`ODDS`]: the logarithmic weight of an event in the canary, and in control.
    weights: [(f64, f64); ODDS.len()],
}

impl EventSplit {
    /// `share` is the canary's part of the compared units, `tolerated` the multiple of control's odds that is still accepted
    /// (1 for none). None unless the share lies between 0 and 1 and at least equal odds are tolerated.
    #[must_use]
    pub fn new(share: f64, tolerated: f64) -> Option<Self> {
        let proper = share > 0.0 && share < 1.0 && tolerated >= 1.0 && tolerated.is_finite();
        let shifted = |odds: f64| odds * share / (1.0 - share + odds * share);
        let null = shifted(tolerated);
        let weight = |odds: f64| {
            let harmed = shifted(tolerated * odds);
            ((harmed / null).ln(), ((1.0 - harmed) / (1.0 - null)).ln())
        };
        proper.then(|| Self { weights: ODDS.map(weight) })
    }

    /// The natural logarithm of the e-value after this many units with an event on each side.
    #[must_use]
    pub fn ln_e_value(&self, canary: u64, control: u64) -> f64 {
        let (canary, control) = (canary as f64, control as f64);
        let logs = self.weights.map(|(in_canary, in_control)| canary * in_canary + control * in_control);
        let largest = logs.into_iter().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = logs.into_iter().map(|log| (log - largest).exp()).sum();
        largest + (sum / ODDS.len() as f64).ln()
    }
}

/// The evidence of several segments of one window, between which the share changed. Valid if no unit is counted in two of
/// them ([`super::UnitSet::without`]).
#[must_use]
pub fn combine(ln_e_values: impl IntoIterator<Item = f64>) -> f64 {
    ln_e_values.into_iter().sum()
}

/// The p-value that is valid at every look.
#[must_use]
pub fn p_value(ln_e_value: f64) -> f64 {
    (-ln_e_value).exp().min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_event_is_no_evidence() {
        let split = EventSplit::new(0.05, 1.0).expect("proper");
        assert!(split.ln_e_value(0, 0).abs() < 1e-12);
        assert_eq!(p_value(0.0), 1.0);
    }

    /// The whole expectation, not a sample of it: over all ways that `events` can fall, weighted by the null.
    #[test]
    fn under_the_null_the_expected_e_value_is_one_and_with_less_harm_it_is_below() {
        for (share, tolerated) in [(0.5, 1.0), (0.05, 1.0), (0.01, 1.0), (0.3, 2.0)] {
            let split = EventSplit::new(share, tolerated).expect("proper");
            for odds in [tolerated, tolerated / 2.0] {
                let in_canary: f64 = odds * share / (1.0 - share + odds * share);
                let expected = binomial(40, in_canary).map(|(canary, chance)| chance * split.ln_e_value(canary, 40 - canary).exp());
                let expected: f64 = expected.sum();
                let exact = if odds < tolerated { expected < 1.0 } else { (expected - 1.0).abs() < 1e-9 };
                assert!(exact, "share {share}, odds {odds}, {tolerated} tolerated: {expected}");
            }
        }
    }

    #[test]
    fn segments_multiply() {
        let [early, late] = [0.05, 0.25].map(|share| EventSplit::new(share, 1.0).expect("proper"));
        let both = combine([early.ln_e_value(4, 12), late.ln_e_value(9, 8)]);
        assert!((both.exp() - early.ln_e_value(4, 12).exp() * late.ln_e_value(9, 8).exp()).abs() < 1e-9 * both.exp());
    }

    #[test]
    fn numbers_beyond_any_canary_stay_finite() {
        let split = EventSplit::new(0.0001, 1.0).expect("proper");
        for (canary, control) in [(u64::MAX, 0), (0, u64::MAX), (u64::MAX, u64::MAX)] {
            assert!(split.ln_e_value(canary, control).is_finite());
        }
    }

    #[test]
    fn what_is_not_a_share_is_refused() {
        for (share, tolerated) in [(0.0, 1.0), (1.0, 1.0), (f64::NAN, 1.0), (0.5, 0.5), (0.5, f64::NAN), (0.5, f64::INFINITY)] {
            assert_eq!(EventSplit::new(share, tolerated), None);
        }
    }

    fn binomial(trials: u32, chance: f64) -> impl Iterator<Item = (u64, f64)> {
        let mut ways = (1.0 - chance).powi(i32::try_from(trials).expect("few"));
        (0..=trials).map(move |hits| {
            let here = (u64::from(hits), ways);
            ways *= f64::from(trials - hits) / f64::from(hits + 1) * chance / (1.0 - chance);
            here
        })
    }
}
