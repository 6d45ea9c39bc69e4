//! What people ask of shadow comparisons.

use ulid::Ulid;

use super::{Mirroring, ShadowView};
use crate::config::DEFAULT_UPSTREAM;
use crate::control::author::{Author, Deed};
use crate::control::document::{SHADOWED, json};
use crate::control::error::ControlError;
use crate::control::state::Control;
use crate::control::{clock, once, retirement};
use crate::rollout::By;
use crate::rollout::shadow::{Shadow, ShadowSpec};
use crate::store::{self, Expected, Key, Write};

impl Control {
    /// Creates a shadow comparison; reads are mirrored as soon as the table says so. With a `key`, the same request creates
    /// one, however often it is sent.
    ///
    /// # Errors
    /// When the spec is faulty, the collection is not fit, the alias has a shadow already, or the change cannot be kept.
    pub async fn create_shadow(&self, spec: ShadowSpec, key: Option<String>, author: Author) -> Result<ShadowView, ControlError> {
        let (control, alias, by) = (self.clone(), spec.alias.clone(), author.clone());
        let subject = alias.clone();
        let action = "shadow.create";
        let creating = async move { control.create_shadow_now(spec, key.as_deref(), Deed { action, subject: &subject }, &by).await };
        self.to_its_end(action, alias, author, creating).await
    }

    async fn create_shadow_now(
        &self,
        spec: ShadowSpec,
        key: Option<&str>,
        deed: Deed<'_>,
        author: &Author,
    ) -> Result<ShadowView, ControlError> {
        let id = format!("shadow_{}", Ulid::generate());
        let key = once::key(key, "shadow", &spec, &id);
        if let Some(id) = self.created_before(key.as_ref()).await? {
            return self.shadow(&id).await;
        }
        let faults = spec.check(&self.plan().upstream_names());
        if !faults.is_empty() {
            return Err(ControlError::Invalid(faults));
        }
        let stable = self.check_shadow(&spec).await?;
        let shadow = Shadow::create(&id, spec, &stable, clock::now(), &by(author, "created"));
        let mirroring = Mirroring { shadow, revision: 0 };
        let _writing = self.writing().await?;
        let created = self.commit_newest(|state| {
            if let Some(owner) = state.held.shadowed.get(deed.subject) {
                return Err(ControlError::Shadowed { alias: deed.subject.to_owned(), owner: owner.clone() });
            }
            let mut writes = mirroring.writes(None);
            writes.push(shadowed(deed.subject, &id));
            let audit = author.did(deed, None, Some(json(mirroring.shadow.spec())));
            let (idempotency, events) = (key.clone(), mirroring.events(None));
            let mut change = store::Change { idempotency, events, ..store::Change::new(audit, writes) };
            let (upstream, collection) = mirroring.place();
            retirement::claim(state, (upstream.unwrap_or(DEFAULT_UPSTREAM), collection), &mirroring.name(), &mut change)?;
            Ok((Some(change), ()))
        });
        if let Err(error) = created.await {
            return match once::replayed(&error) {
                Some(id) => self.shadow(&id).await,
                None => Err(error.occupied(deed.subject)),
            };
        }
        tracing::info!(alias = deed.subject, shadow = id, actor = author.actor, "shadow comparison created");
        self.shadow(&id).await
    }

    /// Stops mirroring. The report is frozen when the last counts are in.
    ///
    /// # Errors
    /// When there is no such shadow comparison, or it was stopped before.
    pub async fn stop_shadow(&self, id: &str, author: Author) -> Result<ShadowView, ControlError> {
        let (control, by, subject) = (self.clone(), author.clone(), id.to_owned());
        let stopping = async move { control.stop_shadow_now(&subject, &by).await };
        self.to_its_end("shadow.stop", id.to_owned(), author, stopping).await
    }

    async fn stop_shadow_now(&self, id: &str, author: &Author) -> Result<ShadowView, ControlError> {
        let writing = self.writing().await?;
        let stopped = self.commit_newest(|state| {
            let before = state.held.shadows.get(id).ok_or_else(|| ControlError::NoShadow(id.to_owned()))?;
            let mut after = before.clone();
            after.shadow.stop(clock::now(), &by(author, "stopped"))?;
            let deed = Deed { action: "shadow.stop", subject: before.alias() };
            let audit = author.did(deed, Some(json(&before.shadow.state())), Some(json(&after.shadow.state())));
            let events = after.events(Some(before));
            Ok((Some(store::Change { events, ..store::Change::new(audit, after.writes(Some(before))) }), ()))
        });
        stopped.await?;
        drop(writing);
        tracing::info!(shadow = id, actor = author.actor, "shadow comparison stopped");
        self.shadow(id).await
    }

    pub(super) fn mirroring(&self, id: &str) -> Result<Mirroring, ControlError> {
        self.0.state.load().held.shadows.get(id).cloned().ok_or_else(|| ControlError::NoShadow(id.to_owned()))
    }
}

/// The place for a shadow of `alias`, taken by `id`: of two that are created at the same time, anywhere, one gets it.
pub(in crate::control) fn shadowed(alias: &str, id: &str) -> Write {
    Write::Put { key: Key::new(SHADOWED, alias), body: json(&id), due_at: None, expected: Expected::Absent }
}

fn by(author: &Author, otherwise: &str) -> By {
    By::new(&author.actor, author.reason.as_deref().unwrap_or(otherwise))
}
