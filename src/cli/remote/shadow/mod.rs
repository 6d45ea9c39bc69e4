//! `pointsman shadow`: reads of an alias, mirrored to a collection and compared.

mod headline;
mod page;
mod view;
mod watch;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use self::watch::Seen;
use super::fields::list;
use super::paging::PageArgs;
use super::reference::{SHADOW, WHICH};
use super::rollout::{Rollouts, no_way_back};
use super::session::{RemoteArgs, Session};
use super::{Ask, Failure, Outcome, at, complete, document};
use crate::config::Period;

pub(super) use self::page::canarys;
pub(in crate::cli) use self::page::{Asked, reported};

const PATH: &str = "/v1/shadows";

pub(super) use self::view::view;

const SHADOWS: Rollouts<Seen> =
    Rollouts { kind: &SHADOW, in_short: page::in_short, news: Seen::default, view, goal: "ended", beside: None, way_back: no_way_back };

#[derive(Debug, Args)]
pub(in crate::cli) struct ShadowArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    remote: RemoteArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Mirror an alias's reads to another collection and compare the answers
    #[command(after_help = "Example:\n  pointsman shadow create docs docs_v2 --percentage 20 --max-duration 2h --watch")]
    Create {
        #[command(flatten)]
        spec: Box<SpecArgs>,
        /// The same key creates one shadow comparison, however often the command is given within a day
        #[arg(long, value_name = "KEY")]
        idempotency_key: Option<String>,
        /// Follow it until its report is frozen
        #[arg(long)]
        watch: bool,
    },
    /// All shadow comparisons
    #[command(after_help = "Example:\n  pointsman shadow list --limit 20")]
    List(PageArgs),
    /// One shadow comparison: how alike the answers are, and where they differ most
    #[command(after_help = "Example:\n  pointsman shadow show docs --watch")]
    Show {
        #[arg(value_name = "SHADOW", help = WHICH, add = complete::rollouts(&SHADOW))]
        id: String,
        /// Follow it until its report is frozen
        #[arg(long)]
        watch: bool,
    },
    /// Stop mirroring; the report stays
    #[command(after_help = "Example:\n  pointsman shadow stop docs --reason 'seen enough'")]
    Stop {
        #[arg(value_name = "SHADOW", help = WHICH, add = complete::rollouts(&SHADOW))]
        id: String,
    },
}

/// What is drawn.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Drawn {
    Unit,
    Request,
}

/// What has no flag stands in the file; see docs/canaries.md for all fields.
#[derive(Debug, Args)]
struct SpecArgs {
    /// The alias whose reads are mirrored
    #[arg(required_unless_present = "file", add = complete::aliases())]
    alias: Option<String>,
    /// The collection that is asked as well
    #[arg(required_unless_present = "file", add = complete::collections())]
    collection: Option<String>,
    /// The comparison as YAML or JSON; - for standard input. Arguments and flags replace what it says
    #[arg(long, short, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The upstream the collection lives on [default: the one that holds the alias]
    #[arg(long, value_name = "NAME")]
    upstream: Option<String>,
    /// The variant whose reads are mirrored [default: stable]
    #[arg(long, value_name = "VARIANT")]
    from: Option<String>,
    /// How much of them is mirrored [default: 100]
    #[arg(long, value_name = "PERCENT")]
    percentage: Option<f64>,
    /// Draw whole users, or single requests [default: request]
    #[arg(long, value_enum)]
    by: Option<Drawn>,
    /// How many hits of an answer are compared [default: 10]
    #[arg(long, value_name = "COUNT")]
    depth: Option<u64>,
    /// Of what is mirrored, how much the variant itself is asked a second time [default: 10]
    #[arg(long, value_name = "PERCENT")]
    noise: Option<f64>,
    /// Keep the payloads of the worst answers
    #[arg(long)]
    payloads: bool,
    /// The collections' vectors are of different models: do not compare scores
    #[arg(long)]
    other_space: bool,
    /// When it stops by itself [default: 24h]
    #[arg(long, value_name = "TIME")]
    max_duration: Option<Period>,
}

impl SpecArgs {
    /// As the API takes it; whether it makes sense is for Pointsman to judge.
    fn body(&self) -> Result<Value, Failure> {
        let mut body = self.file.as_deref().map_or_else(|| Ok(json!({})), document::read)?;
        let text = |text: &Option<String>| text.as_ref().map(|text| json!(text));
        let by = |drawn: Drawn| match drawn {
            Drawn::Unit => json!("unit"),
            Drawn::Request => json!("request"),
        };
        let said = [
            ("alias", text(&self.alias)),
            ("collection", text(&self.collection)),
            ("upstream", text(&self.upstream)),
            ("from", text(&self.from)),
            ("percentage", self.percentage.map(|share| json!(share))),
            ("by", self.by.map(by)),
            ("depth", self.depth.map(|depth| json!(depth))),
            ("noise_percentage", self.noise.map(|share| json!(share))),
            ("payloads", self.payloads.then(|| json!(true))),
            ("same_space", self.other_space.then(|| json!(false))),
            ("max_duration", self.max_duration.map(|period| json!(period.to_string()))),
        ];
        for (field, value) in said {
            if let Some(value) = value {
                body[field] = value;
            }
        }
        Ok(body)
    }
}

impl Ask for ShadowArgs {
    fn remote(&self) -> &RemoteArgs {
        &self.remote
    }

    async fn ask(&self, session: &Session) -> Outcome {
        match &self.action {
            Action::Create { spec, idempotency_key, watch } => {
                SHADOWS.create(session, &spec.body()?, idempotency_key.as_deref(), *watch).await
            }
            Action::List(page) => page.show(session, PATH, |page, style| page::listed(list(page, "items"), style)).await,
            Action::Show { id, watch: true } => SHADOWS.follow(session, id).await,
            Action::Show { id, watch: false } => {
                let id = session.id(&SHADOW, id).await?;
                session.show(&session.api.get(&at(&["v1", "shadows", &id]), &[]).await?, page::shown)
            }
            Action::Stop { id } => SHADOWS.command(session, id, "stop").await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{parse, parsed};
    use super::*;
    use crate::rollout::shadow::ShadowSpec;

    fn spec(line: &str) -> ShadowSpec {
        let body = parsed::<SpecArgs>(line).body().expect("no file to read");
        serde_json::from_value(body).expect("what the API takes")
    }

    #[test]
    fn flags_become_a_spec() {
        let line = "docs docs_v2 --upstream second --from candidate --percentage 12.5 --by unit --depth 20 --noise 5 --payloads \
                    --other-space --max-duration 2h";
        let spec = spec(line);
        assert!(spec.check(&std::collections::HashSet::from(["second"])).is_empty());
        let wanted = json!({
            "alias": "docs", "collection": "docs_v2", "upstream": "second", "from": "candidate", "percentage": 12.5, "by": "unit",
            "depth": 20, "noise_percentage": 5.0, "payloads": true, "same_space": false, "max_duration": "2h",
        });
        assert_eq!(serde_json::to_value(&spec).expect("JSON"), wanted);
    }

    #[test]
    fn the_smallest_leaves_everything_to_pointsman() {
        let body = parsed::<SpecArgs>("docs docs_v2").body().expect("no file to read");
        assert_eq!(body, json!({"alias": "docs", "collection": "docs_v2"}));
        for line in ["", "docs", "docs docs_v2 --by user", "docs docs_v2 --max-duration 5"] {
            assert!(parse::<SpecArgs>(line).is_err(), "{line}");
        }
    }
}
