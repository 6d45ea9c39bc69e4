//! Each promise breaks by its own cause.

use std::time::{Duration, Instant};

use super::*;
use crate::canary::tests::canary;
use crate::counts::Counts;
use crate::counts::tests::{answer, error};

fn played() -> Played {
    let began = Instant::now();
    let mut counts = Counts::new(1);
    counts.begin_rollout(began);
    counts.record(&answer(0, began, Version::One, true));
    Played {
        counts,
        lasted: Duration::from_secs(60),
        first: canary(Version::Two, "rolled_back", 0.0, &[("rolling_back", 0.0, "`error_rate` fails: 25 of 25")]),
        went_back_after: Some(Duration::from_millis(1_900)),
        second: canary(Version::Three, "completed", 100.0, &[]),
        target: Some(Version::Three),
    }
}

fn broken(played: &Played) -> Vec<String> {
    promises(played).into_iter().filter(|promise| !promise.kept).map(|promise| promise.words).collect()
}

#[test]
fn a_good_run_keeps_every_promise_and_quotes_why_pointsman_went_back() {
    let played = played();
    assert_eq!(broken(&played), Vec::<String>::new());
    let lines = lines(&played, &promises(&played)).join("\n");
    for expected in [
        "kept    users saw 0 errors: 1 searches, 1 answered",
        "kept    0 of 1 users flipped",
        "kept    docs_v2 was rolled back 1.9 s after it began to fail; 1 of its searches fell back to docs_v1",
        "kept    docs_v3 completed all 3 stages: `docs` points to it",
        "  `error_rate` fails: 25 of 25",
    ] {
        assert!(lines.contains(expected), "`{expected}` is not in\n{lines}");
    }
}

#[test]
fn an_error_that_a_user_saw_breaks_a_promise_and_is_quoted() {
    let mut played = played();
    played.counts.record(&error(0, Instant::now()));
    assert_eq!(broken(&played), ["users saw 1 errors: 2 searches, 1 answered"]);
    assert!(lines(&played, &promises(&played)).contains(&"  a user saw: 500".to_owned()));
}

#[test]
fn a_flip_breaks_a_promise() {
    let mut played = played();
    let now = Instant::now();
    played.counts.record(&answer(0, now, Version::Three, false));
    played.counts.record(&answer(0, now, Version::One, false));
    played.counts.judge_flips(now + Duration::from_secs(1));
    assert_eq!(broken(&played), ["1 of 1 users flipped to the old version while a share grew"]);
}

#[test]
fn a_canary_that_ends_otherwise_breaks_a_promise_and_says_why() {
    let mut slow = played();
    slow.first = canary(Version::Two, "stepping", 30.0, &[("stepping", 30.0, "the pre-checks passed")]);
    slow.went_back_after = None;
    assert_eq!(broken(&slow), ["docs_v2 was not rolled back: its canary is stepping (the pre-checks passed)"]);
    let mut back = played();
    back.second = canary(Version::Three, "rolled_back", 0.0, &[("rolled_back", 0.0, "`latency_p95` fails")]);
    assert_eq!(broken(&back), ["docs_v3 did not take over `docs`: its canary is rolled_back (`latency_p95` fails)"]);
    let mut elsewhere = played();
    elsewhere.target = Some(Version::One);
    assert_eq!(broken(&elsewhere).len(), 1, "a canary that says it completed must have moved the alias");
}

#[test]
fn a_failing_version_that_no_user_met_proves_nothing() {
    let mut quiet = played();
    quiet.counts = Counts::new(1);
    assert_eq!(broken(&quiet).len(), 1);
}
