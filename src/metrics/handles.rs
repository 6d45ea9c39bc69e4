//! What a decided request needs to be counted, resolved when the table is built.

use std::sync::Arc;

use http::HeaderValue;

use super::{Apart, Cohort, Comparisons, Series, Usage};

#[derive(Clone, Debug)]
pub struct Handles {
    pub series: Arc<Series>,
    pub usage: Arc<Usage>,
    /// Where a rollout watches this target: one for each pair of thresholds. Empty where nobody watches.
    pub cohorts: Box<[Arc<Cohort>]>,
    /// Where requests are counted that both arms of an experiment were asked for. None where that does not happen.
    pub paired: Option<Arc<Cohort>>,
    /// Where requests are counted that the rollout serves and does not analyse.
    pub apart: Option<Arc<Apart>>,
    /// What an application sends back with its feedback: one for each statistics bucket of a unit. Empty where none is taken.
    pub tokens: Arc<[HeaderValue]>,
    /// Whether somebody asks what this target's answers have in them.
    pub looked_at: bool,
    /// Whether several collections serve the alias, so that a refusal by a variant is asked of stable too.
    pub asked_again: bool,
    /// Where a shadow's answers are compared; on a shadow's target only.
    pub comparisons: Option<Arc<Comparisons>>,
}

impl Handles {
    /// The token of a unit with this hash.
    #[must_use]
    pub fn token(&self, unit: u64) -> Option<&HeaderValue> {
        self.tokens.get(super::cohort::bucket(unit))
    }
}
