//! What a canary wants done, done. Each effect may be executed twice: the replica that did it may have died before saying so.

use super::{Canaries, events};
use crate::config::{DEFAULT_UPSTREAM, Period};
use crate::control::clock;
use crate::control::documents::{CanaryDocument, Departure, Resource, new_retirement_id};
use crate::control::engine::{CommitExtras, ControlError, unread};
use crate::qdrant::{AliasFailed, Client, Compatibility, Description, Direction, Failure, Listing};
use crate::rollout::loss::{Loss, Stake};
use crate::rollout::retirement::Retirement;
use crate::rollout::{BasisFault, Effect, Endpoint, Pending, Rule, Way};
use crate::store::NewEvent;

/// What became of an effect.
pub(super) enum Outcome {
    Done,
    /// The pre-checks: the alias points at this collection.
    Passed {
        stable: String,
        /// Why it could not be compared with the new one, if it could not.
        uncompared: Option<String>,
        /// Where the count of writes begins, if it did not begin with the canary: the alias has been moved since.
        recount: Option<Stake>,
    },
    /// Writes came whose loss was not accepted, so nothing was done.
    Held(Loss),
    /// To be tried again.
    Failed(String),
    /// Will never succeed.
    Refused(String),
    /// Done, once this is in the same commit as the report.
    With(CommitExtras),
}

impl Outcome {
    fn told(event: NewEvent) -> Self {
        Self::With(CommitExtras { writes: Vec::new(), events: vec![event] })
    }
}

impl From<Failure> for Outcome {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure.to_string())
    }
}

impl Canaries {
    pub(super) async fn execute(&self, document: &CanaryDocument, pending: &Pending) -> Outcome {
        match &pending.effect {
            // The table follows the stored state, here as in every other replica: storing it was all there is to do.
            Effect::SetShare { .. } | Effect::StartWindow { .. } | Effect::TakeRouteOff { .. } => Outcome::Done,
            Effect::RunChecks { alias, candidate } => {
                self.check(document, alias, candidate, pending.attempts).await.unwrap_or_else(|outcome| outcome)
            }
            Effect::SwitchAlias { .. } | Effect::RestoreAlias { .. } => {
                let _moving = self.engine.moving().lock().await;
                // An operator who moved the alias while this waited may have ended the canary.
                if self.still_wants(document.canary.id(), pending.number) {
                    self.carry_out_move(document, pending).await
                } else {
                    Outcome::Done
                }
            }
            Effect::ScheduleRetirement { collection, grace } => Outcome::With(retirement(document, collection, *grace)),
            Effect::Notify { event, text } => {
                tracing::info!(canary = document.canary.id(), ?event, text, "canary");
                events::notice(document, *event, text).map_or(Outcome::Done, Outcome::told)
            }
        }
    }

    fn still_wants(&self, id: &str, number: u64) -> bool {
        let wants = |now: CanaryDocument| now.canary.status().pending.iter().any(|pending| pending.number == number);
        self.document(id).is_some_and(wants)
    }

    /// The caller holds [`Engine::moving`](crate::control::engine::Engine::moving).
    async fn carry_out_move(&self, document: &CanaryDocument, pending: &Pending) -> Outcome {
        match &pending.effect {
            Effect::SwitchAlias { alias, expect, to } => match self.late_writes(document, alias, expect).await {
                Ok(None) => self.move_alias(document, alias, expect, to).await,
                Ok(Some(loss)) => Outcome::Held(loss),
                Err(outcome) => outcome,
            },
            Effect::RestoreAlias { alias, from, to } => self.restore_alias(document, alias, from, to).await,
            _ => Outcome::Done,
        }
    }

    fn client(&self, upstream: Option<&str>) -> Result<Client, Outcome> {
        let plan = self.engine.plan();
        let index = plan.upstream(upstream);
        let index = index.ok_or_else(|| Outcome::Failed(format!("this replica has no upstream `{}`", upstream.unwrap_or_default())))?;
        Ok(plan.client(index)?)
    }

