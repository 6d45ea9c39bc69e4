//! What people ask of retirements.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::documents::{event, put};
use super::facts::{Listed, list_everywhere};
use crate::config::{DEFAULT_UPSTREAM, Period};
use crate::control::author::{Author, Deed};
use crate::control::error::ControlError;
use crate::control::names::Named;
use crate::control::state::{Control, State};
use crate::control::{Consent, clock, document, names};
use crate::rollout::retirement::{self, DEFAULT_GRACE, Retirement};
use crate::routing::SpecFault;
use crate::store;

/// A collection that is to go.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
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

/// A retirement as it is shown.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Retirement")]
pub struct RetirementView {
    #[serde(flatten)]
    pub retirement: Retirement,
    /// Its `ETag`.
    pub revision: u64,
    /// What an operator should know.
    pub warnings: Vec<String>,
}

impl From<Retirement> for RetirementView {
    fn from(retirement: Retirement) -> Self {
        let grace = Period::from_millis(retirement.grace_ms);
        let short = grace < DEFAULT_GRACE && !retirement.state.is_terminal();
        let warning =
            format!("the grace of {grace} is shorter than the usual {DEFAULT_GRACE}; `{}` is gone after it", retirement.collection);
        Self { revision: retirement.revision, warnings: if short { vec![warning] } else { Vec::new() }, retirement }
    }
}

/// What several collections of one upstream are to be retired by.
#[derive(Clone, Copy)]
pub(super) struct Terms {
    pub(super) grace: Option<Period>,
    pub(super) snapshot: bool,
    pub(super) consent: Consent,
}

impl Control {
    /// Schedules the deletion of a collection.
    ///
    /// # Errors
    /// When there is no such collection, something refers to it or retires it already, the upstreams do not answer, or the
    /// change cannot be kept.
    pub async fn create_retirement(&self, request: RetirementRequest, author: Author) -> Result<RetirementView, ControlError> {
        let subject = request.collection.clone();
        let creating = self.clone().retire_now(request, author.clone());
        self.to_its_end("retirement.create", subject, author, creating).await
    }

    async fn retire_now(self, request: RetirementRequest, author: Author) -> Result<RetirementView, ControlError> {
        let upstream = request.upstream.unwrap_or_else(|| DEFAULT_UPSTREAM.to_owned());
        let listed = self.listed_for(&upstream).await?;
        known(&listed, &upstream, &request.collection)?;
        let consent = Consent::of(request.accept_lost_writes);
        let terms = Terms { grace: request.grace, snapshot: request.snapshot, consent };
        let made = self.schedule(&upstream, std::slice::from_ref(&request.collection), &listed, terms, &author).await?;
        made.into_iter().next().ok_or(ControlError::Stopping)
    }

    /// Lists every upstream, for a request about one of them.
    pub(super) async fn listed_for(&self, upstream: &str) -> Result<Vec<Listed>, ControlError> {
        let plan = self.plan();
        if plan.upstream(Some(upstream)).is_none() {
            return Err(ControlError::Invalid(vec![SpecFault::new("upstream", format!("`{upstream}` is not configured"))]));
        }
        let listed = list_everywhere(&plan).await;
        match listed.iter().find_map(|listed| listed.listing.as_ref().err()) {
            Some(error) => Err(ControlError::Unlisted(error.clone())),
            None => Ok(listed),
        }
    }

    /// Puts retirements of `collections` into the store, all or none.
    pub(super) async fn schedule(
        &self,
        upstream: &str,
        collections: &[String],
        listed: &[Listed],
        terms: Terms,
        author: &Author,
    ) -> Result<Vec<RetirementView>, ControlError> {
        let counted = self.counted().await?;
        let _writing = self.writing().await?;
        let scheduled = self.commit_newest(|state| {
            let mut made = Vec::with_capacity(collections.len());
            for collection in collections {
                let by = in_the_way(state, upstream, collection, listed);
                if !by.is_empty() {
                    return Err(ControlError::InUse { collection: collection.clone(), by });
                }
                terms.consent.to(state.alone(&counted, upstream, collection), "deleting it", "")?;
                made.push(scheduled(upstream, collection, terms, author));
            }
            let subject = if let [only] = collections { only } else { upstream };
            let deed = Deed { action: "retirement.create", subject };
            let mut change = store::Change::new(author.did(deed, None, Some(document::json(&made))), made.iter().map(put).collect());
            change.events = made.iter().map(event).collect();
            Ok((Some(change), made))
        });
        let made = scheduled.await?;
        made.iter().map(|retirement| self.retirement(&retirement.id)).collect()
    }

