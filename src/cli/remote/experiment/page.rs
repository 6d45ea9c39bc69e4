//! Experiments as people read them.

use serde_json::Value;

use super::super::fields::{list, percentage, words};
use super::super::moment::{ago, time};
use super::super::table::{Cell, Style, Table};

pub(super) fn listed<'e>(experiments: impl Iterator<Item = &'e Value>, style: Style) -> String {
    let mut table = Table::new(["EXPERIMENT", "ALIAS", "STATE", "PHASE", "LAYER", "EXPOSURE", "STARTED"]);
    for experiment in experiments {
        let phase = list(experiment, "phases").last().unwrap_or(&Value::Null);
        table.row([
            Cell::of(&experiment["id"]),
            Cell::of(&experiment["spec"]["alias"]),
            Cell::state(words(&experiment["state"])),
            Cell::number(words(&phase["number"])),
            Cell::number(layer(experiment)),
            Cell::number(percentage(&phase["exposure_percentage"])),
            Cell::text(ago(&experiment["started_at"], style.now)),
        ]);
    }
    table.render_or("there are no experiments", style)
}

/// The part of the alias's units.
fn layer(experiment: &Value) -> String {
    let part = &experiment["spec"]["layer"];
    format!("{}-{} %", words(&part["from_percentage"]), words(&part["to_percentage"]))
}

pub(super) fn in_short(experiment: &Value, style: Style) -> String {
    facts(experiment).render(style)
}

fn facts(experiment: &Value) -> Table {
    let mut facts = Table::facts();
    facts.fact("experiment", Cell::of(&experiment["id"]));
    facts.fact("alias", Cell::of(&experiment["spec"]["alias"]));
    facts.fact("state", Cell::state(words(&experiment["state"])));
    let phase = list(experiment, "phases").last().unwrap_or(&Value::Null);
    for arm in list(&experiment["spec"], "arms") {
        let name = words(&arm["name"]);
        let collection = arm["collection"].as_str().unwrap_or("what the alias points at");
        facts.fact("arm", Cell::text(format!("{name}: {collection}, {} of the units in it", words(&phase["weights"][&name]))));
    }
    facts.fact("layer", Cell::text(layer(experiment)));
    facts.fact("exposure", Cell::text(percentage(&phase["exposure_percentage"])));
    for warning in list(experiment, "warnings") {
        facts.fact("warning", Cell::of(warning));
    }
    facts
}

pub(super) fn shown(experiment: &Value, style: Style) -> String {
    let mut facts = facts(experiment);
    for (name, field) in [("started", "started_at"), ("planned end", "planned_end"), ("stopped", "stopped_at")] {
        if !experiment[field].is_null() {
            facts.fact(name, Cell::text(ago(&experiment[field], style.now)));
        }
    }
    let mut steps = Table::new(["WHEN", "STATE", "PHASE", "BY", "BECAUSE"]);
    for step in list(experiment, "history") {
        let [by, because] = ["actor", "reason"].map(|field| Cell::of(&step[field]));
        let when = Cell::text(ago(&step["at"], style.now));
        steps.row([when, Cell::state(words(&step["state"])), Cell::number(words(&step["phase"])), by, because]);
    }
    format!("{}\n\n{}", facts.render(style), steps.render_or("nothing has happened", style))
}

