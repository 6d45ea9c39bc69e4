//! What counts as a flip, an error and a fair share.

use super::super::traffic::Reply;
use super::*;

fn reply(user: usize, started: Instant, variant: Variant) -> Sample {
    let seen = Ok(Reply { variant, rescued: false, found: true, first: None });
    Sample { user, started, took: Duration::from_millis(2), question: 0, seen }
}

#[test]
fn a_user_who_returns_to_stable_has_flipped_back_and_one_who_leaves_it_has_not() {
    let began = Instant::now();
    let mut watch = Watch::new(3);
    watch.begin("ramp", 50, began);
    for (user, variant) in [(0, Variant::Stable), (0, Variant::Candidate), (1, Variant::Candidate), (1, Variant::Stable)] {
        watch.record(&reply(user, began, variant));
    }
    assert_eq!(watch.flipped_back(), 1);
    watch.record(&reply(1, began, Variant::Candidate));
    assert_eq!(watch.flipped_back(), 1, "a user who comes back again is still one user who flipped");
    assert_eq!(watch.silent(), 1);
}

#[test]
fn what_was_under_way_before_the_change_says_nothing_about_the_share_after_it() {
    let before = Instant::now();
    let began = before + Duration::from_millis(5);
    let mut watch = Watch::new(1);
    watch.begin("everyone", 100, began);
    watch.record(&reply(0, before, Variant::Stable));
    assert_eq!((watch.silent(), watch.acts[0].users), (1, [0, 0]));
    watch.record(&reply(0, began, Variant::Candidate));
    assert_eq!((watch.silent(), watch.acts[0].users), (0, [0, 1]));
    assert!(watch.acts[0].share_is_fair());
}

#[test]
fn a_share_that_chance_cannot_explain_is_unfair() {
    let began = Instant::now();
    let mut watch = Watch::new(200);
    watch.begin("half", 50, began);
    for user in 0..200 {
        watch.record(&reply(user, began, if user < 30 { Variant::Candidate } else { Variant::Stable }));
    }
    assert!(!watch.acts[0].share_is_fair());
}

#[test]
fn an_error_the_user_saw_is_counted_apart_from_one_that_stable_answered_for() {
    let began = Instant::now();
    let mut watch = Watch::new(2);
    watch.begin("ill", 50, began);
    let mut rescued = reply(0, began, Variant::Candidate);
    rescued.seen = Ok(Reply { variant: Variant::Candidate, rescued: true, found: false, first: None });
    watch.record(&rescued);
    assert_eq!((watch.rescued(), watch.saw_error(), watch.acts[0].seen_errors), (1, 0, 0));
    let mut failed = reply(1, began, Variant::Candidate);
    failed.seen = Err("500".to_owned());
    watch.record(&failed);
    assert_eq!((watch.rescued(), watch.saw_error(), watch.acts[0].seen_errors), (1, 1, 1));
    assert_eq!(watch.errors, ["500"]);
}

#[test]
fn quantiles_are_of_the_nearest_rank_and_old_samples_leave_the_screen() {
    let began = Instant::now();
    let mut watch = Watch::new(1);
    watch.begin("all", 0, began);
    for millis in 1..=100 {
        let mut sample = reply(0, began, Variant::Stable);
        sample.took = Duration::from_millis(millis);
        watch.record(&sample);
    }
    let [stable, candidate] = watch.now(began + Duration::from_millis(100));
    assert_eq!((stable.p50_ms, stable.p95_ms), (50.0, 95.0));
    assert_eq!(candidate, Now::default());
    assert_eq!(watch.total(Variant::Stable).latency_ms(0.99), Some(99.0));
    assert_eq!(watch.now(began + WINDOW * 2)[0], Now::default());
    assert_eq!(watch.total(Variant::Candidate).latency_ms(0.5), None);
}
