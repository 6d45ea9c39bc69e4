//! Deployments as people read them.

use serde_json::Value;

use super::super::fields::{list, words};
use super::super::moment::{distance, length};
use super::super::table::{Cell, Style, Table};

pub(super) fn listed<'d>(deployments: impl Iterator<Item = &'d Value>, style: Style) -> String {
    let mut table = Table::new(["DEPLOYMENT", "ALIAS", "COLLECTION", "STATE", "PROGRESS", "BECAUSE"]);
    for deployment in deployments {
        let [id, alias, collection] = ["id", "alias", "collection"].map(|field| Cell::of(&deployment[field]));
        let because = list(deployment, "history").last().map_or_else(String::new, |step| words(&step["reason"]));
        let state = Cell::state(words(&deployment["state"]));
        table.row([id, alias, collection, state, Cell::text(progress(&deployment["progress"])), Cell::text(because)]);
    }
    table.render_or("there are no deployments", style)
}

/// `1200 of 5000 points, 400 a second, 9 s left`
pub(super) fn progress(copy: &Value) -> String {
    if copy.is_null() {
        return "-".to_owned();
    }
    let mut said = format!("{} of {} points", copy["points"], copy["total"]);
    if let Some(rate) = copy["points_per_second"].as_f64().filter(|rate| *rate > 0.0) {
        said.push_str(&format!(", {rate:.0} a second"));
    }
    if let Some(left) = copy["left_ms"].as_u64().filter(|left| *left > 0) {
        said.push_str(&format!(", {} left", length(left)));
    }
    said
}

pub(super) fn in_short(deployment: &Value, style: Style) -> String {
    let mut facts = Table::facts();
    facts.fact("deployment", Cell::of(&deployment["id"]));
    for field in ["alias", "collection"] {
        facts.fact(field, Cell::of(&deployment[field]));
    }
    facts.fact("state", Cell::state(words(&deployment["state"])));
    for warning in list(deployment, "warnings") {
        facts.fact("warning", Cell::of(warning));
    }
    facts.render(style)
}

pub(super) fn shown(deployment: &Value, style: Style) -> String {
    let mut facts = Table::facts();
    facts.fact("deployment", Cell::of(&deployment["id"]));
    for field in ["alias", "collection", "previous", "canary"] {
        if !deployment[field].is_null() {
            facts.fact(field, Cell::of(&deployment[field]));
        }
    }
    facts.fact("source", Cell::of(&deployment["spec"]["source"]));
    facts.fact("state", Cell::state(words(&deployment["state"])));
    if !deployment["progress"].is_null() {
        facts.fact("copied", Cell::text(progress(&deployment["progress"])));
    }
    if !deployment["validation"].is_null() {
        facts.fact("validation", Cell::of(&deployment["validation"]["outcome"]));
    }
    for result in list(&deployment["validation"], "results") {
        let failures: Vec<String> = list(result, "failures").map(|failure| words(&failure["reason"])).collect();
        let outcome = if failures.is_empty() { "passed".to_owned() } else { failures.join("; ") };
        facts.fact("query", Cell::text(format!("{}: {outcome}", words(&result["name"]))));
    }
    for difference in list(deployment, "differences") {
        facts.fact("difference", Cell::text(format!("{} ({})", words(&difference["sentence"]), words(&difference["severity"]))));
    }
    if !deployment["error"].is_null() {
        facts.fact("trouble", Cell::text(format!("attempt {}: {}", deployment["attempts"], words(&deployment["error"]))));
    }
    for warning in list(deployment, "warnings") {
        facts.fact("warning", Cell::of(warning));
    }
    let mut steps = Table::new(["WHEN", "STATE", "BY", "BECAUSE"]);
    for step in list(deployment, "history") {
        let (by, because) = (Cell::of(&step["actor"]), Cell::prose(words(&step["reason"])));
        steps.row([Cell::whole(distance(&step["at"], style.now)), Cell::state(words(&step["to"]["name"])), by, because]);
    }
    format!("{}\n\n{}", facts.render(style), steps.render_or("nothing has happened", style))
}

pub(super) fn preview(preview: &Value, style: Style) -> String {
    let mut table = Table::new(["STATE", "WHAT WOULD BE DONE", "REQUESTS"]);
    for step in list(preview, "steps") {
        let requests: Vec<String> =
            list(step, "requests").map(|request| format!("{} {}", words(&request["method"]), words(&request["path"]))).collect();
        table.row([Cell::of(&step["state"]), Cell::prose(words(&step["does"])), Cell::prose(requests.join(", "))]);
    }
    let warnings: Vec<String> = list(preview, "warnings").map(|warning| format!("warning: {}", words(warning))).collect();
    let steps = table.render_or("nothing", style);
    if warnings.is_empty() { steps } else { format!("{}\n\n{steps}", warnings.join("\n")) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_copy_says_how_far_it_is() {
        assert_eq!(progress(&Value::Null), "-");
        let copy = json!({"points": 1200, "total": 5000, "points_per_second": 400.2, "left_ms": 9500});
        assert!(progress(&copy).starts_with("1200 of 5000 points, 400 a second, "), "{}", progress(&copy));
        let done = json!({"points": 5000, "total": 5000, "points_per_second": null, "left_ms": 0});
        assert_eq!(progress(&done), "5000 of 5000 points");
    }
}
