//! What people ask of canaries.

use serde::Serialize;
use ulid::Ulid;

use super::events::transitions;
use super::guards::unsupported;
use super::running::Running;
use crate::config::DEFAULT_UPSTREAM;
use crate::control::author::{Author, Deed};
use crate::control::document::{OWNER, ROUTE};
use crate::control::error::ControlError;
use crate::control::names::Named;
use crate::control::shadow::shadowed;
use crate::control::state::{Control, State};
use crate::control::{Consent, clock, document, once, retirement};
use crate::rollout::deployment::DeploymentState;
use crate::rollout::loss::{Counted, Loss, Stake};
use crate::rollout::{By, Canary, CanarySpec, CanaryStatus, Command, Plan, Way};
use crate::routing::{SpecFault, SplitPolicy};
use crate::store::{self, Expected, Key, Write};

/// A canary as it is shown.
#[derive(Clone, Debug, Serialize)]
pub struct CanaryView {
    pub id: String,
    /// Its `ETag`.
    pub revision: u64,
    /// The status, with everything in it.
    #[serde(flatten)]
    pub status: serde_json::Value,
    /// The plan with all its defaults.
    pub plan: CanarySpec,
}

impl CanaryView {
    /// With what is counted by now, as long as that can still matter.
    fn of(running: &Running, counted: &Counted, policy_before: SplitPolicy) -> Self {
        let mut canary = running.canary.clone();
        if running.is_live() {
            canary.note_counted(counted);
        }
        let status: CanaryStatus<'_> = canary.status();
        let mut status = document::json(&status);
        if let Some(fields) = status.as_object_mut() {
            fields.remove("id");
        }
        Self {
            id: running.canary.id().to_owned(),
            revision: running.revision,
            status,
            plan: CanarySpec::from(running.canary.plan().clone()).settled(policy_before),
        }
    }
}

impl Control {
    /// Creates a canary. It begins with its pre-checks as soon as its time has come. With a `key`, the same request creates
    /// one, however often it is sent.
    ///
    /// # Errors
    /// When the plan is faulty, something else runs on the alias, or the change cannot be kept.
    pub async fn create_canary(&self, spec: CanarySpec, key: Option<String>, author: Author) -> Result<CanaryView, ControlError> {
        self.create_canary_since(spec, key, None, author).await
    }

    /// The same for a collection that has lacked writes since an earlier moment, if `since` says so.
    pub(in crate::control) async fn create_canary_since(
        &self,
        spec: CanarySpec,
        key: Option<String>,
        since: Option<Stake>,
        author: Author,
    ) -> Result<CanaryView, ControlError> {
        let (control, alias, by) = (self.clone(), spec.alias.clone(), author.clone());
        let (subject, action) = (alias.clone(), "canary.create");
        let creating = async move { control.create_now(spec, key.as_deref(), since, Deed { action, subject: &subject }, &by).await };
        self.to_its_end(action, alias, author, creating).await
    }

    async fn create_now(
        &self,
        spec: CanarySpec,
        key: Option<&str>,
        since: Option<Stake>,
        deed: Deed<'_>,
        author: &Author,
    ) -> Result<CanaryView, ControlError> {
        let id = format!("canary_{}", Ulid::generate());
        let key = once::key(key, "canary", &spec, &id);
        if let Some(id) = self.created_before(key.as_ref()).await? {
            return self.canary(&id);
        }
        if spec.deployment.is_some() {
            return Err(ControlError::Invalid(vec![SpecFault::new("deployment", "is not for people to say; create a deployment")]));
        }
        let plan = Plan::try_from(spec.settled(self.plan().policy)).map_err(|faults| ControlError::Invalid(faults.0))?;
        let spec = plan.spec();
        self.resolve(Some(&spec.alias), &[Named::new("collection", spec.upstream.as_deref(), &spec.collection)]).await?;
        // Before the canary is there: what is written from here on is missing in the new collection.
        let counted = self.counted().await?;
        let _writing = self.writing().await?;
        let created = self.commit_newest(|state| {
            let place = (plan.spec().upstream.as_deref().unwrap_or(DEFAULT_UPSTREAM), plan.spec().collection.as_str());
            let stake = since.clone().unwrap_or_else(|| state.stake(&counted, deed.subject, place, clock::now()));
            let mut canary = Canary::create(&id, plan.clone(), clock::now(), &by(author, "created"));
            canary.count_from(stake);
            let change = self.creation(state, canary, deed, author)?;
            Ok((Some(store::Change { idempotency: key.clone(), ..change }), ()))
        });
        if let Err(error) = created.await {
            return match once::replayed(&error) {
                Some(id) => self.canary(&id),
                None => Err(error.occupied(deed.subject)),
            };
        }
        tracing::info!(alias = deed.subject, canary = id, actor = author.actor, "canary created");
        self.canary(&id)
    }

