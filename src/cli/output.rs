//! How a command prints: words for people, or the answer as JSON or YAML. Every command that prints takes these flags.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::say;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    #[default]
    Table,
    Json,
    Yaml,
}

#[derive(Clone, Copy, Debug, Default, Args)]
pub(super) struct OutputArgs {
    /// How to print: a table for people, or the whole answer as JSON or YAML
    #[arg(long, short, global = true, value_enum, default_value_t)]
    output: Output,
}

/// For commands that had `--json` before they had `--output`.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(super) struct OutputOrJsonArgs {
    #[command(flatten)]
    output: OutputArgs,
    /// The same as --output json
    #[arg(long, conflicts_with = "output")]
    json: bool,
}

impl OutputArgs {
    pub(super) fn chosen(self) -> Output {
        self.output
    }
}

impl OutputOrJsonArgs {
    pub(super) fn chosen(self) -> Output {
        if self.json { Output::Json } else { self.output.chosen() }
    }
}

impl Output {
    pub(super) fn is_for_people(self) -> bool {
        self == Self::Table
    }

    /// Prints an answer. `text` is its JSON as it came.
    pub(super) fn print(self, text: &str, answer: &Value, words: impl FnOnce(&Value) -> String) -> ExitCode {
        match self {
            Self::Table => say(format_args!("{}", words(answer))),
            // The answer to a deletion has no body.
            _ if text.is_empty() => ExitCode::SUCCESS,
            Self::Json => say(format_args!("{text}")),
            Self::Yaml => say(format_args!("{}", yaml(answer).trim_end())),
        }
    }

    /// Prints one of several documents: JSON on one line, YAML after a separator.
    pub(super) fn print_one_of_many(self, text: &str, answer: &Value) -> ExitCode {
        match self {
            Self::Yaml => say(format_args!("---\n{}", yaml(answer).trim_end())),
            _ => say(format_args!("{text}")),
        }
    }
}

/// Every JSON document is YAML, so there is always something to print.
fn yaml(value: &Value) -> String {
    serde_saphyr::to_string(value).unwrap_or_else(|_| value.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn yaml_says_what_json_says() {
        let value =
            json!({"alias": "docs", "share": 0.5, "on": "yes", "none": null, "items": [{"id": 1}, {"id": "two: three"}], "empty": []});
        let read: Value = serde_saphyr::from_str(&yaml(&value)).expect("YAML");
        assert_eq!(read, value);
    }
}
