//! Phase 3: one snapshot and one decision, kept until the last byte.

use std::borrow::Cow;
use std::sync::Arc;

use http::HeaderMap;

use super::tee::{Shadowed, Ticket};
use crate::interleaving::{Seal, Team};
use crate::live::{Captures, Live};
use crate::metrics::{Chosen, Handles, Whose};
use crate::protocol::Read;
use crate::protocol::operations::Operation;
use crate::routing::{BareName, Decision, Entry, NameKind, Places, Reason, SLOTS, Target, Targeting, Unit, Watch, bare, identify};

/// The target of a request, and its fallback target.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) target: Arc<Target<Handles>>,
    pub(super) stable: Arc<Target<Handles>>,
    /// The name has a route: the answer names the variant.
    pub(super) routed: bool,
    /// No unit could be found in a search of a name with a route.
    pub(super) chosen: Chosen,
    /// Whom the request counts for where a rollout watches the target.
    pub(super) whose: Whose,
    /// The name was listed: a 404 for its collection means that the listing is outdated.
    pub(super) listed: bool,
    /// A suffix was removed from the name, so it must be rewritten even for stable.
    pub(super) stripped: Option<Box<str>>,
    /// The request is mirrored to a shadow, or recorded.
    pub(super) ticket: Option<Box<Ticket>>,
    /// The other arm that also answers, if an experiment interleaves.
    pub(super) pairing: Option<Box<Pairing>>,
}

/// Two arms that answer a unit together.
#[derive(Clone, Debug)]
pub(super) struct Pairing {
    /// The unit's own arm.
    pub(super) own: Arc<Target<Handles>>,
    pub(super) team: Team,
    pub(super) partner: Arc<Target<Handles>>,
    pub(super) unit: u64,
    pub(super) seal: Arc<dyn Seal>,
}

/// The inputs of a decision.
#[derive(Clone, Copy)]
pub(super) struct Question<'r> {
    pub(super) operation: Option<&'static Operation>,
    /// The collection's name in the request.
    pub(super) name: Option<&'r str>,
    pub(super) headers: &'r HeaderMap,
    pub(super) query: Option<&'r str>,
}

impl Plan {
    pub(super) fn make(live: &Live, question: Question<'_>) -> Self {
        let identity = &live.settings.identity;
        let bare = question.name.map(|name| bare(&identity.carriers, name));
        let entry = bare.map_or_else(|| live.table.unnamed(), |bare| live.table.entry(bare.name));
        let stripped = bare.filter(|bare| bare.unit.is_some()).map(|bare| bare.name.into());
        let listed = entry.kind != NameKind::Unknown;
        let plan = |target: &Arc<Target<Handles>>, chosen, whose| Self {
            target: Arc::clone(target),
            stable: Arc::clone(&entry.stable),
            routed: entry.split.is_some(),
            chosen,
            whose,
            listed,
            stripped,
            ticket: None,
            pairing: None,
        };
        let unit = || {
            let places = Places { query: question.query, suffix: bare.and_then(|bare: BareName<'_>| bare.unit) };
            identify(&identity.carriers, question.headers, places)
        };
        match (&entry.split, question.operation) {
            (Some(split), Some(Operation { reads: Some(read), .. })) => {
                let unit = unit();
                let forced = identity.force_header.as_ref().and_then(|name| question.headers.get(name)).map(http::HeaderValue::as_bytes);
                let asked = unit.as_deref().map_or(Unit::Anonymous, Unit::Id);
                let header = |name: &str| question.headers.get(name).map(http::HeaderValue::as_bytes);
                let admits = |targeting: &Targeting| targeting.admits(header);
                let decision = split.decide(*read, asked, forced, admits, || fastrand::u32(..SLOTS));
                let ticket = ticket(live, entry, &question, &decision, || unit.clone());
                let whose = whose(&decision, unit.as_deref());
                let chosen = match decision.reason {
                    Reason::Forced => Chosen::Forced,
                    _ if unit.is_none() && *read == Read::Search => Chosen::Anonymous,
                    _ => Chosen::AsUsual,
                };
                Self { ticket, pairing: pairing(&decision, whose), ..plan(decision.target, chosen, whose) }
            }
            _ => {
                let decision = Decision::of(&entry.stable, Reason::Transparent);
                Self { ticket: ticket(live, entry, &question, &decision, unit), ..plan(&entry.stable, Chosen::AsUsual, Whose::Nobody) }
            }
        }
    }

    /// The name to send to `target`; none to leave the request unchanged.
    pub(super) fn wire_name<'p>(&'p self, target: &'p Target<Handles>) -> Option<&'p str> {
        target.rename.as_deref().or(self.stripped.as_deref())
    }

    /// Whether the decision chose a variant other than stable. The control cohort of a rollout is stable with another
    /// counter.
    pub(super) fn is_split(&self) -> bool {
        self.target.rename.is_some()
    }
}

/// A ticket, if a shadow or a capture selects the search.
fn ticket<'r>(
    live: &Live,
    entry: &Entry<Handles>,
    question: &Question<'_>,
    decision: &Decision<'_, Handles>,
    unit: impl FnOnce() -> Option<Cow<'r, [u8]>>,
) -> Option<Box<Ticket>> {
    if entry.shadow.is_none() && entry.captures.is_empty() {
        return None;
    }
    question.operation?.hits?;
    let captures = entry.captures.iter().map(|index| &live.captures[*index]);
    let captures: Captures = captures.filter(|capture| capture.takes(fastrand::u32(..SLOTS))).cloned().collect();
    Ticket::of(shadowed(entry, decision, unit), captures)
}

/// Whether a shadow selects the search: the compared variant answers it, and it was not forced there. The user id is only
/// read if there is a shadow.
fn shadowed<'r>(
    entry: &Entry<Handles>,
    decision: &Decision<'_, Handles>,
    unit: impl FnOnce() -> Option<Cow<'r, [u8]>>,
) -> Option<Shadowed> {
    let shadow = entry.shadow.as_ref()?;
    if *shadow.from != *decision.target.variant || decision.reason == Reason::Forced {
        return None;
    }
    let unit = unit();
    let taken = shadow.takes(unit.as_deref().map_or(Unit::Anonymous, Unit::Id), || fastrand::u32(..SLOTS));
    taken.then(|| Shadowed { shadow: Arc::clone(shadow), unit: unit.map(|id| shadow.stats.hash(&id)) })
}