    /// What is to be committed for a canary to be there.
    fn creation(&self, state: &State, canary: Canary, deed: Deed<'_>, author: &Author) -> Result<store::Change, ControlError> {
        judgeable(canary.plan(), state)?;
        vacant(canary.plan(), state)?;
        let before = Running::new(canary);
        let (id, mut after) = (before.canary.id(), before.clone());
        if state.held.kill.on {
            after.canary.kill_switch(clock::now(), true, &by(author, "the kill switch is on"));
        }
        let mut writes = self.canary_writes(&before, &mut after);
        // Of two that are created at the same time, anywhere, this lets one through.
        writes.push(Write::Put { key: Key::new(OWNER, deed.subject), body: document::json(&id), due_at: None, expected: Expected::Absent });
        writes.push(Write::none(Key::new(ROUTE, deed.subject)));
        writes.extend(after.canary.will_mirror().then(|| shadowed(deed.subject, id)));
        let spec = after.canary.plan().spec();
        let mut change = store::Change::new(author.did(deed, None, Some(document::json(spec))), writes);
        let place = (spec.upstream.as_deref().unwrap_or(DEFAULT_UPSTREAM), spec.collection.as_str());
        retirement::claim(state, place, &after.name(), &mut change)?;
        Ok(change)
    }

    /// Pauses, resumes, skips, promotes, approves or aborts.
    ///
    /// # Errors
    /// When there is no such canary, the command does not fit its state, it would lose acknowledged writes and the caller has not
    /// accepted that, or the change cannot be kept.
    pub async fn command_canary(&self, id: &str, command: Command, consent: Consent, author: Author) -> Result<CanaryView, ControlError> {
        let (control, by, canary) = (self.clone(), author.clone(), id.to_owned());
        let commanding = async move { control.command_now(&canary, command, consent, &by).await };
        self.to_its_end(action(command), id.to_owned(), author, commanding).await
    }

    async fn command_now(&self, id: &str, command: Command, consent: Consent, author: &Author) -> Result<CanaryView, ControlError> {
        let counted = self.counted().await?;
        let edited = self.edit_as(id, action(command), author, |canary| {
            self.not_while_verified(canary, command)?;
            let accepted = agreed(canary, command, consent, &counted);
            let accepts = consent == Consent::Given && canary.way_of(command) == Some(Way::Ahead);
            canary.note_counted(&counted);
            canary.command(clock::now(), command, &by(author, "no reason given"))?;
            let accepted = accepted?;
            if accepts {
                canary.accept_lost_writes();
            }
            Ok(accepted)
        });
        edited.await?;
        tracing::info!(canary = id, %command, actor = author.actor, "canary commanded");
        self.canary(id)
    }