/// The sentence first: the numbers are for whoever wants to know why.
pub(super) fn analysis(report: &Value, style: Style) -> String {
    let mut arms = Table::new(["ARM", "UNITS", "REQUESTS", "ANONYMOUS", "FORCED"]);
    for arm in list(report, "arms") {
        let number = |field: &str| Cell::number(words(&arm[field]));
        let units = Cell::number(arm["units"].as_f64().map_or_else(|| "-".to_owned(), |units| format!("{units:.0}")));
        arms.row([Cell::of(&arm["name"]), units, number("requests"), number("anonymous_requests"), number("forced_requests")]);
    }
    let mut comparisons = Table::new(["ARM", "METRIC", "ROLE", "CONTROL", "TREATMENT", "LIFT", "P", "P AT ANY TIME", "VERDICT"]);
    for comparison in list(report, "comparisons") {
        let number = |field: &str| Cell::number(words(&comparison[field]));
        let lift = comparison["improvement_percent"].as_f64().map_or_else(|| "-".to_owned(), |lift| format!("{lift:+.2} %"));
        comparisons.row([
            Cell::of(&comparison["arm"]),
            Cell::of(&comparison["metric"]),
            Cell::of(&comparison["role"]),
            number("control_mean"),
            number("treatment_mean"),
            Cell::number(lift),
            number("p_value"),
            number("always_valid_p_value"),
            Cell::text(verdict(comparison)),
        ]);
    }
    let preferences = (!report["preferences"].is_null()).then(|| preferences(report, style));
    let notes: Vec<String> = list(report, "notes").map(|note| format!("note: {}", words(note))).collect();
    let tables = [arms.render(style), comparisons.render_or("nothing was compared", style)];
    let range = report["range"].is_object().then(|| format!("{} to {}", time(&report["range"]["from"]), time(&report["range"]["to"])));
    let sentence = std::iter::once(words(&report["decision"]["sentence"]));
    let parts = sentence.chain(range).chain(tables).chain(preferences).chain(notes);
    parts.collect::<Vec<_>>().join("\n\n")
}

/// Of an experiment that interleaves: whose hits were chosen, and what was not interleaved.
fn preferences(report: &Value, style: Style) -> String {
    let mut wins = Table::new(["METRIC", "ROLE", "CONTROL'S HITS", "TREATMENT'S HITS", "PREFERENCE", "P", "P AT ANY TIME", "VERDICT"]);
    for preference in list(report, "preferences") {
        let number = |field: &str| Cell::number(words(&preference[field]));
        let lead = preference["preference"].as_f64().map_or_else(|| "-".to_owned(), |lead| format!("{:+.2} %", 100.0 * lead));
        wins.row([
            Cell::of(&preference["metric"]),
            Cell::of(&preference["role"]),
            number("control_wins"),
            number("treatment_wins"),
            Cell::number(lead),
            number("p_value"),
            number("always_valid_p_value"),
            Cell::text(verdict(preference)),
        ]);
    }
    let mut answers = Table::new(["ARM", "INTERLEAVED", "NOT"]);
    for arm in list(report, "arms") {
        let why = arm["not_interleaved"].as_object().into_iter().flatten().map(|(why, count)| format!("{why} {count}"));
        let why = why.collect::<Vec<_>>().join(", ");
        answers.row([Cell::of(&arm["name"]), Cell::number(words(&arm["interleaved_requests"])), Cell::text(why)]);
    }
    format!("{}\n\n{}", answers.render(style), wins.render_or("no metric can be credited to hits", style))
}

fn verdict(comparison: &Value) -> String {
    let said = match (comparison["significant"].as_bool(), comparison["better"].as_bool()) {
        (Some(true), Some(true)) => "better",
        (Some(true), Some(false)) => "worse",
        (Some(true), None) => "different",
        _ => "not certain",
    };
    comparison["note"].as_str().map_or_else(|| said.to_owned(), |note| format!("{said}: {note}"))
}

pub(super) fn assignment(assignment: &Value, style: Style) -> String {
    let mut facts = Table::facts();
    for field in ["unit", "arm", "collection", "slot", "salt", "phase", "reason", "token"] {
        facts.fact(field, Cell::of(&assignment[field]));
    }
    let layer = &assignment["layer"];
    if layer.is_object() {
        facts.fact("layer", Cell::text(format!("{} under {}", words(&layer["slot"]), words(&layer["salt"]))));
    }
    facts.render(style)
}

pub(super) fn plan(plan: &Value, style: Style) -> String {
    let mut facts = Table::facts();
    for (name, field) in [("control", "units_control"), ("treatment", "units_treatment"), ("units", "units")] {
        facts.fact(name, Cell::of(&plan[field]));
    }
    facts.fact("to look at any time", Cell::of(&plan["units_always_valid"]));
    if let Some(days) = plan["days"].as_f64() {
        facts.fact("days", Cell::text(format!("{days:.1}")));
    }
    facts.render(style)
}
