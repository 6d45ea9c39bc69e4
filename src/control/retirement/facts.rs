//! What is known of a collection that is to go, gathered afresh at each look.

use futures_util::future::join_all;

use super::Retirements;
use crate::control::plan::Plan;
use crate::qdrant::Listing;
use crate::rollout::retirement::{Fact, Facts, Referrers, Retirement};

/// A listing of one upstream, made just now.
pub(super) struct Listed {
    pub(super) upstream: String,
    pub(super) listing: Fact<Listing>,
}

/// Lists every configured upstream, all at the same time.
pub(super) async fn list_everywhere(plan: &Plan) -> Vec<Listed> {
    let list = |index: usize| async move {
        let listing = match plan.client(index) {
            Ok(client) => client.list().await.map_err(|failed| failed.to_string()),
            Err(failure) => Err(failure.to_string()),
        };
        Listed { upstream: plan.upstreams[index].name.to_string(), listing }
    };
    join_all((0..plan.upstreams.len()).map(list)).await
}

impl Retirements {
    pub(super) async fn facts_about(&self, retirement: &Retirement) -> Facts {
        let Retirement { upstream, collection, .. } = retirement;
        let plan = self.engine.plan();
        let listed = list_everywhere(&plan).await;
        let used = self.use_of(upstream, collection).await;
        let own = listed.iter().find(|listed| listed.upstream == *upstream).map(|listed| &listed.listing);
        let own: Fact<&Listing> = match own {
            Some(listing) => listing.as_ref().map_err(Clone::clone),
            None => Err(format!("upstream `{upstream}` is not configured here")),
        };
        let alone = self.losses.counted().await.map_err(|error| error.to_string());
        let alone = alone.map(|counted| self.engine.state().alone(&counted, upstream, collection));
        Facts {
            alone,
            exists: own.clone().map(|listing| listing.collections.contains(collection)),
            shadowed: own.map(|listing| listing.aliases.contains_key(collection)),
            aliases: listed.iter().map(|listed| listed.referrers_of(collection)).collect(),
            // Last, so that nothing that was made to refer to it during the listings is missed here.
            references: self.engine.state().references_to(upstream, collection),
            in_flight: used.in_flight,
            idle_ms: used.idle_ms,
        }
    }
}

impl Listed {
    pub(super) fn referrers_of(&self, collection: &str) -> Referrers {
        let of = |listing: &Listing| {
            let pointing = listing.aliases.iter().filter(|(_, target)| *target == collection);
            pointing.map(|(alias, _)| alias.clone()).collect()
        };
        Referrers { upstream: self.upstream.clone(), aliases: self.listing.as_ref().map(of).map_err(Clone::clone) }
    }
}
