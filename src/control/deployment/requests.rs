//! What people ask of deployments.

use std::time::SystemTime;

use ulid::Ulid;

use super::document::deployment_change;
use super::{Deploying, DeploymentView, Preview};
use crate::config::DEFAULT_UPSTREAM;
use crate::control::author::{Author, Deed};
use crate::control::document::{OWNER, ROUTE};
use crate::control::error::ControlError;
use crate::control::names::Named;
use crate::control::state::{self, Control};
use crate::control::{Consent, clock, document, once, retirement};
use crate::live::DEFAULT_UPSTREAM as HERE;
use crate::qdrant::deployment_name;
use crate::rollout::deployment::{Deployment, DeploymentCommand, DeploymentSpec, DeploymentState, Source};
use crate::rollout::loss::{Counted, Stake};
use crate::rollout::{By, Command, PauseReason, State, Way};
use crate::store::{self, Expected, Key, Write};

/// What to do instead of accepting a loss.
const VERIFY: &str = "Stop the writers and verify the copy again (`pointsman deployment verify`), where it is the copy of a collection. ";

impl Control {
    /// Says what a deployment would do, and touches nothing.
    ///
    /// # Errors
    /// When the spec is faulty, it could not be done, or Qdrant does not answer.
    pub async fn preview_deployment(&self, spec: DeploymentSpec) -> Result<Preview, ControlError> {
        self.checked(&spec).await?;
        let collection = self.name_for(&spec).await?;
        self.preview(&spec, &collection).await
    }

    /// Creates a deployment. It begins at once. With a `key`, the same request creates one, however often it is sent.
    ///
    /// # Errors
    /// When the spec is faulty, something else runs on the alias, or the change cannot be kept.
    pub async fn create_deployment(
        &self,
        spec: DeploymentSpec,
        key: Option<String>,
        author: Author,
    ) -> Result<DeploymentView, ControlError> {
        let (control, alias, by) = (self.clone(), spec.alias.clone(), author.clone());
        let creating = async move { control.create_deployment_now(spec, key.as_deref(), &by).await };
        self.to_its_end("deployment.create", alias, author, creating).await
    }

    async fn create_deployment_now(
        &self,
        spec: DeploymentSpec,
        key: Option<&str>,
        author: &Author,
    ) -> Result<DeploymentView, ControlError> {
        let id = format!("dep_{}", Ulid::generate());
        let key = once::key(key, "deployment", &spec, &id);
        if let Some(id) = self.created_before(key.as_ref()).await? {
            return self.deployment(&id);
        }
        self.checked(&spec).await?;
        let collection = self.name_for(&spec).await?;
        let alias = spec.alias.clone();
        // Before the copy begins: what is written from here on may be missing in it.
        let counted = self.counted().await?;
        let _writing = self.writing().await?;
        let created = self.commit_newest(|state| {
            let by = By::new(&author.actor, author.reason.as_deref().unwrap_or("created"));
            let stake = stake_of(state, &counted, &spec, &collection);
            let mut deployment = Deployment::create(&id, spec.clone(), collection.clone(), clock::now(), &by);
            deployment.count_from(stake);
            let change = creation(state, &Deploying { deployment, revision: 0 }, author)?;
            Ok((Some(store::Change { idempotency: key.clone(), ..change }), ()))
        });
        if let Err(error) = created.await {
            return match once::replayed(&error) {
                Some(id) => self.deployment(&id),
                None => Err(error.occupied(&alias)),
            };
        }
        tracing::info!(alias, deployment = id, actor = author.actor, "deployment created");
        self.deployment(&id)
    }

    /// Says that the collection is filled, cancels, or goes back.
    ///
    /// # Errors
    /// When there is no such deployment, the command does not fit its state, it would lose acknowledged writes and the caller has not
    /// accepted that, or the change cannot be kept.
    pub async fn command_deployment(
        &self,
        id: &str,
        command: DeploymentCommand,
        consent: Consent,
        author: Author,
    ) -> Result<DeploymentView, ControlError> {
        let action = match command {
            DeploymentCommand::Ready => "deployment.ready",
            DeploymentCommand::Verify => "deployment.verify",
            DeploymentCommand::Cancel => "deployment.cancel",
            DeploymentCommand::Rollback => "deployment.rollback",
        };
        let (control, by, deployment) = (self.clone(), author.clone(), id.to_owned());
        let deed = (command, consent, action);
        let commanding = async move { Box::pin(control.command_deployment_now(&deployment, deed, &by)).await };
        self.to_its_end(action, id.to_owned(), author, commanding).await
    }

