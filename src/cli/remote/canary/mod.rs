//! `pointsman canary`: staged moves of an alias.

mod page;
mod plan;
mod watch;

use clap::{Args, Subcommand};

use self::plan::PlanArgs;
use self::watch::Seen;
use super::paging::PageArgs;
use super::rollout::Rollouts;
use super::session::{RemoteArgs, Session};
use super::{Ask, Outcome, at, reported};

pub(super) use self::page::{is_over, listed};

pub(super) const PATH: &str = "/v1/canaries";

const CANARIES: Rollouts<Seen> = Rollouts { resource: "canaries", in_short: page::in_short, is_over, news: Seen::default };

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
    /// What the comparison before the first stage has found, with the answers that differ most
    Comparison { id: String },
    /// Keep the share and stop the stage's clock
    Pause { id: String },
    /// Go on with the time that was left
    Resume { id: String },
    /// Leave the stage, or the watch after the promotion, without waiting
    Skip {
        id: String,
        /// Though acknowledged writes are lost by it
        #[arg(long)]
        accept_lost_writes: bool,
    },
    /// Give it everything and move the alias, without waiting
    Promote {
        id: String,
        /// Though acknowledged writes are lost by it
        #[arg(long)]
        accept_lost_writes: bool,
    },
    /// Leave a stage that has passed and waits for an approval, or for an acceptance of lost writes
    Approve {
        id: String,
        /// Though acknowledged writes are lost by it
        #[arg(long)]
        accept_lost_writes: bool,
    },
    /// Back to 0 % and the end
    Abort {
        id: String,
        /// Though acknowledged writes are lost by it
        #[arg(long)]
        accept_lost_writes: bool,
    },
}

impl Ask for CanaryArgs {
    fn remote(&self) -> &RemoteArgs {
        &self.remote
    }

    async fn ask(&self, session: &Session) -> Outcome {
        match &self.action {
            Action::Create { plan, idempotency_key, watch } => {
                CANARIES.create(session, &plan.body()?, idempotency_key.as_deref(), *watch).await
            }
            Action::List(page) => {
                page.show(session, PATH, |page, style| listed(page["items"].as_array().into_iter().flatten(), style)).await
            }
            Action::Show { id, watch: true } => CANARIES.follow(session, id).await,
            Action::Show { id, watch: false } => session.show(&session.api.get(&at(&["v1", "canaries", id]), &[]).await?, page::shown),
            Action::Comparison { id } => {
                let found = session.api.get(&at(&["v1", "canaries", id, "comparison"]), &[]).await?;
                session.show(&found, |found, style| reported(found, "mirrored", page::named(id), style))
            }
            Action::Pause { id } => CANARIES.command(session, id, "pause").await,
            Action::Resume { id } => CANARIES.command(session, id, "resume").await,
            Action::Skip { id, accept_lost_writes } => CANARIES.command_with(session, id, "skip", *accept_lost_writes).await,
            Action::Promote { id, accept_lost_writes } => CANARIES.command_with(session, id, "promote", *accept_lost_writes).await,
            Action::Approve { id, accept_lost_writes } => CANARIES.command_with(session, id, "approve", *accept_lost_writes).await,
            Action::Abort { id, accept_lost_writes } => CANARIES.command_with(session, id, "abort", *accept_lost_writes).await,
        }
    }
}
