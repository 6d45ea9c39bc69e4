//! What operators ask of canaries.

use ulid::Ulid;

use super::events::transitions;
use super::guards::unsupported;
use super::{Canaries, CanaryView};
use crate::control::clock;
use crate::control::documents::{CanaryDocument, Noun, Owners, Resource, RouteDocument, Shadowed, Stored, json};
use crate::control::engine::{Action, Caller, ControlError, Creation, Draft, Intent, Named, State, Steps};
use crate::control::loss::Consent;
use crate::rollout::deployment::DeploymentState;
use crate::rollout::loss::{Counted, Loss, Stake};
use crate::rollout::{Canary, CanarySpec, Command, Guard, Plan, Way};
use crate::routing::SpecFault;
use crate::store::Write;

impl Canaries {
    /// Creates a canary. It begins with its pre-checks as soon as its time has come. With a `key`, the same request creates
    /// one, however often it is sent.
    ///
    /// # Errors
    /// When the plan is faulty, something else runs on the alias, or the change cannot be kept.
    pub async fn create(&self, spec: CanarySpec, key: Option<String>, caller: Caller) -> Result<CanaryView, ControlError> {
        self.create_since(spec, key, None, caller).await
    }

    /// The same for a collection that has lacked writes since an earlier moment, if `since` says so.
    pub(in crate::control) async fn create_since(
        &self,
        spec: CanarySpec,
        key: Option<String>,
        since: Option<Stake>,
        caller: Caller,
    ) -> Result<CanaryView, ControlError> {
        let (id, subject) = (format!("canary_{}", Ulid::generate()), spec.alias.clone());
        let creation = Creation { noun: Noun::Canary, action: Action::CanaryCreate, id, subject, request: spec, key, caller };
        let id = self.engine.create(creation, New { canaries: self.clone(), since }).await?;
        self.show(&id)
    }

    /// Pauses, resumes, skips, promotes, approves or aborts.
    ///
    /// # Errors
    /// When there is no such canary, the command does not fit its state, it would lose acknowledged writes and the caller has not
    /// accepted that, or the change cannot be kept.
    pub async fn command(&self, id: &str, command: Command, consent: Consent, caller: Caller) -> Result<CanaryView, ControlError> {
        let (this, intent) = (self.clone(), Intent::new(action(command), id, caller));
        self.engine.run(intent.clone(), async move { this.command_now(command, consent, intent).await }).await
    }

    async fn command_now(&self, command: Command, consent: Consent, intent: Intent) -> Result<CanaryView, ControlError> {
        let counted = self.losses.counted().await?;
        let Intent { subject: id, caller, .. } = intent.clone();
        let edited = self.edit(&id, intent, |canary| {
            self.not_while_verified(canary, command)?;
            let accepted = agreed(canary, command, consent, &counted);
            let accepts = consent == Consent::Given && canary.way_of(command) == Some(Way::Ahead);
            canary.note_counted(&counted);
            canary.command(clock::now(), command, &caller.by("no reason given"))?;
            let accepted = accepted?;
            if accepts {
                canary.accept_lost_writes();
            }
            Ok(accepted)
        });
        edited.await?;
        tracing::info!(canary = id, %command, actor = caller.actor, "canary commanded");
        self.show(&id)
    }

    /// While a deployment compares its copy once more, and makes it like the source, nothing leads to the copy.
    fn not_while_verified(&self, canary: &Canary, command: Command) -> Result<(), ControlError> {
        let ahead = matches!(command, Command::Approve | Command::Promote | Command::Skip);
        let Some(id) = canary.plan().spec().deployment.as_ref().filter(|_| ahead) else { return Ok(()) };
        let state = self.engine.state();
        let deployment = state.documents.deployments.get(id).map(|document| document.deployment.state());
        if deployment != Some(DeploymentState::Verifying) {
            return Ok(());
        }
        let why = format!("the deployment `{id}` compares its copy with the source; wait for that, or cancel the deployment");
        Err(ControlError::NotNow { id: canary.id().to_owned(), command: command.name(), why })
    }

    /// Ends a canary because its alias is about to be moved by force, to the collection `to`.
    pub(in crate::control) async fn supersede(&self, id: &str, to: &str, caller: &Caller) -> Result<(), ControlError> {
        self.edit(id, Intent::new(Action::CanarySupersede, id, caller.clone()), |canary| {
            canary.supersede(clock::now(), &caller.by("the alias is moved by force"), to)?;
            Ok(None)
        })
        .await
    }

    /// Changes a canary for an operator, on the newest state: a controller at another replica may change it at any time. `edit` says
    /// which loss of writes was accepted.
    async fn edit(
        &self,
        id: &str,
        intent: Intent,
        edit: impl Fn(&mut Canary) -> Result<Option<Loss>, ControlError> + Send + Sync,
    ) -> Result<(), ControlError> {
        let writing = self.engine.begin(intent).await?;
        writing
            .commit(|state, draft| {
                let found = state.documents.canaries.get(id);
                let before = found.ok_or_else(|| ControlError::NotFound { noun: Noun::Canary, id: id.to_owned() })?;
                let mut after = before.clone();
                let accepted = edit(&mut after.canary)?;
                draft.writes = self.writes(Some(before), &mut after);
                draft.events = transitions(Some(before), &after);
                let mut audited = json(&after.canary.state());
                if let Some(loss) = accepted {
                    audited["accepted_lost_writes"] = json(&loss);
                }
                draft.about(after.alias());
                draft.record(Some(&before.canary.state()), Some(&audited));
                Ok(())
            })
            .await
    }
}