    /// The new collection has to be well. The present one is only compared with: one that cannot be read is what a canary may
    /// lead away from (I14).
    async fn check(&self, document: &CanaryDocument, alias: &str, candidate: &Endpoint, attempts: u32) -> Result<Outcome, Outcome> {
        let here = self.client(None)?;
        let listing = here.list().await.map_err(|error| Outcome::Failed(error.to_string()))?;
        let Some(stable) = listing.aliases.get(alias) else {
            return Err(Outcome::Refused(format!("Qdrant has no alias `{alias}`")));
        };
        let same = *stable == candidate.collection && candidate.upstream.is_none();
        if same {
            return Err(Outcome::Refused(format!("`{alias}` points at `{stable}` already")));
        }
        self.nothing_else_runs(document, alias)?;
        self.still_deployed_to(document, alias, stable)?;
        let there = self.client(candidate.upstream.as_deref())?;
        // A deployment has compared already, and its spec may say that the difference is intended.
        let compares = document.canary.plan().spec().deployment.is_none();
        let reading = async { if compares { Some(here.describe(stable).await) } else { None } };
        let (old, new) = tokio::join!(reading, described(&there, &candidate.collection));
        let new = new?;
        serviceable(&new)?;
        scores_rise(document, &new)?;
        let uncompared = match old {
            None => None,
            Some(Ok(old)) => compatible(&old, &new).map(|()| None)?,
            // A moment's trouble is no reason to go without the comparison; the second attempt decides.
            Some(Err(failure)) if attempts == 0 => return Err(failure.into()),
            Some(Err(failure)) => Some(unread(stable, &new.name, &failure)),
        };
        let recount = if document.canary.counts(stable) { None } else { Some(self.fresh_stake(stable, candidate).await?) };
        Ok(Outcome::Passed { stable: stable.clone(), uncompared, recount })
    }

    async fn fresh_stake(&self, stable: &str, candidate: &Endpoint) -> Result<Stake, Outcome> {
        let (counted, now) = (self.losses.counted().await.map_err(|error| Outcome::Failed(error.to_string()))?, clock::now());
        let beside = counted.mark(candidate.upstream.as_deref().unwrap_or(DEFAULT_UPSTREAM), &candidate.collection, now);
        Ok(Stake::new(vec![counted.mark(DEFAULT_UPSTREAM, stable, now)], beside))
    }

    /// The writes since the count began that the switch would lose: the last look at them, right before it is sent. None where
    /// that is agreed to, or the alias may have moved already.
    async fn late_writes(&self, document: &CanaryDocument, alias: &str, expect: &str) -> Result<Option<Loss>, Outcome> {
        if document.canary.accepts_lost_writes() {
            return Ok(None);
        }
        let counted = self.losses.counted().await.map_err(|error| Outcome::Failed(error.to_string()))?;
        let Some(loss) = document.canary.loss(Way::Ahead, &counted).filter(Loss::is_real) else { return Ok(None) };
        let listing = self.client(None)?.list().await.map_err(|error| Outcome::Failed(error.to_string()))?;
        Ok(Some(loss).filter(|_| listing.aliases.get(alias).is_some_and(|target| target == expect)))
    }

    /// A deployment was compared with, and will retire, the collection that it found at its beginning.
    fn still_deployed_to(&self, document: &CanaryDocument, alias: &str, stable: &str) -> Result<(), Outcome> {
        let state = self.engine.state();
        let deployment = document.canary.plan().spec().deployment.as_ref().and_then(|id| state.documents.deployments.get(id));
        match deployment.and_then(|found| found.deployment.found().previous.as_deref()) {
            Some(wanted) if wanted != stable => {
                let (alias, found, wanted) = (alias.to_owned(), stable.to_owned(), wanted.to_owned());
                Err(Outcome::Refused(BasisFault::AliasMoved { alias, found, wanted }.to_string()))
            }
            _ => Ok(()),
        }
    }

    fn nothing_else_runs(&self, document: &CanaryDocument, alias: &str) -> Result<(), Outcome> {
        let state = self.engine.state();
        if state.documents.routes.contains_key(alias) {
            return Err(Outcome::Refused(format!("`{alias}` has a route of its own; delete it first")));
        }
        let mut others = state.documents.canaries.values().filter(|other| other.id() != document.id());
        match others.find(|other| other.held_alias() == Some(alias)) {
            Some(other) => Err(Outcome::Refused(format!("{} runs on `{alias}`", other.name()))),
            None => Ok(()),
        }
    }

    /// One alias action, then a table that knows of it.
    async fn move_alias(&self, document: &CanaryDocument, alias: &str, expect: &str, to: &str) -> Outcome {
        let client = match self.client(None) {
            Ok(client) => client,
            Err(outcome) => return outcome,
        };
        let departure = match self.departure(document, alias, expect, to).await {
            Ok(departure) => departure,
            Err(error) => return Outcome::Failed(error.to_string()),
        };
        let moved = client.switch_alias(alias, to, Some(expect)).await;
        self.engine.relist_with(&client).await;
        match moved {
            Ok(_) => moved_by(document, &departure, [alias, expect, to]),
            Err(AliasFailed::Unexpected { found: Some(found), .. }) if found == to => moved_by(document, &departure, [alias, expect, to]),
            Err(error @ (AliasFailed::Unexpected { .. } | AliasFailed::Refused { .. })) => Outcome::Refused(error.to_string()),
            Err(error) => Outcome::Failed(error.to_string()),
        }
    }

