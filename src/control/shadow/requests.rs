//! What operators ask of shadow comparisons.

use ulid::Ulid;

use super::{ShadowView, Shadows};
use crate::control::clock;
use crate::control::documents::{Noun, Resource, ShadowDocument, Shadowed};
use crate::control::engine::{
    Action, Caller, ControlError, Creation, Draft, Intent, Named, State, Steps, known_alias, same_schema, served,
};
use crate::live::DEFAULT_UPSTREAM;
use crate::rollout::shadow::{Shadow, ShadowSpec};

impl Shadows {
    /// Creates a shadow comparison; reads are mirrored as soon as the table says so. With a `key`, the same request creates
    /// one, however often it is sent.
    ///
    /// # Errors
    /// When the spec is faulty, the collection is not fit, the alias has a shadow already, or the change cannot be kept.
    pub async fn create(&self, spec: ShadowSpec, key: Option<String>, caller: Caller) -> Result<ShadowView, ControlError> {
        let (id, subject) = (format!("shadow_{}", Ulid::generate()), spec.alias.clone());
        let creation = Creation { noun: Noun::Shadow, action: Action::ShadowCreate, id, subject, request: spec, key, caller };
        let id = self.engine.create(creation, New(self.clone())).await?;
        self.show(&id).await
    }

    /// Stops mirroring. The report is frozen when the last counts are in.
    ///
    /// # Errors
    /// When there is no such shadow comparison, or it was stopped before.
    pub async fn stop(&self, id: &str, caller: Caller) -> Result<ShadowView, ControlError> {
        let (this, intent) = (self.clone(), Intent::new(Action::ShadowStop, id, caller));
        self.engine.run(intent.clone(), async move { this.stop_now(intent).await }).await
    }

    async fn stop_now(&self, intent: Intent) -> Result<ShadowView, ControlError> {
        let Intent { subject: id, caller, .. } = intent.clone();
        let writing = self.engine.begin(intent).await?;
        let stopped = writing.commit(|state, draft| {
            let found = state.documents.shadows.get(&id);
            let before = found.ok_or_else(|| ControlError::NotFound { noun: Noun::Shadow, id: id.clone() })?;
            let mut after = before.clone();
            after.shadow.stop(clock::now(), &caller.by("stopped"))?;
            draft.writes = after.writes(Some(before));
            draft.events = after.events(Some(before));
            draft.about(before.alias());
            draft.record(Some(&before.shadow.state()), Some(&after.shadow.state()));
            Ok(())
        });
        stopped.await?;
        drop(writing);
        tracing::info!(shadow = id, actor = caller.actor, "shadow comparison stopped");
        self.show(&id).await
    }

    /// The shadow must be there, green and not empty, and be able to stand in for what the alias points at: it is asked with
    /// the same queries, and a collection of other vectors could answer none of them. Returns where the alias points.
    async fn checked(&self, spec: &ShadowSpec) -> Result<String, ControlError> {
        let plan = self.engine.plan();
        let faults = spec.check(&plan.upstream_names());
        if !faults.is_empty() {
            return Err(ControlError::Invalid(faults));
        }
        self.engine.resolve(Some(&spec.alias), &[Named::new("collection", spec.upstream.as_deref(), &spec.collection)]).await?;
        let here = plan.client(DEFAULT_UPSTREAM)?;
        let listing = here.list().await?;
        let stable = known_alias(&listing, &spec.alias)?;
        let upstream = plan.upstream(spec.upstream.as_deref()).unwrap_or(DEFAULT_UPSTREAM);
        let found = served(&plan.client(upstream)?, &spec.collection).await?;
        same_schema(&here.describe(stable).await?, &found)?;
        Ok(stable.to_owned())
    }
}

/// What a creation of a shadow comparison does of its own.
struct New(Shadows);

impl Steps for New {
    type Request = ShadowSpec;
    /// Where the alias points.
    type Prepared = String;

    async fn prepare(&self, creation: &Creation<ShadowSpec>) -> Result<String, ControlError> {
        self.0.checked(&creation.request).await
    }

    fn draft(&self, creation: &Creation<ShadowSpec>, stable: &String, state: &State, draft: &mut Draft) -> Result<(), ControlError> {
        let (id, alias) = (&creation.id, &creation.subject);
        if let Some(owner) = state.documents.shadowed.get(alias) {
            return Err(ControlError::Shadowed { alias: alias.clone(), owner: owner.0.clone() });
        }
        let shadow = Shadow::create(id, creation.request.clone(), stable, clock::now(), &creation.caller.by("created"));
        let document = ShadowDocument { shadow, revision: 0 };
        draft.writes = document.writes(None);
        draft.writes.push(Shadowed::by(id, alias));
        draft.events = document.events(None);
        draft.record(None::<&()>, Some(document.shadow.spec()));
        draft.claim(state, document.target(), &document.name())
    }
}
