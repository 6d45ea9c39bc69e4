//! No worse than by a margin: what a guardrail is asked for. That no difference was found does not say so.

use schemars::JsonSchema;
use serde::Serialize;

use super::reading::Mean;
use super::setting::Setting;
use super::shares::share;
use crate::experiment::metric::Direction;
use crate::stats::inference::shares::score_above;
use crate::stats::inference::{always, fixed};
use crate::stats::{Contrast, Estimate};

/// Null throughout where no margin was given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct NonInferiority {
    /// A fraction of the control's mean.
    pub margin: Option<f64>,
    /// Welch's t from one side, for one look at the planned end.
    pub p_value: Option<f64>,
    /// Valid at every look.
    pub always_valid_p_value: Option<f64>,
    /// Of a share: the score test, by values as if they were independent.
    pub score_p_value: Option<f64>,
    /// The p-value that counts now is below alpha.
    pub non_inferior: Option<bool>,
}

/// What "no worse" means for one metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Margin {
    pub(super) fraction: f64,
    pub(super) direction: Direction,
}

impl NonInferiority {
    pub(super) fn new(margin: Option<Margin>) -> Self {
        Self { margin: margin.map(|margin| margin.fraction), ..Self::default() }
    }

    pub(super) fn of_shares(&mut self, margin: Margin, control: &Mean, treatment: &Mean) {
        let Some((a, b)) = share(control).zip(share(treatment)) else { return };
        // How much is a fraction of what was seen of the control, and then taken for given.
        let least = -margin.fraction * a.0 / a.1;
        self.score_p_value = match margin.direction {
            Direction::HigherIsBetter => score_above(b, a, least),
            Direction::LowerIsBetter => score_above(a, b, least),
        };
    }

    pub(super) fn of_means(&mut self, margin: Margin, b: Estimate, a: Estimate, setting: &Setting) {
        let spared = margin.spared(b, a);
        self.p_value = fixed::above(&spared);
        self.always_valid_p_value = always::above(&spared, setting.alpha, setting.seen, setting.planned);
    }

    pub(super) fn conclude(&mut self, alpha: f64, at_the_end: bool) {
        let counting = if at_the_end { self.p_value } else { self.always_valid_p_value };
        self.non_inferior = counting.map(|p| p < alpha);
    }
}

impl Margin {
    /// How far the treatment is from being worse by the margin: above zero where it is not.
    fn spared(self, b: Estimate, a: Estimate) -> Contrast {
        let part = self.fraction * a.value.signum();
        match self.direction {
            Direction::HigherIsBetter => Contrast::difference(b, a, 1.0 - part),
            Direction::LowerIsBetter => {
                let harm = Contrast::difference(b, a, 1.0 + part);
                Contrast { estimate: -harm.estimate, ..harm }
            }
        }
    }
}
