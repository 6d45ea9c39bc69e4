//! What a canary wants done, done. Each effect may be executed twice: whoever did it may have died before saying so.

use super::Running;
use super::events;
use crate::config::{DEFAULT_UPSTREAM, Period};
use crate::control::besides::Besides;
use crate::control::clock;
use crate::control::comparing::unread;
use crate::control::error::ControlError;
use crate::control::loss::Departure;
use crate::control::retirement::{event, new_id, put};
use crate::control::state::Control;
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
    With(Besides),
}

impl Outcome {
    fn told(event: NewEvent) -> Self {
        Self::With(Besides { writes: Vec::new(), events: vec![event] })
    }
}

impl From<Failure> for Outcome {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure.to_string())
    }
}

impl Control {
    pub(super) async fn execute(&self, running: &Running, pending: &Pending) -> Outcome {
        match &pending.effect {
            // The table follows the stored state, here as in every other replica: storing it was all there is to do.
            Effect::SetShare { .. } | Effect::StartWindow { .. } | Effect::TakeRouteOff { .. } => Outcome::Done,
            Effect::RunChecks { alias, candidate } => {
                self.check(running, alias, candidate, pending.attempts).await.unwrap_or_else(|outcome| outcome)
            }
            Effect::SwitchAlias { .. } | Effect::RestoreAlias { .. } => {
                let _moving = self.0.moving.lock().await;
                // An operator who moved the alias while this waited may have ended the canary.
                if self.still_wants(running.canary.id(), pending.number) {
                    self.carry_out_move(running, pending).await
                } else {
                    Outcome::Done
                }
            }
            Effect::ScheduleRetirement { collection, grace } => Outcome::With(retirement(running, collection, *grace)),
            Effect::Notify { event, text } => {
                tracing::info!(canary = running.canary.id(), ?event, text, "canary");
                events::notice(running, *event, text).map_or(Outcome::Done, Outcome::told)
            }
        }
    }

    fn still_wants(&self, id: &str, number: u64) -> bool {
        let wants = |now: Running| now.canary.status().pending.iter().any(|pending| pending.number == number);
        self.canary_document(id).is_some_and(wants)
    }

    /// The caller holds [`crate::control::state::Inner::moving`].
    async fn carry_out_move(&self, running: &Running, pending: &Pending) -> Outcome {
        match &pending.effect {
            Effect::SwitchAlias { alias, expect, to } => match self.late_writes(running, alias, expect).await {
                Ok(None) => self.move_alias(running, alias, expect, to).await,
                Ok(Some(loss)) => Outcome::Held(loss),
                Err(outcome) => outcome,
            },
            Effect::RestoreAlias { alias, from, to } => self.restore_alias(running, alias, from, to).await,
            _ => Outcome::Done,
        }
    }

    fn client(&self, upstream: Option<&str>) -> Result<Client, Outcome> {
        let plan = self.plan();
        let index = plan.upstream(upstream);
        let index = index.ok_or_else(|| Outcome::Failed(format!("this replica has no upstream `{}`", upstream.unwrap_or_default())))?;
        Ok(plan.client(index)?)
    }

