//! Time in slices: when one begins, when one is closed, and which ones serve a range.

use proptest::prelude::*;
use serde_json::json;

use super::bench::{NOW, Trial, USUAL, running, spec};
use crate::config::{Period, Timestamp};
use crate::experiment::analysis::Verdict;
use crate::experiment::{Experiment, Feedback, Part, Place, Placed, Range, Token, TokenKey};

fn after(seconds: u64) -> Timestamp {
    NOW.plus(Period::from_secs(seconds))
}

/// Number, phase and beginning of each, in seconds.
fn slices(experiment: &Experiment) -> Vec<(u32, u32, u64)> {
    experiment.slices().all().iter().map(|slice| (slice.number, slice.phase, slice.since.since(NOW) / 1_000)).collect()
}

fn range(from: u64, to: u64) -> Part {
    Part { phase: None, from: Some(after(from)), to: Some(after(to)) }
}

/// Ten minutes in slices of one, of which five are over.
fn five_minutes() -> Experiment {
    let mut experiment = running("exp_s_1", &json!({"max_duration": "10m", "time_resolution": "1m"}));
    for minute in 1..=5 {
        assert!(!experiment.tick(after(minute * 60 - 1)), "not before its time");
        assert!(experiment.tick(after(minute * 60)));
    }
    experiment
}

#[test]
fn a_slice_begins_with_the_split_with_each_phase_at_the_stop_and_when_the_last_is_long_enough() {
    let pre = json!({"pre_period": "10m", "max_duration": "10m", "time_resolution": "1m"});
    let mut experiment = running("exp_s_2", &pre);
    assert!(!experiment.tick(after(599)), "the time before the split is used as a whole");
    experiment.tick(after(600));
    experiment.tick(after(665));
    experiment.reweigh(after(670), (Some(vec![0.2, 0.8]), None), "a", "other weights").expect("it runs");
    assert_eq!(experiment.due_at(), Some(after(730)));
    experiment.reweigh(after(671), (None, Some(100.0)), "a", "nothing that moves a unit").expect("it runs");
    experiment.tick(after(730));
    assert_eq!(slices(&experiment), [(1, 0, 0), (2, 1, 600), (3, 1, 665), (4, 2, 670), (5, 2, 730)]);
    experiment.stop(after(740), None, "a", "enough").expect("it runs");
    assert_eq!(slices(&experiment).last(), Some(&(6, 2, 740)));
    assert!(!experiment.tick(after(100_000)), "late feedback is one slice");
}

#[test]
fn there_is_no_more_to_keep_than_can_be_said_beforehand() {
    let mut experiment = running("exp_s_3", &json!({"max_duration": "2000s", "time_resolution": "10s"}));
    while experiment.holds_alias() {
        let due = experiment.due_at().expect("it runs");
        experiment.tick(due);
    }
    assert_eq!((experiment.slices().all().len(), experiment.history().len()), (201, 3), "slices are no steps");
    let faults = |resolution: &str| {
        let whole = json!({"name": "a", "alias": "docs", "treatment": "b", "max_duration": "2000s", "time_resolution": resolution});
        let whole: crate::experiment::ExperimentSpec = serde_json::from_value(whole).expect("the form of a spec");
        whole.normalized(&std::collections::HashSet::new()).map_err(|faults| faults[0].field.clone())
    };
    assert_eq!(faults("9s").expect_err("more than two hundred"), "time_resolution");
    assert!(faults("10s").is_ok());
    assert_eq!(spec(&json!({})).time_resolution, Some(Period::from_secs(7 * 3_600)), "two weeks in 48 parts");
    assert_eq!(spec(&json!({"max_duration": "10m"})).time_resolution, Some(Period::from_secs(60)));
}

#[test]
fn a_document_of_before_slices_gets_its_first_at_the_next_tick() {
    let mut document = serde_json::to_value(running("exp_s_4", &json!({}))).expect("it is JSON");
    document.as_object_mut().expect("an object").remove("slices");
    let mut experiment: Experiment = serde_json::from_value(document).expect("what an earlier version wrote");
    assert!(experiment.slices().present().is_none());
    assert!(experiment.tick(after(7 * 3_600)));
    assert_eq!(experiment.slices().present().map(|slice| (slice.number, slice.phase)), Some((1, 1)));
}

#[test]
fn a_slice_is_closed_when_requests_that_began_in_it_had_time_to_end() {
    let experiment = five_minutes();
    let closed = |number, seconds| experiment.has_closed(number, after(seconds));
    assert!(!closed(5, 419) && closed(5, 420), "it ended at 300");
    assert!(closed(4, 360) && !closed(4, 359));
    assert!(!closed(6, 1_000_000), "the present one never is");
    let mut short = running("exp_s_6", &json!({"max_duration": "10m", "time_resolution": "3s"}));
    assert!(short.tick(after(3)) && !short.has_closed(1, after(26)) && short.has_closed(1, after(27)), "eight of them are held");
}

