//! What would be lost, from what was counted.

use super::{Bound, Counted, Gap, Mark, Stake, Tally};
use crate::rollout::Timestamp;

const BEGUN: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn tally(acknowledged: u64, unknown: u64) -> Tally {
    Tally { acknowledged, unknown }
}

fn counted(old: Tally, new: Tally) -> Counted {
    let mut counted = Counted::default();
    counted.add("default", "docs_v1", old);
    counted.add("default", "docs_v2", new);
    counted
}

fn mark(collection: &str, acknowledged: u64) -> Mark {
    Mark { upstream: "default".to_owned(), collection: collection.to_owned(), at: BEGUN, tally: tally(acknowledged, 0) }
}

fn stake() -> Stake {
    Stake::new(vec![mark("docs_v1", 100)], mark("docs_v2", 7))
}

#[test]
fn only_what_came_after_the_mark_is_lost() {
    let none = stake().loss(&counted(tally(100, 0), tally(7, 0))).expect("it is counted");
    assert!(!none.is_real() && !none.is_worth_telling());
    let some = stake().loss(&counted(tally(112, 3), tally(7, 0))).expect("it is counted");
    assert_eq!((some.acknowledged, some.unknown, some.bound), (12, 3, Bound::Exact));
    let said = some.to_string();
    assert!(said.starts_with("12 acknowledged writes since ") && said.contains("`docs_v1` and not in `docs_v2`"), "{said}");
    assert!(said.contains("3 more whose outcome is unknown"), "{said}");
}

#[test]
fn what_no_answer_promised_holds_nothing_up_and_is_told() {
    let unknown = stake().loss(&counted(tally(100, 2), tally(7, 0))).expect("it is counted");
    assert!(!unknown.is_real() && unknown.is_worth_telling());
}

#[test]
fn writes_to_both_are_an_upper_bound() {
    let both = stake().loss(&counted(tally(112, 0), tally(19, 0))).expect("it is counted");
    assert_eq!((both.acknowledged, both.bound), (12, Bound::AtMost));
    assert!(both.to_string().starts_with("up to 12 "), "{both}");
}

#[test]
fn a_replica_that_fell_silent_after_the_mark_makes_it_a_lower_bound() {
    for (seconds, bound) in [(-61, Bound::Exact), (-59, Bound::AtLeast), (5, Bound::AtLeast)] {
        let mut counted = counted(tally(101, 0), tally(7, 0));
        let at = BEGUN.millis().checked_add_signed(seconds * 1_000).expect("a time");
        counted.gap(Gap { at: Timestamp::from_millis(at) });
        assert_eq!(stake().loss(&counted).expect("it is counted").bound, bound, "{seconds} s");
    }
    let mut both = counted(tally(101, 0), tally(8, 0));
    both.gap(Gap { at: BEGUN });
    assert_eq!(stake().loss(&both).expect("it is counted").bound, Bound::Approximate);
}

/// After an import the counts begin at zero, and the marks do not.
#[test]
fn counts_that_shrank_are_all_lost_and_not_all_there() {
    let shrunk = stake().loss(&counted(tally(4, 0), tally(7, 0))).expect("it is counted");
    assert_eq!((shrunk.acknowledged, shrunk.bound), (4, Bound::AtLeast));
}

#[test]
fn several_sources_add_up() {
    let stake = Stake::new(vec![mark("docs_v1", 100), mark("seed", 0)], mark("docs_v2", 0));
    let mut counted = counted(tally(101, 0), Tally::default());
    counted.add("default", "seed", tally(2, 0));
    let loss = stake.loss(&counted).expect("it is counted");
    assert_eq!(loss.acknowledged, 3);
    assert!(loss.to_string().contains("`docs_v1` and `seed`"), "{loss}");
}

#[test]
fn tallies_of_replicas_add_up_in_any_order() {
    let (mut one, mut other) = (Counted::default(), Counted::default());
    let parts = [tally(1, 2), tally(30, 0), tally(500, 1)];
    parts.iter().for_each(|part| one.add("default", "docs_v1", *part));
    parts.iter().rev().for_each(|part| other.add("default", "docs_v1", *part));
    assert_eq!(one, other);
    assert_eq!(one.tally("default", "docs_v1"), tally(531, 3));
    assert_eq!(one.tally("second", "docs_v1"), Tally::default());
}
