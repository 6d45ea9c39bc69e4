//! From a collection that is ready to one that has the alias, or back.

use ulid::Ulid;

use super::Deployments;
use super::build::listed;
use super::steps::Done;
use crate::config::{DEFAULT_UPSTREAM, Period};
use crate::control::clock;
use crate::control::documents::{CanaryDocument, Departure, Owners, new_retirement_id};
use crate::control::engine::{Caller, CommitExtras};
use crate::control::loss::Consent;
use crate::qdrant::{AliasFailed, Created, Undone};
use crate::rollout::deployment::{Deployment, Outcome, Release};
use crate::rollout::loss::Loss;
use crate::rollout::retirement::Retirement;
use crate::rollout::{By, Canary, CanarySpec, Command, Plan, StageSpec, State};
use crate::store::Fence;

/// Requests that were sent to the new collection before the alias went back may still be inside it.
const UNDO_GRACE: Period = Period::from_secs(600);

impl Deployments {
    pub(super) async fn validate_collection(&self, deployment: &Deployment) -> Result<Outcome, Outcome> {
        let (here, plan) = (self.here()?, self.engine.plan());
        let schema = here.describe(deployment.collection()).await?.schema;
        let queries = &deployment.spec().validation_queries;
        Ok(Outcome::Validated(here.validate(deployment.collection(), &schema, queries, plan.embedder.as_ref()).await))
    }

    /// Makes the canary that moves the alias, and gives it the alias, in the commit that says so. Not if writes came since the
    /// copy was known to be equal.
    pub(super) async fn release(&self, deployment: &Deployment) -> Result<Done, Outcome> {
        let counted = self.count_now().await?;
        let loss = deployment.loss(&counted).filter(|loss| loss.is_real() && !deployment.accepts_lost_writes());
        if let Some(loss) = loss {
            return Ok(Outcome::Late(loss).into());
        }
        let refused = |faults: String| Outcome::Refused(format!("no canary can be made of it: {faults}"));
        let plan =
            Plan::try_from(canary_of(deployment).settled(self.engine.plan().policy)).map_err(|faults| refused(faults.to_string()))?;
        let id = format!("canary_{}", Ulid::generate());
        let (alias, now) = (&deployment.spec().alias, clock::now());
        let by = By::new("controller", format!("the deployment `{}` is ready", deployment.id()));
        let mut canary = Canary::create(&id, plan, now, &by);
        canary.count_from(deployment.stake().clone());
        let mut document = CanaryDocument::new(canary);
        if self.engine.state().documents.kill_switch().on {
            document.canary.kill_switch(now, true, &By::new("controller", "the kill switch is on"));
        }
        let mut writes = self.canaries.writes(None, &mut document);
        writes.push(Owners::handed_to(&id, alias));
        Ok(Done { outcome: Outcome::Released(id), extras: writes.into() })
    }

    /// The canary hears the traffic; whether the collection itself is well is looked at here.
    pub(super) async fn watch_release(&self, deployment: &Deployment, fence: &Fence) -> Result<Outcome, Outcome> {
        let Some(document) = self.canary_of(deployment) else {
            return Err(Outcome::Refused("the canary that moves the alias is gone".to_owned()));
        };
        let canary = &document.canary;
        // Verified again since the canary was made: its count starts again as well.
        if canary.stake_ahead() != deployment.stake() && !canary.state().is_terminal() {
            let recounted = self.canaries.recount(canary.id(), deployment.stake(), fence).await;
            recounted.map_err(|error| Outcome::Failed(error.to_string()))?;
        }
        // Accepted since the canary was made, which does not ask for it then.
        if deployment.accepts_lost_writes() && !canary.accepts_lost_writes() && !canary.state().is_terminal() {
            let accepted = self.canaries.accept(canary.id(), fence).await;
            accepted.map_err(|error| Outcome::Failed(error.to_string()))?;
        }
        let accepted = deployment.accepts_lost_writes() || canary.accepts_lost_writes();
        let release = match canary.state() {
            State::Completed if accepted => Release::Completed(None),
            State::Completed => Release::Completed(deployment.loss(&self.count_now().await?).filter(Loss::is_real)),
            state if state.is_terminal() => {
                let last = canary.status().history.last_transition().map_or_else(String::new, |last| last.reason.clone());
                let why = canary.status().history.iter().find(|step| matches!(step.to, State::RollingBack { .. }));
                Release::Back(format!("the canary {}: {}", state.name(), why.map_or(last, |step| step.reason.clone())))
            }
            State::Watching => Release::Goes(self.wanting(deployment.collection()).await),
            _ => Release::Goes(None),
        };
        Ok(Outcome::Watched(release))
    }

    /// What is wrong with the collection, if anything.
    async fn wanting(&self, collection: &str) -> Option<String> {
        let Ok(here) = self.here() else { return Some("no client can be made of the upstream's settings".to_owned()) };
        match here.state(collection).await {
            Ok(state) if state.status == "green" => None,
            Ok(state) => Some(format!("it is {}", state.status)),
            Err(failure) => Some(failure.to_string()),
        }
    }

