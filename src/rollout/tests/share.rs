//! Shares and cohorts.

use proptest::prelude::*;

use crate::rollout::{Share, cohorts, salt};
use crate::routing::SLOTS;

/// Features 2C-3: no share is rounded to whole percents.
#[test]
fn a_hundredth_of_a_percent_is_a_hundred_slots() {
    assert_eq!(Share::from_percentage(0.01).slots(), 100);
    assert_eq!(Share::from_percentage(0.0001).slots(), 1);
    assert_eq!(Share::from_percentage(2.5).slots(), 25_000);
    assert_eq!(Share::from_percentage(100.0), Share::FULL);
    assert_eq!(Share::from_percentage(f64::NAN), Share::ZERO);
}

#[test]
fn the_control_is_as_large_as_the_canary_up_to_one_half_and_the_rest_above() {
    assert_eq!((cohorts(5.0).canary, cohorts(5.0).control), (0..50_000, 950_000..SLOTS));
    assert_eq!((cohorts(50.0).canary, cohorts(50.0).control), (0..500_000, 500_000..SLOTS));
    assert_eq!((cohorts(80.0).canary, cohorts(80.0).control), (0..800_000, 800_000..SLOTS));
    assert!(cohorts(100.0).control.is_empty());
    assert!(cohorts(0.0).canary.is_empty() && cohorts(0.0).control.is_empty());
}

/// Features 2C-2: two canaries must not burden the same users.
#[test]
fn every_canary_has_a_salt_of_its_own() {
    assert_eq!(salt("canary_1").as_str(), "canary:canary_1");
}

proptest! {
    #[test]
    fn cohorts_never_overlap_and_stay_inside(percentage in 0.0..=100.0_f64) {
        let cohorts = cohorts(percentage);
        prop_assert!(cohorts.canary.end <= cohorts.control.start);
        prop_assert_eq!((cohorts.canary.start, cohorts.control.end), (0, SLOTS));
        prop_assert!(percentage > 50.0 || cohorts.canary.len() == cohorts.control.len());
    }

    /// I2: a user on the canary stays there while it grows, and up to one half so does the control.
    #[test]
    fn a_growing_share_moves_nobody_back(one in 0.0..=100.0_f64, other in 0.0..=100.0_f64) {
        let (smaller, larger) = (cohorts(one.min(other)), cohorts(one.max(other)));
        prop_assert!(smaller.canary.end <= larger.canary.end);
        prop_assert!(one.max(other) > 50.0 || larger.control.start <= smaller.control.start);
    }

    #[test]
    fn percentages_survive_the_way_through_slots(slots in 0..=SLOTS) {
        let percentage = f64::from(slots) / 10_000.0;
        prop_assert_eq!(Share::from_percentage(percentage).slots(), slots);
        prop_assert_eq!(Share::from_percentage(Share::from_percentage(percentage).percentage()).slots(), slots);
    }
}
