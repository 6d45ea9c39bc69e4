//! What `check` has found, in words or as one JSON document.

use std::process::ExitCode;

use serde::Serialize;
use serde_json::Value;

use super::connect::Checked;
use crate::cli::output::Output;
use crate::cli::remote::{Cell, Table, style};
use crate::cli::{complain, listed, say, warn};
use crate::config::{Config, Fault};

#[derive(Default)]
pub(super) struct Report {
    pub(super) faults: Vec<Fault>,
    pub(super) warnings: Vec<String>,
    /// To be printed.
    pub(super) configuration: Option<Config>,
    /// None where they were not tried.
    pub(super) connections: Option<Vec<Checked>>,
}

/// A fault as scripts read it.
#[derive(Serialize)]
struct Located<'f> {
    key: &'f str,
    reason: &'f str,
    place: String,
}

impl<'f> Located<'f> {
    fn of(fault: &'f Fault) -> Self {
        Self { key: &fault.key, reason: &fault.reason, place: fault.origin.to_string() }
    }
}

#[derive(Serialize)]
struct Document<'r> {
    ok: bool,
    faults: Vec<Located<'r>>,
    warnings: &'r [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    configuration: Option<&'r Config>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connections: Option<&'r [Checked]>,
}

impl Report {
    fn is_ok(&self) -> bool {
        self.faults.is_empty() && self.failed() == 0
    }

    fn failed(&self) -> usize {
        self.connections.iter().flatten().filter(|checked| !checked.ok).count()
    }

    pub(super) fn show(&self, output: Output) -> ExitCode {
        let shown = if output.is_for_people() { self.in_words() } else { self.as_document(output) };
        if self.is_ok() { shown } else { ExitCode::FAILURE }
    }

    fn as_document(&self, output: Output) -> ExitCode {
        let document = Document {
            ok: self.is_ok(),
            faults: self.faults.iter().map(Located::of).collect(),
            warnings: &self.warnings,
            configuration: self.configuration.as_ref(),
            connections: self.connections.as_deref(),
        };
        match serde_json::to_value(&document) {
            Ok(value) => output.print(&format!("{value:#}"), &value, Value::to_string),
            Err(error) => complain(format_args!("what was found cannot be printed: {error}")),
        }
    }

    fn in_words(&self) -> ExitCode {
        if !self.faults.is_empty() {
            return complain(format_args!("{}", listed(&self.faults)));
        }
        for warning in &self.warnings {
            warn(warning);
        }
        let shown = match self.configuration.as_ref().map(serde_saphyr::to_string) {
            None => say(format_args!("the configuration is valid")),
            Some(Ok(yaml)) => say(format_args!("{}", yaml.trim_end())),
            Some(Err(error)) => complain(format_args!("the configuration is valid but cannot be printed: {error}")),
        };
        let Some(connections) = &self.connections else { return shown };
        say(format_args!("\n{}", table(connections).render(style())));
        match self.failed() {
            0 => say(format_args!("\neverything was reached; nothing was changed, and nothing was delivered to webhooks")),
            1 => complain(format_args!("\n1 of {} failed", connections.len())),
            failed => complain(format_args!("\n{failed} of {} failed", connections.len())),
        }
    }
}

fn table(connections: &[Checked]) -> Table {
    let mut table = Table::new(["WHAT", "WHERE", "RESULT", "WHY", "WHAT TO DO"]);
    for Checked { what, place, ok, why, todo } in connections {
        let result = if *ok { "ok" } else { "failed" };
        let todo = todo.as_deref().unwrap_or("-");
        table.row([Cell::text(what), Cell::text(place), Cell::state(result), Cell::text(why), Cell::text(todo)]);
    }
    table
}
