//! What is mirrored where, for the table.

use std::sync::Arc;

use super::seen::key;
use crate::control::canary::scope as canary_scope;
use crate::control::holdings::Holdings;
use crate::metrics::{Handles, Registry};
use crate::rollout::Share;
use crate::routing::{STABLE, Salt, Shadow, ShadowBy, Target};

/// The variant of a shadow, in headers and metrics of what is asked of it.
pub(in crate::control) const SHADOW: &str = "shadow";

/// Who is asked the same as `name`, if anybody is. `target` makes what leads to a collection on an upstream: none where this
/// replica's configuration lacks it.
pub(in crate::control) fn entry_shadow(
    name: &str,
    held: &Holdings,
    registry: &Registry,
    target: impl Fn(Option<&str>, &str) -> Option<Target<Handles>>,
) -> Option<Arc<Shadow<Handles>>> {
    let wanted = wanted(held.shadowed.get(name)?, held)?;
    let target = target(wanted.upstream, wanted.collection)?;
    let handle = Handles { comparisons: Some(registry.comparisons(&wanted.key, name)), ..target.handle.clone() };
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

fn wanted<'a>(id: &str, held: &'a Holdings) -> Option<Wanted<'a>> {
    if let Some(mirroring) = held.shadows.get(id) {
        let spec = mirroring.shadow.spec();
        return mirroring.shadow.mirrors().then(|| Wanted {
            key: key(id),
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
    let running = held.canaries.get(id)?;
    let (stage, spec) = (running.canary.mirrored()?, running.canary.plan().spec());
    Some(Wanted {
        key: canary_scope(running),
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