    /// What is remembered of the move: the counts of the canary go on.
    async fn departure(&self, document: &CanaryDocument, alias: &str, from: &str, to: &str) -> Result<Departure, ControlError> {
        let goes_ahead = document.canary.plan().spec().collection == to;
        // The way back needs no store: what other replicas had counted a second ago is enough for where a count begins.
        let counted = if goes_ahead { self.losses.counted().await? } else { self.losses.counted_lately() };
        let departure = Departure::now(alias, from, to, &counted, clock::now());
        let (ahead, back) = (Some(document.canary.stake_ahead()), document.canary.stake_back());
        Ok(if goes_ahead { departure.since(ahead, back) } else { departure.since(back, ahead) })
    }

    /// Only when the alias points at what this canary put there: a client that moved it since is not to be overruled. A collection that
    /// is deleted takes its aliases along, and then the alias is made again.
    async fn restore_alias(&self, document: &CanaryDocument, alias: &str, from: &str, to: &str) -> Outcome {
        let client = match self.client(None) {
            Ok(client) => client,
            Err(outcome) => return outcome,
        };
        match client.list().await {
            Err(error) => Outcome::Failed(error.to_string()),
            Ok(listing) if listing.aliases.get(alias).is_some_and(|target| target == from) => {
                self.move_alias(document, alias, from, to).await
            }
            Ok(listing) if went_along(&listing, alias, from) && listing.collections.contains(to) => {
                self.remake_alias(&client, document, [alias, from, to]).await
            }
            Ok(_) => Outcome::Done,
        }
    }

    async fn remake_alias(&self, client: &Client, document: &CanaryDocument, [alias, from, to]: [&str; 3]) -> Outcome {
        let departure = match self.departure(document, alias, from, to).await {
            Ok(departure) => departure,
            Err(error) => return Outcome::Failed(error.to_string()),
        };
        let made = client.create_alias(alias, to).await;
        self.engine.relist_with(client).await;
        match made {
            Ok(_) => moved_by(document, &departure, [alias, from, to]),
            // Another client was faster, and has decided where it points.
            Err(AliasFailed::Unexpected { .. }) => Outcome::Done,
            Err(error) => Outcome::Failed(error.to_string()),
        }
    }
}

/// What is kept and told of a move that was made.
fn moved_by(document: &CanaryDocument, departure: &Departure, [alias, from, to]: [&str; 3]) -> Outcome {
    Outcome::With(CommitExtras { writes: departure.writes(), events: vec![events::moved(document, alias, from, to)] })
}

/// The alias is gone, and so is the collection it pointed at.
fn went_along(listing: &Listing, alias: &str, collection: &str) -> bool {
    !listing.aliases.contains_key(alias) && !listing.collections.contains(collection)
}

async fn described(client: &Client, collection: &str) -> Result<Description, Outcome> {
    client.describe(collection).await.map_err(|failure| {
        if failure.is_not_found() { Outcome::Refused(format!("there is no collection `{collection}`")) } else { failure.into() }
    })
}

/// Green, and not empty.
fn serviceable(collection: &Description) -> Result<(), Outcome> {
    let state = &collection.state;
    if state.status != "green" {
        return Err(Outcome::Refused(format!("`{}` is {}, not green", collection.name, state.status)));
    }
    if state.points_count == 0 {
        return Err(Outcome::Refused(format!("`{}` is empty", collection.name)));
    }
    Ok(())
}

fn compatible(old: &Description, new: &Description) -> Result<(), Outcome> {
    let differences = Compatibility::of(&old.schema, &new.schema);
    let blocking: Vec<String> = differences.blocking().map(ToString::to_string).collect();
    if blocking.is_empty() {
        return Ok(());
    }
    Err(Outcome::Refused(format!("`{}` cannot stand in for `{}`: {}", new.name, old.name, blocking.join("; "))))
}

/// A top score guard takes a low score for a bad one, and an answer does not say which vector it was found by.
fn scores_rise(document: &CanaryDocument, collection: &Description) -> Result<(), Outcome> {
    let plan = document.canary.plan();
    let guards = (0..plan.stages().len()).flat_map(|stage| plan.guards(stage)).chain(&plan.spec().guards);
    let mut vectors = collection.schema.params.vectors.iter();
    let distance = vectors.find(|(_, vector)| vector.direction() == Direction::LowerIsBetter);
    let guarded = guards.into_iter().any(|guard| matches!(guard.rule, Rule::TopScore { .. }));
    match distance.filter(|_| guarded) {
        None => Ok(()),
        Some((name, vector)) => Err(Outcome::Refused(format!(
            "a `top_score` guard needs scores of which more is better, and the vector `{name}` of `{}` is compared by {}",
            collection.name, vector.distance
        ))),
    }
}

/// Stored with the report of having scheduled it, so that there is never a second one.
fn retirement(document: &CanaryDocument, collection: &str, grace: Period) -> CommitExtras {
    let scheduled = Retirement::scheduled(new_retirement_id(), DEFAULT_UPSTREAM, collection, grace, clock::now());
    let scheduled = Retirement { reason: Some(format!("{} was completed", document.name())), ..scheduled };
    CommitExtras { writes: vec![scheduled.write()], events: vec![scheduled.event()] }
}
