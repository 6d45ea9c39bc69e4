//! An experiment as it is stored.

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::pages::scope_of_experiment;
use super::{Documents, Observations, Owners, Place, Resource, RouteDocument, Stored, json, replace};
use crate::config::DEFAULT_UPSTREAM;
use crate::control::clock;
use crate::experiment::{Experiment, LayerPart, Step};
use crate::rollout::Basis;
use crate::rollout::loss::{Counted, Loss, Mark, Stake};
use crate::store::{Kind, NewEvent, Timestamp, Write};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::control) struct ExperimentDocument {
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

impl ExperimentDocument {
    pub(in crate::control) fn alias(&self) -> Option<&str> {
        self.experiment.spec().alias.as_deref()
    }

    /// Which of the alias's units it may have.
    pub(in crate::control) fn layer(&self) -> &LayerPart {
        &self.experiment.spec().layer
    }

    /// What has to be there for its arms to be told apart. A control that follows the alias may be moved: that is noted, and
    /// said in the analysis.
    pub(in crate::control) fn basis(&self) -> Option<Basis<'_>> {
        let splits = self.experiment.state().is_counting();
        let here = self.arms_led_to().filter(|(upstream, _)| upstream.is_none());
        let collections = here.map(|(_, collection)| collection).collect();
        splits.then(|| Basis { alias: self.alias(), target: None, collections })
    }

    /// The collections of its arms, as long as it sends traffic there.
    fn arms_led_to(&self) -> impl Iterator<Item = Place<'_>> {
        let arms = self.experiment.spec().arms.iter().filter(|_| self.experiment.holds_alias());
        let place = arms.filter_map(|arm| Some((arm.upstream.as_deref(), arm.collection.as_deref()?)));
        place.map(|(upstream, collection)| (upstream.filter(|upstream| *upstream != DEFAULT_UPSTREAM), collection))
    }

    /// Counts, from now on, what goes to the alias and the arms do not get.
    pub(in crate::control) fn count_from(&mut self, points_at: &str, counted: &Counted) {
        let now = clock::now();
        let arms = self.experiment.spec().arms.iter();
        let arms = arms.filter_map(|arm| Some((arm.upstream.as_deref().unwrap_or(DEFAULT_UPSTREAM), arm.collection.as_deref()?)));
        let others = arms.filter(|place| *place != (DEFAULT_UPSTREAM, points_at));
        let places = std::iter::once((DEFAULT_UPSTREAM, points_at)).chain(others);
        self.marks = places.map(|(upstream, collection)| counted.mark(upstream, collection, now)).collect();
    }

    /// Whether the alias gets its writes where they are not counted as its own.
    pub(in crate::control) fn lost_track_of(&self, points_at: &str) -> bool {
        let begun = self.experiment.holds_alias() && !self.marks.is_empty();
        begun && self.led_to().all(|mark| mark.collection != points_at)
    }

    /// Counts, from now on, what goes to the collection that the alias was moved to. When that was is not known.
    pub(in crate::control) fn follow(&mut self, points_at: &str, counted: &Counted) {
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
    pub(in crate::control) fn writes(&self, before: Option<&Self>, documents: &Documents) -> Vec<Write> {
        let id = self.experiment.id();
        let mut writes = vec![replace(id, self, before.map_or(0, |before| before.revision))];
        let had = before.is_some_and(|before| before.experiment.holds_alias());
        let Some(alias) = self.alias().filter(|_| had != self.experiment.holds_alias()) else { return writes };
        let unowned = Owners::default();
        let owners = documents.owners.get(alias).unwrap_or(&unowned);
        if had {
            writes.push(owners.left_by(id, alias));
        } else {
            writes.extend([owners.joined_by(id, alias), Write::none(RouteDocument::key(alias))]);
        }
        writes
    }

    /// An event for each step of its history that `before` has not.
    pub(in crate::control) fn events(&self, before: Option<&Self>) -> Vec<NewEvent> {
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

impl Stored for ExperimentDocument {
    const KIND: Kind = Kind::new("experiment");

    fn stored_at(self, _: &str, revision: u64) -> Self {
        Self { revision, ..self }
    }

    fn due_at(&self) -> Option<Timestamp> {
        self.experiment.due_at().map(clock::stored)
    }
}

impl Resource for ExperimentDocument {
    fn id(&self) -> &str {
        self.experiment.id()
    }

    fn is_live(&self) -> bool {
        self.experiment.is_live()
    }

    fn held_alias(&self) -> Option<&str> {
        self.stands_on()
    }

    fn stands_on(&self) -> Option<&str> {
        self.alias().filter(|_| self.experiment.holds_alias())
    }

    fn places(&self, _: &Documents) -> Vec<Place<'_>> {
        self.arms_led_to().collect()
    }

    /// Where it knows that the alias is at `from`.
    fn stake_of_move(&self, alias: &str, from: &str, to: &str) -> Option<Stake> {
        let is_on = self.is_live() && self.alias() == Some(alias);
        self.stake(to).filter(|stake| is_on && stake.counts(from))
    }

    /// Its analysis is frozen in the document.
    fn observations(&self) -> Option<Observations> {
        Some(Observations { prefix: scope_of_experiment(self.experiment.id()), kept: None })
    }

    fn arms(&self) -> Vec<(&str, Place<'_>)> {
        let arms = self.experiment.spec().arms.iter().filter(|_| self.experiment.holds_alias());
        arms.filter_map(|arm| Some((arm.name.as_str(), (arm.upstream.as_deref(), arm.collection.as_deref()?)))).collect()
    }

    fn counted_under(&self) -> Option<String> {
        self.is_live().then(|| scope_of_experiment(self.experiment.id()))
    }
}

/// The last part of an experiment's id.
pub(in crate::control) fn ulid(id: &str) -> Option<Ulid> {
    id.rsplit('_').next()?.parse().ok()
}
