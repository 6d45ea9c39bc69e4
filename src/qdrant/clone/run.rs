//! Carrying a plan out, and undoing it.

use http::Method;
use serde::de::IgnoredAny;
use serde_json::json;

use super::{CloneFailed, CloneRecord, CloneStep, Cloned, Created, PlannedStep, Undone};
use crate::qdrant::client::collection_path;
use crate::qdrant::compatibility::Compatibility;
use crate::qdrant::failure::FailureKind;
use crate::qdrant::schema::Schema;
use crate::qdrant::{Client, Failure};

impl Client {
    /// Makes the collection `name` of a schema, ready for points. Strict mode is left to [`Self::finish_clone`].
    ///
    /// # Errors
    /// When the name is taken or a step fails; the error says what was done until then.
    pub async fn clone_schema(&self, name: &str, schema: &Schema) -> Result<Cloned, CloneFailed> {
        self.continue_clone(CloneRecord { name: name.to_owned(), created: Created::No, done: Vec::new() }, schema).await
    }

    /// Goes on where a record ends; what it says is done is not done again. An index that is made twice is one index, so
    /// a record may lag behind by that much.
    ///
    /// # Errors
    /// As [`Self::clone_schema`].
    pub async fn continue_clone(&self, mut record: CloneRecord, schema: &Schema) -> Result<Cloned, CloneFailed> {
        let outcome = self.carry_out(schema, &mut record).await;
        match outcome {
            Ok(differences) => Ok(Cloned { record, differences }),
            Err(failure) => Err(CloneFailed { record, failure: Box::new(failure) }),
        }
    }

    async fn carry_out(&self, schema: &Schema, record: &mut CloneRecord) -> Result<Compatibility, Failure> {
        let name = record.name.clone();
        if record.created != Created::Yes {
            self.check_free(&name).await?;
        }
        for planned in schema.plan(&name) {
            if !record.done.contains(&planned.step) {
                self.take(&planned, record).await?;
            }
        }
        let wanted = Schema { strict_mode_config: None, ..schema.clone() };
        let mut made = self.describe(&name).await?.schema;
        if wanted.quantization_config.is_none() && made.quantization_config.is_some() {
            let body = json!({"quantization_config": "Disabled"});
            let path = collection_path(&name, "");
            self.take(&PlannedStep { step: CloneStep::NoQuantization, method: Method::PATCH, path, body }, record).await?;
            made = self.describe(&name).await?.schema;
        }
        made.strict_mode_config = None;
        Ok(Compatibility::of(&wanted, &made))
    }

    /// The answer to the creation itself would say so too, except that an alias of that name is answered as bad input.
    async fn check_free(&self, name: &str) -> Result<(), Failure> {
        let taken = |reason: String| self.failed("create", FailureKind::Precondition(reason));
        let listing = self.list().await.map_err(|failed| taken(format!("whether `{name}` is free cannot be known: {failed}")))?;
        if listing.collections.contains(name) {
            return Err(taken(format!("collection `{name}` exists and is left as it is")));
        }
        match listing.aliases.get(name) {
            Some(target) => Err(taken(format!("`{name}` is an alias of `{target}` and cannot be a collection"))),
            None => Ok(()),
        }
    }

    async fn take(&self, planned: &PlannedStep, record: &mut CloneRecord) -> Result<(), Failure> {
        let outcome = self.call::<IgnoredAny>(planned.method.clone(), &planned.path, Some(&planned.body)).await;
        if planned.step == CloneStep::Create {
            record.created = match &outcome {
                Ok(_) => Created::Yes,
                Err(failure) if failure.leaves_doubt() => Created::Unknown,
                Err(_) => Created::No,
            };
        }
        outcome?;
        record.done.push(planned.step.clone());
        Ok(())
    }

    /// Switches strict mode on, when the points are there.
    ///
    /// # Errors
    /// When the request fails; it may be repeated.
    pub async fn finish_clone(&self, record: &mut CloneRecord, schema: &Schema) -> Result<(), Failure> {
        let Some(step) = schema.last_step(&record.name) else { return Ok(()) };
        if record.done.contains(&step.step) {
            return Ok(());
        }
        self.take(&step, record).await
    }

    /// Deletes what a clone made: nothing unless it is known to be the clone's own and no alias points at it (I5).
    ///
    /// # Errors
    /// When the aliases cannot be listed or the deletion fails.
    pub async fn undo_clone(&self, record: &CloneRecord) -> Result<Undone, Failure> {
        let name = &record.name;
        let kept = |reason: String| Ok(Undone::Kept { reason });
        match record.created {
            Created::Yes => {}
            Created::No => return kept(format!("`{name}` was not made by this clone")),
            Created::Unknown => return kept(format!("whether this clone made `{name}` is not known; look at it and delete it by hand")),
        }
        let listing = self.list().await;
        let listing = listing.map_err(|failed| self.failed("delete", FailureKind::Precondition(failed.to_string())))?;
        if let Some((alias, _)) = listing.aliases.iter().find(|(_, target)| *target == name) {
            return kept(format!("alias `{alias}` points at `{name}`"));
        }
        let removed: bool = self.call(Method::DELETE, &collection_path(name, ""), None).await?;
        Ok(if removed { Undone::Removed } else { Undone::Gone })
    }
}
