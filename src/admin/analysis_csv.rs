//! An analysis as CSV: one of its tables, for a spreadsheet or a notebook.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::config::Timestamp;

/// What there is a line of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "AnalysisTable")]
pub(super) enum Table {
    /// Each treatment and metric.
    #[default]
    Comparisons,
    /// Each metric whose hits were credited, of an experiment that interleaves.
    Preferences,
    /// Each arm and metric.
    Arms,
}

/// Fields of a line by name, in order.
type Row = Vec<(String, Value)>;

/// Each line has the verdict, so that none is read without it. Of a range, it says which: such lines are put below each other.
///
/// # Errors
/// None is known: it is written to memory.
pub(super) fn csv(report: &Value, table: Table) -> csv::Result<Vec<u8>> {
    let rows = match table {
        Table::Comparisons => listed(&report["comparisons"]),
        Table::Preferences => listed(&report["preferences"]),
        Table::Arms => measured(&report["arms"]),
    };
    let (columns, common) = (columns(&rows), common(report));
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(columns.iter().map(String::as_str).chain(common.iter().map(|(name, _)| *name)))?;
    for row in &rows {
        let has: Vec<(String, String)> = row.iter().flat_map(|(name, value)| cells(name, value)).collect();
        let cell = |name: &String| has.iter().find(|(known, _)| known == name).map_or("", |(_, cell)| cell.as_str());
        writer.write_record(columns.iter().map(cell).chain(common.iter().map(|(_, cell)| cell.as_str())))?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// What is the same for all lines.
fn common(report: &Value) -> Vec<(&'static str, String)> {
    let decision = &report["decision"];
    let mut common = vec![("verdict", plain(&decision["verdict"])), ("reason", plain(&decision["reason"]))];
    for edge in ["from", "to"] {
        common.extend(report["range"][edge].as_u64().map(|at| (edge, Timestamp::from_millis(at).to_string())));
    }
    common
}

/// The columns of all fields, in the order of the fields. A group that a line has not is a group all the same.
fn columns(rows: &[Row]) -> Vec<String> {
    let mut fields: Vec<(&str, Vec<String>)> = Vec::new();
    for (name, value) in rows.iter().flatten() {
        let names: Vec<String> = cells(name, value).into_iter().map(|(name, _)| name).collect();
        match fields.iter_mut().find(|(known, _)| known == name) {
            None => fields.push((name, names)),
            Some((_, known)) if known.len() < names.len() => *known = names,
            Some(_) => {}
        }
    }
    fields.into_iter().flat_map(|(_, names)| names).collect()
}

/// The entries of a list, a note last: it is text, and not every line has one.
fn listed(list: &Value) -> Vec<Row> {
    let entries = list.as_array().into_iter().flatten().filter_map(Value::as_object);
    let row = |entry: &serde_json::Map<String, Value>| {
        let fields = entry.iter().filter(|(name, _)| *name != "note");
        let note = entry.get("note").cloned().unwrap_or_default();
        fields.map(|(name, value)| (name.clone(), value.clone())).chain([("note".to_owned(), note)]).collect()
    };
    entries.map(row).collect()
}

/// A line for each metric of each arm, with what is the same for all of the arm.
fn measured(arms: &Value) -> Vec<Row> {
    let mut rows = Vec::new();
    for arm in arms.as_array().into_iter().flatten().filter_map(Value::as_object) {
        let own = |name: &str| if name == "name" { "arm".to_owned() } else { name.to_owned() };
        let of_arm = arm.iter().filter(|(_, value)| !value.is_object()).map(|(name, value)| (own(name), value.clone()));
        let of_arm: Row = of_arm.collect();
        let metrics = arm.get("metrics").and_then(Value::as_object);
        for (name, metric) in metrics.into_iter().flatten() {
            let of_metric = metric.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), value.clone()));
            rows.push(of_arm.iter().cloned().chain([("metric".to_owned(), Value::from(name.clone()))]).chain(of_metric).collect());
        }
    }
    rows
}

/// What is nested becomes as many cells.
fn cells(name: &str, value: &Value) -> Vec<(String, String)> {
    if name.ends_with("interval") {
        return ["low", "high"].map(|end| (format!("{name}_{end}"), plain(&value[end]))).into();
    }
    match value.as_object() {
        Some(group) => group.iter().flat_map(|(inner, value)| cells(&format!("{name}_{inner}"), value)).collect(),
        None => vec![(name.to_owned(), plain(value))],
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report() -> Value {
        json!({
            "decision": {"verdict": "invalid", "reason": "leak"},
            "range": {"from": 0, "to": 60_000},
            "comparisons": [
                {"arm": "b", "interval": {"low": 1.5, "high": 2}, "share": null, "note": "say \"no\", or not"},
                {"arm": "c", "interval": null, "share": {"p_value": 0.5, "interval": null}},
            ],
            "arms": [
                {"name": "a", "units": 3.0, "not_interleaved": {"offset": 1}, "metrics": {"click": {"samples": 2, "mean": 0.5}}},
                {"name": "b", "units": 4.0, "not_interleaved": {}, "metrics": {}},
            ],
        })
    }

    fn text(report: &Value, table: Table) -> String {
        String::from_utf8(csv(report, table).expect("memory takes it")).expect("text")
    }

    #[test]
    fn groups_are_columns_whichever_line_has_them_first() {
        let lines = text(&report(), Table::Comparisons);
        let ends = "invalid,leak,1970-01-01T00:00:00Z,1970-01-01T00:01:00Z";
        let expected = [
            "arm,interval_low,interval_high,share_p_value,share_interval_low,share_interval_high,note,verdict,reason,from,to".to_owned(),
            format!("b,1.5,2,,,,\"say \"\"no\"\", or not\",{ends}"),
            format!("c,,,0.5,,,,{ends}"),
        ];
        assert_eq!(lines.split_terminator("\r\n").collect::<Vec<_>>(), expected);
    }

    #[test]
    fn arms_have_a_line_for_each_metric() {
        let lines = text(&json!({"decision": {"verdict": "ship", "reason": null}, "arms": report()["arms"]}), Table::Arms);
        assert_eq!(lines, "arm,units,metric,samples,mean,verdict,reason\r\na,3.0,click,2,0.5,ship,\r\n");
    }

    #[test]
    fn of_nothing_there_is_a_header() {
        assert_eq!(text(&json!({"decision": {"verdict": "ship"}}), Table::Preferences), "verdict,reason\r\n");
    }
}
