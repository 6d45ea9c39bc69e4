//! `pointsman collections`: which collections there are, and who uses them.

use clap::Args;
use serde_json::Value;

use super::fields::{list, words};
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
    let mut table = Table::new(["UPSTREAM", "COLLECTION", "LISTED", "IN FLIGHT", "ALIASES", "ROUTES", "ARM OF"]);
    for collection in list(page, "items") {
        let [upstream, name, listed, in_flight, aliases, routes] =
            ["upstream", "collection", "listed", "in_flight", "aliases", "routes"].map(|field| Cell::of(&collection[field]));
        table.row([upstream, name, listed, in_flight, aliases, routes, Cell::text(arms(collection))]);
    }
    table.render_or("there are no collections", style)
}

/// The canaries, experiments and shadow comparisons that ask it, by alias.
fn arms(collection: &Value) -> String {
    let arms = list(collection, "arms").map(|arm| format!("{} {}: {}", words(&arm["kind"]), words(&arm["alias"]), words(&arm["arm"])));
    let arms: Vec<String> = arms.collect();
    if arms.is_empty() { "-".to_owned() } else { arms.join(", ") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::PLAIN;
    use super::*;

    #[test]
    fn a_collection_shows_the_experiments_that_ask_it() {
        let arm =
            json!({"kind": "experiment", "id": "exp_1", "alias": "docs", "arm": "new", "upstream": "default", "collection": "docs_v2"});
        let collection = json!({"upstream": "default", "collection": "docs_v2", "listed": true, "in_flight": 0, "aliases": [], "routes": [],
            "arms": [arm]});
        let wanted = "UPSTREAM  COLLECTION  LISTED  IN FLIGHT  ALIASES  ROUTES  ARM OF\n\
                      default   docs_v2     yes             0  -        -       experiment docs: new";
        assert_eq!(listed(&json!({"items": [collection]}), PLAIN), wanted);
    }
}
