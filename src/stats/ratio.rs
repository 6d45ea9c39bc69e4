//! Ratios of sums, such as errors by requests, with a variance that knows that requests of one unit are alike.
//!
//! The variance comes from the spread between statistics buckets, `K/(K-1) * sum((S_b - r N_b)^2) / (sum N_b)^2` over the K
//! buckets that saw anything: the delta method for ratio metrics (Deng, Knoblich and Lu, 2018) with buckets for units.
//! Counting requests as if they were independent instead rejects half of all tests between equal variants.

/// How many buckets must differ in each direction before their spread is believed to tell how clustered events are.
const SPREAD: u32 = 5;

/// A ratio of two sums and how uncertain it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    pub value: f64,
    pub variance: f64,
    /// The sum below the line, normally requests.
    pub denominator: f64,
    /// As many buckets of equal weight would be as uncertain, `(sum N)^2 / sum N^2`: few when a handful of units make most
    /// of the requests.
    pub effective_buckets: f64,
    /// The largest bucket's part of the denominator.
    pub largest_share: f64,
    /// In how many buckets there is anything above the line.
    pub with_events: f64,
    /// Events, and their absence, come from enough buckets to estimate a variance from.
    spread: bool,
}

impl Ratio {
    /// Of `(numerator, denominator)` for each bucket. None if fewer than two buckets have a denominator: without a second
    /// one there is nothing to estimate a variance from.
    #[must_use]
    pub fn of(buckets: impl Iterator<Item = (u64, u64)> + Clone) -> Option<Self> {
        Self::of_sums(buckets.map(|(above, below)| (above as f64, below as f64)))
    }

    /// The same of any sums, those above the line negative where they must be.
    #[must_use]
    pub fn of_sums(buckets: impl Iterator<Item = (f64, f64)> + Clone) -> Option<Self> {
        let (mut count, mut numerator, mut denominator, mut squares, mut largest) = (0.0, 0.0, 0.0, 0.0, 0.0_f64);
        let (mut with_events, mut with_others) = (0_u32, 0_u32);
        for (above, below) in buckets.clone() {
            if below <= 0.0 {
                continue;
            }
            with_events += u32::from(above > 0.0);
            with_others += u32::from(above < below);
            count += 1.0;
            numerator += above;
            denominator += below;
            squares += below * below;
            largest = largest.max(below);
        }
        if count < 2.0 {
            return None;
        }
        let value = numerator / denominator;
        let mut residuals = 0.0;
        for (above, below) in buckets {
            if below > 0.0 {
                residuals += (above - value * below).powi(2);
            }
        }
        Some(Self {
            value,
            variance: count / (count - 1.0) * residuals / (denominator * denominator),
            denominator,
            effective_buckets: denominator * denominator / squares,
            largest_share: largest / denominator,
            with_events: f64::from(with_events),
            spread: with_events.min(with_others) >= SPREAD,
        })
    }

    /// The same ratio, read as the share of requests with some property, and never as certain as a share of that many can be.
    ///
    /// Without an event the buckets do not differ at all, and a variance of zero would make the smallest sample proof of
    /// anything. The floor is that of Agresti and Coull, two events and two others added. It counts units rather than
    /// requests while events come from too few buckets to show how clustered they are: thirty units without one say little
    /// about the thirty-first, however many requests they made.
    #[must_use]
    pub fn as_share(self, units: f64) -> Self {
        let sample = if self.spread { self.denominator } else { units.min(self.denominator) } + 4.0;
        let share = (self.value * (sample - 4.0) + 2.0) / sample;
        Self { variance: self.variance.max(share * (1.0 - share) / sample), ..self }
    }

    /// The same ratio, read as a mean of values between 0 and 1. Where buckets show a spread it is believed; where they do not,
    /// such as when every value is 1, each unit counts as one observation of a share.
    #[must_use]
    pub fn as_mean(self, units: f64) -> Self {
        if self.spread { self } else { self.as_share(units) }
    }

    /// Whether the buckets tell how clustered the events are: these, and their absence, come from enough of them.
    #[must_use]
    pub const fn is_spread(&self) -> bool {
        self.spread
    }

    /// Degrees of freedom of the variance. By effective rather than by actual buckets, so that a few heavy units widen an
    /// interval as a few observations would.
    #[must_use]
    pub fn degrees(&self) -> f64 {
        self.effective_buckets - 1.0
    }
}

/// A number and how far it can be trusted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    pub value: f64,
    pub variance: f64,
    pub degrees: f64,
    /// How much was observed.
    pub weight: f64,
}

impl From<&Ratio> for Estimate {
    fn from(ratio: &Ratio) -> Self {
        Self { value: ratio.value, variance: ratio.variance, degrees: ratio.degrees(), weight: ratio.denominator }
    }
}

/// What a relative difference is divided by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Base {
    pub value: f64,
    pub variance: f64,
    /// With the estimate that is compared.
    pub covariance: f64,
}

