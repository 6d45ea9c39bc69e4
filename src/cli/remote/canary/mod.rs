//! `pointsman canary`: staged moves of an alias.

mod page;
mod plan;
mod view;
mod watch;

use clap::{Args, Subcommand};

use self::plan::PlanArgs;
use self::watch::Seen;
use super::paging::PageArgs;
use super::reference::{CANARY, WHICH};
use super::rollout::{Rollouts, WayBack};
use super::session::{RemoteArgs, Session};
use super::{Ask, Asked, Outcome, at, complete, reported};

pub(super) use self::page::listed;

pub(super) const PATH: &str = "/v1/canaries";

pub(super) use self::view::view;

const CANARIES: Rollouts<Seen> = Rollouts {
    kind: &CANARY,
    in_short: page::in_short,
    news: Seen::default,
    view,
    goal: "completed",
    beside: None,
    way_back: |canary| WayBack::of(canary, "stable"),
};

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
    #[command(after_help = "Example:\n  pointsman canary create docs docs_v2 --stage 5%/30m --stage 50%/2h --stage 100% --watch")]
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
    #[command(after_help = "Example:\n  pointsman canary list --limit 20")]
    List(PageArgs),
    /// One canary: where it stands, what was seen, what the guards say
    #[command(after_help = "Example:\n  pointsman canary show docs --watch")]
    Show {
        #[arg(value_name = "CANARY", help = WHICH, add = complete::rollouts(&CANARY))]
        id: String,
        /// Follow it to its end; exit code 1 if that is not "completed"
        #[arg(long)]
        watch: bool,
    },
    /// What the comparison before the first stage has found, with the answers that differ most
    #[command(after_help = "Example:\n  pointsman canary comparison docs")]
    Comparison {
        #[arg(value_name = "CANARY", help = WHICH, add = complete::rollouts(&CANARY))]
        id: String,
    },
    /// Keep the share and stop the stage's clock
    #[command(after_help = "Example:\n  pointsman canary pause docs --reason 'the nightly import runs'")]
    Pause {
        #[arg(value_name = "CANARY", help = WHICH, add = complete::rollouts(&CANARY))]
        id: String,
    },
    /// Go on with the time that was left
    #[command(after_help = "Example:\n  pointsman canary resume docs")]
    Resume {
        #[arg(value_name = "CANARY", help = WHICH, add = complete::rollouts(&CANARY))]
        id: String,
    },
    /// Leave the stage, or the watch after the promotion, without waiting
    #[command(after_help = "Example:\n  pointsman canary skip docs --reason 'seen enough'")]
    Skip {
        #[arg(value_name = "CANARY", help = WHICH, add = complete::rollouts(&CANARY))]
        id: String,
        /// Though acknowledged writes are lost by it
        #[arg(long)]
        accept_lost_writes: bool,
    },
    /// Give it everything and move the alias, without waiting
    #[command(after_help = "Example:\n  pointsman canary promote docs")]
    Promote {
        #[arg(value_name = "CANARY", help = WHICH, add = complete::rollouts(&CANARY))]
        id: String,
        /// Though acknowledged writes are lost by it
        #[arg(long)]
        accept_lost_writes: bool,
    },
    /// Leave a stage that has passed and waits for an approval, or for an acceptance of lost writes
    #[command(after_help = "Example:\n  pointsman canary approve docs")]
    Approve {
        #[arg(value_name = "CANARY", help = WHICH, add = complete::rollouts(&CANARY))]
        id: String,
        /// Though acknowledged writes are lost by it
        #[arg(long)]
        accept_lost_writes: bool,
    },
    /// Back to 0 % and the end
    #[command(after_help = "Example:\n  pointsman canary abort docs --reason 'v2 lacks half of the articles'")]
    Abort {
        #[arg(value_name = "CANARY", help = WHICH, add = complete::rollouts(&CANARY))]
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
            Action::Show { id, watch: false } => {
                let id = session.id(&CANARY, id).await?;
                session.show(&session.api.get(&at(&["v1", "canaries", &id]), &[]).await?, page::shown)
            }
            Action::Comparison { id } => {
                let id = session.id(&CANARY, id).await?;
                let found = session.api.get(&at(&["v1", "canaries", &id, "comparison"]), &[]).await?;
                let asked = Asked { how: "mirrored", reference: "stable", candidate: "the new collection" };
                session.show(&found, |found, style| reported(found, asked, page::named(&id), style))
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
