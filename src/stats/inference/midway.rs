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
        self.power_by(look.edge(), times)
    }

    fn power_by(&self, edge: Edge, times: f64) -> f64 {
        let error = self.standard_error / times.sqrt();
        let (away, (above, below)) = (self.difference / error, edge.at(error, self.seen * times));
        normal_upper(above - away) + normal_upper(below + away)
    }

    /// How many times the present units it takes to see the difference with this chance: 1 where there are enough. None where no
    /// number is enough.
    #[must_use]
    pub fn times_needed(&self, look: &Look, power: f64) -> Option<f64> {
        let edge = look.edge();
        let missing = |times: f64| self.power_by(edge, times) - power;
        if missing(1.0) >= 0.0 {
            return Some(1.0);
        }
        // By doubling first, for power may fall again where a boundary widens.
        let enough = std::iter::successors(Some(2.0), |times| Some(times * 2.0)).take_while(|times| *times < HOPELESS);
        let enough = enough.into_iter().find(|times| missing(*times) >= 0.0)?;
        Some(crossing(enough / 2.0, enough, missing))
    }
}

/// A look with all in it that no number of units changes: a search asks for it a hundred times.
#[derive(Clone, Copy)]
enum Edge {
    Once { quantile: f64 },
    Always(Sequence),
    Posterior { quantile: f64, prior: Prior },
}

impl Look {
    fn edge(&self) -> Edge {
        match *self {
            Self::Once { alpha } => Edge::Once { quantile: normal_quantile(alpha / 2.0) },
            Self::Always(sequence) => Edge::Always(sequence),
            Self::Posterior { alpha, prior } => Edge::Posterior { quantile: normal_quantile(alpha / 2.0), prior },
        }
    }
}

impl Edge {
    /// How many standard errors above and below zero an estimate must be.
    fn at(self, error: f64, units: f64) -> (f64, f64) {
        match self {
            Self::Once { quantile } => (quantile, quantile),
            Self::Always(sequence) => {
                let edge = sequence.boundary(units);
                (edge, edge)
            }
            Self::Posterior { quantile, prior } => {
                let weight = error * error / prior.variance;
                let (edge, known) = (quantile * (1.0 + weight).sqrt(), error * prior.mean / prior.variance);
                (edge - known, edge + known)
            }
        }
    }
}
