//! Changing a route: compare, compute, keep, publish.

use std::collections::BTreeMap;
use std::fmt;

use super::author::{Author, Deed};
use super::document::{OWNER, json};
use super::error::ControlError;
use super::names::{Named, known};
use super::state::{Control, State};
use super::views::RouteView;
use super::{RouteState, writes};
use crate::live::DEFAULT_UPSTREAM;
use crate::routing::{RouteSpec, SpecFault, check_name};
use crate::store;

/// Which version of a route a change is meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The caller did not say: enough to create, not to change.
    Unsaid,
    /// Whatever is there, but something.
    Any,
    Revision(u64),
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsaid => f.write_str("none"),
            Self::Any => f.write_str("any"),
            Self::Revision(revision) => revision.fmt(f),
        }
    }
}

/// New weights by variant name.
pub type Weights = BTreeMap<String, f64>;

impl Control {
    /// Creates a route, or replaces its definition while its units stay where they can. True when it was created.
    ///
    /// # Errors
    /// When the definition is faulty, the expectation is not met, or the change cannot be kept.
    pub async fn put_route(
        &self,
        alias: &str,
        spec: RouteSpec,
        expected: Expected,
        author: Author,
    ) -> Result<(bool, RouteView), ControlError> {
        let created = self.change(alias, "route.put", author, move |change| {
            let spec = change.targeted(change.checked(spec.clone())?)?;
            match change.current() {
                Some(_) => Ok((Some(change.replace(change.expect(expected)?, spec)), false)),
                None if expected == Expected::Unsaid => Ok((Some(RouteState::created(spec)), true)),
                None => Err(change.stale(expected)),
            }
        });
        let created = created.await?;
        Ok((created, self.route(alias)?))
    }

    /// Gives every variant of a route a new weight.
    ///
    /// # Errors
    /// When the weights do not name exactly the route's variants, and as [`Self::put_route`].
    pub async fn patch_weights(
        &self,
        alias: &str,
        weights: Weights,
        expected: Expected,
        author: Author,
    ) -> Result<RouteView, ControlError> {
        self.change(alias, "route.weights", author, move |change| {
            let current = change.expect(expected)?;
            let spec = change.checked(reweighted(&current.spec, &weights)?)?;
            Ok((Some(change.replace(current, spec)), ()))
        })
        .await?;
        self.route(alias)
    }

    /// Makes an alias transparent again.
    ///
    /// # Errors
    /// As [`Self::put_route`].
    pub async fn delete_route(&self, alias: &str, expected: Expected, author: Author) -> Result<(), ControlError> {
        self.change(alias, "route.delete", author, move |change| {
            change.expect(expected)?;
            Ok((None, ()))
        })
        .await
    }

    /// Runs one change of one route to its end, also when whoever asked goes away meanwhile: a change cut short between
    /// the store and the table would be found by nobody but the follower.
    async fn change<T, E>(&self, alias: &str, action: &'static str, author: Author, edit: E) -> Result<T, ControlError>
    where
        T: Send + 'static,
        E: Fn(&Change<'_>) -> Result<(Option<RouteState>, T), ControlError> + Send + Sync + 'static,
    {
        let (control, subject, by) = (self.clone(), alias.to_owned(), author.clone());
        let changing = async move { control.change_now(Deed { action, subject: &subject }, &by, edit).await };
        self.to_its_end(action, alias.to_owned(), author, changing).await
    }

    /// On the newest state: with `If-Match: *` a change is never refused because another replica was faster.
    async fn change_now<T, E>(&self, deed: Deed<'_>, author: &Author, edit: E) -> Result<T, ControlError>
    where
        T: Send,
        E: Fn(&Change<'_>) -> Result<(Option<RouteState>, T), ControlError> + Send + Sync,
    {
        let _writing = self.writing().await?;
        let made = self.commit_newest(|state| {
            let (next, answer) = edit(&Change { alias: deed.subject, state }.free()?)?;
            Ok((change_of(state, deed, author, next.as_ref())?, answer))
        });
        let answer = made.await?;
        tracing::info!(alias = deed.subject, action = deed.action, actor = author.actor, "route changed");
        Ok(answer)
    }
}

/// What is to be committed for a route to become `next`; none where it is so already.
fn change_of(state: &State, deed: Deed<'_>, author: &Author, next: Option<&RouteState>) -> Result<Option<store::Change>, ControlError> {
    let before = state.held.routes.get(deed.subject);
    let Some(write) = writes::of_route(deed.subject, before, next) else { return Ok(None) };
    let audit = author.did(deed, before.map(json), next.map(json));
    let mut change = store::Change::new(audit, vec![write]);
    change.writes.extend(before.is_none().then(|| store::Write::none(store::Key::new(OWNER, deed.subject))));
    if let Some(next) = next {
        let who = format!("the route of `{}`", deed.subject);
        for place in next.spec.variants.iter().filter_map(|variant| state.place(variant)) {
            super::retirement::claim(state, place, &who, &mut change)?;
        }
    }
    Ok(Some(change))
}

/// One change of one route, under the writer's lock.
struct Change<'a> {
    alias: &'a str,
    state: &'a State,
}

impl<'a> Change<'a> {
    /// Itself, where no rollout has the alias.
    fn free(self) -> Result<Self, ControlError> {
        match self.state.held.owners.get(self.alias) {
            Some(owner) => Err(ControlError::Occupied { alias: self.alias.to_owned(), owner: owner.to_string() }),
            None => Ok(self),
        }
    }

    fn current(&self) -> Option<&'a RouteState> {
        self.state.held.routes.get(self.alias)
    }

    /// The route that is to be changed, if it is the one the caller has seen.
    fn expect(&self, expected: Expected) -> Result<&'a RouteState, ControlError> {
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
    fn replace(&self, current: &RouteState, spec: RouteSpec) -> RouteState {
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