/// The pair of arms that answers, if there is one. Boxed: very few requests have one.
fn pairing(decision: &Decision<'_, Handles>, whose: Whose) -> Option<Box<Pairing>> {
    let route = decision.route?;
    let (interleaving, Whose::Unit(unit)) = (route.interleaving.as_ref()?, whose) else { return None };
    let (team, partner) = route.pair(decision)?;
    let (own, partner) = (Arc::clone(decision.target), Arc::clone(partner));
    Some(Box::new(Pairing { own, team, partner, unit, seal: Arc::clone(&interleaving.seal) }))
}

/// The unit that the rollout counts it for, if a rollout observes the target.
fn whose(decision: &Decision<'_, Handles>, unit: Option<&[u8]>) -> Whose {
    let watch = decision.route.and_then(|route| route.watch.as_ref());
    let counts = |watch: &&Watch| !decision.target.handle.cohorts.is_empty() && (watch.kept || !decision.reason.is_kept());
    let Some(watch) = watch.filter(counts) else { return Whose::Nobody };
    match unit {
        _ if decision.reason.is_a_choice() => Whose::Chosen,
        Some(id) => Whose::Unit(watch.salt.hash(id)),
        None if watch.anonymous => Whose::Unit(fastrand::u64(..)),
        None => Whose::Anonymous,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Latencies, Registry};
    use crate::routing::{Allocation, Holdout, Route, STABLE, Salt, SplitPolicy};

    /// All traffic goes to the candidate; both sides are observed.
    fn route(registry: &Registry, kept: bool) -> Route<Handles> {
        let target = |variant: &str| {
            let thresholds = Latencies { limit_us: 1, reference_us: 1 };
            let cohorts = [registry.cohort(variant, thresholds)].into();
            let handle = Handles { cohorts, ..registry.handles(Some("docs"), variant, "default", None) };
            Arc::new(Target { variant: variant.into(), upstream: 0, collection: variant.into(), rename: None, handle })
        };
        Route {
            salt: Salt::new("canary:1"),
            allocation: Allocation::whole(1),
            variants: vec![target(STABLE), target("canary")],
            stable: 0,
            policy: SplitPolicy::default(),
            watch: Some(Watch { rollout: "1".into(), salt: Salt::new("stats:1"), anonymous: true, kept }),
            interleaving: None,
            targeting: Targeting::default(),
            holdout: Holdout::default(),
        }
    }

    fn counts(route: &Route<Handles>, read: Read, unit: Option<&[u8]>) -> bool {
        let asked = unit.map_or(Unit::Anonymous, Unit::Id);
        whose(&route.decide(read, asked, None, || 0), unit) != Whose::Nobody
    }

    /// Only stable serves them, so no other cohort has comparable requests. If they counted, a candidate would be judged by
    /// users alone, and stable by users and everything else.
    #[test]
    fn what_the_policy_keeps_on_stable_is_in_no_comparison() {
        let registry = Registry::new(1, 10);
        let route = route(&registry, false);
        assert!(counts(&route, Read::Search, Some(b"user-1")));
        assert!(!counts(&route, Read::Bookkeeping, Some(b"user-1")));
        assert!(!counts(&route, Read::Search, None) && !counts(&route, Read::Bookkeeping, None));
    }

    #[test]
    fn where_all_of_stable_is_watched_everything_counts() {
        let registry = Registry::new(1, 10);
        let route = route(&registry, true);
        for read in [Read::Search, Read::Bookkeeping] {
            assert!(counts(&route, read, Some(b"user-1")) && counts(&route, read, None), "{read:?}");
        }
    }
}
