//! The decision, fact by fact, and the order of families.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

const DUE: Timestamp = Timestamp::from_millis(1_000_000);
const QUIET: Period = Period::from_secs(600);

fn retirement() -> Retirement {
    Retirement {
        id: "ret_1".to_owned(),
        upstream: "default".to_owned(),
        collection: "docs_v1".to_owned(),
        due_at: DUE,
        grace_ms: 1000,
        created: Timestamp::from_millis(0),
        actor: "test".to_owned(),
        reason: None,
        state: State::Scheduled,
        snapshot: false,
        accept_lost_writes: false,
        snapshot_name: None,
        reasons: Vec::new(),
        attempts: 0,
        next_look: None,
        since: None,
        revision: 1,
    }
}

/// Nothing is against it.
fn clear() -> Facts {
    Facts {
        exists: Ok(true),
        shadowed: Ok(false),
        aliases: vec![of("default", &[]), of("eu", &[])],
        references: Vec::new(),
        in_flight: Ok(vec![InFlight { replica: "this replica".to_owned(), requests: Ok(0) }]),
        alone: Ok(None),
        idle_ms: Ok(600_000),
    }
}

/// I11: a collection that alone has acknowledged writes is deleted only by name.
#[test]
fn a_collection_that_alone_has_acknowledged_writes_stays() {
    let loss = crate::rollout::loss::Loss {
        only_in: vec!["docs_v1".to_owned()],
        missing_in: "docs_v2".to_owned(),
        since: Timestamp::from_millis(0),
        acknowledged: 12,
        unknown: 0,
        bound: crate::rollout::loss::Bound::Exact,
    };
    let facts = Facts { alone: Ok(Some(loss)), ..clear() };
    says(&retirement().decide(DUE, &facts, QUIET), Decision::Block, "12 acknowledged writes");
    says(&retirement().decide(DUE, &Facts { alone: lost(), ..clear() }, QUIET), Decision::Block, "not known");
    let accepted = Retirement { accept_lost_writes: true, ..retirement() };
    assert_eq!(accepted.decide(DUE, &facts, QUIET), Decision::Delete);
}

fn of(upstream: &str, aliases: &[&str]) -> Referrers {
    Referrers { upstream: upstream.to_owned(), aliases: Ok(aliases.iter().map(|alias| (*alias).to_owned()).collect()) }
}

fn lost<T>() -> Fact<T> {
    Err("no answer".to_owned())
}

/// What a reason says, by a part of it.
#[track_caller]
fn says(decision: &Decision, expected: fn(Vec<String>) -> Decision, part: &str) {
    let (Decision::Cancel(reasons) | Decision::Block(reasons) | Decision::Refuse(reasons)) = decision else {
        panic!("{decision:?} has no reasons")
    };
    assert_eq!(*decision, expected(reasons.clone()));
    assert!(reasons.len() == 1 && reasons[0].contains(part), "{reasons:?} do not say `{part}`");
}

#[test]
fn with_nothing_against_it_the_collection_is_deleted_when_due_and_not_before() {
    assert_eq!(retirement().decide(DUE, &clear(), QUIET), Decision::Delete);
    assert_eq!(retirement().decide(Timestamp::from_millis(DUE.millis() - 1), &clear(), QUIET), Decision::Wait);
}

#[test]
fn every_single_thing_that_is_not_known_blocks() {
    let one = |requests| Ok(vec![InFlight { replica: "replica_2".to_owned(), requests }]);
    let unlisted = |upstream: &str| Referrers { upstream: upstream.to_owned(), aliases: lost() };
    let cases = [
        (Facts { exists: lost(), ..clear() }, "whether the collection exists"),
        (Facts { shadowed: lost(), ..clear() }, "whether its name is an alias"),
        (Facts { aliases: vec![unlisted("default")], ..clear() }, "aliases of upstream `default` are not known"),
        (Facts { aliases: vec![of("default", &[]), unlisted("eu")], ..clear() }, "aliases of upstream `eu` are not known"),
        (Facts { aliases: vec![of("eu", &[])], ..clear() }, "`default` is not configured"),
        (Facts { in_flight: lost(), ..clear() }, "which replicas serve"),
        (Facts { in_flight: one(lost()), ..clear() }, "at replica_2 are not known"),
        (Facts { in_flight: one(Ok(1)), ..clear() }, "1 requests are inside it at replica_2"),
        (Facts { idle_ms: lost(), ..clear() }, "last used is not known"),
        (Facts { idle_ms: Ok(599_999), ..clear() }, "out of use for 10m"),
        (Facts { aliases: vec![of("default", &[]), of("eu", &["docs"])], ..clear() }, "of upstream `eu`"),
    ];
    for (facts, part) in cases {
        says(&retirement().decide(DUE, &facts, QUIET), Decision::Block, part);
    }
}

#[test]
fn whatever_refers_to_the_collection_cancels_also_before_the_due_time_and_after_the_announcement() {
    let early = Timestamp::from_millis(0);
    for (state, now) in [(State::Scheduled, early), (State::Blocked, DUE), (State::Deleting, DUE)] {
        let retirement = Retirement { state, ..retirement() };
        let aliased = Facts { aliases: vec![of("default", &["docs"]), of("eu", &[])], ..clear() };
        says(&retirement.decide(now, &aliased, QUIET), Decision::Cancel, "alias `docs` points at it");
        let routed = Facts { references: vec!["the route of `docs`".to_owned()], exists: lost(), ..clear() };
        says(&retirement.decide(now, &routed, QUIET), Decision::Cancel, "the route of `docs`");
    }
}

