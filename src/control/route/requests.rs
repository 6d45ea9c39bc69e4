//! Changing a route: compare, compute, keep, publish.

use std::collections::BTreeMap;

use super::{RouteView, Routes};
use crate::control::documents::{Owners, RouteDocument, Stored};
use crate::control::engine::{Action, Caller, ControlError, Draft, Expected, Intent, Named, State, known};
use crate::live::DEFAULT_UPSTREAM;
use crate::routing::{RouteSpec, SpecFault, check_name};
use crate::store::Write;

/// New weights by variant name.
pub type Weights = BTreeMap<String, f64>;

impl Routes {
    /// Creates a route, or replaces its definition while its units stay where they can. True when it was created.
    ///
    /// # Errors
    /// When the definition is faulty, the expectation is not met, or the change cannot be kept.
    pub async fn put(&self, alias: &str, spec: RouteSpec, expected: Expected, caller: Caller) -> Result<(bool, RouteView), ControlError> {
        let created = self.change(Intent::new(Action::RoutePut, alias, caller), move |change| {
            let spec = change.targeted(change.checked(spec.clone())?)?;
            match change.current() {
                Some(_) => Ok((Some(change.replace(change.expect(expected)?, spec)), false)),
                None if expected == Expected::Unsaid => Ok((Some(RouteDocument::created(spec)), true)),
                None => Err(change.stale(expected)),
            }
        });
        let created = created.await?;
        Ok((created, self.show(alias)?))
    }

    /// Gives every variant of a route a new weight.
    ///
    /// # Errors
    /// When the weights do not name exactly the route's variants, and as [`Self::put`].
    pub async fn patch_weights(
        &self,
        alias: &str,
        weights: Weights,
        expected: Expected,
        caller: Caller,
    ) -> Result<RouteView, ControlError> {
        self.change(Intent::new(Action::RouteWeights, alias, caller), move |change| {
            let current = change.expect(expected)?;
            let spec = change.checked(reweighted(&current.spec, &weights)?)?;
            Ok((Some(change.replace(current, spec)), ()))
        })
        .await?;
        self.show(alias)
    }

    /// Makes an alias transparent again.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub async fn delete(&self, alias: &str, expected: Expected, caller: Caller) -> Result<(), ControlError> {
        self.change(Intent::new(Action::RouteDelete, alias, caller), move |change| {
            change.expect(expected)?;
            Ok((None, ()))
        })
        .await
    }

    /// Runs one change of one route to its end, on the newest state: with `If-Match: *` a change is never refused because another
    /// replica was faster.
    async fn change<T, E>(&self, intent: Intent, edit: E) -> Result<T, ControlError>
    where
        T: Send + 'static,
        E: Fn(&Change<'_>) -> Result<(Option<RouteDocument>, T), ControlError> + Send + Sync + 'static,
    {
        let (engine, asked) = (self.engine.clone(), intent.clone());
        let changing = async move {
            let (alias, action, actor) = (asked.subject.clone(), asked.action.name(), asked.caller.actor.clone());
            let writing = engine.begin(asked).await?;
            let made = writing.commit(|state, draft| {
                let (next, answer) = edit(&Change { alias: &alias, state }.free()?)?;
                become_of(state, &alias, next.as_ref(), draft)?;
                Ok(answer)
            });
            let answer = made.await?;
            tracing::info!(alias, action, actor, "route changed");
            Ok(answer)
        };
        self.engine.run(intent, changing).await
    }
}

/// Drafts what is to be committed for the route of `alias` to become `next`; nothing where it is so already.
fn become_of(state: &State, alias: &str, next: Option<&RouteDocument>, draft: &mut Draft) -> Result<(), ControlError> {
    let before = state.documents.routes.get(alias);
    let Some(write) = RouteDocument::change(alias, before, next) else { return Ok(()) };
    draft.record(before, next);
    draft.writes.push(write);
    draft.writes.extend(before.is_none().then(|| Write::none(Owners::key(alias))));
    let who = format!("the route of `{alias}`");
    for variant in next.iter().flat_map(|next| &next.spec.variants) {
        let Some(collection) = &variant.collection else { continue };
        let upstream = variant.upstream.as_deref().unwrap_or(&state.plan.upstreams[DEFAULT_UPSTREAM].name);
        draft.claim(state, (upstream, collection), &who)?;
    }
    Ok(())
}

