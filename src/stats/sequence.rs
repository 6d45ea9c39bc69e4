//! Asymptotic confidence sequences: intervals that hold at every look at once.
//!
//! A usual interval is right at one look chosen beforehand; looked at after every minute it excludes the truth sooner or
//! later. These are the Gaussian mixture boundaries of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (arXiv 2103.06476).
//! They ask for nothing but an estimate and its standard error, so they fit any [`super::Contrast`].

/// Which errors a sequence guards against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sides {
    /// An interval.
    Two,
    /// A bound from one side, closer for the same alpha.
    One,
}

/// A boundary, chosen before the data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sequence {
    sides: Sides,
    alpha: f64,
    rho_squared: f64,
}

impl Sequence {
    /// `planned` is the sample at which the boundary is tightest, and must not change while it is used. None unless alpha is
    /// between 0 and 1 (one-sided: 0.5) and the plan is above 0.
    #[must_use]
    pub fn new(sides: Sides, alpha: f64, planned: f64) -> Option<Self> {
        let spent = match sides {
            Sides::Two => alpha,
            Sides::One => 2.0 * alpha,
        };
        let proper = spent > 0.0 && spent < 1.0 && planned > 0.0 && planned.is_finite();
        let log = -2.0 * spent.ln();
        proper.then(|| Self { sides, alpha, rho_squared: (log + (log + 1.0).ln()) / planned })
    }

    #[must_use]
    pub const fn alpha(&self) -> f64 {
        self.alpha
    }

    /// How many standard errors from the estimate the bound lies after this much of a sample.
    #[must_use]
    pub fn boundary(&self, sample: f64) -> f64 {
        let progress = sample * self.rho_squared;
        let root = (progress + 1.0).sqrt();
        let log = match self.sides {
            Sides::Two => (root / self.alpha).ln(),
            Sides::One => (root / (2.0 * self.alpha)).ln_1p(),
        };
        (2.0 * (progress + 1.0) / progress * log).sqrt()
    }

    /// The smallest alpha at which the bound would exclude an estimate this many standard errors away from the null, valid at
    /// every look. One-sided it counts only what lies above.
    #[must_use]
    pub fn p_value(&self, errors_away: f64, sample: f64) -> f64 {
        let progress = sample * self.rho_squared;
        let root = (progress + 1.0).sqrt();
        let exponent = progress * errors_away * errors_away / (2.0 * (progress + 1.0));
        let p = match self.sides {
            Sides::Two => root / exponent.exp(),
            Sides::One if errors_away <= 0.0 => 1.0,
            Sides::One => root / (2.0 * exponent.exp_m1()),
        };
        p.min(1.0)
    }
}

/// A normal distance as Student's t would have it with these degrees of freedom (Wallace, 1959), within a few percent from
/// two degrees up. Without it a standard error from a few buckets is taken for a better one than it is.
#[must_use]
pub fn widen(errors: f64, degrees: f64) -> f64 {
    if degrees <= 0.0 {
        return f64::INFINITY;
    }
    let scaled = errors * (8.0 * degrees + 3.0) / (8.0 * degrees + 1.0);
    (degrees * (scaled * scaled / degrees).exp_m1()).sqrt()
}

/// The inverse of [`widen`]: the normal distance that is as rare as this one is for Student's t.
#[must_use]
pub fn narrow(errors: f64, degrees: f64) -> f64 {
    if degrees <= 0.0 {
        return 0.0;
    }
    (degrees * (errors * errors / degrees).ln_1p()).sqrt() * (8.0 * degrees + 1.0) / (8.0 * degrees + 3.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_a_boundary_is_refused() {
        for (alpha, planned) in [(0.0, 1.0), (0.5, 1.0), (f64::NAN, 1.0), (0.05, 0.0), (0.05, f64::NAN), (0.05, f64::INFINITY)] {
            assert_eq!(Sequence::new(Sides::One, alpha, planned), None, "alpha {alpha}, planned {planned}");
        }
    }

    #[test]
    fn p_is_alpha_exactly_at_the_boundary() {
        for sides in [Sides::One, Sides::Two] {
            let sequence = Sequence::new(sides, 0.01, 5_000.0).expect("proper");
            for sample in [10.0, 1_000.0, 100_000.0] {
                let p = sequence.p_value(sequence.boundary(sample), sample);
                assert!((p - 0.01).abs() < 1e-12, "{sides:?} at {sample}: {p}");
            }
        }
    }

    #[test]
    fn narrowing_undoes_widening() {
        for (errors, degrees) in [(0.0, 5.0), (1.96, 3.0), (4.0, 40.0), (6.0, 254.0)] {
            assert!((narrow(widen(errors, degrees), degrees) - errors).abs() < 1e-9, "{errors} with {degrees} degrees");
        }
        assert_eq!(narrow(5.0, 0.0), 0.0);
    }

    #[test]
    fn one_side_is_closer_than_two_and_both_are_wider_than_a_single_look() {
        let [one, two] = [Sides::One, Sides::Two].map(|sides| Sequence::new(sides, 0.05, 5_000.0).expect("proper"));
        for sample in [100.0, 5_000.0, 1e7] {
            assert!(one.boundary(sample) < two.boundary(sample));
            assert!(two.boundary(sample) > 1.96);
        }
        assert_eq!(one.p_value(-3.0, 5_000.0), 1.0);
        assert_eq!(two.p_value(0.0, 5_000.0), 1.0);
        assert_eq!(one.boundary(0.0), f64::INFINITY);
    }
}