    /// While a deployment compares its copy once more, and makes it like the source, nothing leads to the copy.
    fn not_while_verified(&self, canary: &Canary, command: Command) -> Result<(), ControlError> {
        let ahead = matches!(command, Command::Approve | Command::Promote | Command::Skip);
        let Some(id) = canary.plan().spec().deployment.as_ref().filter(|_| ahead) else { return Ok(()) };
        let state = self.0.state.load();
        let deployment = state.held.deployments.get(id).map(|deploying| deploying.deployment.state());
        if deployment != Some(DeploymentState::Verifying) {
            return Ok(());
        }
        let why = format!("the deployment `{id}` compares its copy with the source; wait for that, or cancel the deployment");
        Err(ControlError::NotNow { id: canary.id().to_owned(), command: command.name(), why })
    }

    /// Ends a canary because its alias is about to be moved by force, to the collection `to`.
    pub(in crate::control) async fn supersede_canary(&self, id: &str, to: &str, author: &Author) -> Result<(), ControlError> {
        self.edit_as(id, "canary.supersede", author, |canary| {
            canary.supersede(clock::now(), &by(author, "the alias is moved by force"), to)?;
            Ok(None)
        })
        .await
    }

    /// Changes a canary for people, on the newest state: a controller at another replica may change it at any time. `edit` says
    /// which loss of writes was accepted.
    async fn edit_as(
        &self,
        id: &str,
        action: &'static str,
        author: &Author,
        edit: impl Fn(&mut Canary) -> Result<Option<Loss>, ControlError> + Send + Sync,
    ) -> Result<(), ControlError> {
        let _writing = self.writing().await?;
        self.commit_newest(|state| {
            let before = state.held.canaries.get(id).ok_or_else(|| ControlError::NoCanary(id.to_owned()))?;
            let mut after = before.clone();
            let accepted = edit(&mut after.canary)?;
            let writes = self.canary_writes(before, &mut after);
            let mut audited = document::json(&after.canary.state());
            if let Some(loss) = accepted {
                audited["accepted_lost_writes"] = document::json(&loss);
            }
            let deed = Deed { action, subject: &after.canary.plan().spec().alias };
            let audit = author.did(deed, Some(document::json(&before.canary.state())), Some(audited));
            Ok((Some(store::Change { events: transitions(before, &after), ..store::Change::new(audit, writes) }), ()))
        })
        .await
    }

    /// # Errors
    /// When there is no such canary.
    pub fn canary(&self, id: &str) -> Result<CanaryView, ControlError> {
        let running = self.canary_document(id).ok_or_else(|| ControlError::NoCanary(id.to_owned()))?;
        Ok(CanaryView::of(&running, &self.counted_lately(), self.plan().policy_before))
    }

    /// All canaries, the ended ones too, by id, which is by age.
    #[must_use]
    pub fn canaries(&self) -> Vec<CanaryView> {
        let (counted, state) = (self.counted_lately(), self.0.state.load());
        let view = |running| CanaryView::of(running, &counted, state.plan.policy_before);
        state.held.canaries.values().map(view).collect()
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
    if let Some(owner) = state.held.owners.get(alias) {
        return Err(ControlError::Occupied { alias: alias.clone(), owner: owner.to_string() });
    }
    if plan.spec().shadow.is_some()
        && let Some(owner) = state.held.shadowed.get(alias)
    {
        return Err(ControlError::Shadowed { alias: alias.clone(), owner: owner.clone() });
    }
    if state.held.routes.contains_key(alias) {
        return Err(ControlError::Occupied { alias: alias.clone(), owner: "a route of its own".to_owned() });
    }
    Ok(())
}

/// A plan with a guard nobody can judge would stand still for ever.
fn judgeable(plan: &Plan, state: &State) -> Result<(), ControlError> {
    let mut faults = Vec::new();
    let mut check = |guards: &[crate::rollout::Guard], at: &str| {
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

pub(super) fn by(author: &Author, otherwise: &str) -> By {
    By::new(&author.actor, author.reason.as_deref().unwrap_or(otherwise))
}

fn action(command: Command) -> &'static str {
    match command {
        Command::Pause => "canary.pause",
        Command::Resume => "canary.resume",
        Command::Skip => "canary.skip",
        Command::Promote => "canary.promote",
        Command::Approve => "canary.approve",
        Command::Abort => "canary.abort",
    }
}