#[test]
fn a_name_that_an_alias_has_is_never_deleted() {
    says(&retirement().decide(DUE, &Facts { shadowed: Ok(true), ..clear() }, QUIET), Decision::Refuse, "name of an alias");
}

#[test]
fn what_is_gone_is_gone_whatever_else_is_known() {
    assert_eq!(retirement().decide(DUE, &Facts { exists: Ok(false), idle_ms: lost(), ..clear() }, QUIET), Decision::Gone);
}

#[test]
fn a_wanted_snapshot_comes_first_and_once() {
    let wanted = Retirement { snapshot: true, ..retirement() };
    assert_eq!(wanted.decide(DUE, &clear(), QUIET), Decision::Snapshot);
    let taken = Retirement { snapshot_name: Some("one".to_owned()), ..wanted };
    assert_eq!(taken.decide(DUE, &clear(), QUIET), Decision::Delete);
}

#[test]
fn nothing_happens_after_the_end() {
    for state in [State::Done, State::Cancelled, State::Refused] {
        let ended = Retirement { state, ..retirement() };
        assert_eq!(ended.look_at(), None);
        assert_eq!(ended.decide(DUE, &clear(), QUIET), Decision::Wait);
    }
}

#[test]
fn a_blocked_one_is_looked_at_less_and_less_often() {
    let mut blocked = retirement();
    let mut now = DUE;
    let mut pauses = Vec::new();
    for _ in 0..80 {
        blocked.block(now, vec!["busy".to_owned()]);
        let next = blocked.look_at().expect("it goes on");
        assert_eq!(blocked.decide(now, &clear(), QUIET), Decision::Wait);
        assert_eq!(blocked.decide(next, &clear(), QUIET), Decision::Delete);
        pauses.push(next.since(now));
        now = next;
    }
    assert_eq!(pauses[..3], [5_000, 10_000, 20_000]);
    assert_eq!(pauses[79], 300_000);
    assert_eq!(blocked.since, Some(DUE), "it has been blocked since the first look");
}

#[test]
fn documents_of_other_writers_are_read() {
    let body = serde_json::json!({
        "id": "ret_canary_1_4", "upstream": "default", "collection": "docs_v1", "due_at": 5, "grace_ms": 5, "created": 0,
        "actor": "pointsman", "reason": "the canary was completed", "state": "scheduled", "snapshot": false,
    });
    let read: Retirement = serde_json::from_value(body).expect("the optional fields are optional");
    assert_eq!((read.state, read.look_at()), (State::Scheduled, Some(Timestamp::from_millis(5))));
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn too_many(family: &str, collections: &[&str], newest: usize, referred: &[&str]) -> Vec<String> {
    let references: BTreeMap<_, _> = referred.iter().map(|name| ((*name).to_owned(), vec!["alias `a`".to_owned()])).collect();
    let retention = retention(family, &names(collections), newest, &references).expect("the family has an order");
    retention.members.into_iter().filter(|member| member.kept.is_none()).map(|member| member.collection).collect()
}

#[test]
fn the_newest_stay_and_those_in_use_and_those_of_others() {
    let versions = ["docs", "docs_v1", "docs_v2", "docs_v9", "docs_v10"];
    assert_eq!(too_many("docs", &versions, 2, &[]), ["docs_v2", "docs_v1", "docs"]);
    assert_eq!(too_many("docs", &versions, 1, &["docs_v1", "docs"]), ["docs_v9", "docs_v2"]);
    assert_eq!(too_many("docs", &versions, 9, &[]), [""; 0]);
    let foreign = ["docs_v3", "docs_users_v1", "docs_old", "my_docs_v1", "docs2", "docs_v2_old", "docs_v", "DOCS_v1"];
    assert_eq!(too_many("docs", &foreign, 1, &[]), [""; 0]);
    let dated = ["docs_20240201", "docs_20240201_101112", "docs_20240201_101112_2", "docs_2023-12-31", "docs"];
    assert_eq!(too_many("docs", &dated, 1, &[]), ["docs_20240201_101112", "docs_20240201", "docs_2023-12-31", "docs"]);
}

#[test]
fn a_family_without_an_order_is_left_alone() {
    let mixed = names(&["docs_v3", "docs_20240201"]);
    let refused = retention("docs", &mixed, 1, &BTreeMap::new()).expect_err("nobody can say which is newer");
    assert_eq!((refused.numbered.as_str(), refused.dated.as_str()), ("docs_v3", "docs_20240201"));
}

#[test]
fn families_are_told_by_the_beginning_of_a_name() {
    for name in ["docs", "docs_v2", "docs-7", "docs_2024_02_01", "docs_20240201_101112_2", "docs.v1.2"] {
        assert_eq!(family_of(name), "docs", "{name}");
    }
    for name in ["gpt4", "2024", "_1", "docs_", "docs_v2_", "docs_99999999999999999999999", "日本_x"] {
        assert_eq!(family_of(name), name);
    }
}
