//! `pointsman route`: an alias split between collections by weight.

mod parts;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Map, Value, json};

use self::parts::Variant;
use super::fields::{list, percentage, words};
use super::paging::PageArgs;
use super::session::{RemoteArgs, Session};
use super::table::{Cell, Style, Table};
use super::{Ask, Failure, Outcome, at, complete, document};
use crate::cli::say;

pub(in crate::cli) use self::parts::Weight;

#[derive(Debug, Args)]
pub(in crate::cli) struct RouteArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    remote: RemoteArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// All routes
    #[command(after_help = "Example:\n  pointsman route list")]
    List(PageArgs),
    /// One route
    #[command(after_help = "Example:\n  pointsman route show docs")]
    Show {
        /// The alias
        #[arg(add = complete::aliases())]
        alias: String,
    },
    /// Make a route, or replace it with --if-match
    #[command(after_help = "Example:\n  pointsman route set docs stable=90 new=10:docs_v2")]
    Set(SetArgs),
    /// New weights for all variants
    #[command(after_help = "Example:\n  pointsman route weights docs stable=50 new=50 --if-match 2")]
    Weights {
        /// The alias
        #[arg(add = complete::aliases())]
        alias: String,
        /// Relative to each other, such as stable=90 new=10
        #[arg(required = true, value_name = "NAME=WEIGHT")]
        weights: Vec<Weight>,
        /// Only if the route is at this revision; * for whatever is there
        #[arg(long, value_name = "REVISION", default_value = "*")]
        if_match: String,
    },
    /// Delete the route: all users are served by stable again
    #[command(after_help = "Example:\n  pointsman route delete docs")]
    Delete {
        /// The alias
        #[arg(add = complete::aliases())]
        alias: String,
        /// Only if the route is at this revision; * for whatever is there
        #[arg(long, value_name = "REVISION", default_value = "*")]
        if_match: String,
    },
}

#[derive(Debug, Args)]
struct SetArgs {
    /// The alias
    #[arg(add = complete::aliases())]
    alias: String,
    /// Such as stable=90 new=10:docs_v2, or new=10:eu/docs_v2 for a collection on the upstream eu
    #[arg(value_name = "NAME=WEIGHT[:COLLECTION]", required_unless_present = "file")]
    variants: Vec<Variant>,
    /// The route as YAML or JSON; - for standard input. Variants and flags replace what it says
    #[arg(long, short, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Deals the units; another salt deals all of them anew [default: route:ALIAS]
    #[arg(long)]
    salt: Option<String>,
    /// What happens to requests without a unit: random or stable
    #[arg(long, value_name = "POLICY")]
    anonymous: Option<String>,
    /// Which reads are split: searches, or all (retrieve by id, scroll, count and facet too, for requests with a unit)
    #[arg(long, value_name = "READS")]
    split_reads: Option<String>,
    /// Replace the route if it is at this revision; * for whatever is there
    #[arg(long, value_name = "REVISION")]
    if_match: Option<String>,
}

impl Ask for RouteArgs {
    fn remote(&self) -> &RemoteArgs {
        &self.remote
    }

    async fn ask(&self, session: &Session) -> Outcome {
        match &self.action {
            Action::List(page) => page.show(session, "/v1/routes", listed).await,
            Action::Show { alias } => session.show(&session.api.get(&at(&["v1", "routes", alias]), &[]).await?, shown),
            Action::Set(args) => {
                let path = at(&["v1", "routes", &args.alias]);
                conditional(session, Method::PUT, &path, Some(&args.body()?), args.if_match.as_deref()).await
            }
            Action::Weights { alias, weights, if_match } => {
                let weights: Map<String, Value> = weights.iter().map(|weight| (weight.name.clone(), json!(weight.weight))).collect();
                let path = at(&["v1", "routes", alias, "weights"]);
                conditional(session, Method::PATCH, &path, Some(&json!({"weights": weights})), Some(if_match)).await
            }
            Action::Delete { alias, if_match } => {
                conditional(session, Method::DELETE, &at(&["v1", "routes", alias]), None, Some(if_match)).await
            }
        }
    }
}

impl SetArgs {
    fn body(&self) -> Result<Value, Failure> {
        let mut body = self.file.as_deref().map_or_else(|| Ok(json!({})), document::read)?;
        if !self.variants.is_empty() {
            body["variants"] = self.variants.iter().map(Variant::body).collect();
        }
        for (field, value) in [("salt", &self.salt), ("anonymous", &self.anonymous), ("split", &self.split_reads)] {
            if let Some(value) = value {
                body[field] = json!(value);
            }
        }
        Ok(body)
    }
}

/// A deletion is answered without a body.
async fn conditional(session: &Session, method: Method, path: &str, body: Option<&Value>, if_match: Option<&str>) -> Outcome {
    let etag = if_match.map(|revision| if revision == "*" { revision.to_owned() } else { format!("\"{}\"", revision.trim_matches('"')) });
    let answer = session.api.change_with(method, path, body, &[("--if-match", "if-match", etag.as_deref())]).await?;
    if answer.json.is_null() && session.is_for_people() {
        return Ok(say(format_args!("the route is gone: everybody is on stable")));
    }
    session.show(&answer, shown)
}

fn listed(page: &Value, style: Style) -> String {
    let mut table = Table::new(["ALIAS", "REVISION", "VARIANTS", "WARNINGS"]);
    for route in list(page, "items") {
        let variants: Vec<String> = list(route, "variants").map(|variant| in_short(route, variant)).collect();
        table.row([Cell::of(&route["alias"]), Cell::of(&route["revision"]), Cell::text(variants.join(", ")), Cell::of(&route["warnings"])]);
    }
    table.render_or("there are no routes", style)
}

fn in_short(route: &Value, variant: &Value) -> String {
    let name = words(&variant["name"]);
    let share = percentage(&route["share_percent"][&name]);
    variant["collection"].as_str().map_or_else(|| format!("{name} {share}"), |collection| format!("{name} {share} ({collection})"))
}

fn shown(route: &Value, style: Style) -> String {
    let mut facts = Table::facts();
    for field in ["alias", "revision", "salt", "anonymous", "split"] {
        if !route[field].is_null() {
            facts.fact(field, Cell::of(&route[field]));
        }
    }
    for warning in list(route, "warnings") {
        facts.fact("warning", Cell::of(warning));
    }
    let mut table = Table::new(["VARIANT", "WEIGHT", "SHARE", "COLLECTION", "UPSTREAM"]);
    for variant in list(route, "variants") {
        let share = percentage(&route["share_percent"][words(&variant["name"])]);
        let [name, weight, collection, upstream] = ["name", "weight", "collection", "upstream"].map(|field| Cell::of(&variant[field]));
        table.row([name, weight, Cell::number(share), collection, upstream]);
    }
    format!("{}\n\n{}", facts.render(style), table.render(style))
}

#[cfg(test)]
mod tests;
