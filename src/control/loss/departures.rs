//! Collections that an alias has left, by a rollout or by an operator's switch.
//!
//! From then on the two collections get different writes. What the old one alone has keeps it from being deleted by itself,
//! and what the new one alone has is lost by going back: a request for either is answered with the number.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::config::DEFAULT_UPSTREAM;
use crate::control::document::{DEPARTURE, write};
use crate::control::error::ControlError;
use crate::control::state::{Control, State};
use crate::rollout::Timestamp;
use crate::rollout::loss::{Counted, Loss, Mark, Stake};
use crate::store::{Change, Expected, Write};

pub(in crate::control) type Departures = BTreeMap<String, Departure>;

/// One move of an alias, under [`id`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::control) struct Departure {
    alias: String,
    /// What the alias pointed at before.
    left: String,
    /// And after.
    taken: String,
    /// What `left` has and `taken` lacks.
    behind: Stake,
    /// What `taken` has and `left` lacks.
    ahead: Stake,
}

/// An alias leaves a collection once: coming back ends it.
fn id(alias: &str, left: &str) -> String {
    format!("{alias}/{left}")
}

impl Departure {
    /// The same with both counts beginning now, for a move of which nothing else is known.
    pub(in crate::control) fn now(alias: &str, left: &str, taken: &str, counted: &Counted, now: Timestamp) -> Self {
        let mark = |collection: &str| counted.mark(DEFAULT_UPSTREAM, collection, now);
        let (behind, ahead) = (Stake::new(vec![mark(left)], mark(taken)), Stake::new(vec![mark(taken)], mark(left)));
        Self { alias: alias.to_owned(), left: left.to_owned(), taken: taken.to_owned(), behind, ahead }
    }

    /// With counts that began earlier, as far as they did.
    pub(in crate::control) fn since(self, behind: Option<&Stake>, ahead: Option<&Stake>) -> Self {
        let begun = |stake: Option<&Stake>, otherwise: Stake| stake.filter(|stake| !stake.marks.is_empty()).cloned().unwrap_or(otherwise);
        Self { behind: begun(behind, self.behind), ahead: begun(ahead, self.ahead), ..self }
    }

    /// Whether it is about a collection, whose counts it needs.
    pub(super) fn names(&self, collection: &str) -> bool {
        self.left == collection || self.taken == collection
    }

    /// The document of this move, and the end of the one that it takes back.
    pub(in crate::control) fn writes(&self) -> Vec<Write> {
        vec![
            write(&DEPARTURE, &id(&self.alias, &self.left), Some(self), Expected::Any),
            write::<Self>(&DEPARTURE, &id(&self.alias, &self.taken), None, Expected::Any),
        ]
    }
}

impl State {
    /// What a collection of the default upstream alone has, as far as that is known; the largest of several.
    pub(in crate::control) fn alone(&self, counted: &Counted, upstream: &str, collection: &str) -> Option<Loss> {
        let left = self.held.departures.values().filter(|departure| upstream == DEFAULT_UPSTREAM && departure.left == collection);
        left.filter_map(|departure| departure.behind.loss(counted)).filter(Loss::is_real).max_by_key(|loss| loss.acknowledged)
    }

    /// What each collection that an alias has left alone has.
    pub(in crate::control) fn held_alone(&self, counted: &Counted) -> Vec<Loss> {
        let left: BTreeSet<&str> = self.held.departures.values().map(|departure| departure.left.as_str()).collect();
        left.into_iter().filter_map(|collection| self.alone(counted, DEFAULT_UPSTREAM, collection)).collect()
    }

    /// What `to` lacks of what `from` has, by what is known of the two: a rollout between them, or an earlier move the other way.
    /// None where nothing is: whether one was ever a copy of the other is not known then.
    pub(in crate::control) fn stake_of_move(&self, counted: &Counted, alias: &str, from: &str, to: &str) -> Option<Stake> {
        let known =
            self.canaries_on(alias, from, to).chain(self.deployments_on(alias, from, to)).chain(self.experiments_on(alias, from, to));
        let largest = known.max_by_key(|stake| stake.loss(counted).map(|loss| loss.acknowledged));
        largest.or_else(|| self.way_back(alias, from, to))
    }

    fn canaries_on(&self, alias: &str, from: &str, to: &str) -> impl Iterator<Item = Stake> {
        let live = self.held.canaries.values().filter(move |running| running.is_live() && running.canary.plan().spec().alias == alias);
        live.filter_map(move |running| {
            let canary = &running.canary;
            match (canary.stable()?, canary.plan().spec().collection.as_str()) {
                between if between == (from, to) => Some(canary.stake_ahead().clone()),
                between if between == (to, from) => canary.stake_back().cloned(),
                _ => None,
            }
        })
    }

    fn deployments_on(&self, alias: &str, from: &str, to: &str) -> impl Iterator<Item = Stake> {
        let live = self.held.deployments.values().map(|deploying| (deploying.is_live(), &deploying.deployment));
        let live = live.filter(move |(is_live, deployment)| *is_live && deployment.spec().alias == alias);
        live.filter_map(move |(_, deployment)| {
            let between = deployment.collection() == to && deployment.found().previous.as_deref() == Some(from);
            between.then(|| deployment.stake().clone())
        })
    }

    /// Of an experiment that knows where the alias is.
    fn experiments_on(&self, alias: &str, from: &str, to: &str) -> impl Iterator<Item = Stake> {
        let live = self.held.experiments.values().filter(move |trial| trial.is_live() && trial.alias() == Some(alias));
        live.filter_map(move |trial| trial.stake(to)).filter(move |stake| stake.counts(from))
    }

    /// What `to` has and `from` lacks since the alias left the one for the other: going back ends that departure, not the loss.
    pub(in crate::control) fn kept_alone(&self, alias: &str, from: &str, to: &str) -> Option<&Stake> {
        let ended = self.held.departures.get(&id(alias, to)).filter(|departure| departure.taken == from)?;
        Some(&ended.behind)
    }

    /// What the collections that the alias has had since it left `to` have taken, up to the present one.
    fn way_back(&self, alias: &str, from: &str, to: &str) -> Option<Stake> {
        let mut marks: Vec<Mark> = Vec::new();
        let (mut at, mut beside) = (to, None);
        for _ in 0..self.held.departures.len() {
            let departure = self.held.departures.get(&id(alias, at))?;
            beside = beside.or_else(|| departure.ahead.beside.clone());
            marks.extend(departure.ahead.marks.iter().cloned());
            at = &departure.taken;
            if at == from {
                return Some(Stake { marks, beside, of_unknown_age: false });
            }
        }
        None
    }
}

impl Control {
    /// For a move that no other change tells of.
    pub(in crate::control) async fn remember(&self, departure: &Departure) -> Result<(), ControlError> {
        let _writing = self.0.writer.lock().await;
        self.commit(Change::unaudited(departure.writes())).await
    }

    /// The ends of departures of collections that are gone.
    pub(in crate::control) fn departed_for_good(&self) -> Vec<Write> {
        let state = self.0.state.load();
        if !state.health.is_well() {
            return Vec::new();
        }
        let gone = state.held.departures.iter().filter(|(_, departure)| !state.listing.collections.contains(&departure.left));
        gone.map(|(id, _)| write::<Departure>(&DEPARTURE, id, None, Expected::Any)).collect()
    }
}
