//! `pointsman status`: everything an operator needs on one page, from `GET /v1/status` and `GET /v1/kill-switch`.
//!
//! ```text
//! page        the sections in their order            under_way   what runs, how far it is, what it waits for
//! header      the replica and its surroundings       traffic     by alias, variant and collection
//! watch       --watch: drawn again, or a line for each change
//! layout      words within 80 columns
//! ```

mod header;
mod layout;
mod page;
mod traffic;
mod under_way;
mod watch;

#[cfg(test)]
mod tests;

use clap::Args;

use super::session::{RemoteArgs, Session};
use super::{Ask, Outcome};

#[derive(Debug, Args)]
pub(in crate::cli) struct StatusArgs {
    /// Draw the page again every two seconds; where it is not a terminal, print a line for each change
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    remote: RemoteArgs,
}

const STATUS: &str = "/v1/status";
const KILL_SWITCH: &str = "/v1/kill-switch";

impl Ask for StatusArgs {
    fn remote(&self) -> &RemoteArgs {
        &self.remote
    }

    /// What is not for people is the answer of `/v1/status` alone.
    async fn ask(&self, session: &Session) -> Outcome {
        if self.watch {
            return watch::run(session).await;
        }
        let status = session.api.get(STATUS, &[]).await?;
        if !session.is_for_people() {
            return session.show(&status, |_, _| String::new());
        }
        let switch = session.api.get(KILL_SWITCH, &[]).await?.json;
        session.show(&status, |status, style| page::page(status, &switch, style))
    }
}