    /// The new collection has to be well. The present one is only compared with: one that cannot be read is what a canary may
    /// lead away from (I14).
    async fn check(&self, running: &Running, alias: &str, candidate: &Endpoint, attempts: u32) -> Result<Outcome, Outcome> {
        let here = self.client(None)?;
        let listing = here.list().await.map_err(|error| Outcome::Failed(error.to_string()))?;
        let Some(stable) = listing.aliases.get(alias) else {
            return Err(Outcome::Refused(format!("Qdrant has no alias `{alias}`")));
        };
        let same = *stable == candidate.collection && candidate.upstream.is_none();
        if same {
            return Err(Outcome::Refused(format!("`{alias}` points at `{stable}` already")));
        }
        self.nothing_else_runs(running, alias)?;
        self.still_deployed_to(running, alias, stable)?;
        let there = self.client(candidate.upstream.as_deref())?;
        // A deployment has compared already, and its spec may say that the difference is intended.
        let compares = running.canary.plan().spec().deployment.is_none();
        let reading = async { if compares { Some(here.describe(stable).await) } else { None } };
        let (old, new) = tokio::join!(reading, described(&there, &candidate.collection));
        let new = new?;
        serviceable(&new)?;
        scores_rise(running, &new)?;
        let uncompared = match old {
            None => None,
            Some(Ok(old)) => compatible(&old, &new).map(|()| None)?,
            // A moment's trouble is no reason to go without the comparison; the second attempt decides.
            Some(Err(failure)) if attempts == 0 => return Err(failure.into()),
            Some(Err(failure)) => Some(unread(stable, &new.name, &failure)),
        };
        let recount = if running.canary.counts(stable) { None } else { Some(self.recount(stable, candidate).await?) };
        Ok(Outcome::Passed { stable: stable.clone(), uncompared, recount })
    }

    async fn recount(&self, stable: &str, candidate: &Endpoint) -> Result<Stake, Outcome> {
        let (counted, now) = (self.counted().await.map_err(|error| Outcome::Failed(error.to_string()))?, clock::now());
        let beside = counted.mark(candidate.upstream.as_deref().unwrap_or(DEFAULT_UPSTREAM), &candidate.collection, now);
        Ok(Stake::new(vec![counted.mark(DEFAULT_UPSTREAM, stable, now)], beside))
    }

    /// The writes since the count began that the switch would lose: the last look at them, right before it is sent. None where
    /// that is agreed to, or the alias may have moved already.
    async fn late_writes(&self, running: &Running, alias: &str, expect: &str) -> Result<Option<Loss>, Outcome> {
        if running.canary.accepts_lost_writes() {
            return Ok(None);
        }
        let counted = self.counted().await.map_err(|error| Outcome::Failed(error.to_string()))?;
        let Some(loss) = running.canary.loss(Way::Ahead, &counted).filter(Loss::is_real) else { return Ok(None) };
        let listing = self.client(None)?.list().await.map_err(|error| Outcome::Failed(error.to_string()))?;
        Ok(Some(loss).filter(|_| listing.aliases.get(alias).is_some_and(|target| target == expect)))
    }

    /// A deployment was compared with, and will retire, the collection that it found at its beginning.
    fn still_deployed_to(&self, running: &Running, alias: &str, stable: &str) -> Result<(), Outcome> {
        let state = self.0.state.load();
        let deployment = running.canary.plan().spec().deployment.as_ref().and_then(|id| state.held.deployments.get(id));
        match deployment.and_then(|deploying| deploying.deployment.found().previous.as_deref()) {
            Some(wanted) if wanted != stable => {
                let (alias, found, wanted) = (alias.to_owned(), stable.to_owned(), wanted.to_owned());
                Err(Outcome::Refused(BasisFault::AliasMoved { alias, found, wanted }.to_string()))
            }
            _ => Ok(()),
        }
    }

    fn nothing_else_runs(&self, running: &Running, alias: &str) -> Result<(), Outcome> {
        let state = self.0.state.load();
        if state.held.routes.contains_key(alias) {
            return Err(Outcome::Refused(format!("`{alias}` has a route of its own; delete it first")));
        }
        let others = state.held.canaries.values().map(|other| &other.canary);
        let mut live = others.filter(|other| other.id() != running.canary.id() && !other.state().is_terminal());
        match live.find(|other| other.plan().spec().alias == alias) {
            Some(other) => Err(Outcome::Refused(format!("the canary `{}` runs on `{alias}`", other.id()))),
            None => Ok(()),
        }
    }