    async fn command_deployment_now(
        &self,
        id: &str,
        (command, consent, action): (DeploymentCommand, Consent, &'static str),
        author: &Author,
    ) -> Result<DeploymentView, ControlError> {
        let counted = self.counted().await?;
        self.look_again().await?;
        let found = self.deployment_document(id).ok_or_else(|| ControlError::NoDeployment(id.to_owned()))?;
        self.tell_canary(&found.deployment, command, consent, author).await?;
        let _writing = self.writing().await?;
        let commanded = self.commit_newest(|state| {
            let before = state.held.deployments.get(id).ok_or_else(|| ControlError::NoDeployment(id.to_owned()))?;
            let mut after = before.clone();
            let by = By::new(&author.actor, author.reason.as_deref().unwrap_or("no reason given"));
            let way = before.deployment.way_of(command);
            let back = self.canary_of(&before.deployment).and_then(|running| running.canary.loss(Way::Back, &counted));
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
            done.map_err(|why| ControlError::NotNow { id: id.to_owned(), command: command.name(), why })?;
            let mut change = deployment_change(state, before, &after);
            let deed = Deed { action, subject: &after.deployment.spec().alias };
            let (from, to) = (before.deployment.state(), after.deployment.state());
            let mut audited = document::json(&to);
            if let Some(loss) = accepted {
                audited["accepted_lost_writes"] = document::json(&loss);
            }
            change.audit = Some(author.did(deed, Some(document::json(&from)), Some(audited)));
            Ok((Some(change), ()))
        });
        commanded.await?;
        tracing::info!(deployment = id, command = command.name(), actor = author.actor, "deployment commanded");
        self.deployment(id)
    }

    /// # Errors
    /// When there is no such deployment.
    pub fn deployment(&self, id: &str) -> Result<DeploymentView, ControlError> {
        let found = self.deployment_document(id).ok_or_else(|| ControlError::NoDeployment(id.to_owned()))?;
        Ok(self.deployment_view(&found, &self.counted_lately()))
    }

    /// All deployments, the ended ones too, by id, which is by age.
    #[must_use]
    pub fn deployments(&self) -> Vec<DeploymentView> {
        let counted = self.counted_lately();
        self.0.state.load().held.deployments.values().map(|deploying| self.deployment_view(deploying, &counted)).collect()
    }

    /// With what is counted by now, as long as that can still matter.
    fn deployment_view(&self, deploying: &Deploying, counted: &Counted) -> DeploymentView {
        let mut shown = deploying.clone();
        if deploying.is_live() {
            let back = self.canary_of(&deploying.deployment).and_then(|running| running.canary.loss(Way::Back, counted));
            shown.deployment.note_counted(counted, back);
        }
        DeploymentView::from(&shown)
    }

    /// What the canary that moves the alias has to hear of a command: an acceptance lets it go on, and it is verified only as
    /// long as the alias has not moved.
    async fn tell_canary(
        &self,
        deployment: &Deployment,
        command: DeploymentCommand,
        consent: Consent,
        author: &Author,
    ) -> Result<(), ControlError> {
        if deployment.state() != DeploymentState::Watching {
            return Ok(());
        }
        let Some(running) = self.canary_of(deployment) else { return Ok(()) };
        let held = matches!(running.canary.state(), State::Paused { because: PauseReason::LostWrites });
        match command {
            DeploymentCommand::Verify if !held => {
                let why = "the canary that moves the alias does not wait for it".to_owned();
                Err(ControlError::NotNow { id: deployment.id().to_owned(), command: command.name(), why })
            }
            DeploymentCommand::Ready if held && consent == Consent::Given => {
                self.command_canary(running.canary.id(), Command::Approve, consent, author.clone()).await.map(drop)
            }
            _ => Ok(()),
        }
    }

    async fn checked(&self, spec: &DeploymentSpec) -> Result<(), ControlError> {
        let faults = spec.check(self.plan().embedder.is_some());
        if !faults.is_empty() {
            return Err(ControlError::Invalid(faults));
        }
        let source = match &spec.source {
            Source::Collection(source) => Some(Named::new("source", None, source)),
            Source::Snapshot(_) | Source::External => None,
        };
        self.resolve(Some(&spec.alias), source.as_slice()).await
    }

    async fn name_for(&self, spec: &DeploymentSpec) -> Result<String, ControlError> {
        if let Some(name) = &spec.collection {
            return Ok(name.clone());
        }
        let listing = self.plan().client(HERE)?.list().await?;
        let taken = listing.collections.into_iter().chain(listing.aliases.into_keys()).collect();
        Ok(deployment_name(&spec.alias, &taken, SystemTime::now()))
    }
}

/// Where the count begins of what the new collection lacks: of the collection it is made from, and of the one whose alias it
/// is to take.
fn stake_of(state: &state::State, counted: &Counted, spec: &DeploymentSpec, collection: &str) -> Stake {
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

/// What is to be committed for a deployment to be there.
fn creation(state: &state::State, deploying: &Deploying, author: &Author) -> Result<store::Change, ControlError> {
    let (deployment, spec) = (&deploying.deployment, deploying.deployment.spec());
    let alias = &spec.alias;
    if let Some(owner) = state.held.owners.get(alias) {
        return Err(ControlError::Occupied { alias: alias.clone(), owner: owner.to_string() });
    }
    let mut change = deployment_change(state, deploying, deploying);
    // Of two that are created at the same time, anywhere, this lets one through.
    let body = document::json(&deployment.id());
    change.writes.push(Write::Put { key: Key::new(OWNER, alias), body, due_at: None, expected: Expected::Absent });
    change.writes.push(Write::none(Key::new(ROUTE, alias)));
    if let Source::Collection(source) = &spec.source {
        retirement::claim(state, (DEFAULT_UPSTREAM, source), &deploying.name(), &mut change)?;
    }
    change.audit = Some(author.did(Deed { action: "deployment.create", subject: alias }, None, Some(document::json(spec))));
    Ok(change)
}
