//! An experiment as it is stored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::config::DEFAULT_UPSTREAM;
use crate::control::clock;
use crate::control::document::{EXPERIMENT, json};
use crate::control::holdings::Holdings;
use crate::experiment::{Experiment, LayerPart, Step};
use crate::rollout::Basis;
use crate::rollout::loss::{Counted, Loss, Mark, Stake};
use crate::store::{Expected, Key, NewEvent, Write};

pub(in crate::control) type Trials = BTreeMap<String, Trial>;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::control) struct Trial {
    #[serde(flatten)]
    pub(in crate::control) experiment: Experiment,
    /// Where the counts of writes began: what the alias pointed at first, then the collections of the arms.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::control) marks: Vec<Mark>,
    /// And of the collections that the alias was moved to since: they get its writes from then on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::control) moved: Vec<Mark>,
    /// The store's revision of the last change; its `ETag`.
    #[serde(skip)]
    pub(in crate::control) revision: u64,
}

impl Trial {
    pub(in crate::control) fn is_live(&self) -> bool {
        self.experiment.is_live()
    }

    /// What people call it.
    pub(in crate::control) fn name(&self) -> String {
        format!("the experiment `{}`", self.experiment.id())
    }

    pub(in crate::control) fn alias(&self) -> Option<&str> {
        self.experiment.spec().alias.as_deref()
    }

    /// Which of the alias's units it may have.
    pub(in crate::control) fn layer(&self) -> &LayerPart {
        &self.experiment.spec().layer
    }

    /// The collections it leads to, with the names of their upstreams where those are not the default one.
    pub(in crate::control) fn places(&self) -> impl Iterator<Item = (Option<&str>, &str)> {
        let arms = self.experiment.spec().arms.iter().filter(|_| self.experiment.holds_alias());
        arms.filter_map(|arm| Some((arm.upstream.as_deref(), arm.collection.as_deref()?)))
    }

    /// What has to be there for its arms to be told apart. A control that follows the alias may be moved: that is noted, and
    /// said in the analysis.
    pub(super) fn basis(&self) -> Option<Basis<'_>> {
        let splits = self.experiment.state().is_counting();
        let here = |upstream: &Option<&str>| upstream.is_none_or(|upstream| upstream == DEFAULT_UPSTREAM);
        let collections = self.places().filter(|(upstream, _)| here(upstream)).map(|(_, collection)| collection).collect();
        splits.then(|| Basis { alias: self.alias(), target: None, collections })
    }

    /// Counts, from now on, what goes to the alias and the arms do not get.
    pub(super) fn count_from(&mut self, points_at: &str, counted: &Counted) {
        let now = clock::now();
        let arms = self.experiment.spec().arms.iter();
        let arms = arms.filter_map(|arm| Some((arm.upstream.as_deref().unwrap_or(DEFAULT_UPSTREAM), arm.collection.as_deref()?)));
        let others = arms.filter(|place| *place != (DEFAULT_UPSTREAM, points_at));
        let places = std::iter::once((DEFAULT_UPSTREAM, points_at)).chain(others);
        self.marks = places.map(|(upstream, collection)| counted.mark(upstream, collection, now)).collect();
    }

    /// Whether the alias gets its writes where they are not counted as its own.
    pub(super) fn lost_track_of(&self, points_at: &str) -> bool {
        let begun = self.experiment.holds_alias() && !self.marks.is_empty();
        begun && self.led_to().all(|mark| mark.collection != points_at)
    }

    /// Counts, from now on, what goes to the collection that the alias was moved to. When that was is not known.
    pub(super) fn follow(&mut self, points_at: &str, counted: &Counted) {
        self.moved.push(counted.mark(DEFAULT_UPSTREAM, points_at, clock::now()));
    }

    /// Where the alias has led since the experiment began.
    fn led_to(&self) -> impl Iterator<Item = &Mark> {
        self.marks.iter().take(1).chain(&self.moved)
    }

    /// What an arm's collection lacks of what went to the alias since the experiment began.
    pub(in crate::control) fn stake(&self, collection: &str) -> Option<Stake> {
        let (stable, arms) = self.marks.split_first()?;
        let is_it = |mark: &&Mark| mark.collection == collection;
        let arm = arms.iter().find(is_it).or_else(|| Some(stable).filter(is_it))?;
        let others = self.led_to().filter(|mark| (&mark.upstream, &mark.collection) != (&arm.upstream, &arm.collection));
        let marks: Vec<Mark> = others.cloned().collect();
        let of_unknown_age = !self.moved.is_empty();
        (!marks.is_empty()).then(|| Stake { marks, beside: Some(arm.clone()), of_unknown_age })
    }

    pub(in crate::control) fn loss(&self, collection: &str, counted: &Counted) -> Option<Loss> {
        self.stake(collection)?.loss(counted)
    }

    /// The document, and what becomes of the alias: a part of it is taken at the beginning, and given back with the traffic.
    pub(super) fn writes(&self, before: Option<&Self>, held: &Holdings) -> Vec<Write> {
        let key = Key::new(EXPERIMENT, self.experiment.id());
        let due_at = self.experiment.due_at().map(clock::stored);
        let expected = before.map_or(Expected::Absent, |before| Expected::Revision(before.revision));
        let mut writes = vec![Write::Put { key, body: json(self), due_at, expected }];
        if let Some(alias) = self.alias() {
            let had = before.is_some_and(|before| before.experiment.holds_alias());
            writes.extend(held.handing_over(alias, self.experiment.id(), had, self.experiment.holds_alias()));
        }
        writes
    }

    /// An event for each step of its history that `before` has not.
    pub(super) fn events(&self, before: Option<&Self>) -> Vec<NewEvent> {
        let known = before.and_then(|before| before.experiment.history().last());
        let steps: Vec<&Step> = self.experiment.history().iter().rev().take_while(|step| known != Some(*step)).collect();
        let event = |step: &&Step| NewEvent {
            kind: format!("experiment.{}", step.state.name()),
            subject: self.alias().unwrap_or(self.experiment.id()).to_owned(),
            body: serde_json::json!({
                "experiment": self.experiment.id(),
                "step": json(step),
                "actor": step.actor,
                "reason": step.reason,
            }),
        };
        steps.iter().rev().map(event).collect()
    }
}

/// The last part of an experiment's id.
pub(super) fn ulid(id: &str) -> Option<Ulid> {
    id.rsplit('_').next()?.parse().ok()
}
