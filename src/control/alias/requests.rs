//! Aliases, changed by operators: looked at from all sides first, then moved with one request, then in the table.

use std::time::SystemTime;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Aliases;
use crate::config::{DEFAULT_UPSTREAM as DEFAULT_NAME, Period};
use crate::control::clock;
use crate::control::documents::{Departure, Resource, Terms, json};
use crate::control::engine::{Action, Caller, ControlError, Intent, Named, known, known_alias, may_move};
use crate::control::loss::Consent;
use crate::live::DEFAULT_UPSTREAM;
use crate::qdrant::{AliasFailed, Client, Compatibility, Difference, Listing, next_name};
use crate::rollout::deployment::DeploymentCommand;
use crate::rollout::loss::Loss;
use crate::routing::{check_name, check_new_name};
use crate::store::NewEvent;

/// Where an alias is to point, and what may stand in the way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AliasChange {
    /// The collection that the alias is to point at.
    #[schemars(length(min = 1, max = 255), regex(pattern = r"^[^/\x00]+$"))]
    pub collection: String,
    /// The collection the alias must point at now. The change is refused where it points elsewhere.
    #[serde(default)]
    pub expect: Option<String>,
    /// Whether to make the change although the collections are incompatible, the present one cannot be read, or a rollout has the alias.
    /// That rollout ends.
    #[serde(default)]
    pub force: bool,
    /// The grace after which the collection that the alias leaves is retired. Default: it is kept.
    #[serde(default)]
    pub retire_old: Option<Period>,
    /// Whether acknowledged writes may be lost. Without it, a change that would lose some is refused with 409 (`lost-writes`).
    #[serde(default)]
    pub accept_lost_writes: bool,
}

/// What became of an alias.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AliasChanged {
    /// The alias.
    pub alias: String,
    /// The collection it points at now. Null after a deletion.
    pub collection: Option<String>,
    /// The collection it pointed at before.
    pub previous: Option<String>,
    /// False where the alias pointed there already, and nothing was sent to Qdrant.
    pub changed: bool,
    /// The differences between the two collections.
    pub differences: Vec<Difference>,
    /// What the operator should know of a change that was made all the same.
    pub warnings: Vec<String>,
    /// A name for the next collection of this family.
    pub next_name: Option<String>,
    /// The id of the retirement of the collection that the alias left.
    pub retirement: Option<String>,
    /// The acknowledged writes that were lost by it, and that the request accepted.
    pub lost_writes: Option<Loss>,
}

/// Whether one collection can stand in for the one an alias points at.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "CollectionComparison")]
pub struct Comparison {
    pub alias: String,
    pub present: String,
    pub candidate: String,
    pub compatible: bool,
    pub differences: Vec<Difference>,
}

/// What may be done to an alias that is there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Present {
    MayMove,
    MustBeForced,
}

impl Aliases {
    /// Creates an alias; one that is there moves only by force.
    ///
    /// # Errors
    /// When the collection is missing, red or incompatible, when the alias is there or a rollout has it, and when Qdrant or
    /// the store does not take it. Then nothing was changed.
    pub async fn put(&self, alias: &str, change: AliasChange, caller: Caller) -> Result<AliasChanged, ControlError> {
        let present = if change.force { Present::MayMove } else { Present::MustBeForced };
        self.change(Intent::new(Action::AliasPut, alias, caller), Some((change, present))).await
    }

    /// Moves an alias, or creates it.
    ///
    /// # Errors
    /// As [`Self::put`], and when it does not point where it was expected to.
    pub async fn switch(&self, alias: &str, change: AliasChange, caller: Caller) -> Result<AliasChanged, ControlError> {
        self.change(Intent::new(Action::AliasSwitch, alias, caller), Some((change, Present::MayMove))).await
    }

    /// Deletes an alias; the collection stays.
    ///
    /// # Errors
    /// When a rollout has it, and when Qdrant or the store does not take it.
    pub async fn delete(&self, alias: &str, caller: Caller) -> Result<AliasChanged, ControlError> {
        self.change(Intent::new(Action::AliasDelete, alias, caller), None).await
    }

    /// # Errors
    /// When there is no such alias or collection, or Qdrant does not answer.
    pub async fn compare(&self, alias: &str, candidate: &str) -> Result<Comparison, ControlError> {
        let client = self.engine.plan().client(DEFAULT_UPSTREAM)?;
        let listing = client.list().await?;
        let present = known_alias(&listing, alias)?;
        known(&listing, &Named::new("collection", None, candidate))?;
        let found = compatibility(&client, present, candidate).await?;
        Ok(Comparison {
            alias: alias.to_owned(),
            present: present.to_owned(),
            candidate: candidate.to_owned(),
            compatible: found.is_compatible(),
            differences: found.differences,
        })
    }

