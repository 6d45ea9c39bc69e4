//! How large does an experiment have to be?

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::control::engine::ControlError;
use crate::routing::SpecFault;
use crate::stats::inference::power::Design;
use crate::stats::sequence::{Sequence, Sides};

/// How large an experiment has to be.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ExperimentPlanRequest")]
pub struct PlanRequest {
    /// The mean of the metric today; of a share, the share.
    pub mean: f64,
    /// The standard deviation of the value of one unit, above 0. Default: that of a share, `sqrt(mean (1 - mean))`.
    #[serde(default)]
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub standard_deviation: Option<f64>,
    /// The smallest lift worth finding, in percent of the mean.
    pub lift_percent: f64,
    /// The treatment's part of the units, between 0 and 1.
    #[serde(default = "half")]
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub traffic_split: f64,
    /// The chance of a false finding, between 0 and 1.
    #[serde(default = "five_percent")]
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub alpha: f64,
    /// The chance to find the lift if it is there, between 0 and 1.
    #[serde(default = "eighty_percent")]
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub power: f64,
    /// How many times as uncertain a mean is as that of independent values, where the values of a unit are alike. Above 0.
    #[serde(default = "one")]
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub design_effect: f64,
    /// How many new units come each day, above 0. It gives `days`.
    #[serde(default)]
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub units_per_day: Option<f64>,
    /// A number of units in all, to learn what can be seen with it. At least 1.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub units: Option<u64>,
}

const fn half() -> f64 {
    0.5
}

const fn five_percent() -> f64 {
    0.05
}

const fn eighty_percent() -> f64 {
    0.8
}

const fn one() -> f64 {
    1.0
}

#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "ExperimentPlan")]
pub struct Planned {
    /// For one look at the end.
    pub units_control: u64,
    pub units_treatment: u64,
    pub units: u64,
    /// For looks at any time, as `planned_units` of an experiment.
    pub units_always_valid: u64,
    pub days: Option<f64>,
    /// Units in all, for one look at the end, as other programs would have them.
    pub by_other_methods: OtherMethods,
    /// With the units that were asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with_units: Option<WithUnits>,
}

/// They agree unless there are few units, or shares are far apart.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct OtherMethods {
    /// By Student's t instead of a normal distribution.
    pub t_test: Option<u64>,
    /// Of a share: one variance for both while a difference is looked for.
    pub pooled: Option<u64>,
    /// Of a share: by angles.
    pub arcsine: Option<u64>,
}

/// By Student's t, at one look.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct WithUnits {
    pub units: u64,
    /// The chance to see the lift.
    pub power: Option<f64>,
    /// The smallest lift that is seen with the power that was asked for.
    pub detectable_lift_percent: Option<f64>,
}

/// # Errors
/// When the numbers describe no experiment.
pub fn plan(request: &PlanRequest) -> Result<Planned, ControlError> {
    let mut faults = Vec::new();
    let shares = [("traffic_split", request.traffic_split), ("alpha", request.alpha), ("power", request.power)];
    for (field, share) in shares.into_iter().filter(|(_, share)| !(*share > 0.0 && *share < 1.0)) {
        faults.push(SpecFault::new(field, format!("must be between 0 and 1, not {share}")));
    }
    let difference = request.mean * request.lift_percent / 100.0;
    if !(difference.is_finite() && difference != 0.0) {
        faults.push(SpecFault::new("lift_percent", "of the mean must be a difference: neither can be zero"));
    }
    let share = request.standard_deviation.is_none();
    let (before, after) = (request.mean, request.mean + difference);
    if share && !((0.0..=1.0).contains(&before) && (0.0..=1.0).contains(&after)) {
        faults.push(SpecFault::new("standard_deviation", "is missing: a mean that is no share has no spread of its own"));
    }
    if request.standard_deviation.is_some_and(|deviation| !(deviation > 0.0 && deviation.is_finite())) {
        faults.push(SpecFault::new("standard_deviation", "must be a number above zero"));
    }
    if !(request.design_effect > 0.0 && request.design_effect.is_finite()) {
        faults.push(SpecFault::new("design_effect", "must be a number above zero"));
    }
    if request.units_per_day.is_some_and(|units| units.is_nan() || units <= 0.0) {
        faults.push(SpecFault::new("units_per_day", "must be above zero"));
    }
    if request.units == Some(0) {
        faults.push(SpecFault::new("units", "must be above zero"));
    }
    if !faults.is_empty() {
        return Err(ControlError::Invalid(faults));
    }
    Ok(planned(request, difference))
}

