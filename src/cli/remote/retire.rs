//! `pointsman retire`: the scheduled deletion of unused collections.

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use super::fields::{list, words};
use super::moment::{ago, distance, length};
use super::paging::PageArgs;
use super::reference::{RETIREMENT, WHICH_RETIREMENT};
use super::session::{RemoteArgs, Session};
use super::table::{Cell, Style, Table};
use super::{Ask, Outcome, at, complete};
use crate::config::Period;

const PATH: &str = "/v1/retirements";

#[derive(Debug, Args)]
pub(in crate::cli) struct RetireArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    remote: RemoteArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// All retirements, the ended ones too
    #[command(after_help = "Example:\n  pointsman retire list --limit 20")]
    List(PageArgs),
    /// One retirement: how far it is, and what is in its way
    #[command(after_help = "Example:\n  pointsman retire show docs_v1")]
    Show {
        #[arg(value_name = "RETIREMENT", help = WHICH_RETIREMENT, add = complete::rollouts(&RETIREMENT))]
        id: String,
    },
    /// Delete a collection after a grace, unless anything speaks against it then
    #[command(after_help = "Example:\n  pointsman retire create docs_v1 --grace 24h --snapshot")]
    Create {
        /// The collection to delete
        #[arg(add = complete::collections())]
        collection: String,
        /// Though it alone has acknowledged writes
        #[arg(long)]
        accept_lost_writes: bool,
        #[command(flatten)]
        terms: Terms,
    },
    /// End a retirement before its deletion
    #[command(after_help = "Example:\n  pointsman retire cancel docs_v1 --reason 'still needed'")]
    Cancel {
        #[arg(value_name = "RETIREMENT", help = WHICH_RETIREMENT, add = complete::rollouts(&RETIREMENT))]
        id: String,
    },
    /// Say which collections of a family are too many; with --apply, retire them
    #[command(after_help = "Example:\n  pointsman retire plan docs --keep 2")]
    Plan {
        /// What the names begin with: docs for docs_v1 and docs_v2
        #[arg(required_unless_present = "alias")]
        family: Option<String>,
        /// Instead: the family of the collection that this alias points at
        #[arg(long, conflicts_with = "family")]
        alias: Option<String>,
        /// How many of the newest stay, besides those in use
        #[arg(long, value_name = "COUNT")]
        keep: u64,
        /// Schedule the retirements; without it, nothing is changed
        #[arg(long)]
        apply: bool,
        #[command(flatten)]
        terms: Terms,
    },
}

/// How collections are to go.
#[derive(Debug, Args)]
struct Terms {
    /// Nothing is deleted before it is over [default: 24h]
    #[arg(long, value_name = "TIME")]
    grace: Option<Period>,
    /// Take a snapshot first; without one, nothing is deleted
    #[arg(long)]
    snapshot: bool,
    /// Where the collection lives [default: default]
    #[arg(long, value_name = "NAME")]
    upstream: Option<String>,
}

impl Terms {
    /// The body, with what was said of the terms.
    fn complete(&self, mut body: Value) -> Value {
        if let Some(grace) = self.grace {
            body["grace"] = json!(grace.to_string());
        }
        if let Some(upstream) = &self.upstream {
            body["upstream"] = json!(upstream);
        }
        body["snapshot"] = json!(self.snapshot);
        body
    }
}

impl Ask for RetireArgs {
    fn remote(&self) -> &RemoteArgs {
        &self.remote
    }

