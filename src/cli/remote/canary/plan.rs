//! A plan from a file, from flags, or from both: the file first, then what the flags say instead.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use serde_json::{Map, Value, json};

use super::super::{Failure, complete, document};
use crate::config::Period;

/// What has no flag stands in the file; see docs/canaries.md for all fields.
#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    /// The alias to move
    #[arg(required_unless_present = "file", add = complete::aliases())]
    alias: Option<String>,
    /// Where it is to point in the end
    #[arg(required_unless_present = "file", add = complete::collections())]
    collection: Option<String>,
    /// The plan as YAML or JSON; - for standard input. Arguments and flags replace what it says
    #[arg(long, short, value_name = "FILE")]
    file: Option<PathBuf>,
    /// A share and how long it is watched, such as 5%/30m or 50%/2h/approval; once for each stage, the last one 100%
    #[arg(long = "stage", value_name = "SHARE/TIME")]
    stages: Vec<Stage>,
    /// A rule, such as error_rate:max=0.05,margin=0.01 or latency:statistic=p95,max_ms=200; once for each
    #[arg(long = "guard", value_name = "KIND:FIELD=VALUE,…")]
    guards: Vec<Guard>,
    /// Before the first stage, compare the answers to copies of reads for so long
    #[arg(long, value_name = "TIME")]
    shadow: Option<Period>,
    /// How much of the reads is copied for that [default: 100]
    #[arg(long, value_name = "PERCENT")]
    shadow_percentage: Option<f64>,
    /// What happens to requests without a unit: random or stable
    #[arg(long, value_name = "POLICY")]
    anonymous: Option<String>,
    /// Which reads are split: searches, or all (retrieve by id, scroll, count and facet too, for requests with a unit)
    #[arg(long, value_name = "READS")]
    split_reads: Option<String>,
    /// How long caches may be cold after each change of the share
    #[arg(long, value_name = "TIME")]
    warm_up: Option<Period>,
    /// How often guards are judged
    #[arg(long, value_name = "TIME")]
    check_interval: Option<Period>,
    /// How long guards are judged after the promotion
    #[arg(long, value_name = "TIME")]
    watch_for: Option<Period>,
    /// Of each cohort in each stage, before it may pass
    #[arg(long, value_name = "COUNT")]
    minimum_requests: Option<u64>,
    /// Of each cohort in each stage, before it may pass
    #[arg(long, value_name = "COUNT")]
    minimum_units: Option<u64>,
    /// When to begin, such as 2026-11-24T08:00:00Z [default: at once]
    #[arg(long, value_name = "MOMENT")]
    start_at: Option<String>,
    /// How long after its start it ought to be promoted
    #[arg(long, value_name = "TIME")]
    deadline: Option<Period>,
    /// Promote it though acknowledged writes are lost: those that went to the old collection since it began
    #[arg(long)]
    accept_lost_writes: bool,
}

impl PlanArgs {
    /// As the API takes it; whether it makes sense is for Pointsman to judge.
    pub(super) fn body(&self) -> Result<Value, Failure> {
        let mut body = self.file.as_deref().map_or_else(|| Ok(json!({})), document::read)?;
        let text = |text: &Option<String>| text.as_ref().map(|text| json!(text));
        let time = |period: &Option<Period>| period.map(|period| json!(period.to_string()));
        let said = [
            ("alias", text(&self.alias)),
            ("collection", text(&self.collection)),
            ("stages", (!self.stages.is_empty()).then(|| self.stages.iter().map(Stage::body).collect())),
            ("guards", (!self.guards.is_empty()).then(|| self.guards.iter().map(|guard| guard.0.clone()).collect())),
            ("anonymous", text(&self.anonymous)),
            ("split", text(&self.split_reads)),
            ("warm_up", time(&self.warm_up)),
            ("check_interval", time(&self.check_interval)),
            ("watch", time(&self.watch_for)),
            ("minimum_requests", self.minimum_requests.map(|count| json!(count))),
            ("minimum_units", self.minimum_units.map(|count| json!(count))),
            ("start_at", text(&self.start_at)),
            ("deadline", time(&self.deadline)),
            ("accept_lost_writes", self.accept_lost_writes.then(|| json!(true))),
        ];
        for (field, value) in said {
            if let Some(value) = value {
                body[field] = value;
            }
        }
        let shadow = [("duration", time(&self.shadow)), ("percentage", self.shadow_percentage.map(|share| json!(share)))];
        for (field, value) in shadow {
            if let Some(value) = value {
                body["shadow"][field] = value;
            }
        }
        Ok(body)
    }
}

/// `50%/2h/approval`; the last stage is `100%`.
#[derive(Clone, Debug, PartialEq)]
struct Stage {
    percentage: f64,
    duration: Option<Period>,
    approval: bool,
}