impl Base {
    /// The estimate itself.
    #[must_use]
    pub const fn of(estimate: &Estimate) -> Self {
        Self { value: estimate.value, variance: estimate.variance, covariance: estimate.variance }
    }
}

/// A comparison of two estimates, or one ratio by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contrast {
    pub estimate: f64,
    pub variance: f64,
    /// Welch and Satterthwaite's, if it is of two ratios.
    pub degrees: f64,
    /// How much was observed, in units of the denominators.
    pub sample: f64,
}

impl From<Ratio> for Contrast {
    fn from(ratio: Ratio) -> Self {
        Self { estimate: ratio.value, variance: ratio.variance, degrees: ratio.degrees(), sample: ratio.denominator }
    }
}

impl Contrast {
    /// `b - factor * a`. With a factor of 1.1 it is above zero exactly if `b` is more than a tenth above `a`, and unlike a
    /// quotient it needs no `a` away from zero.
    #[must_use]
    pub fn difference(b: impl Into<Estimate>, a: impl Into<Estimate>, factor: f64) -> Self {
        let (b, a) = (b.into(), a.into());
        Self::of_parts(&b, &a, b.value - factor * a.value, b.variance, factor * factor * a.variance)
    }

    /// `(b - a) / |a|`, by the delta method. For display; none if `a` is zero.
    #[must_use]
    pub fn relative(b: impl Into<Estimate>, a: impl Into<Estimate>) -> Option<Self> {
        let a = a.into();
        Self::relative_to(b, a, &Base::of(&a))
    }

    /// `(b - a) / |base|`, where `a` is an adjusted form of `base`.
    #[must_use]
    pub fn relative_to(b: impl Into<Estimate>, a: impl Into<Estimate>, base: &Base) -> Option<Self> {
        let (b, a) = (b.into(), a.into());
        let (size, square) = (base.value.abs(), base.value * base.value);
        let lift = (b.value - a.value) / size;
        // What a change of the base does to the lift, for each unit that the adjusted form changes.
        let pull = lift * base.value.signum();
        let part_a = (a.variance + 2.0 * pull * base.covariance + pull * pull * base.variance) / square;
        (size > 0.0).then(|| Self::of_parts(&b, &a, lift, b.variance / square, part_a))
    }

    fn of_parts(b: &Estimate, a: &Estimate, estimate: f64, part_b: f64, part_a: f64) -> Self {
        let variance = part_b + part_a;
        let share = |part: f64, of: &Estimate| part * part / of.degrees;
        // Of variances that are both zero any degrees are right; the fewer the safer.
        let welch = variance * variance / (share(part_b, b) + share(part_a, a));
        let degrees = if welch.is_finite() { welch } else { b.degrees.min(a.degrees) };
        Self { estimate, variance, degrees, sample: b.weight + a.weight }
    }

    #[must_use]
    pub fn standard_error(&self) -> f64 {
        self.variance.sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells<const N: usize>(pairs: [(u64, u64); N]) -> Option<Ratio> {
        Ratio::of(pairs.into_iter())
    }

    #[test]
    fn one_bucket_has_no_variance_and_so_no_ratio() {
        assert_eq!(cells([]), None);
        assert_eq!(cells([(1, 4), (0, 0)]), None);
    }

    #[test]
    fn a_share_without_events_is_not_certain() {
        let ratio = cells([(0, 10); 20]).expect("twenty buckets");
        assert_eq!(ratio.variance, 0.0);
        let by_units = ratio.as_share(20.0).variance.sqrt();
        let by_requests = ratio.as_share(200.0).variance.sqrt();
        assert!(by_units > 0.05 && by_requests < 0.01, "{by_units} by units, {by_requests} by requests");
    }

    #[test]
    fn events_spread_over_buckets_are_judged_by_requests() {
        let ratio = cells([(10, 1_000); 20]).expect("twenty buckets");
        assert!(ratio.as_share(20.0).variance.sqrt() < 0.001);
    }

    #[test]
    fn one_heavy_bucket_takes_the_degrees_of_freedom_with_it() {
        let mut pairs = [(1, 10); 50];
        pairs[0] = (900, 9_000);
        let ratio = cells(pairs).expect("fifty buckets");
        assert!(ratio.degrees() < 1.0 && ratio.largest_share > 0.9, "{ratio:?}");
    }

    #[test]
    fn a_difference_with_a_factor_is_zero_at_the_margin() {
        let a = cells([(10, 10), (12, 10), (8, 10)]).expect("three buckets");
        let b = cells([(11, 10), (13, 10), (9, 10)]).expect("three buckets");
        assert!(Contrast::difference(&b, &a, 1.1).estimate.abs() < 1e-12);
        let relative = Contrast::relative(&b, &a).expect("not of zero");
        assert!((relative.estimate - 0.1).abs() < 1e-12);
        assert_eq!(Contrast::relative(&b, &cells([(0, 5), (0, 5)]).expect("two buckets")), None);
    }
}
