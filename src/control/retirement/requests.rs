//! What operators ask of retirements.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts::{Listed, list_everywhere};
use super::{RetirementView, Retirements};
use crate::config::{DEFAULT_UPSTREAM, Period};
use crate::control::clock;
use crate::control::documents::{Noun, Resource, new_retirement_id};
use crate::control::engine::{Action, Caller, ControlError, Creation, Draft, Intent, Named, State, Steps, known};
use crate::control::loss::Consent;
use crate::rollout::loss::Counted;
use crate::rollout::retirement::{self, DEFAULT_GRACE, Retirement};
use crate::routing::SpecFault;

/// A collection that is to go.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetirementRequest {
    /// The collection to delete, by its own name and not by an alias.
    pub collection: String,
    /// The upstream of the collection. Default `default`.
    pub upstream: Option<String>,
    /// How long to wait before the deletion. Default `24h`.
    pub grace: Option<Period>,
    /// Whether to take a snapshot first. Without one, nothing is deleted.
    #[serde(default)]
    pub snapshot: bool,
    /// Whether to delete acknowledged writes that no other collection has.
    #[serde(default)]
    pub accept_lost_writes: bool,
}

/// What several collections of one upstream are to be retired by.
#[derive(Clone, Copy)]
pub(super) struct Terms {
    pub(super) grace: Option<Period>,
    pub(super) snapshot: bool,
    pub(super) consent: Consent,
}

impl Retirements {
    /// Schedules the deletion of a collection. With a `key`, the same request schedules one, however often it is sent.
    ///
    /// # Errors
    /// When there is no such collection, something leads to it or retires it already, the upstreams do not answer, or the
    /// change cannot be kept.
    pub async fn create(&self, request: RetirementRequest, key: Option<String>, caller: Caller) -> Result<RetirementView, ControlError> {
        let (id, subject) = (new_retirement_id(), request.collection.clone());
        let (noun, action) = (Noun::Retirement, Action::RetirementCreate);
        let creation = Creation { noun, action, id, subject, request, key, caller };
        let id = self.engine.create(creation, New(self.clone())).await?;
        self.show(&id)
    }

    /// Lists every upstream, for a request about one of them.
    pub(super) async fn listed_for(&self, upstream: &str) -> Result<Vec<Listed>, ControlError> {
        let plan = self.engine.plan();
        if plan.upstream(Some(upstream)).is_none() {
            return Err(ControlError::Invalid(vec![SpecFault::new("upstream", format!("`{upstream}` is not configured"))]));
        }
        let listed = list_everywhere(&plan).await;
        match listed.iter().find_map(|listed| listed.listing.as_ref().err()) {
            Some(error) => Err(ControlError::Unlisted(error.clone())),
            None => Ok(listed),
        }
    }

    /// Ends a retirement before its deletion.
    ///
    /// # Errors
    /// When there is no such retirement, it has ended or its deletion has begun, or the change cannot be kept.
    pub async fn cancel(&self, id: &str, caller: Caller) -> Result<RetirementView, ControlError> {
        let (this, intent) = (self.clone(), Intent::new(Action::RetirementCancel, id, caller));
        self.engine.run(intent.clone(), async move { this.cancel_now(intent).await }).await
    }

    async fn cancel_now(&self, intent: Intent) -> Result<RetirementView, ControlError> {
        let Intent { subject: id, caller, .. } = intent.clone();
        let writing = self.engine.begin(intent).await?;
        let cancelled = writing.commit(|state, draft| {
            let found = state.documents.retirements.get(&id);
            let before = found.ok_or_else(|| ControlError::NotFound { noun: Noun::Retirement, id: id.clone() })?;
            if !before.is_live() || before.is_irrevocable() {
                return Err(ControlError::NotCancellable { id: id.clone(), state: before.state.name() });
            }
            let mut after = before.clone();
            let reason = caller.reason.as_deref().unwrap_or("no reason given");
            after.end(clock::now(), retirement::State::Cancelled, vec![format!("cancelled by {}: {reason}", caller.actor)]);
            draft.writes.push(after.write());
            draft.events.push(after.event());
            draft.about(&after.collection);
            draft.record(Some(before), Some(&after));
            Ok(())
        });
        cancelled.await?;
        self.show(&id)
    }
}