#[test]
fn a_range_is_served_by_the_slices_it_reaches_into() {
    let experiment = five_minutes();
    let covered = |part: &Part| {
        let covered = experiment.slices().covering(part, after(330))?;
        let seconds = |at: Timestamp| at.since(NOW) / 1_000;
        Some((covered.slices.clone(), seconds(covered.from), seconds(covered.to), covered.range(part).map(|range| range.widened)))
    };
    assert_eq!(covered(&range(60, 120)), Some((2..=2, 60, 120, Some(false))));
    assert_eq!(covered(&range(61, 121)), Some((2..=3, 60, 180, Some(true))));
    assert_eq!(covered(&range(200, 10_000)), Some((4..=6, 180, 330, Some(true))), "up to now");
    assert_eq!(covered(&Part::default()), Some((1..=6, 0, 330, None)), "a whole phase is no range");
    assert_eq!(covered(&range(330, 400)), None, "nothing is known of what is to come");
    let before = Part { to: Some(NOW), ..Part::default() };
    assert_eq!(covered(&before), None);
}

#[test]
fn of_an_earlier_phase_there_is_what_was_reported_later() {
    let mut experiment = five_minutes();
    experiment.reweigh(after(310), (Some(vec![0.2, 0.8]), None), "a", "other weights").expect("it runs");
    let of = |phase, from, to| experiment.slices().covering(&Part { phase, ..range(from, to) }, after(330)).map(|it| (it.phase, it.slices));
    assert_eq!(of(None, 0, 310), Some((1, 1..=6)), "the last that counted in it");
    assert_eq!(of(None, 0, 311), Some((2, 7..=7)), "phases are not added up");
    assert_eq!(of(Some(1), 300, 330), Some((1, 6..=7)));
    assert_eq!(of(Some(2), 0, 310), None, "it had not begun");
    assert_eq!(of(Some(9), 0, 330), None);
}

#[test]
fn late_feedback_belongs_to_its_phase_and_to_the_present_slice() {
    let ulid = ulid::Ulid::from_parts(1, 2);
    let key = TokenKey::new([7; 32]);
    let mut experiment = running(&format!("exp_s_{ulid}"), &json!({}));
    experiment.reweigh(after(10), (Some(vec![0.2, 0.8]), None), "a", "other weights").expect("it runs");
    experiment.stop(after(20), None, "a", "enough").expect("it runs");
    let token = key.seal(Token { experiment: ulid, phase: 1, arm: 1, bucket: 9 });
    let feedback: Feedback = serde_json::from_value(json!({"token": token, "metric": "click", "value": 1})).expect("the form of feedback");
    let place = feedback.place(&experiment, &key, after(30)).expect("it is late, and not too late");
    assert_eq!(place, Place::Value(Placed { phase: 1, slice: 3, arm: 1, bucket: Some(9), value: 1.0, below: 1.0 }));
}

#[test]
fn of_a_range_nothing_is_concluded() {
    let mut trial = Trial::new(11, &json!({}));
    trial.users(4_000, |arm| if arm == 1 { super::bench::Habits { clicks: 0.5, ..USUAL } } else { USUAL }, |_| 0.0);
    assert_eq!(trial.report(false).decision.verdict, Verdict::Ship);
    let range = Range { from: NOW, to: after(60), slices: 1, widened: true };
    let report = trial.report_of(Some(range), false);
    assert_eq!((report.decision.verdict, report.decision.reason), (Verdict::KeepRunning, Some("range")));
    assert!(report.comparisons.iter().any(|one| one.metric == "click" && one.significant), "the numbers are there");
    assert!(report.notes.iter().any(|note| note.contains("slices")), "{:?}", report.notes);
}

proptest! {
    /// Whatever the clock does, ranges that meet at any moments share no slice that lies within one of them, and at edges
    /// they share none at all and leave none out.
    #[test]
    fn ranges_that_meet_at_an_edge_are_the_whole(steps in prop::collection::vec(0..3_000_i64, 1..30), cut in any::<prop::sample::Index>()) {
        let mut experiment = running("exp_s_5", &json!({}));
        let mut now = NOW;
        for step in steps {
            // Back a little at times, as clocks of two controllers differ.
            now = Timestamp::from_millis(now.millis().saturating_add_signed(step - 200));
            let weights = if step % 2 == 0 { vec![0.4, 0.6] } else { vec![0.6, 0.4] };
            experiment.reweigh(now, (Some(weights), Some(50.0)), "a", "b").expect("it runs");
        }
        let all = experiment.slices().all();
        prop_assert!(all.windows(2).all(|pair| pair[1].number == pair[0].number + 1 && pair[1].since >= pair[0].since));
        let edge = all[cut.index(all.len())].since;
        let asked = |from, to| experiment.slices().covering(&Part { phase: Some(1), from, to }, now.max(edge));
        let numbers = |covered: Option<crate::experiment::Covered>| covered.map_or_else(Vec::new, |covered| covered.slices.collect());
        let mut halves = numbers(asked(None, Some(edge)));
        halves.extend(numbers(asked(Some(edge), None)));
        prop_assert_eq!(halves, all.iter().map(|slice| slice.number).collect::<Vec<_>>());
    }
}
