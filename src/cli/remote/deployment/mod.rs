//! `pointsman deployment`: a new collection that is built, validated and given an alias.

mod page;
mod validation;
mod view;
mod watch;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use self::watch::Seen;
use super::fields::list;
use super::paging::PageArgs;
use super::reference::{DEPLOYMENT, WHICH};
use super::rollout::{Rollouts, WayBack};
use super::session::{RemoteArgs, Session};
use super::{Ask, Failure, Outcome, at, complete, document};
use crate::config::Period;

const PATH: &str = "/v1/deployments";

pub(super) use self::view::view;

const DEPLOYMENTS: Rollouts<Seen> = Rollouts {
    kind: &DEPLOYMENT,
    in_short: page::in_short,
    news: Seen::default,
    view,
    goal: "completed",
    beside: None,
    way_back: |deployment| WayBack::of(deployment, "previous"),
};

#[derive(Debug, Args)]
pub(in crate::cli) struct DeploymentArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    remote: RemoteArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Build a new collection and give it the alias
    #[command(after_help = "Example:\n  pointsman deployment create docs collection:docs_v1 --collection docs_v2 --watch")]
    Create {
        #[command(flatten)]
        spec: Box<SpecArgs>,
        /// Only say what would be done
        #[arg(long, conflicts_with = "watch")]
        dry_run: bool,
        /// The same key creates one deployment, however often the command is given within a day
        #[arg(long, value_name = "KEY")]
        idempotency_key: Option<String>,
        /// Follow it to its end; exit code 1 if that is not "completed"
        #[arg(long)]
        watch: bool,
    },
    /// All deployments
    #[command(after_help = "Example:\n  pointsman deployment list --limit 20")]
    List(PageArgs),
    /// One deployment: how far it is, what was found, what is in its way
    #[command(after_help = "Example:\n  pointsman deployment show docs --watch")]
    Show {
        #[arg(value_name = "DEPLOYMENT", help = WHICH, add = complete::rollouts(&DEPLOYMENT))]
        id: String,
        /// Follow it to its end; exit code 1 if that is not "completed"
        #[arg(long)]
        watch: bool,
    },
    /// Say that the collection of an external source is filled; or, with --accept-lost-writes, that a deployment goes on though
    /// writes came after its verification
    #[command(after_help = "Example:\n  pointsman deployment ready docs")]
    Ready {
        #[arg(value_name = "DEPLOYMENT", help = WHICH, add = complete::rollouts(&DEPLOYMENT))]
        id: String,
        /// Though acknowledged writes are lost by it
        #[arg(long)]
        accept_lost_writes: bool,
    },
    /// Compare the copy with its source once more and bring it up to date: after writers have been stopped
    #[command(after_help = "Example:\n  pointsman deployment verify docs")]
    Verify {
        #[arg(value_name = "DEPLOYMENT", help = WHICH, add = complete::rollouts(&DEPLOYMENT))]
        id: String,
    },
    /// Stop it at any point, and undo what it made
    #[command(after_help = "Example:\n  pointsman deployment cancel docs --reason 'the wrong source'")]
    Cancel {
        #[arg(value_name = "DEPLOYMENT", help = WHICH, add = complete::rollouts(&DEPLOYMENT))]
        id: String,
        /// Though acknowledged writes are lost by it
        #[arg(long)]
        accept_lost_writes: bool,
    },
    /// Take the alias back once the new collection has it
    #[command(after_help = "Example:\n  pointsman deployment rollback docs --reason 'users complain'")]
    Rollback {
        #[arg(value_name = "DEPLOYMENT", help = WHICH, add = complete::rollouts(&DEPLOYMENT))]
        id: String,
        /// Though acknowledged writes are lost by it
        #[arg(long)]
        accept_lost_writes: bool,
    },
}