    /// The alias first, then the collection.
    pub(super) async fn undo(&self, deployment: &Deployment) -> Result<Done, Outcome> {
        if let Some(document) = self.canary_of(deployment) {
            match document.canary.state() {
                State::Completed => self.move_back(deployment).await?,
                state if state.is_terminal() => {}
                state if state.is_live() || matches!(state, State::Scheduled | State::Initializing) => {
                    let why = deployment.history().last().map_or("", |step| &step.reason);
                    let caller = Caller::pointsman(format!("the deployment goes back: {why}"));
                    let aborted = self.canaries.command(document.canary.id(), Command::Abort, Consent::Automatic, caller).await;
                    aborted.map_err(|error| Outcome::Failed(error.to_string()))?;
                    return Err(Outcome::NotYet);
                }
                _ => return Err(held_up(&document, deployment)),
            }
        }
        let Some(record) = &deployment.made().clone else { return Ok(Outcome::Undone(None).into()) };
        let here = self.here()?;
        let back = match self.canary_of(deployment).and_then(|document| document.canary.stake_back().cloned()) {
            Some(stake) => stake.loss(&self.count_now().await?).filter(Loss::is_real),
            None => None,
        };
        if let Some(loss) = back {
            return Ok(Outcome::Undone(Some(Undone::Kept { reason: format!("{loss}, so `{}` is kept", record.name) })).into());
        }
        // Written by its own name, as by a pipeline that fills it: perhaps no other collection has these writes.
        let written = deployment.stake().written_beside(&self.count_now().await?);
        if written > 0 {
            let name = &record.name;
            let reason = format!(
                "`{name}` got {written} acknowledged writes by its own name, so it is kept; `pointsman retire create {name}` deletes it"
            );
            return Ok(Outcome::Undone(Some(Undone::Kept { reason })).into());
        }
        if !deployment.has_served() || record.created != Created::Yes {
            return Ok(Outcome::Undone(Some(here.undo_clone(record).await?)).into());
        }
        let scheduled = Retirement::scheduled(new_retirement_id(), DEFAULT_UPSTREAM, &record.name, UNDO_GRACE, clock::now());
        let reason = format!("`{}` has served users, and is retired by `{}` after {UNDO_GRACE}", record.name, scheduled.id);
        let scheduled = Retirement { reason: Some(format!("the deployment `{}` went back", deployment.id())), ..scheduled };
        let extras = CommitExtras { writes: vec![scheduled.write()], events: vec![scheduled.event()] };
        Ok(Done { outcome: Outcome::Undone(Some(Undone::Kept { reason })), extras })
    }

    /// For a canary that had just come to its end when an operator wanted it back.
    async fn move_back(&self, deployment: &Deployment) -> Result<(), Outcome> {
        let (Some(previous), spec) = (deployment.found().previous.as_deref(), deployment.spec()) else { return Ok(()) };
        let _moving = self.engine.moving().lock().await;
        let here = self.here()?;
        if listed(&here).await?.aliases.get(&spec.alias).is_none_or(|target| target != deployment.collection()) {
            return Ok(());
        }
        let caller = Caller::pointsman(format!("the deployment `{}` goes back", deployment.id()));
        let claimed = self.engine.claim_now((DEFAULT_UPSTREAM, previous), &format!("the alias `{}`", spec.alias), &caller).await;
        claimed.map_err(|error| Outcome::Failed(error.to_string()))?;
        let back = self.canary_of(deployment).and_then(|document| document.canary.stake_back().cloned());
        let departure = Departure::now(&spec.alias, deployment.collection(), previous, &self.count_now().await?, clock::now());
        let moved = here.switch_alias(&spec.alias, previous, Some(deployment.collection())).await;
        self.engine.relist_with(&here).await;
        if moved.is_ok() {
            let kept = self.engine.keep(departure.since(back.as_ref(), Some(deployment.stake())).writes()).await;
            kept.map_err(|error| Outcome::Failed(error.to_string()))?;
        }
        match moved {
            Ok(_) | Err(AliasFailed::Unexpected { .. }) => Ok(()),
            Err(failed) => Err(Outcome::Failed(failed.to_string())),
        }
    }
}

/// What the operator is told while the canary cannot give the alias back.
fn held_up(document: &CanaryDocument, deployment: &Deployment) -> Outcome {
    let status = document.canary.status();
    let Some(error) = status.pending.iter().find_map(|pending| pending.last_error.as_deref()) else { return Outcome::NotYet };
    let (alias, id) = (&deployment.spec().alias, document.canary.id());
    let previous = deployment.found().previous.as_deref().unwrap_or("COLLECTION");
    Outcome::Failed(format!(
        "the canary `{id}` has not moved `{alias}` back to `{previous}`: {error}. It is tried again; to move it by hand: \
         pointsman alias switch {alias} {previous} --force"
    ))
}

/// One stage with everything, the watch, and the way back.
fn canary_of(deployment: &Deployment) -> CanarySpec {
    let spec = deployment.spec();
    CanarySpec {
        deployment: Some(deployment.id().to_owned()),
        stages: vec![StageSpec::new(100.0, Period::default())],
        auto_rollback: spec.rollback_on_failure,
        guards: spec.guards.clone(),
        warm_up: Period::default(),
        check_interval: spec.watch_every,
        watch: spec.watch,
        retire_old: spec.retire_old,
        accept_lost_writes: deployment.accepts_lost_writes(),
        ..CanarySpec::new(&spec.alias, deployment.collection())
    }
}