    /// One alias action, then a table that knows of it.
    async fn move_alias(&self, running: &Running, alias: &str, expect: &str, to: &str) -> Outcome {
        let client = match self.client(None) {
            Ok(client) => client,
            Err(outcome) => return outcome,
        };
        let departure = match self.departure(running, alias, expect, to).await {
            Ok(departure) => departure,
            Err(error) => return Outcome::Failed(error.to_string()),
        };
        let moved = client.switch_alias(alias, to, Some(expect)).await;
        self.relist_with(&client).await;
        match moved {
            Ok(_) => moved_by(running, &departure, [alias, expect, to]),
            Err(AliasFailed::Unexpected { found: Some(found), .. }) if found == to => moved_by(running, &departure, [alias, expect, to]),
            Err(error @ (AliasFailed::Unexpected { .. } | AliasFailed::Refused { .. })) => Outcome::Refused(error.to_string()),
            Err(error) => Outcome::Failed(error.to_string()),
        }
    }

    /// What is remembered of the move: the counts of the canary go on.
    async fn departure(&self, running: &Running, alias: &str, from: &str, to: &str) -> Result<Departure, ControlError> {
        let goes_ahead = running.canary.plan().spec().collection == to;
        // The way back needs no store: what other replicas had counted a second ago is enough for where a count begins.
        let counted = if goes_ahead { self.counted().await? } else { self.counted_lately() };
        let departure = Departure::now(alias, from, to, &counted, clock::now());
        let (ahead, back) = (Some(running.canary.stake_ahead()), running.canary.stake_back());
        Ok(if goes_ahead { departure.since(ahead, back) } else { departure.since(back, ahead) })
    }

    /// Only when the alias points at what this canary put there: a client that moved it since is not to be overruled. A collection that
    /// is deleted takes its aliases along, and then the alias is made again.
    async fn restore_alias(&self, running: &Running, alias: &str, from: &str, to: &str) -> Outcome {
        let client = match self.client(None) {
            Ok(client) => client,
            Err(outcome) => return outcome,
        };
        match client.list().await {
            Err(error) => Outcome::Failed(error.to_string()),
            Ok(listing) if listing.aliases.get(alias).is_some_and(|target| target == from) => {
                self.move_alias(running, alias, from, to).await
            }
            Ok(listing) if went_along(&listing, alias, from) && listing.collections.contains(to) => {
                self.remake_alias(&client, running, [alias, from, to]).await
            }
            Ok(_) => Outcome::Done,
        }
    }

    async fn remake_alias(&self, client: &Client, running: &Running, [alias, from, to]: [&str; 3]) -> Outcome {
        let departure = match self.departure(running, alias, from, to).await {
            Ok(departure) => departure,
            Err(error) => return Outcome::Failed(error.to_string()),
        };
        let made = client.create_alias(alias, to).await;
        self.relist_with(client).await;
        match made {
            Ok(_) => moved_by(running, &departure, [alias, from, to]),
            // Another client was faster, and has decided where it points.
            Err(AliasFailed::Unexpected { .. }) => Outcome::Done,
            Err(error) => Outcome::Failed(error.to_string()),
        }
    }

    /// Takes a fresh listing into the table. A failure is no fault of what was done before: the next round lists again.
    pub(in crate::control) async fn relist_with(&self, client: &Client) {
        let plan = self.plan();
        let outcome = client.list().await;
        self.take_listing(&plan, &outcome).await;
    }
}

/// What is kept and told of a move that was made.
fn moved_by(running: &Running, departure: &Departure, [alias, from, to]: [&str; 3]) -> Outcome {
    Outcome::With(Besides { writes: departure.writes(), events: vec![events::moved(running, alias, from, to)] })
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
fn scores_rise(running: &Running, collection: &Description) -> Result<(), Outcome> {
    let plan = running.canary.plan();
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
fn retirement(running: &Running, collection: &str, grace: Period) -> Besides {
    let scheduled = Retirement::scheduled(new_id(), DEFAULT_UPSTREAM, collection, grace, clock::now());
    let scheduled = Retirement { reason: Some(format!("{} was completed", running.name())), ..scheduled };
    Besides { writes: vec![put(&scheduled)], events: vec![event(&scheduled)] }
}
