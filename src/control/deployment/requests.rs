//! What operators ask of deployments.

use std::time::SystemTime;

use ulid::Ulid;

use super::{DeploymentView, Deployments, Preview};
use crate::config::DEFAULT_UPSTREAM;
use crate::control::clock;
use crate::control::documents::{DeploymentDocument, Noun, Owners, Resource, RouteDocument, Stored, json};
use crate::control::engine::{Action, Caller, ControlError, Creation, Draft, Intent, Named, State as ControlState, Steps};
use crate::control::loss::Consent;
use crate::live::DEFAULT_UPSTREAM as HERE;
use crate::qdrant::deployment_name;
use crate::rollout::deployment::{Deployment, DeploymentCommand, DeploymentSpec, DeploymentState, Source};
use crate::rollout::loss::{Counted, Stake};
use crate::rollout::{Command, PauseReason, State, Way};
use crate::store::Write;

/// What to do instead of accepting a loss.
const VERIFY: &str = "Stop the writers and verify the copy again (`pointsman deployment verify`), where it is the copy of a collection. ";

impl Deployments {
    /// Says what a deployment would do, and touches nothing.
    ///
    /// # Errors
    /// When the spec is faulty, it could not be done, or Qdrant does not answer.
    pub async fn preview(&self, spec: DeploymentSpec) -> Result<Preview, ControlError> {
        self.checked(&spec).await?;
        let collection = self.name_for(&spec).await?;
        self.previewed(&spec, &collection).await
    }

    /// Creates a deployment. It begins at once. With a `key`, the same request creates one, however often it is sent.
    ///
    /// # Errors
    /// When the spec is faulty, something else runs on the alias, or the change cannot be kept.
    pub async fn create(&self, spec: DeploymentSpec, key: Option<String>, caller: Caller) -> Result<DeploymentView, ControlError> {
        let (id, subject) = (format!("dep_{}", Ulid::generate()), spec.alias.clone());
        let creation = Creation { noun: Noun::Deployment, action: Action::DeploymentCreate, id, subject, request: spec, key, caller };
        let id = self.engine.create(creation, New(self.clone())).await?;
        self.show(&id)
    }

    /// Says that the collection is filled, cancels, or goes back.
    ///
    /// # Errors
    /// When there is no such deployment, the command does not fit its state, it would lose acknowledged writes and the caller has not
    /// accepted that, or the change cannot be kept.
    pub async fn command(
        &self,
        id: &str,
        command: DeploymentCommand,
        consent: Consent,
        caller: Caller,
    ) -> Result<DeploymentView, ControlError> {
        let action = match command {
            DeploymentCommand::Ready => Action::DeploymentReady,
            DeploymentCommand::Verify => Action::DeploymentVerify,
            DeploymentCommand::Cancel => Action::DeploymentCancel,
            DeploymentCommand::Rollback => Action::DeploymentRollback,
        };
        let (this, intent) = (self.clone(), Intent::new(action, id, caller));
        self.engine.run(intent.clone(), async move { Box::pin(this.command_now(command, consent, intent)).await }).await
    }

    async fn command_now(&self, command: DeploymentCommand, consent: Consent, intent: Intent) -> Result<DeploymentView, ControlError> {
        let Intent { subject: id, caller, .. } = intent.clone();
        let counted = self.losses.counted().await?;
        self.engine.look_again().await?;
        self.tell_canary(&self.known(&id)?.deployment, command, consent, &caller).await?;
        let writing = self.engine.begin(intent).await?;
        let commanded = writing.commit(|state, draft| {
            let found = state.documents.deployments.get(&id);
            let before = found.ok_or_else(|| ControlError::NotFound { noun: Noun::Deployment, id: id.clone() })?;
            let mut after = before.clone();
            let by = caller.by("no reason given");
            let way = before.deployment.way_of(command);
            let back = self.canary_of(&before.deployment).and_then(|document| document.canary.loss(Way::Back, &counted));
            after.deployment.note_counted(&counted, back.clone());
            if way == Some(Way::Ahead) && consent == Consent::Given {
                after.deployment.accept_lost_writes();
            }
            let loss = match way {
                Some(Way::Ahead) => before.deployment.loss(&counted),
                Some(Way::Back) => back,
                None => None,
            };
            let agrees = if way == Some(Way::Ahead) && before.deployment.accepts_lost_writes() { Consent::Given } else { consent };
            let accepted = agrees.to(loss, if way == Some(Way::Back) { "going back" } else { "the switch" }, VERIFY)?;
            let done = after.deployment.command(clock::now(), command, &by);
            done.map_err(|why| ControlError::NotNow { id: id.clone(), command: command.name(), why })?;
            draft.writes = after.writes(Some(before), &state.documents);
            draft.events = after.events(Some(before));
            let (from, to) = (before.deployment.state(), after.deployment.state());
            let mut audited = json(&to);
            if let Some(loss) = accepted {
                audited["accepted_lost_writes"] = json(&loss);
            }
            draft.about(after.alias());
            draft.record(Some(&from), Some(&audited));
            Ok(())
        });
        commanded.await?;
        tracing::info!(deployment = id, command = command.name(), actor = caller.actor, "deployment commanded");
        self.show(&id)
    }

