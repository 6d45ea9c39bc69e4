//! What is mirrored where, for the table.

use std::sync::Arc;

use super::TableInputs;
use crate::control::documents::Documents;
use crate::metrics::Handles;
use crate::rollout::Share;
use crate::routing::{STABLE, Salt, Shadow, ShadowBy, Target};

/// The variant of a shadow, in headers and metrics of what is asked of it.
const SHADOW: &str = "shadow";

impl TableInputs<'_> {
    /// The collection that is asked the same as `name`, if there is one and this replica's configuration has its upstream. What is
    /// asked of it is no part of what is counted of the alias.
    pub(super) fn shadow(&self, name: &str) -> Option<Arc<Shadow<Handles>>> {
        let wanted = wanted(&self.documents.shadowed.get(name)?.0, self.documents)?;
        let target = self.target(None, SHADOW, self.plan.upstream(wanted.upstream)?, Some(wanted.collection));
        let handle = Handles { comparisons: Some(self.registry.comparisons(&wanted.key, name)), ..target.handle.clone() };
        let Wanted { salt, from, percentage, noise, by, depth, scores, payloads, .. } = wanted;
        Some(Arc::new(Shadow {
            salt: Salt::new(&salt),
            stats: Salt::new(&format!("stats:{salt}")),
            slots: Share::from_percentage(percentage).slots(),
            by,
            from: from.into(),
            target: Arc::new(Target { rename: Some(target.collection.clone()), handle, ..target }),
            noise: Share::from_percentage(noise).slots(),
            depth,
            scores,
            payloads,
        }))
    }
}

/// What a shadow comparison of its own and that of a canary have in common.
struct Wanted<'a> {
    /// Under which it is counted.
    key: String,
    /// What deals the units.
    salt: String,
    upstream: Option<&'a str>,
    collection: &'a str,
    from: &'a str,
    percentage: f64,
    noise: f64,
    by: ShadowBy,
    depth: usize,
    scores: bool,
    payloads: bool,
}

fn wanted<'a>(id: &str, documents: &'a Documents) -> Option<Wanted<'a>> {
    if let Some(document) = documents.shadows.get(id) {
        let spec = document.shadow.spec();
        return document.shadow.mirrors().then(|| Wanted {
            key: document.scope(),
            salt: format!("shadow:{id}"),
            upstream: spec.upstream.as_deref(),
            collection: &spec.collection,
            from: &spec.from,
            percentage: spec.percentage,
            noise: spec.noise_percentage,
            by: spec.by,
            depth: spec.depth,
            scores: spec.same_space,
            payloads: spec.payloads,
        });
    }
    let document = documents.canaries.get(id)?;
    let (stage, spec) = (document.canary.mirrored()?, document.canary.plan().spec());
    Some(Wanted {
        key: document.scope(),
        salt: format!("shadow:{id}"),
        upstream: spec.upstream.as_deref(),
        collection: &spec.collection,
        from: STABLE,
        percentage: stage.percentage,
        noise: stage.noise_percentage,
        by: ShadowBy::Request,
        depth: stage.depth,
        scores: false,
        payloads: false,
    })
}
