//! What a scrape is told of the control plane.

use super::Control;
use super::status::VERSION;
use crate::control::documents::Noun;
use crate::control::engine::State;
use crate::metrics::{Gauges, WeightGauge};

impl Control {
    /// What a scrape wants to know in addition to the counters.
    #[must_use]
    pub fn gauges(&self) -> Gauges<'static> {
        let state = self.engine.state();
        let listing = self.listing();
        let mut gauges = Gauges {
            version: VERSION,
            ready: self.readiness().reasons().is_empty(),
            table_revision: state.revision,
            aliases: listing.aliases,
            routes: state.documents.routes.len(),
            listing_age_seconds: listing.age_seconds,
            listing_failures: listing.failures,
            alias_switches: state.health.switches,
            store_up: self.readiness().store_lost().is_none(),
            store_revision: state.documents.revision,
            kill_switch: state.documents.kill_switch().on,
            webhooks: self.webhooks.gauges(),
            ..Gauges::default()
        };
        for noun in Noun::ALL {
            self.gauge(*noun, &state, &mut gauges);
        }
        gauges
    }

    fn gauge(&self, noun: Noun, state: &State, gauges: &mut Gauges<'static>) {
        match noun {
            Noun::Route => gauges.weights = self.weights(state),
            Noun::Canary => gauges.canaries = self.canaries.gauges(),
            Noun::Deployment => gauges.deployments = self.deployments.gauges(),
            Noun::Experiment => gauges.experiments = self.experiments.gauges(|id| self.arm_units(id)),
            Noun::Shadow => gauges.shadows = self.shadows.gauges(),
            Noun::Retirement => gauges.retirements = self.retirements.gauges(),
        }
    }

    /// Of as many routes as there may be series.
    fn weights(&self, state: &State) -> Vec<WeightGauge> {
        let routes = state.documents.routes.iter().take(self.engine.started().metrics.max_aliases);
        let variants = routes.flat_map(|(alias, route)| {
            route.spec.variants.iter().enumerate().map(|(place, variant)| WeightGauge {
                alias: alias.clone(),
                variant: variant.name.clone(),
                percent: route.share_percent(place),
            })
        });
        variants.collect()
    }
}
