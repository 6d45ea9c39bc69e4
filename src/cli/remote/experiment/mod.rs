//! `pointsman experiment`: A/B tests between collections.

mod headline;
mod page;
mod view;
mod watch;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use reqwest::Method;
use serde_json::{Map, Value, json};

use self::watch::Seen;
use super::fields::list;
use super::paging::PageArgs;
use super::reference::{EXPERIMENT, WHICH_EXPERIMENT};
use super::rollout::{Rollouts, no_way_back};
use super::session::{RemoteArgs, Session};
use super::{Ask, Failure, Outcome, Weight, at, complete, document};
use crate::cli::say;
use crate::config::Period;
use crate::experiment::LayerPart;

const PATH: &str = "/v1/experiments";

pub(super) use self::view::view;

const EXPERIMENTS: Rollouts<Seen> = Rollouts {
    kind: &EXPERIMENT,
    in_short: page::in_short,
    news: Seen::default,
    view,
    goal: "ended",
    beside: Some("analysis"),
    way_back: no_way_back,
};

#[derive(Debug, Args)]
pub(in crate::cli) struct ExperimentArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    remote: RemoteArgs,
}

/// What a CSV has a line of.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Table {
    Comparisons,
    Preferences,
    Arms,
}

impl Table {
    const fn name(self) -> &'static str {
        match self {
            Self::Comparisons => "comparisons",
            Self::Preferences => "preferences",
            Self::Arms => "arms",
        }
    }
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Compare collections on an alias's own users
    #[command(after_help = "Example:\n  pointsman experiment create ranking docs docs_v2 --metric click=binary --max-duration 14d")]
    Create {
        #[command(flatten)]
        spec: Box<SpecArgs>,
        /// The same key creates one experiment, however often the command is given within a day
        #[arg(long, value_name = "KEY")]
        idempotency_key: Option<String>,
        /// Follow it until its traffic is back on the alias and its analysis is frozen
        #[arg(long)]
        watch: bool,
    },
    /// All experiments
    #[command(after_help = "Example:\n  pointsman experiment list --limit 20")]
    List(PageArgs),
    /// One experiment: its arms, its phases, its history
    #[command(after_help = "Example:\n  pointsman experiment show docs --watch")]
    Show {
        #[arg(value_name = "EXPERIMENT", help = WHICH_EXPERIMENT, add = complete::rollouts(&EXPERIMENT))]
        id: String,
        /// Follow it until its traffic is back on the alias and its analysis is frozen
        #[arg(long)]
        watch: bool,
    },
    /// What may be concluded
    #[command(after_help = "Example:\n  pointsman experiment analysis docs --csv")]
    Analysis {
        #[arg(value_name = "EXPERIMENT", help = WHICH_EXPERIMENT, add = complete::rollouts(&EXPERIMENT))]
        id: String,
        /// Of an earlier phase [default: the present or last one]
        #[arg(long)]
        phase: Option<u32>,
        /// Only what was counted from this moment on, such as 2026-11-24T08:00:00Z; rounded to slices of time
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// Only what was counted before this moment
        #[arg(long, value_name = "TIME")]
        to: Option<String>,
        /// A table for a spreadsheet: one line a comparison, a preference, or an arm and metric
        #[arg(long, value_name = "TABLE", num_args = 0..=1, require_equals = true, default_missing_value = "comparisons")]
        csv: Option<Table>,
    },
    /// The arm that a unit has; looking counts nothing
    #[command(after_help = "Example:\n  pointsman experiment assign docs user-42")]
    Assign {
        #[arg(value_name = "EXPERIMENT", help = WHICH_EXPERIMENT, add = complete::rollouts(&EXPERIMENT))]
        id: String,
        /// The user id, or what else requests are dealt by
        unit: String,
    },
    /// Another split, or another exposure
    #[command(after_help = "Example:\n  pointsman experiment change docs --weight control=0.5 --weight treatment=0.5")]
    Change {
        #[arg(value_name = "EXPERIMENT", help = WHICH_EXPERIMENT, add = complete::rollouts(&EXPERIMENT))]
        id: String,
        /// An arm and its part, such as treatment=0.2; all of them, adding up to 1. Begins a new phase
        #[arg(long = "weight", value_name = "ARM=PART")]
        weights: Vec<Weight>,
        /// Of the units, in percent. More only adds units
        #[arg(long, value_name = "PERCENT")]
        exposure: Option<f64>,
    },
    /// Send the traffic back to the alias
    #[command(after_help = "Example:\n  pointsman experiment stop docs --promote treatment")]
    Stop {
        #[arg(value_name = "EXPERIMENT", help = WHICH_EXPERIMENT, add = complete::rollouts(&EXPERIMENT))]
        id: String,
        /// Give the alias to this arm's collection
        #[arg(long, value_name = "ARM")]
        promote: Option<String>,
        /// At once, instead of by a canary
        #[arg(long, requires = "promote")]
        switch: bool,
        /// How long feedback is still taken
        #[arg(long, value_name = "TIME")]
        late_feedback: Option<Period>,
        /// Promote though acknowledged writes are lost by it: those that went to the alias since the experiment began
        #[arg(long, requires = "promote")]
        accept_lost_writes: bool,
    },
    /// How many units an experiment needs
    #[command(after_help = "Example:\n  pointsman experiment plan --mean 0.12 --lift 5 --per-day 2000")]
    Plan {
        /// The mean of the metric today; of a share, the share
        #[arg(long)]
        mean: f64,
        /// The smallest lift worth finding, in percent of the mean
        #[arg(long)]
        lift: f64,
        /// Of one unit's value [default: that of a share]
        #[arg(long)]
        deviation: Option<f64>,
        /// Units that come anew each day
        #[arg(long)]
        per_day: Option<f64>,
    },
}