impl FromStr for Stage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a share and a time, such as 5%/30m");
        let mut parts = text.split('/');
        let percentage = parts.next().and_then(|share| share.strip_suffix('%')?.trim().parse().ok()).ok_or_else(wrong)?;
        let mut stage = Self { percentage, duration: None, approval: false };
        for part in parts {
            match part {
                "approval" => stage.approval = true,
                time if stage.duration.is_none() => stage.duration = Some(time.parse::<Period>().map_err(|fault| fault.to_string())?),
                _ => return Err(wrong()),
            }
        }
        Ok(stage)
    }
}

impl Stage {
    /// Without a time a stage is left as soon as it may be, which the API allows the last one alone.
    fn body(&self) -> Value {
        let mut body = json!({"percentage": self.percentage, "duration": self.duration.unwrap_or_default().to_string()});
        if self.approval {
            body["approval"] = json!(true);
        }
        body
    }
}

/// `latency:statistic=p95,max_ms=200`
#[derive(Clone, Debug, PartialEq)]
struct Guard(Value);

impl FromStr for Guard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a rule, such as error_rate:max=0.05,margin=0.01");
        let (kind, rest) = text.split_once(':').ok_or_else(wrong)?;
        let mut fields = Map::from_iter([("kind".to_owned(), json!(kind))]);
        for pair in rest.split(',') {
            let (field, value) = pair.split_once('=').ok_or_else(wrong)?;
            fields.insert(field.to_owned(), value.parse::<f64>().map_or_else(|_| json!(value), |number| json!(number)));
        }
        Ok(Self(Value::Object(fields)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{parse, parsed};
    use super::*;

    fn body(line: &str) -> Value {
        parsed::<PlanArgs>(line).body().expect("no file to read")
    }

    #[test]
    fn the_smallest_plan_leaves_everything_to_pointsman() {
        assert_eq!(body("docs docs_v2"), json!({"alias": "docs", "collection": "docs_v2"}));
    }

    #[test]
    fn flags_become_a_plan() {
        let flags = "docs docs_v2 --stage 0.5%/30m --stage 50%/2h/approval --stage 100% --guard error_rate:max=0.05,margin=0.01 \
                     --guard latency:statistic=p95,max_ms=200 --warm-up 1s --check-interval 2s --watch-for 3s --minimum-requests 4 \
                     --minimum-units 5 --start-at 2026-11-24T08:00:00Z --deadline 1d --shadow 30m --shadow-percentage 20 \
                     --anonymous random --split-reads all";
        let wanted = json!({
            "alias": "docs", "collection": "docs_v2",
            "stages": [
                {"percentage": 0.5, "duration": "30m"},
                {"percentage": 50.0, "duration": "2h", "approval": true},
                {"percentage": 100.0, "duration": "0s"},
            ],
            "guards": [
                {"kind": "error_rate", "max": 0.05, "margin": 0.01},
                {"kind": "latency", "statistic": "p95", "max_ms": 200.0},
            ],
            "warm_up": "1s", "check_interval": "2s", "watch": "3s", "minimum_requests": 4, "minimum_units": 5,
            "start_at": "2026-11-24T08:00:00Z", "deadline": "1d", "shadow": {"duration": "30m", "percentage": 20.0},
            "anonymous": "random", "split": "all",
        });
        let body = body(flags);
        assert_eq!(body, wanted);
        let spec: crate::rollout::CanarySpec = serde_json::from_value(body).expect("what the API takes");
        crate::rollout::Plan::try_from(spec).expect("a plan without faults");
    }

    #[test]
    fn flags_replace_what_the_file_says() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("plan.yaml");
        std::fs::write(&file, "alias: docs\ncollection: docs_v2\nretire_old: null\nminimum_units: 0\n").expect("written");
        let line = |flags: &str| body(&format!("{flags} --file {}", file.display()));
        let wanted = json!({"alias": "docs", "collection": "docs_v2", "retire_old": null, "minimum_units": 0});
        assert_eq!(line(""), wanted);
        let news = line("news news_v2 --minimum-units 7");
        assert_eq!((&news["alias"], &news["collection"], &news["minimum_units"]), (&json!("news"), &json!("news_v2"), &json!(7)));
        assert_eq!(news["retire_old"], Value::Null);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in ["", "docs", "docs v2 --stage 5", "docs v2 --stage 5%/1h/2h", "docs v2 --stage x%", "docs v2 --stage 5%/soon"] {
            assert!(parse::<PlanArgs>(line).is_err(), "{line}");
        }
        for line in ["docs v2 --guard error_rate", "docs v2 --guard error_rate:max", "docs v2 --warm-up 5"] {
            assert!(parse::<PlanArgs>(line).is_err(), "{line}");
        }
    }
}