    /// Ends a retirement before its deletion.
    ///
    /// # Errors
    /// When there is no such retirement, it has ended or its deletion has begun, or the change cannot be kept.
    pub async fn cancel_retirement(&self, id: &str, author: Author) -> Result<RetirementView, ControlError> {
        let cancelling = self.clone().cancel_now(id.to_owned(), author.clone());
        self.to_its_end("retirement.cancel", id.to_owned(), author, cancelling).await
    }

    async fn cancel_now(self, id: String, author: Author) -> Result<RetirementView, ControlError> {
        let _writing = self.writing().await?;
        let cancelled = self.commit_newest(|state| {
            let before = state.held.retirements.get(&id).ok_or_else(|| ControlError::NoRetirement(id.clone()))?;
            if before.state.is_terminal() || before.is_irrevocable() {
                return Err(ControlError::NotCancellable { id: id.clone(), state: before.state.name() });
            }
            let mut after = before.clone();
            let reason = author.reason.clone().unwrap_or_else(|| "no reason given".to_owned());
            after.end(clock::now(), retirement::State::Cancelled, vec![format!("cancelled by {}: {reason}", author.actor)]);
            let deed = Deed { action: "retirement.cancel", subject: &after.collection };
            let audit = author.did(deed, Some(document::json(before)), Some(document::json(&after)));
            let mut change = store::Change::new(audit, vec![put(&after)]);
            change.events.push(event(&after));
            Ok((Some(change), ()))
        });
        cancelled.await?;
        self.retirement(&id)
    }

    /// # Errors
    /// When there is no such retirement.
    pub fn retirement(&self, id: &str) -> Result<RetirementView, ControlError> {
        self.retirement_document(id).map(RetirementView::from).ok_or_else(|| ControlError::NoRetirement(id.to_owned()))
    }

    /// All retirements, the ended ones too, by id.
    #[must_use]
    pub fn retirements(&self) -> Vec<RetirementView> {
        self.0.state.load().held.retirements.values().cloned().map(RetirementView::from).collect()
    }
}

/// Whether the upstream has a collection of this name, and no alias.
fn known(listed: &[Listed], upstream: &str, collection: &str) -> Result<(), ControlError> {
    let own = listed.iter().find(|listed| listed.upstream == upstream).and_then(|listed| listed.listing.as_ref().ok());
    let own = own.ok_or_else(|| ControlError::Unlisted(format!("`{upstream}` was not listed")))?;
    names::known(own, &Named::new("collection", Some(upstream), collection))
}

/// Who refers to the collection or retires it already, in words.
pub(super) fn in_the_way(state: &State, upstream: &str, collection: &str, listed: &[Listed]) -> Vec<String> {
    let mut found = state.references_to(upstream, collection);
    for referrers in listed.iter().map(|listed| listed.referrers_of(collection)) {
        let at = referrers.upstream;
        let aliases = referrers.aliases.unwrap_or_else(|error| vec![format!("unknown ({error})")]);
        found.extend(aliases.iter().map(|alias| format!("alias `{alias}` of upstream `{at}` points at a collection of this name")));
    }
    let same = |retirement: &&Retirement| !retirement.state.is_terminal() && retirement.is_of(upstream, collection);
    found.extend(state.held.retirements.values().filter(same).map(|other| format!("the retirement `{}` is under way", other.id)));
    found
}

fn scheduled(upstream: &str, collection: &str, terms: Terms, author: &Author) -> Retirement {
    let grace = terms.grace.unwrap_or(DEFAULT_GRACE);
    Retirement {
        actor: author.actor.clone(),
        reason: author.reason.clone(),
        snapshot: terms.snapshot,
        accept_lost_writes: terms.consent == Consent::Given,
        ..Retirement::scheduled(new_id(), upstream, collection, grace, clock::now())
    }
}

/// By age, as all ids.
pub(in crate::control) fn new_id() -> String {
    format!("ret_{}", Ulid::new())
}
