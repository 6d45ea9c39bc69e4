//! What a deployment rests on before its canary takes over, and what follows when that is gone.

use super::{Deployment, DeploymentState as S, Source};
use crate::rollout::{Basis, BasisFault, Timestamp};

impl Deployment {
    /// What has to be there now; none before the first check, and once a canary has the alias: that one looks by itself.
    #[must_use]
    pub fn basis(&self) -> Option<Basis<'_>> {
        let target = self.found.previous.as_deref()?;
        let source = match &self.spec.source {
            Source::Collection(name) => Some(name.as_str()),
            Source::Snapshot(_) | Source::External => None,
        };
        let collections = match self.state {
            S::Creating => source.into_iter().collect(),
            S::Copying | S::Verifying => source.into_iter().chain([self.collection.as_str()]).collect(),
            S::AwaitingAcceptance if self.has_served() => return None,
            S::AwaitingReady | S::AwaitingAcceptance | S::Finishing | S::Validating => vec![self.collection.as_str()],
            _ => return None,
        };
        Some(Basis { alias: Some(&self.spec.alias), target: Some(target), collections })
    }

    /// Ends a deployment that has lost what it rests on, as any failure does. It has nothing to hold: without an alias there is
    /// nothing to deploy to.
    pub fn lose_basis(&mut self, now: Timestamp, fault: &BasisFault) {
        if self.basis().is_some() && fault.is_known() {
            self.refused(now, self.state, fault.to_string());
        }
    }
}
