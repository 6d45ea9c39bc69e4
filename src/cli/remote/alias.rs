//! `pointsman alias`: Qdrant's aliases, looked at and moved.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use super::fields::{list, words};
use super::paging::PageArgs;
use super::session::{RemoteArgs, Session};
use super::table::{Cell, Style, Table};
use super::{Ask, Outcome, at, complete};
use crate::config::Period;

#[derive(Debug, Args)]
pub(in crate::cli) struct AliasArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    remote: RemoteArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// All aliases and what they point at
    #[command(after_help = "Example:\n  pointsman alias list")]
    List(PageArgs),
    /// One alias
    #[command(after_help = "Example:\n  pointsman alias show docs")]
    Show {
        /// The alias
        #[arg(add = complete::aliases())]
        alias: String,
    },
    /// Make an alias
    #[command(after_help = "Example:\n  pointsman alias create docs docs_v1")]
    Create {
        /// The alias
        alias: String,
        /// What it is to point at
        #[arg(add = complete::collections())]
        collection: String,
        /// Also if it is there already, a rollout has it, the collection is incompatible, or the present one cannot be read
        #[arg(long)]
        force: bool,
        /// Though acknowledged writes are lost by it
        #[arg(long)]
        accept_lost_writes: bool,
    },
    /// Move an alias to another collection, in one request
    #[command(after_help = "Example:\n  pointsman alias switch docs docs_v2 --expect docs_v1 --retire-old 24h")]
    Switch {
        /// The alias
        #[arg(add = complete::aliases())]
        alias: String,
        /// What it is to point at
        #[arg(add = complete::collections())]
        collection: String,
        /// Only if it points at this collection now
        #[arg(long, value_name = "COLLECTION")]
        expect: Option<String>,
        /// Retire the collection it leaves after this grace, such as 24h
        #[arg(long, value_name = "TIME")]
        retire_old: Option<Period>,
        /// Also if a rollout has it, the collection is incompatible, or the present one cannot be read
        #[arg(long)]
        force: bool,
        /// Though acknowledged writes are lost by it
        #[arg(long)]
        accept_lost_writes: bool,
    },
    /// Delete an alias; the collection stays
    #[command(after_help = "Example:\n  pointsman alias delete docs")]
    Delete {
        /// The alias
        #[arg(add = complete::aliases())]
        alias: String,
    },
    /// Every difference between the alias's collection and another; exit code 1 if they are incompatible
    #[command(after_help = "Example:\n  pointsman alias check docs docs_v2")]
    Check {
        /// The alias
        #[arg(add = complete::aliases())]
        alias: String,
        /// The collection it might point at
        #[arg(add = complete::collections())]
        collection: String,
    },
}

impl Ask for AliasArgs {
    fn remote(&self) -> &RemoteArgs {
        &self.remote
    }

    async fn ask(&self, session: &Session) -> Outcome {
        let changed = |method, path: String, body: Option<Value>| async move {
            session.show(&session.api.change(method, &path, body.as_ref()).await?, outcome)
        };
        match &self.action {
            Action::List(page) => page.show(session, "/v1/aliases", listed).await,
            Action::Show { alias } => session.show(&session.api.get(&at(&["v1", "aliases", alias]), &[]).await?, shown),
            Action::Create { alias, collection, force, accept_lost_writes } => {
                let body = json!({"collection": collection, "force": force, "accept_lost_writes": accept_lost_writes});
                changed(Method::PUT, at(&["v1", "aliases", alias]), Some(body)).await
            }
            Action::Switch { alias, collection, expect, retire_old, force, accept_lost_writes } => {
                let mut body =
                    json!({"collection": collection, "expect": expect, "force": force, "accept_lost_writes": accept_lost_writes});
                if let Some(grace) = retire_old {
                    body["retire_old"] = json!(grace.to_string());
                }
                changed(Method::POST, at(&["v1", "aliases", alias, "switch"]), Some(body)).await
            }
            Action::Delete { alias } => changed(Method::DELETE, at(&["v1", "aliases", alias]), None).await,
            Action::Check { alias, collection } => check(session, alias, collection).await,
        }
    }
}

async fn check(session: &Session, alias: &str, collection: &str) -> Outcome {
    let path = at(&["v1", "aliases", alias, "compatibility"]);
    let answer = session.api.get(&path, &[("collection", Some(collection))]).await?;
    let printed = session.show(&answer, compared)?;
    Ok(if answer.json["compatible"] == true { printed } else { ExitCode::FAILURE })
}

