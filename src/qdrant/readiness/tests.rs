//! The rule, on samples made up.

use super::ReadyWhen;
use crate::qdrant::{CollectionState, ReplicaState};

fn good() -> CollectionState {
    CollectionState {
        status: "green".to_owned(),
        points_count: 1000,
        indexed_vectors_count: 900,
        segments_count: 2,
        replicas: vec![ReplicaState { shard_id: 0, shard_key: None, peer_id: None, state: "Active".to_owned() }],
        ..CollectionState::default()
    }
}

fn rule() -> ReadyWhen {
    ReadyWhen { min_points: 1, min_indexed_share: Some(0.8), stable_samples: 3 }
}

#[test]
fn three_good_samples_that_agree_are_ready() {
    assert!(rule().judge(&[good(), good(), good()]).ready);
    assert!(!rule().judge(&[good(), good()]).ready);
    assert!(!rule().judge(&[]).ready);
}

#[test]
fn each_objection_is_told() {
    type Spoil = fn(&mut CollectionState);
    let cases: [(Spoil, &str); 12] = [
        (|state| state.status = "yellow".into(), "yellow"),
        (|state| state.status = "grey".into(), "not begun"),
        (|state| state.status = "red".into(), "red"),
        (|state| state.status = String::new(), "status is"),
        (|state| state.optimizer_error = Some("disk full".into()), "disk full"),
        (|state| state.points_count = 0, "0 points of at least 1"),
        (|state| state.indexed_vectors_count = 799, "799 vectors"),
        (|state| state.queued_updates = 3, "3 accepted updates"),
        (|state| state.deferred_points = 4, "4 points are hidden"),
        (|state| state.replicas.clear(), "no replica"),
        (|state| state.replicas[0].state = "Dead".into(), "shard 0 on the node that answered is Dead"),
        (|state| state.shard_transfers = 1, "1 shard transfers"),
    ];
    for (spoil, told) in cases {
        let mut bad = good();
        spoil(&mut bad);
        let judged = rule().judge(&[bad.clone(), bad.clone(), bad]);
        assert!(!judged.ready && judged.reasons.iter().any(|reason| reason.contains(told)), "{told}: {:?}", judged.reasons);
    }
}

#[test]
fn counts_that_move_and_bad_samples_in_between_begin_the_row_anew() {
    let moved = CollectionState { points_count: 999, ..good() };
    let judged = rule().judge(&[good(), moved, good(), good()]);
    assert_eq!(judged.reasons, ["it has been like this for 2 of 3 samples"]);
    let yellow = CollectionState { status: "yellow".to_owned(), ..good() };
    assert!(!rule().judge(&[good(), yellow, good(), good()]).ready);
}

#[test]
fn small_collections_need_no_index_unless_asked() {
    let small = CollectionState { indexed_vectors_count: 0, ..good() };
    assert!(ReadyWhen::default().judge(&[small.clone(), small.clone(), small.clone()]).ready);
    assert!(!rule().judge(&[small.clone(), small.clone(), small]).ready);
}
