//! What speaks against a deletion, and what follows from it.

use super::{Retirement, State};
use crate::config::Period;
use crate::rollout::Timestamp;
use crate::rollout::loss::Loss;

/// Something that was found out, or why it could not be. What is not known always blocks.
pub type Fact<T> = Result<T, String>;

/// Everything that has to be known before a collection is deleted. There is no default: the caller states
/// each of them.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Whether the upstream still lists the collection.
    pub exists: Fact<bool>,
    /// Whether the upstream lists an alias of the collection's name.
    pub shadowed: Fact<bool>,
    /// The aliases of each configured upstream that point at a collection of this name.
    pub aliases: Vec<Referrers>,
    /// Routes and rollouts.
    pub references: Vec<String>,
    /// Of every replica that may be serving.
    pub in_flight: Fact<Vec<InFlight>>,
    /// What it alone has of acknowledged writes, if anything.
    pub alone: Fact<Option<Loss>>,
    /// How long ago the last request to it began, in milliseconds. Without any request: for how long that is known.
    pub idle_ms: Fact<u64>,
}

#[derive(Clone, Debug)]
pub struct Referrers {
    pub upstream: String,
    pub aliases: Fact<Vec<String>>,
}

#[derive(Clone, Debug)]
pub struct InFlight {
    pub replica: String,
    pub requests: Fact<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Its time has not come, or it has ended.
    Wait,
    /// Something refers to the collection again.
    Cancel(Vec<String>),
    /// It must never be done.
    Refuse(Vec<String>),
    /// Not now, for these reasons.
    Block(Vec<String>),
    /// The collection is gone already.
    Gone,
    Snapshot,
    Delete,
}

impl Retirement {
    /// What is to be done now. `quiet` is how long the collection must have been without requests.
    #[must_use]
    pub fn decide(&self, now: Timestamp, facts: &Facts, quiet: Period) -> Decision {
        if self.state.is_terminal() {
            return Decision::Wait;
        }
        let references = self.references(facts);
        if !references.is_empty() {
            return Decision::Cancel(references);
        }
        if self.look_at().is_none_or(|at| now < at) {
            return Decision::Wait;
        }
        if facts.shadowed == Ok(true) {
            let reason = format!("`{}` is the name of an alias of upstream `{}`; no alias is ever deleted", self.collection, self.upstream);
            return Decision::Refuse(vec![reason]);
        }
        let obstacles = self.obstacles(facts, quiet);
        match (&facts.exists, obstacles.is_empty()) {
            // Nothing is left that could be hurt.
            (Ok(false), _) => Decision::Gone,
            (_, false) => Decision::Block(obstacles),
            (_, true) if self.snapshot && self.snapshot_name.is_none() => Decision::Snapshot,
            (_, true) => Decision::Delete,
        }
    }

    /// What certainly refers to the collection.
    fn references(&self, facts: &Facts) -> Vec<String> {
        let here = facts.aliases.iter().filter(|referrers| referrers.upstream == self.upstream);
        let aliases = here.filter_map(|referrers| referrers.aliases.as_ref().ok()).flatten();
        aliases.map(|alias| format!("alias `{alias}` points at it")).chain(facts.references.iter().cloned()).collect()
    }

    /// What is in the way, or may be.
    fn obstacles(&self, facts: &Facts, quiet: Period) -> Vec<String> {
        let unknown = |what: &str, fact: Option<&String>| fact.map(|why| format!("{what} is not known: {why}"));
        let mut found: Vec<String> = Vec::new();
        found.extend(unknown("whether the collection exists", facts.exists.as_ref().err()));
        found.extend(unknown("whether its name is an alias", facts.shadowed.as_ref().err()));
        if !facts.aliases.iter().any(|referrers| referrers.upstream == self.upstream) {
            found.push(format!("upstream `{}` is not configured here, so its aliases are not known", self.upstream));
        }
        found.extend(facts.aliases.iter().flat_map(|referrers| self.elsewhere(referrers)));
        match &facts.in_flight {
            Err(why) => found.push(format!("which replicas serve is not known: {why}")),
            Ok(replicas) => found.extend(replicas.iter().filter_map(InFlight::obstacle)),
        }
        match &facts.alone {
            Err(why) => found.push(format!("whether it alone has acknowledged writes is not known: {why}")),
            Ok(Some(loss)) if !self.accept_lost_writes => found.push(format!(
                "{loss}; to delete it all the same, cancel this retirement and make one that accepts it: \
                 `pointsman retire create {} --accept-lost-writes`",
                self.collection
            )),
            Ok(_) => {}
        }
        let quiet_ms = u64::try_from(quiet.get().as_millis()).unwrap_or(u64::MAX);
        match &facts.idle_ms {
            Err(why) => found.push(format!("when it was last used is not known: {why}")),
            Ok(idle) if *idle < quiet_ms => {
                found.push(format!("it must have been out of use for {quiet}, and {} s are certain", idle / 1000));
            }
            Ok(_) => {}
        }
        found
    }

    /// Two upstreams of the configuration may be one deployment under two names, so their aliases count as well.
    fn elsewhere(&self, referrers: &Referrers) -> Vec<String> {
        let upstream = &referrers.upstream;
        match &referrers.aliases {
            Err(why) => vec![format!("the aliases of upstream `{upstream}` are not known: {why}")],
            Ok(_) if *upstream == self.upstream => Vec::new(),
            Ok(aliases) => aliases
                .iter()
                .map(|alias| format!("alias `{alias}` of upstream `{upstream}` points at a collection of this name"))
                .collect(),
        }
    }

    /// Whether a deletion may have been sent, so that nothing new may be made to refer to the collection.
    #[must_use]
    pub fn is_irrevocable(&self) -> bool {
        self.state == State::Deleting
    }
}

impl InFlight {
    fn obstacle(&self) -> Option<String> {
        let replica = &self.replica;
        match &self.requests {
            Ok(0) => None,
            Ok(requests) => Some(format!("{requests} requests are inside it at {replica}")),
            Err(why) => Some(format!("the requests inside it at {replica} are not known: {why}")),
        }
    }
}