fn listed(page: &Value, style: Style) -> String {
    let mut table = Table::new(["ALIAS", "COLLECTION", "ROUTED", "ARMS"]);
    for alias in list(page, "items") {
        let [name, collection, routed] = ["alias", "collection", "routed"].map(|field| Cell::of(&alias[field]));
        table.row([name, collection, routed, Cell::text(arms(alias))]);
    }
    table.render_or("there are no aliases", style)
}

/// The collections that canaries, experiments and shadow comparisons ask beside the alias's own.
fn arms(alias: &Value) -> String {
    let arms = list(alias, "arms").map(|arm| format!("{} {}: {}", words(&arm["kind"]), words(&arm["arm"]), words(&arm["collection"])));
    let arms: Vec<String> = arms.collect();
    if arms.is_empty() { "-".to_owned() } else { arms.join(", ") }
}

fn shown(alias: &Value, style: Style) -> String {
    let mut facts = Table::facts();
    for field in ["alias", "collection", "routed"] {
        facts.fact(field, Cell::of(&alias[field]));
    }
    if list(alias, "arms").next().is_some() {
        facts.fact("arms", Cell::text(arms(alias)));
    }
    facts.render(style)
}

/// What became of the alias, what of the collections differs, and what the next one might be called.
fn outcome(done: &Value, style: Style) -> String {
    let [alias, collection, previous] = ["alias", "collection", "previous"].map(|field| Cell::of(&done[field]).shown());
    let mut lines = vec![match (done["changed"] == true, &done["collection"], &done["previous"]) {
        (false, Value::Null, _) => format!("{alias} was not there"),
        (false, ..) => format!("{alias} points at {collection} already"),
        (true, Value::Null, _) => format!("{alias} is deleted; it pointed at {previous}"),
        (true, _, Value::Null) => format!("{alias} points at {collection}"),
        (true, ..) => format!("{alias} points at {collection}, no longer at {previous}"),
    }];
    if list(done, "differences").next().is_some() {
        lines.push(differences(done, style));
    }
    for warning in list(done, "warnings") {
        lines.push(format!("warning: {}", Cell::of(warning).shown()));
    }
    if let Some(retirement) = done["retirement"].as_str() {
        lines.push(format!("{previous} is retired by {}", Cell::text(retirement).shown()));
    }
    if let Some(next) = done["next_name"].as_str() {
        lines.push(format!("a name for the next collection: {}", Cell::text(next).shown()));
    }
    lines.join("\n")
}

fn compared(report: &Value, style: Style) -> String {
    let [present, candidate] = ["present", "candidate"].map(|field| Cell::of(&report[field]).shown());
    let verdict = if report["compatible"] == true { "can stand in for" } else { "cannot stand in for" };
    let sentence = format!("{candidate} {verdict} {present}");
    if list(report, "differences").next().is_none() { sentence } else { format!("{sentence}\n{}", differences(report, style)) }
}

fn differences(report: &Value, style: Style) -> String {
    let mut table = Table::new(["SEVERITY", "WHERE", "OLD", "NEW", "MEANING"]);
    for difference in list(report, "differences") {
        let [path, old, new] = ["path", "old", "new"].map(|field| Cell::text(words(&difference[field])));
        let sentence = words(&difference["sentence"]);
        table.row([Cell::state(words(&difference["severity"])), path, old, new, Cell::prose(sentence)]);
    }
    table.render(style)
}

#[cfg(test)]
mod tests {
    use super::super::testing::PLAIN;
    use super::*;

    fn said(collection: Option<&str>, previous: Option<&str>, changed: bool) -> String {
        outcome(&json!({"alias": "docs", "collection": collection, "previous": previous, "changed": changed, "differences": []}), PLAIN)
    }

    #[test]
    fn every_outcome_has_its_sentence() {
        assert_eq!(said(Some("v2"), Some("v1"), true), "docs points at v2, no longer at v1");
        assert_eq!(said(Some("v2"), None, true), "docs points at v2");
        assert_eq!(said(Some("v2"), Some("v2"), false), "docs points at v2 already");
        assert_eq!(said(None, Some("v2"), true), "docs is deleted; it pointed at v2");
        assert_eq!(said(None, None, false), "docs was not there");
    }

    #[test]
    fn advice_and_differences_are_shown() {
        let difference = json!({"path": "params.vectors.size", "old": 2, "new": 3, "severity": "blocking", "sentence": "queries fail"});
        let done =
            json!({"alias": "docs", "collection": "v2", "previous": "v1", "changed": true, "differences": [difference], "next_name": "v3"});
        let wanted = "docs points at v2, no longer at v1\n\
                      SEVERITY  WHERE                OLD  NEW  MEANING\n\
                      blocking  params.vectors.size  2    3    queries fail\n\
                      a name for the next collection: v3";
        assert_eq!(outcome(&done, PLAIN), wanted);
    }
}
