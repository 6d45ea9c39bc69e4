//! What a canary rests on: an alias that points where it pointed, and a collection that is there.

use super::bench::{Bench, OLD, paused, spec};
use crate::rollout::{BasisFault, Evidence, PauseReason, State};

fn moved() -> BasisFault {
    BasisFault::AliasMoved { alias: "docs".to_owned(), found: "docs_v3".to_owned(), wanted: OLD.to_owned() }
}

fn missing() -> BasisFault {
    BasisFault::AliasMissing("docs".to_owned())
}

fn unknown() -> BasisFault {
    BasisFault::Unknown("no listing".to_owned())
}

fn without(bench: &Bench, fault: BasisFault) -> Evidence {
    Evidence { basis: Err(fault), ..bench.good() }
}

#[test]
fn an_alias_that_others_moved_ends_the_canary_in_every_state_that_rests_on_it() {
    for state in [State::Stepping, State::Watching] {
        let mut bench = Bench::stepping(spec());
        bench.run_to(state);
        bench.next(&without(&bench, moved()));
        assert_eq!(bench.state(), State::Superseded, "from {state:?}");
        let history = bench.canary.status().history;
        assert!(history.iter().any(|step| step.reason.contains("`docs` was moved to `docs_v3`")), "{history:?}");
    }
}

#[test]
fn a_collection_that_is_gone_leads_back() {
    let mut bench = Bench::stepping(spec());
    bench.run_to(State::Stepping);
    bench.next(&without(&bench, BasisFault::CollectionMissing("docs_v2".to_owned())));
    assert_eq!((bench.state(), bench.share()), (State::RolledBack, 0.0));
}

#[test]
fn a_missing_alias_holds_until_it_is_back() {
    let mut bench = Bench::stepping(spec());
    bench.run_to(State::Stepping);
    let (stage, left) = (bench.canary.stage(), bench.time_left());
    for _ in 0..50 {
        bench.next(&without(&bench, missing()));
    }
    assert_eq!((bench.state(), bench.canary.stage(), bench.time_left()), (paused(PauseReason::Error), stage, left));
    assert_eq!(bench.last_reason(), missing().to_string());
    bench.run_to(State::Stepping);
}

#[test]
fn a_watch_without_its_alias_is_over() {
    let mut bench = Bench::stepping(spec());
    bench.run_to(State::Watching);
    bench.next(&without(&bench, missing()));
    assert_eq!(bench.state(), State::Superseded);
}

#[test]
fn a_listing_that_fails_ends_nothing_and_advances_nothing() {
    let mut bench = Bench::stepping(spec());
    bench.run_to(State::Stepping);
    let stage = bench.canary.stage();
    for _ in 0..200 {
        bench.next(&without(&bench, unknown()));
    }
    assert_eq!((bench.state(), bench.canary.stage()), (paused(PauseReason::Error), stage));
    bench.run_to(State::Completed);
}
