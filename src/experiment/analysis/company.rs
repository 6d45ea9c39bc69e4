//! Comparisons and preferences, each in the company of the others of its role.

use super::comparison::Comparison;
use super::judged::Judged;
use super::preference::Preference;
use crate::experiment::metric::Role;
use crate::stats::inference::family::{benjamini_hochberg, holm};

/// Guardrails are held together by Holm, goals by Benjamini and Hochberg: one guardrail stops an experiment, one goal among
/// several is a finding. What is only shown is not adjusted. A preference is one more of its role.
pub(super) fn adjust(comparisons: &mut [Comparison], preferences: &mut [Preference], alpha: f64, at_the_end: bool) {
    for role in [Role::Goal, Role::Guardrail, Role::Info] {
        let comparisons = comparisons.iter_mut().map(|comparison| -> &mut dyn Judged { comparison });
        let preferences = preferences.iter_mut().map(|preference| -> &mut dyn Judged { preference });
        let family = comparisons.chain(preferences).filter(|judged| judged.role() == role);
        let mut family: Vec<(&mut dyn Judged, f64)> =
            family.filter_map(|judged| judged.counting(at_the_end).map(|p| (judged, p))).collect();
        let raw: Vec<f64> = family.iter().map(|(_, p)| *p).collect();
        let adjusted = match role {
            Role::Goal => benjamini_hochberg(&raw),
            Role::Guardrail => holm(&raw),
            Role::Info => raw,
        };
        family.iter_mut().zip(adjusted).for_each(|((judged, _), adjusted)| judged.conclude(adjusted, alpha, at_the_end));
    }
}
