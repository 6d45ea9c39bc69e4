//! `pointsman explain`: where a request would go, and why; asked of a running Pointsman or computed without one.

use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::output::OutputOrJsonArgs;
use super::remote::{self, AdminArgs, Api, Failure, Weight, at};
use crate::protocol::Read;
use crate::routing::{Allocation, Reason, RouteSpec, SLOTS, STABLE, VariantSpec};

/// With `--weights` nothing is asked: the decision is computed by the published assignment function, for a route that
/// starts with these weights. A route that came to them in steps may have dealt its slots otherwise.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The alias a request names
    alias: String,
    /// The user id of the request; leave it out for a request without one
    #[arg(long)]
    unit: Option<String>,
    /// What the request reads: search, or bookkeeping (retrieve by id, scroll, count, facet) [default: search]
    #[arg(long, value_name = "KIND", conflicts_with = "weights", value_parser = ["search", "bookkeeping"])]
    read: Option<String>,
    /// The variant the request asks for
    #[arg(long, value_name = "VARIANT", conflicts_with = "weights")]
    forced: Option<String>,
    /// Compute for a route of these variants, such as stable=95,candidate=5
    #[arg(long, value_name = "NAME=WEIGHT,…", value_delimiter = ',', requires = "unit")]
    weights: Vec<Weight>,
    /// The salt to compute with [default: route:ALIAS]
    #[arg(long, requires = "weights")]
    salt: Option<String>,
    #[command(flatten)]
    output: OutputOrJsonArgs,
    #[command(flatten)]
    admin: AdminArgs,
}

pub(super) fn run(args: &ExplainArgs) -> ExitCode {
    let decision = if args.weights.is_empty() { remote::wait(ask(args)) } else { compute(args) };
    match decision {
        Ok(decision) => args.output.chosen().print(&format!("{decision:#}"), &decision, in_words),
        Err(failure) => failure.told(),
    }
}

/// The same fields as the admin API's answer; what only a server knows is null.
fn compute(args: &ExplainArgs) -> Result<Value, Failure> {
    let variant = |given: &Weight| VariantSpec {
        name: given.name.clone(),
        weight: given.weight,
        // A name to pass the checks with; it is not shown.
        collection: (given.name != STABLE).then(|| given.name.clone()),
        upstream: None,
    };
    let spec = RouteSpec { variants: args.weights.iter().map(variant).collect(), salt: args.salt.clone(), anonymous: None, split: None };
    let faults: Vec<String> = spec.check(&std::collections::HashSet::new()).iter().map(ToString::to_string).collect();
    if !faults.is_empty() {
        return Err(Failure::Usage(faults.join("\n")));
    }
    let unit = args.unit.as_deref().unwrap_or_default();
    let salt = spec.salt_for(&args.alias);
    let slot = salt.slot(unit.as_bytes());
    let owner = Allocation::fresh(&spec.weights(), spec.stable()).owner(slot);
    Ok(json!({
        "alias": args.alias, "unit": unit, "read": Read::Search, "revision": null, "salt": salt.as_str(), "slot": slot,
        "layer": null, "rollout": null, "variant": spec.variants[owner].name, "collection": null, "cohort": null, "reason": Reason::Weights,
    }))
}

async fn ask(args: &ExplainArgs) -> Result<Value, Failure> {
    let api = Api::new(&args.admin.address()?.url)?;
    let query = [("unit", args.unit.as_deref()), ("read", args.read.as_deref()), ("forced", args.forced.as_deref())];
    Ok(api.get(&at(&["v1", "aliases", &args.alias, "decision"]), &query).await?.json)
}

fn in_words(decision: &Value) -> String {
    let text = |field: &str| match &decision[field] {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let unit = text("unit").map_or_else(|| "a request without a user id".to_owned(), |unit| format!("unit {unit}"));
    let mut lines = vec![format!("{} for {unit}: {}", text("alias").unwrap_or_default(), text("variant").unwrap_or_default())];
    let slot = text("slot").map(|slot| format!("{slot} of {SLOTS}"));
    let layer = &decision["layer"];
    let layer = layer.as_object().map(|_| format!("{} of {SLOTS} under {}", layer["slot"], layer["salt"].as_str().unwrap_or_default()));
    let details = [
        ("collection", text("collection")),
        ("read", text("read").filter(|read| read != "search")),
        ("reason", text("reason")),
        ("layer", layer),
        ("rollout", text("rollout")),
        ("cohort", text("cohort")),
        ("slot", slot),
        ("salt", text("salt")),
        ("revision", text("revision")),
    ];
    lines.extend(details.into_iter().filter_map(|(name, value)| Some(format!("  {name:<10} {}", value?))));
    lines.join("\n")
}

#[cfg(test)]
mod tests;