fn planned(request: &PlanRequest, difference: f64) -> Planned {
    let (before, after) = (request.mean, request.mean + difference);
    let variance =
        |mean: f64| request.standard_deviation.map_or(mean * (1.0 - mean), |deviation| deviation * deviation) * request.design_effect;
    let variances = (variance(before), variance(after));
    let ratio = request.traffic_split / (1.0 - request.traffic_split);
    let design = Design { alpha: request.alpha, power: request.power, ratio };
    let control = design.units(difference, variances.0, variances.1).unwrap_or(f64::MAX);
    let units = control * (1.0 + ratio);
    // At its planned size a sequence is a constant number of standard errors wide.
    let boundary = Sequence::new(Sides::Two, request.alpha, units).map_or(f64::MAX, |sequence| sequence.boundary(units));
    let always = units * design.widened(boundary).powi(2);
    let of_share = |units: Option<f64>| units.filter(|_| request.standard_deviation.is_none()).map(|units| units * request.design_effect);
    let in_all = |control: Option<f64>| control.map(|control| whole(control).saturating_add(whole(control * ratio)));
    Planned {
        units_control: whole(control),
        units_treatment: whole(control * ratio),
        units: whole(control).saturating_add(whole(control * ratio)),
        units_always_valid: whole(always),
        days: request.units_per_day.map(|per_day| units / per_day),
        by_other_methods: OtherMethods {
            t_test: in_all(design.units_of_t(difference, variances)),
            pooled: in_all(of_share(design.units_pooled(before, after))),
            arcsine: in_all(of_share(design.units_by_arcsine(before, after))),
        },
        with_units: request.units.map(|units| {
            let control = units as f64 / (1.0 + ratio);
            WithUnits {
                units,
                power: design.power_of_t(difference, control, variances),
                detectable_lift_percent: design.detectable_by_t(control, variances).map(|seen| seen / request.mean.abs() * 100.0),
            }
        }),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
fn whole(count: f64) -> u64 {
    count.ceil() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(request: &serde_json::Value) -> Planned {
        plan(&serde_json::from_value(request.clone()).expect("the form of a request")).expect("a plan")
    }

    /// From 10 % to 12 %, as statsmodels and textbooks have it; `units_control` has the variances of both apart.
    #[test]
    fn a_share_is_planned_by_every_method() {
        let found = planned(&serde_json::json!({"mean": 0.1, "lift_percent": 20}));
        assert_eq!(found.units_control, 3_839);
        assert_eq!(found.by_other_methods, OtherMethods { t_test: Some(7_680), pooled: Some(7_682), arcsine: Some(7_670) });
        assert_eq!(found.with_units, None);
    }

    #[test]
    fn what_is_planned_is_what_is_seen() {
        let request = serde_json::json!({"mean": 10.0, "standard_deviation": 4.0, "lift_percent": 5, "traffic_split": 0.2});
        let found = planned(&request);
        let units = found.by_other_methods.t_test.expect("a difference");
        assert!(units >= found.units && units < found.units + 10, "{found:?}");
        assert_eq!(found.by_other_methods.pooled, None, "no share");
        let mut request = request;
        request["units"] = units.into();
        let with = planned(&request).with_units.expect("they were asked about");
        assert!((0.8..0.801).contains(&with.power.expect("enough units")), "{with:?}");
        assert!((4.99..=5.0).contains(&with.detectable_lift_percent.expect("enough units")), "{with:?}");
        request["units"] = 2.into();
        assert_eq!(planned(&request).with_units.expect("they were asked about").power, None, "too few to estimate a spread from");
    }
}