    async fn ask(&self, session: &Session) -> Outcome {
        let post = |path: String, body: Value| async move { session.api.change(Method::POST, &path, Some(&body)).await };
        match &self.action {
            Action::List(page) => page.show(session, PATH, |page, style| listed(list(page, "items"), style)).await,
            Action::Show { id } => {
                let id = session.id(&RETIREMENT, id).await?;
                session.show(&session.api.get(&at(&["v1", "retirements", &id]), &[]).await?, shown)
            }
            Action::Create { collection, accept_lost_writes, terms } => {
                let body = json!({"collection": collection, "accept_lost_writes": accept_lost_writes});
                session.show(&post(PATH.to_owned(), terms.complete(body)).await?, shown)
            }
            Action::Cancel { id } => {
                let id = session.id(&RETIREMENT, id).await?;
                session.show(&post(at(&["v1", "retirements", &id, "cancel"]), json!({})).await?, shown)
            }
            Action::Plan { family, alias, keep, apply, terms } => {
                let family = if let Some(alias) = alias { json!({"alias": alias}) } else { json!({"family": family}) };
                let body = terms.complete(with(with(family, "keep_newest", json!(keep)), "apply", json!(apply)));
                session.show(&post(format!("{PATH}/plan"), body).await?, planned)
            }
        }
    }
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

fn listed<'r>(retirements: impl Iterator<Item = &'r Value>, style: Style) -> String {
    let mut table = Table::new(["RETIREMENT", "UPSTREAM", "COLLECTION", "STATE", "DUE", "BECAUSE"]);
    for retirement in retirements {
        let [id, upstream, collection, reasons] = ["id", "upstream", "collection", "reasons"].map(|field| Cell::of(&retirement[field]));
        let (state, due) = (Cell::state(words(&retirement["state"])), Cell::whole(distance(&retirement["due_at"], style.now)));
        table.row([id, upstream, collection, state, due, reasons]);
    }
    table.render_or("there are no retirements", style)
}

fn shown(retirement: &Value, style: Style) -> String {
    let mut facts = Table::facts();
    facts.fact("retirement", Cell::of(&retirement["id"]));
    for field in ["upstream", "collection"] {
        facts.fact(field, Cell::of(&retirement[field]));
    }
    facts.fact("state", Cell::state(words(&retirement["state"])));
    facts.fact("grace", Cell::text(retirement["grace_ms"].as_u64().map_or_else(|| "-".to_owned(), length)));
    for (name, field) in [("due", "due_at"), ("created", "created"), ("since", "since"), ("next look", "next_look")] {
        if !retirement[field].is_null() {
            facts.fact(name, Cell::text(ago(&retirement[field], style.now)));
        }
    }
    for field in ["snapshot", "snapshot_name", "actor", "reason"] {
        if !retirement[field].is_null() {
            facts.fact(&field.replace('_', " "), Cell::of(&retirement[field]));
        }
    }
    for (name, field) in [("because", "reasons"), ("warning", "warnings")] {
        for said in list(retirement, field) {
            facts.fact(name, Cell::of(said));
        }
    }
    facts.render(style)
}

fn planned(plan: &Value, style: Style) -> String {
    let mut table = Table::new(["COLLECTION", "STAYS", "BECAUSE"]);
    for member in list(plan, "members") {
        let because = match &member["kept"] {
            Value::Null => "one too many".to_owned(),
            Value::Object(kept) => kept.get("referred").map_or_else(String::new, words),
            kept => words(kept),
        };
        let stays = if member["kept"].is_null() { "no" } else { "yes" };
        table.row([Cell::of(&member["collection"]), Cell::text(stays), Cell::text(because)]);
    }
    let family = table.render_or("the family has no collections", style);
    let scheduled = list(plan, "scheduled").next().map(|_| listed(list(plan, "scheduled"), style));
    [Some(family), scheduled].into_iter().flatten().collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{PLAIN, parse};
    use super::*;

    #[test]
    fn a_plan_needs_one_family_and_how_many_stay() {
        for line in ["plan docs", "plan --keep 2", "plan docs --alias docs --keep 2", "create", "create docs_v1 --grace soon"] {
            assert!(parse::<RetireArgs>(line).is_err(), "{line}");
        }
        assert!(parse::<RetireArgs>("plan --alias docs --keep 2").is_ok());
    }

    #[test]
    fn terms_that_were_not_said_are_pointsmans() {
        let terms = |grace| Terms { grace, snapshot: false, upstream: None };
        assert_eq!(terms(None).complete(json!({})), json!({"snapshot": false}));
        assert_eq!(terms(Some(Period::from_secs(3600))).complete(json!({})), json!({"grace": "1h", "snapshot": false}));
    }

    #[test]
    fn a_family_says_what_stays_and_why() {
        let plan = json!({"family": "docs", "scheduled": [], "members": [
            {"collection": "docs_v3", "kept": "newest"},
            {"collection": "docs_v2", "kept": {"referred": ["alias `docs` points at it"]}},
            {"collection": "docs_v1"},
        ]});
        let wanted = "COLLECTION  STAYS  BECAUSE\n\
                      docs_v3     yes    newest\n\
                      docs_v2     yes    alias `docs` points at it\n\
                      docs_v1     no     one too many";
        assert_eq!(planned(&plan, PLAIN), wanted);
    }
}