/// What has no flag stands in the file; see docs/experiments.md for all fields.
#[derive(Debug, Args)]
struct SpecArgs {
    /// What to call it
    #[arg(required_unless_present = "file")]
    name: Option<String>,
    /// The alias whose reads are split
    #[arg(required_unless_present = "file", add = complete::aliases())]
    alias: Option<String>,
    /// The collection to compare with what the alias points at
    #[arg(required_unless_present = "file", add = complete::collections())]
    treatment: Option<String>,
    /// The experiment as YAML or JSON; - for standard input. Arguments and flags replace what it says
    #[arg(long, short, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The treatment's part of the units, such as 0.5
    #[arg(long, value_name = "PART")]
    split: Option<f64>,
    /// What happens to requests without a unit: random or stable
    #[arg(long, value_name = "POLICY")]
    anonymous: Option<String>,
    /// Which reads are split: searches, or all (retrieve by id, scroll, count and facet too, for requests with a unit)
    #[arg(long, value_name = "READS")]
    split_reads: Option<String>,
    /// The part of the alias's units that is the experiment's, such as 0-50, so that others can have the rest [default: 0-100]
    #[arg(long, value_name = "FROM-TO", value_parser = layer)]
    layer: Option<LayerPart>,
    /// How much of its units is in the experiment
    #[arg(long, value_name = "PERCENT")]
    exposure: Option<f64>,
    /// A goal that applications report, such as click=binary; once for each
    #[arg(long = "metric", value_name = "NAME=KIND", value_parser = metric)]
    metrics: Vec<(String, String)>,
    /// Let both arms answer plain searches together, so that feedback about hits says which one users prefer
    #[arg(long)]
    interleave: bool,
    /// When it ends by itself
    #[arg(long, value_name = "TIME")]
    max_duration: Option<Period>,
    /// The grain of what can be asked for by time [default: a 48th of that]
    #[arg(long, value_name = "TIME")]
    time_resolution: Option<Period>,
    /// Of all arms together, at the planned end
    #[arg(long, value_name = "COUNT")]
    planned_units: Option<u64>,
    /// Let an arm have the alias in the end though acknowledged writes are lost by it
    #[arg(long)]
    accept_lost_writes: bool,
}

fn metric(text: &str) -> Result<(String, String), String> {
    let (name, kind) = text.split_once('=').ok_or_else(|| format!("`{text}` is not a metric and its kind, such as click=binary"))?;
    Ok((name.to_owned(), kind.to_owned()))
}

fn layer(text: &str) -> Result<LayerPart, String> {
    let part = text
        .split_once('-')
        .and_then(|(from, to)| Some(LayerPart { from_percentage: from.trim().parse().ok()?, to_percentage: to.trim().parse().ok()? }));
    part.ok_or_else(|| format!("`{text}` is not a part in percent, such as 0-50"))
}

impl SpecArgs {
    /// As the API takes it; whether it makes sense is for Pointsman to judge.
    fn body(&self) -> Result<Value, Failure> {
        let mut body = self.file.as_deref().map_or_else(|| Ok(json!({})), document::read)?;
        let text = |text: &Option<String>| text.as_ref().map(|text| json!(text));
        let metrics = || self.metrics.iter().map(|(name, kind)| json!({"name": name, "kind": kind})).collect();
        let said = [
            ("name", text(&self.name)),
            ("alias", text(&self.alias)),
            ("treatment", text(&self.treatment)),
            ("traffic_split", self.split.map(|split| json!(split))),
            ("anonymous", text(&self.anonymous)),
            ("split", text(&self.split_reads)),
            ("layer", self.layer.map(|layer| json!(layer))),
            ("exposure_percentage", self.exposure.map(|exposure| json!(exposure))),
            ("metrics", (!self.metrics.is_empty()).then(metrics)),
            ("interleave", self.interleave.then_some(json!(true))),
            ("max_duration", self.max_duration.map(|period| json!(period.to_string()))),
            ("time_resolution", self.time_resolution.map(|period| json!(period.to_string()))),
            ("planned_units", self.planned_units.map(|count| json!(count))),
            ("accept_lost_writes", self.accept_lost_writes.then_some(json!(true))),
        ];
        for (field, value) in said {
            if let Some(value) = value {
                body[field] = value;
            }
        }
        Ok(body)
    }
}