/// One change of one route, under the writer's lock.
struct Change<'a> {
    alias: &'a str,
    state: &'a State,
}

impl<'a> Change<'a> {
    /// Itself, where no rollout has the alias.
    fn free(self) -> Result<Self, ControlError> {
        match self.state.documents.owners.get(self.alias) {
            Some(owner) => Err(ControlError::Occupied { alias: self.alias.to_owned(), owner: owner.to_string() }),
            None => Ok(self),
        }
    }

    fn current(&self) -> Option<&'a RouteDocument> {
        self.state.documents.routes.get(self.alias)
    }

    /// The route that is to be changed, if it is the one the caller has seen.
    fn expect(&self, expected: Expected) -> Result<&'a RouteDocument, ControlError> {
        let current = self.current().ok_or_else(|| ControlError::NoRoute(self.alias.to_owned()))?;
        match expected {
            Expected::Any => Ok(current),
            Expected::Revision(wanted) if wanted == current.revision => Ok(current),
            Expected::Revision(_) => Err(self.stale(expected)),
            Expected::Unsaid => Err(ControlError::Unconditional { alias: self.alias.to_owned(), current: current.revision }),
        }
    }

    fn stale(&self, expected: Expected) -> ControlError {
        let current = self.current().map(|route| route.revision);
        ControlError::Stale { alias: self.alias.to_owned(), expected: expected.to_string(), current }
    }

    fn checked(&self, spec: RouteSpec) -> Result<RouteSpec, ControlError> {
        let mut faults = spec.check(&self.state.plan.upstream_names());
        faults.extend(check_name(self.alias, "alias"));
        if faults.is_empty() { Ok(spec) } else { Err(ControlError::Invalid(faults)) }
    }

    /// No variant is answered by an alias: where that leads would be for others to say. One that does not exist is a warning.
    fn targeted(&self, spec: RouteSpec) -> Result<RouteSpec, ControlError> {
        let here = spec
            .variants
            .iter()
            .enumerate()
            .filter(|(_, variant)| self.state.plan.upstream(variant.upstream.as_deref()) == Some(DEFAULT_UPSTREAM));
        for (index, collection) in here.filter_map(|(index, variant)| Some((index, variant.collection.as_deref()?))) {
            if self.state.listing.aliases.contains_key(collection) {
                known(&self.state.listing, &Named::new(format!("variants[{index}].collection"), None, collection))?;
            }
        }
        Ok(spec)
    }

    /// What replaces `current`: itself when nothing would change.
    fn replace(&self, current: &RouteDocument, spec: RouteSpec) -> RouteDocument {
        if spec == current.spec { current.clone() } else { current.replaced(spec, self.alias) }
    }
}

/// The spec with other weights. All or none: a weight left out would silently keep a share that was meant to go.
fn reweighted(spec: &RouteSpec, weights: &Weights) -> Result<RouteSpec, ControlError> {
    let mut next = spec.clone();
    let mut faults = Vec::new();
    for variant in &mut next.variants {
        match weights.get(&variant.name) {
            Some(weight) => variant.weight = *weight,
            None => faults.push(SpecFault::new(format!("weights.{}", variant.name), "is missing; every variant needs a weight")),
        }
    }
    let unknown = weights.keys().filter(|name| !spec.variants.iter().any(|variant| variant.name == **name));
    faults.extend(unknown.map(|name| SpecFault::new(format!("weights.{name}"), "the route has no such variant")));
    if faults.is_empty() { Ok(next) } else { Err(ControlError::Invalid(faults)) }
}
