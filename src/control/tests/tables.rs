//! What stands in the table for what was listed and asked for.

use crate::control::testing::{caller, config, control, list, listing, spec};
use crate::control::{Control, Expected};
use crate::protocol::Read;
use crate::routing::{NameKind, Reason, Split, Unit};

async fn with_route(route: &str) -> Control {
    let control = control(config()).await;
    list(&control, listing(&[("docs", "docs_v1"), ("shadowed", "docs_v1")], &["docs_v1", "candidate_v2", "shadowed"])).await;
    control.routes.put(route, spec(&[("stable", 90.0), ("candidate", 10.0)]), Expected::Unsaid, caller()).await.expect("a legal route");
    control
}

#[tokio::test]
async fn stable_is_forwarded_under_its_own_name() {
    let control = with_route("docs").await;
    let live = control.live();
    let entry = live.table.entry("docs");
    assert_eq!((entry.kind, &*entry.stable.collection), (NameKind::Alias, "docs_v1"));
    assert_eq!(entry.stable.rename, None, "stable must stay the alias itself");
    let route = entry.split.as_ref().and_then(Split::route).expect("it was put");
    assert!(std::sync::Arc::ptr_eq(route.stable(), &entry.stable));
    let candidate = route.decide(Read::Search, Unit::Id(b"user"), Some(b"candidate"), || 0).target;
    assert_eq!((candidate.rename.as_deref(), &*candidate.collection), (Some("candidate_v2"), "candidate_v2"));
}

#[tokio::test]
async fn an_alias_hides_a_collection_of_its_name() {
    let control = with_route("docs").await;
    let live = control.live();
    assert_eq!(live.table.entry("shadowed").kind, NameKind::Alias);
    assert_eq!(live.table.entry("docs_v1").kind, NameKind::Collection);
    assert_eq!(live.table.entry("nobody").kind, NameKind::Unknown);
}

#[tokio::test]
async fn aliases_and_collections_share_the_count_of_what_is_inside() {
    let control = with_route("docs").await;
    let live = control.live();
    live.table.entry("docs").stable.handle.usage.begin(0);
    live.table.entry("docs_v1").stable.handle.usage.begin(1);
    assert_eq!(control.registry().in_flight("default", "docs_v1"), 2);
    assert_eq!(&*live.table.entry("docs_v1").stable.handle.series.key.alias, "other", "collections are no labels");
    assert_eq!(&*live.table.entry("nobody").stable.handle.usage.collection, "other");
}

#[tokio::test]
async fn a_route_waits_for_its_name() {
    let control = with_route("later").await;
    assert_eq!(control.live().table.entry("later").kind, NameKind::Unknown);
    assert!(control.routes.show("later").expect("it was put").warnings[0].contains("no alias `later`"));
    list(&control, listing(&[("later", "docs_v1")], &["docs_v1", "candidate_v2"])).await;
    assert!(control.live().table.entry("later").split.is_some());
    assert_eq!(control.routes.show("later").expect("it was put").warnings, Vec::<String>::new());
}

#[tokio::test]
async fn a_route_may_stand_on_a_collection_and_says_so() {
    let control = with_route("docs_v1").await;
    let live = control.live();
    let entry = live.table.entry("docs_v1");
    assert_eq!((entry.kind, entry.split.is_some()), (NameKind::Collection, true));
    assert_eq!(&*entry.stable.handle.series.key.alias, "docs_v1", "a routed collection is counted by itself");
    assert!(control.routes.show("docs_v1").expect("it was put").warnings[0].contains("not an alias"));
}

#[tokio::test]
async fn a_missing_collection_is_a_warning() {
    let control = with_route("docs").await;
    list(&control, listing(&[("docs", "docs_v1")], &["docs_v1"])).await;
    assert!(control.routes.show("docs").expect("it was put").warnings[0].contains("`candidate_v2` of variant `candidate` does not exist"));
}

#[tokio::test]
async fn decisions_are_those_of_the_table() {
    let control = with_route("docs").await;
    let live = control.live();
    let route = live.table.entry("docs").split.as_ref().and_then(Split::route).expect("it was put");
    for unit in (0..200).map(|number| format!("user-{number}")) {
        let explained = control.aliases.decision("docs", Read::Search, Some(&unit), None).expect("docs is listed");
        let slot = route.salt.slot(unit.as_bytes());
        assert_eq!((explained.slot, explained.reason), (Some(slot), Reason::Weights));
        assert_eq!(explained.variant, if slot < 100_000 { "candidate" } else { "stable" });
        assert_eq!(explained.salt.as_deref(), Some("route:docs"));
        assert_eq!(explained.revision, live.table.revision);
    }
    assert_eq!(control.aliases.decision("docs_v1", Read::Search, Some("u"), None).expect("it is listed").reason, Reason::Transparent);
    assert!(control.aliases.decision("nobody", Read::Search, Some("u"), None).is_err());
}

#[tokio::test]
async fn a_variant_is_forced_only_where_requests_may() {
    let control = with_route("docs").await;
    assert_ne!(control.aliases.decision("docs", Read::Search, None, Some("candidate")).expect("docs is listed").reason, Reason::Forced);
    let mut open = config();
    open.identity.force_header = Some("x-force".parse().expect("a legal name"));
    let control = crate::control::testing::control(open).await;
    list(&control, listing(&[("docs", "docs_v1")], &["docs_v1", "candidate_v2"])).await;
    control.routes.put("docs", spec(&[("stable", 1.0), ("candidate", 0.0)]), Expected::Unsaid, caller()).await.expect("a legal route");
    let forced = control.aliases.decision("docs", Read::Search, Some("u"), Some("candidate")).expect("docs is listed");
    assert_eq!((forced.reason, forced.variant.as_str()), (Reason::Forced, "candidate"));
}