impl Ask for ExperimentArgs {
    fn remote(&self) -> &RemoteArgs {
        &self.remote
    }

    async fn ask(&self, session: &Session) -> Outcome {
        let api = &session.api;
        let one = async |said: &str, what: &[&str]| {
            let id = session.id(&EXPERIMENT, said).await?;
            Ok::<_, Failure>(at(&[&["v1", "experiments", &id], what].concat()))
        };
        match &self.action {
            Action::Create { spec, idempotency_key, watch } => {
                EXPERIMENTS.create(session, &spec.body()?, idempotency_key.as_deref(), *watch).await
            }
            Action::List(page) => page.show(session, PATH, |page, style| page::listed(list(page, "items"), style)).await,
            Action::Show { id, watch: true } => EXPERIMENTS.follow(session, id).await,
            Action::Show { id, watch: false } => session.show(&api.get(&one(id, &[]).await?, &[]).await?, page::shown),
            Action::Analysis { id, phase, from, to, csv } => {
                let phase = phase.map(|phase| phase.to_string());
                let asked = [
                    ("phase", phase.as_deref()),
                    ("from", from.as_deref()),
                    ("to", to.as_deref()),
                    ("format", csv.map(|_| "csv")),
                    ("table", csv.map(Table::name)),
                ];
                let answer = api.get(&one(id, &["analysis"]).await?, &asked).await?;
                if csv.is_some() { Ok(say(format_args!("{}", answer.text.trim_end()))) } else { session.show(&answer, page::analysis) }
            }
            Action::Assign { id, unit } => {
                session.show(&api.get(&one(id, &["assignment"]).await?, &[("unit", Some(unit))]).await?, page::assignment)
            }
            Action::Change { id, weights, exposure } => {
                let weights: Map<String, Value> = weights.iter().map(|part| (part.name.clone(), json!(part.weight))).collect();
                let mut body = json!({"exposure_percentage": exposure});
                if !weights.is_empty() {
                    body["weights"] = Value::Object(weights);
                }
                session.show(&api.change(Method::PATCH, &one(id, &[]).await?, Some(&body)).await?, page::in_short)
            }
            Action::Stop { id, promote, switch, late_feedback, accept_lost_writes } => {
                let body = json!({
                    "promote": promote,
                    "by": switch.then_some("switch"),
                    "late_feedback": late_feedback.map(|period| period.to_string()),
                    "accept_lost_writes": accept_lost_writes,
                });
                session.show(&api.change(Method::POST, &one(id, &["stop"]).await?, Some(&body)).await?, page::in_short)
            }
            Action::Plan { mean, lift, deviation, per_day } => {
                let body = json!({"mean": mean, "lift_percent": lift, "standard_deviation": deviation, "units_per_day": per_day});
                session.show(&api.change(Method::POST, "/v1/experiments/plan", Some(&body)).await?, page::plan)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{parse, parsed};
    use super::*;

    #[test]
    fn flags_become_a_spec() {
        let line = "ranking docs docs_v2 --interleave --split 0.2 --layer 0-12.5 --exposure 50 --metric click=binary \
                    --max-duration 7d --time-resolution 1h --planned-units 5000";
        let body = parsed::<SpecArgs>(line).body().expect("no file to read");
        let spec: crate::experiment::ExperimentSpec = serde_json::from_value(body).expect("what the API takes");
        let spec = spec.normalized(&std::collections::HashSet::new()).expect("a proper spec");
        assert_eq!((spec.weights(), spec.exposure_percentage, spec.planned_units), (vec![0.8, 0.2], 50.0, 5_000));
        assert_eq!(spec.layer, LayerPart { from_percentage: 0.0, to_percentage: 12.5 });
        assert_eq!((spec.metrics[0].name.as_str(), spec.max_duration), ("click", Period::from_secs(7 * 86_400)));
        assert!(spec.interleave);
        assert_eq!(spec.time_resolution, Some(Period::from_secs(3_600)));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in ["", "ranking docs", "ranking docs docs_v2 --metric click", "ranking docs docs_v2 --layer 50"] {
            assert!(parse::<SpecArgs>(line).is_err(), "{line}");
        }
    }
}
