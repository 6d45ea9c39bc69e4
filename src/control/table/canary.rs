//! The route of a canary.

use std::sync::Arc;

use super::TableInputs;
use super::cohorts::{Watched, watched};
use crate::control::documents::CanaryDocument;
use crate::live::DEFAULT_UPSTREAM;
use crate::metrics::Handles;
use crate::rollout::{self, Cohorts, Share, State};
use crate::routing::{Allocation, Route, STABLE, Salt, Target, Targeting, Watch};

/// The variant of a canary, in headers and metrics.
const CANARY: &str = "canary";

impl TableInputs<'_> {
    /// The canary that has `name`, if one is under way.
    pub(super) fn canary(&self, name: &str) -> Option<&CanaryDocument> {
        let document = self.documents.owners.get(name)?.ids().find_map(|id| self.documents.canaries.get(id))?;
        (document.alias() == name).then_some(document)
    }

    /// Canary from the low end, control from the high end, the rest between them; after the promotion everything is
    /// stable again, and watched.
    pub(super) fn canary_route(&self, name: &str, collection: &str, document: &CanaryDocument) -> Option<Route<Handles>> {
        let canary = &document.canary;
        let asked_again = canary.state() != State::Watching;
        let looked_at = document.guards().iter().any(|guard| guard.rule.asks_for_answers());
        let counted = |target: Target<Handles>, cohort| {
            let cohorts = watched(self.registry, document, cohort).into();
            let handle = Handles { cohorts, looked_at, asked_again, ..target.handle.clone() };
            Arc::new(Target { handle, ..target })
        };
        let stable = |cohort| counted(self.target(Some(name), STABLE, DEFAULT_UPSTREAM, Some(collection)), cohort);
        let (variants, allocation) = match canary.state() {
            State::Watching => (vec![stable(Watched::Canary)], Allocation::whole(0)),
            State::Stepping | State::Paused { .. } | State::Promoting if canary.share() > Share::ZERO => {
                let spec = canary.plan().spec();
                let upstream = self.plan.upstream(spec.upstream.as_deref())?;
                let target = self.target(Some(name), CANARY, upstream, Some(&spec.collection));
                let candidate = counted(Target { rename: Some(target.collection.clone()), ..target }, Watched::Canary);
                let Cohorts { canary, control } = canary.share().cohorts();
                (
                    vec![stable(Watched::Rest), candidate, stable(Watched::Control)],
                    Allocation::of_ends(0, (canary.end, 1), (control.start, 2)),
                )
            }
            _ => return None,
        };
        Some(Route {
            salt: rollout::salt(canary.id()),
            allocation,
            variants,
            stable: 0,
            policy: canary.plan().spec().policy(self.plan.policy_before),
            watch: Some(Watch {
                rollout: canary.id().into(),
                salt: Salt::new(&format!("stats:{}", canary.id())),
                anonymous: true,
                // Once the alias has moved, the new collection answers every read, and every failure is one of its own.
                kept: canary.state() == State::Watching,
            }),
            interleaving: None,
            targeting: Targeting::default(),
            holdout: self.plan.settings.identity.holdout.clone(),
        })
    }
}