/// What a creation of a canary does of its own.
struct New {
    canaries: Canaries,
    since: Option<Stake>,
}

struct Prepared {
    plan: Plan,
    counted: Counted,
}

impl Steps for New {
    type Request = CanarySpec;
    type Prepared = Prepared;

    async fn prepare(&self, creation: &Creation<CanarySpec>) -> Result<Prepared, ControlError> {
        let (engine, spec) = (&self.canaries.engine, creation.request.clone());
        if spec.deployment.is_some() {
            return Err(ControlError::Invalid(vec![SpecFault::new("deployment", "is not for people to say; create a deployment")]));
        }
        let plan = Plan::try_from(spec.settled(engine.plan().policy)).map_err(|faults| ControlError::Invalid(faults.0))?;
        let spec = plan.spec();
        engine.resolve(Some(&spec.alias), &[Named::new("collection", spec.upstream.as_deref(), &spec.collection)]).await?;
        // Before the canary is there: what is written from here on is missing in the new collection.
        let counted = self.canaries.losses.counted().await?;
        Ok(Prepared { plan, counted })
    }

    fn draft(&self, creation: &Creation<CanarySpec>, made: &Prepared, state: &State, draft: &mut Draft) -> Result<(), ControlError> {
        judgeable(&made.plan, state)?;
        vacant(&made.plan, state)?;
        let (id, alias, now) = (&creation.id, &creation.subject, clock::now());
        let canary = Canary::create(id, made.plan.clone(), now, &creation.caller.by("created"));
        let mut document = CanaryDocument::new(canary);
        let stake = self.since.clone().unwrap_or_else(|| state.stake(&made.counted, alias, document.candidate(), now));
        document.canary.count_from(stake);
        if state.documents.kill_switch().on {
            document.canary.kill_switch(now, true, &creation.caller.by("the kill switch is on"));
        }
        draft.writes = self.canaries.writes(None, &mut document);
        draft.writes.extend([Owners::only(id, alias), Write::none(RouteDocument::key(alias))]);
        draft.writes.extend(document.canary.will_mirror().then(|| Shadowed::by(id, alias)));
        draft.events = transitions(None, &document);
        draft.record(None::<&()>, Some(document.canary.plan().spec()));
        draft.claim(state, document.candidate(), &document.name())
    }
}

/// What a command loses, if that is accepted. Where the plan accepts what the promotion loses, the command need not say so again;
/// what going back loses is another matter.
fn agreed(canary: &Canary, command: Command, consent: Consent, counted: &Counted) -> Result<Option<Loss>, ControlError> {
    let Some(way) = canary.way_of(command) else { return Ok(None) };
    let (what, consent) = match way {
        Way::Ahead if canary.accepts_lost_writes() => ("promoting it", Consent::Given),
        Way::Ahead => ("promoting it", consent),
        Way::Back => ("going back", consent),
    };
    consent.to(canary.loss(way, counted), what, "")
}

/// Nothing else has the alias, or the place for a shadow if the canary begins with one.
fn vacant(plan: &Plan, state: &State) -> Result<(), ControlError> {
    let alias = &plan.spec().alias;
    if let Some(owner) = state.documents.owners.get(alias) {
        return Err(ControlError::Occupied { alias: alias.clone(), owner: owner.to_string() });
    }
    if plan.spec().shadow.is_some()
        && let Some(owner) = state.documents.shadowed.get(alias)
    {
        return Err(ControlError::Shadowed { alias: alias.clone(), owner: owner.0.clone() });
    }
    if state.documents.routes.contains_key(alias) {
        return Err(ControlError::Occupied { alias: alias.clone(), owner: "a route of its own".to_owned() });
    }
    Ok(())
}

/// A plan with a guard that cannot be judged would stand still for ever.
fn judgeable(plan: &Plan, state: &State) -> Result<(), ControlError> {
    let mut faults = Vec::new();
    let mut check = |guards: &[Guard], at: &str| {
        for (index, guard) in guards.iter().enumerate() {
            faults.extend(unsupported(&guard.rule, &state.plan).map(|why| SpecFault::new(format!("{at}[{index}]"), why)));
        }
    };
    check(&plan.spec().guards, "guards");
    for (index, stage) in plan.stages().iter().enumerate() {
        check(stage.guards.as_deref().unwrap_or_default(), &format!("stages[{index}].guards"));
    }
    if let Some(upstream) = plan.spec().upstream.as_deref().filter(|name| state.plan.upstream(Some(name)).is_none()) {
        faults.push(SpecFault::new("upstream", format!("`{upstream}` is not configured")));
    }
    if faults.is_empty() { Ok(()) } else { Err(ControlError::Invalid(faults)) }
}

fn action(command: Command) -> Action {
    match command {
        Command::Pause => Action::CanaryPause,
        Command::Resume => Action::CanaryResume,
        Command::Skip => Action::CanarySkip,
        Command::Promote => Action::CanaryPromote,
        Command::Approve => Action::CanaryApprove,
        Command::Abort => Action::CanaryAbort,
    }
}