    /// To its end, also when the caller goes away: Qdrant and the audit log must agree.
    async fn change(&self, intent: Intent, change: Option<(AliasChange, Present)>) -> Result<AliasChanged, ControlError> {
        let (this, asked) = (self.clone(), intent.clone());
        self.engine.run(intent, async move { Box::pin(this.change_now(&asked, change)).await }).await
    }

    async fn change_now(&self, intent: &Intent, change: Option<(AliasChange, Present)>) -> Result<AliasChanged, ControlError> {
        self.engine.allow(intent)?;
        let (alias, caller) = (intent.subject.as_str(), &intent.caller);
        let _moving = self.engine.moving().lock().await;
        // Nothing is asked, and no rollout ended, while nothing could be written down.
        self.engine.store().ping().await?;
        let client = self.engine.plan().client(DEFAULT_UPSTREAM)?;
        let listing = client.list().await?;
        self.settle_before_move(alias, &listing).await?;
        let previous = listing.aliases.get(alias).cloned();
        let Some((change, present)) = change else {
            self.free(alias, None, caller).await?;
            self.intend_move(intent, [previous.as_deref(), None], Terms::default()).await?;
            let sent = client.delete_alias(alias).await;
            self.done_by_qdrant(&client, alias, sent).await?;
            return self.record_move(intent, AliasChanged::of(alias, None, previous), None, Vec::new()).await;
        };
        // An alias that is there may be called what no new one is.
        let fault = if previous.is_some() { check_name(alias, "alias") } else { check_new_name(alias, "alias") };
        fault.map_or(Ok(()), |fault| Err(ControlError::Invalid(vec![fault])))?;
        known(&listing, &Named::new("collection", None, &change.collection))?;
        if previous.as_deref() == Some(change.collection.as_str()) {
            let unchanged = AliasChanged { changed: false, ..AliasChanged::of(alias, Some(&change.collection), previous) };
            return Ok(AliasChanged { next_name: Some(advice(&listing, &change.collection)), ..unchanged });
        }
        if let Some(found) = previous.clone().filter(|_| present == Present::MustBeForced) {
            return Err(ControlError::Occupied {
                alias: alias.to_owned(),
                owner: format!("the collection `{found}`; use force to move it"),
            });
        }
        let compared = may_move(&client, alias, previous.as_deref(), &change.collection, change.force).await?;
        let leaving = self.leaving(alias, previous.as_deref(), &change).await?;
        self.built_by_no_deployment(alias, &change.collection)?;
        self.free(alias, Some(change.collection.as_str()).filter(|_| change.force), caller).await?;
        let place = (DEFAULT_NAME, change.collection.as_str());
        self.engine.claim_now(place, &format!("the alias `{alias}`"), caller).await?;
        // What alone has acknowledged writes is not retired by itself, later either.
        let retire_old = change.retire_old.filter(|_| leaving.loss.is_none());
        let terms = Terms { retire_old, departure: leaving.departure.clone(), lost_writes: leaving.loss.clone() };
        self.intend_move(intent, [previous.as_deref(), Some(change.collection.as_str())], terms).await?;
        let sent = client.switch_alias(alias, &change.collection, change.expect.as_deref()).await;
        self.done_by_qdrant(&client, alias, sent).await?;
        let answer = AliasChanged {
            differences: compared.differences,
            warnings: compared.warnings.into_iter().chain(leaving.warnings).collect(),
            next_name: Some(advice(&listing, &change.collection)),
            lost_writes: leaving.loss,
            ..AliasChanged::of(alias, Some(&change.collection), previous)
        };
        let writes = leaving.departure.iter().flat_map(Departure::writes).collect();
        self.record_move(intent, answer, change.retire_old, writes).await
    }

    /// With the table brought up to date. What Qdrant refused needs no record.
    pub(in crate::control) async fn done_by_qdrant<T>(
        &self,
        client: &Client,
        alias: &str,
        sent: Result<T, AliasFailed>,
    ) -> Result<(), ControlError> {
        self.engine.relist_with(client).await;
        match sent {
            Ok(_) => Ok(()),
            // Nothing is known of it, or what is known does not fit: the aliases will tell.
            Err(error @ (AliasFailed::Listing { .. } | AliasFailed::NotSeen { .. })) => Err(error.into()),
            Err(AliasFailed::Request { failure, alias: at, found }) if failure.leaves_doubt() => {
                self.doubt_move(alias).await;
                Err(AliasFailed::Request { failure, alias: at, found }.into())
            }
            Err(error) => {
                self.drop_move(alias).await;
                Err(error.into())
            }
        }
    }

