//! An analysis in a sentence, and each comparison in a few words.

use serde_json::Value;

use super::super::fields::{list, words};

/// Pointsman's sentence, and where both arms answered together what the choices of users say, with its interval.
pub(super) fn headline(report: &Value) -> String {
    let sentence = words(&report["decision"]["sentence"]);
    let goal = list(report, "preferences").find(|preference| preference["role"] == "goal");
    match goal.and_then(|goal| preferred(goal, at_the_end(report))) {
        Some(preferred) => format!("{sentence} {preferred}"),
        None => sentence,
    }
}

pub(super) fn at_the_end(report: &Value) -> bool {
    report["at_the_planned_end"] == true
}

/// Whose hits were chosen.
fn preferred(preference: &Value, at_the_end: bool) -> Option<String> {
    let wins = |field: &str| preference[field].as_f64();
    let (control, treatment) = (wins("control_wins")?, wins("treatment_wins")?);
    let all = control + treatment;
    if all <= 0.0 {
        return None;
    }
    let interval = counting(preference, at_the_end);
    let part = |value: f64| format!("{:.1} %", 100.0 * (0.5 + value));
    let between = ends(interval).map_or_else(String::new, |(low, high)| format!(" ({} to {})", part(low), part(high)));
    let (metric, arm) = (words(&preference["metric"]), words(&preference["arm"]));
    Some(format!(
        "Of {all:.0} credited hits with `{metric}`, {}{between} were of `{arm}`; 50 % means no preference.",
        part(treatment / all - 0.5)
    ))
}

/// The interval that counts: at the planned end that of one look, until then one that holds at every look.
fn counting(found: &Value, at_the_end: bool) -> &Value {
    if at_the_end { &found["interval"] } else { &found["always_valid_interval"] }
}

fn ends(interval: &Value) -> Option<(f64, f64)> {
    interval["low"].as_f64().zip(interval["high"].as_f64())
}

/// `+10.0 %, +0.03 [+0.01, +0.05]`: the lift, and the difference with the interval that counts.
pub(super) fn lift_in_short(comparison: &Value, at_the_end: bool) -> String {
    let lift = comparison["improvement_percent"].as_f64().map(|lift| format!("{lift:+.1} %"));
    let difference = comparison["difference"].as_f64().map(|difference| {
        let between = ends(counting(comparison, at_the_end)).map(|(low, high)| format!(" [{}, {}]", signed(low), signed(high)));
        format!("{}{}", signed(difference), between.unwrap_or_default())
    });
    match (lift, difference) {
        (Some(lift), Some(difference)) => format!("{lift}, {difference}"),
        (lift, difference) => lift.or(difference).unwrap_or_else(|| "-".to_owned()),
    }
}

/// The same with its sign.
fn signed(value: f64) -> String {
    format!("{}{}", if value < 0.0 { "" } else { "+" }, short(value))
}

/// Three digits that mean something.
pub(super) fn short(value: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 6")]
    let digits = if value == 0.0 { 0 } else { (2.0 - value.abs().log10().floor()).clamp(0.0, 6.0) as usize };
    format!("{value:.digits$}")
}

pub(super) fn verdict(comparison: &Value) -> &'static str {
    match (comparison["significant"].as_bool(), comparison["better"].as_bool()) {
        (Some(true), Some(true)) => "better",
        (Some(true), Some(false)) => "worse",
        (Some(true), None) => "different",
        _ => "not certain",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_chosen_stands_in_the_headline_with_its_interval() {
        let preference = json!({
            "arm": "treatment", "metric": "click", "role": "goal", "control_wins": 40.0, "treatment_wins": 60.0,
            "always_valid_interval": {"low": -0.02, "high": 0.22},
        });
        let report = json!({"decision": {"sentence": "Keep running."}, "at_the_planned_end": false, "preferences": [preference]});
        let wanted = "Keep running. Of 100 credited hits with `click`, 60.0 % (48.0 % to 72.0 %) were of `treatment`; \
                      50 % means no preference.";
        assert_eq!(headline(&report), wanted);
    }

    #[test]
    fn a_lift_has_the_interval_that_counts() {
        let comparison = json!({
            "improvement_percent": 10.04, "difference": 0.03, "interval": {"low": 0.02, "high": 0.04},
            "always_valid_interval": {"low": 0.012_34, "high": 0.05},
        });
        assert_eq!(lift_in_short(&comparison, false), "+10.0 %, +0.0300 [+0.0123, +0.0500]");
        assert_eq!(lift_in_short(&comparison, true), "+10.0 %, +0.0300 [+0.0200, +0.0400]");
        assert_eq!(lift_in_short(&json!({}), true), "-");
    }
}
