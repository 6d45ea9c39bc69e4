//! `pointsman canary`: staged moves of an alias.

mod page;
mod plan;
mod watch;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use self::plan::PlanArgs;
use super::paging::PageArgs;
use super::session::{RemoteArgs, Session};
use super::{Ask, Outcome, at};

pub(super) use self::page::{is_over, listed};

pub(super) const PATH: &str = "/v1/canaries";

#[derive(Debug, Args)]
pub(in crate::cli) struct CanaryArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    remote: RemoteArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Begin to move an alias to another collection, in stages
    Create {
        #[command(flatten)]
        plan: Box<PlanArgs>,
        /// The same key creates one canary, however often the command is given within a day
        #[arg(long, value_name = "KEY")]
        idempotency_key: Option<String>,
        /// Follow it to its end; exit code 1 if that is not "completed"
        #[arg(long)]
        watch: bool,
    },
    /// All canaries
    List(PageArgs),
    /// One canary: where it stands, what was seen, what the guards say
    Show {
        id: String,
        /// Follow it to its end; exit code 1 if that is not "completed"
        #[arg(long)]
        watch: bool,
    },
    /// Keep the share and stop the stage's clock
    Pause { id: String },
    /// Go on with the time that was left
    Resume { id: String },
    /// Leave the stage, or the watch after the promotion, without waiting
    Skip { id: String },
    /// Give it everything and move the alias, without waiting
    Promote { id: String },
    /// Leave a stage that has passed and waits for somebody
    Approve { id: String },
    /// Back to 0 % and the end
    Abort { id: String },
}

impl Ask for CanaryArgs {
    fn remote(&self) -> &RemoteArgs {
        &self.remote
    }

    async fn ask(&self, session: &Session) -> Outcome {
        let command = |id: &str, word: &str| command(session, at(&["v1", "canaries", id, word]));
        match &self.action {
            Action::Create { plan, idempotency_key, watch } => create(session, &plan.body()?, idempotency_key.as_deref(), *watch).await,
            Action::List(page) => {
                page.show(session, PATH, |page, style| listed(page["items"].as_array().into_iter().flatten(), style)).await
            }
            Action::Show { id, watch: true } => watch::to_the_end(session, id).await,
            Action::Show { id, watch: false } => session.show(&session.api.get(&at(&["v1", "canaries", id]), &[]).await?, page::shown),
            Action::Pause { id } => command(id, "pause").await,
            Action::Resume { id } => command(id, "resume").await,
            Action::Skip { id } => command(id, "skip").await,
            Action::Promote { id } => command(id, "promote").await,
            Action::Approve { id } => command(id, "approve").await,
            Action::Abort { id } => command(id, "abort").await,
        }
    }
}

async fn create(session: &Session, body: &Value, key: Option<&str>, watch: bool) -> Outcome {
    let headers = [("--idempotency-key", "idempotency-key", key)];
    let answer = session.api.change_with(Method::POST, PATH, Some(body), &headers).await?;
    match answer.json["id"].as_str() {
        Some(id) if watch => watch::to_the_end(session, id).await,
        _ => session.show(&answer, page::in_short),
    }
}

/// The reason goes along in its header, as with every command.
async fn command(session: &Session, path: String) -> Outcome {
    session.show(&session.api.change(Method::POST, &path, Some(&json!({}))).await?, page::in_short)
}