/// What has no flag stands in the file; see docs/deployments.md for all fields.
#[derive(Debug, Args)]
struct SpecArgs {
    /// The alias that is to get a new collection
    #[arg(required_unless_present = "file", add = complete::aliases())]
    alias: Option<String>,
    /// collection:<name>, snapshot:<location> or external
    #[arg(required_unless_present = "file")]
    source: Option<String>,
    /// The deployment as YAML or JSON; - for standard input. Arguments and flags replace what it says
    #[arg(long, short, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The new collection [default: the alias with the moment behind it]
    #[arg(long, value_name = "NAME")]
    collection: Option<String>,
    /// Ask the new collection what `capture` has recorded, besides its other validation queries: as much of it as fits
    #[arg(long, value_name = "FILE")]
    validation_file: Option<PathBuf>,
    /// How long the new collection is watched once it has the alias
    #[arg(long, value_name = "TIME")]
    watch_for: Option<Period>,
    /// How often it is looked at meanwhile
    #[arg(long, value_name = "TIME")]
    watch_every: Option<Period>,
    /// How long the old collection is kept after the watch
    #[arg(long, value_name = "TIME")]
    retire_old: Option<Period>,
    /// Leave everything as it is when something fails
    #[arg(long)]
    no_rollback: bool,
    /// The new collection differs so that old requests may fail, and that is meant
    #[arg(long)]
    acknowledge_incompatible: bool,
    /// Switch though acknowledged writes are lost: those that came after the copy was known to be equal
    #[arg(long)]
    accept_lost_writes: bool,
}

impl SpecArgs {
    /// As the API takes it; whether it makes sense is for Pointsman to judge.
    fn body(&self) -> Result<Value, Failure> {
        let mut body = self.file.as_deref().map_or_else(|| Ok(json!({})), document::read)?;
        let text = |text: &Option<String>| text.as_ref().map(|text| json!(text));
        let time = |period: &Option<Period>| period.map(|period| json!(period.to_string()));
        let said = [
            ("alias", text(&self.alias)),
            ("source", text(&self.source)),
            ("collection", text(&self.collection)),
            ("watch", time(&self.watch_for)),
            ("watch_every", time(&self.watch_every)),
            ("retire_old", time(&self.retire_old)),
            ("rollback_on_failure", self.no_rollback.then(|| json!(false))),
            ("acknowledge_incompatible", self.acknowledge_incompatible.then(|| json!(true))),
            ("accept_lost_writes", self.accept_lost_writes.then(|| json!(true))),
        ];
        for (field, value) in said {
            if let Some(value) = value {
                body[field] = value;
            }
        }
        if let Some(file) = &self.validation_file {
            validation::extend(&mut body, file)?;
        }
        Ok(body)
    }
}

impl Ask for DeploymentArgs {
    fn remote(&self) -> &RemoteArgs {
        &self.remote
    }

    async fn ask(&self, session: &Session) -> Outcome {
        match &self.action {
            Action::Create { spec, dry_run: true, .. } => {
                let mut body = spec.body()?;
                body["dry_run"] = json!(true);
                session.show(&session.api.change(Method::POST, PATH, Some(&body)).await?, page::preview)
            }
            Action::Create { spec, idempotency_key, watch, .. } => {
                DEPLOYMENTS.create(session, &spec.body()?, idempotency_key.as_deref(), *watch).await
            }
            Action::List(page) => page.show(session, PATH, |page, style| page::listed(list(page, "items"), style)).await,
            Action::Show { id, watch: true } => DEPLOYMENTS.follow(session, id).await,
            Action::Show { id, watch: false } => {
                let id = session.id(&DEPLOYMENT, id).await?;
                session.show(&session.api.get(&at(&["v1", DEPLOYMENT.resource, &id]), &[]).await?, page::shown)
            }
            Action::Ready { id, accept_lost_writes } => DEPLOYMENTS.command_with(session, id, "ready", *accept_lost_writes).await,
            Action::Verify { id } => DEPLOYMENTS.command(session, id, "verify").await,
            Action::Cancel { id, accept_lost_writes } => DEPLOYMENTS.command_with(session, id, "cancel", *accept_lost_writes).await,
            Action::Rollback { id, accept_lost_writes } => DEPLOYMENTS.command_with(session, id, "rollback", *accept_lost_writes).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{parse, parsed};
    use super::*;

    #[test]
    fn flags_become_a_spec() {
        let line = "docs collection:docs_v1 --collection docs_v2 --watch-for 5m --watch-every 5s --retire-old 2d --no-rollback \
                    --acknowledge-incompatible";
        let body = parsed::<SpecArgs>(line).body().expect("no file to read");
        let wanted = json!({
            "alias": "docs", "source": "collection:docs_v1", "collection": "docs_v2", "watch": "5m", "watch_every": "5s",
            "retire_old": "2d", "rollback_on_failure": false, "acknowledge_incompatible": true,
        });
        assert_eq!(body, wanted);
        let spec: crate::rollout::deployment::DeploymentSpec = serde_json::from_value(body).expect("what the API takes");
        assert_eq!(spec.check(false), Vec::new());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in ["", "docs", "docs external --watch-for soon"] {
            assert!(parse::<SpecArgs>(line).is_err(), "{line}");
        }
    }
}
