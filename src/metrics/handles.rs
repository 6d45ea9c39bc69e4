//! What a decided request needs to be counted, resolved when the table is built.

use std::sync::Arc;

use super::{Cohort, Series, Usage};

#[derive(Clone, Debug)]
pub struct Handles {
    pub series: Arc<Series>,
    pub usage: Arc<Usage>,
    /// Where a rollout watches this target: one for each pair of thresholds. Empty where nobody watches.
    pub cohorts: Box<[Arc<Cohort>]>,
    /// Whether a guard asks what this target's answers have in them.
    pub looked_at: bool,
}
