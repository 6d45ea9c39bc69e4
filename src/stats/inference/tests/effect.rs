//! Effect sizes, as Kayenta has them and as tables give them.

use super::close;
use crate::stats::inference::effect::{cohens_d, hedges_g};
use crate::stats::inference::fixed::Sample;

/// Kayenta's `StatisticSuite`: three of 5 and three of 10, against three of 1 and three of 2.
#[test]
fn kayentas_cohens_d_and_its_hedges_g() {
    let (b, a) = (Sample { count: 6.0, mean: 7.5, variance: 7.5 }, Sample { count: 6.0, mean: 1.5, variance: 0.3 });
    close(cohens_d(&b, &a).expect("a spread"), 3.038_218_101_3, 1e-10);
    close(hedges_g(&b, &a).expect("a spread"), 2.803_502_409_2, 1e-9);
}

#[test]
fn effect_sizes_of_known_samples() {
    // Two samples of the same spread, one standard deviation apart.
    let at = |mean| Sample { count: 5.0, mean, variance: 2.5 };
    let d = cohens_d(&at(4.0), &at(3.0)).expect("a spread");
    close(d, 1.0 / 2.5_f64.sqrt(), 1e-12);
    // The factor for 8 degrees of freedom, from tables of the gamma function.
    close(hedges_g(&at(4.0), &at(3.0)).expect("a spread") / d, 6.0 / (4.0_f64.sqrt() * 3.323_350_970_447_843), 1e-12);
}
