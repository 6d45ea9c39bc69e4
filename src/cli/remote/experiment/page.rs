//! Experiments as people read them.

use serde_json::Value;

use super::super::fields::{list, percentage, words};
use super::super::moment::{ago, distance, time};
use super::super::table::{Cell, Style, Table, broken};
use super::headline::{at_the_end, headline, lift_in_short, short, verdict};

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
            Cell::whole(distance(&experiment["started_at"], style.now)),
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
        let (by, because) = (Cell::of(&step["actor"]), Cell::prose(words(&step["reason"])));
        let when = Cell::whole(distance(&step["at"], style.now));
        steps.row([when, Cell::state(words(&step["state"])), Cell::number(words(&step["phase"])), by, because]);
    }
    format!("{}\n\n{}", facts.render(style), steps.render_or("nothing has happened", style))
}

/// The sentence first: the numbers are for those who want to know why. Of them first what decides.
pub(super) fn analysis(report: &Value, style: Style) -> String {
    let sentence = Cell::text(headline(report)).shown();
    let range = report["range"].is_object().then(|| format!("{} to {}", time(&report["range"]["from"]), time(&report["range"]["to"])));
    let preferences = (!report["preferences"].is_null()).then(|| preferences(report, style));
    let comparisons = [("goal", "GOAL"), ("guardrail", "GUARDRAIL"), ("info", "ONLY SHOWN")]
        .into_iter()
        .filter_map(|(role, head)| comparisons(report, role, head, style));
    let mut numbers: Vec<String> = preferences.into_iter().chain(comparisons).collect();
    if numbers.is_empty() {
        numbers.push("nothing was compared".to_owned());
    }
    let notes = list(report, "notes").map(|note| format!("note: {}", Cell::of(note).shown()));
    let notes: Vec<String> = notes.flat_map(|note| broken(&note, style.width)).collect();
    let notes = (!notes.is_empty()).then(|| notes.join("\n"));
    let parts =
        std::iter::once(broken(&sentence, style.width).join("\n")).chain(range).chain(numbers).chain([arms(report, style)]).chain(notes);
    parts.collect::<Vec<_>>().join("\n\n")
}

fn arms(report: &Value, style: Style) -> String {
    let mut arms = Table::new(["ARM", "UNITS", "REQUESTS", "ANONYMOUS", "FORCED"]);
    for arm in list(report, "arms") {
        let number = |field: &str| Cell::number(words(&arm[field]));
        let units = Cell::number(arm["units"].as_f64().map_or_else(|| "-".to_owned(), |units| format!("{units:.0}")));
        arms.row([Cell::of(&arm["name"]), units, number("requests"), number("anonymous_requests"), number("forced_requests")]);
    }
    arms.render(style)
}

/// Those of one role; what cannot be said of them stands below. The p-values are in the JSON and in the CSV.
fn comparisons(report: &Value, role: &str, head: &str, style: Style) -> Option<String> {
    let several = list(report, "arms").count() > 2;
    let mut table = Table::new([head, "CONTROL -> ARM", "LIFT, DIFFERENCE [INTERVAL]", "VERDICT"]);
    let mut notes: Vec<(&str, Vec<String>)> = Vec::new();
    for comparison in list(report, "comparisons").filter(|comparison| comparison["role"] == role) {
        let (metric, arm) = (words(&comparison["metric"]), words(&comparison["arm"]));
        let name = if several { format!("{metric} of {arm}") } else { metric };
        if let Some(note) = comparison["note"].as_str() {
            match notes.iter_mut().find(|(said, _)| *said == note) {
                Some((_, names)) => names.push(name.clone()),
                None => notes.push((note, vec![name.clone()])),
            }
        }
        let mean = |field: &str| comparison[field].as_f64().map(short);
        if let Some((control, treatment)) = mean("control_mean").zip(mean("treatment_mean")) {
            let (means, lift) = (format!("{control} -> {treatment}"), lift_in_short(comparison, at_the_end(report)));
            table.row([Cell::text(name), Cell::whole(means), Cell::whole(lift), Cell::whole(verdict(comparison))]);
        }
    }
    let notes = notes.into_iter().flat_map(|(note, names)| {
        let said = format!("{} {}: {note}", head.to_lowercase(), names.join(", "));
        broken(&Cell::text(said).shown(), style.width)
    });
    let lines: Vec<String> = (!table.is_empty()).then(|| table.render(style)).into_iter().chain(notes).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Of an experiment that interleaves: whose hits were chosen, and what was not interleaved.
fn preferences(report: &Value, style: Style) -> String {
    let mut wins = Table::new(["PREFERRED BY", "ROLE", "CONTROL'S", "TREATMENT'S", "PREFERENCE", "VERDICT"]);
    for preference in list(report, "preferences") {
        let number = |field: &str| Cell::number(words(&preference[field]));
        let lead = preference["preference"].as_f64().map_or_else(|| "-".to_owned(), |lead| format!("{:+.2} %", 100.0 * lead));
        wins.row([
            Cell::of(&preference["metric"]),
            Cell::of(&preference["role"]),
            number("control_wins"),
            number("treatment_wins"),
            Cell::number(lead),
            Cell::text(verdict(preference)),
        ]);
    }
    let mut answers = Table::new(["ARM", "INTERLEAVED", "NOT"]);
    for arm in list(report, "arms") {
        let why = arm["not_interleaved"].as_object().into_iter().flatten().map(|(why, count)| format!("{why} {count}"));
        let why = why.collect::<Vec<_>>().join(", ");
        answers.row([Cell::of(&arm["name"]), Cell::number(words(&arm["interleaved_requests"])), Cell::prose(why)]);
    }
    format!("{}\n\n{}", wins.render_or("no metric can be credited to hits", style), answers.render(style))
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
