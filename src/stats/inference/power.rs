//! Before an experiment: how many units does it need? By a normal distribution here; for few units by Student's t, and for shares
//! by other usual formulas, in [`super::sizes`].

use super::{normal_quantile, normal_upper};

/// A comparison of two arms that is being planned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Design {
    /// The chance of crying wolf, of both sides together.
    pub alpha: f64,
    /// The chance of seeing the effect if it is there.
    pub power: f64,
    /// Units of the treatment for each unit of the control.
    pub ratio: f64,
}

impl Design {
    /// Units of the control that are needed to see a difference, `(z_{1-alpha/2} + z_{power})^2 (s_a^2 + s_b^2 / ratio) / d^2`,
    /// from the variance of one unit's value in each arm. None for no difference.
    #[must_use]
    pub fn units(&self, difference: f64, variance_control: f64, variance_treatment: f64) -> Option<f64> {
        let units = self.factor().powi(2) * (variance_control + variance_treatment / self.ratio) / (difference * difference);
        units.is_finite().then_some(units)
    }

    /// The smallest difference that is seen with this standard error.
    #[must_use]
    pub fn detectable(&self, standard_error: f64) -> f64 {
        self.factor() * standard_error
    }

    /// How many times further away an effect must be to be seen by a boundary of so many standard errors instead.
    #[must_use]
    pub fn widened(&self, boundary: f64) -> f64 {
        (boundary + normal_quantile(1.0 - self.power)) / self.factor()
    }

    pub(super) fn factor(&self) -> f64 {
        normal_quantile(self.alpha / 2.0) + normal_quantile(1.0 - self.power)
    }
}

/// The chance that a difference is seen at one look with this standard error; the far tail is counted too.
#[must_use]
pub fn power(difference: f64, standard_error: f64, alpha: f64) -> f64 {
    beyond(difference.abs() / standard_error, normal_quantile(alpha / 2.0))
}

/// The chance that an estimate so many standard errors away is seen to be further than `boundary` from zero, on either side.
pub(super) fn beyond(away: f64, boundary: f64) -> f64 {
    normal_upper(boundary - away) + normal_upper(boundary + away)
}

/// Where a function that rises from below zero crosses it, by halving.
pub(super) fn crossing(mut low: f64, mut high: f64, value: impl Fn(f64) -> f64) -> f64 {
    const HALVINGS: u32 = 60;
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if value(middle) < 0.0 { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}
