//! Which arm users preferred where both answered together: by the hits they chose.

use std::cmp::Ordering;

use schemars::JsonSchema;
use serde::Serialize;

use super::judged::Judged;
use super::setting::Setting;
use crate::experiment::credits::Credits;
use crate::experiment::metric::{Direction, Role};
use crate::stats::inference::{Interval, always, binomial, fixed, proportion};
use crate::stats::{Contrast, Ratio};

/// Who never prefers anything picks from the treatment's team half of the time.
pub(super) const INDIFFERENT: f64 = 0.5;
/// An exact test of more wins takes long, and is for display only.
const EXACT: f64 = 1e6;

/// All that can be said of one metric's credited hits. What cannot is null, and `note` says why.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Preference {
    pub arm: String,
    pub metric: String,
    pub role: Role,
    pub direction: Direction,
    pub control_wins: f64,
    pub treatment_wins: f64,
    /// The treatment's part of all wins, less a half: from -0.5, everything to the control, to 0.5.
    pub preference: Option<f64>,
    /// Of the preference, at one look.
    pub interval: Option<Interval>,
    /// By the spread between statistics buckets, for one look at the planned end.
    pub p_value: Option<f64>,
    /// Valid at every look.
    pub always_valid_p_value: Option<f64>,
    pub always_valid_interval: Option<Interval>,
    /// The p-value that counts now, held against the others of its role.
    pub adjusted_p_value: Option<f64>,
    pub significant: bool,
    /// The treatment is better: known where the preference is significant.
    pub better: Option<bool>,
    pub sign_test: Option<SignTest>,
    /// As if each win came from another unit: for display only, and not above a million wins.
    pub binomial_p_value: Option<f64>,
    /// Wilson's, of the treatment's part of all wins, by the same assumption.
    pub wilson_interval: Option<Interval>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Statistics buckets, each of which has one vote.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SignTest {
    pub for_control: u64,
    pub for_treatment: u64,
    /// They have no part in it.
    pub ties: u64,
    pub p_value: Option<f64>,
}

/// Which metric of which arm it is.
pub(super) struct Subject<'a> {
    pub(super) arm: &'a str,
    pub(super) metric: &'a str,
    pub(super) role: Role,
    pub(super) direction: Direction,
}

impl Preference {
    pub(super) fn of(subject: &Subject<'_>, credits: Option<&Credits>, setting: &Setting) -> Self {
        let mut preference = Self::empty(subject);
        match credits {
            Some(credits) => preference.infer(credits, setting),
            None => preference.note = Some("nothing was credited to hits yet".to_owned()),
        }
        preference
    }

    fn empty(subject: &Subject<'_>) -> Self {
        Self {
            arm: subject.arm.to_owned(),
            metric: subject.metric.to_owned(),
            role: subject.role,
            direction: subject.direction,
            control_wins: 0.0,
            treatment_wins: 0.0,
            preference: None,
            interval: None,
            p_value: None,
            always_valid_p_value: None,
            always_valid_interval: None,
            adjusted_p_value: None,
            significant: false,
            better: None,
            sign_test: None,
            binomial_p_value: None,
            wilson_interval: None,
            note: None,
        }
    }

    fn infer(&mut self, credits: &Credits, setting: &Setting) {
        let [control, treatment] = credits.total();
        (self.control_wins, self.treatment_wins) = (control, treatment);
        self.describe(credits, setting.alpha);
        let cells = credits.buckets().iter().map(|[control, treatment]| (*treatment, control + treatment));
        let Some(ratio) = Ratio::of_sums(cells) else {
            self.note = Some("too few units have credited anything yet".to_owned());
            return;
        };
        // A handful that agree by chance is no proof: the floor of a share, by no more units than there are wins.
        let ratio = ratio.as_share(setting.seen.min(ratio.denominator));
        let contrast = Contrast { estimate: ratio.value - INDIFFERENT, ..Contrast::from(ratio) };
        self.preference = Some(contrast.estimate);
        let Some(once) = fixed::test(&contrast, setting.alpha) else {
            self.note = Some("too few units share the wins to tell how certain this is".to_owned());
            return;
        };
        self.p_value = Some(once.p_value);
        self.interval = Some(once.interval);
        if let Some(always) = always::test(&contrast, setting.alpha, setting.seen, setting.planned) {
            self.always_valid_p_value = Some(always.p_value);
            self.always_valid_interval = Some(always.interval);
        }
    }

    /// What needs no variance.
    fn describe(&mut self, credits: &Credits, alpha: f64) {
        let (treatment, all) = (self.treatment_wins, self.control_wins + self.treatment_wins);
        self.wilson_interval = proportion::wilson(treatment, all, alpha);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole numbers, as only those are credited")]
        let wins = (treatment as u64, all as u64);
        self.binomial_p_value = if all > EXACT { None } else { binomial::two_sided(wins.0, wins.1, INDIFFERENT) };
        let votes = |wanted: Ordering| {
            credits.buckets().iter().filter(|[control, treatment]| treatment.total_cmp(control) == wanted).count() as u64
        };
        let silent = credits.buckets().iter().filter(|wins| **wins == [0.0; 2]).count() as u64;
        let (for_control, for_treatment, ties) = (votes(Ordering::Less), votes(Ordering::Greater), votes(Ordering::Equal) - silent);
        let p_value = binomial::two_sided(for_treatment, for_control + for_treatment, INDIFFERENT);
        self.sign_test = Some(SignTest { for_control, for_treatment, ties, p_value });
    }
}

impl Judged for Preference {
    fn role(&self) -> Role {
        self.role
    }

    fn counting(&self, at_the_end: bool) -> Option<f64> {
        if at_the_end { self.p_value } else { self.always_valid_p_value }
    }

    fn conclude(&mut self, adjusted: f64, alpha: f64, _: bool) {
        self.adjusted_p_value = Some(adjusted);
        self.significant = adjusted < alpha;
        let preferred = self.preference.filter(|_| self.significant).map(|preference| preference > 0.0);
        self.better = preferred.map(|preferred| preferred == (self.direction == Direction::HigherIsBetter));
    }
}
