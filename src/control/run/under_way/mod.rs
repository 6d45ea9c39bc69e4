//! Everything under way on one list, for `GET /v1/status`: what runs on which alias, how far it is and what it waits for.
//!
//! Pure: each file makes an [`UnderWay`] of one kind from its document and the moment. [`all`] puts them into one order. What needs
//! a person is in `attention`.

mod canary;
mod capture;
mod deployment;
mod experiment;
#[cfg(test)]
pub(in crate::control) mod fixtures;
mod retirement;
mod shadow;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::control::documents::{DeploymentDocument, Documents, Noun, Resource};
use crate::control::engine::State;
use crate::qdrant::Listing;
use crate::rollout::Timestamp;

/// What is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Canary,
    Deployment,
    Experiment,
    Shadow,
    Retirement,
    Capture,
}

/// One thing under way.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct UnderWay {
    pub kind: Kind,
    pub id: String,
    /// None of a retirement, which is about a collection alone.
    pub alias: Option<String>,
    /// The collection that serves the alias, or that is to be deleted.
    pub from: Option<String>,
    /// The collections it leads to; several of an experiment with several arms.
    pub to: Vec<String>,
    pub state: &'static str,
    /// The share of the alias's units, or of its reads, that it concerns now.
    pub share_percent: Option<f64>,
    /// From 0 to 1, where its whole length is known.
    pub progress: Option<f64>,
    /// To its end, if nothing holds it up.
    pub time_left_seconds: Option<f64>,
    /// What it waits for, where it does not move on by itself.
    pub waits_for: Option<String>,
    /// When it was created.
    pub since: Timestamp,
}

/// What is the same for all of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around<'a> {
    pub(super) now: Timestamp,
    pub(super) listing: &'a Listing,
    /// Why the store does not answer: then nothing moves on.
    pub(super) store_lost: Option<&'a str>,
    pub(super) kill_switch: bool,
    /// Why nothing is promoted now, by the configuration.
    pub(super) frozen: Option<&'a str>,
}

impl Around<'_> {
    fn target_of(&self, alias: &str) -> Option<String> {
        self.listing.aliases.get(alias).cloned()
    }

    /// A lost store holds up all that the leader moves on; else what the entry itself waits for.
    fn or_store(&self, own: Option<String>) -> Option<String> {
        match self.store_lost {
            Some(_) => Some("the store, which does not answer".to_owned()),
            None => own,
        }
    }
}

/// By alias, then by age. What has no alias comes last.
pub(super) fn all(state: &State, around: &Around<'_>) -> Vec<UnderWay> {
    let mut all: Vec<UnderWay> = Noun::ALL.iter().flat_map(|noun| of(*noun, &state.documents, around)).collect();
    all.extend(state.captures.iter().map(|capture| capture::entry(capture, around)));
    all.sort_by(|one, other| one.place().cmp(&other.place()));
    all
}

/// All of one noun that is live.
fn of(noun: Noun, documents: &Documents, around: &Around<'_>) -> Vec<UnderWay> {
    match noun {
        // A route stays as it is.
        Noun::Route => Vec::new(),
        Noun::Canary => live(&documents.canaries).map(|document| canary::entry(document, around)).collect(),
        Noun::Deployment => {
            let of_canary = |document: &DeploymentDocument| documents.canaries.get(document.deployment.made().canary.as_ref()?);
            live(&documents.deployments).map(|document| deployment::entry(document, of_canary(document), around)).collect()
        }
        Noun::Experiment => live(&documents.experiments).map(|document| experiment::entry(document, around)).collect(),
        Noun::Shadow => live(&documents.shadows).map(|document| shadow::entry(document, around)).collect(),
        Noun::Retirement => live(&documents.retirements).map(|document| retirement::entry(document, around)).collect(),
    }
}

fn live<T: Resource>(documents: &BTreeMap<String, T>) -> impl Iterator<Item = &T> {
    documents.values().filter(|document| document.is_live())
}

impl UnderWay {
    fn place(&self) -> (bool, &Option<String>, Timestamp, Kind, &str) {
        (self.alias.is_none(), &self.alias, self.since, self.kind, &self.id)
    }
}

/// Milliseconds as the API shows lengths of time.
#[expect(clippy::cast_precision_loss, reason = "milliseconds stay far below 2^52")]
pub(super) fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}

/// How much of a whole is done; none of nothing.
#[expect(clippy::cast_precision_loss, reason = "counts and milliseconds stay far below 2^52")]
fn fraction(done: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| (done as f64 / whole as f64).min(1.0))
}

/// What is between a beginning and a planned end: how much of it is over, and the seconds that are left.
fn between(begun: Timestamp, end: Timestamp, now: Timestamp) -> (Option<f64>, Option<f64>) {
    (fraction(now.since(begun), end.since(begun)), Some(seconds(end.since(now))))
}
