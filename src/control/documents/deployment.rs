//! A deployment as it is stored.

use serde::{Deserialize, Serialize};

use super::{Documents, Observations, Owners, Place, Resource, Stored, remove, replace};
use crate::control::clock;
use crate::rollout;
use crate::rollout::deployment::{Deployment, Source};
use crate::rollout::loss::Stake;
use crate::store::{Expected, Kind, NewEvent, Timestamp, Write};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::control) struct DeploymentDocument {
    pub(in crate::control) deployment: Deployment,
    /// The store's revision of the last change; its `ETag`.
    #[serde(skip)]
    pub(in crate::control) revision: u64,
}

impl DeploymentDocument {
    pub(in crate::control) fn alias(&self) -> &str {
        &self.deployment.spec().alias
    }

    /// The document, and the alias's freedom when it is over.
    pub(in crate::control) fn writes(&self, before: Option<&Self>, documents: &Documents) -> Vec<Write> {
        let id = self.deployment.id();
        let mut writes = vec![replace(id, self, before.map_or(0, |before| before.revision))];
        let ends = before.is_some_and(Resource::is_live) && !self.is_live();
        if ends && documents.owners.get(self.alias()).is_some_and(|owners| owners.contain(id)) {
            writes.push(remove::<Owners>(self.alias(), Expected::Any));
        }
        writes
    }

    /// An event for each step of its history that `before` has not.
    pub(in crate::control) fn events(&self, before: Option<&Self>) -> Vec<NewEvent> {
        let known = before.map_or(0, |before| before.deployment.history().len());
        let event = |step: &rollout::deployment::DeploymentStep| NewEvent {
            kind: format!("deployment.{}", step.to.name()),
            subject: self.alias().to_owned(),
            body: serde_json::json!({
                "deployment": self.deployment.id(),
                "collection": self.deployment.collection(),
                "actor": step.actor,
                "reason": step.reason,
            }),
        };
        self.deployment.history().iter().skip(known).map(event).collect()
    }
}

impl Stored for DeploymentDocument {
    const KIND: Kind = Kind::new("deployment");

    fn stored_at(self, _: &str, revision: u64) -> Self {
        Self { revision, ..self }
    }

    fn due_at(&self) -> Option<Timestamp> {
        self.deployment.due_at().map(clock::stored)
    }
}

impl Resource for DeploymentDocument {
    fn id(&self) -> &str {
        self.deployment.id()
    }

    fn is_live(&self) -> bool {
        !self.deployment.state().is_terminal()
    }

    fn held_alias(&self) -> Option<&str> {
        self.stands_on()
    }

    fn stands_on(&self) -> Option<&str> {
        self.is_live().then(|| self.alias())
    }

    /// All on the upstream that holds the alias. Once its canary is promoted that is the new collection alone: what it replaced
    /// is retired in the same commit, and a way back would claim it.
    fn places<'d>(&'d self, documents: &'d Documents) -> Vec<Place<'d>> {
        if !self.is_live() {
            return Vec::new();
        }
        let deployment = &self.deployment;
        let source = match &deployment.spec().source {
            Source::Collection(name) => Some(name.as_str()),
            Source::Snapshot(_) | Source::External => None,
        };
        let made = deployment.made().clone.as_ref().map(|_| deployment.collection());
        let all = source.into_iter().chain(made).chain(deployment.found().previous.as_deref());
        let canary = deployment.made().canary.as_ref().and_then(|id| documents.canaries.get(id));
        let promoted = canary.is_some_and(|document| matches!(document.canary.state(), rollout::State::Completed));
        all.filter(|place| !promoted || *place == deployment.collection()).map(|place| (None, place)).collect()
    }

    fn stake_of_move(&self, alias: &str, from: &str, to: &str) -> Option<Stake> {
        let deployment = &self.deployment;
        let between = deployment.collection() == to && deployment.found().previous.as_deref() == Some(from);
        (self.is_live() && self.alias() == alias && between).then(|| deployment.stake().clone())
    }

    fn observations(&self) -> Option<Observations> {
        None
    }
}
