//! Shadow comparisons as people read them.

use serde_json::Value;

use super::super::fields::{list, percentage, spelt, words};
use super::super::moment::{ago, distance};
use super::super::table::{Cell, Style, Table, broken};
use super::headline::headline;

/// How many of the worst answers are shown, and how many hits of each; the API has more of both.
const WORST: usize = 5;
const HITS: usize = 5;

pub(super) fn listed<'s>(shadows: impl Iterator<Item = &'s Value>, style: Style) -> String {
    let mut table = Table::new(["SHADOW", "ALIAS", "TO", "STATE", "SHARE", "CREATED"]);
    for shadow in shadows {
        let [alias, collection] = ["alias", "collection"].map(|field| Cell::of(&shadow["spec"][field]));
        let share = Cell::number(percentage(&shadow["spec"]["percentage"]));
        table.row([Cell::of(&shadow["id"]), alias, collection, state(shadow), share, Cell::whole(distance(&shadow["created"], style.now))]);
    }
    table.render_or("there are no shadow comparisons", style)
}

fn state(shadow: &Value) -> Cell {
    let paused = shadow["paused"] == true;
    Cell::state(if paused { "paused: the kill switch is on".to_owned() } else { words(&shadow["state"]) })
}

pub(super) fn in_short(shadow: &Value, style: Style) -> String {
    facts(shadow).render(style)
}

fn facts(shadow: &Value) -> Table {
    let mut facts = Table::facts();
    let spec = &shadow["spec"];
    facts.fact("shadow", Cell::of(&shadow["id"]));
    let [alias, from, collection] = ["alias", "from", "collection"].map(|field| words(&spec[field]));
    facts.fact("alias", Cell::text(format!("{alias}: {from} is compared with {collection}")));
    facts.fact("state", state(shadow));
    facts.fact("share", Cell::text(format!("{} by {}", percentage(&spec["percentage"]), words(&spec["by"]))));
    facts
}

pub(super) fn shown(shadow: &Value, style: Style) -> String {
    let mut facts = facts(shadow);
    for (name, field) in [("created", "created"), ("planned end", "planned_end"), ("stopped", "stopped_at")] {
        if !shadow[field].is_null() {
            facts.fact(name, Cell::text(ago(&shadow[field], style.now)));
        }
    }
    let [from, collection] = ["from", "collection"].map(|field| words(&shadow["spec"][field]));
    reported(&shadow["report"], Asked { how: "mirrored", reference: &from, candidate: &collection }, facts, style)
}

/// Who was compared with whom, and how the questions came to it.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Asked<'a> {
    pub(in crate::cli) how: &'a str,
    pub(in crate::cli) reference: &'a str,
    pub(in crate::cli) candidate: &'a str,
}

/// What a comparison has found: in a sentence, and below the facts about it in numbers.
pub(in crate::cli) fn reported(report: &Value, asked: Asked<'_>, mut facts: Table, style: Style) -> String {
    let compared = format!("{}, {} of them against itself", words(&report["comparisons"]), words(&report["noise_comparisons"]));
    for (name, value) in [(asked.how, words(&report["counters"]["mirrored"])), ("compared", compared)] {
        facts.fact(name, Cell::text(value));
    }
    for (why, count) in report["counters"]["dropped"].as_object().into_iter().flatten() {
        facts.fact("dropped", Cell::text(format!("{}: {}", words(count), why.replace('_', " "))));
    }
    if let Some(reason) = report["last_failure"]["reason"].as_str() {
        facts.fact("last failure", Cell::text(reason));
    }
    let sentence = Cell::text(headline(report, asked.reference, asked.candidate)).shown();
    [broken(&sentence, style.width).join("\n"), facts.render(style), measures(report, style), worst(report, style)]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("\n\n")
}

/// Each with its interval; the noise is how far the variant differs from itself, the excess what is left beyond that.
fn measures(report: &Value, style: Style) -> String {
    let mut table = Table::new(["MEASURE", "SHADOW", "NOISE", "EXCESS", "COUNT"]);
    for (field, name) in [("measures", "measure"), ("shares", "of")] {
        for row in list(report, field).filter(|row| !row["shadow"].is_null()) {
            let [shadow, excess] = ["shadow", "excess"].map(|part| Cell::number(interval(&row[part])));
            let noise = Cell::number(row["noise"]["value"].as_f64().map_or_else(|| "-".to_owned(), |value| format!("{value:.3}")));
            table.row([Cell::text(spelt(&row[name])), shadow, noise, excess, Cell::of(&row["shadow"]["observations"])]);
        }
    }
    table.render_or("", style)
}

