//! A deployment as it is stored, and its way from one state to the next.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::control::author::{Author, Deed};
use crate::control::besides::Besides;
use crate::control::document::{DEPLOYMENT, OWNER};
use crate::control::error::ControlError;
use crate::control::state::{Control, State};
use crate::control::{clock, document};
use crate::rollout::deployment::{Deployment, Source};
use crate::store::{self, Expected, Fence, Key, NewEvent, Write};

pub(in crate::control) type Deployments = BTreeMap<String, Deploying>;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::control) struct Deploying {
    pub(in crate::control) deployment: Deployment,
    /// The store's revision of the last change; its `ETag`.
    #[serde(skip)]
    pub(in crate::control) revision: u64,
}

impl Deploying {
    pub(in crate::control) fn is_live(&self) -> bool {
        !self.deployment.state().is_terminal()
    }

    /// What people call it.
    pub(in crate::control) fn name(&self) -> String {
        format!("the deployment `{}`", self.deployment.id())
    }

    /// The collections it needs; all on the upstream that holds the alias.
    pub(in crate::control) fn places(&self) -> impl Iterator<Item = &str> {
        let source = match &self.deployment.spec().source {
            Source::Collection(name) => Some(name.as_str()),
            Source::Snapshot(_) | Source::External => None,
        };
        let made = self.deployment.made().clone.as_ref().map(|_| self.deployment.collection());
        source.into_iter().chain(made).chain(self.deployment.found().previous.as_deref())
    }
}

impl Control {
    pub(super) fn deployment_document(&self, id: &str) -> Option<Deploying> {
        self.0.state.load().held.deployments.get(id).cloned()
    }

    /// Changes one deployment as the controller; what it became is stored before anybody acts on it. `edit` may have more
    /// written in the same commit.
    pub(super) async fn edit_deployment(
        &self,
        id: &str,
        fence: &Fence,
        edit: impl FnOnce(&mut Deployment) -> Besides,
    ) -> Result<(), ControlError> {
        let _writing = self.0.writer.lock().await;
        let Some(before) = self.deployment_document(id) else { return Ok(()) };
        let mut after = before.clone();
        let besides = edit(&mut after.deployment);
        if after == before && besides.is_empty() {
            return Ok(());
        }
        let author = after.deployment.history().last().map_or("", |step| &step.reason);
        let mut change = deployment_change(&self.0.state.load(), &before, &after);
        if !change.events.is_empty() {
            let deed = Deed { action: "deployment.step", subject: &after.deployment.spec().alias };
            let (from, to) = (before.deployment.state(), after.deployment.state());
            change.audit = Some(Author::pointsman(author).did(deed, Some(document::json(&from)), Some(document::json(&to))));
            tracing::info!(deployment = id, alias = deed.subject, state = to.name(), reason = author, "deployment");
        }
        change.writes.extend(besides.writes);
        change.events.extend(besides.events);
        change.fence = Some(fence.clone());
        self.commit(change).await
    }
}

/// The document, an event for each step, and the alias's freedom when it is over.
pub(super) fn deployment_change(state: &State, before: &Deploying, after: &Deploying) -> store::Change {
    let deployment = &after.deployment;
    let expected = if before.revision == 0 { Expected::Absent } else { Expected::Revision(before.revision) };
    let due_at = deployment.due_at().map(clock::stored);
    let put = Write::Put { key: Key::new(DEPLOYMENT, deployment.id()), body: document::json(after), due_at, expected };
    let mut change = store::Change::unaudited(vec![put]);
    let alias = &deployment.spec().alias;
    if before.is_live() && !after.is_live() && state.held.owners.get(alias).is_some_and(|owners| owners.contain(deployment.id())) {
        change.writes.push(Write::Delete { key: Key::new(OWNER, alias), expected: Expected::Any });
    }
    let known = if before.revision == 0 { 0 } else { before.deployment.history().len() };
    let fresh = deployment.history().iter().skip(known);
    change.events = fresh
        .map(|step| NewEvent {
            kind: format!("deployment.{}", step.to.name()),
            subject: alias.clone(),
            body: serde_json::json!({
                "deployment": deployment.id(),
                "collection": deployment.collection(),
                "actor": step.actor,
                "reason": step.reason,
            }),
        })
        .collect();
    change
}
