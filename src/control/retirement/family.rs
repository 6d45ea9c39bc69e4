//! Retention: which collections of a family are one too many, and, if that is wanted, their retirements.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts::Listed;
use super::requests::{Prepared, Terms, in_the_way, scheduled};
use super::{RetirementView, Retirements};
use crate::config::{DEFAULT_UPSTREAM, Period};
use crate::control::engine::{Action, Caller, ControlError, Intent, known_alias};
use crate::control::loss::Consent;
use crate::qdrant::Listing;
use crate::rollout::retirement::{Retention, Retirement, family_of, retention};
use crate::routing::SpecFault;

/// How many of which family are to stay.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FamilyRequest {
    /// The beginning of the names: `docs` for `docs_v1` and `docs_v2`. Either this or `alias` is required.
    pub family: Option<String>,
    /// The alias whose collection names the family.
    pub alias: Option<String>,
    /// How many of the newest collections stay, at least 1.
    #[schemars(range(min = 1))]
    pub keep_newest: usize,
    /// The upstream of the collections. Default `default`.
    pub upstream: Option<String>,
    /// Whether to schedule the retirements. Without it, nothing is changed.
    #[serde(default)]
    pub apply: bool,
    /// How long to wait before the deletions. Default `24h`.
    pub grace: Option<Period>,
    /// Whether to take a snapshot of each collection first.
    #[serde(default)]
    pub snapshot: bool,
}

/// What became of it, or would.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FamilyPlan {
    pub upstream: String,
    #[serde(flatten)]
    pub retention: Retention,
    /// The retirements that were made.
    pub scheduled: Vec<RetirementView>,
}

impl Retirements {
    /// Says which collections of a family would be retired; with `apply`, schedules that, all or none.
    ///
    /// # Errors
    /// When the family cannot be told or put in order, the upstreams do not answer, or the change cannot be kept.
    pub async fn plan(&self, request: FamilyRequest, caller: Caller) -> Result<FamilyPlan, ControlError> {
        let subject = request.family.clone().or_else(|| request.alias.clone()).unwrap_or_default();
        let (this, intent) = (self.clone(), Intent::new(Action::RetirementPlan, subject, caller));
        if !request.apply {
            return this.plan_now(request, intent).await;
        }
        self.engine.run(intent.clone(), async move { this.plan_now(request, intent).await }).await
    }

    async fn plan_now(&self, request: FamilyRequest, intent: Intent) -> Result<FamilyPlan, ControlError> {
        if request.keep_newest == 0 {
            return Err(invalid("keep_newest", "must be at least 1"));
        }
        let upstream = request.upstream.clone().unwrap_or_else(|| DEFAULT_UPSTREAM.to_owned());
        let listed = self.listed_for(&upstream).await?;
        let own = listed.iter().find(|listed| listed.upstream == upstream).and_then(|listed| listed.listing.as_ref().ok());
        let own = own.ok_or_else(|| ControlError::Unlisted(format!("`{upstream}` was not listed")))?;
        let family = family(&request, own)?;
        let references = self.references_of(&upstream, own, &listed);
        let retention = retention(&family, &own.collections, request.keep_newest, &references);
        let retention = retention.map_err(|mixed| invalid("family", mixed.to_string()))?;
        let too_many = retention.members.iter().filter(|member| member.kept.is_none());
        let too_many: Vec<String> = too_many.map(|member| member.collection.clone()).collect();
        // By name only: what a family has too many of is never a collection that alone has acknowledged writes.
        let terms = Terms { grace: request.grace, snapshot: request.snapshot, consent: Consent::Withheld };
        let scheduled = if request.apply && !too_many.is_empty() {
            let found = Prepared { upstream: upstream.clone(), listed, counted: self.losses.counted().await? };
            self.schedule(&found, &too_many, terms, intent).await?
        } else {
            Vec::new()
        };
        Ok(FamilyPlan { upstream, retention, scheduled })
    }

    /// Puts retirements of `collections` into the store, all or none.
    async fn schedule(
        &self,
        found: &Prepared,
        collections: &[String],
        terms: Terms,
        intent: Intent,
    ) -> Result<Vec<RetirementView>, ControlError> {
        let caller = intent.caller.clone();
        let intent = Intent { action: Action::RetirementCreate, ..intent };
        let writing = self.engine.begin(intent).await?;
        let made = writing.commit(|state, draft| {
            let made = collections.iter().map(|collection| scheduled(state, found, collection, terms, &caller));
            let made: Vec<Retirement> = made.collect::<Result<_, _>>()?;
            draft.writes = made.iter().map(Retirement::write).collect();
            draft.events = made.iter().map(Retirement::event).collect();
            draft.about(if let [only] = collections { only } else { &found.upstream });
            draft.record(None::<&()>, Some(&made));
            Ok(made)
        });
        made.await?.iter().map(|retirement| self.show(&retirement.id)).collect()
    }

    /// Whatever keeps a collection, retirements under way included: those need no second one.
    fn references_of(&self, upstream: &str, own: &Listing, listed: &[Listed]) -> BTreeMap<String, Vec<String>> {
        let state = self.engine.state();
        let counted = self.losses.counted_lately();
        let alone = |name: &str| state.alone(&counted, upstream, name).map(|loss| format!("it alone has acknowledged writes: {loss}"));
        let in_the_way = |name: &str| in_the_way(&state, upstream, name, listed).into_iter().chain(alone(name)).collect();
        own.collections.iter().map(|name| (name.clone(), in_the_way(name))).collect()
    }
}

fn family(request: &FamilyRequest, own: &Listing) -> Result<String, ControlError> {
    match (&request.family, &request.alias) {
        (Some(family), None) => Ok(family.clone()),
        (None, Some(alias)) => {
            let target = known_alias(own, alias)?;
            Ok(family_of(target).to_owned())
        }
        _ => Err(invalid("family", "is to be named, or else an alias, and not both")),
    }
}

fn invalid(field: &str, reason: impl Into<String>) -> ControlError {
    ControlError::Invalid(vec![SpecFault::new(field, reason)])
}