/// `0.931 [0.920, 0.942]`
pub(super) fn interval(of: &Value) -> String {
    let number = |field: &str| of[field].as_f64().map(|value| format!("{value:.3}"));
    match (number("value"), number("low"), number("high")) {
        (Some(value), Some(low), Some(high)) => format!("{value} [{low}, {high}]"),
        (Some(value), ..) => format!("{value} (too few)"),
        _ => "-".to_owned(),
    }
}

/// Both lists of the answers that differ most, side by side.
fn worst(report: &Value, style: Style) -> String {
    let mut table = Table::new(["QUERY", "OPERATION", "OVERLAP", "RBO", "SERVED", "SHADOW"]);
    for regression in list(report, "worst").take(WORST) {
        let millionths =
            |field: &str| Cell::number(regression[field].as_f64().map_or_else(|| "-".to_owned(), |part| format!("{:.3}", part / 1e6)));
        let hits = |field: &str| Cell::text(hits(regression, field));
        let [query, operation] = ["query", "operation"].map(|field| Cell::of(&regression[field]));
        let [overlap, rbo] = ["overlap_millionths", "rbo_millionths"].map(millionths);
        table.row([query, operation, overlap, rbo, hits("reference"), hits("candidate")]);
    }
    table.render_or("", style)
}

fn hits(regression: &Value, field: &str) -> String {
    let ids: Vec<String> = list(regression, field).take(HITS).map(|hit| words(&hit["id"])).collect();
    let more = if list(regression, field).count() > HITS { " …" } else { "" };
    if ids.is_empty() { "nothing".to_owned() } else { format!("{}{more}", ids.join(" ")) }
}

/// What a canary's comparison has come to.
pub(in crate::cli::remote) fn canarys(shadow: &Value) -> Table {
    let mut facts = Table::facts();
    facts.fact("shadow", Cell::text(if shadow["under_way"] == true { "is being compared" } else { "not under way" }));
    for field in ["compared", "dropped", "overlap", "noise_overlap", "excess", "emptied_rate", "error_rate", "latency_ratio"] {
        if !shadow[field].is_null() {
            facts.fact(&field.replace('_', " "), Cell::of(&shadow[field]));
        }
    }
    facts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::testing::PLAIN;
    use super::*;

    #[test]
    fn a_report_is_measures_with_intervals_and_the_worst_answers() {
        let interval = |value: f64| json!({"value": value, "low": value - 0.01, "high": value + 0.01, "observations": 400});
        let regression = json!({
            "query": "00ff", "operation": "query", "overlap_millionths": 0, "rbo_millionths": 12_345,
            "reference": (1..8).map(|id| json!({"id": id.to_string()})).collect::<Vec<_>>(), "candidate": [],
        });
        let shadow = json!({
            "id": "shadow_1", "state": "running", "paused": false, "created": 0, "planned_end": 86_400_000, "stopped_at": null,
            "spec": {"alias": "docs", "from": "stable", "collection": "docs_v2", "percentage": 100.0, "by": "request"},
            "report": {
                "comparisons": 400, "noise_comparisons": 40, "counters": {"mirrored": 410, "dropped": {"queue_full": 10}},
                "measures": [
                    {"measure": "overlap", "shadow": interval(0.7), "noise": interval(0.98), "excess": interval(0.28)},
                    {"measure": "kendall", "shadow": null, "noise": null, "excess": null},
                ],
                "shares": [{"of": "emptied", "shadow": {"value": 0.0, "low": null, "high": null, "observations": 1}, "noise": null}],
                "worst": [regression],
            },
        });
        let text = shown(&shadow, PLAIN);
        for line in [
            "compared     400, 40 of them against itself",
            "dropped      10: queue full",
            "overlap  0.700 [0.690, 0.710]  0.980  0.280 [0.270, 0.290]    400",
            "00ff   query        0.000  0.012  1 2 3 4 5 …  nothing",
        ] {
            assert!(text.contains(line), "`{line}` is not in\n{text}");
        }
        assert!(text.contains("0.000 (too few)") && !text.contains("kendall"), "{text}");
    }

    #[test]
    fn what_stands_still_says_why() {
        let shadow = json!({"id": "shadow_1", "state": "running", "paused": true, "spec": {"alias": "docs"}});
        assert!(listed([&shadow].into_iter(), PLAIN).contains("paused: the kill switch is on"));
        assert_eq!(listed(std::iter::empty(), PLAIN), "there are no shadow comparisons");
        assert!(shown(&shadow, PLAIN).contains("nothing has been compared yet"));
    }
}