    /// What the canary that moves the alias has to hear of a command: an acceptance lets it go on, and it is verified only as
    /// long as the alias has not moved.
    async fn tell_canary(
        &self,
        deployment: &Deployment,
        command: DeploymentCommand,
        consent: Consent,
        caller: &Caller,
    ) -> Result<(), ControlError> {
        if deployment.state() != DeploymentState::Watching {
            return Ok(());
        }
        let Some(document) = self.canary_of(deployment) else { return Ok(()) };
        let held = matches!(document.canary.state(), State::Paused { because: PauseReason::LostWrites });
        match command {
            DeploymentCommand::Verify if !held => {
                let why = "the canary that moves the alias does not wait for it".to_owned();
                Err(ControlError::NotNow { id: deployment.id().to_owned(), command: command.name(), why })
            }
            DeploymentCommand::Ready if held && consent == Consent::Given => {
                self.canaries.command(document.canary.id(), Command::Approve, consent, caller.clone()).await.map(drop)
            }
            _ => Ok(()),
        }
    }

    async fn checked(&self, spec: &DeploymentSpec) -> Result<(), ControlError> {
        let faults = spec.check(self.engine.plan().embedder.is_some());
        if !faults.is_empty() {
            return Err(ControlError::Invalid(faults));
        }
        let source = match &spec.source {
            Source::Collection(source) => Some(Named::new("source", None, source)),
            Source::Snapshot(_) | Source::External => None,
        };
        self.engine.resolve(Some(&spec.alias), source.as_slice()).await
    }

    async fn name_for(&self, spec: &DeploymentSpec) -> Result<String, ControlError> {
        if let Some(name) = &spec.collection {
            return Ok(name.clone());
        }
        let listing = self.engine.plan().client(HERE)?.list().await?;
        let taken = listing.collections.into_iter().chain(listing.aliases.into_keys()).collect();
        Ok(deployment_name(&spec.alias, &taken, SystemTime::now()))
    }
}

/// What a creation of a deployment does of its own.
struct New(Deployments);

struct Prepared {
    /// The name of the new collection.
    collection: String,
    counted: Counted,
}

impl Steps for New {
    type Request = DeploymentSpec;
    type Prepared = Prepared;

    async fn prepare(&self, creation: &Creation<DeploymentSpec>) -> Result<Prepared, ControlError> {
        self.0.checked(&creation.request).await?;
        let collection = self.0.name_for(&creation.request).await?;
        // Before the copy begins: what is written from here on may be missing in it.
        Ok(Prepared { collection, counted: self.0.losses.counted().await? })
    }

    fn draft(
        &self,
        creation: &Creation<DeploymentSpec>,
        made: &Prepared,
        state: &ControlState,
        draft: &mut Draft,
    ) -> Result<(), ControlError> {
        let (id, alias, spec) = (&creation.id, &creation.subject, &creation.request);
        if let Some(owner) = state.documents.owners.get(alias) {
            return Err(ControlError::Occupied { alias: alias.clone(), owner: owner.to_string() });
        }
        let by = creation.caller.by("created");
        let mut deployment = Deployment::create(id, spec.clone(), made.collection.clone(), clock::now(), &by);
        deployment.count_from(stake_of(state, &made.counted, spec, &made.collection));
        let document = DeploymentDocument { deployment, revision: 0 };
        draft.writes = document.writes(None, &state.documents);
        draft.writes.extend([Owners::only(id, alias), Write::none(RouteDocument::key(alias))]);
        draft.events = document.events(None);
        draft.record(None::<&()>, Some(spec));
        match &spec.source {
            Source::Collection(source) => draft.claim(state, (DEFAULT_UPSTREAM, source), &document.name()),
            Source::Snapshot(_) | Source::External => Ok(()),
        }
    }
}

/// Where the count begins of what the new collection lacks: of the collection it is made from, and of the one whose alias it
/// is to take.
fn stake_of(state: &ControlState, counted: &Counted, spec: &DeploymentSpec, collection: &str) -> Stake {
    let now = clock::now();
    let mut stake = state.stake(counted, &spec.alias, (DEFAULT_UPSTREAM, collection), now);
    match &spec.source {
        Source::Collection(source) if !stake.counts(source) => stake.marks.push(counted.mark(DEFAULT_UPSTREAM, source, now)),
        // It is not known when the snapshot was taken.
        Source::Snapshot(_) => stake.of_unknown_age = true,
        Source::Collection(_) | Source::External => {}
    }
    stake
}