    /// What a deployment builds takes its alias from it alone, by force neither: on its way back it would find no alias at the
    /// collection yet, and delete it while the alias is moved there.
    fn built_by_no_deployment(&self, alias: &str, collection: &str) -> Result<(), ControlError> {
        let state = self.engine.state();
        let live = state.documents.deployments.values().filter(|document| document.is_live()).map(|document| &document.deployment);
        let mut builders = live.filter(|deployment| deployment.collection() == collection);
        let Some(builder) = builders.find(|builder| builder.spec().alias == alias || !builder.has_served()) else { return Ok(()) };
        let (id, given) = (builder.id(), &builder.spec().alias);
        let why = if builder.state().is_back() {
            format!("belongs to the deployment `{id}`, which is on its way back; wait for its end")
        } else {
            format!(
                "belongs to the deployment `{id}`, which gives it `{given}` itself: `pointsman deployment ready {id} \
                 --accept-lost-writes` lets it go on, `pointsman deployment cancel {id}` ends it"
            )
        };
        Err(ControlError::Unfit { collection: collection.to_owned(), why, differences: Vec::new() })
    }

    /// No rollout has the alias, or by force none has it any longer: it goes to the collection `forced_to`.
    async fn free(&self, alias: &str, forced_to: Option<&str>, caller: &Caller) -> Result<(), ControlError> {
        let Some(owners) = self.engine.state().documents.owners.get(alias).cloned() else { return Ok(()) };
        let Some(to) = forced_to else {
            return Err(ControlError::Occupied { alias: alias.to_owned(), owner: owners.to_string() });
        };
        let because = Caller { reason: Some("the alias is moved by force".to_owned()), ..caller.clone() };
        for owner in owners.ids() {
            let documents = self.engine.state().documents.clone();
            if let Some(document) = documents.deployments.get(owner) {
                // One on its way back no longer wants the alias.
                if document.deployment.state().is_back() {
                    continue;
                }
                self.deployments.command(owner, DeploymentCommand::Cancel, Consent::Automatic, because.clone()).await?;
            } else if documents.experiments.contains_key(owner) {
                self.experiments.send_back(owner, None, because.clone()).await?;
            } else {
                self.canaries.supersede(owner, to, caller).await?;
            }
        }
        Ok(())
    }

    /// What is lost by the move, as far as anything is known of the two collections.
    async fn leaving(&self, alias: &str, previous: Option<&str>, change: &AliasChange) -> Result<Leaving, ControlError> {
        let Some(previous) = previous else { return Ok(Leaving::default()) };
        let (counted, now, to) = (self.losses.counted().await?, clock::now(), change.collection.as_str());
        let state = self.engine.state();
        let stake = state.stake_of_move(&counted, alias, previous, to);
        let known = stake.as_ref().and_then(|stake| stake.loss(&counted));
        let told = match &known {
            Some(loss) if loss.is_worth_telling() => Some(loss.to_string()),
            Some(_) => None,
            None => self.losses.recently_written(previous),
        };
        let loss = Consent::of(change.accept_lost_writes).to(known, "moving the alias", "")?;
        let departure = Departure::now(alias, previous, to, &counted, now).since(stake.as_ref(), state.kept_alone(alias, previous, to));
        Ok(Leaving { loss, warnings: told.into_iter().collect(), departure: Some(departure) })
    }
}

/// What is to be said and kept of a collection that an alias leaves.
#[derive(Default)]
struct Leaving {
    loss: Option<Loss>,
    warnings: Vec<String>,
    departure: Option<Departure>,
}

impl AliasChanged {
    pub(super) fn of(alias: &str, collection: Option<&str>, previous: Option<String>) -> Self {
        Self {
            alias: alias.to_owned(),
            collection: collection.map(str::to_owned),
            changed: collection.is_some() || previous.is_some(),
            previous,
            differences: Vec::new(),
            warnings: Vec::new(),
            next_name: None,
            retirement: None,
            lost_writes: None,
        }
    }

    /// Only what was changed comes this far.
    pub(super) fn event(&self) -> NewEvent {
        let kind = match (&self.previous, &self.collection) {
            (_, None) => "alias.deleted",
            (None, Some(_)) => "alias.created",
            (Some(_), Some(_)) => "alias.switched",
        };
        let mut body = serde_json::json!({"previous": self.previous, "collection": self.collection});
        if let Some(loss) = &self.lost_writes {
            body["lost_writes"] = json(loss);
        }
        NewEvent { kind: kind.to_owned(), subject: self.alias.clone(), body }
    }
}

fn advice(listing: &Listing, collection: &str) -> String {
    next_name(collection, &listing.collections, SystemTime::now())
}

async fn compatibility(client: &Client, present: &str, candidate: &str) -> Result<Compatibility, ControlError> {
    Ok(Compatibility::of(&client.describe(present).await?.schema, &client.describe(candidate).await?.schema))
}
