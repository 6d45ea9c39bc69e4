//! Would a lift be seen, if it were there: now, at the planned end, and with how many units?

use schemars::JsonSchema;
use serde::Serialize;

use super::setting::Setting;
use crate::stats::Contrast;
use crate::stats::inference::bayes::Prior;
use crate::stats::inference::midway::{Look, Midway};
use crate::stats::sequence::{Sequence, Sides};

/// Of the lift that was asked for, not of the one that was seen: the power of that one is its p-value in other words.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Outlook {
    pub lift_percent: f64,
    /// The chance to see it at one look.
    pub now: Option<f64>,
    pub at_end: Option<f64>,
    /// The chance to see it at this look, if every one before may end the experiment.
    pub always_valid_now: Option<f64>,
    pub always_valid_at_end: Option<f64>,
    /// Of both arms, to see it with the power of the experiment.
    pub units_needed: Option<u64>,
    pub units_needed_always_valid: Option<u64>,
    /// Until the posterior leaves out zero; for display only, as the chance to win is.
    pub units_needed_posterior: Option<u64>,
}

impl Outlook {
    pub(super) fn unknown(lift_percent: f64) -> Self {
        Self {
            lift_percent,
            now: None,
            at_end: None,
            always_valid_now: None,
            always_valid_at_end: None,
            units_needed: None,
            units_needed_always_valid: None,
            units_needed_posterior: None,
        }
    }

    /// From how certain the lift is now.
    pub(super) fn of(lift_percent: f64, lift: &Contrast, setting: &Setting) -> Self {
        let (alpha, seen) = (setting.alpha, setting.seen);
        let midway = Midway { difference: lift_percent / 100.0, standard_error: lift.standard_error(), seen };
        let Some(sequence) = Sequence::new(Sides::Two, alpha, setting.planned).filter(|_| midway.standard_error > 0.0 && seen > 0.0) else {
            return Self::unknown(lift_percent);
        };
        let (once, always, posterior) = (Look::Once { alpha }, Look::Always(sequence), Look::Posterior { alpha, prior: Prior::USUAL });
        let at_end = (setting.planned / seen).max(1.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a bounded number of times the units there are")]
        let units = |look: &Look| midway.times_needed(look, setting.power).map(|times| (times * seen).ceil() as u64);
        Self {
            lift_percent,
            now: Some(midway.power(&once, 1.0)),
            at_end: Some(midway.power(&once, at_end)),
            always_valid_now: Some(midway.power(&always, 1.0)),
            always_valid_at_end: Some(midway.power(&always, at_end)),
            units_needed: units(&once),
            units_needed_always_valid: units(&always),
            units_needed_posterior: units(&posterior),
        }
    }
}
