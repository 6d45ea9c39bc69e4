//! Who refers to a collection, by what this process holds.

use crate::control::deployment::Deploying;
use crate::control::state::State;
use crate::live::DEFAULT_UPSTREAM;
use crate::rollout;
use crate::routing::RouteSpec;

impl State {
    /// Routes and rollouts that lead to a collection, in words. Certain: whatever makes another one is a commit.
    pub(in crate::control) fn references_to(&self, upstream: &str, collection: &str) -> Vec<String> {
        let leads_there =
            |spec: &RouteSpec| spec.variants.iter().any(|variant| self.place(variant).is_some_and(|at| at == (upstream, collection)));
        let routes = self.held.routes.iter();
        let routes = routes.filter(|(name, route)| leads_there(&route.spec) || (self.is_default(upstream) && *name == collection));
        let routes = routes.map(|(alias, _)| format!("the route of `{alias}` leads to it"));
        let is_there = |(at, name): (Option<&str>, &str)| at.map_or(self.is_default(upstream), |at| at == upstream) && name == collection;
        let canaries = self.held.canaries.values().filter(|running| running.is_live() && running.places().any(is_there));
        let canaries = canaries.map(|running| format!("{} leads to it", running.name()));
        let experiments = self.held.experiments.values().filter(|trial| trial.places().any(is_there));
        let experiments = experiments.map(|trial| format!("{} leads to it", trial.name()));
        let shadows = self.held.shadows.values().filter(|mirroring| mirroring.is_live() && is_there(mirroring.place()));
        let shadows = shadows.map(|mirroring| format!("{} leads to it", mirroring.name()));
        let needs = |name: &str| self.is_default(upstream) && name == collection;
        let deployments = self.held.deployments.values().filter(|deploying| self.needed_by(deploying).any(needs));
        let deployments = deployments.map(|deploying| format!("{} needs it", deploying.name()));
        routes.chain(canaries).chain(experiments).chain(shadows).chain(deployments).collect()
    }

    /// What a deployment still needs. Once its canary is promoted that is the new collection alone: what it replaced is
    /// retired in the same commit, and a way back would claim it.
    fn needed_by<'s>(&'s self, deploying: &'s Deploying) -> impl Iterator<Item = &'s str> {
        let deployment = &deploying.deployment;
        let canary = deployment.made().canary.as_ref().and_then(|id| self.held.canaries.get(id));
        let promoted = canary.is_some_and(|running| matches!(running.canary.state(), rollout::State::Completed));
        let places = deploying.places().filter(move |place| !promoted || *place == deployment.collection());
        places.filter(|_| deploying.is_live())
    }

    /// Whether the last listing shows an alias that points at a collection: a reason to list afresh, and no more.
    pub(super) fn seems_aliased(&self, upstream: &str, collection: &str) -> bool {
        self.is_default(upstream) && self.listing.aliases.values().any(|target| target == collection)
    }

    /// The upstream and the collection of a variant; none for stable.
    pub(in crate::control) fn place<'s>(&'s self, variant: &'s crate::routing::VariantSpec) -> Option<(&'s str, &'s str)> {
        let upstream = variant.upstream.as_deref().unwrap_or(&self.plan.upstreams[DEFAULT_UPSTREAM].name);
        Some((upstream, variant.collection.as_deref()?))
    }

    fn is_default(&self, upstream: &str) -> bool {
        *self.plan.upstreams[DEFAULT_UPSTREAM].name == *upstream
    }
}
