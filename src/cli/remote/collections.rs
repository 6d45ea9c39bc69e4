//! `pointsman collections`: which collections there are, and who uses them.

use clap::Args;
use serde_json::Value;

use super::fields::list;
use super::paging::PageArgs;
use super::session::{RemoteArgs, Session};
use super::table::{Cell, Style, Table};
use super::{Ask, Outcome};

#[derive(Debug, Args)]
pub(in crate::cli) struct CollectionsArgs {
    #[command(flatten)]
    page: PageArgs,
    #[command(flatten)]
    remote: RemoteArgs,
}

impl Ask for CollectionsArgs {
    fn remote(&self) -> &RemoteArgs {
        &self.remote
    }

    async fn ask(&self, session: &Session) -> Outcome {
        self.page.show(session, "/v1/collections", listed).await
    }
}

fn listed(page: &Value, style: Style) -> String {
    let mut table = Table::new(["UPSTREAM", "COLLECTION", "LISTED", "IN FLIGHT", "ALIASES", "ROUTES"]);
    for collection in list(page, "items") {
        table.row(["upstream", "collection", "listed", "in_flight", "aliases", "routes"].map(|field| Cell::of(&collection[field])));
    }
    table.render_or("there are no collections", style)
}
