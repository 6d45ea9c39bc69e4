//! Sample sizes that the plain formula only comes close to: by Student's t, and for shares as textbooks have them.

use super::noncentral::{critical, upper_tail};
use super::normal_quantile;
use super::power::{Design, crossing};

/// The variance of one unit's value, in the control and in the treatment.
pub type Variances = (f64, f64);

/// A t-test of so many units: all that does not depend on the difference it is to see.
struct Test {
    degrees: f64,
    standard_error: f64,
    /// The t from which on a difference is seen.
    critical: f64,
}

impl Test {
    fn power(&self, difference: f64) -> Option<f64> {
        let away = difference.abs() / self.standard_error;
        let power = upper_tail(self.critical, self.degrees, away) + upper_tail(self.critical, self.degrees, -away);
        power.is_finite().then_some(power)
    }
}

impl Design {
    /// The chance that a t-test sees this difference with so many units in the control; the far tail is counted too. None
    /// below two units in either.
    #[must_use]
    pub fn power_of_t(&self, difference: f64, units: f64, variances: Variances) -> Option<f64> {
        self.test(units, variances)?.power(difference)
    }

    fn test(&self, units: f64, (control, treatment): Variances) -> Option<Test> {
        let in_treatment = units * self.ratio;
        if units < 2.0 || in_treatment < 2.0 {
            return None;
        }
        let degrees = units + in_treatment - 2.0;
        let standard_error = (control / units + treatment / in_treatment).sqrt();
        Some(Test { degrees, standard_error, critical: critical(self.alpha, degrees)? })
    }

    /// Units of the control from which a t-test sees this difference. None for no difference.
    #[must_use]
    pub fn units_of_t(&self, difference: f64, variances: Variances) -> Option<f64> {
        let plain = self.units(difference, variances.0, variances.1)?;
        // A t-test needs more, and never many more: what it costs to estimate a variance does not grow.
        let (fewest, most) = (2.0_f64.max(2.0 / self.ratio), plain * 2.0 + 50.0 * (1.0 + 1.0 / self.ratio));
        let missing = |units: f64| self.power_of_t(difference, units, variances).unwrap_or(0.0) - self.power;
        Some(crossing(fewest, most, missing))
    }

    /// The smallest difference that a t-test sees with so many units in the control.
    #[must_use]
    pub fn detectable_by_t(&self, units: f64, variances: Variances) -> Option<f64> {
        let plain = self.detectable((variances.0 / units + variances.1 / (units * self.ratio)).sqrt());
        let test = self.test(units, variances)?;
        test.power(plain)?;
        let missing = |difference: f64| test.power(difference).unwrap_or(0.0) - self.power;
        // With two units in each arm the critical value is ten times the normal one.
        Some(crossing(0.0, plain * 20.0, missing))
    }

    /// Units of the control for a test of two shares that takes their variances for one while it looks for a difference
    /// (Fleiss, Levin and Paik, 2003, without their correction for continuity).
    #[must_use]
    pub fn units_pooled(&self, control: f64, treatment: f64) -> Option<f64> {
        let variance = |share: f64| share * (1.0 - share);
        let pooled = variance((control + treatment * self.ratio) / (1.0 + self.ratio)) * (1.0 + 1.0 / self.ratio);
        let apart = variance(control) + variance(treatment) / self.ratio;
        let distance = normal_quantile(self.alpha / 2.0) * pooled.sqrt() + normal_quantile(1.0 - self.power) * apart.sqrt();
        let units = (distance / (treatment - control)).powi(2);
        units.is_finite().then_some(units)
    }

    /// Units of the control by the angle between two shares, `h = 2 asin sqrt(b) - 2 asin sqrt(a)`, whose variance does not
    /// depend on them (Cohen, 1988).
    #[must_use]
    pub fn units_by_arcsine(&self, control: f64, treatment: f64) -> Option<f64> {
        let angle = |share: f64| 2.0 * share.sqrt().asin();
        self.units(angle(treatment) - angle(control), 1.0, 1.0)
    }
}