/// What a creation of a retirement does of its own.
struct New(Retirements);

pub(super) struct Prepared {
    pub(super) upstream: String,
    pub(super) listed: Vec<Listed>,
    pub(super) counted: Counted,
}

impl Steps for New {
    type Request = RetirementRequest;
    type Prepared = Prepared;

    async fn prepare(&self, creation: &Creation<RetirementRequest>) -> Result<Prepared, ControlError> {
        let request = &creation.request;
        let upstream = request.upstream.clone().unwrap_or_else(|| DEFAULT_UPSTREAM.to_owned());
        let listed = self.0.listed_for(&upstream).await?;
        listed_as_collection(&listed, &upstream, &request.collection)?;
        Ok(Prepared { upstream, listed, counted: self.0.losses.counted().await? })
    }

    fn draft(
        &self,
        creation: &Creation<RetirementRequest>,
        found: &Prepared,
        state: &State,
        draft: &mut Draft,
    ) -> Result<(), ControlError> {
        let RetirementRequest { collection, grace, snapshot, accept_lost_writes, .. } = &creation.request;
        let terms = Terms { grace: *grace, snapshot: *snapshot, consent: Consent::of(*accept_lost_writes) };
        let retirement = scheduled(state, found, collection, terms, &creation.caller)?;
        let retirement = Retirement { id: creation.id.clone(), ..retirement };
        draft.record(None::<&()>, Some(std::slice::from_ref(&retirement)));
        draft.writes.push(retirement.write());
        draft.events.push(retirement.event());
        Ok(())
    }
}

/// Whether the upstream has a collection of this name, and no alias.
fn listed_as_collection(listed: &[Listed], upstream: &str, collection: &str) -> Result<(), ControlError> {
    let own = listed.iter().find(|listed| listed.upstream == upstream).and_then(|listed| listed.listing.as_ref().ok());
    let own = own.ok_or_else(|| ControlError::Unlisted(format!("`{upstream}` was not listed")))?;
    known(own, &Named::new("collection", Some(upstream), collection))
}

/// Who refers to the collection or retires it already, in words.
pub(super) fn in_the_way(state: &State, upstream: &str, collection: &str, listed: &[Listed]) -> Vec<String> {
    let mut found = state.references_to(upstream, collection);
    for referrers in listed.iter().map(|listed| listed.referrers_of(collection)) {
        let at = referrers.upstream;
        let aliases = referrers.aliases.unwrap_or_else(|error| vec![format!("unknown ({error})")]);
        found.extend(aliases.iter().map(|alias| format!("alias `{alias}` of upstream `{at}` points at a collection of this name")));
    }
    let same = |retirement: &&Retirement| retirement.is_live() && retirement.is_of(upstream, collection);
    found.extend(state.documents.retirements.values().filter(same).map(|other| format!("the retirement `{}` is under way", other.id)));
    found
}

/// The retirement of one collection, if nothing stands against it.
pub(super) fn scheduled(
    state: &State,
    found: &Prepared,
    collection: &str,
    terms: Terms,
    caller: &Caller,
) -> Result<Retirement, ControlError> {
    let by = in_the_way(state, &found.upstream, collection, &found.listed);
    if !by.is_empty() {
        return Err(ControlError::InUse { collection: collection.to_owned(), by });
    }
    terms.consent.to(state.alone(&found.counted, &found.upstream, collection), "deleting it", "")?;
    let grace = terms.grace.unwrap_or(DEFAULT_GRACE);
    Ok(Retirement {
        actor: caller.actor.clone(),
        reason: caller.reason.clone(),
        snapshot: terms.snapshot,
        accept_lost_writes: terms.consent == Consent::Given,
        ..Retirement::scheduled(new_retirement_id(), &found.upstream, collection, grace, clock::now())
    })
}
