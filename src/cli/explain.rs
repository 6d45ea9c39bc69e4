//! `pointsman explain`: where a request would go, and why; asked of a running Pointsman or computed without one.

use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::{complain, say};
use crate::routing::{Allocation, Reason, RouteSpec, SLOTS, STABLE, VariantSpec};

const PATIENCE: Duration = Duration::from_secs(10);

/// With `--weights` nothing is asked: the decision is computed by the published assignment function, for a route that
/// starts with these weights. A route that came to them in steps may have dealt its slots otherwise.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The alias a request names
    alias: String,
    /// Whom the request is for; left out: nobody said
    #[arg(long)]
    unit: Option<String>,
    /// The variant the request asks for
    #[arg(long, value_name = "VARIANT", conflicts_with = "weights")]
    forced: Option<String>,
    /// The admin port to ask
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7335", conflicts_with = "weights")]
    admin: String,
    /// Compute for a route of these variants, such as stable=95,candidate=5
    #[arg(long, value_name = "NAME=WEIGHT,…", value_delimiter = ',', requires = "unit")]
    weights: Vec<Weight>,
    /// The salt to compute with [default: route:ALIAS]
    #[arg(long, requires = "weights")]
    salt: Option<String>,
    /// Print the decision as JSON
    #[arg(long)]
    json: bool,
}

/// One variant of a route that exists only on the command line.
#[derive(Clone, Debug)]
struct Weight {
    name: String,
    weight: f64,
}

impl FromStr for Weight {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once('=').and_then(|(name, weight)| Some((name, weight.parse().ok()?)));
        let (name, weight) = parsed.ok_or_else(|| format!("`{text}` is not a variant and its weight, such as stable=95"))?;
        Ok(Self { name: name.to_owned(), weight })
    }
}

pub(super) fn run(args: &ExplainArgs) -> ExitCode {
    let decision = if args.weights.is_empty() { ask(args) } else { compute(args) };
    match decision {
        Ok(decision) if args.json => say(format_args!("{decision:#}")),
        Ok(decision) => say(format_args!("{}", in_words(&decision))),
        Err(reason) => complain(format_args!("{reason}")),
    }
}

/// The same fields as the admin API's answer; what only a server knows is null.
fn compute(args: &ExplainArgs) -> Result<Value, String> {
    let variant = |given: &Weight| VariantSpec {
        name: given.name.clone(),
        weight: given.weight,
        // A name to pass the checks with; it is not shown.
        collection: (given.name != STABLE).then(|| given.name.clone()),
        upstream: None,
    };
    let spec = RouteSpec { variants: args.weights.iter().map(variant).collect(), salt: args.salt.clone(), anonymous: None };
    let faults: Vec<String> = spec.check(&std::collections::HashSet::new()).iter().map(ToString::to_string).collect();
    if !faults.is_empty() {
        return Err(faults.join("\n"));
    }
    let unit = args.unit.as_deref().unwrap_or_default();
    let salt = spec.salt_for(&args.alias);
    let slot = salt.slot(unit.as_bytes());
    let owner = Allocation::fresh(&spec.weights(), spec.stable()).owner(slot);
    Ok(json!({
        "alias": args.alias, "unit": unit, "revision": null, "salt": salt.as_str(), "slot": slot,
        "variant": spec.variants[owner].name, "collection": null, "cohort": null, "reason": Reason::Weights,
    }))
}

fn ask(args: &ExplainArgs) -> Result<Value, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    runtime.block_on(fetch(args))
}

async fn fetch(args: &ExplainArgs) -> Result<Value, String> {
    let failed = |error: reqwest::Error| format!("{} cannot be asked: {}", args.admin, innermost(&error));
    let url = format!("{}/v1/aliases/{}/decision", args.admin.trim_end_matches('/'), utf8_percent_encode(&args.alias, NON_ALPHANUMERIC));
    // The admin port is on this machine or in this network; a proxy for the outside world would not reach it.
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().map_err(failed)?;
    let query = [("unit", &args.unit), ("forced", &args.forced)];
    let query: Vec<_> = query.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))).collect();
    let response = client.get(url).query(&query).send().await.map_err(failed)?;
    let status = response.status();
    let body: Value =
        response.json().await.map_err(|error| format!("{} answered {status} with something else than JSON: {error}", args.admin))?;
    match body["detail"].as_str() {
        _ if status.is_success() => Ok(body),
        Some(detail) => Err(detail.to_owned()),
        None => Err(format!("{} answered {status}: {body}", args.admin)),
    }
}

/// What really happened stands at the end of the chain.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

fn in_words(decision: &Value) -> String {
    let text = |field: &str| match &decision[field] {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let unit = text("unit").map_or_else(|| "nobody in particular".to_owned(), |unit| format!("unit {unit}"));
    let mut lines = vec![format!("{} for {unit}: {}", text("alias").unwrap_or_default(), text("variant").unwrap_or_default())];
    let slot = text("slot").map(|slot| format!("{slot} of {SLOTS}"));
    let details = [
        ("collection", text("collection")),
        ("reason", text("reason")),
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
