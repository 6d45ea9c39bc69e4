//! What a shell offers for an argument: names and ids of the Pointsman that runs. A shell that asks must not wait, and what
//! goes wrong must not stand in the middle of a command line: then nothing is offered.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use serde_json::Value;

use super::fields::words;
use super::reference::Kind;
use super::{AdminArgs, Api, paging, wait};

const PATIENCE: Duration = Duration::from_millis(700);

/// Ids, aliases and other names of one kind, and `latest`.
pub(super) fn rollouts(kind: &'static Kind) -> ArgValueCandidates {
    ArgValueCandidates::new(move || {
        let items = listed(&kind.path());
        let names = items.iter().flat_map(|item| kind.names(item).map(move |name| offered(name, kind.noun)));
        let ids = items.iter().rev().filter_map(|item| Some(offered(item["id"].as_str()?, &words(&item["state"]))));
        let latest = (!items.is_empty()).then(|| offered("latest", "the newest one"));
        once_each(names.chain(ids).chain(latest))
    })
}

pub(super) fn aliases() -> ArgValueCandidates {
    ArgValueCandidates::new(|| named("/v1/aliases", "alias", "collection"))
}

pub(super) fn collections() -> ArgValueCandidates {
    ArgValueCandidates::new(|| named("/v1/collections", "collection", "aliases"))
}

fn named(path: &str, name: &str, help: &str) -> Vec<CompletionCandidate> {
    let items = listed(path);
    once_each(items.iter().filter_map(|item| Some(offered(item[name].as_str()?, &words(&item[help])))))
}

fn offered(name: &str, help: &str) -> CompletionCandidate {
    CompletionCandidate::new(name).help(Some(help.to_owned().into()))
}

fn once_each(candidates: impl Iterator<Item = CompletionCandidate>) -> Vec<CompletionCandidate> {
    let mut seen = std::collections::HashSet::<OsString>::new();
    candidates.filter(|candidate| seen.insert(candidate.get_value().to_owned())).collect()
}

fn listed(path: &str) -> Vec<Value> {
    let asked = async {
        let api = Api::new(&admin().address()?.url)?;
        let listed = tokio::time::timeout(PATIENCE, paging::all(&api, path)).await;
        listed.unwrap_or_else(|_| Ok(Vec::new()))
    };
    wait(asked).unwrap_or_default()
}

/// The port that the half-written command line names, or else the one that a command without `--admin` would ask.
fn admin() -> AdminArgs {
    let words: Vec<String> = std::env::args().collect();
    AdminArgs::named(flag(&words, "--admin"), flag(&words, "--config").map(PathBuf::from))
}

/// `--name value` or `--name=value`, or what the environment says.
fn flag(words: &[String], name: &str) -> Option<String> {
    let beside = words.iter().position(|word| word == name).and_then(|at| words.get(at + 1).cloned());
    let within = || words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('=').map(str::to_owned));
    let variable = if name == "--admin" { "POINTSMAN_ADMIN_URL" } else { "POINTSMAN_CONFIG" };
    beside.or_else(within).or_else(|| std::env::var(variable).ok()).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_written_line_says_whom_to_ask() {
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(flag(&words("canary show --admin host:1 do"), "--admin").as_deref(), Some("host:1"));
        assert_eq!(flag(&words("canary show --admin=host:2 do"), "--admin").as_deref(), Some("host:2"));
    }

    #[test]
    fn a_name_is_offered_once() {
        let offers = once_each(["docs", "news", "docs"].into_iter().map(|name| offered(name, "alias")));
        assert_eq!(offers.len(), 2);
    }
}
