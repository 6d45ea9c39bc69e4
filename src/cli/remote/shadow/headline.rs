//! A comparison in one sentence: how alike the answers are, how sure that is, and what is worse than a difference.

use serde_json::Value;

use super::super::fields::{list, words};

/// `docs_v2` returns 70 % of the hits of `docs_v1` …
pub(in crate::cli) fn headline(report: &Value, reference: &str, candidate: &str) -> String {
    let Some(shared) = overlap(report, "shadow") else { return "nothing has been compared yet".to_owned() };
    let mut said = format!("`{candidate}` returns {}{} of the hits of `{reference}`", share(shared, "value"), between(shared));
    if let Some(excess) = overlap(report, "excess") {
        said.push_str(&beyond_noise(excess, reference));
    }
    let counts = [("emptied", "came back empty"), ("failed", "failed")].map(|(of, what)| {
        let found = list(report, "shares").find(|row| row["of"] == of).map(|row| &row["shadow"]);
        found.filter(|found| found["value"].is_number()).map(|found| format!("{}{} {what}", share(found, "value"), between(found)))
    });
    let counts = counts.into_iter().flatten().collect::<Vec<_>>().join(" and ");
    let counts = if counts.is_empty() { counts } else { format!(" Of its answers, {counts}.") };
    format!("{said}.{counts} ({} answers compared.)", words(&report["comparisons"]))
}

fn overlap<'r>(report: &'r Value, part: &str) -> Option<&'r Value> {
    let row = list(report, "measures").find(|row| row["measure"] == "overlap")?;
    Some(&row[part]).filter(|interval| interval["value"].is_number())
}

/// What is left once the reference's difference from itself is taken away.
fn beyond_noise(excess: &Value, reference: &str) -> String {
    let points = |field: &str| excess[field].as_f64().map(|value| format!("{:.1}", value * 100.0));
    let (Some(value), low, high) = (points("value"), points("low"), points("high")) else { return String::new() };
    match (low, high) {
        (Some(low), Some(high)) if excess["low"].as_f64() > Some(0.0) => {
            format!(": {value} points fewer than `{reference}` returns when it is asked twice ({low} to {high})")
        }
        (Some(low), Some(high)) => {
            format!(", no surely smaller part than `{reference}` returns when it is asked twice ({value} points fewer, {low} to {high})")
        }
        _ => String::new(),
    }
}

fn share(interval: &Value, field: &str) -> String {
    interval[field].as_f64().map_or_else(|| "-".to_owned(), |value| format!("{:.1} %", value * 100.0))
}

/// ` (69.0 % to 71.0 %)`
fn between(interval: &Value) -> String {
    match (interval["low"].is_number(), interval["high"].is_number()) {
        (true, true) => format!(" ({} to {})", share(interval, "low"), share(interval, "high")),
        _ => " (too few to say how surely)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report(excess_low: f64) -> Value {
        let interval = |value: f64, low: f64, high: f64| json!({"value": value, "low": low, "high": high});
        json!({
            "comparisons": 400,
            "measures": [{"measure": "overlap", "shadow": interval(0.7, 0.69, 0.71), "excess": interval(0.28, excess_low, 0.29)}],
            "shares": [{"of": "emptied", "shadow": interval(0.02, 0.01, 0.04)}, {"of": "failed", "shadow": {"value": 0.0}}],
        })
    }

    #[test]
    fn the_sentence_says_how_much_and_how_surely() {
        let wanted = "`v2` returns 70.0 % (69.0 % to 71.0 %) of the hits of `v1`: 28.0 points fewer than `v1` returns when it is \
                      asked twice (27.0 to 29.0). Of its answers, 2.0 % (1.0 % to 4.0 %) came back empty and \
                      0.0 % (too few to say how surely) failed. (400 answers compared.)";
        assert_eq!(headline(&report(0.27), "v1", "v2"), wanted);
        assert!(headline(&report(-0.01), "v1", "v2").contains("no surely smaller part"));
        assert_eq!(headline(&Value::Null, "v1", "v2"), "nothing has been compared yet");
    }
}
