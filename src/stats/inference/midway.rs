//! During an experiment: what will it see, with what there is and with more?

use super::bayes::Prior;
use super::power::crossing;
use super::{normal_quantile, normal_upper};
use crate::stats::sequence::Sequence;

/// Above so many times the present units it is said that no number is enough.
const HOPELESS: f64 = 1e8;

/// How a difference is looked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Look {
    /// Once, at a time that was chosen beforehand.
    Once { alpha: f64 },
    /// At any time.
    Always(Sequence),
    /// By a posterior interval that leaves out zero.
    Posterior { alpha: f64, prior: Prior },
}

/// Where an experiment stands, and the true difference that is asked about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Midway {
    pub difference: f64,
    /// Of the estimate, now.
    pub standard_error: f64,
    /// Units of both arms, now.
    pub seen: f64,
}

impl Midway {
    /// The chance to see the difference with `times` the present units.
    #[must_use]
    pub fn power(&self, look: &Look, times: f64) -> f64 {
        let error = self.standard_error / times.sqrt();
        let (away, (above, below)) = (self.difference / error, look.edges(error, self.seen * times));
        normal_upper(above - away) + normal_upper(below + away)
    }

    /// How many times the present units it takes to see the difference with this chance: 1 where there are enough. None where no
    /// number is enough.
    #[must_use]
    pub fn times_needed(&self, look: &Look, power: f64) -> Option<f64> {
        let missing = |times: f64| self.power(look, times) - power;
        if missing(1.0) >= 0.0 {
            return Some(1.0);
        }
        // By doubling first, for power may fall again where a boundary widens.
        let enough = std::iter::successors(Some(2.0), |times| Some(times * 2.0)).take_while(|times| *times < HOPELESS);
        let enough = enough.into_iter().find(|times| missing(*times) >= 0.0)?;
        Some(crossing(enough / 2.0, enough, missing))
    }
}

impl Look {
    /// How many standard errors above and below zero an estimate must be.
    fn edges(&self, error: f64, units: f64) -> (f64, f64) {
        match self {
            Self::Once { alpha } => {
                let edge = normal_quantile(alpha / 2.0);
                (edge, edge)
            }
            Self::Always(sequence) => {
                let edge = sequence.boundary(units);
                (edge, edge)
            }
            Self::Posterior { alpha, prior } => {
                let weight = error * error / prior.variance;
                let (edge, known) = (normal_quantile(alpha / 2.0) * (1.0 + weight).sqrt(), error * prior.mean / prior.variance);
                (edge - known, edge + known)
            }
        }
    }
}
