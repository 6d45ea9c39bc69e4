//! The operators' commands: clients of the admin API of a Pointsman that runs, here or elsewhere.
//!
//! One file a noun. Each makes a request of its arguments and words of the answer; it knows the rest of this program only
//! by its HTTP API. Exit codes: 0 done, 1 refused by Pointsman (in its words), 2 wrong usage, 3 not reachable.

mod address;
mod alias;
mod api;
mod canary;
mod capture;
mod collections;
mod complete;
mod deployment;
mod document;
mod experiment;
mod failure;
mod fields;
mod foreign;
mod history;
mod kill_switch;
mod live;
mod moment;
mod paging;
mod reference;
mod retire;
mod rollout;
mod route;
mod session;
mod shadow;
mod status;
mod stream;
mod table;

#[cfg(test)]
pub(super) mod testing;

use std::process::ExitCode;

pub(super) use address::{AdminArgs, reachable};
pub(super) use alias::AliasArgs;
pub(super) use api::{Api, at};
pub(super) use canary::CanaryArgs;
pub(super) use capture::CaptureArgs;
pub(super) use collections::CollectionsArgs;
pub(super) use deployment::DeploymentArgs;
pub(super) use experiment::ExperimentArgs;
pub(super) use failure::Failure;
pub(super) use history::{AuditArgs, EventsArgs};
pub(super) use kill_switch::KillSwitchArgs;
pub(super) use retire::RetireArgs;
pub(super) use route::{RouteArgs, Weight};
pub(super) use session::{secret, style};
pub(super) use shadow::{Asked, ShadowArgs, reported};
pub(super) use status::StatusArgs;
pub(super) use table::{Cell, Table};

use self::session::{RemoteArgs, Session};

/// How a command ends: most with success, once Pointsman has done its part.
type Outcome = Result<ExitCode, Failure>;

/// A command that asks a running Pointsman.
pub(super) trait Ask {
    fn remote(&self) -> &RemoteArgs;

    async fn ask(&self, session: &Session) -> Outcome;
}

/// Runs a command to its end.
pub(super) fn run(command: &impl Ask) -> ExitCode {
    let outcome = command.remote().session().and_then(|session| wait(command.ask(&session)));
    outcome.unwrap_or_else(|failure| command.remote().told(&failure))
}

/// On this thread: a command waits for one answer at a time.
pub(super) fn wait<T>(asking: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::Process)?.block_on(asking)
}
