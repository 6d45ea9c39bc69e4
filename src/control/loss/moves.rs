//! What is lost by a move between two collections, by what rollouts and earlier moves say of them.

use std::collections::BTreeSet;

use crate::config::DEFAULT_UPSTREAM;
use crate::control::documents::{Departure, remove};
use crate::control::engine::State;
use crate::rollout::loss::{Counted, Loss, Mark, Stake};
use crate::store::{Expected, Write};

impl State {
    /// What a collection of the default upstream alone has, as far as that is known; the largest of several.
    pub(in crate::control) fn alone(&self, counted: &Counted, upstream: &str, collection: &str) -> Option<Loss> {
        let left = self.documents.departures.values().filter(|departure| upstream == DEFAULT_UPSTREAM && departure.left == collection);
        left.filter_map(|departure| departure.behind.loss(counted)).filter(Loss::is_real).max_by_key(|loss| loss.acknowledged)
    }

    /// What each collection that an alias has left alone has.
    pub(in crate::control) fn held_alone(&self, counted: &Counted) -> Vec<Loss> {
        let left: BTreeSet<&str> = self.documents.departures.values().map(|departure| departure.left.as_str()).collect();
        left.into_iter().filter_map(|collection| self.alone(counted, DEFAULT_UPSTREAM, collection)).collect()
    }

    /// What `to` lacks of what `from` has, by what is known of the two: a rollout between them, or an earlier move the other way.
    /// None where nothing is: whether one was ever a copy of the other is not known then.
    pub(in crate::control) fn stake_of_move(&self, counted: &Counted, alias: &str, from: &str, to: &str) -> Option<Stake> {
        let known = self.documents.all().filter_map(|resource| resource.stake_of_move(alias, from, to));
        let largest = known.max_by_key(|stake| stake.loss(counted).map(|loss| loss.acknowledged));
        largest.or_else(|| self.way_back(alias, from, to))
    }

    /// What `to` has and `from` lacks since the alias left the one for the other: going back ends that departure, not the loss.
    pub(in crate::control) fn kept_alone(&self, alias: &str, from: &str, to: &str) -> Option<&Stake> {
        let ended = self.documents.departures.get(&Departure::id(alias, to)).filter(|departure| departure.taken == from)?;
        Some(&ended.behind)
    }

    /// What the collections that the alias has had since it left `to` have taken, up to the present one.
    fn way_back(&self, alias: &str, from: &str, to: &str) -> Option<Stake> {
        let mut marks: Vec<Mark> = Vec::new();
        let (mut at, mut beside) = (to, None);
        for _ in 0..self.documents.departures.len() {
            let departure = self.documents.departures.get(&Departure::id(alias, at))?;
            beside = beside.or_else(|| departure.ahead.beside.clone());
            marks.extend(departure.ahead.marks.iter().cloned());
            at = &departure.taken;
            if at == from {
                return Some(Stake { marks, beside, of_unknown_age: false });
            }
        }
        None
    }

    /// The ends of departures of collections that are gone.
    pub(in crate::control) fn departed_for_good(&self) -> Vec<Write> {
        if !self.health.is_well() {
            return Vec::new();
        }
        let gone = self.documents.departures.iter().filter(|(_, departure)| !self.listing.collections.contains(&departure.left));
        gone.map(|(id, _)| remove::<Departure>(id, Expected::Any)).collect()
    }
}
