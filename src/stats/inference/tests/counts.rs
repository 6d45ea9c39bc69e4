//! Exact tests of whole numbers, as scipy has them.

use super::close;
use crate::stats::inference::binomial::{rates, two_sided};
use crate::stats::inference::proportion::wilson;

#[test]
fn sixty_of_a_hundred_interleave_wins() {
    close(two_sided(60, 100, 0.5).expect("a share"), 0.056_887_933_6, 1e-10);
    let share = wilson(60.0, 100.0, 0.05).expect("of something");
    close(share.low, 0.502_00, 5e-6);
    close(share.high, 0.690_60, 5e-6);
}

#[test]
fn five_events_against_fifteen_at_equal_exposure() {
    close(rates((5, 1.0), (15, 1.0)).expect("some events"), 0.041_389_465_3, 1e-10);
    assert_eq!(rates((0, 1.0), (0, 1.0)), None, "nothing happened");
    assert_eq!(rates((3, 1.0), (2, 0.0)), None, "without exposure nothing can happen");
}

/// `scipy.stats.binomtest`.
#[test]
fn binomial_tests_are_scipys() {
    for (successes, trials, p, expected) in [
        (0, 1, 0.5, 1.0),
        (50, 100, 0.5, 1.0),
        (0, 10, 0.5, 0.001_953_125),
        (10, 10, 0.5, 0.001_953_125),
        (7, 20, 0.1, 0.002_386_089_408_966_118),
        (1, 20, 0.3, 0.012_775_421_309_321_397),
        (520_000, 1_000_000, 0.519, 0.045_344_445_417_190_515),
    ] {
        let found = two_sided(successes, trials, p).expect("a share");
        close(found, expected, 1e-9 * expected);
    }
    assert_eq!(two_sided(0, 0, 0.5), None);
    assert_eq!(two_sided(3, 2, 0.5), None);
    assert_eq!(two_sided(1, 2, 1.0), None);
    assert_eq!(two_sided(1, 2, f64::NAN), None);
    assert_eq!(two_sided(1_000_000, 1_000_000, 0.5), Some(0.0), "rarer than a number can say");
}
